package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"yagura/kernel/store"
)

// Stream takes the log of authentication in as telemetry, where detection looks
// at it.
type Stream interface {
	// Take makes events durable; done runs in the same transaction, so that an
	// event is taken once whatever ends the program. Where it returns an error
	// nothing was taken.
	Take(ctx context.Context, events []Told, done func(tx *store.Tx) error) error
}

// Told is an event of the log in the shape that docs/identity.md promises.
type Told struct {
	Unit string // of the person; of the whole group where nobody is known
	At   time.Time
	Doc  []byte // one JSON object
}

const (
	tellEvery = time.Second
	tellMost  = 2000 // events in one transaction
)

// Tell gives to telemetry what is new in the log, until the context ends. No
// sign-in waits for it: the row that is written anyway is the message.
func (s *Service) Tell(ctx context.Context, to Stream, log *slog.Logger) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	said := ""
	for {
		n, err := s.TellSome(ctx, to)
		if err == nil {
			said = ""
		} else if why := err.Error(); ctx.Err() == nil && why != said && !errors.Is(err, errTold) {
			log.Warn("identity: the log of authentication waits for telemetry", "error", err)
			said = why
		}
		if n == tellMost && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// TellSome gives the oldest of what is new, and returns how many they were.
func (s *Service) TellSome(ctx context.Context, to Stream) (int, error) {
	var events []Told
	var ids []string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		units, err := s.dir.Units(tx)
		if err != nil || units.Root() == "" { // before there is a group
			return err
		}
		events, ids = nil, nil
		_, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
			id, e, err := readTold(r)
			if e.Unit == "" {
				e.Unit = units.Root()
			}
			events, ids = append(events, e), append(ids, id)
			return none, err
		}, `SELECT e.id, e.at, e.kind, e.outcome, e.reason, e.person, CASE WHEN e.unit <> '' THEN e.unit ELSE COALESCE(p.unit, '') END, e.session, e.client,
			e.method, e.level, e.agent, e.network, e.place, e.country, e.device, e.managed, e.account, e.inside
			FROM identity_event e LEFT JOIN authz_person p ON p.id = e.person WHERE e.told = 0 ORDER BY e.id LIMIT $1`, tellMost)
		return err
	})
	if err != nil || len(events) == 0 {
		return 0, err
	}
	return len(events), to.Take(ctx, events, func(tx *store.Tx) error { return told(tx, ids) })
}

// errTold says that another process gave some of the same.
var errTold = errors.New("identity: another process gave the same events to telemetry")

func told(tx *store.Tx, ids []string) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), 500)]
		ids = ids[len(some):]
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, id := range some {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
		}
		n, err := tx.Exec("UPDATE identity_event SET told = 1 WHERE told = 0 AND id IN ("+strings.Join(marks, ",")+")", args...)
		if err != nil {
			return err
		}
		if n != int64(len(some)) {
			return errTold
		}
	}
	return nil
}

// sign is the shape of an event as rules see it. Names do not change; one that
// says nothing is left out.
type sign struct {
	Time    string `json:"@timestamp"`
	Product string `json:"product"`
	Service string `json:"service"`
	ID      string `json:"event_id"`
	Event   string `json:"event"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	User    string `json:"user,omitempty"`
	Unit    string `json:"user_unit,omitempty"`
	Account string `json:"account,omitempty"`
	Source  string `json:"src_ip,omitempty"`
	Network string `json:"src_network,omitempty"`
	Inside  string `json:"session_ip,omitempty"`
	Country string `json:"country,omitempty"`
	Place   string `json:"place,omitempty"`
	Device  string `json:"device,omitempty"`
	Managed bool   `json:"managed"`
	Agent   string `json:"agent,omitempty"`
	App     string `json:"app,omitempty"`
	Method  string `json:"method,omitempty"`
	Level   string `json:"level,omitempty"`
	Session string `json:"session,omitempty"`
}

func readTold(r store.Scanner) (id string, t Told, err error) {
	e := sign{Product: "yagura", Service: "identity"}
	var at int64
	var managed int
	if err := r.Scan(&e.ID, &at, &e.Event, &e.Outcome, &e.Reason, &e.User, &e.Unit, &e.Session, &e.App,
		&e.Method, &e.Level, &e.Agent, &e.Source, &e.Place, &e.Country, &e.Device, &managed, &e.Account, &e.Inside); err != nil {
		return "", t, err
	}
	t.At, t.Unit = store.Time(at), e.Unit
	e.Time, e.Managed = t.At.Format("2006-01-02T15:04:05.000Z07:00"), managed != 0
	if e.Source != "" {
		e.Network = place(e.Source)
	}
	t.Doc, err = json.Marshal(e)
	return e.ID, t, err
}

package detect

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/detect/risk"
	"yagura/area/detect/sigma"
	"yagura/area/detect/story"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Directory is what detection needs of authority; *authz.Directory is one.
type Directory interface {
	Units(tx *store.Tx) (*authz.Units, error)
	Holders(tx *store.Tx, act authz.Act, unit string) ([]string, error)
	ActorOf(tx *store.Tx, person string) (authz.Actor, error)
}

// AlertRef is an alert as an incident keeps it.
type AlertRef struct {
	ID       string
	Title    string
	Rule     string
	Severity string // critical, high, medium, low
	Hits     int64
	First    time.Time
	Last     time.Time
	Href     string
	Sample   json.RawMessage // one event as it was; nil: none is kept
}

// Observable is something seen in the events: Type is ip, domain, url, hash,
// mail, host, user, file, process or registry.
type Observable struct{ Type, Value, Note string }

// RaiseRequest asks that an incident be made of alerts.
type RaiseRequest struct {
	Key         string // the same key never makes a second incident
	Title       string
	Description string
	Unit        string
	Severity    string // critical, high, medium, low
	Alerts      []AlertRef
	Observables []Observable
}

// Incidents makes incidents of alerts within the caller's transaction.
type Incidents interface {
	Raise(tx *store.Tx, by authz.Actor, r RaiseRequest) (number string, err error)
}

// Index is the search over everything.
type Index interface {
	Put(tx *store.Tx, kind, ref, unit, title, body, href string) error
}

// Notice is a message to one person; the same key reaches him once.
type Notice struct {
	To      string
	Subject text.Message
	Body    text.Message
	Href    string
	Key     string
	Urgent  bool
}

// Notifier brings messages to people.
type Notifier interface {
	Notify(tx *store.Tx, n Notice) error
}

// Options are what a Service needs; only DB and Directory must be there.
type Options struct {
	DB        *store.DB
	Directory Directory
	Incidents Incidents // nil: alerts can't be raised
	Index     Index
	Notifier  Notifier
	Log       *slog.Logger
	Archive   Archive // nil: no backtests, and stored events are not explained

	// Folders hold Sigma rules beside those that come with the product; they are
	// read with all below them.
	Folders []string
	// PackFolder is where signed packs are laid; PackKeys are the public keys that
	// are trusted, one a line.
	PackFolder string
	PackKeys   []string
	// NoPack leaves the rules that come with the product out.
	NoPack bool
	// Placeholders are the values for %name% in rules.
	Placeholders map[string][]string
	// Mapping tells log sources by their events; nil: that of the product.
	Mapping *sigma.Mapping
	// Own is the stream of the log of authentication that Yagura writes itself; only
	// what comes by it can contain a person. Empty: nothing does.
	Own string
	// Forwards are the streams that store events and send them on late, as plants
	// do; correlations wait for them longer. nil: none does.
	Forwards func(tx *store.Tx) (map[string]bool, error)
	// Zone is where a day begins, for counts per day; nil: UTC.
	Zone *time.Location
	// Poll is how often the folders are looked at; 0 = 15 s.
	Poll time.Duration
	// Window is how long hits count on the same alert from its first hit on;
	// 0 = 24 h. A rule may say otherwise.
	Window time.Duration
	// Storm is the number of hits of a rule within a minute past which new things
	// are summed up in one alert; 0 = 1,000.
	Storm int64
	// HalfLife is how long it takes until the points of an alert count half;
	// 0 = 7 days.
	HalfLife time.Duration
	// Threshold is the risk of a host or an account from which on an alert is
	// raised where signs of several tactics came together; 0 = 100.
	Threshold float64
	// Stories says what joins alerts; zero: story.Standard.
	Stories story.Rules
}

// Service is the area.
type Service struct {
	db  *store.DB
	o   Options
	log *slog.Logger

	reloading  sync.Mutex
	lib        atomic.Pointer[library]
	correlator correlator
	heard      sync.Map // stream → its time as written last, and when
	plan       atomic.Pointer[plan]
	filters    sync.Map // id of an exclusion → *screen

	containments Containments

	seen     sight
	pulled   atomic.Pointer[[]sigma.Problem] // what was refused of the folder of packs
	pullMark mark
}

// New reads and compiles the rules. A rule that can't be loaded is no error;
// it is shown beside the others. A folder that can't be read is shown, too.
func New(o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Poll <= 0 {
		o.Poll = 15 * time.Second
	}
	if o.Window <= 0 {
		o.Window = 24 * time.Hour
	}
	if o.Storm <= 0 {
		o.Storm = 1000
	}
	if o.HalfLife <= 0 {
		o.HalfLife = risk.Standard.HalfLife
	}
	if o.Threshold <= 0 {
		o.Threshold = 100
	}
	if o.Stories == (story.Rules{}) {
		o.Stories = story.Standard
	}
	if o.Mapping == nil {
		o.Mapping = sigma.DefaultMapping()
	}
	s := &Service{db: o.DB, o: o, log: o.Log}
	lib, err := s.load()
	if err != nil {
		return nil, err
	}
	s.lib.Store(lib)
	return s, nil
}

// Run looks after the rules and the counters until the context ends: folders
// that changed are read again, what is needed no longer is thrown away.
func (s *Service) Run(ctx context.Context) {
	joined := make(chan struct{})
	go func() {
		defer close(joined)
		s.correlating(ctx)
	}()
	defer func() { <-joined }()
	poll, house := time.NewTicker(s.o.Poll), time.NewTicker(10*time.Minute)
	defer poll.Stop()
	s.pull(ctx)
	defer house.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if _, err := s.Poll(); err != nil {
				s.log.Error("detect: the rule folders could not be read", "error", err)
			}
			s.pull(ctx)
			if err := s.FlushSeen(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("detect: what was seen could not be written", "error", err)
			}
		case <-house.C:
			if err := s.Tidy(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("detect: counters could not be tidied", "error", err)
			}
		}
	}
}

// mark is a text that is exchanged.
type mark struct {
	mu sync.Mutex
	s  string
}

// Swap puts a text in and tells which was there.
func (m *mark) Swap(s string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.s
	m.s = s
	return old
}

func (s *Service) pull(ctx context.Context) {
	if err := s.Pull(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("detect: the folder of packs could not be looked at", "error", err)
	}
}

// Tidy throws away marks of batches that can't come again, minute counters and
// windows that have passed.
func (s *Service) Tidy(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		before := store.Millis(tx.Now.Add(-remembered))
		for _, q := range []string{
			"DELETE FROM detect_applied WHERE at < $1",
			"DELETE FROM detect_minute WHERE at < $1",
			"DELETE FROM detect_unit_minute WHERE at < $1",
			"DELETE FROM detect_window WHERE until < $1",
			"DELETE FROM detect_backtest WHERE ended > 0 AND ended < $1 - 31536000000 AND NOT EXISTS (SELECT 1 FROM detect_promotion p WHERE p.backtest = detect_backtest.id)",
		} {
			if _, err := tx.Exec(q, before); err != nil {
				return err
			}
		}
		return s.tidyMore(tx)
	})
}

// remembered is how long it is known which events were counted: far longer
// than telemetry may hand a batch over again.
const remembered = 8 * 24 * time.Hour

// day is the day of a moment in the zone of the counts, "2026-11-23".
func (s *Service) day(t time.Time) string { return t.In(s.o.Zone).Format(time.DateOnly) }

// Zone is where a day begins, for counts per day.
func (s *Service) Zone() *time.Location { return s.o.Zone }

// People are persons by id, for showing names.
func (s *Service) People(ctx context.Context, ids ...string) (people map[string]authz.Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		people, err = authz.People(tx, ids...)
		return err
	})
	return people, err
}

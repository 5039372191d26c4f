package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"yagura/area/detect/sigma"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Sample is one of the first events of an alert.
type Sample struct {
	N       int    // from 0
	Event   string // id of the event
	At      time.Time
	Host    string
	Size    int64
	Raw     []byte // empty: too large to be kept
	Matched []Pair // the fields and values that made the rule match
	hint    sigma.LogSource
}

func samplesOf(tx *store.Tx, alert string) ([]Sample, error) {
	return store.Rows(tx, func(r store.Scanner) (x Sample, err error) {
		var at int64
		var matched string
		if err := r.Scan(&x.N, &x.Event, &at, &x.Host, &x.hint.Product, &x.hint.Category, &x.hint.Service, &x.Size, &x.Raw, &matched); err != nil {
			return x, err
		}
		x.At = store.Time(at)
		return x, json.Unmarshal([]byte(matched), &x.Matched)
	}, "SELECT n, event, at, host, product, category, service, size, raw, matched FROM detect_sample WHERE alert = $1 ORDER BY n", alert)
}

// Entry is a line of the history of an alert, a rule or an exclusion.
type Entry struct {
	At   time.Time
	Who  string
	Said text.Message
	Body string
}

func history(tx *store.Tx, subject string) ([]Entry, error) {
	return store.Rows(tx, func(r store.Scanner) (e Entry, err error) {
		var at int64
		var said string
		if err := r.Scan(&at, &e.Who, &said, &e.Body); err != nil {
			return e, err
		}
		e.At = store.Time(at)
		return e, json.Unmarshal([]byte(said), &e.Said)
	}, "SELECT at, who, said, body FROM detect_history WHERE subject = $1 ORDER BY at DESC, id DESC LIMIT 200", subject)
}

// Detail is an alert with all that belongs to it.
type Detail struct {
	Alert
	Rule    *Rule // as it stands now; nil: no longer there
	Changed bool  // the rule was changed since
	Text    string
	Samples []Sample
	Others  []Alert // of the same host or user, newest first
	History []Entry
	People  map[string]authz.Person
	Holders []authz.Person // to whom it can be given; for those who may triage
	Triage  bool           // the reader may
	Exclude bool

	Reacted   bool // its rule was to contain the person
	Contained Contained
}

// Get is an alert with all that belongs to it.
func (s *Service) Get(ctx context.Context, by authz.Actor, number string) (d Detail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err := find(tx, number)
		if err != nil {
			return err
		}
		if err := by.See(Read, a.Unit); err != nil {
			return err
		}
		d = Detail{Alert: a, Triage: by.Can(Triage, a.Unit), Exclude: by.Can(Exclude, a.Unit)}
		d.Rule = s.lib.Load().byID[a.Rule]
		d.Changed = d.Rule != nil && d.Rule.Version != a.Version
		if d.Text, err = ruleText(tx, a.Rule, a.Version); err != nil {
			return err
		}
		if d.Samples, err = samplesOf(tx, a.ID); err != nil {
			return err
		}
		if d.Others, err = others(tx, by.Scope(Read), a); err != nil {
			return err
		}
		if d.History, err = history(tx, a.ID); err != nil {
			return err
		}
		if s.containments != nil {
			if d.Contained, d.Reacted, err = s.containments.ByRule(tx, by, a.ID); err != nil {
				return err
			}
		}
		ids := []string{a.Assignee, a.By}
		for _, e := range d.History {
			ids = append(ids, e.Who)
		}
		if d.Triage {
			holders, err := s.o.Directory.Holders(tx, Triage, a.Unit)
			if err != nil {
				return err
			}
			ids = append(ids, holders...)
			if d.People, err = authz.People(tx, ids...); err != nil {
				return err
			}
			for _, h := range holders {
				if p, ok := d.People[h]; ok {
					d.Holders = append(d.Holders, p)
				}
			}
			return nil
		}
		d.People, err = authz.People(tx, ids...)
		return err
	})
	return d, err
}

// ruleText is a rule as it stood; "" where it is not known.
func ruleText(tx *store.Tx, rule, version string) (body string, err error) {
	err = tx.QueryRow("SELECT body FROM detect_rule_text WHERE rule = $1 AND version = $2", rule, version).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return body, err
}

// others are further alerts on the same host or user.
func others(tx *store.Tx, scope authz.Scope, a Alert) ([]Alert, error) {
	if a.Host == "" && a.User == "" {
		return nil, nil
	}
	where, args := scope.Where("a.unit", 4)
	args = append([]any{a.ID, a.Host, a.User}, args...)
	return store.Rows(tx, read, "SELECT "+columns+` FROM detect_alert a WHERE a.id IN (
		SELECT id FROM (SELECT id FROM detect_alert WHERE host = $2 AND host <> '' ORDER BY first DESC LIMIT 200) h
		UNION SELECT id FROM (SELECT id FROM detect_alert WHERE account = $3 AND account <> '' ORDER BY first DESC LIMIT 200) u)
		AND a.id <> $1 AND `+where+" ORDER BY a.first DESC, a.ord DESC LIMIT 12", args...)
}

// Explain says of every part of the rule, as it stood when the alert was raised,
// whether it holds for a sample.
func (s *Service) Explain(ctx context.Context, by authz.Actor, number string, sample int) (x *sigma.Explanation, err error) {
	d, err := s.Get(ctx, by, number)
	if err != nil {
		return nil, err
	}
	for _, e := range d.Samples {
		if e.N != sample || len(e.Raw) == 0 || d.Text == "" {
			continue
		}
		set := sigma.Parse("rule.yml", []byte(d.Text))
		if len(set.Rules) == 0 {
			return nil, missing()
		}
		return sigma.Explain(set.Rules[0], e.Raw, e.hint, s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	}
	return nil, missing()
}

// OfEvent are the alerts in whose samples an event stands, of units that the
// actor may see.
func (s *Service) OfEvent(ctx context.Context, by authz.Actor, event string) (alerts []Alert, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := by.Scope(Read).Where("a.unit", 2)
		alerts, err = store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.id IN (SELECT alert FROM detect_sample WHERE event = $1) AND "+where+
			" ORDER BY a.ord DESC LIMIT 20", append([]any{event}, args...)...)
		return err
	})
	return alerts, err
}

// Known tells whether there is such an alert that the actor may see.
func (s *Service) Known(tx *store.Tx, by authz.Actor, number string) error {
	a, err := find(tx, number)
	if err != nil {
		return err
	}
	return by.See(Read, a.Unit)
}

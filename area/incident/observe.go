package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Observable is something seen that belongs to the incident: an address, a
// hash, an account.
type Observable struct {
	ID    string
	Type  Kind
	Value string // canonical; show it through Defang
	Note  string
	At    time.Time
	By    string
	// Others are other incidents with the same value which the reader may see.
	Others []string
}

func observables(tx *store.Tx, number string) ([]Observable, error) {
	return store.Rows(tx, func(r store.Scanner) (o Observable, err error) {
		var at int64
		err = r.Scan(&o.ID, &o.Type, &o.Value, &o.Note, &at, &o.By)
		o.At = store.Time(at)
		return o, err
	}, "SELECT id, type, value, note, at, added_by FROM incident_observable WHERE incident = $1 ORDER BY type, value", number)
}

// observe adds those that are not there yet and tells how many were.
func observe(tx *store.Tx, by authz.Actor, inc Incident, os []Observation) (int, error) {
	var rows, types []string
	for _, o := range os {
		value, err := Canonical(o.Type, o.Value)
		if err != nil {
			return 0, err
		}
		row := id.New()
		n, err := tx.Exec(`INSERT INTO incident_observable (id, incident, type, value, note, at, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7)
			ON CONFLICT DO NOTHING`, row, inc.ID, string(o.Type), value, strings.TrimSpace(o.Note), tx.Millis(), by.Who())
		if err != nil {
			return 0, err
		}
		if n > 0 {
			rows = append(rows, row)
			if !slices.Contains(types, string(o.Type)) {
				types = append(types, string(o.Type))
			}
		}
	}
	if len(rows) == 0 {
		return 0, nil
	}
	return len(rows), tx.Record(by, fact.IncidentObserved{ID: inc.ID, Unit: inc.Unit, Rows: rows, Types: types})
}

const mostObservables = 500

// Observe adds observables, one a line of value. An empty type is guessed line
// by line. All are added or none: the first wrong line is named.
func (s *Service) Observe(ctx context.Context, by authz.Actor, number string, kind Kind, values, note string) (added int, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if kind != "" && !slices.Contains(Kinds, kind) {
			return fault.Invalid(fault.F("type", "There is no such choice"))
		}
		var os []Observation
		for i, line := range strings.Split(strings.ReplaceAll(values, "\r\n", "\n"), "\n") {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			o := Observation{Type: kind, Value: line, Note: note}
			if o.Type == "" {
				o.Type = Guess(refang.Replace(line))
			}
			if _, err := Canonical(o.Type, o.Value); err != nil {
				return fault.Invalid(fault.F("value", "Line %d: %s", i+1, fault.FieldsOf(err)[0].Message))
			}
			os = append(os, o)
		}
		switch {
		case len(os) == 0:
			return fault.Invalid(fault.F("value", "Enter a value"))
		case len(os) > mostObservables:
			return fault.Invalid(fault.F("value", "At most %d lines at once", mostObservables))
		}
		added, err = observe(tx, by, inc, os)
		return err
	})
	return added, err
}

// elsewhere fills in which other incidents that the actor may see hold the
// same observables.
func elsewhere(tx *store.Tx, by authz.Actor, number string, os []Observable) error {
	where, args := visible(by, by.Scope(Read), "", 2)
	type pair struct{ typ, value, number string }
	pairs, err := store.Rows(tx, func(r store.Scanner) (p pair, err error) { return p, r.Scan(&p.typ, &p.value, &p.number) },
		`SELECT o.type, o.value, i.id FROM incident_observable mine
		JOIN incident_observable o ON o.type = mine.type AND o.value = mine.value AND o.incident <> mine.incident
		JOIN incident i ON i.id = o.incident
		WHERE mine.incident = $1 AND `+where+" ORDER BY i.seq DESC LIMIT 500", append([]any{number}, args...)...)
	if err != nil {
		return fmt.Errorf("observables elsewhere: %w", err)
	}
	for _, p := range pairs {
		for n := range os {
			if string(os[n].Type) == p.typ && os[n].Value == p.value && len(os[n].Others) < 10 {
				os[n].Others = append(os[n].Others, p.number)
			}
		}
	}
	return nil
}

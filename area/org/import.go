package org

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Import is a file that was looked through and, perhaps, taken over.
type Import struct {
	ID      string
	Kind    ImportKind
	Person  string
	At      time.Time
	SHA256  string
	Preview Preview
	Applied time.Time
}

// Ready tells whether the import can be applied.
func (i Import) Ready() bool {
	return i.Applied.IsZero() && i.Preview.WrongCount == 0 && i.Preview.Added+i.Preview.Changed > 0
}

// Check looks a file through and keeps it with the preview of what it would
// change. Nothing of the organisation changes.
func (s *Service) Check(ctx context.Context, by authz.Actor, kind ImportKind, file []byte) (string, error) {
	if !by.CanAnywhere(Manage) {
		return "", by.May(Manage, "")
	}
	key := id.New()
	return key, s.db.Change(ctx, func(tx *store.Tx) error {
		w, err := s.plan(tx, by, kind, file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(file)
		preview, err := json.Marshal(w.Preview)
		if err != nil {
			return err
		}
		// Files not taken over are kept for a day.
		if _, err := tx.Exec("DELETE FROM org_import WHERE applied = 0 AND at < $1", tx.Millis()-24*60*60*1000); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO org_import (id, kind, person, at, file, sha256, preview, digest) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			key, string(kind), by.Who(), tx.Millis(), file, hex.EncodeToString(sum[:]), string(preview), w.digest()); err != nil {
			return err
		}
		return tx.Record(by, fact.ImportChecked{Import: key, Kind: string(kind), SHA256: hex.EncodeToString(sum[:]), Added: w.Added, Changed: w.Changed, Wrong: w.WrongCount})
	})
}

type importRow struct {
	Import
	file   []byte
	digest string
}

func findImport(tx *store.Tx, by authz.Actor, id string, withFile bool) (importRow, error) {
	file := "''"
	if withFile {
		file = "file"
	}
	list, err := store.Rows(tx, func(r store.Scanner) (i importRow, err error) {
		var at, applied int64
		var preview string
		into := []any{&i.ID, &i.Kind, &i.Person, &at, &i.SHA256, &preview, &i.digest, &applied}
		if withFile {
			into = append(into, &i.file)
		} else {
			into = append(into, new(string))
		}
		if err = r.Scan(into...); err != nil {
			return i, err
		}
		i.At, i.Applied = store.Time(at), store.Time(applied)
		return i, json.Unmarshal([]byte(preview), &i.Preview)
	}, "SELECT id, kind, person, at, sha256, preview, digest, applied, "+file+" FROM org_import WHERE id = $1", id)
	if err != nil {
		return importRow{}, err
	}
	if len(list) == 0 || list[0].Person != by.Who() {
		return importRow{}, missing()
	}
	return list[0], nil
}

// Import returns an import of the actor's own.
func (s *Service) Import(tx *store.Tx, by authz.Actor, id string) (Import, error) {
	i, err := findImport(tx, by, id, false)
	return i.Import, err
}

// Recheck works the preview out again, as after a conflict.
func (s *Service) Recheck(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		i, err := findImport(tx, by, key, true)
		if err != nil {
			return err
		}
		if !i.Applied.IsZero() {
			return fault.Conflict("This file was taken over already")
		}
		w, err := s.plan(tx, by, i.Kind, i.file)
		if err != nil {
			return err
		}
		preview, err := json.Marshal(w.Preview)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE org_import SET preview = $1, digest = $2 WHERE id = $3", string(preview), w.digest(), key); err != nil {
			return err
		}
		return tx.Record(by, fact.ImportChecked{Import: key, Kind: string(i.Kind), SHA256: i.SHA256, Added: w.Added, Changed: w.Changed, Wrong: w.WrongCount})
	})
}

// Apply takes a file over, all of it or nothing. Where the organisation has
// changed so that it would do anything else than its preview shows, it is a
// conflict and nothing happens.
func (s *Service) Apply(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		i, err := findImport(tx, by, key, true)
		if err != nil {
			return err
		}
		if !i.Applied.IsZero() {
			return fault.Conflict("This file was taken over already")
		}
		w, err := s.plan(tx, by, i.Kind, i.file)
		if err != nil {
			return err
		}
		if w.digest() != i.digest {
			return fault.Conflict("The organisation has changed since this preview was made; look at the new one")
		}
		if w.WrongCount > 0 {
			return fault.Invalidf("The file has %d mistakes; nothing was changed", w.WrongCount)
		}
		if w.Added+w.Changed == 0 {
			return fault.Conflict("The file changes nothing")
		}
		if err := s.write(tx, by, w); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE org_import SET applied = $1, file = $2 WHERE id = $3", tx.Millis(), []byte{}, key); err != nil {
			return err
		}
		return tx.Record(by, fact.ImportApplied{Import: key, Kind: string(i.Kind), SHA256: i.SHA256, Added: w.Added, Changed: w.Changed})
	})
}

// write carries out what was worked out.
func (s *Service) write(tx *store.Tx, by authz.Actor, w *work) error {
	stamp := func(at *time.Time) {
		if at.Equal(pending) {
			*at = tx.Now
		}
	}
	for i := range w.units {
		st := &w.units[i]
		if stamp(&st.new.Retired); st.old.ID == "" {
			st.new.Added = tx.Now
		}
	}
	for i := range w.people {
		st := &w.people[i]
		if stamp(&st.new.Gone); st.old.ID == "" {
			st.new.Added = tx.Now
		}
	}
	for i := range w.teams {
		st := &w.teams[i]
		if stamp(&st.new.Disbanded); st.old.ID == "" {
			st.new.Added = tx.Now
		}
	}
	if len(w.units) > 0 {
		if err := s.saveUnits(tx, by, w.units); err != nil {
			return err
		}
	}
	if len(w.people) > 0 {
		if err := s.savePeople(tx, by, w.people); err != nil {
			return err
		}
	}
	if len(w.teams) > 0 {
		if err := s.saveTeams(tx, by, w.teams); err != nil {
			return err
		}
	}
	for _, st := range w.offices {
		o := st.new
		if o.ID == "" {
			o.ID = id.New()
			if err := s.saveOffice(tx, by, o); err != nil {
				return err
			}
			continue
		}
		if err := putOfficeRows(tx, []Office{o}); err != nil {
			return err
		}
		f := store.Fact(fact.OfficeTaken{ID: o.ID, Office: string(o.Office), Person: o.Person, Unit: o.Unit, From: o.From, Until: o.Until})
		if !o.Until.IsZero() && !o.Until.Equal(st.old.Until) {
			f = fact.OfficeLeft{ID: o.ID, Office: string(o.Office), Person: o.Person, Unit: o.Unit, Until: o.Until}
		}
		if err := tx.Record(by, f); err != nil {
			return err
		}
	}
	for _, d := range w.days {
		if err := putDays(tx, d.calendar, []Special{d.new}); err != nil {
			return err
		}
		if err := tx.Record(by, fact.CalendarChanged{Calendar: d.calendar, Days: []string{d.new.Day}}); err != nil {
			return err
		}
	}
	return nil
}

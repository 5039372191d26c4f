package cmmc

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/area/cmmc/catalog"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Standards are those that a crosswalk leads to by name; any other can be written.
var Standards = []string{"ISO/IEC 27001:2022", "NIST CSF 2.0", "JIS Q 27001:2023"}

// Crosswalk is a table that somebody imported and, perhaps, signed. What is not
// signed is shown to nobody as true.
type Crosswalk struct {
	ID        string
	Standard  string
	Source    string
	SHA256    string
	State     string // draft, signed, ended
	Lines     int
	By        string
	At        time.Time
	SignedBy  string
	Signed    time.Time
	Statement string // what the signer says he checked
	EndedBy   string
	Ended     time.Time
}

const crosswalkFields = "x.id, x.standard, x.source, x.sha256, x.state, x.lines, x.by_person, x.at, x.signed_by, x.signed, x.statement, x.ended_by, x.ended"

func scanCrosswalk(r store.Scanner) (x Crosswalk, err error) {
	var at, signed, ended int64
	err = r.Scan(&x.ID, &x.Standard, &x.Source, &x.SHA256, &x.State, &x.Lines, &x.By, &at, &x.SignedBy, &signed, &x.Statement, &x.EndedBy, &ended)
	x.At, x.Signed, x.Ended = store.Time(at), store.Time(signed), store.Time(ended)
	return x, err
}

func findCrosswalk(tx *store.Tx, key string) (Crosswalk, error) {
	x, err := scanCrosswalk(tx.QueryRow("SELECT "+crosswalkFields+" FROM cmmc_crosswalk x WHERE x.id = $1", key))
	if errors.Is(err, sql.ErrNoRows) {
		return x, fault.NotFound("There is no such crosswalk")
	}
	return x, err
}

func (x Crosswalk) told(act string) fact.CMMCCrosswalk {
	return fact.CMMCCrosswalk{Crosswalk: x.ID, Act: act, Standard: x.Standard, SHA256: x.SHA256, Rows: x.Lines}
}

// ImportCrosswalk keeps a table to be looked through. It counts once signed.
func (s *Service) ImportCrosswalk(ctx context.Context, by authz.Actor, standard, file string, data []byte) (key string, err error) {
	if err := by.May(Text, ""); err != nil {
		return "", err
	}
	standard = strings.TrimSpace(standard)
	if standard == "" || utf8.RuneCountInString(standard) > 100 {
		return "", fault.Invalid(fault.F("standard", "Say which standard this is about"))
	}
	lines, err := ReadCrosswalk(filepath.Base(file), data)
	if err != nil {
		return "", asFault("file", err)
	}
	sum := sha256.Sum256(data)
	x := Crosswalk{ID: id.New(), Standard: standard, Source: filepath.Base(file), SHA256: hex.EncodeToString(sum[:]), State: "draft", Lines: len(lines), By: by.Who()}
	return x.ID, s.db.Change(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO cmmc_crosswalk (id, standard, source, sha256, state, lines, by_person, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			x.ID, x.Standard, x.Source, x.SHA256, x.State, x.Lines, x.By, tx.Millis()); err != nil {
			return err
		}
		for _, l := range lines {
			if _, err := tx.Exec("INSERT INTO cmmc_crosswalk_line (crosswalk, n, ref, target, relation, title, note) VALUES ($1,$2,$3,$4,$5,$6,$7)",
				x.ID, l.N, l.Ref, l.Target, string(l.Relation), l.Title, l.Note); err != nil {
				return err
			}
		}
		return tx.Record(by, x.told("imported"))
	})
}

// SignCrosswalk puts a table in force: a person says, with the date, that it is
// right. It takes the place of the one of the same standard.
func (s *Service) SignCrosswalk(ctx context.Context, by authz.Actor, key, statement string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Text, ""); err != nil {
			return err
		}
		x, err := findCrosswalk(tx, key)
		if err != nil {
			return err
		}
		if x.State != "draft" {
			return fault.Conflict("This table is not a draft any more")
		}
		statement = strings.TrimSpace(statement)
		if statement == "" || utf8.RuneCountInString(statement) > 1000 {
			return fault.Invalid(fault.F("statement", "Say what you checked, in at most %d characters", 1000))
		}
		before, err := store.Rows(tx, scanCrosswalk, "SELECT "+crosswalkFields+" FROM cmmc_crosswalk x WHERE x.standard = $1 AND x.state = 'signed'", x.Standard)
		if err != nil {
			return err
		}
		for _, old := range before {
			if err := endCrosswalk(tx, by, old, "ended"); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE cmmc_crosswalk SET state = 'signed', signed_by = $2, signed = $3, statement = $4 WHERE id = $1", x.ID, by.Who(), tx.Millis(), statement); err != nil {
			return err
		}
		return tx.Record(by, x.told("signed"))
	})
}

func endCrosswalk(tx *store.Tx, by authz.Actor, x Crosswalk, act string) error {
	if _, err := tx.Exec("UPDATE cmmc_crosswalk SET state = 'ended', ended_by = $2, ended = $3 WHERE id = $1", x.ID, by.Who(), tx.Millis()); err != nil {
		return err
	}
	return tx.Record(by, x.told(act))
}

// EndCrosswalk takes a table out of force, or throws a draft away. What was
// signed stays to be read.
func (s *Service) EndCrosswalk(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Text, ""); err != nil {
			return err
		}
		x, err := findCrosswalk(tx, key)
		switch {
		case err != nil:
			return err
		case x.State == "ended":
			return fault.Conflict("This table is out of force already")
		case x.State == "draft":
			return endCrosswalk(tx, by, x, "discarded")
		}
		return endCrosswalk(tx, by, x, "ended")
	})
}

// Crosswalks are all tables, newest first.
func (s *Service) Crosswalks(ctx context.Context, by authz.Actor) (list []Crosswalk, err error) {
	if !by.CanAnywhere(Read) {
		return nil, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, scanCrosswalk, "SELECT "+crosswalkFields+" FROM cmmc_crosswalk x ORDER BY x.at DESC, x.id DESC LIMIT 200")
		return err
	})
	return list, err
}

// CrosswalkDetail is a table with its lines and how much of the catalog it covers.
type CrosswalkDetail struct {
	Crosswalk
	Rows         []CrosswalkLine
	Requirements int // of Level 2 that have at least one line
	Missing      []string
	People       map[string]authz.Person
}

// Crosswalk is one table.
func (s *Service) Crosswalk(ctx context.Context, by authz.Actor, key string) (d CrosswalkDetail, err error) {
	if !by.CanAnywhere(Read) {
		return d, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Crosswalk, err = findCrosswalk(tx, key); err != nil {
			return err
		}
		if d.Rows, err = store.Rows(tx, readLine, "SELECT n, ref, target, relation, title, note FROM cmmc_crosswalk_line WHERE crosswalk = $1 ORDER BY n", key); err != nil {
			return err
		}
		have := map[string]bool{}
		for _, l := range d.Rows {
			ref, _, _ := strings.Cut(l.Ref, "[")
			have[ref] = true
		}
		for _, q := range catalog.Requirements(2) {
			if have[q.ID] {
				d.Requirements++
			} else {
				d.Missing = append(d.Missing, q.ID)
			}
		}
		d.People, err = authz.People(tx, d.By, d.SignedBy, d.EndedBy)
		return err
	})
	return d, err
}

func readLine(r store.Scanner) (l CrosswalkLine, err error) {
	return l, r.Scan(&l.N, &l.Ref, &l.Target, &l.Relation, &l.Title, &l.Note)
}

// Beside is what signed tables say of a requirement and its objectives.
type Beside struct {
	Crosswalk
	Rows []CrosswalkLine
}

// crossed are the signed tables that name a requirement.
func crossed(tx *store.Tx, q *catalog.Requirement) ([]Beside, error) {
	tables, err := store.Rows(tx, scanCrosswalk, "SELECT "+crosswalkFields+" FROM cmmc_crosswalk x WHERE x.state = 'signed' ORDER BY x.standard")
	if err != nil {
		return nil, err
	}
	var list []Beside
	for _, x := range tables {
		rows, err := store.Rows(tx, readLine, `SELECT n, ref, target, relation, title, note FROM cmmc_crosswalk_line WHERE crosswalk = $1 AND (ref = $2 OR ref LIKE $3) ORDER BY n`,
			x.ID, q.ID, q.ID+"[%")
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			list = append(list, Beside{x, rows})
		}
	}
	return slices.Clip(list), nil
}

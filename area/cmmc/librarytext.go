package cmmc

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/library"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Library is official text that somebody imported. The program brings none along.
type Library struct {
	ID           string
	Source       string
	Format       library.Format
	SHA256       string
	State        string // draft, used, replaced
	Requirements int
	Objectives   int
	By           string
	At           time.Time
	UsedBy       string
	Used         time.Time
}

const libraryFields = "l.id, l.source, l.format, l.sha256, l.state, l.requirements, l.objectives, l.by_person, l.at, l.used_by, l.used"

func scanLibrary(r store.Scanner) (l Library, err error) {
	var at, used int64
	err = r.Scan(&l.ID, &l.Source, &l.Format, &l.SHA256, &l.State, &l.Requirements, &l.Objectives, &l.By, &at, &l.UsedBy, &used)
	l.At, l.Used = store.Time(at), store.Time(used)
	return l, err
}

func findLibrary(tx *store.Tx, key string) (Library, error) {
	l, err := scanLibrary(tx.QueryRow("SELECT "+libraryFields+" FROM cmmc_library l WHERE l.id = $1", key))
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.NotFound("There is no such text")
	}
	return l, err
}

func (l Library) told(act string) fact.CMMCText {
	return fact.CMMCText{Library: l.ID, Act: act, SHA256: l.SHA256, Requirements: l.Requirements, Objectives: l.Objectives}
}

// ImportText reads official text and keeps it to be looked through. Nothing is
// shown beside a requirement until it is taken into use.
func (s *Service) ImportText(ctx context.Context, by authz.Actor, file string, data []byte, format library.Format) (key string, err error) {
	if err := by.May(Text, ""); err != nil {
		return "", err
	}
	read, err := library.Read(filepath.Base(file), data, format)
	if err != nil {
		if fault.Is(err, fault.KindInvalid) {
			return "", fault.Invalid(fault.Field{Name: "file", Message: fault.MessageOf(err)})
		}
		return "", asFault("file", err)
	}
	l := Library{ID: id.New(), Source: read.Source, Format: read.Format, SHA256: read.SHA256, State: "draft", Requirements: len(read.Requirements), Objectives: len(read.Objectives), By: by.Who()}
	return l.ID, s.db.Change(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO cmmc_library (id, source, format, sha256, state, requirements, objectives, by_person, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
			l.ID, l.Source, string(l.Format), l.SHA256, l.State, l.Requirements, l.Objectives, l.By, tx.Millis()); err != nil {
			return err
		}
		put := func(ref, title, body string) error {
			_, err := tx.Exec("INSERT INTO cmmc_text (library, ref, title, body) VALUES ($1,$2,$3,$4)", l.ID, ref, title, body)
			return err
		}
		for _, r := range read.Requirements {
			if err := put(r.ID, r.Title, r.Text); err != nil {
				return err
			}
		}
		for _, o := range read.Objectives {
			if err := put(o.ID, "", o.Text); err != nil {
				return err
			}
		}
		return tx.Record(by, l.told("imported"))
	})
}

// UseText shows a text beside the requirements. Others of which it holds all,
// whatever their format, are no longer shown.
func (s *Service) UseText(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Text, ""); err != nil {
			return err
		}
		l, err := findLibrary(tx, key)
		if err != nil {
			return err
		}
		if l.State == "used" {
			return fault.Conflict("This text is in use already")
		}
		if _, err := tx.Exec("UPDATE cmmc_library SET state = 'used', used_by = $2, used = $3 WHERE id = $1", l.ID, by.Who(), tx.Millis()); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE cmmc_library SET state = 'replaced' WHERE state = 'used' AND id <> $1 AND NOT EXISTS
			(SELECT 1 FROM cmmc_text t WHERE t.library = cmmc_library.id AND NOT EXISTS (SELECT 1 FROM cmmc_text u WHERE u.library = $1 AND u.ref = t.ref))`, l.ID); err != nil {
			return err
		}
		return tx.Record(by, l.told("used"))
	})
}

// DropText throws a text away, or takes it out of use.
func (s *Service) DropText(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Text, ""); err != nil {
			return err
		}
		l, err := findLibrary(tx, key)
		if err != nil {
			return err
		}
		for _, q := range []string{"DELETE FROM cmmc_text WHERE library = $1", "DELETE FROM cmmc_library WHERE id = $1"} {
			if _, err := tx.Exec(q, l.ID); err != nil {
				return err
			}
		}
		return tx.Record(by, l.told("discarded"))
	})
}

// Libraries are all texts, newest first.
func (s *Service) Libraries(ctx context.Context, by authz.Actor) (list []Library, err error) {
	if !by.CanAnywhere(Read) {
		return nil, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, scanLibrary, "SELECT "+libraryFields+" FROM cmmc_library l ORDER BY l.at DESC, l.id DESC LIMIT 200")
		return err
	})
	return list, err
}

// Words is official text of one requirement or objective.
type Words struct {
	Ref, Title, Body string
	Source           string
}

// LibraryDetail is a text with what it holds and what it lacks.
type LibraryDetail struct {
	Library
	Words  []Words
	Counts []library.Count
	People map[string]authz.Person
}

// Library is one text.
func (s *Service) Library(ctx context.Context, by authz.Actor, key string) (d LibraryDetail, err error) {
	if !by.CanAnywhere(Read) {
		return d, by.May(Read, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Library, err = findLibrary(tx, key); err != nil {
			return err
		}
		words, err := store.Rows(tx, scanWords, "SELECT t.ref, t.title, t.body, l.source FROM cmmc_text t JOIN cmmc_library l ON l.id = t.library WHERE t.library = $1", key)
		if err != nil {
			return err
		}
		byRef := map[string]Words{}
		whole := library.Library{}
		for _, w := range words {
			byRef[w.Ref] = w
			if strings.Contains(w.Ref, "[") {
				whole.Objectives = append(whole.Objectives, library.Objective{ID: w.Ref, Text: w.Body})
			} else {
				whole.Requirements = append(whole.Requirements, library.Requirement{ID: w.Ref, Title: w.Title, Text: w.Body})
			}
		}
		d.Counts = whole.Counts()
		for _, level := range []int{2, 3} {
			for _, q := range catalog.Requirements(level) {
				refs := []string{q.ID}
				for _, i := range append(append([]int(nil), q.Objective...), q.ODP...) {
					refs = append(refs, catalog.Name(i))
				}
				for _, ref := range refs {
					if w, ok := byRef[ref]; ok {
						d.Words = append(d.Words, w)
					}
				}
			}
		}
		d.People, err = authz.People(tx, d.By, d.UsedBy)
		return err
	})
	return d, err
}

func scanWords(r store.Scanner) (w Words, err error) {
	return w, r.Scan(&w.Ref, &w.Title, &w.Body, &w.Source)
}

// Source is what is known of a requirement beside our labels: official text and
// signed crosswalks. Both are empty where nobody imported them.
type Source struct {
	Words   map[string]Words // by 3.1.1 and 3.1.1[a]
	Crossed []Beside
}

// Source reads them.
func (s *Service) Source(ctx context.Context, by authz.Actor, q *catalog.Requirement) (src Source, err error) {
	if !by.CanAnywhere(Read) {
		return src, by.May(Read, "")
	}
	src.Words = map[string]Words{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		words, err := store.Rows(tx, scanWords, `SELECT t.ref, t.title, t.body, l.source FROM cmmc_text t JOIN cmmc_library l ON l.id = t.library
			WHERE l.state = 'used' AND (t.ref = $1 OR t.ref LIKE $2) ORDER BY l.used, l.id`, q.ID, q.ID+"[%")
		if err != nil {
			return err
		}
		for _, w := range words { // the latest taken into use comes last
			src.Words[w.Ref] = w
		}
		src.Crossed, err = crossed(tx, q)
		return err
	})
	return src, err
}

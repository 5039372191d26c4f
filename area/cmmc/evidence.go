package cmmc

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// LargestEvidence is how large a document may be, in bytes.
const LargestEvidence = 128 << 20

// Keep takes a document in as evidence of objectives. It is a draft until a second
// person makes it final. The document is stored before the transaction; where that
// fails nothing refers to it.
func (s *Service) Keep(ctx context.Context, by authz.Actor, e Evidence, content io.Reader) (Evidence, error) {
	if s.p.Documents == nil {
		return e, fault.Conflict("There is no store for documents here")
	}
	// Ask before storing, so that nobody fills the store who may not.
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := working(tx, by, Work, e.System); err != nil {
			return err
		}
		return checkEvidence(tx, e)
	}); err != nil {
		return e, err
	}
	if content == nil {
		return e, fault.Invalid(fault.F("file", "Choose a file"))
	}
	ref, err := s.p.Documents.Put(ctx, content, LargestEvidence)
	if err != nil {
		return e, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) (err error) {
		sys, err := working(tx, by, Work, e.System)
		if err != nil {
			return err
		}
		e, err = s.keep(tx, by, sys, e, ref)
		return err
	})
	return e, err
}

func (s *Service) keep(tx *store.Tx, by authz.Actor, sys System, e Evidence, ref document.Ref) (Evidence, error) {
	if err := checkEvidence(tx, e); err != nil {
		return e, err
	}
	e.ID, e.SHA256, e.Size, e.By, e.At, e.Draft = id.New(), ref.SHA256, ref.Size, by.Who(), tx.Now, !by.IsSystem() || e.Draft
	e.Name, e.Collected = document.Name(e.Name, "evidence"), dayOf(e.Collected)
	if !e.ValidUntil.IsZero() {
		e.ValidUntil = dayOf(e.ValidUntil)
	}
	if _, err := tx.Exec(`INSERT INTO cmmc_evidence (id, system, name, sha256, size, media, draft, collected, valid_until, actor, at, reviewer, reviewed) VALUES (`+marks(1, 13)+")",
		e.ID, sys.ID, e.Name, e.SHA256, e.Size, e.Media, flag(e.Draft), store.Millis(e.Collected), store.Millis(e.ValidUntil), e.By, store.Millis(e.At), e.Reviewer, store.Millis(e.Reviewed)); err != nil {
		return e, err
	}
	names := make([]string, 0, len(e.Objectives))
	for _, i := range e.Objectives {
		if _, err := tx.Exec("INSERT INTO cmmc_evidence_of (evidence, objective) VALUES ($1,$2) ON CONFLICT DO NOTHING", e.ID, i); err != nil {
			return e, err
		}
		names = append(names, catalog.Name(i))
	}
	if err := tx.Record(by, fact.CMMCEvidenceAdded{System: sys.ID, Unit: sys.Unit, Evidence: e.ID, SHA256: e.SHA256, Size: e.Size, Objectives: names, Collected: e.Collected, ValidUntil: e.ValidUntil}); err != nil {
		return e, err
	}
	if err := note(tx, by, Change{System: sys.ID, Objective: -1, Kind: "evidence", Now: e.Name, Ref: e.ID}); err != nil {
		return e, err
	}
	return e, settle(tx, by, sys, Change{Kind: "evidence", Ref: e.ID}, e.Objectives...)
}

func checkEvidence(tx *store.Tx, e Evidence) error {
	var wrong fields
	wrong.add(strings.TrimSpace(e.Name) == "", fault.F("name", "A name is needed here"))
	wrong.add(len(e.Objectives) == 0, fault.F("objectives", "Say which objectives it is evidence of"))
	for _, i := range e.Objectives {
		wrong.add(i < 0 || i >= catalog.Objectives, fault.F("objectives", "There is no such objective"))
	}
	wrong.add(e.Collected.IsZero(), fault.F("collected", "Say when it was collected"))
	wrong.add(e.Collected.After(tx.Now.Add(14*time.Hour)), fault.F("collected", "This day lies in the future")) // a day begins so much earlier in the east
	wrong.add(!e.ValidUntil.IsZero() && e.ValidUntil.Before(dayOf(e.Collected)), fault.F("valid_until", "It can't end before it was collected"))
	return wrong.err()
}

func findEvidence(tx *store.Tx, system, evidence string) (Evidence, error) {
	e, err := readEvidence(tx.QueryRow("SELECT "+evidenceColumns+" FROM cmmc_evidence e WHERE e.id = $1 AND e.system = $2 AND e.withdrawn = 0", evidence, system))
	if errors.Is(err, sql.ErrNoRows) {
		return e, fault.NotFound("There is no such piece of evidence")
	}
	if err != nil {
		return e, err
	}
	e.Objectives, err = store.Rows(tx, func(r store.Scanner) (i int, err error) { return i, r.Scan(&i) },
		"SELECT objective FROM cmmc_evidence_of WHERE evidence = $1 ORDER BY objective", evidence)
	return e, err
}

// Approve makes a draft final, by a second person who has read it.
func (s *Service) Approve(ctx context.Context, by authz.Actor, system, evidence string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Review, system)
		if err != nil {
			return err
		}
		e, err := findEvidence(tx, system, evidence)
		if err != nil {
			return err
		}
		if !e.Draft {
			return fault.Conflict("This evidence is final already")
		}
		if err := authz.TwoPersons(e.By, by.Who()); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE cmmc_evidence SET draft = 0, reviewer = $1, reviewed = $2 WHERE id = $3", by.Who(), tx.Millis(), evidence); err != nil {
			return err
		}
		if err := tx.Record(by, fact.CMMCEvidenceReviewed{System: sys.ID, Unit: sys.Unit, Evidence: e.ID, SHA256: e.SHA256}); err != nil {
			return err
		}
		return settle(tx, by, sys, Change{Kind: "evidence", Ref: e.ID}, e.Objectives...)
	})
}

// Withdraw takes evidence back: it counts no longer. The document stays, as what
// was ever evidence is kept.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, system, evidence string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Work, system)
		if err != nil {
			return err
		}
		e, err := findEvidence(tx, system, evidence)
		if err != nil {
			return err
		}
		// Where nothing else stands behind a result, it would be taken as said again:
		// that is a second person's to decide.
		if !e.Draft || e.By != by.Who() {
			if err := by.May(Review, sys.Unit); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE cmmc_evidence SET withdrawn = $1 WHERE id = $2", tx.Millis(), evidence); err != nil {
			return err
		}
		if err := tx.Record(by, fact.CMMCEvidenceWithdrawn{System: sys.ID, Unit: sys.Unit, Evidence: e.ID, SHA256: e.SHA256}); err != nil {
			return err
		}
		if err := note(tx, by, Change{System: sys.ID, Objective: -1, Kind: "evidence", Was: e.Name, Ref: e.ID}); err != nil {
			return err
		}
		return settle(tx, by, sys, Change{Kind: "evidence", Ref: e.ID}, e.Objectives...)
	})
}

// Fetch opens a document and notes that the actor took it. The reader checks the
// content against the SHA-256 and fails where it does not fit.
func (s *Service) Fetch(ctx context.Context, by authz.Actor, system, evidence string) (e Evidence, content io.ReadCloser, err error) {
	if s.p.Documents == nil {
		return e, nil, fault.Conflict("There is no store for documents here")
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := open(tx, by, system)
		if err != nil {
			return err
		}
		if e, err = findEvidence(tx, system, evidence); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCEvidenceFetched{System: sys.ID, Unit: sys.Unit, Evidence: e.ID, SHA256: e.SHA256})
	})
	if err != nil {
		return e, nil, err
	}
	r, err := s.p.Documents.Open(ctx, e.SHA256)
	if err != nil {
		return e, nil, err
	}
	return e, r, nil
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

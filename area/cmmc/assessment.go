package cmmc

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Form is who made an assessment.
type Form string

// The forms.
const (
	Self   Form = "self"
	C3PAO  Form = "c3pao"  // Level 2, by an accredited body
	DIBCAC Form = "dibcac" // Level 3, by the department
)

// Forms are all forms.
var Forms = []Form{Self, C3PAO, DIBCAC}

// Label is the form's name.
func (f Form) Label() text.Message {
	switch f {
	case Self:
		return text.M("Self-assessment")
	case C3PAO:
		return text.M("Assessment by a C3PAO")
	case DIBCAC:
		return text.M("Assessment by the DIBCAC")
	}
	return text.Literal(string(f))
}

// Assessment is how an enclave stood on a day by assessors' results, kept for good.
type Assessment struct {
	ID       string
	Enclave  string
	Form     Form
	Level    int
	Day      time.Time
	Content  []byte // a file of `yagura cmmc score`
	SHA256   string
	Low      int
	High     int
	Status   score.Status
	Assessor string // as written
	By       string
	At       time.Time
	// Fits tells whether the content has its hash, and the ledger the same.
	Fits   bool
	Sealed int64 // the ledger's position; 0 while it is not sealed yet
}

const assessmentColumns = "id, enclave, kind, level, day, content, sha256, low, high, status, assessor, actor, at"

func readAssessment(r store.Scanner) (a Assessment, err error) {
	var day, at int64
	var content string
	err = r.Scan(&a.ID, &a.Enclave, &a.Form, &a.Level, &day, &content, &a.SHA256, &a.Low, &a.High, &a.Status, &a.Assessor, &a.By, &at)
	a.Day, a.At, a.Content = store.Time(day), store.Time(at), []byte(content)
	return a, err
}

// Seal keeps how an enclave stands by assessors' results, for good. Signals have no
// part in it. The ledger's record carries its hash and so signs it.
func (s *Service) Seal(ctx context.Context, by authz.Actor, enclave string, form Form, assessor string) (a Assessment, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error { a, err = s.seal(tx, by, enclave, form, assessor); return err })
	return a, err
}

func (s *Service) seal(tx *store.Tx, by authz.Actor, enclave string, form Form, assessor string) (a Assessment, err error) {
	sys, err := openEnclave(tx, by, enclave)
	if err != nil {
		return a, err
	}
	if err := by.May(Manage, sys.Unit); err != nil {
		return a, err
	}
	assessor = strings.TrimSpace(assessor)
	var wrong fields
	wrong.add(!slices.Contains(Forms, form), fault.F("form", "There is no such choice"))
	wrong.add(form == C3PAO && sys.Level != 2, fault.F("form", "A C3PAO assesses Level 2"))
	wrong.add(form == DIBCAC && sys.Level != 3, fault.F("form", "The DIBCAC assesses Level 3"))
	wrong.add(form != Self && assessor == "", fault.F("assessor", "Say who assessed"))
	if err := wrong.err(); err != nil {
		return a, err
	}
	if sys.SSP == nil {
		return a, fault.Conflict("Without a system security plan there is no assessment (%s)", catalog.Clause("ssp"))
	}
	content, err := s.export(tx, by, sys, false, false)
	if err != nil {
		return a, err
	}
	p, err := s.picture(tx, by, sys, only{sys.ID, -1})
	if err != nil {
		return a, err
	}
	r := p.assessment(false).Score(sys.Level)
	sum := sha256.Sum256(content)
	number, err := tx.Number("CMA")
	if err != nil {
		return a, err
	}
	a = Assessment{ID: number, Enclave: sys.ID, Form: form, Level: sys.Level, Day: dayOf(tx.Now), Content: content, SHA256: hex.EncodeToString(sum[:]), Status: r.Status,
		Assessor: assessor, By: by.Who(), At: tx.Now, Fits: true}
	if r.Low != nil {
		a.Low, a.High = *r.Low, *r.High
	}
	if _, err := tx.Exec("INSERT INTO cmmc_assessment ("+assessmentColumns+") VALUES ("+marks(1, 13)+")", a.ID, a.Enclave, string(a.Form), a.Level, store.Millis(a.Day),
		string(content), a.SHA256, a.Low, a.High, string(a.Status), a.Assessor, a.By, store.Millis(a.At)); err != nil {
		return a, err
	}
	if err := note(tx, by, Change{System: sys.ID, Objective: -1, Kind: "assessment", Now: string(a.Status), Ref: a.ID}); err != nil {
		return a, err
	}
	return a, tx.Record(by, fact.CMMCAssessmentSealed{Assessment: a.ID, Enclave: sys.ID, Unit: sys.Unit, Form: string(form), Level: a.Level, Day: a.Day, SHA256: a.SHA256,
		Low: a.Low, High: a.High, Status: string(a.Status)})
}

// proved tells whether an assessment still is what was sealed: its content has its
// hash, and the ledger recorded the same.
func proved(tx *store.Tx, a *Assessment) error {
	sum := sha256.Sum256(a.Content)
	entries, err := ledger.History(tx, authz.Everything(), a.Enclave)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var f fact.CMMCAssessmentSealed
		if e.Kind != f.Heading().Kind {
			continue
		}
		if err := e.Into(&f); err != nil {
			return err
		}
		if f.Assessment == a.ID {
			a.Sealed, a.Fits = e.Pos, f.SHA256 == a.SHA256 && hex.EncodeToString(sum[:]) == a.SHA256
		}
	}
	return nil
}

// Assessments are those of an enclave, the latest first, without their content.
func (s *Service) Assessments(ctx context.Context, by authz.Actor, enclave string) (list []Assessment, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := openEnclave(tx, by, enclave); err != nil {
			return err
		}
		if list, err = store.Rows(tx, readAssessment, "SELECT "+assessmentColumns+" FROM cmmc_assessment WHERE enclave = $1 ORDER BY at DESC, id DESC", enclave); err != nil {
			return err
		}
		for i := range list {
			if err := proved(tx, &list[i]); err != nil {
				return err
			}
			list[i].Content = nil
		}
		return nil
	})
	return list, err
}

// Assessment is one that was sealed, with its content and whether it is still that.
func (s *Service) Assessment(ctx context.Context, by authz.Actor, number string) (a Assessment, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if a, err = findAssessment(tx, by, number); err != nil {
			return err
		}
		return proved(tx, &a)
	})
	return a, err
}

func findAssessment(tx *store.Tx, by authz.Actor, number string) (Assessment, error) {
	a, err := readAssessment(tx.QueryRow("SELECT "+assessmentColumns+" FROM cmmc_assessment WHERE id = $1", number))
	if err == nil {
		_, err = openEnclave(tx, by, a.Enclave)
	}
	if errors.Is(err, sql.ErrNoRows) || fault.Is(err, fault.KindNotFound) {
		return Assessment{}, fault.NotFound("There is no such assessment, or you may not see it")
	}
	return a, err
}

// Finding is what an assessor found wanting.
type Finding struct {
	ID         string
	Assessment string
	Enclave    string
	Objective  int
	Text       string
	Due        time.Time
	By         string
	At         time.Time
	Closed     time.Time
	Closer     string
	Answer     string
}

func findings(tx *store.Tx, enclave string) ([]Finding, error) {
	return store.Rows(tx, func(r store.Scanner) (f Finding, err error) {
		var due, at, closed int64
		err = r.Scan(&f.ID, &f.Assessment, &f.Enclave, &f.Objective, &f.Text, &due, &f.By, &at, &closed, &f.Closer, &f.Answer)
		f.Due, f.At, f.Closed = store.Time(due), store.Time(at), store.Time(closed)
		return f, err
	}, "SELECT id, assessment, enclave, objective, finding, due, actor, at, closed, closer, answer FROM cmmc_finding WHERE enclave = $1 ORDER BY closed, due, at, id", enclave)
}

// Findings are those of an enclave, open ones first.
func (s *Service) Findings(ctx context.Context, by authz.Actor, enclave string) (list []Finding, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := openEnclave(tx, by, enclave); err != nil {
			return err
		}
		list, err = findings(tx, enclave)
		return err
	})
	return list, err
}

// Find enters what an assessor found wanting.
func (s *Service) Find(ctx context.Context, by authz.Actor, f Finding) (string, error) {
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		a, err := findAssessment(tx, by, f.Assessment)
		if err != nil {
			return err
		}
		sys, err := working(tx, by, Work, a.Enclave)
		if err != nil {
			return err
		}
		f.Text = strings.TrimSpace(f.Text)
		var wrong fields
		wrong.add(f.Text == "", fault.F("text", "Say what was found"))
		wrong.add(f.Objective < 0 || f.Objective >= catalog.Objectives, fault.F("objective", "There is no such objective"))
		wrong.add(!f.Due.IsZero() && f.Due.Before(a.Day), fault.F("due", "It can't be due before the assessment"))
		if err := wrong.err(); err != nil {
			return err
		}
		f.ID = id.New()
		if _, err := tx.Exec("INSERT INTO cmmc_finding (id, assessment, enclave, objective, finding, due, actor, at) VALUES ("+marks(1, 8)+")",
			f.ID, a.ID, sys.ID, f.Objective, f.Text, store.Millis(f.Due), by.Who(), tx.Millis()); err != nil {
			return err
		}
		if err := note(tx, by, Change{System: sys.ID, Objective: f.Objective, Kind: "finding", Now: "open", Ref: f.ID}); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCFindingMade{Finding: f.ID, Assessment: a.ID, Enclave: sys.ID, Unit: sys.Unit, Objective: catalog.Name(f.Objective)})
	})
	return f.ID, err
}

// Answer closes a finding with what was done about it.
func (s *Service) Answer(ctx context.Context, by authz.Actor, enclave, finding, answer string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := working(tx, by, Work, enclave)
		if err != nil {
			return err
		}
		list, err := findings(tx, sys.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(f Finding) bool { return f.ID == finding })
		answer = strings.TrimSpace(answer)
		switch {
		case i < 0:
			return fault.NotFound("There is no such finding here")
		case !list[i].Closed.IsZero():
			return fault.Conflict("This finding is closed")
		case answer == "":
			return fault.Invalid(fault.F("answer", "Say what was done about it"))
		}
		if _, err := tx.Exec("UPDATE cmmc_finding SET closed = $1, closer = $2, answer = $3 WHERE id = $4", tx.Millis(), by.Who(), answer, finding); err != nil {
			return err
		}
		f := list[i]
		if err := note(tx, by, Change{System: sys.ID, Objective: f.Objective, Kind: "finding", Was: "open", Now: "closed", Ref: f.ID}); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCFindingClosed{Finding: f.ID, Assessment: f.Assessment, Enclave: sys.ID, Unit: sys.Unit, Objective: catalog.Name(f.Objective)})
	})
}

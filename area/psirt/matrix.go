package psirt

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/product"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Answer is what is said of one vulnerability in one range of products. The words
// are those of CSAF (2.0, 3.2.3.9); the empty one is that nobody has said anything
// yet, which is not the same as not affected.
type Answer string

// The answers.
const (
	NoAnswer      Answer = ""
	Investigating Answer = "under_investigation"
	IsAffected    Answer = "known_affected"
	NotAffected   Answer = "known_not_affected"
	Fixed         Answer = "fixed"
)

// Answers are what can be answered.
var Answers = []Answer{IsAffected, NotAffected, Fixed, Investigating}

// Label is the word for the answer.
func (a Answer) Label() text.Message {
	switch a {
	case NoAnswer:
		return text.M("No answer yet")
	case Investigating:
		return text.M("Under investigation")
	case IsAffected:
		return text.M("Affected")
	case NotAffected:
		return text.M("Not affected")
	case Fixed:
		return text.M("Fixed§answer")
	}
	return text.Literal(string(a))
}

// Justifications are why a product is not affected (CSAF 2.0, 3.2.3.5.2).
var Justifications = []string{"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist"}

// JustificationLabel is the word for a justification.
func JustificationLabel(code string) text.Message {
	switch code {
	case "component_not_present":
		return text.M("The component is not in it")
	case "vulnerable_code_not_present":
		return text.M("The vulnerable code is not in it")
	case "vulnerable_code_not_in_execute_path":
		return text.M("The vulnerable code is never run")
	case "vulnerable_code_cannot_be_controlled_by_adversary":
		return text.M("No adversary can control the vulnerable code")
	case "inline_mitigations_already_exist":
		return text.M("It is protected already")
	}
	return text.Literal(code)
}

// RangeRow is a row of the matrix: a range of products that may be concerned.
type RangeRow struct {
	ID      string
	Range   product.Range
	Label   string
	LabelJA string
	Unit    string // the works that answer for it
}

// Name is the row's label in a language.
func (r RangeRow) Name(lang text.Lang) string {
	if lang == text.JA && r.LabelJA != "" {
		return r.LabelJA
	}
	return r.Label
}

func readRange(r store.Scanner) (x RangeRow, err error) {
	var raw string
	if err = r.Scan(&x.ID, &raw, &x.Label, &x.LabelJA, &x.Unit); err == nil {
		err = json.Unmarshal([]byte(raw), &x.Range)
	}
	return x, err
}

func ranges(tx *store.Tx, caseID string) ([]RangeRow, error) {
	return store.Rows(tx, readRange, "SELECT id, range, label, label_ja, unit FROM psirt_case_range WHERE case_id = $1 ORDER BY label, id", caseID)
}

// Cell is where a vulnerability and a range meet.
type Cell struct {
	Vulnerability string
	Range         string
	Answer        Answer
	Justification string
	Note          string // evidence, or the impact in words
	Answered      time.Time
	By            string
	Asked         time.Time // zero: nobody was asked
	AskedUnit     string    // who is asked now
	Step          int       // how often the question climbed
	Due           time.Time
}

// Overdue tells whether an answer is late.
func (c Cell) Overdue(now time.Time) bool {
	return c.Answer == NoAnswer && !c.Asked.IsZero() && now.After(c.Due)
}

func readCell(r store.Scanner) (c Cell, err error) {
	var answered, asked, due int64
	err = r.Scan(&c.Vulnerability, &c.Range, &c.Answer, &c.Justification, &c.Note, &answered, &c.By, &asked, &c.AskedUnit, &c.Step, &due)
	c.Answered, c.Asked, c.Due = store.Time(answered), store.Time(asked), store.Time(due)
	return c, err
}

const cellColumns = "k.vulnerability, k.range_id, k.status, k.justification, k.note, k.answered, k.answered_by, k.asked, k.asked_unit, k.step, k.due"

func cells(tx *store.Tx, caseID string) ([]Cell, error) {
	return store.Rows(tx, readCell, "SELECT "+cellColumns+" FROM psirt_case_cell k WHERE k.case_id = $1", caseID)
}

// fillMatrix makes the cells that are not there yet.
func fillMatrix(tx *store.Tx, caseID string) error {
	_, err := tx.Exec(`INSERT INTO psirt_case_cell (case_id, vulnerability, range_id)
		SELECT v.case_id, v.id, r.id FROM psirt_case_vulnerability v JOIN psirt_case_range r ON r.case_id = v.case_id WHERE v.case_id = $1
		ON CONFLICT DO NOTHING`, caseID)
	return err
}

// AddRange adds a range of products that may be concerned. What it is called and
// whose works answer for it comes from the registry.
func (s *Service) AddRange(ctx context.Context, by authz.Actor, caseID string, r product.Range) (row RangeRow, err error) {
	err = s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if row, err = nameRange(tx, r); err != nil {
			return err
		}
		have, err := ranges(tx, c.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, func(x RangeRow) bool { return x.Range.Key() == r.Key() }) {
			return fault.Invalid(fault.F("product", "This range is in the matrix already"))
		}
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		row.ID = id.New()
		if _, err := tx.Exec("INSERT INTO psirt_case_range (id, case_id, product, range, label, label_ja, unit, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			row.ID, c.ID, r.Product, string(raw), row.Label, row.LabelJA, row.Unit, tx.Millis()); err != nil {
			return err
		}
		if _, err := write(tx, by, c, Entry{Kind: Changed, About: row.ID, Data: "range-added", Body: row.Label}); err != nil {
			return err
		}
		if c.Unit == "" {
			c.Unit = row.Unit
		}
		return fillMatrix(tx, c.ID)
	})
	return row, err
}

// name checks a range against the registry and gives it its words.
func nameRange(tx *store.Tx, r product.Range) (RangeRow, error) {
	row := RangeRow{Range: r}
	bad := func(err error) error {
		if m := fault.MessageOf(err); !m.IsZero() {
			return &fault.Error{Kind: fault.KindInvalid, Message: text.M("Some entries need to be corrected"), Fields: []fault.Field{{Name: "product", Message: m}}}
		}
		return err
	}
	entries, err := entriesOf(tx, r.Product)
	if err != nil {
		return row, err
	}
	if len(entries) == 0 {
		return row, fault.Invalid(fault.F("product", "There is no such product in the registry"))
	}
	cat, err := catalog(tx, r.Product)
	if err != nil {
		return row, err
	}
	p := entries[0]
	if _, err := cat.Tree([]product.Range{r}, text.EN); err != nil {
		return row, bad(err)
	}
	what := ""
	if m, ok := p.Model(r.Model); ok {
		what = m.Number
		if h, ok := m.Revision(r.Hardware); ok {
			what += " " + h.Name
		}
	} else if r.Pattern != "" {
		what = r.Pattern
	}
	versions := ""
	if !r.All() {
		versions = r.Text(p.Scheme)
	}
	for _, part := range []string{versions, r.Serials.Words()} {
		if part != "" {
			what = strings.TrimSpace(what + " " + part)
		}
	}
	row.Label, row.LabelJA = strings.TrimSpace(p.Label(text.EN)+" "+what), strings.TrimSpace(p.Label(text.JA)+" "+what)
	row.Unit = p.Unit
	return row, nil
}

// DropRange takes a range out that nobody has answered for.
func (s *Service) DropRange(ctx context.Context, by authz.Actor, caseID, row string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		var label string
		if err := tx.QueryRow("SELECT label FROM psirt_case_range WHERE id = $1 AND case_id = $2", row, c.ID).Scan(&label); errors.Is(err, sql.ErrNoRows) {
			return missing()
		} else if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case_cell WHERE range_id = $1 AND status <> ''", row).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fault.Conflict("This range was answered for: it stays in the matrix")
		}
		for _, q := range []string{"DELETE FROM psirt_case_cell WHERE range_id = $1", "DELETE FROM psirt_case_range WHERE id = $1"} {
			if _, err := tx.Exec(q, row); err != nil {
				return err
			}
		}
		_, err := write(tx, by, c, Entry{Kind: Changed, About: row, Data: "range-dropped", Body: label})
		return err
	})
}

// Assessment is an answer to be given.
type Assessment struct {
	Vulnerability, Range string
	Answer               Answer
	Justification        string
	Note                 string
}

// Assess answers for a cell: whoever handles the case, or the works that were asked
// for their own products.
func (s *Service) Assess(ctx context.Context, by authz.Actor, caseID string, a Assessment) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		v, err := open(tx, by, caseID)
		if err != nil {
			return err
		}
		rows, err := ranges(tx, v.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r RangeRow) bool { return r.ID == a.Range })
		if i < 0 {
			return missing()
		}
		if err := s.mayAssess(tx, by, v, rows[i]); err != nil {
			return err
		}
		if wrong := a.check(); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		n, err := tx.Exec(`UPDATE psirt_case_cell SET status = $1, justification = $2, note = $3, answered = $4, answered_by = $5
			WHERE vulnerability = $6 AND range_id = $7 AND case_id = $8`, string(a.Answer), a.Justification, a.Note, tx.Millis(), by.Who(), a.Vulnerability, a.Range, v.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing()
		}
		if _, err := write(tx, by, &v.Case, Entry{Kind: Answered, About: a.Vulnerability, Data: string(a.Answer), Body: rows[i].Label + "\n" + a.Note}); err != nil {
			return err
		}
		who, err := members(tx, v.ID)
		if err != nil {
			return err
		}
		who = slices.DeleteFunc(who, func(p string) bool { return p == by.Person })
		if v.part == Works {
			if err := s.tell(tx, &v.Case, who, "answered:"+a.Vulnerability+":"+a.Range+":"+tx.Now.Format(time.RFC3339), text.M("A case of the PSIRT has an answer of works"), false); err != nil {
				return err
			}
		}
		return s.settle(tx, &v.Case)
	})
}

// mayAssess is the rule of answering.
func (s *Service) mayAssess(tx *store.Tx, by authz.Actor, v view, row RangeRow) error {
	if by.IsSystem() || v.part == Member && by.CanAnywhere(Handle) {
		return nil
	}
	for _, upper := range v.units {
		covers, err := s.covers(tx, upper, row.Unit)
		if err != nil {
			return err
		}
		if covers {
			return by.May(Assess, row.Unit)
		}
	}
	return missing()
}

// covers tells whether a unit is another or stands above it.
func (s *Service) covers(tx *store.Tx, upper, unit string) (bool, error) {
	if upper == "" || unit == "" || s.p.Directory == nil {
		return false, nil
	}
	units, err := s.p.Directory.Units(tx)
	if err != nil {
		return false, err
	}
	a, _, ok1 := units.Paths(upper)
	b, _, ok2 := units.Paths(unit)
	return ok1 && ok2 && strings.HasPrefix(b, a), nil
}

func (a *Assessment) check() (wrong []fault.Field) {
	a.Note = strings.TrimSpace(a.Note)
	if !slices.Contains(Answers, a.Answer) {
		wrong = append(wrong, fault.F("answer", "Choose an answer"))
	}
	if len([]rune(a.Note)) > 10_000 {
		wrong = append(wrong, fault.F("note", "At most %d characters", 10_000))
	}
	if a.Answer != NotAffected {
		a.Justification = ""
		return wrong
	}
	if a.Justification != "" && !slices.Contains(Justifications, a.Justification) {
		wrong = append(wrong, fault.F("justification", "Choose one of the reasons"))
	}
	if a.Justification == "" && a.Note == "" {
		wrong = append(wrong, fault.F("justification", "Say why it is not affected: by one of the reasons, or in words"))
	}
	return wrong
}

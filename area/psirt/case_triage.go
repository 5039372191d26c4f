package psirt

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Triage is what somebody found a report to be.
type Triage struct {
	Outcome State
	Other   string // of a duplicate: the number of the other case; of another CNA's: whose
	Reason  string
	Unit    string // accepted: the works that answer for the product
}

// Triage decides what a report is. One about a website goes to the CSIRT.
func (s *Service) Triage(ctx context.Context, by authz.Actor, caseID string, t Triage) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if c.State != Received && c.State != Acknowledged {
			return fault.Conflict("This case is triaged already")
		}
		t.Reason, t.Other = strings.TrimSpace(t.Reason), strings.TrimSpace(t.Other)
		var wrong []fault.Field
		if !slices.Contains(Outcomes, t.Outcome) {
			wrong = append(wrong, fault.F("outcome", "Choose what it is"))
		}
		if t.Reason == "" && t.Outcome != Accepted {
			wrong = append(wrong, fault.F("reason", "Say why: the finder will ask"))
		}
		if t.Other == "" && t.Outcome == OtherCNA {
			wrong = append(wrong, fault.F("other", "Name the CNA that answers for it"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if t.Outcome == Duplicate {
			where, args := visible(by, 2)
			same, err := store.Texts(tx, "SELECT c.id FROM psirt_case c WHERE c.number = $1 AND "+where, append([]any{t.Other}, args...)...)
			if err != nil {
				return err
			}
			if len(same) == 0 || same[0] == c.ID {
				return fault.Invalid(fault.F("other", "There is no such other case"))
			}
		}
		if t.Unit != "" {
			if err := knownUnit(tx, t.Unit); err != nil {
				return err
			}
			c.Unit = t.Unit
		}
		if _, err := write(tx, by, c, Entry{Kind: Triaged, Data: string(t.Outcome), About: t.Other, Body: t.Reason}); err != nil {
			return err
		}
		switch t.Outcome {
		case Website:
			return s.handOver(tx, by, c)
		case Accepted:
			return s.askPlants(tx, by, c)
		}
		return nil
	})
}

// UndoTriage takes a decision back: the report is looked at again.
func (s *Service) UndoTriage(ctx context.Context, by authz.Actor, caseID, reason string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if c.State != Accepted && (c.Open || c.State == Closed) {
			return fault.Conflict("Work on it has begun: close the case instead")
		}
		if reason = strings.TrimSpace(reason); reason == "" {
			return fault.Invalid(fault.F("reason", "Say why"))
		}
		_, err := write(tx, by, c, Entry{Kind: TriageUndone, Body: reason})
		return err
	})
}

// handOver gives a report about a website to the CSIRT. What it says travels veiled:
// the ledger has more readers than the report may have.
func (s *Service) handOver(tx *store.Tx, by authz.Actor, c *Case) error {
	all, err := reports(tx, "case_id = $1", c.ID)
	if err != nil {
		return err
	}
	said := c.Title
	for _, r := range all {
		said += "\n\n" + r.Description
	}
	f := fact.PsirtHandedOver{Case: c.ID, Unit: c.Unit}
	if f.Title, err = tx.Veil(fact.PsirtHandedOverSubject(c.ID), c.Title); err != nil {
		return err
	}
	if f.Description, err = tx.Veil(fact.PsirtHandedOverSubject(c.ID), said); err != nil {
		return err
	}
	return tx.Record(by, f)
}

// askPlants asks which plants of the group run what the case is about, and notes
// the answer, be it that nobody knows.
func (s *Service) askPlants(tx *store.Tx, by authz.Actor, c *Case) error {
	known := false
	var plants []Plant
	if s.p.Plants != nil {
		ids, err := store.Texts(tx, "SELECT DISTINCT product FROM psirt_case_range WHERE case_id = $1 ORDER BY product", c.ID)
		if err != nil {
			return err
		}
		if plants, known, err = s.p.Plants.Running(tx, ids); err != nil {
			return err
		}
	}
	e := Entry{Kind: PlantsAsked, Data: "not-known"}
	if known {
		var lines []string
		for _, p := range plants {
			lines = append(lines, p.Unit+" "+p.What)
		}
		e.Data, e.Body = "known", strings.Join(lines, "\n")
	}
	_, err := write(tx, by, c, e)
	return err
}

// AskPlants asks again, when products were added.
func (s *Service) AskPlants(ctx context.Context, by authz.Actor, caseID string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error { return s.askPlants(tx, by, c) })
}

// OfferInstruction offers the division a draft of an instruction to the units: do
// something about this product. Under embargo only a case that is urgent may.
func (s *Service) OfferInstruction(ctx context.Context, by authz.Actor, caseID string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if c.Restricted && !c.Urgent {
			return fault.Conflict("Under embargo an instruction is offered for an urgent case only")
		}
		return s.offer(tx, by, c)
	})
}

func (s *Service) offer(tx *store.Tx, by authz.Actor, c *Case) error {
	f := fact.PsirtInstructionOffered{Case: c.ID, Restricted: c.Restricted, Urgent: c.Urgent}
	if !c.Restricted {
		var err error
		if f.IDs, err = store.Texts(tx, "SELECT cve FROM psirt_case_vulnerability WHERE case_id = $1 AND cve <> '' ORDER BY cve", c.ID); err != nil {
			return err
		}
		if f.Products, err = store.Texts(tx, "SELECT DISTINCT product FROM psirt_case_range WHERE case_id = $1 ORDER BY product", c.ID); err != nil {
			return err
		}
	}
	if _, err := write(tx, by, c, Entry{Kind: Note, Data: "instruction-offered"}); err != nil {
		return err
	}
	return tx.Record(by, f)
}

func knownUnit(tx *store.Tx, unit string) error {
	var n int
	if err := tx.QueryRow("SELECT COUNT(*) FROM authz_unit WHERE id = $1", unit).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	return nil
}

// Likeness is how much another case is like one.
type Likeness struct {
	Case  Case
	Score float64 // 0…1
	Why   text.Message
}

// words are what a text is about: words of three letters and more, and pairs of
// letters of Japanese.
func wordsOf(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.FieldsFunc(lower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' }) {
		r := []rune(w)
		if len(r) > 0 && r[0] >= 0x3040 {
			for i := 0; i+1 < len(r); i++ {
				set[string(r[i:i+2])] = true
			}
			continue
		}
		if len(r) >= 3 && !common[w] {
			set[w] = true
		}
	}
	return set
}

var common = map[string]bool{"the": true, "and": true, "that": true, "this": true, "with": true, "from": true, "for": true, "can": true, "are": true, "was": true,
	"which": true, "when": true, "not": true, "has": true, "have": true, "via": true, "vulnerability": true, "attacker": true, "allows": true, "remote": true}

// alike is how much two sets of words have in common (Jaccard), with rarer words not
// told from common ones: the cases of one PSIRT are too few to count.
func alike(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// leastLike is the likeness from which another case is worth a look.
const leastLike = 0.12

// Similar are the cases that may be about the same, among those the actor may see,
// the likest first.
func (s *Service) Similar(ctx context.Context, by authz.Actor, caseID string) (found []Likeness, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found = nil
		if _, err := open(tx, by, caseID); err != nil {
			return err
		}
		where, args := visible(by, 1)
		cases, err := store.Rows(tx, readCase, "SELECT "+caseColumns+" FROM psirt_case c WHERE "+where+" ORDER BY c.opened DESC LIMIT 2000", args...)
		if err != nil {
			return err
		}
		said := map[string]string{}
		type row struct{ id, text string }
		rows, err := store.Rows(tx, func(r store.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.text) },
			`SELECT r.case_id, r.product || ' ' || r.description FROM psirt_case_report r JOIN psirt_case c ON c.id = r.case_id WHERE `+where, args...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			said[r.id] += " " + r.text
		}
		var mine map[string]bool
		for _, c := range cases {
			if c.ID == caseID {
				mine = wordsOf(c.Title + " " + said[c.ID])
			}
		}
		for _, c := range cases {
			if c.ID == caseID {
				continue
			}
			if score := alike(mine, wordsOf(c.Title+" "+said[c.ID])); score >= leastLike {
				found = append(found, Likeness{Case: c, Score: score})
			}
		}
		sort.SliceStable(found, func(i, j int) bool { return found[i].Score > found[j].Score })
		found = found[:min(len(found), 8)]
		return nil
	})
	return found, err
}

// EditCase is what of a case somebody may change.
type EditCase struct {
	Title, Summary, TLP, Unit, Lead string
}

// Change changes what a case is called and who leads it.
func (s *Service) Change(ctx context.Context, by authz.Actor, caseID string, version int64, e EditCase) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if err := c.fresh(version); err != nil {
			return err
		}
		e.Title = strings.Join(strings.Fields(e.Title), " ")
		var wrong []fault.Field
		if e.Title == "" || len([]rune(e.Title)) > longestTitle {
			wrong = append(wrong, fault.F("title", "A title has at least one and at most %d characters", longestTitle))
		}
		if !slices.Contains(TLPs, e.TLP) {
			wrong = append(wrong, fault.F("tlp", "Choose one of the marks of TLP 2.0"))
		}
		if len([]rune(e.Summary)) > longestText {
			wrong = append(wrong, fault.F("summary", "At most %d characters", longestText))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if e.Unit != "" {
			if err := knownUnit(tx, e.Unit); err != nil {
				return err
			}
		}
		if e.Lead != "" && e.Lead != c.Lead {
			who, err := members(tx, c.ID)
			if err != nil {
				return err
			}
			if !slices.Contains(who, e.Lead) {
				return fault.Invalid(fault.F("lead", "Who leads a case is on its list"))
			}
		}
		var fields []string
		for name, pair := range map[string][2]string{"title": {c.Title, e.Title}, "summary": {c.Summary, e.Summary}, "tlp": {c.TLP, e.TLP}, "unit": {c.Unit, e.Unit}, "lead": {c.Lead, e.Lead}} {
			if pair[0] != pair[1] {
				fields = append(fields, name)
			}
		}
		if len(fields) == 0 {
			return nil
		}
		slices.Sort(fields)
		c.Title, c.Summary, c.TLP, c.Unit, c.Lead = e.Title, strings.TrimSpace(e.Summary), e.TLP, e.Unit, e.Lead
		_, err := write(tx, by, c, Entry{Kind: Changed, Data: strings.Join(fields, " ")})
		return err
	})
}

// Noting writes a remark into the log.
func (s *Service) Noting(ctx context.Context, by authz.Actor, caseID, body string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if body = strings.TrimSpace(body); body == "" || len([]rune(body)) > longestText {
			return fault.Invalid(fault.F("body", "Write something, at most %d characters", longestText))
		}
		_, err := write(tx, by, c, Entry{Kind: Note, Body: body})
		return err
	})
}

// Close ends the work on a case, or takes it up again.
func (s *Service) Close(ctx context.Context, by authz.Actor, caseID, reason string, reopen bool) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if reason = strings.TrimSpace(reason); reason == "" {
			return fault.Invalid(fault.F("reason", "Say why"))
		}
		if (c.State == Closed) != reopen {
			return fault.Conflict("This case is not in a state that allows this")
		}
		kind := WasClosed
		if reopen {
			kind = Reopened
		}
		_, err := write(tx, by, c, Entry{Kind: kind, Body: reason})
		return err
	})
}

// when is a moment that somebody names, or now.
func when(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

package org

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// ImportKind is what a file holds.
type ImportKind string

// The kinds of files.
const (
	UnitsFile   ImportKind = "units"
	PeopleFile  ImportKind = "people"
	TeamsFile   ImportKind = "teams"
	OfficesFile ImportKind = "offices"
	DaysFile    ImportKind = "days"
)

// ImportKinds are all kinds in the order in which one fills an empty product.
var ImportKinds = []ImportKind{UnitsFile, PeopleFile, TeamsFile, OfficesFile, DaysFile}

// Label is the kind's name.
func (k ImportKind) Label() text.Message {
	switch k {
	case UnitsFile:
		return text.M("Units§org")
	case PeopleFile:
		return text.M("People§org")
	case TeamsFile:
		return text.M("Teams§org")
	case OfficesFile:
		return text.M("Offices§org")
	case DaysFile:
		return text.M("Special days of calendars")
	}
	return text.Literal(string(k))
}

// Columns are the headings of a file of the kind, in the order of exports.
func (k ImportKind) Columns() []string {
	switch k {
	case UnitsFile:
		return []string{"id", "kind", "name", "name_ja", "parent", "region", "country", "language", "zone", "calendar", "retired"}
	case PeopleFile:
		return []string{"id", "name", "name_ja", "email", "phone", "unit", "language", "zone", "left"}
	case TeamsFile:
		return []string{"id", "kind", "name", "name_ja", "unit", "email", "phone", "lead", "members", "zone", "rota", "anchor", "handover", "days", "disbanded"}
	case OfficesFile:
		return []string{"person", "office", "unit", "title", "title_ja", "from", "until"}
	case DaysFile:
		return []string{"calendar", "day", "working", "name", "name_ja"}
	}
	return nil
}

func (k ImportKind) must() []string {
	switch k {
	case OfficesFile:
		return []string{"person", "office", "unit", "from"}
	case DaysFile:
		return []string{"calendar", "day"}
	}
	return []string{"id"}
}

// Step is one thing that an import adds or changes.
type Step struct {
	Line    int      `json:"line"`
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	NameJA  string   `json:"name_ja,omitempty"`
	New     bool     `json:"new"`
	Changes []Change `json:"changes,omitempty"`
}

// Preview is what an import would do. Steps and wrong lines are the first ones;
// the counts are of all.
type Preview struct {
	Kind       ImportKind `json:"kind"`
	Encoding   string     `json:"encoding"`
	Rows       int        `json:"rows"`
	Added      int        `json:"added"`
	Changed    int        `json:"changed"`
	Unchanged  int        `json:"unchanged"`
	WrongCount int        `json:"wrong_count"`
	Steps      []Step     `json:"steps"`
	Wrong      []Wrong    `json:"wrong"`
}

// Shown is how many steps and wrong lines a preview lists.
const Shown = 300

// work is an import worked out: what to write, and what to show.
type work struct {
	Preview
	units   []unitStep
	people  []personStep
	teams   []teamStep
	offices []officeStep
	days    []dayStep
}

func (w *work) blame(line int, fields ...fault.Field) {
	for _, f := range fields {
		w.wrong(Wrong{line, f.Name, f.Message})
	}
}

func (w *work) wrong(list ...Wrong) {
	w.WrongCount += len(list)
	w.Wrong = append(w.Wrong, list[:min(len(list), max(0, Shown-len(w.Wrong)))]...)
}

func (w *work) step(st Step) {
	if st.New {
		w.Added++
	} else {
		w.Changed++
	}
	if len(w.Steps) < Shown {
		w.Steps = append(w.Steps, st)
	}
}

// digest stands for the import and the state it was worked out from: all that
// would be written, with what is there before.
func (w *work) digest() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	type pair struct{ Old, New any }
	for _, s := range w.units {
		e.Encode(pair{s.old, s.new})
	}
	for _, s := range w.people {
		e.Encode(pair{s.old, s.new})
	}
	for _, s := range w.teams {
		e.Encode(pair{teamState(s.old), teamState(s.new)})
	}
	for _, s := range w.offices {
		e.Encode(pair{s.old, s.new})
	}
	for _, s := range w.days {
		e.Encode(pair{s.old, s.new})
	}
	e.Encode(w.WrongCount)
	return hex.EncodeToString(h.Sum(nil))
}

func teamState(t Team) Team {
	t.Plan.Zone, t.Plan.Standins = nil, nil
	return t
}

// pending stands for the time of applying in what is worked out beforehand.
var pending = time.UnixMilli(1).UTC()

// plan works an import out against the state of the transaction.
func (s *Service) plan(tx *store.Tx, by authz.Actor, kind ImportKind, file []byte) (*work, error) {
	w := &work{Preview: Preview{Kind: kind}}
	sh, wrong, err := readSheet(file, kind.Columns(), kind.must())
	if err != nil {
		return nil, err
	}
	w.Encoding, w.Rows = sh.encoding, len(sh.rows)
	w.wrong(wrong...)
	switch kind {
	case UnitsFile:
		err = w.planUnits(tx, by, sh)
	case PeopleFile:
		err = w.planPeople(tx, by, sh)
	case TeamsFile:
		err = w.planTeams(tx, by, sh)
	case OfficesFile:
		err = w.planOffices(tx, by, sh)
	case DaysFile:
		err = w.planDays(tx, by, sh)
	default:
		err = fault.Invalid(fault.F("kind", "There is no such choice"))
	}
	slices.SortStableFunc(w.Wrong, func(a, b Wrong) int { return a.Line - b.Line })
	return w, err
}

// cells reads the cells of a line into fields; columns that the file does not
// have leave theirs as they are.
func (s *sheet) cells(r sheetRow, into map[string]*string) {
	for column, field := range into {
		if v, ok := s.get(r, column); ok {
			*field = v
		}
	}
}

// ended reads a yes-or-no column that ends a thing or brings it back.
func (w *work) ended(s *sheet, r sheetRow, column string, at *time.Time) {
	v, ok := s.get(r, column)
	if !ok {
		return
	}
	end, ok := yes(v)
	switch {
	case !ok:
		w.wrong(Wrong{r.line, column, text.M("Enter yes or no")})
	case end && at.IsZero():
		*at = pending
	case !end:
		*at = time.Time{}
	}
}

// twice complains of ids that stand on two lines.
type once map[string]int

func (o once) twice(w *work, id string, line int) bool {
	if before, ok := o[id]; ok {
		w.wrong(Wrong{line, "id", text.M("%s stands on line %d already", id, before)})
		return true
	}
	o[id] = line
	return false
}

func (w *work) planTeams(tx *store.Tx, by authz.Actor, sh *sheet) error {
	existing, err := teams(tx, "1=1")
	if err != nil {
		return err
	}
	byID := make(map[string]Team, len(existing))
	for _, t := range existing {
		byID[t.ID] = t
	}
	units, err := allUnits(tx)
	if err != nil {
		return err
	}
	seen := once{}
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		if seen.twice(w, id, r.line) {
			continue
		}
		old, exists := byID[id]
		if exists && !by.Can(Manage, old.Unit) {
			w.blame(r.line, hidden(by, old.Unit)...)
			continue
		}
		t := old
		t.ID = id
		var kind, members, rota, days string
		kind, days = string(t.Kind), strconv.Itoa(max(t.Plan.Days, 0))
		members, rota = list(t.Members), list(t.Plan.Order)
		sh.cells(r, map[string]*string{"kind": &kind, "name": &t.Name, "name_ja": &t.NameJA, "unit": &t.Unit, "email": &t.Email, "phone": &t.Phone,
			"lead": &t.Lead, "members": &members, "zone": &t.Zone, "rota": &rota, "anchor": &t.Plan.Anchor, "handover": &t.Plan.Handover, "days": &days})
		split := func(s string) []string {
			return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ';' || r == ',' || r == '\u3000' })
		}
		t.Kind, t.Members, t.Plan.Order = TeamKind(kind), split(members), split(rota)
		n := len(w.Wrong)
		if t.Plan.Days, err = strconv.Atoi(days); err != nil && days != "" {
			w.wrong(Wrong{r.line, "days", text.M("A whole number is needed here")})
		}
		w.ended(sh, r, "disbanded", &t.Disbanded)
		t = t.tidy()
		if t.Plan.Anchor == "" {
			t.Plan.Anchor = tx.Now.AddDate(0, 0, -((int(tx.Now.Weekday()) + 6) % 7)).Format(time.DateOnly)
		}
		var wrong []fault.Field
		if t, wrong, err = teamInput(tx, by, old, t); err != nil {
			return err
		}
		if wrong = append(wrong, unitFault(units, by, t.Unit, "unit")...); t.Unit == "" {
			wrong = append(wrong, fault.F("unit", "Choose a unit"))
		} else if len(wrong) == 0 && !by.Can(Manage, t.Unit) {
			wrong = append(wrong, fault.F("unit", "You don't manage %s", t.Unit))
		}
		w.blame(r.line, wrong...)
		if len(w.Wrong) > n {
			continue
		}
		changes := teamDiff(old, t)
		if old.Works() != t.Works() {
			changes = append(changes, Change{Field: "disbanded", From: yesNo(!old.Works()), To: yesNo(!t.Works())})
		}
		if exists && len(changes) == 0 {
			w.Unchanged++
			continue
		}
		w.teams = append(w.teams, teamStep{old, t})
		w.step(stepOf(r.line, t.ID, t.Name, t.NameJA, !exists, changes))
	}
	return nil
}

func stepOf(line int, id, name, ja string, isNew bool, changes []Change) Step {
	st := Step{Line: line, ID: id, Name: name, NameJA: ja, New: isNew}
	if !isNew {
		st.Changes = changes
	}
	return st
}

// hidden is the complaint about an id that exists and is not the actor's to
// change: where it may not be seen, no more is said than that the id is taken.
func hidden(by authz.Actor, unit string) []fault.Field {
	if by.Can(Read, unit) {
		return []fault.Field{fault.F("id", "You don't manage %s", unit)}
	}
	return []fault.Field{fault.F("id", "This id is taken; choose another§org")}
}

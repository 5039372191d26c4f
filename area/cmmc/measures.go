package cmmc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

const measureColumns = `m.id, m.ord, m.unit, m.name, m.note, m.yen, m.months, m.year, m.state, m.closes, m.partly, m.owner, m.committed, m.spent,
	m.proposed_by, m.proposed, m.approved_by, m.approved, m.moved, m.why, m.version`

func readMeasure(r store.Scanner) (m Measure, err error) {
	var closes, partly string
	var proposed, approved, moved int64
	err = r.Scan(&m.ID, &m.ord, &m.Unit, &m.Name, &m.Note, &m.Yen, &m.Months, &m.Year, &m.State, &closes, &partly, &m.Owner, &m.Committed, &m.Spent,
		&m.ProposedBy, &proposed, &m.ApprovedBy, &approved, &moved, &m.Why, &m.Version)
	m.Proposed, m.Approved, m.Moved = store.Time(proposed), store.Time(approved), store.Time(moved)
	for _, name := range strings.Fields(closes) {
		bits, _ := inherit.Named(name)
		m.Closes = m.Closes.Or(bits)
	}
	for _, name := range strings.Fields(partly) {
		if q := catalog.Find(name); q != nil {
			if mark, ok := q.Mark(); ok {
				m.Partly.Set(mark)
			}
		}
	}
	return m, err
}

func noMeasure() error {
	return fault.NotFound("There is no such measure, or you may not see it")
}

func findMeasure(tx *store.Tx, by authz.Actor, number string) (m Measure, err error) {
	m, err = readMeasure(tx.QueryRow("SELECT "+measureColumns+" FROM cmmc_measure m WHERE m.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return m, noMeasure()
	}
	if err != nil {
		return m, err
	}
	if !by.Can(Survey, m.Unit) {
		return Measure{}, noMeasure()
	}
	m.Enclaves, err = store.Texts(tx, "SELECT enclave FROM cmmc_measure_enclave WHERE measure = $1 ORDER BY enclave", m.ID)
	return m, err
}

func saveMeasure(tx *store.Tx, m *Measure) error {
	_, err := tx.Exec(`UPDATE cmmc_measure SET unit=$2, name=$3, note=$4, yen=$5, months=$6, year=$7, state=$8, closes=$9, partly=$10, objectives=$11, owner=$12,
		committed=$13, spent=$14, approved_by=$15, approved=$16, moved=$17, why=$18, version=version+1 WHERE id=$1`,
		m.ID, m.Unit, m.Name, m.Note, m.Yen, m.Months, m.Year, string(m.State), strings.Join(m.Objectives(), " "), strings.Join(m.Partial(), " "), m.Closes.Count(), m.Owner,
		m.Committed, m.Spent, m.ApprovedBy, store.Millis(m.Approved), store.Millis(m.Moved), m.Why)
	m.Version++
	return err
}

func saveMeasureEnclaves(tx *store.Tx, m Measure) error {
	if _, err := tx.Exec("DELETE FROM cmmc_measure_enclave WHERE measure = $1", m.ID); err != nil {
		return err
	}
	for _, e := range m.Enclaves {
		if _, err := tx.Exec("INSERT INTO cmmc_measure_enclave (measure, enclave) VALUES ($1,$2)", m.ID, e); err != nil {
			return err
		}
	}
	return nil
}

func (m Measure) told(act string) fact.CMMCMeasure {
	return fact.CMMCMeasure{ID: m.ID, Unit: m.Unit, Act: act, State: string(m.State), Yen: m.Yen, Months: m.Months, Year: m.Year,
		Objectives: m.Objectives(), Partial: m.Partial(), Enclaves: m.Enclaves}
}

// checkPlace refuses a measure in a unit that there is not, enclaves that the
// actor may not see or that lie elsewhere, and an owner whom nobody knows.
func checkPlace(tx *store.Tx, by authz.Actor, m Measure) error {
	var wrong []fault.Field
	units := by.Units()
	if _, ok := units.Get(m.Unit); !ok || m.Unit == "" {
		wrong = append(wrong, fault.F("unit", "Choose a unit"))
	} else {
		within, err := enclavesWithin(tx, by, m.Unit)
		if err != nil {
			return err
		}
		for _, e := range m.Enclaves {
			if !slices.Contains(within, e) {
				wrong = append(wrong, fault.F("enclaves", "There is no enclave %q in this unit", e))
			}
		}
	}
	if m.Owner != "" {
		p, err := authz.FindPerson(tx, m.Owner)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		if err != nil || !p.Active {
			wrong = append(wrong, fault.F("owner", "There is no such person"))
		}
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// enclavesWithin are the ids of the enclaves of a unit and of all below it that
// the actor may see.
func enclavesWithin(tx *store.Tx, by authz.Actor, unit string) ([]string, error) {
	where, args := by.Scope(Survey).Within(by.Units(), unit).Where("s.unit", 1)
	return store.Texts(tx, "SELECT s.id FROM cmmc_system s WHERE s.kind = 'enclave' AND "+where+" ORDER BY s.id", args...)
}

// ProposeMeasure writes a measure down. It is worth nothing until somebody else
// approves it.
func (s *Service) ProposeMeasure(ctx context.Context, by authz.Actor, d MeasureDraft) (m Measure, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		m = Measure{State: MeasureProposed, ProposedBy: by.Who(), Proposed: tx.Now, Moved: tx.Now, Version: 1}
		if err := by.May(Plan, d.Unit); err != nil {
			return err
		}
		if err := m.apply(d); err != nil {
			return err
		}
		if err := checkPlace(tx, by, m); err != nil {
			return err
		}
		if m.ID, err = tx.Number("MEA"); err != nil {
			return err
		}
		m.ord = sortable(m.ID)
		if _, err := tx.Exec(`INSERT INTO cmmc_measure (id, ord, unit, name, note, yen, months, year, state, closes, partly, objectives, owner, proposed_by, proposed, moved)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`, m.ID, m.ord, m.Unit, m.Name, m.Note, m.Yen, m.Months, m.Year, string(m.State),
			strings.Join(m.Objectives(), " "), strings.Join(m.Partial(), " "), m.Closes.Count(), m.Owner, m.ProposedBy, tx.Millis(), tx.Millis()); err != nil {
			return err
		}
		if err := saveMeasureEnclaves(tx, m); err != nil {
			return err
		}
		return tx.Record(by, m.told("proposed"))
	})
	return m, err
}

// sortable is a number in a form that sorts as people count: 2026-0418 before
// 2026-10000.
func sortable(number string) string {
	head, last := number, ""
	if at := strings.LastIndexByte(number, '-'); at >= 0 {
		head, last = number[:at], number[at+1:]
	}
	return fmt.Sprintf("%s-%010s", head, last)
}

// EditMeasure changes a measure that is not approved yet: what was approved is
// what was read.
func (s *Service) EditMeasure(ctx context.Context, by authz.Actor, number string, version int64, d MeasureDraft) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := s.measureFor(tx, by, Plan, number, version)
		if err != nil {
			return err
		}
		if m.State != MeasureProposed {
			return fault.Conflict("This cannot be done to a measure in the state “%s”", m.State.Label())
		}
		if err := by.May(Plan, d.Unit); err != nil { // it may be moved only to where one may plan
			return err
		}
		if err := m.apply(d); err != nil {
			return err
		}
		if err := checkPlace(tx, by, m); err != nil {
			return err
		}
		m.ProposedBy = by.Who() // who wrote it last is not who approves it
		if _, err := tx.Exec("UPDATE cmmc_measure SET proposed_by = $2 WHERE id = $1", m.ID, m.ProposedBy); err != nil {
			return err
		}
		if err := saveMeasure(tx, &m); err != nil {
			return err
		}
		if err := saveMeasureEnclaves(tx, m); err != nil {
			return err
		}
		return tx.Record(by, m.told("edited"))
	})
}

// measureFor loads a measure on which the actor may do the act, as he saw it.
func (s *Service) measureFor(tx *store.Tx, by authz.Actor, act authz.Act, number string, version int64) (Measure, error) {
	m, err := findMeasure(tx, by, number)
	if err != nil {
		return m, err
	}
	if err := by.May(act, m.Unit); err != nil {
		return m, err
	}
	if version != 0 && version != m.Version {
		return m, fault.Conflict("Somebody changed this measure since you opened the page")
	}
	return m, nil
}

// MoveMeasure takes a measure a step on. Money is approved by who may fund, and
// never by who proposed it.
func (s *Service) MoveMeasure(ctx context.Context, by authz.Actor, number string, version int64, step MeasureStep, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		return s.moveMeasure(tx, by, number, version, step, why)
	})
}

func (s *Service) moveMeasure(tx *store.Tx, by authz.Actor, number string, version int64, step MeasureStep, why string) error {
	act := Plan
	if step == MeasureApprove || step == MeasureReturn {
		act = Fund
	}
	m, err := s.measureFor(tx, by, act, number, version)
	if err != nil {
		return err
	}
	if err := m.move(step, why, tx.Now); err != nil {
		return err
	}
	if step == MeasureApprove {
		if err := authz.TwoPersons(m.ProposedBy, by.Who()); err != nil {
			return err
		}
		m.ApprovedBy = by.Who()
	}
	if err := saveMeasure(tx, &m); err != nil {
		return err
	}
	return tx.Record(by, m.told(measureMoves[step].act))
}

// ApproveMeasures approves several at once, all or none: the set that a plan
// came to.
func (s *Service) ApproveMeasures(ctx context.Context, by authz.Actor, numbers []string) error {
	if len(numbers) == 0 {
		return fault.Invalid(fault.F("measure", "Choose at least one measure"))
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
			if err := s.moveMeasure(tx, by, n, 0, MeasureApprove, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// EnterMoney writes down what was committed or spent for a measure.
func (s *Service) EnterMoney(ctx context.Context, by authz.Actor, number string, e Payment) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := s.measureFor(tx, by, Plan, number, 0)
		if err != nil {
			return err
		}
		e.ID, e.Measure, e.By, e.At, e.Note = id.New(), m.ID, by.Who(), tx.Now, strings.TrimSpace(e.Note)
		sum := &m.Committed
		var wrong []fault.Field
		switch e.Kind {
		case "committed":
		case "spent":
			sum = &m.Spent
		default:
			wrong = append(wrong, fault.F("kind", "Money is committed or spent"))
		}
		switch {
		case e.Yen == 0 || e.Yen > mostYen || e.Yen < -mostYen:
			wrong = append(wrong, fault.F("amount", "An amount is a whole number of yen other than 0"))
		case *sum+e.Yen < 0:
			wrong = append(wrong, fault.F("amount", "More is taken back than was entered"))
		}
		switch {
		case e.Day.IsZero():
			wrong = append(wrong, fault.F("day", "On which day?"))
		case e.Day.After(tx.Now.AddDate(0, 0, 1)): // a day further east
			wrong = append(wrong, fault.F("day", "This day is still to come"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if m.State == MeasureProposed || m.State == MeasureDropped && e.Yen > 0 && e.Kind == "committed" {
			return fault.Conflict("This cannot be done to a measure in the state “%s”", m.State.Label())
		}
		*sum += e.Yen
		if _, err := tx.Exec("INSERT INTO cmmc_money (id, measure, kind, yen, day, note, by_person, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			e.ID, e.Measure, e.Kind, e.Yen, e.Day.Format(time.DateOnly), e.Note, e.By, tx.Millis()); err != nil {
			return err
		}
		if err := saveMeasure(tx, &m); err != nil {
			return err
		}
		return tx.Record(by, fact.CMMCMoney{ID: m.ID, Unit: m.Unit, Kind: e.Kind, Yen: e.Yen, Day: e.Day})
	})
}

// MeasureFilter narrows a list of measures.
type MeasureFilter struct {
	State   string // a state, or "live"
	Unit    string
	Year    int
	Enclave string
	Text    string
	Page    keyset.Page
}

var measureSorts = keyset.Columns{
	"number": keyset.Text("m.ord"), "name": keyset.Text("m.name"), "yen": keyset.Int("m.yen"), "months": keyset.Int("m.months"), "year": keyset.Int("m.year"),
	"state": keyset.Text("m.state"), "committed": keyset.Int("m.committed"), "spent": keyset.Int("m.spent"), "objectives": keyset.Int("m.objectives"),
}

// MeasureAt is the position of a measure in a list ordered by sort.
func MeasureAt(m Measure, sort string) keyset.Position {
	switch sort {
	case "name":
		return keyset.At(m.Name, m.ord)
	case "yen":
		return keyset.At(m.Yen, m.ord)
	case "months":
		return keyset.At(m.Months, m.ord)
	case "year":
		return keyset.At(m.Year, m.ord)
	case "state":
		return keyset.At(string(m.State), m.ord)
	case "committed":
		return keyset.At(m.Committed, m.ord)
	case "spent":
		return keyset.At(m.Spent, m.ord)
	case "objectives":
		return keyset.At(m.Closes.Count(), m.ord)
	}
	return keyset.At(m.ord, m.ord)
}

// Measures is a page of the measures in the scope, and how many there are.
func (s *Service) Measures(ctx context.Context, by authz.Actor, scope authz.Scope, f MeasureFilter) (rows []Measure, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := scope.Where("m.unit", 1)
		where := []string{in}
		add := func(cond string, v any) {
			args = append(args, v)
			where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
		}
		switch f.State {
		case "":
		case "live":
			where = append(where, "m.state IN ('proposed','approved','running')")
		default:
			add("m.state = ?", f.State)
		}
		if f.Unit != "" {
			add("m.unit = ?", f.Unit)
		}
		if f.Year != 0 {
			add("m.year = ?", f.Year)
		}
		if f.Enclave != "" {
			add("EXISTS (SELECT 1 FROM cmmc_measure_enclave x WHERE x.measure = m.id AND x.enclave = ?)", f.Enclave)
		}
		if q := strings.ToLower(strings.TrimSpace(f.Text)); q != "" {
			add(`LOWER(m.id || ' ' || m.name || ' ' || m.closes) LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q)+"%")
		}
		cond := strings.Join(where, " AND ")
		if err := tx.QueryRow("SELECT COUNT(*) FROM cmmc_measure m WHERE "+cond, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(measureSorts, "m.ord", len(args)+1)
		if err != nil {
			return err
		}
		if rows, err = store.Rows(tx, readMeasure, "SELECT "+measureColumns+" FROM cmmc_measure m WHERE "+cond+" AND "+after+order, append(args, more...)...); err != nil {
			return err
		}
		return withEnclaves(tx, rows)
	})
	return rows, total, err
}

// withEnclaves reads where measures work.
func withEnclaves(tx *store.Tx, rows []Measure) error {
	at := map[string]int{}
	for i, m := range rows {
		at[m.ID] = i
	}
	pairs, err := store.Rows(tx, func(r store.Scanner) (p [2]string, err error) { return p, r.Scan(&p[0], &p[1]) },
		"SELECT measure, enclave FROM cmmc_measure_enclave ORDER BY measure, enclave")
	for _, p := range pairs {
		if i, ok := at[p[0]]; ok {
			rows[i].Enclaves = append(rows[i].Enclaves, p[1])
		}
	}
	return err
}

// MeasureDetail is a measure with its money and what the actor may do.
type MeasureDetail struct {
	Measure
	Payments []Payment
	Steps    []MeasureStep
	MayEdit  bool
	MayPay   bool
	People   map[string]authz.Person
}

// FindMeasure is one measure.
func (s *Service) FindMeasure(ctx context.Context, by authz.Actor, number string) (d MeasureDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Measure, err = findMeasure(tx, by, number); err != nil {
			return err
		}
		if d.Payments, err = store.Rows(tx, func(r store.Scanner) (e Payment, err error) {
			var day string
			var at int64
			err = r.Scan(&e.ID, &e.Measure, &e.Kind, &e.Yen, &day, &e.Note, &e.By, &at)
			e.Day, _ = time.Parse(time.DateOnly, day)
			e.At = store.Time(at)
			return e, err
		}, "SELECT id, measure, kind, yen, day, note, by_person, at FROM cmmc_money WHERE measure = $1 ORDER BY day, at, id", d.ID); err != nil {
			return err
		}
		plans, funds := by.Can(Plan, d.Unit), by.Can(Fund, d.Unit)
		for _, step := range d.State.Steps() {
			if (step == MeasureApprove || step == MeasureReturn) && funds && !(step == MeasureApprove && d.ProposedBy == by.Who()) ||
				step != MeasureApprove && step != MeasureReturn && plans {
				d.Steps = append(d.Steps, step)
			}
		}
		d.MayEdit = plans && d.State == MeasureProposed
		d.MayPay = plans && d.State != MeasureProposed
		who := []string{d.ProposedBy, d.ApprovedBy, d.Owner}
		for _, e := range d.Payments {
			who = append(who, e.By)
		}
		d.People, err = authz.People(tx, who...)
		return err
	})
	return d, err
}

// WhoIs is the id of the person whose id or mail address it is; what fits nobody
// comes back as it is, for the use case to refuse by its field.
func (s *Service) WhoIs(ctx context.Context, idOrMail string) (person string, err error) {
	person = idOrMail
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found, err := store.Texts(tx, "SELECT id FROM authz_person WHERE id = $1 OR (email <> '' AND LOWER(email) = LOWER($1)) ORDER BY id LIMIT 1", idOrMail)
		if len(found) > 0 {
			person = found[0]
		}
		return err
	})
	return person, err
}

package psirt

import (
	"context"
	"slices"
	"time"

	"yagura/area/psirt/clock"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Room is all of a case that somebody may see.
type Room struct {
	Case
	Part    Part
	Handles bool     // may work on it
	Approve bool     // may lift its embargo
	Units   []string // of works: those that were asked

	Log             []Entry
	Reports         []Report
	Files           []File
	Parties         []Party
	Vulnerabilities []Vulnerability
	Ranges          []RangeRow
	Cells           []Cell
	Remedies        []Remedy
	Advisories      []Advisory
	Tasks           []Task
	Access          []Access
	Clocks          []clock.Clock
	Readings        []Reading
	History         []ledger.Entry
	AskedOf         map[string][]string // by unit that is asked now: the persons
	People          map[string]authz.Person
}

// lastReadings is how many of the latest readings a room shows.
const lastReadings = 30

// Room opens a case. Under embargo the look is recorded.
func (s *Service) Room(ctx context.Context, by authz.Actor, caseID string) (r Room, err error) {
	load := func(tx *store.Tx) error {
		v, err := opening(tx, by, caseID)
		if err != nil {
			return err
		}
		r, err = s.room(tx, by, v)
		return err
	}
	return r, s.db.Change(ctx, load)
}

func (s *Service) room(tx *store.Tx, by authz.Actor, v view) (r Room, err error) {
	r = Room{Case: v.Case, Part: v.part, Units: v.units, Handles: v.part == Member && by.CanAnywhere(Handle), AskedOf: map[string][]string{}}
	r.Approve = r.Handles && by.Can(Approve, v.Unit)
	for _, step := range []func() error{
		func() (err error) { r.Log, err = logOf(tx, v.ID); return err },
		func() (err error) { r.Vulnerabilities, err = vulnerabilities(tx, v.ID); return err },
		func() (err error) { r.Ranges, err = ranges(tx, v.ID); return err },
		func() (err error) { r.Cells, err = cells(tx, v.ID); return err },
		func() (err error) { r.Remedies, err = remedies(tx, v.ID); return err },
		func() (err error) { r.Clocks, err = s.clocksOf(tx, v.Case, r.Log); return err },
		func() (err error) {
			r.Tasks, err = store.Rows(tx, readTask, "SELECT "+taskColumns+" FROM psirt_case_task WHERE case_id = $1 ORDER BY at, id", v.ID)
			return err
		},
	} {
		if err := step(); err != nil {
			return r, err
		}
	}
	r.Status = Derive(r.Log)
	if v.part == Works {
		if err := s.narrow(tx, by, v, &r); err != nil {
			return r, err
		}
		r.People, err = namesOf(tx, r)
		return r, err
	}
	for _, step := range []func() error{
		func() (err error) { r.Reports, err = reports(tx, "case_id = $1", v.ID); return err },
		func() (err error) {
			r.Files, err = store.Rows(tx, readFile, "SELECT "+fileColumns+" FROM psirt_case_file WHERE case_id = $1 ORDER BY at, id", v.ID)
			return err
		},
		func() (err error) {
			r.Parties, err = store.Rows(tx, readParty, "SELECT "+partyColumns+" FROM psirt_case_party WHERE case_id = $1 ORDER BY at, id", v.ID)
			return err
		},
		func() (err error) {
			r.Advisories, err = store.Rows(tx, func(r store.Scanner) (Advisory, error) { return readAdvisory(r) }, "SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.case_id = $1 ORDER BY a.made, a.id", v.ID)
			return err
		},
		func() (err error) { r.Access, err = accessOf(tx, v.ID); return err },
		func() (err error) { r.Readings, err = readings(tx, v.ID, lastReadings); return err },
		func() (err error) { r.History, err = ledger.History(tx, authz.Everything(), v.ID); return err },
	} {
		if err := step(); err != nil {
			return r, err
		}
	}
	for i := range r.Parties {
		for _, e := range r.Log {
			if e.About == r.Parties[i].ID && (e.Kind == Told || e.Kind == RefusalAsked || e.Kind == RefusalGiven) {
				r.Parties[i].Told = append(r.Parties[i].Told, e)
			}
		}
		slices.Reverse(r.Parties[i].Told)
	}
	for _, a := range r.Access {
		if a.Part == Works {
			r.AskedOf[a.Unit] = append(r.AskedOf[a.Unit], a.Person)
		}
	}
	r.People, err = namesOf(tx, r)
	return r, err
}

// narrow takes out what works are not to see: of the log, the matrix and the tasks all
// but their own, and every clock.
func (s *Service) narrow(tx *store.Tx, by authz.Actor, v view, r *Room) error {
	own := map[string]bool{}
	rows := r.Ranges[:0:0]
	for _, x := range r.Ranges {
		for _, u := range v.units {
			covers, err := s.covers(tx, u, x.Unit)
			if err != nil {
				return err
			}
			if covers && !own[x.ID] {
				own[x.ID] = true
				rows = append(rows, x)
			}
		}
	}
	r.Ranges = rows
	r.Cells = slices.DeleteFunc(r.Cells, func(c Cell) bool { return !own[c.Range] })
	r.Remedies = slices.DeleteFunc(r.Remedies, func(x Remedy) bool {
		return len(x.Ranges) > 0 && !slices.ContainsFunc(x.Ranges, func(id string) bool { return own[id] })
	})
	r.Tasks = slices.DeleteFunc(r.Tasks, func(t Task) bool { return t.Assignee != by.Person })
	r.Log = slices.DeleteFunc(r.Log, func(e Entry) bool {
		return !own[e.About] && e.Author != by.Person || e.Kind == Given || e.Kind == Taken
	})
	r.Clocks, r.Lead = nil, ""
	return nil
}

// namesOf are the persons that a room names.
func namesOf(tx *store.Tx, r Room) (map[string]authz.Person, error) {
	ids := []string{r.Lead}
	for _, e := range r.Log {
		ids = append(ids, e.Author)
		if e.Kind == Given || e.Kind == Taken {
			ids = append(ids, e.About)
		}
	}
	for _, a := range r.Access {
		ids = append(ids, a.Person, a.By)
	}
	for _, t := range r.Tasks {
		ids = append(ids, t.Assignee, t.DoneBy)
	}
	for _, x := range r.Readings {
		ids = append(ids, x.Person)
	}
	for _, c := range r.Cells {
		ids = append(ids, c.By)
	}
	slices.Sort(ids)
	return authz.People(tx, slices.Compact(ids)...)
}

// Name is what to call a person in a room.
func (r Room) Name(person string, lang text.Lang) string {
	switch {
	case person == finder, person == "outsider:"+finder:
		return text.T(lang, "The finder")
	case person == "system:psirt":
		return text.T(lang, "Yagura itself")
	}
	if p, ok := r.People[person]; ok {
		return p.Label(lang)
	}
	return person
}

// Cell is where a vulnerability and a row of the matrix meet.
func (r Room) Cell(vulnerability, row string) Cell {
	i := slices.IndexFunc(r.Cells, func(c Cell) bool { return c.Vulnerability == vulnerability && c.Range == row })
	if i < 0 {
		return Cell{Vulnerability: vulnerability, Range: row}
	}
	return r.Cells[i]
}

// Unanswered is how many cells nobody has answered for.
func (r Room) Unanswered() (n int) {
	for _, c := range r.Cells {
		if c.Answer == NoAnswer {
			n++
		}
	}
	return n
}

// Acked tells whether a report was acknowledged.
func (r Room) Acked(report string) bool {
	return slices.ContainsFunc(r.Log, func(e Entry) bool { return e.Kind == WasAcked && e.About == report })
}

// Instant is the embargo in a party's zone.
type Instant struct {
	Who  string
	Zone string
	At   time.Time // in that zone
}

// Instants are the one instant of the embargo in UTC and in the zone of every party.
func (r Room) Instants() []Instant {
	if r.Embargo.IsZero() {
		return nil
	}
	list := []Instant{{"UTC", "UTC", r.Embargo.UTC()}}
	for _, p := range r.Parties {
		list = append(list, Instant{p.Name, p.Location().String(), r.Embargo.In(p.Location())})
	}
	return list
}

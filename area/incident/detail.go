package incident

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Alert is an alert that belongs to an incident.
type Alert struct {
	AlertRef
	At time.Time // when it was added
}

// Detail is all of one incident that its reader may see, and what he may do.
type Detail struct {
	Incident
	Units       []string // affected beside the unit
	People      []Participant
	Entries     []Entry
	Tasks       []Task
	Observables []Observable
	Evidence    []Piece
	Alerts      []Alert
	Offers      []Offer
	History     []ledger.Entry
	Teams       []Team // all, for their names
	Choices     []Team // those that the reader may choose
	Contact     string // how to reach the reporter without account; shown to who may respond

	Steps   []Step // what the reader may do to its state, the one onward first
	Respond bool   // he may work on it
	Mine    string // id of the open offer that he may answer

	persons map[string]authz.Person
}

// Get is an incident with all that belongs to it.
func (s *Service) Get(ctx context.Context, by authz.Actor, number string) (d Detail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		d, err = s.detail(tx, by, number)
		return err
	})
	return d, err
}

func (s *Service) detail(tx *store.Tx, by authz.Actor, number string) (d Detail, err error) {
	inc, r, err := open(tx, by, number)
	if err != nil {
		return d, err
	}
	d = Detail{Incident: inc, Units: r.affected()}
	if d.People, err = store.Rows(tx, func(r store.Scanner) (p Participant, err error) {
		var since int64
		err = r.Scan(&p.Person, &p.Led, &since, &p.By)
		p.Since = store.Time(since)
		return p, err
	}, "SELECT person, led, since, added_by FROM incident_person WHERE incident = $1 ORDER BY since, person", number); err != nil {
		return d, err
	}
	if d.Entries, err = entries(tx, number); err != nil {
		return d, err
	}
	if d.Tasks, err = tasks(tx, number); err != nil {
		return d, err
	}
	if d.Observables, err = observables(tx, number); err != nil {
		return d, err
	}
	if err = elsewhere(tx, by, number, d.Observables); err != nil {
		return d, err
	}
	if d.Evidence, err = pieces(tx, number); err != nil {
		return d, err
	}
	if d.Alerts, err = alerts(tx, number); err != nil {
		return d, err
	}
	if d.Offers, err = offers(tx, number); err != nil {
		return d, err
	}
	// Who may see the incident may see what was recorded of it, in whichever
	// unit it was then.
	if d.History, err = ledger.History(tx, authz.Everything(), number); err != nil {
		return d, err
	}
	if d.Teams, err = s.p.Teams.AllTeams(tx); err != nil {
		return d, err
	}
	if d.Choices, err = s.known(tx, by, inc, r.units, d.Teams); err != nil {
		return d, err
	}
	d.Respond = may(by, Respond, inc, r) == nil
	for _, step := range Next(inc.State) {
		if may(by, step.Act(), inc, r) == nil {
			d.Steps = append(d.Steps, step)
		}
	}
	for _, o := range d.Offers {
		if o.State == "open" {
			team, err := s.asked(tx, o, by.Person)
			if err != nil {
				return d, err
			}
			if team != "" && by.CanAnywhere(Respond) {
				d.Mine = o.ID
			}
		}
	}
	if d.Respond && inc.Contact != "" {
		if d.Contact, err = tx.Unveil("incident-reporter:"+inc.ID, inc.Contact); err != nil {
			d.Contact = ""
		}
	}
	d.persons, err = authz.People(tx, d.ids()...)
	return d, err
}

func alerts(tx *store.Tx, number string) ([]Alert, error) {
	return store.Rows(tx, func(r store.Scanner) (a Alert, err error) {
		var first, last, at int64
		var sample string
		err = r.Scan(&a.ID, &a.Title, &a.Rule, &a.Severity, &a.Hits, &first, &last, &a.Href, &sample, &at)
		a.First, a.Last, a.At = store.Time(first), store.Time(last), store.Time(at)
		if json.Valid([]byte(sample)) {
			a.Sample = json.RawMessage(sample)
		}
		return a, err
	}, "SELECT alert, title, rule, severity, hits, first, last, href, sample, at FROM incident_alert WHERE incident = $1 ORDER BY first, alert", number)
}

// ids are all persons that appear in the incident.
func (d Detail) ids() []string {
	set := map[string]bool{d.Lead: true, d.Reporter: true, d.Reviewer: true}
	for _, p := range d.People {
		set[p.Person], set[p.By] = true, true
	}
	for _, e := range d.Entries {
		set[e.Author] = true
		for _, a := range flat(e.Said) {
			if p, ok := strings.CutPrefix(a, "@person:"); ok {
				set[p] = true
			}
		}
	}
	for _, t := range d.Tasks {
		set[t.Assignee], set[t.DoneBy], set[t.By] = true, true, true
	}
	for _, p := range d.Evidence {
		set[p.Holder] = true
		for _, c := range p.Chain {
			set[c.Actor], set[c.Receiver] = true, true
		}
	}
	for _, o := range d.Offers {
		set[o.FromPerson], set[o.ToPerson], set[o.DecidedBy] = true, true, true
	}
	for _, o := range d.Observables {
		set[o.By] = true
	}
	for _, h := range d.History {
		set[h.Actor] = true
	}
	for _, t := range d.Teams {
		set[t.Lead] = true
		for _, m := range t.Members {
			set[m] = true
		}
	}
	maps.DeleteFunc(set, func(id string, _ bool) bool { return id == "" || strings.Contains(id, ":") })
	return slices.Sorted(maps.Keys(set))
}

func flat(m text.Message) (ss []string) {
	for _, a := range m.Args {
		switch a := a.(type) {
		case string:
			ss = append(ss, a)
		case text.Message:
			ss = append(ss, flat(a)...)
		}
	}
	return ss
}

// Person is what to call whoever the ledger names.
func (d Detail) Person(who string, lang text.Lang) string {
	if p, ok := d.persons[who]; ok {
		return p.Label(lang)
	}
	switch {
	case strings.HasPrefix(who, "system:"):
		return text.T(lang, "The system")
	case strings.HasPrefix(who, "outsider:"):
		return text.T(lang, "Reporter without account")
	}
	return who
}

// Candidates are the persons of a team who can take an incident, and of all
// teams where team is empty.
func (d Detail) Candidates(team string) []authz.Person {
	var ps []authz.Person
	seen := map[string]bool{}
	for _, t := range d.Choices {
		if team != "" && t.ID != team {
			continue
		}
		for _, m := range append([]string{t.Lead}, t.Members...) {
			if p, ok := d.persons[m]; ok && !seen[m] && p.Active {
				seen[m] = true
				ps = append(ps, p)
			}
		}
	}
	return ps
}

// TeamLabel is what to call the team of that id.
func TeamLabel(teams []Team, id string, lang text.Lang) string {
	for _, t := range teams {
		if t.ID == id {
			return t.Label(lang)
		}
	}
	return id
}

// Words is what the system said of a change, with names as the reader knows
// them.
func (d Detail) Words(m text.Message, lang text.Lang, unit func(string) string) text.Message {
	out := text.Message{Key: m.Key}
	for _, a := range m.Args {
		switch v := a.(type) {
		case string:
			kind, id, _ := strings.Cut(v, ":")
			switch kind {
			case "@person":
				a = d.Person(id, lang)
			case "@team":
				a = TeamLabel(d.Teams, id, lang)
			case "@unit":
				a = unit(id)
			}
		case text.Message:
			a = d.Words(v, lang, unit)
		}
		out.Args = append(out.Args, a)
	}
	return out
}

// Corrected tells which later entry corrects the entry; "" is none.
func (d Detail) Corrected(entry string) string {
	for _, e := range d.Entries {
		if e.Corrects == entry {
			return e.ID
		}
	}
	return ""
}

// OpenTasks is the number of tasks not done.
func (d Detail) OpenTasks() (n int) {
	for _, t := range d.Tasks {
		if t.Done.IsZero() {
			n++
		}
	}
	return n
}

// Pending is the offer that waits for an answer, if there is one.
func (d Detail) Pending() (Offer, bool) {
	for _, o := range d.Offers {
		if o.State == "open" {
			return o, true
		}
	}
	return Offer{}, false
}

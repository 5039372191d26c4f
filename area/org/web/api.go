package web

import (
	"time"

	"yagura/api"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Unit is a unit in the API.
type Unit struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" enum:"group,division,business-group,site,plant,company,department,region"`
	Name     string     `json:"name"`
	NameJA   string     `json:"name_ja,omitempty"`
	Parent   string     `json:"parent,omitempty" doc:"The owner, where the asker may know of it"`
	Region   string     `json:"region,omitempty"`
	Country  string     `json:"country,omitempty" doc:"ISO 3166-1 alpha-2"`
	Language string     `json:"language,omitempty"`
	Zone     string     `json:"zone,omitempty" doc:"IANA time zone, where the unit has one of its own"`
	Calendar string     `json:"calendar,omitempty"`
	People   int        `json:"people" doc:"Who belong to it directly"`
	Retired  *time.Time `json:"retired,omitempty"`
}

// Person is a person in the API.
type Person struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	NameJA   string     `json:"name_ja,omitempty"`
	Email    string     `json:"email,omitempty"`
	Phone    string     `json:"phone,omitempty"`
	Unit     string     `json:"unit"`
	Language string     `json:"language"`
	Zone     string     `json:"zone,omitempty"`
	Left     *time.Time `json:"left,omitempty"`
}

// Team is a team in the API.
type Team struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind" enum:"corporate-csirt,group-csirt,site-csirt,regional-csirt,ot,psirt,privacy"`
	Name    string   `json:"name"`
	NameJA  string   `json:"name_ja,omitempty"`
	Unit    string   `json:"unit" doc:"The unit that it answers for, with all below"`
	Lead    string   `json:"lead,omitempty"`
	Members []string `json:"members"`
	Email   string   `json:"email,omitempty"`
	Phone   string   `json:"phone,omitempty"`
	OnCall  *Turn    `json:"on_call,omitempty" doc:"Absent where nobody is on call now"`
}

// Turn is who is on call, and until when.
type Turn struct {
	Person  string    `json:"person"`
	Name    string    `json:"name,omitempty"`
	Phone   string    `json:"phone,omitempty"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	StandIn bool      `json:"stand_in"`
}

// OnCall is the answer to who answers for a unit now.
type OnCall struct {
	Unit string `json:"unit"`
	Duty string `json:"duty"`
	Team string `json:"team"`
	Turn *Turn  `json:"on_call,omitempty"`
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func unitOut(by authz.Actor) func(org.Unit) Unit {
	regions := map[string]bool{}
	for _, id := range org.KnownRegions(by) {
		regions[id] = true
	}
	known := func(id string) string {
		if id != "" && (by.Can(org.Read, id) || regions[id]) {
			return id
		}
		return ""
	}
	return func(u org.Unit) Unit {
		return Unit{u.ID, string(u.Kind), u.Name, u.NameJA, known(u.Parent), known(u.Region), u.Country, u.Lang, u.Zone, u.Calendar, u.People, moment(u.Retired)}
	}
}

func personOut(p org.Person) Person {
	return Person{p.ID, p.Name, p.NameJA, p.Email, p.Phone, p.Unit, string(p.Lang), p.Zone, moment(p.Gone)}
}

func turnOut(t org.Turn, names map[string]org.Person) *Turn {
	if t.Person == "" {
		return nil
	}
	p := names[t.Person]
	return &Turn{t.Person, p.Name, p.Phone, t.From, t.Until, t.Standin}
}

func (w web) teamsOut(tx *store.Tx, list []org.Team) ([]Team, error) {
	var who []string
	for _, t := range list {
		who = append(who, org.OnCall(t.Plan, tx.Now).Person)
	}
	names, err := w.s.Names(tx, who...)
	out := make([]Team, 0, len(list))
	for _, t := range list {
		members := t.Members
		if members == nil {
			members = []string{}
		}
		out = append(out, Team{t.ID, string(t.Kind), t.Name, t.NameJA, t.Unit, t.Lead, members, t.Email, t.Phone, turnOut(org.OnCall(t.Plan, tx.Now), names)})
	}
	return out, err
}

func (w web) routes() []api.Route {
	return []api.Route{
		{Method: "GET", Path: "/units", Act: org.Read, Summary: "Units that the holder of the token may see", Out: api.List[Unit]{},
			Query: append(api.Paging("path", "name", "id", "kind", "country", "people"), api.Param{Name: "q", Doc: "Part of a name or of the id"},
				api.Param{Name: "kind", Doc: "Only units of this kind"}, api.Param{Name: "country", Doc: "Only units in this country"},
				api.Param{Name: "under", Doc: "Only this unit and all below it, by ownership or, for a region, by geography"},
				api.Param{Name: "retired", Type: "boolean", Doc: "Retired units instead of those in use"}),
			Handle: w.apiUnits},
		{Method: "GET", Path: "/units/{id}", Act: org.Read, Summary: "One unit", Out: Unit{}, Handle: func(c *api.Context) (any, error) {
			var u org.Unit
			err := w.s.View(c.Context(), func(tx *store.Tx) (err error) {
				u, err = w.s.Unit(tx, c.Actor, c.Path("id"))
				return err
			})
			if err != nil {
				return nil, err
			}
			return unitOut(c.Actor)(u), nil
		}},
		{Method: "GET", Path: "/units/{id}/on-call", Act: org.Read, Summary: "Who answers for a unit now", Out: OnCall{},
			Doc:    "The team of the unit or of its nearest owner, else of its nearest region, else of the whole group.",
			Query:  []api.Param{{Name: "duty", Doc: "What for; csirt when not given", Enum: []string{"csirt", "ot", "psirt", "privacy"}}},
			Handle: w.apiOnCall},
		{Method: "GET", Path: "/people", Act: org.Read, Summary: "People of units that the holder of the token may see", Out: api.List[Person]{},
			Query: append(api.Paging("name", "id"), api.Param{Name: "q", Doc: "Beginnings of names, of the id or of the mail address; where they fit more than 2,000 people, the first 2,000 are listed and total is absent"},
				api.Param{Name: "under", Doc: "Only people of this unit and all below it"}, api.Param{Name: "left", Type: "boolean", Doc: "Those who left instead of those who are there"}),
			Handle: w.apiPeople},
		{Method: "GET", Path: "/people/{id}", Summary: "One person; everybody may ask for himself", Out: Person{}, Handle: func(c *api.Context) (any, error) {
			var p org.Person
			err := w.s.View(c.Context(), func(tx *store.Tx) (err error) {
				p, err = w.s.Person(tx, c.Actor, c.Path("id"))
				return err
			})
			if err != nil {
				return nil, err
			}
			return personOut(p), nil
		}},
		{Method: "GET", Path: "/teams", Act: org.Read, Summary: "Teams and who of them is on call now", Out: api.List[Team]{},
			Query: []api.Param{{Name: "kind", Doc: "Only teams of this kind, or csirt for the four kinds of them"}},
			Handle: func(c *api.Context) (any, error) {
				var out []Team
				err := w.s.View(c.Context(), func(tx *store.Tx) error {
					list, err := w.s.Teams(tx, c.Actor.Scope(org.Read), org.TeamFilter{Kind: org.TeamKind(c.Query("kind"))})
					if err != nil {
						return err
					}
					out, err = w.teamsOut(tx, list)
					return err
				})
				n := len(out)
				return api.List[Team]{Items: out, Total: &n}, err
			}},
		{Method: "GET", Path: "/teams/{id}", Act: org.Read, Summary: "One team and who of it is on call now", Out: Team{}, Handle: func(c *api.Context) (any, error) {
			var out []Team
			err := w.s.View(c.Context(), func(tx *store.Tx) error {
				t, err := w.s.Team(tx, c.Actor, c.Path("id"))
				if err != nil {
					return err
				}
				out, err = w.teamsOut(tx, []org.Team{t})
				return err
			})
			if err != nil {
				return nil, err
			}
			return out[0], nil
		}},
	}
}

func (w web) apiUnits(c *api.Context) (any, error) {
	page, err := c.Page("path")
	if err != nil {
		return nil, err
	}
	var rows []org.UnitRow
	var total int
	err = w.s.View(c.Context(), func(tx *store.Tx) (err error) {
		rows, total, err = w.s.Units(tx, c.Actor.Scope(org.Read), org.UnitFilter{Text: c.Query("q"), Kind: org.Kind(c.Query("kind")),
			Country: c.Query("country"), Under: c.Query("under"), Retired: c.Query("retired") == "true", Page: page})
		return err
	})
	if err != nil {
		return nil, err
	}
	show := unitOut(c.Actor)
	return api.Cut(page, total, rows, func(r org.UnitRow) keyset.Position { return org.UnitAt(r, page.Sort) }, func(r org.UnitRow) Unit { return show(r.Unit) }), nil
}

func (w web) apiPeople(c *api.Context) (any, error) {
	page, err := c.Page("name")
	if err != nil {
		return nil, err
	}
	var rows []org.PersonRow
	var total int
	err = w.s.View(c.Context(), func(tx *store.Tx) (err error) {
		rows, total, err = w.s.People(tx, c.Actor.Scope(org.Read), org.PersonFilter{Text: c.Query("q"), Under: c.Query("under"), Left: c.Query("left") == "true", Page: page})
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, rows, func(r org.PersonRow) keyset.Position { return org.PersonAt(r, page.Sort) }, func(r org.PersonRow) Person { return personOut(r.Person) }), nil
}

func (w web) apiOnCall(c *api.Context) (any, error) {
	duty := org.TeamKind(c.Query("duty"))
	if duty == "" {
		duty = org.CSIRT
	}
	var out OnCall
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		u, err := w.s.Unit(tx, c.Actor, c.Path("id"))
		if err != nil {
			return err
		}
		out = OnCall{Unit: u.ID, Duty: string(duty)}
		teams, err := w.s.Answering(tx, c.Actor, u.ID)
		if err != nil {
			return err
		}
		for _, t := range teams {
			if t.Kind.Duty() != duty {
				continue
			}
			turn := org.OnCall(t.Plan, tx.Now)
			names, err := w.s.Names(tx, turn.Person)
			if err != nil {
				return err
			}
			out.Team, out.Turn = t.ID, turnOut(turn, names)
		}
		return nil
	})
	return out, err
}

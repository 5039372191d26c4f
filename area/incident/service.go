package incident

import (
	"context"
	_ "embed"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of incidents.
var Migrations = store.Migrations{Area: "incident", SQL: schema}

// Team is a group of people that answers for incidents, as area/org knows it.
type Team struct {
	ID      string
	Name    string
	NameJA  string
	Unit    string // the unit it belongs to
	Lead    string // person
	Members []string
	// Common is a function of the whole division, which everybody may know of and
	// turn to.
	Common bool
}

// Label is the team's name in a language.
func (t Team) Label(lang text.Lang) string {
	if lang == text.JA && t.NameJA != "" {
		return t.NameJA
	}
	if t.Name == "" {
		return t.ID
	}
	return t.Name
}

// Teams is what incidents need of the organisation.
type Teams interface {
	// AllTeams are the teams that can take incidents.
	AllTeams(tx *store.Tx) ([]Team, error)
	// TeamsFor are those that answer for the unit, the nearest first.
	TeamsFor(tx *store.Tx, unit string) ([]Team, error)
	// OnCall are the persons of the team on call at the time; empty where it has
	// no rota.
	OnCall(tx *store.Tx, team string, at time.Time) ([]string, error)
	// Above is the team that is asked when this one does not answer; "" is none.
	Above(tx *store.Tx, team string) (string, error)
}

// Notice is a message to one person.
type Notice struct {
	To      string
	Subject text.Message
	Body    text.Message
	Href    string
	Key     string // the same key reaches the person once
	Urgent  bool
}

// Notifier brings messages to people.
type Notifier interface {
	Notify(tx *store.Tx, n Notice) error
}

// Found is an incident as the search over everything knows it.
type Found struct {
	Ref, Unit, Title, Text, Href string
}

// Index is the search over everything. Incidents marked TLP:RED are never in it.
type Index interface {
	Put(tx *store.Tx, f Found) error
	Drop(tx *store.Tx, ref string) error
}

// Ports are the neighbours. Every one may be nil, except Teams: then that part
// of the work is not done.
type Ports struct {
	Teams     Teams
	Notifier  Notifier
	Documents *document.Store
	Index     Index
	// Directory tells whether who is to take part has a role with which he can.
	Directory *authz.Directory
	// Secret signs links for reporting and following up: 32 bytes or more.
	Secret []byte
	// PublicURL is put before signed links, "https://yagura.example".
	PublicURL string
}

// Service is what one can do with incidents.
type Service struct {
	db *store.DB
	p  Ports
}

// New returns the service.
func New(db *store.DB, p Ports) *Service {
	if p.Teams == nil {
		p.Teams = noTeams{}
	}
	return &Service{db: db, p: p}
}

const climbKind = "incident.climb"

type climbing struct {
	Offer string `json:"offer"`
	Step  int    `json:"step"`
}

// Jobs registers what this area does later: offers that climb.
func (s *Service) Jobs(q *job.Queue) {
	q.Register(climbKind, job.Options{}, func(ctx context.Context, j job.Job) error {
		var c climbing
		if err := j.Into(&c); err != nil {
			return err
		}
		return s.Climb(ctx, c.Offer, c.Step)
	})
}

// Teams are the teams that can take incidents.
func (s *Service) Teams(ctx context.Context) (teams []Team, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		teams, err = s.p.Teams.AllTeams(tx)
		return err
	})
	return teams, err
}

// People are persons by id, for showing names.
func (s *Service) People(ctx context.Context, ids ...string) (people map[string]authz.Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		people, err = authz.People(tx, ids...)
		return err
	})
	return people, err
}

// WhoIs is the id of the person whose id or mail address it is; what fits
// nobody comes back as it is, for the use case to refuse by its field.
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

// nearest is the team that answers for the unit.
func (s *Service) nearest(tx *store.Tx, unit string) (string, error) {
	teams, err := s.p.Teams.TeamsFor(tx, unit)
	if err != nil || len(teams) == 0 {
		return "", err
	}
	return teams[0].ID, nil
}

func (s *Service) team(tx *store.Tx, id string) (Team, bool, error) {
	teams, err := s.p.Teams.AllTeams(tx)
	if err != nil {
		return Team{}, false, err
	}
	for _, t := range teams {
		if t.ID == id {
			return t, true, nil
		}
	}
	return Team{}, false, nil
}

// known are the teams that the actor may be told of and choose for an incident
// of the units: those of units where he may read, those that answer for its
// units, and the functions of the division.
func (s *Service) known(tx *store.Tx, by authz.Actor, inc Incident, units []string, all []Team) ([]Team, error) {
	answer := map[string]bool{inc.Team: true}
	for _, u := range units {
		chain, err := s.p.Teams.TeamsFor(tx, u)
		if err != nil {
			return nil, err
		}
		for _, t := range chain {
			answer[t.ID] = true
		}
	}
	var list []Team
	for _, t := range all {
		if t.Common || answer[t.ID] || by.Can(Read, t.Unit) {
			list = append(list, t)
		}
	}
	return list, nil
}

// choose is the team of that id, if the actor may choose it for the incident.
func (s *Service) choose(tx *store.Tx, by authz.Actor, inc Incident, r reach, id string) (Team, bool, error) {
	t, ok, err := s.team(tx, id)
	if err != nil || !ok {
		return t, false, err
	}
	list, err := s.known(tx, by, inc, r.units, []Team{t})
	return t, len(list) == 1, err
}

type noTeams struct{}

func (noTeams) AllTeams(*store.Tx) ([]Team, error)                    { return nil, nil }
func (noTeams) TeamsFor(*store.Tx, string) ([]Team, error)            { return nil, nil }
func (noTeams) OnCall(*store.Tx, string, time.Time) ([]string, error) { return nil, nil }
func (noTeams) Above(*store.Tx, string) (string, error)               { return "", nil }

// UnitName is what to call a unit, for readers without an account.
func (s *Service) UnitName(ctx context.Context, unit string, lang text.Lang) (name string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		u := authz.Unit{ID: unit}
		names, err := store.Rows(tx, func(r store.Scanner) (u authz.Unit, err error) { return u, r.Scan(&u.ID, &u.Name, &u.NameJA) },
			"SELECT id, name, name_ja FROM authz_unit WHERE id = $1", unit)
		if len(names) > 0 {
			u = names[0]
		}
		name = u.Label(lang)
		return err
	})
	return name, err
}

package psirt

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// PartyKind is what a party is to a case.
type PartyKind string

// The kinds of parties.
const (
	FinderParty  PartyKind = "finder"
	WorksParty   PartyKind = "works"
	CompanyParty PartyKind = "company"
	JPCERT       PartyKind = "jpcert"
	CISA         PartyKind = "cisa"
	CustomerKind PartyKind = "customer"
	UpstreamCNA  PartyKind = "upstream-cna"
)

// PartyKinds are all kinds in the order in which one picks from them.
var PartyKinds = []PartyKind{FinderParty, WorksParty, CompanyParty, JPCERT, CISA, CustomerKind, UpstreamCNA}

// Label is the word for the kind.
func (k PartyKind) Label() text.Message {
	switch k {
	case FinderParty:
		return text.M("Finder")
	case WorksParty:
		return text.M("Works")
	case CompanyParty:
		return text.M("Associated company")
	case JPCERT:
		return text.M("JPCERT/CC")
	case CISA:
		return text.M("CISA")
	case CustomerKind:
		return text.M("Customer")
	case UpstreamCNA:
		return text.M("Upstream CNA")
	}
	return text.Literal(string(k))
}

// Party is somebody outside or inside with whom a case is coordinated.
type Party struct {
	ID        string
	Kind      PartyKind
	Name      string
	Contact   string
	Zone      string // IANA name, in which the embargo is shown to it
	Reference string // its own number for the case
	At        time.Time
	Told      []Entry // what it was told, the latest first
}

// Location is the party's zone; UTC where none is set.
func (p Party) Location() *time.Location {
	if zone, err := time.LoadLocation(p.Zone); err == nil {
		return zone
	}
	return time.UTC
}

const partyColumns = "id, kind, name, contact, zone, reference, at"

func readParty(r store.Scanner) (p Party, err error) {
	var at int64
	err = r.Scan(&p.ID, &p.Kind, &p.Name, &p.Contact, &p.Zone, &p.Reference, &at)
	p.At = store.Time(at)
	return p, err
}

func findParty(tx *store.Tx, caseID, party string) (Party, error) {
	p, err := readParty(tx.QueryRow("SELECT "+partyColumns+" FROM psirt_case_party WHERE id = $1 AND case_id = $2", party, caseID))
	if errors.Is(err, sql.ErrNoRows) {
		return p, missing()
	}
	return p, err
}

// usualZone is where a kind of party sits.
func usualZone(k PartyKind) string {
	switch k {
	case JPCERT, WorksParty:
		return "Asia/Tokyo"
	case CISA:
		return "America/New_York"
	}
	return "UTC"
}

// AddParty adds a party to a case. Telling it something is another step.
func (s *Service) AddParty(ctx context.Context, by authz.Actor, caseID string, p Party) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		for _, s := range []*string{&p.Name, &p.Contact, &p.Reference, &p.Zone} {
			*s = strings.Join(strings.Fields(*s), " ")
		}
		var wrong []fault.Field
		if !slices.Contains(PartyKinds, p.Kind) {
			wrong = append(wrong, fault.F("kind", "Choose what the party is"))
		}
		if p.Name == "" || len([]rune(p.Name)) > longestTitle || len([]rune(p.Contact)) > longestTitle || len([]rune(p.Reference)) > longestTitle {
			wrong = append(wrong, fault.F("name", "A party has a name; name, contact and number have at most %d characters each", longestTitle))
		}
		if p.Zone == "" {
			p.Zone = usualZone(p.Kind)
		}
		if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
			wrong = append(wrong, fault.F("zone", "This is not the name of a time zone, such as Asia/Tokyo"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		p.ID = id.New()
		if _, err := tx.Exec("INSERT INTO psirt_case_party (id, case_id, kind, name, contact, zone, reference, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			p.ID, c.ID, string(p.Kind), p.Name, p.Contact, p.Zone, p.Reference, tx.Millis()); err != nil {
			return err
		}
		_, err := write(tx, by, c, Entry{Kind: Changed, About: p.ID, Data: "party-added", Body: p.Name})
		return err
	})
}

// Tell notes what a party was told and when. The first word to a coordinator starts
// the clock of the coordination.
func (s *Service) Tell(ctx context.Context, by authz.Actor, caseID, party, what string, at time.Time) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		p, err := findParty(tx, c.ID, party)
		if err != nil {
			return err
		}
		if what = strings.TrimSpace(what); what == "" || len([]rune(what)) > longestText {
			return fault.Invalid(fault.F("what", "Say what the party was told, in at most %d characters", longestText))
		}
		if err := past("at", at, tx.Now); err != nil {
			return err
		}
		at = when(at, tx.Now)
		if _, err := write(tx, by, c, Entry{Kind: Told, About: p.ID, Happened: at, Body: what}); err != nil {
			return err
		}
		if p.Kind != JPCERT && p.Kind != CISA {
			return nil
		}
		log, err := logOf(tx, c.ID)
		if err != nil || slices.ContainsFunc(log, func(e Entry) bool { return e.Kind == Contacted }) {
			return err
		}
		_, err = write(tx, by, c, Entry{Kind: Contacted, Happened: at})
		return err
	})
}

// Refusal notes that another CNA asked whether we assign the ID (CNA Rules 4.2.1.2),
// or that we answered it.
func (s *Service) Refusal(ctx context.Context, by authz.Actor, caseID, party string, answered bool, at time.Time, what string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		p, err := findParty(tx, c.ID, party)
		if err != nil {
			return err
		}
		if err := past("at", at, tx.Now); err != nil {
			return err
		}
		kind := RefusalAsked
		if answered {
			kind = RefusalGiven
		}
		_, err = write(tx, by, c, Entry{Kind: kind, About: p.ID, Happened: when(at, tx.Now), Body: strings.TrimSpace(what)})
		return err
	})
}

package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Offer is the offer of an incident to another team or person. Until somebody
// accepts, the giver answers for it; an offer that nobody answers climbs to the
// team above.
type Offer struct {
	ID         string
	Incident   string
	FromTeam   string
	FromPerson string
	ToTeam     string
	ToPerson   string
	Asked      string // the team that is asked now: ToTeam or one above it
	Note       string
	Step       int // how often it climbed
	At         time.Time
	Due        time.Time // when it climbs
	State      string    // open, accepted, declined, withdrawn
	Decided    time.Time
	DecidedBy  string
	Answer     string
}

const offerColumns = "o.id, o.incident, o.from_team, o.from_person, o.to_team, o.to_person, o.asked_team, o.note, o.step, o.at, o.due, o.state, o.decided, o.decided_by, o.answer"

func readOffer(r store.Scanner) (o Offer, err error) {
	var at, due, decided int64
	err = r.Scan(&o.ID, &o.Incident, &o.FromTeam, &o.FromPerson, &o.ToTeam, &o.ToPerson, &o.Asked, &o.Note, &o.Step, &at, &due, &o.State, &decided, &o.DecidedBy, &o.Answer)
	o.At, o.Due, o.Decided = store.Time(at), store.Time(due), store.Time(decided)
	return o, err
}

func offers(tx *store.Tx, number string) ([]Offer, error) {
	return store.Rows(tx, readOffer, "SELECT "+offerColumns+" FROM incident_offer o WHERE o.incident = $1 ORDER BY o.at DESC, o.id DESC", number)
}

func findOffer(tx *store.Tx, offer string) (Offer, error) {
	o, err := readOffer(tx.QueryRow("SELECT "+offerColumns+" FROM incident_offer o WHERE o.id = $1", offer))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fault.NotFound("There is no such offer")
	}
	return o, err
}

// HandTo says to whom an incident is offered.
type HandTo struct {
	Team   string
	Person string // of that team; needed where the incident is TLP:RED
	Note   string
}

// HandOver offers an incident to another team or person.
func (s *Service) HandOver(ctx context.Context, by authz.Actor, number string, version int64, to HandTo) (o Offer, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, r, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if version != 0 && version != inc.Version {
			return stale()
		}
		if !inc.Open() {
			return fault.Conflict("This cannot be done to an incident in the state “%s”", inc.State.Label())
		}
		if err := s.checkOffer(tx, by, inc, r, to); err != nil {
			return err
		}
		o = Offer{ID: id.New(), Incident: inc.ID, FromTeam: inc.Team, FromPerson: by.Who(), ToTeam: to.Team, ToPerson: to.Person, Asked: to.Team,
			Note: strings.TrimSpace(to.Note), At: tx.Now, Due: tx.Now.Add(AnswerWithin(inc.Severity)), State: "open"}
		if _, err := tx.Exec(`INSERT INTO incident_offer (id, incident, from_team, from_person, to_team, to_person, asked_team, note, at, due, state)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, o.ID, o.Incident, o.FromTeam, o.FromPerson, o.ToTeam, o.ToPerson, o.Asked, o.Note,
			tx.Millis(), store.Millis(o.Due), o.State); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentOffered{ID: inc.ID, Unit: inc.Unit, Offer: o.ID, Act: "offered", From: o.FromTeam, To: o.ToTeam, Person: o.ToPerson, Due: o.Due}); err != nil {
			return err
		}
		said := text.M("Offered to %s", "@team:"+o.ToTeam)
		who := []string{o.ToPerson}
		if o.ToPerson != "" {
			said = text.M("Offered to %s, %s", "@team:"+o.ToTeam, "@person:"+o.ToPerson)
		} else if who, err = s.onCall(tx, o.ToTeam); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Handover, Said: said, Body: o.Note}); err != nil {
			return err
		}
		return s.ask(tx, by, inc, o, who)
	})
	return o, err
}

func (s *Service) checkOffer(tx *store.Tx, by authz.Actor, inc Incident, r reach, to HandTo) error {
	t, ok, err := s.choose(tx, by, inc, r, to.Team)
	if err != nil {
		return err
	}
	var wrong []fault.Field
	switch {
	case !ok:
		wrong = append(wrong, fault.F("team", "Choose a team"))
	case to.Team == inc.Team && (to.Person == "" || to.Person == inc.Lead):
		wrong = append(wrong, fault.F("team", "This team answers for it already"))
	case to.Person != "" && to.Person != t.Lead && !slices.Contains(t.Members, to.Person):
		wrong = append(wrong, fault.F("person", "This person is not in that team"))
	case to.Person == "" && inc.TLP == Red:
		wrong = append(wrong, fault.F("person", "An incident marked TLP:RED is offered to a person by name"))
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	var n int
	if err := tx.QueryRow("SELECT COUNT(*) FROM incident_offer WHERE incident = $1 AND state = 'open'", inc.ID).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fault.Conflict("It is offered already; withdraw that offer first")
	}
	return nil
}

// ask makes those who are asked participants, since one must see what one is
// to accept, tells them, and has the offer climb once its time is over.
func (s *Service) ask(tx *store.Tx, by authz.Actor, inc Incident, o Offer, who []string) error {
	for _, p := range who {
		if _, err := tx.Exec("INSERT INTO incident_offer_asked (offer, person, team) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING", o.ID, p, o.Asked); err != nil {
			return err
		}
		if err := join(tx, by, inc, p, false); err != nil {
			return err
		}
	}
	if err := s.tell(tx, inc, who, fmt.Sprintf("offer:%s:%d", o.ID, o.Step), text.M("%s is offered to your team: %s", inc.ID, inc.Title),
		text.M("Please accept or decline it. If nobody answers in time, the team above is asked.")); err != nil {
		return err
	}
	_, err := job.Enqueue(tx, job.Job{Kind: climbKind, Key: fmt.Sprintf("%s:%d", o.ID, o.Step), Due: o.Due, Body: job.Body(climbing{o.ID, o.Step})})
	return err
}

// asked tells for which team the person may answer the offer; "" is none.
func (s *Service) asked(tx *store.Tx, o Offer, person string) (string, error) {
	teams, err := store.Texts(tx, "SELECT team FROM incident_offer_asked WHERE offer = $1 AND person = $2", o.ID, person)
	if err != nil || len(teams) > 0 {
		return append(teams, "")[0], err
	}
	for _, name := range []string{o.Asked, o.ToTeam} {
		t, ok, err := s.team(tx, name)
		if err != nil {
			return "", err
		}
		if ok && (t.Lead == person || slices.Contains(t.Members, person)) {
			return name, nil
		}
	}
	return "", nil
}

// Accept takes an offered incident over: from now on the team of the person
// answers for it, and he leads.
func (s *Service) Accept(ctx context.Context, by authz.Actor, offer string) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		o, team, was, err := s.answer(tx, by, offer)
		if err != nil {
			return err
		}
		inc = was
		inc.Team, inc.Lead = team, by.Person
		if err := decide(tx, by, inc, o, "accepted", ""); err != nil {
			return err
		}
		if err := save(tx, &inc); err != nil {
			return err
		}
		if err := join(tx, by, inc, by.Person, true); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentLed{ID: inc.ID, Unit: inc.Unit, Team: inc.Team, Lead: inc.Lead}); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Handover, Said: text.M("%s accepted for %s", "@person:"+by.Person, "@team:"+team)}); err != nil {
			return err
		}
		return s.tell(tx, inc, []string{o.FromPerson}, "accepted:"+o.ID, text.M("%s was accepted: %s", inc.ID, inc.Title), text.M("Your offer was accepted. You no longer answer for it."))
	})
	return inc, err
}

// Decline gives an offer back; the giver goes on answering for the incident.
func (s *Service) Decline(ctx context.Context, by authz.Actor, offer, why string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		o, team, inc, err := s.answer(tx, by, offer)
		if err != nil {
			return err
		}
		if why = strings.TrimSpace(why); why == "" {
			return fault.Invalid(fault.F("answer", "Write down why"))
		}
		if err := decide(tx, by, inc, o, "declined", why); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Handover, Said: text.M("%s declined for %s", "@person:"+by.Person, "@team:"+team), Body: why}); err != nil {
			return err
		}
		return s.tell(tx, inc, []string{o.FromPerson}, "declined:"+o.ID, text.M("%s was declined: %s", inc.ID, inc.Title), text.M("Your offer was declined. You still answer for it."))
	})
}

// answer loads an offer that waits for the actor's answer.
func (s *Service) answer(tx *store.Tx, by authz.Actor, offer string) (o Offer, team string, inc Incident, err error) {
	if o, err = findOffer(tx, offer); err != nil {
		return o, "", inc, err
	}
	if inc, err = find(tx, o.Incident); err != nil {
		return o, "", inc, err
	}
	if team, err = s.asked(tx, o, by.Person); err != nil {
		return o, "", inc, err
	}
	switch {
	case team == "" || !by.CanAnywhere(Respond):
		if _, _, err := open(tx, by, o.Incident); err != nil {
			return o, "", inc, fault.NotFound("There is no such offer")
		}
		return o, "", inc, fault.Denied("This offer is not for you")
	case inc.TLP == Red: // a member of the team who was not asked by name knows nothing of it
		if _, _, err := open(tx, by, o.Incident); err != nil {
			return o, "", inc, fault.NotFound("There is no such offer")
		}
	}
	if o.State != "open" {
		return o, "", inc, fault.Conflict("This offer was answered already")
	}
	return o, team, inc, nil
}

func decide(tx *store.Tx, by authz.Actor, inc Incident, o Offer, state, answer string) error {
	if _, err := tx.Exec("UPDATE incident_offer SET state = $1, decided = $2, decided_by = $3, answer = $4 WHERE id = $5",
		state, tx.Millis(), by.Who(), answer, o.ID); err != nil {
		return err
	}
	if _, err := job.CancelPrefix(tx, climbKind, o.ID+":"); err != nil {
		return err
	}
	return tx.Record(by, fact.IncidentOffered{ID: inc.ID, Unit: inc.Unit, Offer: o.ID, Act: state, From: o.FromTeam, To: o.Asked, Person: o.ToPerson})
}

// Withdraw takes an offer back.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, offer string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		o, err := findOffer(tx, offer)
		if err != nil {
			return err
		}
		inc, _, err := working(tx, by, Respond, o.Incident)
		if err != nil {
			return err
		}
		if o.State != "open" {
			return fault.Conflict("This offer was answered already")
		}
		return withdraw(tx, by, inc, o)
	})
}

func withdraw(tx *store.Tx, by authz.Actor, inc Incident, o Offer) error {
	if err := decide(tx, by, inc, o, "withdrawn", ""); err != nil {
		return err
	}
	_, err := write(tx, by, inc, Entry{Kind: Handover, Said: text.M("Offer to %s withdrawn", "@team:"+o.Asked)})
	return err
}

func (s *Service) withdrawAll(tx *store.Tx, by authz.Actor, inc Incident) error {
	all, err := offers(tx, inc.ID)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.State == "open" {
			if err := withdraw(tx, by, inc, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Climb asks the team above where an offer was not answered in time. It is
// called once the time of that step is over; anything else is left alone, so
// that calling it twice does nothing. At the top it reminds and waits again.
func (s *Service) Climb(ctx context.Context, offer string, step int) error {
	by := authz.System("incident")
	return s.db.Change(ctx, func(tx *store.Tx) error {
		o, err := findOffer(tx, offer)
		if err != nil {
			return err
		}
		if o.State != "open" || o.Step != step || tx.Now.Before(o.Due) {
			return nil
		}
		inc, err := find(tx, o.Incident)
		if err != nil {
			return err
		}
		above, err := s.p.Teams.Above(tx, o.Asked)
		if err != nil {
			return err
		}
		said := text.M("Nobody of %s answered; %s is asked now", "@team:"+o.Asked, "@team:"+above)
		if above == "" {
			above = o.Asked
			said = text.M("Nobody of %s answered; it is asked again", "@team:"+o.Asked)
		}
		o.Asked, o.Step, o.Due = above, o.Step+1, tx.Now.Add(AnswerWithin(inc.Severity))
		if _, err := tx.Exec("UPDATE incident_offer SET asked_team = $1, step = $2, due = $3 WHERE id = $4", o.Asked, o.Step, store.Millis(o.Due), o.ID); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentOffered{ID: inc.ID, Unit: inc.Unit, Offer: o.ID, Act: "climbed", From: o.FromTeam, To: o.Asked, Due: o.Due}); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Handover, Said: said}); err != nil {
			return err
		}
		who, err := s.onCall(tx, o.Asked)
		if err != nil {
			return err
		}
		if err := s.ask(tx, by, inc, o, who); err != nil {
			return err
		}
		return s.tell(tx, inc, []string{o.FromPerson}, fmt.Sprintf("climbed:%s:%d", o.ID, o.Step),
			text.M("Nobody accepted %s yet: %s", inc.ID, inc.Title), text.M("The team above was asked. You answer for it until somebody accepts."))
	})
}

package identity

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/area/identity/policy"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/country"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// TripState is what became of a trip.
type TripState string

// The states that are kept; whether an approved trip runs, the clock tells.
const (
	TripAsked     TripState = "asked"
	TripApproved  TripState = "approved"
	TripRefused   TripState = "refused"
	TripCancelled TripState = "cancelled"
)

// Trip is a business trip that a person registers in advance, so that he can
// sign in from where he goes, and from nowhere else.
type Trip struct {
	ID        string
	Person    string
	Unit      string
	Countries []string  // ISO 3166-1 alpha-2
	From, To  time.Time // not any more at To
	Device    string    // id; empty: any
	Purpose   string
	State     TripState
	Asked     time.Time
	Decided   time.Time
	DecidedBy string
	Note      string
	Cut       time.Time // ended before its time, having been approved
}

// ends is when the trip no longer counts.
func (t Trip) ends() time.Time {
	if !t.Cut.IsZero() && t.Cut.Before(t.To) {
		return t.Cut
	}
	return t.To
}

// Waiting tells whether somebody must still decide.
func (t Trip) Waiting(now time.Time) bool { return t.State == TripAsked && now.Before(t.To) }

// Running tells whether the person may sign in by it.
func (t Trip) Running(now time.Time) bool {
	return t.State == TripApproved && !now.Before(t.From) && now.Before(t.ends())
}

// Ahead tells whether it is still good for something.
func (t Trip) Ahead(now time.Time) bool {
	return (t.State == TripApproved || t.State == TripAsked) && now.Before(t.ends())
}

const tripColumns = "t.id, t.person, t.unit, t.countries, t.starts, t.ends, t.device, t.purpose, t.state, t.asked, t.decided, t.decided_by, t.note, t.cut"

func readTrip(r store.Scanner) (t Trip, err error) {
	var countries string
	var starts, ends, asked, decided, cut int64
	err = r.Scan(&t.ID, &t.Person, &t.Unit, &countries, &starts, &ends, &t.Device, &t.Purpose, &t.State, &asked, &decided, &t.DecidedBy, &t.Note, &cut)
	t.Countries = strings.Fields(countries)
	t.From, t.To, t.Asked, t.Decided, t.Cut = store.Time(starts), store.Time(ends), store.Time(asked), store.Time(decided), store.Time(cut)
	return t, err
}

func (t Trip) save(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO identity_trip (id, person, unit, countries, starts, ends, device, purpose, state, asked, decided, decided_by, note, cut)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) ON CONFLICT (id) DO UPDATE SET
		state=excluded.state, decided=excluded.decided, decided_by=excluded.decided_by, note=excluded.note, cut=excluded.cut`,
		t.ID, t.Person, t.Unit, strings.Join(t.Countries, " "), store.Millis(t.From), store.Millis(t.To), t.Device, t.Purpose, string(t.State),
		store.Millis(t.Asked), store.Millis(t.Decided), t.DecidedBy, t.Note, store.Millis(t.Cut))
	return err
}

// rule is the trip as the policy takes it: it counts from its approval on.
func (t Trip) rule() policy.Trip {
	from := t.From
	if t.Decided.After(from) {
		from = t.Decided
	}
	return policy.Trip{ID: t.ID, Countries: t.Countries, From: from, To: t.ends(), Device: t.Device}
}

// aroundTrips is how long before and after a trip its country is told apart
// from any other, so that the reason of a refusal helps.
const aroundTrips = 30 * 24 * time.Hour

// tripsAround are the approved trips of a person at about a time.
func tripsAround(tx *store.Tx, person string, at time.Time) ([]policy.Trip, error) {
	list, err := store.Rows(tx, readTrip, "SELECT "+tripColumns+` FROM identity_trip t WHERE t.person = $1 AND t.ends > $2 AND t.starts < $3
		AND (t.state = $4 OR t.cut > 0) ORDER BY t.starts, t.id LIMIT 100`,
		person, store.Millis(at.Add(-aroundTrips)), store.Millis(at.Add(aroundTrips)), string(TripApproved))
	rules := make([]policy.Trip, len(list))
	for i, t := range list {
		rules[i] = t.rule()
	}
	return rules, err
}

const (
	// LongestTrip is how long a trip may last: longer stays are a change of the
	// country of employment.
	LongestTrip   = 92 * 24 * time.Hour
	mostCountries = 8
	longestText   = 300
)

func (t Trip) check(tx *store.Tx) (wrong []fault.Field, err error) {
	if len(t.Countries) == 0 || len(t.Countries) > mostCountries || slices.ContainsFunc(t.Countries, func(c string) bool { return !country.Known(c) }) {
		wrong = append(wrong, fault.F("countries", "Enter the countries by their names or two letters; at most %d", mostCountries))
	}
	switch {
	case t.From.IsZero():
		wrong = append(wrong, fault.F("from", "Enter when the trip begins"))
	case !t.To.After(t.From):
		wrong = append(wrong, fault.F("to", "The end must come after the beginning"))
	case !t.To.After(tx.Now):
		wrong = append(wrong, fault.F("to", "This time has passed"))
	case t.To.Sub(t.From) > LongestTrip:
		wrong = append(wrong, fault.F("to", "A trip lasts at most %d days", int(LongestTrip.Hours()/24)))
	}
	if t.Purpose == "" || len([]rune(t.Purpose)) > longestText {
		wrong = append(wrong, fault.F("purpose", "Say in at most %d letters what the trip is for", longestText))
	}
	if t.Device != "" {
		mine, err := devicesOf(tx, t.Person)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(mine, func(e Equipment) bool { return e.ID == t.Device }) {
			wrong = append(wrong, fault.F("device", "This is none of your devices"))
		}
	}
	return wrong, nil
}

// ReadCountries are the codes of countries as a person writes them: names in
// either language, or codes, with commas between them.
func ReadCountries(written string) ([]string, error) {
	found, bad, may := country.Read(written)
	switch {
	case len(may) > 1 && len(may) <= mostCountries:
		return nil, fault.Invalid(fault.F("countries", "%s may be one of several: %s", bad, country.List(may)))
	case bad != "":
		return nil, fault.Invalid(fault.F("countries", "%s is the name of no country that is known here", bad))
	}
	return found, nil
}

// AskTrip registers a trip of the actor. It counts once his manager approved it.
func (s *Service) AskTrip(ctx context.Context, by authz.Actor, t Trip) (Trip, error) {
	t.Purpose = strings.TrimSpace(t.Purpose)
	slices.Sort(t.Countries)
	t.Countries = slices.Compact(t.Countries)
	if err := whole(by); err != nil {
		return t, err
	}
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		t.ID, t.Person, t.State, t.Asked = id.New(), by.Person, TripAsked, tx.Now
		p, err := authz.FindPerson(tx, by.Person)
		if err != nil {
			return err
		}
		t.Unit = p.Unit
		wrong, err := t.check(tx)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		return s.ask(tx, by, p, t)
	})
	return t, err
}

// AskTripFor registers a trip in the name of a person, for whoever runs the
// machine. His manager decides about it like about any other.
func (s *Service) AskTripFor(ctx context.Context, system authz.Actor, person string, t Trip) (Trip, error) {
	if !system.IsSystem() {
		return t, fault.Denied("Only the system can do this")
	}
	t.Purpose = strings.TrimSpace(t.Purpose)
	slices.Sort(t.Countries)
	t.Countries = slices.Compact(t.Countries)
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		st, err := standing(tx, person)
		if err != nil {
			return err
		}
		if !p.Active || st.State != Active {
			return fault.Denied("This person can't sign in at present")
		}
		t.ID, t.Person, t.Unit, t.State, t.Asked = id.New(), p.ID, p.Unit, TripAsked, tx.Now
		if t.Device != "" { // by its id, or its number in the inventory
			mine, err := devicesOf(tx, p.ID)
			if err != nil {
				return err
			}
			for _, e := range mine {
				if e.Asset == t.Device {
					t.Device = e.ID
				}
			}
		}
		wrong, err := t.check(tx)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		return s.ask(tx, system, p, t)
	})
	return t, err
}

func (s *Service) ask(tx *store.Tx, by authz.Actor, p authz.Person, t Trip) error {
	if err := t.save(tx); err != nil {
		return err
	}
	who, err := s.approvers(tx, p)
	if err != nil {
		return err
	}
	for _, m := range who {
		if _, err := tx.Exec("INSERT INTO identity_trip_approver (person, trip) VALUES ($1,$2) ON CONFLICT (person, trip) DO NOTHING", m, t.ID); err != nil {
			return err
		}
		if err := notify.Send(tx, notify.Message{
			To: m, Subject: text.M("%s asks for a business trip to %s", p.Label(text.EN), country.List(t.Countries)),
			Body: text.M("Until you approve it, signing in from there is refused."),
			Href: "/trips/" + t.ID, Key: "trip/" + t.ID, Topic: "identity",
		}); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.TripAsked{Trip: t.ID, Person: t.Person, Unit: t.Unit, Countries: t.Countries, From: t.From, To: t.To})
}

// approvers are those who decide about a person's trips: his managers, or where
// there are none whoever may in his unit; never himself.
func (s *Service) approvers(tx *store.Tx, p authz.Person) (who []string, err error) {
	if s.o.Managers != nil {
		if who, err = s.o.Managers(tx, p); err != nil {
			return nil, err
		}
	}
	if who = slices.DeleteFunc(who, func(m string) bool { return m == p.ID }); len(who) == 0 {
		who, err = s.dir.Holders(tx, ApproveTrips, p.Unit)
	}
	return slices.DeleteFunc(who, func(m string) bool { return m == p.ID }), err
}

// mayDecide tells whether the actor may decide about trips of a person.
func (s *Service) mayDecide(tx *store.Tx, by authz.Actor, t Trip) (bool, error) {
	if by.Who() == t.Person {
		return false, nil
	}
	if by.Can(ApproveTrips, t.Unit) {
		return true, nil
	}
	p, err := authz.FindPerson(tx, t.Person)
	if err != nil {
		return false, err
	}
	who, err := s.approvers(tx, p)
	return slices.Contains(who, by.Person) && by.Person != "", err
}

// findTrip returns a trip that the actor may see: his own, those he decides
// about, and those of the units whose trips he may read.
func (s *Service) findTrip(tx *store.Tx, by authz.Actor, trip string) (t Trip, mine bool, err error) {
	t, err = readTrip(tx.QueryRow("SELECT "+tripColumns+" FROM identity_trip t WHERE t.id = $1", trip))
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, fault.NotFound("There is no such entry, or you may not see it")
	}
	if err != nil {
		return t, false, err
	}
	if mine, err = s.mayDecide(tx, by, t); err != nil || mine || by.Person == t.Person && by.Person != "" {
		return t, mine, err
	}
	return t, false, by.See(ReadTrips, t.Unit)
}

// DecideTrip approves or refuses what somebody asked for.
func (s *Service) DecideTrip(ctx context.Context, by authz.Actor, trip string, approve bool, note string) error {
	if note = strings.TrimSpace(note); len([]rune(note)) > longestText {
		return fault.Invalid(fault.F("note", "At most %d letters", longestText))
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, mine, err := s.findTrip(tx, by, trip)
		if err != nil {
			return err
		}
		if err := authz.TwoPersons(t.Person, by.Who()); err != nil {
			return err
		}
		if !mine {
			return by.May(ApproveTrips, t.Unit)
		}
		if err := s.decides(tx, by); err != nil {
			return err
		}
		if !t.Waiting(tx.Now) {
			return fault.Conflict("This trip is decided already, or its time has passed")
		}
		t.State, t.Decided, t.DecidedBy, t.Note = TripRefused, tx.Now, by.Who(), note
		subject := text.M("Your business trip to %s is refused", country.List(t.Countries))
		if approve {
			t.State, subject = TripApproved, text.M("Your business trip to %s is approved", country.List(t.Countries))
		}
		if err := t.save(tx); err != nil {
			return err
		}
		if err := notify.Send(tx, notify.Message{To: t.Person, Subject: subject, Body: text.Literal(note), Href: "/trips/" + t.ID, Key: "trip/" + t.ID + "/decided", Topic: "identity"}); err != nil {
			return err
		}
		return tx.Record(by, fact.TripDecided{Trip: t.ID, Person: t.Person, Unit: t.Unit, Approved: approve})
	})
}

// CancelTrip ends a trip that is asked for, ahead or running: at once, with the
// sessions that live by it. The person may, and who decides about it.
func (s *Service) CancelTrip(ctx context.Context, by authz.Actor, trip string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, mine, err := s.findTrip(tx, by, trip)
		if err != nil {
			return err
		}
		if by.Person != t.Person {
			if !mine {
				return by.May(ApproveTrips, t.Unit)
			}
			if err := s.decides(tx, by); err != nil {
				return err
			}
		}
		if !t.Ahead(tx.Now) {
			return fault.Conflict("This trip is over, or was cancelled already")
		}
		return s.cancel(tx, by, t)
	})
}

func (s *Service) cancel(tx *store.Tx, by authz.Actor, t Trip) error {
	if t.State == TripApproved {
		t.Cut = tx.Now
	}
	t.State = TripCancelled
	if err := t.save(tx); err != nil {
		return err
	}
	if err := s.end(tx, by, t.Person, "trip = $2", t.ID); err != nil {
		return err
	}
	if err := leaveTrip(tx, t.Person, t.ID); err != nil {
		return err
	}
	return tx.Record(by, fact.TripCancelled{Trip: t.ID, Person: t.Person, Unit: t.Unit})
}

// closeTrips is the door of trips: who is locked out goes nowhere.
func closeTrips(tx *store.Tx, by authz.Actor, person, _ string) (int64, error) {
	list, err := store.Rows(tx, readTrip, "SELECT "+tripColumns+" FROM identity_trip t WHERE t.person = $1 AND t.ends > $2 AND t.state IN ($3,$4) ORDER BY t.id", person, tx.Millis(), string(TripAsked), string(TripApproved))
	if err != nil {
		return 0, err
	}
	for _, t := range list {
		if t.State == TripApproved {
			t.Cut = tx.Now
		}
		t.State = TripCancelled
		if err := t.save(tx); err != nil {
			return 0, err
		}
		if err := tx.Record(by, fact.TripCancelled{Trip: t.ID, Person: t.Person, Unit: t.Unit}); err != nil {
			return 0, err
		}
	}
	return int64(len(list)), nil
}

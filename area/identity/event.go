package identity

import (
	"context"
	"errors"

	"yagura/kernel/id"
	"yagura/kernel/store"
)

// EventKind is what happened at a door.
type EventKind string

// The kinds of events.
const (
	SignIn         EventKind = "sign-in"
	Enrolment      EventKind = "enrolment"    // of something to sign in by
	Spray          EventKind = "spray"        // one network guesses at many accounts
	PromptStorm    EventKind = "prompt-storm" // right passwords with wrong codes, again and again
	Disowned       EventKind = "disowned"     // "this was not me"
	BreakGlassUsed EventKind = "break-glass"  // somebody signed in with an account for emergencies
	CounterFell    EventKind = "counter-fell" // of a passkey: there are two of it (WebAuthn §6.1.1)
	EnterClient    EventKind = "enter-application"
	CodeReplayed   EventKind = "code-replayed"  // an authorization code came a second time: it was stolen
	RefreshReused  EventKind = "refresh-reused" // so did a refresh token
	Moved          EventKind = "moved"          // a live session came from another address

	SessionBegan EventKind = "session-began" // at a server that asks by RADIUS, as it reports
	SessionEnded EventKind = "session-ended" // reason: how, and the cause it gave

	// What is remarkable about where a sign-in came from.
	NewDevice        EventKind = "new-device"
	NewCountry       EventKind = "new-country"         // reason: the country
	ImpossibleTravel EventKind = "impossible-travel"   // reason: the distance
	AbroadRefused    EventKind = "abroad-refused"      // reason: why no trip helped
	TripUntravelled  EventKind = "trip-without-travel" // reason: the trip
	Dormant          EventKind = "dormant-account"     // reason: the days since the sign-in before
	KeyDowngrade     EventKind = "key-downgrade"       // less than the person's own keys; reason: by what
)

// EventKinds are all of them.
var EventKinds = []EventKind{SignIn, Enrolment, Spray, PromptStorm, Disowned, BreakGlassUsed, CounterFell, EnterClient, CodeReplayed, RefreshReused, Moved, SessionBegan, SessionEnded,
	NewDevice, NewCountry, ImpossibleTravel, AbroadRefused, TripUntravelled, Dormant, KeyDowngrade}

// Outcome tells whether somebody got in.
type Outcome string

// The outcomes.
const (
	Allowed Outcome = "allowed"
	Refused Outcome = "refused"
)

// Event is one entry of the log of authentication: it is only ever added to.
// It is no state and not in the ledger, which would drown in it; what changes
// the rights of somebody is a fact besides.
type Event struct {
	ID      string
	Kind    EventKind
	Outcome Outcome
	Reason  string // why it was refused, in one word
	Person  string // empty where nobody is known by that name
	Unit    string
	Session string
	Client  string // the application, empty for the console
	Proof   Proof
	Device  Device
	Place   string // of the policy: "office", "home", "trip", …
	Country string // ISO 3166-1 alpha-2
	Account string // pseudonym of what somebody guessed at, the same for the same account
	Inside  string // addresses that the person was given inside
	past    bool   // of a played group: no news for detection
}

// at is the event at the door of an application: what was judged as a sign-in was
// the way into it.
func (e Event) at(c Client) Event {
	if e.Client = c.ID; e.Kind == SignIn {
		e.Kind = EnterClient
	}
	return e
}

// where is the event with what was found of where a session is used from, so
// that it can be judged once more by another policy.
func (e Event) where(s Session) Event {
	e.Place, e.Country, e.Device = s.Place, s.Country, s.Device
	return e
}

// note adds to the log. It belongs to the transaction of what it tells: what
// did not happen is not noted.
func (s *Service) note(tx *store.Tx, e Event) error {
	if e.ID == "" {
		e.ID = id.New()
	}
	_, err := tx.Exec(`INSERT INTO identity_event (id, at, kind, outcome, reason, person, unit, session, client, method, level, agent, network, place, country, methods, device, managed, account, inside, told)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)`,
		e.ID, tx.Millis(), string(e.Kind), string(e.Outcome), e.Reason, e.Person, e.Unit, e.Session, e.Client, e.Proof.Method, string(e.Proof.Level),
		e.Device.Agent, e.Device.Network, e.Place, e.Country, joinMethods(e.Proof.Methods), e.Device.ID, flag(e.Device.Managed), e.Account, e.Inside, flag(e.past))
	return err
}

// refusal is a fault whose reason is kept in the log though the transaction
// that found it changes nothing.
type refusal struct {
	error
	event   Event
	signals []Event // what else is remarkable about it
	spent   spent   // state that does not come back though nothing else is changed
}

func (r refusal) Unwrap() error { return r.error }

// refuse is the fault, and what the log keeps of it.
func refuse(err error, e Event, reason string) error {
	e.Outcome, e.Reason = Refused, reason
	return refusal{error: err, event: e}
}

// enter is a transaction that lets somebody in, or notes why not.
func (s *Service) enter(ctx context.Context, fn func(tx *store.Tx) error) error {
	return s.noteRefused(ctx, s.db.Change(ctx, fn))
}

// noteRefused notes a refusal, of whatever transaction that changed nothing.
func (s *Service) noteRefused(ctx context.Context, err error) error {
	var r refusal
	if !errors.As(err, &r) {
		return err
	}
	if err := s.db.Operate(ctx, func(tx *store.Tx) error { return s.keepRefusal(tx, r) }); err != nil {
		return errors.Join(r.error, err)
	}
	return r.error
}

// keepRefusal adds a refusal to the log, and tells the person of one abroad.
func (s *Service) keepRefusal(tx *store.Tx, r refusal) error {
	if r.spent.digest != "" {
		if first, err := r.spent.note(tx); err != nil || !first { // a wrong answer that comes again is no news
			return err
		}
	}
	for _, e := range append([]Event{r.event}, r.signals...) {
		if err := s.note(tx, e); err != nil {
			return err
		}
		if e.Kind == AbroadRefused {
			if err := warn(tx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

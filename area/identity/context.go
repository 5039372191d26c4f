package identity

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/identity/geo"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// surroundings are the networks and policies of the group as of a transaction.
type surroundings struct {
	epoch    string
	networks *policy.Networks
	policies map[string]policy.Policy // in force, by unit
}

// kept is the last picture of the surroundings.
type kept struct {
	mu   sync.Mutex
	last *surroundings
}

// surroundings renews the picture when a transaction sees that it changed.
func (s *Service) surroundings(tx *store.Tx) (*surroundings, error) {
	var epoch string
	if err := tx.QueryRow("SELECT epoch FROM identity_context").Scan(&epoch); err != nil {
		return nil, err
	}
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	if s.kept.last != nil && s.kept.last.epoch == epoch {
		return s.kept.last, nil
	}
	networks, err := store.Rows(tx, readNetwork, "SELECT "+networkColumns+" FROM identity_network n ORDER BY n.id")
	if err != nil {
		return nil, err
	}
	now := &surroundings{epoch: epoch, policies: map[string]policy.Policy{}}
	list := make([]policy.Network, len(networks))
	for i, n := range networks {
		list[i] = n.Network
	}
	now.networks = policy.NewNetworks(list...)
	said, err := store.Rows(tx, readPolicy, "SELECT "+policyColumns+" FROM identity_policy l WHERE l.state = $1", string(InForce))
	if err != nil {
		return nil, err
	}
	for _, p := range said {
		rules, mistakes := policy.Parse([]byte(p.Text))
		if len(mistakes) > 0 { // it was without when it was approved
			return nil, fmt.Errorf("policy of %s: %w", p.Unit, mistakes[0])
		}
		now.policies[p.Unit] = rules
	}
	s.kept.last = now
	return now, nil
}

// stirred says that networks or policies changed. The mark is a number of its
// own, not the next one: that of a transaction which is rolled back must not
// pass for another's.
func stirred(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE identity_context SET epoch = $1", id.New())
	return err
}

// rules are those of a unit.
func (s *Service) rules(tx *store.Tx, around *surroundings, unit string) (policy.Rules, error) {
	path, err := s.path(tx, unit)
	return policy.For(path, around.policies), err
}

// path are the units from the top of the group down to one.
func (s *Service) path(tx *store.Tx, unit string) ([]string, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return nil, err
	}
	own, _, _ := units.Paths(unit)
	return strings.FieldsFunc(own, func(r rune) bool { return r == '/' }), nil
}

// situation is what is known of where a session is used from.
type situation struct {
	question policy.Question
	decision policy.Decision
	point    geo.Point // of the address
	device   Equipment // recognised by its token; without an ID there is none
	known    bool      // the person has used the device before
}

// judge decides by the policy of the person's unit, and completes the session
// with where the person is and on what.
func (s *Service) judge(tx *store.Tx, p authz.Person, session *Session, closed bool) (now situation, err error) {
	around, err := s.surroundings(tx)
	if err != nil {
		return now, err
	}
	rules, err := s.rules(tx, around, p.Unit)
	if err != nil {
		return now, err
	}
	if now.device, now.known, err = s.recognise(tx, p, session.Device); err != nil {
		return now, err
	}
	if session.Device.named != "" {
		if now.known, err = knownStation(tx, p, session.Device.named); err != nil {
			return now, err
		}
	}
	session.Device.ID, session.Device.Managed = now.device.ID, now.device.ManagedFor(p.ID)
	allowed, err := s.allowance(tx, p)
	if err != nil {
		return now, err
	}
	rules.TOTP, rules.Passwords = allowed.Codes, allowed.Passwords
	glass, err := isBreakGlass(tx, p.ID)
	if err != nil {
		return now, err
	}
	q := policy.Question{
		BreakGlass: glass, Class: session.into.Class,
		At: tx.Now, Contained: closed, Device: session.Device.ID, Managed: session.Device.Managed, Level: session.Proof.Level,
		Password: session.Proof.used("pwd"), TOTP: session.Proof.code(),
	}
	if err := s.whereabouts(tx, around, p, session.Device.Network, &q, &now.point); err != nil {
		return now, err
	}
	now.question, now.decision = q, rules.Decide(q)
	session.Place, session.Country, session.Trip = string(now.decision.Place), now.decision.Country, now.decision.Trip
	return now, nil
}

// whereabouts fills in what an address tells. Home and trips are asked for only
// where a country is known: they decide nothing without.
func (s *Service) whereabouts(tx *store.Tx, around *surroundings, p authz.Person, address string, q *policy.Question, point *geo.Point) (err error) {
	a, ok := policy.ParseAddress(address)
	if !ok {
		return nil
	}
	q.Network = around.networks.Of(a)
	*point = s.geo.Of(a, tx.Now)
	q.Country = point.Country
	if q.Country == "" && (q.Network == nil || q.Network.Country == "") {
		return nil
	}
	if s.o.Country != nil {
		if q.Home, err = s.o.Country(tx, p.Unit); err != nil {
			return err
		}
	}
	q.Trips, err = tripsAround(tx, p.ID, tx.Now)
	return err
}

// code tells whether one of the factors was a one-time code. A session that is
// for adding a passkey alone, and one by a link, are not what policies mean.
func (p Proof) code() bool {
	return p.used("otp") && p.Method != "link" && !Session{Proof: p}.Narrow()
}

// used tells whether one of the factors was of a kind (RFC 8176).
func (p Proof) used(method string) bool { return slices.Contains(p.Methods, method) }

// cut shortens the session to what the decision allows.
func (s *Session) cut(now time.Time, d policy.Decision) {
	if d.Session > 0 && s.Until.After(s.Began.Add(d.Session)) {
		s.Until = s.Began.Add(d.Session)
	}
	if !d.Until.IsZero() && s.Until.After(d.Until) {
		s.Until = d.Until
	}
	if s.Until.Before(now) {
		s.Until = now
	}
}

// errPlace says what the person can do about it. He has shown who he is: it
// tells nothing to strangers.
func errPlace(d policy.Decision) error { return placeFault(d.Reason) }

// PlaceWords say the same of a reason.
func PlaceWords(reason string) text.Message {
	return fault.MessageOf(placeFault(policy.Reason(reason)))
}

func placeFault(reason policy.Reason) error {
	switch reason {
	case policy.Elsewhere, policy.TripEarly, policy.TripOver:
		return fault.Denied("You can't sign in from this country without a business trip that is registered and approved. Ask your manager or your security contact.")
	case policy.TripOther:
		return fault.Denied("Your business trip was registered for another device: sign in on that one")
	case policy.BadDevice:
		return fault.Denied("From here only a device that the group manages can be used")
	case policy.Password, policy.Code:
		return fault.Denied("This way of signing in does not count in your unit: use your passkey")
	case policy.Weak:
		return fault.Denied("From here a stronger way of signing in is needed: use your passkey or security key")
	}
	return fault.Denied("Nobody can sign in from here. Please ask your security contact.")
}

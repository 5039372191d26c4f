package identity

import (
	"context"
	"net/http"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Session is one sign-in on one device.
type Session struct {
	ID      string // also the sid that applications are told
	Person  string
	Proof   Proof
	Device  Device // with the address from which it was last let in
	Place   string // of the policy: "office", "home", "trip", …
	Country string // ISO 3166-1 alpha-2; empty where it is not known
	Trip    string // by which it is allowed
	Began   time.Time
	Seen    time.Time
	Until   time.Time
	Current bool

	into Client // that is entered; the zero one is the console
}

// begin begins a session of a person and returns its secret.
func (s *Service) begin(tx *store.Tx, p authz.Person, proof Proof, from Device) (session Session, secret string, err error) {
	return s.beginAs(tx, id.New(), p, proof, from)
}

// beginAs is begin for a session of an id, under which the log knows it as well.
func (s *Service) beginAs(tx *store.Tx, sid string, p authz.Person, proof Proof, from Device) (session Session, secret string, err error) {
	session = Session{ID: sid, Person: p.ID, Proof: proof, Device: from, Began: tx.Now, Seen: tx.Now, Until: tx.Now.Add(s.o.Session)}
	if proof.At.IsZero() {
		session.Proof.At = tx.Now
	}
	if session.Proof, err = worth(tx, p.ID, session.Proof); err != nil {
		return session, "", err
	}
	now, err := s.enters(tx, p, &session)
	if err != nil {
		return session, "", err
	}
	if err := s.admitBreakGlass(tx, p, &session, now); err != nil {
		return session, "", err
	}
	event := session.event(p)
	event.Outcome = Allowed
	signals, err := s.signals(tx, p, now, event)
	if err != nil {
		return session, "", err
	}
	if err := s.remember(tx, p, &session, now); err != nil {
		return session, "", err
	}
	if !session.Narrow() {
		if err := forgiveGuesses(tx, p.ID); err != nil {
			return session, "", err
		}
	}
	secret = id.Token()
	if err := session.save(tx, secret); err != nil {
		return session, "", err
	}
	event.Device = session.Device
	for _, e := range append(signals, event) {
		if err := s.note(tx, e); err != nil {
			return session, "", err
		}
	}
	return session, secret, tx.Record(authz.Actor{Person: p.ID}, fact.SignedIn{Person: p.ID, Unit: p.Unit, Method: proof.Method})
}

func (s Session) save(tx *store.Tx, secret string) error {
	_, err := tx.Exec(`INSERT INTO identity_session (digest, `+sessionColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
		id.Digest(secret), s.ID, s.Person, s.Proof.Method, string(s.Proof.Level), joinMethods(s.Proof.Methods), store.Millis(s.Proof.At), s.Proof.Passkey,
		s.Device.Agent, s.Device.Network, store.Millis(s.Began), store.Millis(s.Seen), store.Millis(s.Until),
		s.Place, s.Country, s.Device.ID, s.Trip)
	return err
}

const sessionColumns = "id, person, method, level, methods, proved, passkey, agent, network, began, seen, until, place, country, device, trip"

func readSession(r store.Scanner) (s Session, err error) {
	var proved, began, seen, until int64
	var methods string
	err = r.Scan(&s.ID, &s.Person, &s.Proof.Method, &s.Proof.Level, &methods, &proved, &s.Proof.Passkey, &s.Device.Agent, &s.Device.Network, &began, &seen, &until,
		&s.Place, &s.Country, &s.Device.ID, &s.Trip)
	s.Proof.Methods, s.Proof.At = strings.Fields(methods), store.Time(proved)
	s.Began, s.Seen, s.Until = store.Time(began), store.Time(seen), store.Time(until)
	return s, err
}

// current is the live session of a secret; a fault of kind unauthenticated
// where there is none.
func (s *Service) current(tx *store.Tx, secret string) (Session, error) {
	if secret == "" {
		return Session{}, fault.Unauthenticated("Please sign in")
	}
	list, err := store.Rows(tx, readSession, "SELECT "+sessionColumns+" FROM identity_session WHERE digest = $1 AND until > $2 AND seen > $3",
		id.Digest(secret), tx.Millis(), store.Millis(tx.Now.Add(-s.o.Idle)))
	if err != nil {
		return Session{}, err
	}
	if len(list) == 0 {
		return Session{}, fault.Unauthenticated("Please sign in")
	}
	return list[0], nil
}

// hereBy is the live session of an actor who is here by one.
func (s *Service) hereBy(tx *store.Tx, by authz.Actor) (Session, error) {
	list, err := store.Rows(tx, readSession, "SELECT "+sessionColumns+" FROM identity_session WHERE id = $1 AND person = $2 AND until > $3", by.Session, by.Person, tx.Millis())
	if err == nil && len(list) == 0 {
		err = fault.Unauthenticated("Please sign in")
	}
	if err != nil {
		return Session{}, err
	}
	return list[0], nil
}

// seenEvery bounds how often the last sight of a session is written.
const seenEvery = time.Minute

// Who is the actor of a session's secret.
func (s *Service) Who(ctx context.Context, secret string) (authz.Actor, error) {
	return s.WhoAt(ctx, secret, Device{})
}

// WhoAt is Who for a request: a session that comes from another address than
// before is judged anew, and ends where it would not have begun.
func (s *Service) WhoAt(ctx context.Context, secret string, from Device) (authz.Actor, error) {
	var actor authz.Actor
	var stale, moved bool
	err := s.db.View(ctx, func(tx *store.Tx) error {
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		stale, moved = tx.Now.Sub(session.Seen) > seenEvery, from.Network != "" && from.Network != session.Device.Network
		actor, err = s.dir.ActorOf(tx, session.Person)
		actor = s.narrowed(actor, session)
		actor.Session = session.ID
		return err
	})
	if err == nil && moved {
		err = s.move(ctx, secret, from)
	}
	if err != nil {
		if fault.Is(err, fault.KindDenied) || fault.Is(err, fault.KindNotFound) { // has left
			err = fault.Unauthenticated("Please sign in")
		}
		return authz.Actor{}, err
	}
	if stale {
		// Where this fails, as on a full disk, the person can still read.
		_ = s.db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_session SET seen = $1 WHERE digest = $2", tx.Millis(), id.Digest(secret))
			return err
		})
	}
	return actor, nil
}

// Sessions are the live sessions of a person, newest first. Only the person
// and those who may read of people there see them.
func (s *Service) Sessions(ctx context.Context, by authz.Actor, person, current string) (list []Session, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		list, err = store.Rows(tx, readSession, "SELECT "+sessionColumns+" FROM identity_session WHERE person = $1 AND until > $2 AND seen > $3 ORDER BY began DESC",
			person, tx.Millis(), store.Millis(tx.Now.Add(-s.o.Idle)))
		if err != nil || current == "" {
			return err
		}
		if here, err := s.current(tx, current); err == nil {
			for i := range list {
				list[i].Current = list[i].ID == here.ID
			}
		}
		return nil
	})
	return list, err
}

// own passes who asks about himself, or may do the act in the person's unit.
func (s *Service) own(tx *store.Tx, by authz.Actor, person string, act authz.Act) error {
	if by.Person == person && person != "" {
		return nil
	}
	_, err := seen(tx, by, act, person)
	return err
}

// seen is a person about whom the actor may do the act. That there is somebody is
// told only to who may see him: to all others there is nobody of that name.
func seen(tx *store.Tx, by authz.Actor, act authz.Act, person string) (authz.Person, error) {
	p, err := authz.FindPerson(tx, person)
	switch {
	case fault.Is(err, fault.KindNotFound):
		err = errNoLost()
	case err != nil || by.Can(act, p.Unit):
	case by.Can(ReadPerson, p.Unit):
		err = by.May(act, p.Unit)
	default:
		err = errNoLost()
	}
	return p, err
}

// SignOut ends the session of the secret.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		session, err := s.current(tx, secret)
		if fault.Is(err, fault.KindUnauthenticated) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.end(tx, authz.Actor{Person: session.Person}, session.Person, "id = $2", session.ID)
	})
}

// EndSession ends one session of a person.
func (s *Service) EndSession(ctx context.Context, by authz.Actor, person, session string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, EndSessions); err != nil {
			return err
		}
		return s.end(tx, by, person, "id = $2", session)
	})
}

// EndAll locks a person out until he signs in anew: sessions end, links that
// were not used yet and tokens of the API are no longer valid.
func (s *Service) EndAll(ctx context.Context, by authz.Actor, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, EndSessions); err != nil {
			return err
		}
		_, err := closeDoors(tx, by, person)
		return err
	})
}

func (s *Service) end(tx *store.Tx, by authz.Actor, person, which, session string) error {
	n, err := endSessions(tx, person, which, session)
	if err != nil || n == 0 {
		return err
	}
	unit, err := unitOf(tx, person)
	if err != nil {
		return err
	}
	return tx.Record(by, fact.SessionsEnded{Person: person, Unit: unit, Count: n})
}

// CookieName is the cookie that holds the session's secret. Over HTTPS the
// prefix __Host- keeps other hosts of the domain from setting it.
func (s *Service) CookieName() string {
	if s.secure {
		return "__Host-yagura"
	}
	return "yagura"
}

// SetCookie gives the browser the session's secret; an empty one takes it away.
func (s *Service) SetCookie(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: s.CookieName(), Value: secret, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if secret == "" {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(s.o.Session.Seconds())
	}
	http.SetCookie(w, c)
}

// Secret is the session's secret in the request, empty where there is none.
func (s *Service) Secret(r *http.Request) string {
	c, err := r.Cookie(s.CookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// Actor is who sent the request by its session; the console asks it.
func (s *Service) Actor(_ http.ResponseWriter, r *http.Request) (authz.Actor, error) {
	secret := s.Secret(r)
	if secret == "" {
		return authz.Actor{}, fault.Unauthenticated("Please sign in")
	}
	return s.WhoAt(r.Context(), secret, DeviceOf(r))
}

package identity

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Grant is what one sign-in gave one application. Every token carries its id
// and counts only as long as it does: there is no row of a token that could be
// forgotten. It ends with its session, unless it was given beyond that, with its
// account, and when a code or a refresh token of it comes a second time.
type Grant struct {
	ID         string
	Client     string
	Person     string // empty where the application acts for itself
	Session    string
	Scopes     []string
	Proof      Proof // of the session when it was given
	Device     Device
	Began      time.Time
	Used       time.Time // the latest renewal
	Until      time.Time
	Offline    bool  // outlives the session
	Generation int64 // of the refresh token that counts; 0: no token was given
	ACR        Level // what the application is told of the level, where it asked for certain values
	Ended      time.Time
	Reason     string
	KnownAs    string // the NameID by which a SAML application knows the person in this session
}

// What the token endpoint answers with (RFC 6749 §5.2, RFC 8628 §3.5).
var (
	ErrClient  = errors.New("invalid_client")
	ErrGrant   = errors.New("invalid_grant")
	ErrScope   = errors.New("invalid_scope")
	ErrPending = errors.New("authorization_pending")
	ErrSlow    = errors.New("slow_down")
	ErrExpired = errors.New("expired_token")
	ErrRefused = errors.New("access_denied")
)

const (
	// AccessFor is how long an access token and an ID token count at most.
	AccessFor = 10 * time.Minute
	// CodeFor is how long a code can be exchanged (RFC 6749 §4.1.2: at most ten minutes).
	CodeFor = time.Minute
	// offlineFor is how long a grant lasts that outlives its session.
	offlineFor = 30 * 24 * time.Hour
)

const grantColumns = "id, client, person, session, scopes, method, level, methods, proved, agent, network, began, used, until, offline, generation, ended, reason, known_as, passkey, acr"

func readGrant(r store.Scanner) (g Grant, err error) {
	var scopes, methods string
	var proved, began, used, until, offline, ended int64
	err = r.Scan(&g.ID, &g.Client, &g.Person, &g.Session, &scopes, &g.Proof.Method, &g.Proof.Level, &methods, &proved, &g.Device.Agent, &g.Device.Network,
		&began, &used, &until, &offline, &g.Generation, &ended, &g.Reason, &g.KnownAs, &g.Proof.Passkey, &g.ACR)
	g.Scopes, g.Proof.Methods, g.Proof.At, g.Offline = strings.Fields(scopes), strings.Fields(methods), store.Time(proved), offline != 0
	g.Began, g.Used, g.Until, g.Ended = store.Time(began), store.Time(used), store.Time(until), store.Time(ended)
	return g, err
}

// add writes a grant; fresh is false where there is one of this id already.
func (g Grant) add(tx *store.Tx) (fresh bool, err error) {
	offline := 0
	if g.Offline {
		offline = 1
	}
	n, err := tx.Exec(`INSERT INTO identity_grant (`+grantColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21) ON CONFLICT (id) DO NOTHING`,
		g.ID, g.Client, g.Person, g.Session, strings.Join(g.Scopes, " "), g.Proof.Method, string(g.Proof.Level), joinMethods(g.Proof.Methods), store.Millis(g.Proof.At),
		g.Device.Agent, g.Device.Network, store.Millis(g.Began), store.Millis(g.Used), store.Millis(g.Until), offline, g.Generation, store.Millis(g.Ended), g.Reason, g.KnownAs, g.Proof.Passkey, string(g.ACR))
	return n == 1, err
}

func findGrant(tx *store.Tx, grant string) (Grant, bool, error) {
	list, err := store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM identity_grant WHERE id = $1", grant)
	if err != nil || len(list) == 0 {
		return Grant{}, false, err
	}
	return list[0], true, nil
}

// endGrant ends a grant and says why; it tells whether it counted until now.
func endGrant(tx *store.Tx, grant, reason string) (bool, error) {
	n, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = $2 WHERE id = $3 AND ended = 0", tx.Millis(), reason, grant)
	return n > 0, err
}

// sessionOf is the live session of an id.
func (s *Service) sessionOf(tx *store.Tx, session string) (Session, bool, error) {
	list, err := store.Rows(tx, readSession, "SELECT "+sessionColumns+" FROM identity_session WHERE id = $1 AND until > $2 AND seen > $3",
		session, tx.Millis(), store.Millis(tx.Now.Add(-s.o.Idle)))
	if err != nil || len(list) == 0 {
		return Session{}, false, err
	}
	return list[0], true, nil
}

// hold is sessionOf for giving something by the session, and has it in use. The
// row is written, not only locked: whoever ends it meanwhile waits for this
// transaction and then, being serializable, begins anew and finds what was given;
// who has ended it before this one leaves no row to hold. What may have been taken
// away, such as the standing of the account, is asked after it.
func (s *Service) hold(tx *store.Tx, session string) (Session, bool, error) {
	of, err := readSession(tx.QueryRow("UPDATE identity_session SET seen = $2 WHERE id = $1 AND until > $2 AND seen > $3 RETURNING "+sessionColumns,
		session, tx.Millis(), store.Millis(tx.Now.Add(-s.o.Idle))))
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, false, nil
	}
	return of, err == nil, err
}

// alive tells whether a grant counts now. That the application is there is asked
// as well: who removes it can't see a grant that is just being given.
func (s *Service) alive(tx *store.Tx, g Grant) (bool, error) {
	if !g.Ended.IsZero() || !g.Until.After(tx.Now) || g.Generation == 0 {
		return false, nil
	}
	var there bool
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_client WHERE id = $1 AND removed = 0)", g.Client).Scan(&there); err != nil || !there {
		return false, err
	}
	if g.Person == "" || g.Offline {
		return true, nil
	}
	_, ok, err := s.sessionOf(tx, g.Session)
	return ok, err
}

// Issued is what the token endpoint makes tokens of.
type Issued struct {
	Grant   Grant
	Access  string // opaque
	Refresh string // empty where the application gets none
	Nonce   string
	Claims  json.RawMessage // the parameter claims of the request
}

// bearer is what an access or a refresh token says of itself, sealed.
type bearer struct {
	Grant      string `json:"g"`
	Generation int64  `json:"n,omitempty"`
	Until      int64  `json:"u"`
	Scopes     string `json:"s"`
}

const (
	aboutAccess  = "access token"
	aboutRefresh = "refresh token"
	accessMark   = "yga_"
	refreshMark  = "ygf_"
)

// issue makes the tokens of a grant.
func (s *Service) issue(tx *store.Tx, c Client, g Grant, scopes []string) (out Issued, err error) {
	out.Grant = g
	out.Grant.Scopes = scopes
	until := tx.Now.Add(AccessFor)
	if out.Access, err = s.sealJSON(bearer{Grant: g.ID, Until: store.Millis(until), Scopes: strings.Join(scopes, " ")}, aboutAccess); err != nil {
		return out, err
	}
	out.Access = accessMark + out.Access
	if g.Person != "" && (c.Refresh == RefreshSession || g.Offline || c.Refresh == RefreshOffline) {
		if out.Refresh, err = s.sealJSON(bearer{Grant: g.ID, Generation: g.Generation, Until: store.Millis(g.Until)}, aboutRefresh); err != nil {
			return out, err
		}
		out.Refresh = refreshMark + out.Refresh
	}
	return out, nil
}

func (s *Service) sealJSON(v any, about string) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return s.seal(raw, about)
}

func (s *Service) openJSON(sealed, about string, into any) error {
	raw, err := s.open(sealed, about)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// Refresh gives new tokens for a refresh token, which counts once. One that
// comes a second time was copied: the grant ends, with whatever was renewed since
// (RFC 9700 §4.14.2).
func (s *Service) Refresh(ctx context.Context, c Client, token string, scopes []string) (out Issued, err error) {
	var b bearer
	sealed, ok := strings.CutPrefix(token, refreshMark)
	if !ok || s.openJSON(sealed, aboutRefresh, &b) != nil {
		return out, ErrGrant
	}
	var verdict error
	var dead Grant
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		out, verdict = Issued{}, nil
		n, err := tx.Exec("UPDATE identity_grant SET generation = generation + 1, used = $1 WHERE id = $2 AND client = $3 AND generation = $4 AND ended = 0 AND until > $1",
			tx.Millis(), b.Grant, c.ID, b.Generation)
		if err != nil {
			return err
		}
		g, known, err := findGrant(tx, b.Grant)
		if err != nil {
			return err
		}
		if !known || g.Client != c.ID {
			verdict = ErrGrant
			return nil
		}
		dead = g
		if n == 0 {
			verdict = ErrGrant
			if g.Generation == b.Generation { // the grant is over: nobody has copied anything
				return nil
			}
			return s.reused(tx, g, RefreshReused)
		}
		for _, scope := range scopes {
			if !slices.Contains(g.Scopes, scope) {
				return ErrScope // taken back: the token still counts
			}
		}
		now, err := findClient(tx, c.ID) // as it is by now
		if err != nil {
			if fault.Is(err, fault.KindNotFound) {
				verdict, err = ErrGrant, nil
			}
			return err
		}
		if verdict, err = s.readmit(tx, now, &g); verdict != nil || err != nil {
			return err
		}
		wanted := g.Scopes
		if len(scopes) > 0 {
			wanted = scopes
		}
		out, err = s.issue(tx, now, g, now.allowed(wanted))
		return err
	})
	if errors.Is(err, ErrScope) {
		return out, ErrScope
	}
	if err == nil {
		if err = verdict; err != nil {
			s.turnedAway(ctx, dead)
		}
	}
	return out, err
}

// readmit asks again whether the person of a grant may come in, and whether the
// application would still be given it: what it was changed to holds from the next
// renewal. It is judged by what the grant was given for; by a stronger sign-in
// since, the application can be given another.
func (s *Service) readmit(tx *store.Tx, c Client, g *Grant) (verdict, err error) {
	session, live, err := s.sessionOf(tx, g.Session)
	if err != nil {
		return nil, err
	}
	if g.Offline && c.Refresh != RefreshOffline { // from now on it ends with its session
		g.Offline = false
		if live && g.Until.After(session.Until) {
			g.Until = session.Until
		}
		if _, err := tx.Exec("UPDATE identity_grant SET offline = 0, until = $1 WHERE id = $2", store.Millis(g.Until), g.ID); err != nil {
			return nil, err
		}
	}
	if !live {
		if !g.Offline {
			_, err = endGrant(tx, g.ID, "session")
			return ErrGrant, err
		}
		session = Session{ID: g.Session, Person: g.Person, Device: g.Device, Began: g.Began, Seen: tx.Now, Until: g.Until}
	}
	p, err := authz.FindPerson(tx, g.Person)
	if err != nil {
		return nil, err
	}
	session.into, session.Proof = c, g.Proof
	if c.Refresh == RefreshNone || !g.Proof.Level.Meets(c.MinLevel) {
		event := session.event(p)
		event.Kind, event.Client = EnterClient, c.ID
		if err := s.noteRefusal(tx, event, "client-changed"); err != nil {
			return nil, err
		}
		_, err = endGrant(tx, g.ID, "refused")
		return ErrGrant, err
	}
	if err := s.admit(tx, p, &session); err != nil {
		var r refusal
		if !errors.As(err, &r) {
			return nil, err
		}
		r.event.Client = g.Client
		if err := s.note(tx, r.event); err != nil {
			return nil, err
		}
		_, err := endGrant(tx, g.ID, "refused")
		return ErrGrant, err
	}
	if live {
		return nil, s.sight(tx, session)
	}
	return nil, nil
}

// sight notes, at most once a minute, that a session is in use.
func (s *Service) sight(tx *store.Tx, session Session) error {
	if tx.Now.Sub(session.Seen) <= seenEvery {
		return nil
	}
	_, err := tx.Exec("UPDATE identity_session SET seen = $1 WHERE id = $2", tx.Millis(), session.ID)
	return err
}

// InUse notes, at most once a minute, that the session of a grant is in use.
func (s *Service) InUse(ctx context.Context, g Grant) error {
	var session Session
	var live bool
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		session, live, err = s.sessionOf(tx, g.Session)
		return err
	})
	if err != nil || !live || s.db.Now().Sub(session.Seen) <= seenEvery {
		return err
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error { return s.sight(tx, session) })
}

// reused ends a grant of which something came a second time.
func (s *Service) reused(tx *store.Tx, g Grant, kind EventKind) error {
	if _, err := endGrant(tx, g.ID, string(kind)); err != nil {
		return err
	}
	unit := ""
	if p, err := authz.FindPerson(tx, g.Person); err == nil {
		unit = p.Unit
	}
	return s.note(tx, Event{Kind: kind, Outcome: Refused, Reason: "reuse", Person: g.Person, Unit: unit, Session: g.Session, Client: g.Client, Device: g.Device, Proof: g.Proof})
}

// GrantForClient gives an application a token for itself.
func (s *Service) GrantForClient(ctx context.Context, c Client, scopes []string) (out Issued, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		if same, err := c.unchanged(tx); err != nil || !same { // it has shown who it is by what no longer holds
			return cmp.Or(err, ErrClient)
		}
		g := Grant{ID: id.New(), Client: c.ID, Scopes: scopes, Began: tx.Now, Used: tx.Now, Until: tx.Now.Add(AccessFor), Generation: 1}
		if _, err := g.add(tx); err != nil {
			return err
		}
		out, err = s.issue(tx, c, g, scopes)
		return err
	})
	return out, err
}

// Access is the grant of an access token that counts now, with the scopes and
// the end of the token; ok is false for everything else.
func (s *Service) Access(ctx context.Context, token string) (g Grant, until time.Time, ok bool, err error) {
	var b bearer
	sealed, marked := strings.CutPrefix(token, accessMark)
	if !marked || s.openJSON(sealed, aboutAccess, &b) != nil {
		return g, until, false, nil
	}
	if g, ok, err = s.GrantAlive(ctx, b.Grant); !ok || err != nil || b.Until <= store.Millis(s.db.Now()) {
		return Grant{}, until, false, err
	}
	g.Scopes = strings.Fields(b.Scopes)
	return g, store.Time(b.Until), true, nil
}

// GrantAlive is a grant, and whether it counts now.
func (s *Service) GrantAlive(ctx context.Context, grant string) (g Grant, ok bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if g, ok, err = findGrant(tx, grant); !ok || err != nil {
			return err
		}
		ok, err = s.alive(tx, g)
		return err
	})
	if err == nil && !ok {
		s.turnedAway(ctx, g)
	}
	return g, ok && err == nil, err
}

// RefreshGrant is the grant of a refresh token that counts now.
func (s *Service) RefreshGrant(ctx context.Context, token string) (g Grant, ok bool, err error) {
	var b bearer
	sealed, marked := strings.CutPrefix(token, refreshMark)
	if !marked || s.openJSON(sealed, aboutRefresh, &b) != nil {
		return g, false, nil
	}
	g, ok, err = s.GrantAlive(ctx, b.Grant)
	return g, ok && g.Generation == b.Generation, err
}

// Revoke ends the grant of a token of the application (RFC 7009). A token of
// another one, or none at all, changes nothing.
func (s *Service) Revoke(ctx context.Context, c Client, grant string) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'revoked' WHERE id = $2 AND client = $3 AND ended = 0", tx.Millis(), grant, c.ID)
		return err
	})
}

// GrantOf is the id in a token of any kind that was issued here, whether it
// counts or not.
func (s *Service) GrantOf(token string) string {
	var b bearer
	if sealed, ok := strings.CutPrefix(token, accessMark); ok && s.openJSON(sealed, aboutAccess, &b) == nil {
		return b.Grant
	}
	if sealed, ok := strings.CutPrefix(token, refreshMark); ok && s.openJSON(sealed, aboutRefresh, &b) == nil {
		return b.Grant
	}
	return ""
}

// Grants are what applications may do for a person at present, the latest first.
func (s *Service) Grants(ctx context.Context, by authz.Actor, person string) (list []Grant, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		all, err := store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM identity_grant WHERE person = $1 AND ended = 0 AND until > $2 AND generation > 0 ORDER BY used DESC, id DESC LIMIT 200", person, tx.Millis())
		list = nil
		for _, g := range all {
			ok, err := s.alive(tx, g)
			if err != nil {
				return err
			}
			if ok {
				list = append(list, g)
			}
		}
		return err
	})
	return list, err
}

// EndGrants takes from an application what it may do for a person, and tells
// it so where it listens.
func (s *Service) EndGrants(ctx context.Context, by authz.Actor, person, client string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, EndSessions); err != nil {
			return err
		}
		if err := askToSignOut(tx, "g.person = $1 AND g.client = $2 AND g.ended = 0", person, client); err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'person' WHERE person = $2 AND client = $3 AND ended = 0", tx.Millis(), person, client)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("This application may do nothing for this person at present")
		}
		unit, err := unitOf(tx, person)
		if err != nil {
			return err
		}
		return tx.Record(by, fact.GrantsEnded{Person: person, Unit: unit, Client: client, Count: n})
	})
}

// closeGrants is the door of applications, also of those that may act beyond a
// session: their own sessions end with what they may do.
func closeGrants(tx *store.Tx, by authz.Actor, person, unit string) (int64, error) {
	if err := askToSignOut(tx, "g.person = $1 AND g.ended = 0", person); err != nil {
		return 0, err
	}
	n, err := tx.Exec("UPDATE identity_grant SET ended = $1, reason = 'closed' WHERE person = $2 AND ended = 0", tx.Millis(), person)
	if err != nil || n == 0 {
		return n, err
	}
	return n, tx.Record(by, fact.GrantsEnded{Person: person, Unit: unit, Count: n})
}

package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Wish is what an application asked for with an authorization, once checked.
type Wish struct {
	Redirect  string          `json:"r"`
	Challenge string          `json:"k"` // S256 (RFC 7636)
	Nonce     string          `json:"n,omitempty"`
	Scopes    []string        `json:"o"`
	Level     Level           `json:"l,omitempty"`
	ACR       Level           `json:"v,omitempty"` // the one of the values it asked for that is answered
	Claims    json.RawMessage `json:"m,omitempty"`
}

// code is an authorization code: sealed, so that nothing is written before it
// is exchanged. It names the grant that the exchange makes; that this can be
// made once only is what lets a code count once only.
type code struct {
	Wish
	Grant   string `json:"g"`
	Client  string `json:"c"`
	Session string `json:"s"`
	Person  string `json:"p"`
	Device  Device `json:"d"`
	Until   int64  `json:"u"`
	As      int64  `json:"a"` // when the application was last changed
}

const aboutCode = "authorization code"

// Entering tells whether the policy lets a session into an application, before
// a code is given: where a stronger sign-in would do, which one.
func (s *Service) Entering(ctx context.Context, c Client, session Session, from Device) (needs Level, err error) {
	if c.Class == "" || c.Class == policy.Normal { // the session's own level was enough for these
		return NoLevel, nil
	}
	var refused *Event
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, session.Person)
		if err != nil {
			return err
		}
		session.Device, session.into = from, c
		now, err := s.judge(tx, p, &session, false)
		if d := now.decision; err == nil && !d.Allowed {
			if d.Reason == policy.Weak {
				needs = d.Needs
				return nil
			}
			e := session.event(p)
			e.Kind, e.Client, e.Outcome, e.Reason = EnterClient, c.ID, Refused, string(d.Reason)
			refused = &e
			return errPlace(d)
		}
		return err
	})
	if refused != nil {
		err = errors.Join(err, s.db.Operate(ctx, func(tx *store.Tx) error { return s.note(tx, *refused) }))
	}
	return needs, err
}

// Code is an authorization code for an application and a session.
func (s *Service) Code(c Client, session Session, w Wish, from Device) (string, error) {
	if len(from.Agent) > 80 {
		from.Agent = strings.ToValidUTF8(from.Agent[:80], "")
	}
	return s.sealJSON(code{Wish: w, Grant: id.New(), Client: c.ID, Session: session.ID, Person: session.Person, Device: from,
		Until: store.Millis(s.db.Now().Add(CodeFor)), As: store.Millis(c.Changed)}, aboutCode)
}

// Redeem exchanges a code. The first statement consumes it, whatever is found
// wrong afterwards; a second time ends everything that the first gave (RFC 6749
// §4.1.2) and is noted.
func (s *Service) Redeem(ctx context.Context, c Client, secret, redirect, verifier string) (out Issued, err error) {
	var k code
	if s.openJSON(secret, aboutCode, &k) != nil {
		return out, ErrGrant
	}
	var verdict error
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		out, verdict = Issued{}, ErrGrant
		g := Grant{ID: k.Grant, Client: k.Client, Person: k.Person, Session: k.Session, Scopes: k.Scopes, Device: k.Device, ACR: k.ACR,
			Began: tx.Now, Used: tx.Now, Until: tx.Now.Add(CodeFor), Ended: tx.Now, Reason: "code"}
		fresh, err := g.add(tx)
		if err != nil {
			return err
		}
		if !fresh {
			if old, ok, err := findGrant(tx, k.Grant); err != nil || !ok {
				return err
			} else {
				return s.reused(tx, old, CodeReplayed)
			}
		}
		same, err := c.unchanged(tx)
		if err != nil {
			return err
		}
		session, ok, err := s.hold(tx, k.Session)
		if err != nil {
			return err
		}
		event := Event{Kind: EnterClient, Person: k.Person, Session: k.Session, Client: c.ID, Device: k.Device, Proof: session.Proof}
		switch {
		case k.Client != c.ID:
			return s.noteRefusal(tx, event, "other-client")
		case !same || k.As != store.Millis(c.Changed): // the code was given by what no longer holds
			return s.noteRefusal(tx, event, "client-changed")
		case k.Until <= tx.Millis():
			return s.noteRefusal(tx, event, "expired")
		case k.Redirect != redirect:
			return s.noteRefusal(tx, event, "redirect")
		case !proves(verifier, k.Challenge):
			return s.noteRefusal(tx, event, "verifier")
		case !ok:
			return s.noteRefusal(tx, event, "session")
		case !session.Proof.Level.Meets(c.MinLevel) || !session.Proof.Level.Meets(k.Level):
			return s.noteRefusal(tx, event, "level")
		}
		p, err := authz.FindPerson(tx, k.Person)
		if err != nil {
			return err
		}
		event.Unit = p.Unit
		here := session
		here.Device, here.into = k.Device, c
		if err := s.admit(tx, p, &here); err != nil {
			var r refusal
			if !errors.As(err, &r) {
				return err
			}
			return s.note(tx, r.event.at(c))
		}
		event = event.where(here)
		out, err = s.give(tx, c, g, session)
		if err != nil {
			return err
		}
		out.Nonce, out.Claims, verdict = k.Nonce, k.Claims, nil
		event.Outcome = Allowed
		return s.note(tx, event)
	})
	if err == nil {
		err = verdict
	}
	if err != nil {
		return Issued{}, err
	}
	return out, nil
}

// give lets a grant that was written as ended count from now on.
func (s *Service) give(tx *store.Tx, c Client, g Grant, session Session) (Issued, error) {
	g.Proof, g.Generation, g.Until = session.Proof, 1, session.Until
	for _, scope := range g.Scopes {
		if scope == ScopeOffline && c.Refresh == RefreshOffline {
			g.Offline, g.Until = true, tx.Now.Add(offlineFor)
		}
	}
	offline := 0
	if g.Offline {
		offline = 1
	}
	if _, err := tx.Exec(`UPDATE identity_grant SET ended = 0, reason = '', generation = 1, method = $1, level = $2, methods = $3, proved = $4, until = $5, offline = $6, passkey = $7 WHERE id = $8`,
		g.Proof.Method, string(g.Proof.Level), joinMethods(g.Proof.Methods), store.Millis(g.Proof.At), store.Millis(g.Until), offline, g.Proof.Passkey, g.ID); err != nil {
		return Issued{}, err
	}
	return s.issue(tx, c, g, g.Scopes)
}

func (s *Service) noteRefusal(tx *store.Tx, e Event, reason string) error {
	e.Outcome, e.Reason = Refused, reason
	return s.note(tx, e)
}

// proves tells whether a verifier fits its challenge (RFC 7636 §4.6).
func proves(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// Once tells whether something is seen for the first time before its end, such
// as the id of an assertion.
func (s *Service) Once(ctx context.Context, what string, until int64) (first bool, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("INSERT INTO identity_spent (digest, until) VALUES ($1,$2) ON CONFLICT (digest) DO NOTHING", id.Digest(what), until)
		first = n == 1
		return err
	})
	return first, err
}

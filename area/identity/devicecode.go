package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"math/big"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// DeviceCode is what a device without a browser shows and asks with (RFC 8628).
type DeviceCode struct {
	Secret   string // device_code
	UserCode string // "WDJB-MJHT"
	Until    time.Time
	Pause    time.Duration
}

const (
	deviceCodeFor   = 10 * time.Minute
	devicePause     = 5 * time.Second
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ" // no vowels, so that no word appears (RFC 8628 §6.1)
	userCodeLength  = 8
)

func newUserCode() string {
	var b strings.Builder
	for range userCodeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // the system has no randomness
		}
		b.WriteByte(userCodeLetters[n.Int64()])
	}
	return b.String()
}

// plainUserCode is a code as it is kept, whatever a person typed between its letters.
func plainUserCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

// BeginDevice gives a device its codes.
func (s *Service) BeginDevice(ctx context.Context, c Client, scopes []string, network string) (d DeviceCode, err error) {
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		plain := newUserCode()
		d = DeviceCode{Secret: id.Token(), UserCode: plain[:4] + "-" + plain[4:], Until: tx.Now.Add(deviceCodeFor), Pause: devicePause}
		_, err := tx.Exec("INSERT INTO identity_device_code (digest, user_code, client, scopes, network, asked, until, pause) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			id.Digest(d.Secret), id.Digest(plain), c.ID, strings.Join(scopes, " "), network, tx.Millis(), store.Millis(d.Until), devicePause.Milliseconds())
		return err
	})
	return d, err
}

// DeviceRequest is what a person is asked to allow.
type DeviceRequest struct {
	Client  Client
	Network string // from where the device asked
	Asked   time.Time
	Weak    bool // the session does not reach the level that the application wants
}

const (
	triesMost = 5
	triesIn   = 10 * time.Minute
)

// mayName tells whether a person may name a code now: five that do not exist,
// each within ten minutes of the one before, are the last for ten minutes. The
// row is taken before the code is looked for, so that of many at once, at
// whatever console, no more count.
func mayName(tx *store.Tx, person string) (key string, err error) {
	key = id.Digest("device code " + person)
	var failures, until int64
	if err := tx.QueryRow(`INSERT INTO identity_throttle (id, person, account, network, failures, at, until) VALUES ($1,'','','',0,$2,0)
		ON CONFLICT (id) DO UPDATE SET failures = CASE WHEN identity_throttle.until > $2 THEN identity_throttle.failures ELSE 0 END RETURNING failures, until`, key, tx.Millis()).
		Scan(&failures, &until); err != nil {
		return "", err
	}
	if failures >= triesMost {
		return "", fault.TooBusy(store.Time(until).Sub(tx.Now), "Too many codes that do not exist. Please try again in ten minutes.")
	}
	return key, nil
}

func errUserCode() error {
	return fault.NotFound("This code is not known, is used up or has expired. Please look at the device again.")
}

func (s *Service) deviceRequest(tx *store.Tx, session Session, userCode string) (r DeviceRequest, err error) {
	var client string
	var asked int64
	err = tx.QueryRow("SELECT client, network, asked FROM identity_device_code WHERE user_code = $1 AND state = 'waiting' AND until > $2",
		id.Digest(plainUserCode(userCode)), tx.Millis()).Scan(&client, &r.Network, &asked)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errUserCode()
	}
	if err != nil {
		return r, err
	}
	r.Asked = store.Time(asked)
	if r.Client, err = findClient(tx, client); err != nil {
		return r, err
	}
	r.Weak = session.Narrow() || !session.Proof.Level.Meets(r.Client.MinLevel)
	return r, nil
}

// LookAtDevice says which device a code belongs to. secret is that of the session.
func (s *Service) LookAtDevice(ctx context.Context, secret, userCode string) (r DeviceRequest, err error) {
	var wrong error
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		wrong = nil
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		key, err := mayName(tx, session.Person)
		if err != nil {
			return err
		}
		r, err = s.deviceRequest(tx, session, userCode)
		if !fault.Is(err, fault.KindNotFound) {
			return err
		}
		wrong = err // and counted
		_, err = tx.Exec("UPDATE identity_throttle SET failures = failures + 1, at = $1, until = $2 WHERE id = $3", tx.Millis(), store.Millis(tx.Now.Add(triesIn)), key)
		return err
	})
	return r, cmp.Or(err, wrong)
}

// DecideDevice lets a device in as the person of the session, or refuses it.
func (s *Service) DecideDevice(ctx context.Context, secret, userCode string, allow bool) error {
	if _, err := s.LookAtDevice(ctx, secret, userCode); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		session, err := s.current(tx, secret)
		if err != nil {
			return err
		}
		r, err := s.deviceRequest(tx, session, userCode)
		if err != nil {
			return err
		}
		state := "denied"
		if allow {
			if r.Weak {
				return fault.Denied("This application asks for a stronger sign-in. Please sign in again with a passkey.")
			}
			state = "allowed"
		}
		n, err := tx.Exec("UPDATE identity_device_code SET state = $1, person = $2, session = $3 WHERE user_code = $4 AND state = 'waiting'",
			state, session.Person, session.ID, id.Digest(plainUserCode(userCode)))
		if err != nil {
			return err
		}
		if n == 0 {
			return errUserCode()
		}
		unit, err := unitOf(tx, session.Person)
		if err != nil {
			return err
		}
		return tx.Record(authz.Actor{Person: session.Person}, fact.DeviceDecided{Person: session.Person, Unit: unit, Client: r.Client.ID, Allowed: allow})
	})
}

// PollDevice is a device that asks whether somebody let it in. A code that was
// allowed counts once.
func (s *Service) PollDevice(ctx context.Context, c Client, secret string) (out Issued, err error) {
	var verdict error
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		out, verdict = Issued{}, nil
		digest := id.Digest(secret)
		var client, scopes, state, person, session string
		var until, pause, polled int64
		err := tx.QueryRow("SELECT client, scopes, state, person, session, until, pause, polled FROM identity_device_code WHERE digest = $1", digest).
			Scan(&client, &scopes, &state, &person, &session, &until, &pause, &polled)
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && client != c.ID:
			verdict = ErrGrant
			return nil
		case err != nil:
			return err
		case until <= tx.Millis():
			verdict = ErrExpired
			return nil
		case state == "denied":
			verdict = ErrRefused
			_, err := tx.Exec("DELETE FROM identity_device_code WHERE digest = $1", digest)
			return err
		case state == "waiting":
			verdict = ErrPending
			if polled > 0 && tx.Millis()-polled < pause {
				verdict, pause = ErrSlow, pause+devicePause.Milliseconds()
			}
			_, err := tx.Exec("UPDATE identity_device_code SET polled = $1, pause = $2 WHERE digest = $3", tx.Millis(), pause, digest)
			return err
		}
		if n, err := tx.Exec("DELETE FROM identity_device_code WHERE digest = $1 AND state = 'allowed'", digest); err != nil || n == 0 {
			verdict = ErrGrant
			return err
		}
		if c, err = findClient(tx, c.ID); err != nil { // as it is by now
			if fault.Is(err, fault.KindNotFound) {
				verdict, err = ErrGrant, nil
			}
			return err
		}
		of, ok, err := s.hold(tx, session)
		if err != nil {
			return err
		}
		event := Event{Kind: EnterClient, Person: person, Session: session, Client: c.ID, Device: of.Device, Proof: of.Proof}
		if !ok || !of.Proof.Level.Meets(c.MinLevel) {
			verdict = ErrRefused
			return s.noteRefusal(tx, event, "session")
		}
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		g := Grant{ID: id.New(), Client: c.ID, Person: person, Session: session, Scopes: strings.Fields(scopes), Device: of.Device,
			Began: tx.Now, Used: tx.Now, Until: of.Until, Ended: tx.Now, Reason: "device"}
		if _, err := g.add(tx); err != nil {
			return err
		}
		here := of
		here.into = c
		if err := s.admit(tx, p, &here); err != nil {
			var r refusal
			if !errors.As(err, &r) {
				return err
			}
			verdict = ErrRefused
			return s.note(tx, r.event.at(c))
		}
		event = event.where(here)
		event.Unit, event.Outcome = p.Unit, Allowed
		if out, err = s.give(tx, c, g, of); err != nil {
			return err
		}
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

package identity

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"yagura/area/identity/radius"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// People enter a gate that speaks RADIUS by password and code: both factors, as
// strong as on the page of the console (ASVS 5.0, 6.3.4). The password may come
// first, to be answered by a challenge, or both in one field, "password,code".

const codePrompt = "Code of your authenticator app / 認証アプリのコード"

// Enter decides about a person at a gate.
func (s *Service) Enter(ctx context.Context, r radius.Request) (radius.Answer, error) {
	var nas NAS
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		nas, err = readNAS(tx.QueryRow("SELECT "+nasColumns+" FROM identity_nas WHERE id = $1 AND removed = 0", r.Client))
		return err
	}); err != nil {
		return radius.Answer{}, err
	}
	from := s.byGate(nas, r.From, r.Station)
	ticket, code := r.State, r.Secret
	if ticket == "" {
		var both bool
		secret := r.Secret
		if at := strings.LastIndexByte(secret, ','); at > 0 && isCode(secret[at+1:]) {
			secret, code, both = secret[:at], secret[at+1:], true
		}
		var err error
		ticket, err = s.BeginPassword(ctx, r.User, secret, from)
		if err != nil {
			return rejected(err)
		}
		if !both {
			return radius.Answer{Kind: radius.Challenge, State: ticket, Message: codePrompt, Timeout: ceremonyFor}, nil
		}
	}
	answer := radius.Answer{Kind: radius.Accept, Filter: nas.Filter}
	if s.o.Accounts {
		answer.Interim = interim
	}
	err := s.finishPassword(ctx, ticket, code, from, 1, func(tx *store.Tx, p authz.Person, proof Proof) error {
		proof.Method = byRADIUS
		session := Session{ID: id.New(), Person: p.ID, Proof: proof, Device: from, Began: tx.Now, Until: tx.Now.Add(s.o.Session)}
		session.Proof.At = tx.Now
		now, err := s.enters(tx, p, &session)
		if err == nil {
			err = s.admitBreakGlass(tx, p, &session, now)
		}
		if err != nil {
			return atServer(err, nas.Name, from.named)
		}
		event := session.event(p)
		event.Client, event.Outcome = nas.Name, Allowed
		if from.named != "" {
			event.Device.ID = from.named
		}
		signals, err := s.signals(tx, p, now, event)
		if err != nil {
			return err
		}
		if err := rememberStation(tx, p, from); err != nil {
			return err
		}
		answer.Class, answer.Timeout = session.ID, session.Until.Sub(tx.Now)
		if _, err := tx.Exec("INSERT INTO identity_radius (id, person, name, nas, box, acct, network, began, until) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
			session.ID, p.ID, r.User, nas.ID, r.Box, r.Session, from.Network, tx.Millis(), store.Millis(session.Until)); err != nil {
			return err
		}
		for _, e := range append(signals, event) {
			if err := s.note(tx, e); err != nil {
				return err
			}
		}
		return tx.Record(authz.Actor{Person: p.ID}, fact.SignedIn{Person: p.ID, Unit: p.Unit, Method: byRADIUS})
	})
	if err != nil {
		return rejected(err)
	}
	return answer, nil
}

const byRADIUS = "radius"

// atServer has a refusal say at which server it was, and on what.
func atServer(err error, name, device string) error {
	var r refusal
	if !errors.As(err, &r) {
		return err
	}
	for i := range r.signals {
		r.signals[i].Client, r.signals[i].Device.ID = name, device
	}
	r.event.Client, r.event.Device.ID = name, device
	return r
}

func isCode(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

// station is the address a person comes from, where the gate says one.
func station(written string) string {
	if a, err := netip.ParseAddr(strings.TrimSpace(written)); err == nil {
		return a.Unmap().String()
	}
	if a, err := netip.ParseAddrPort(strings.TrimSpace(written)); err == nil {
		return a.Addr().Unmap().String()
	}
	return ""
}

// rejected is the answer to who may not enter; what went wrong with us is no
// answer at all, so that the gate asks another server.
func rejected(err error) (radius.Answer, error) {
	if fault.KindOf(err) == fault.KindInternal {
		return radius.Answer{}, err
	}
	return radius.Answer{Kind: radius.Reject}, nil
}

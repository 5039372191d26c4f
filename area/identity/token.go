package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"yagura/area/identity/policy"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// tokenPrefix lets secret scanners recognise a token that was left in a file.
const tokenPrefix = "ygr_"

// Token lets a program use the API for a person, limited to acts.
type Token struct {
	ID      string
	Person  string
	Name    string
	Acts    []authz.Act
	Made    time.Time
	Until   time.Time
	Used    time.Time
	Revoked time.Time
}

const longestToken = 366 * 24 * time.Hour

// MakeToken makes a token for the actor himself and returns its secret, which
// is shown once. Acts that the actor may not do anywhere are refused.
func (s *Service) MakeToken(ctx context.Context, by authz.Actor, name string, acts []authz.Act, until time.Time) (secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.mayChange(tx, by); err != nil {
			return err
		}
		var wrong []fault.Field
		if name = strings.TrimSpace(name); name == "" || len(name) > 100 {
			wrong = append(wrong, fault.F("name", "Say in a few words which program will use it"))
		}
		if len(acts) == 0 {
			wrong = append(wrong, fault.F("acts", "Choose what the token may do"))
		}
		for _, act := range acts {
			if !by.CanAnywhere(act) {
				wrong = append(wrong, fault.F("acts", "You have no permission for this (%s)", string(act)))
				break
			}
		}
		if !until.After(tx.Now) || until.After(tx.Now.Add(longestToken)) {
			wrong = append(wrong, fault.F("until", "A token ends within a year"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		unit, err := standsIn(tx, by.Person)
		if err != nil {
			return err
		}
		secret = tokenPrefix + id.Token()
		names := make([]string, len(acts))
		for i, a := range acts {
			names[i] = string(a)
		}
		slices.Sort(names)
		token := id.New()
		if _, err := tx.Exec("INSERT INTO identity_token (id, digest, person, name, acts, made, until) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			token, id.Digest(secret), by.Person, name, strings.Join(names, " "), tx.Millis(), store.Millis(until)); err != nil {
			return err
		}
		return tx.Record(by, fact.TokenMade{Person: by.Person, Unit: unit, Token: token, Acts: names, Until: until})
	})
	return secret, err
}

const tokenColumns = "id, person, name, acts, made, until, used, revoked"

func readToken(r store.Scanner) (t Token, err error) {
	var acts string
	var made, until, used, revoked int64
	err = r.Scan(&t.ID, &t.Person, &t.Name, &acts, &made, &until, &used, &revoked)
	for _, a := range strings.Fields(acts) {
		t.Acts = append(t.Acts, authz.Act(a))
	}
	t.Made, t.Until, t.Used, t.Revoked = store.Time(made), store.Time(until), store.Time(used), store.Time(revoked)
	return t, err
}

// Tokens are a person's own tokens that still count, newest first.
func (s *Service) Tokens(ctx context.Context, by authz.Actor) (list []Token, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.Rows(tx, readToken, "SELECT "+tokenColumns+" FROM identity_token WHERE person = $1 AND revoked = 0 AND until > $2 ORDER BY made DESC, id DESC",
			by.Person, tx.Millis())
		return err
	})
	return list, err
}

// RevokeToken ends one of the actor's tokens.
func (s *Service) RevokeToken(ctx context.Context, by authz.Actor, token string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("UPDATE identity_token SET revoked = $1 WHERE id = $2 AND person = $3 AND revoked = 0", tx.Millis(), token, by.Person)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("There is no such token")
		}
		unit, err := unitOf(tx, by.Person)
		if err != nil {
			return err
		}
		return tx.Record(by, fact.TokenRevoked{Person: by.Person, Unit: unit, Token: token})
	})
}

// Authenticate is who sent a request to the API by its bearer token (RFC 6750).
func (s *Service) Authenticate(r *http.Request) (authz.Actor, error) {
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || !strings.HasPrefix(secret, tokenPrefix) {
		return authz.Actor{}, fault.Unauthenticated("A bearer token is needed")
	}
	var actor authz.Actor
	var token Token
	var person authz.Person
	var placed policy.Decision
	from := DeviceOf(r)
	from.token = "" // a program has no cookie of a device
	err := s.db.View(r.Context(), func(tx *store.Tx) (err error) {
		token, err = readToken(tx.QueryRow("SELECT "+tokenColumns+" FROM identity_token WHERE digest = $1 AND revoked = 0 AND until > $2",
			id.Digest(secret), tx.Millis()))
		if err != nil {
			return err
		}
		if actor, err = s.dir.ActorOf(tx, token.Person); err != nil {
			return err
		}
		person, placed, err = s.tokenPlace(tx, token.Person, from)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || fault.Is(err, fault.KindDenied) || fault.Is(err, fault.KindNotFound) {
		return authz.Actor{}, fault.Unauthenticated("The token is not known, or is no longer valid")
	}
	if err != nil {
		return authz.Actor{}, err
	}
	if !placed.Allowed {
		return authz.Actor{}, errors.Join(errPlace(placed), s.tokenRefused(r.Context(), token, person, from, placed))
	}
	if s.db.Now().Sub(token.Used) > seenEvery {
		// Where this fails, as on a full disk, the program can still read.
		_ = s.db.Operate(r.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_token SET used = $1 WHERE id = $2", tx.Millis(), token.ID)
			return err
		})
	}
	return actor.Limited(token.Acts), nil
}

package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Subject is the sub by which an application knows a person: the id of the
// person, or for a pairwise one a name that no other host can connect with it.
func (s *Service) Subject(c Client, person string) string {
	if !c.Pairwise {
		return person
	}
	key, err := hkdf.Key(sha256.New, s.o.Key, nil, "yagura identity pairwise sub", 32)
	if err != nil {
		panic(err) // the length is a constant
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.Sector() + "\x00" + person))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Facts about a person that applications may be told.
type Profile struct {
	Person authz.Person
	Groups []string // ids of the unit and all above it, and what groups of directories are told as
	Roles  []string
	// OwnMail tells whether the mail address is one that the group gives out. Any
	// other is what somebody's directory says, who could say another's as well.
	OwnMail bool
}

// Mail is the address for applications that can't be told whether it is verified:
// they may take it for who somebody is.
func (p Profile) Mail() string {
	if !p.OwnMail {
		return ""
	}
	return p.Person.Email
}

// Profile is what is known of a person.
func (s *Service) Profile(ctx context.Context, person string) (p Profile, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p = Profile{}
		actor, err := s.dir.ActorOf(tx, person)
		if err != nil {
			return err
		}
		if p.Person, err = authz.FindPerson(tx, person); err != nil {
			return err
		}
		_, domain, _ := strings.Cut(p.Person.Email, "@")
		p.OwnMail = slices.Contains(s.o.MailDomains, strings.ToLower(domain))
		own, geo, _ := actor.Units().Paths(p.Person.Unit)
		for _, path := range []string{own, geo} {
			for _, unit := range strings.Split(strings.Trim(path, "/"), "/") {
				if unit != "" && !slices.Contains(p.Groups, unit) {
					p.Groups = append(p.Groups, unit)
				}
			}
		}
		told, err := claims(tx, person)
		if err != nil {
			return err
		}
		for _, claim := range told {
			// The id of a unit says that somebody belongs to it: no directory says so.
			if _, unit := actor.Units().Get(claim); !unit {
				p.Groups = append(p.Groups, claim)
			}
		}
		for _, r := range actor.Roles() {
			p.Roles = append(p.Roles, string(r))
		}
		return nil
	})
	return p, err
}

// Claims are what an application is told for its scopes (OpenID Connect Core §5.4).
func (p Profile) Claims(scopes []string) map[string]any {
	claims := map[string]any{}
	for _, scope := range scopes {
		switch scope {
		case ScopeProfile:
			claims["name"] = p.Person.Label(p.Person.Lang)
			claims["preferred_username"] = p.Person.ID
			if p.Person.Lang != "" {
				claims["locale"] = string(p.Person.Lang)
			}
			if p.Person.Zone != "" {
				claims["zoneinfo"] = p.Person.Zone
			}
		case ScopeEmail:
			if p.Person.Email != "" {
				claims["email"] = p.Person.Email
				claims["email_verified"] = p.OwnMail
			}
		case ScopeGroups:
			claims["groups"] = p.Groups
			claims["unit"] = p.Person.Unit
		case ScopeRoles:
			claims["roles"] = append([]string{}, p.Roles...)
		}
	}
	return claims
}

// Issuer is the name of this provider.
func (s *Service) Issuer() string { return strings.TrimSuffix(s.o.PublicURL, "/") }

// SessionOf is the live session of a browser's secret, or a fault of kind unauthenticated.
func (s *Service) SessionOf(ctx context.Context, secret string) (session Session, err error) {
	if secret == "" {
		return session, fault.Unauthenticated("Please sign in")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if session, err = s.current(tx, secret); err != nil {
			return err
		}
		p, err := authz.FindPerson(tx, session.Person)
		if err == nil && (!p.Active || session.Narrow()) { // one for adding a passkey opens no application
			err = fault.Unauthenticated("Please sign in")
		}
		return err
	})
	return session, err
}

// Seal closes what travels through a browser, and Unseal opens it again. about
// says what it is; nothing else opens it.
func (s *Service) Seal(v any, about string) (string, error) { return s.sealJSON(v, "travels: "+about) }

// Unseal opens what Seal closed.
func (s *Service) Unseal(sealed, about string, into any) error {
	return s.openJSON(sealed, "travels: "+about, into)
}

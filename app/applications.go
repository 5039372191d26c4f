package app

import (
	"context"

	"yagura/app/demo"
	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/kernel/store"
)

// applications registers what the people of the made-up group use every day.
func (f *founding) applications(ctx context.Context, _ demo.History) error {
	f.clock.Set(f.now.AddDate(0, -7, 0))
	for _, one := range demo.Applications() {
		c := identity.Client{ID: one.ID, Name: f.say(one.Name), Unit: demo.Root, Kind: identity.ClientKind(one.Kind), MinLevel: identity.Level(one.Level), Scopes: one.Scopes,
			Devices: one.Devices, Class: policy.Class(one.Class), Refresh: identity.RefreshSession, Host: one.Host}
		if one.RS256 {
			c.Algorithm = "RS256"
		}
		if one.Offline {
			c.Refresh = identity.RefreshOffline
		}
		if c.Kind == identity.WebClient {
			c.Redirects, c.AfterLogout = []string{"https://" + one.Host + "/oidc/callback"}, []string{"https://" + one.Host + "/"}
			if !one.Silent {
				c.LogoutURI = "https://" + one.Host + "/oidc/backchannel-logout"
			}
		}
		if one.Probed {
			c.ProbeURI = "https://" + one.Host + "/oidc/probe"
		}
		if c.Kind == identity.SAMLClient {
			at := "https://" + one.Host + "/saml/"
			c.SAML = &identity.SAML{Entity: at + "metadata", Consumers: []identity.Consumer{{Location: at + "acs"}}, SignOuts: []identity.SignOutPoint{{Binding: identity.BySOAP, Location: at + "slo"}},
				NameID: identity.NamePersistent, Attributes: []identity.Attribute{{Claim: "uid", Name: "uid"}, {Claim: "mail", Name: "urn:oid:0.9.2342.19200300.100.1.3"}}}
		}
		if _, err := f.a.Identity.AddClient(ctx, player, c); err != nil {
			return err
		}
	}
	// Of no fact: what applications answer is progress of messages to them.
	return f.a.DB.Operate(ctx, func(tx *store.Tx) error {
		for _, o := range demo.SignOuts(f.seed) {
			if err := f.a.Identity.SeedSignOut(tx, player, identity.Logout{Client: o.Application, Session: o.Session, Asked: f.now.Add(-o.Ago), Status: 200,
				Millis: o.Millis, Proof: identity.Detail(o.Proof), Proved: o.Proved, Problem: o.Problem}); err != nil {
				return err
			}
		}
		return nil
	})
}

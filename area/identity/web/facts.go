package web

import (
	"encoding/json"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/console"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/country"
	"yagura/kernel/text"
)

// about is what of the facts about a person is told on his page.
type about struct {
	Factor      string
	Role        authz.Role
	Unit        string
	Until       time.Time
	Trip        string
	Countries   []string
	From, To    time.Time
	Approved    bool
	Allowed     bool
	Containment string
	Incident    string
	State       string
	Active      bool
	Withdrawn   bool
	Hardware    bool
	Model       string
	Count       int64
	As          string
	Client      string
}

// factEvent is a fact about a person.
func factEvent(c *console.Context, e identity.Entry) console.Event {
	ev := console.Event{At: e.At, Icon: "user", Who: e.By.ID}
	switch {
	case e.By.ID == e.Person && e.By.ID != "":
		ev.Who = c.T("the person")
	case e.By.Name != "":
		ev.Who = e.By.Label(c.Lang)
	case strings.HasPrefix(e.By.ID, "system:"):
		ev.Who = "Yagura"
	}
	var d about
	_ = json.Unmarshal(e.Body, &d) // what can't be read is not told; the title says what it was
	ev.Title = factName(e.Fact, d)
	at := func(icon string, tone console.Tone) { ev.Icon, ev.Tone = icon, tone }
	switch e.Fact {
	case "identity.passkey-enrolled":
		at("key", console.Good)
		if d.Hardware {
			ev.Cells = append(ev.Cells, console.Chip(console.Good, text.M("Hardware key")))
		}
		ev.Body = d.Model
	case "identity.factor-enrolled", "identity.token-made", "identity.link-made", "identity.link-handed":
		at("key", console.Plain)
	case "identity.passkey-removed", "identity.factor-removed", "identity.token-revoked", "identity.sessions-ended", "identity.grants-ended":
		at("minus", console.Warn)
	case "identity.recovery-asked", "identity.recovery-vouched", "identity.recovery-refused", "identity.recovered":
		at("help", console.Warn)
		ev.Href = "/identity/lost"
		if !c.Actor.CanAnywhere(identity.Recover) {
			ev.Href = ""
		}
	case "identity.break-glass-made", "identity.break-glass-ended", "identity.break-glass-drilled":
		at("unlock", console.Warn)
	case "identity.trip-asked", "identity.trip-decided", "identity.trip-cancelled":
		at("globe", console.Info)
		ev.Href = tripHref(d.Trip)
		if len(d.Countries) > 0 {
			ev.Body = c.T("%s, %s – %s", country.List(d.Countries), c.Local(d.From), c.Local(d.To))
		}
	case "identity.person-contained", "identity.account-closed":
		at("lock", console.Bad)
	case "identity.containment-released", "identity.account-opened":
		at("unlock", console.Good)
	case "identity.containment-asked", "identity.containment-refused":
		at("lock", console.Warn)
	case "authz.grant-asked", "authz.grant-approved", "authz.grant-revoked":
		at("shield", console.Info)
		ev.Body = c.T("%s, %s§role", c.Say(d.Role.Label()), c.UnitLabel(d.Unit))
		if !d.Until.IsZero() && e.Fact != "authz.grant-revoked" {
			ev.Body = c.T("%s, %s, until %s§role", c.Say(d.Role.Label()), c.UnitLabel(d.Unit), c.Local(d.Until))
		}
	}
	if d.Containment != "" {
		ev.Href = "/identity/containments/" + d.Containment
	}
	return ev
}

// factorName is what one signs in by besides passkeys.
func factorName(factor string) text.Message {
	switch factor {
	case fact.App:
		return text.M("Authenticator app")
	case fact.RecoveryCodes:
		return text.M("Recovery codes")
	}
	return text.M("Password")
}

// factName says what a fact was. One that is not here has no name; a test walks
// all that a history may tell.
func factName(kind string, d about) text.Message {
	switch kind {
	case "identity.link-made":
		return text.M("One-time link made")
	case "identity.link-handed":
		return text.M("One-time link handed over")
	case "identity.passkey-enrolled":
		return text.M("Passkey added")
	case "identity.passkey-renamed":
		return text.M("Passkey renamed")
	case "identity.passkey-removed":
		return text.M("Passkey removed")
	case "identity.factor-enrolled":
		return text.M("Added: %s§factor", factorName(d.Factor))
	case "identity.factor-removed":
		return text.M("Removed: %s§factor", factorName(d.Factor))
	case "identity.token-made":
		return text.M("API token made")
	case "identity.token-revoked":
		return text.M("API token revoked")
	case "identity.sessions-ended":
		return text.M("Sessions ended: %d", d.Count)
	case "identity.recovery-asked":
		return text.M("Could not sign in, and asked for a link")
	case "identity.recovery-vouched":
		if d.As == "manager" {
			return text.M("The manager vouched for the person")
		}
		if d.As != "help-desk" {
			return text.M("Somebody vouched for the person: %s", identity.As(d.As).Label())
		}
		return text.M("The help desk made a link")
	case "identity.recovery-refused":
		return text.M("The request for a link was refused")
	case "identity.recovered":
		return text.M("Came back by the link: what was there before no longer counts")
	case "identity.break-glass-asked":
		return text.M("To be or not to be a break-glass account: asked for")
	case "identity.break-glass-refused":
		return text.M("To be or not to be a break-glass account: refused")
	case "identity.break-glass-made":
		return text.M("Break-glass account made")
	case "identity.break-glass-ended":
		return text.M("Break-glass account ended")
	case "identity.break-glass-drilled":
		return text.M("Break-glass account tried")
	case "identity.grants-ended":
		return text.M("Access of applications ended")
	case "identity.device-decided":
		if d.Allowed {
			return text.M("Device without a browser let in")
		}
		return text.M("Device without a browser refused")
	case "identity.account-provisioned":
		switch {
		case d.Withdrawn:
			return text.M("Taken away by the directory")
		case d.Active:
			return text.M("Changed by the directory")
		}
		return text.M("Disabled by the directory")
	case "org.person-added":
		return text.M("Person added")
	case "org.person-changed":
		return text.M("Person changed")
	case "org.person-left":
		return text.M("Person left the group")
	case "org.person-returned":
		return text.M("Person returned to the group")
	case "org.office-taken":
		return text.M("Office taken")
	case "org.office-left":
		return text.M("Office left")
	case "identity.trip-asked":
		return text.M("Business trip asked for")
	case "identity.trip-decided":
		if d.Approved {
			return text.M("Business trip approved")
		}
		return text.M("Business trip refused")
	case "identity.trip-cancelled":
		return text.M("Business trip cancelled")
	case "identity.containment-asked":
		return text.M("Containment of a person asked for")
	case "identity.containment-refused":
		return text.M("Containment of a person refused")
	case "identity.person-contained":
		return text.M("Person contained")
	case "identity.containment-released":
		return text.M("Contained person released")
	case "identity.account-closed":
		return text.M("Account closed")
	case "identity.account-opened":
		return text.M("Account opened again")
	case "authz.grant-asked":
		return text.M("Role asked for")
	case "authz.grant-approved":
		return text.M("Role approved")
	case "authz.grant-revoked":
		return text.M("Role ended")
	}
	return text.Message{}
}

package web

import (
	"strings"

	"yagura/area/org"
	"yagura/console"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// history is what the ledger holds of a subject, newest first, for those who
// may read it.
func (w web) history(tx *store.Tx, c *console.Context, subject string) ([]console.Event, error) {
	scope := c.Actor.Scope(ledger.Read)
	if scope.Empty() {
		return nil, nil
	}
	entries, err := ledger.History(tx, scope, subject)
	if err != nil {
		return nil, err
	}
	const most = 50
	entries = entries[max(0, len(entries)-most):]
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Actor)
	}
	names, err := w.s.Names(tx, ids...)
	if err != nil {
		return nil, err
	}
	var events []console.Event
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		who := e.Actor
		if strings.HasPrefix(who, "system:") {
			who = "Yagura"
		}
		if p, ok := names[e.Actor]; ok {
			who = p.Label(c.Lang)
		}
		events = append(events, console.Event{At: e.At, Who: who, Title: happened(e.Kind), Body: details(c, e)})
	}
	return events, nil
}

func happened(kind string) text.Message {
	switch kind {
	case "org.unit-added":
		return text.M("Unit added")
	case "org.unit-changed":
		return text.M("Unit changed")
	case "org.unit-retired":
		return text.M("Unit retired")
	case "org.unit-restored":
		return text.M("Unit in use again")
	case "org.person-added":
		return text.M("Person added")
	case "org.person-changed":
		return text.M("Person changed")
	case "org.person-left":
		return text.M("Has left§org")
	case "org.person-returned":
		return text.M("Is back§org")
	case "identity.passkey-enrolled":
		return text.M("Passkey added")
	case "identity.passkey-removed":
		return text.M("Passkey removed")
	case "identity.sessions-ended":
		return text.M("Sessions ended")
	case "identity.signed-in":
		return text.M("Signed in")
	case "org.office-taken":
		return text.M("Office taken")
	case "org.office-left":
		return text.M("Office left")
	case "org.team-formed":
		return text.M("Team formed")
	case "org.team-changed":
		return text.M("Team changed")
	case "org.team-disbanded":
		return text.M("Team disbanded")
	case "org.rota-changed":
		return text.M("Rota changed")
	case "org.calendar-changed":
		return text.M("Calendar changed")
	case "authz.grant-asked":
		return text.M("Role asked for")
	case "authz.grant-approved":
		return text.M("Role approved")
	case "authz.grant-revoked":
		return text.M("Role ended")
	}
	return text.Literal(kind)
}

// details says what changed: fields by name, codes from and to.
func details(c *console.Context, e ledger.Entry) string {
	var f struct {
		Edits  []fact.Edit
		Role   authz.Role
		Office string
		Unit   string
	}
	if e.Into(&f) != nil {
		return ""
	}
	var parts []string
	for _, x := range f.Edits {
		s := c.Say(fieldLabel(x.Field))
		from, to := value(c, x.Field, x.From), value(c, x.Field, x.To)
		switch {
		case x.From != "" && x.To != "":
			s = c.T("%s: from %s to %s", s, from, to)
		case x.To != "":
			s = c.T("%s: %s§org", s, to)
		case x.From != "":
			s = c.T("%s: no longer %s", s, from)
		}
		parts = append(parts, s)
	}
	if f.Role != "" {
		parts = append(parts, c.T("%s: %s§org", c.Say(f.Role.Label()), value(c, "unit", f.Unit)))
	}
	if f.Office != "" {
		parts = append(parts, c.T("%s: %s§org", c.Say(org.OfficeKind(f.Office).Label()), value(c, "unit", f.Unit)))
	}
	return strings.Join(parts, "\n")
}

// value is a code of a field as a person reads it; a unit that the reader may
// not know of stays unnamed.
func value(c *console.Context, field, v string) string {
	switch {
	case v == "":
		return "–"
	case field == "parent" || field == "region" || field == "unit":
		if cell := unitCell(c, v); cell.Kind == "message" {
			return c.Say(cell.Message)
		}
		return c.UnitLabel(v)
	case field == "kind":
		if k := org.Kind(v).Label(); k.Key != "%s" {
			return c.Say(k)
		}
		return c.Say(org.TeamKind(v).Label())
	case v == "yes":
		return c.T("Yes§org")
	case v == "no":
		return c.T("No§org")
	}
	return v
}

// fieldLabel is the name of a field, which is also a heading of import files.
func fieldLabel(field string) text.Message {
	switch field {
	case "id":
		return text.M("ID§org")
	case "kind":
		return text.M("Kind")
	case "name":
		return text.M("Name")
	case "name_ja":
		return text.M("Name in Japanese")
	case "parent":
		return text.M("Belongs to§org")
	case "region":
		return text.M("Region§org")
	case "country":
		return text.M("Country§org")
	case "language":
		return text.M("Language§org")
	case "zone":
		return text.M("Time zone§org")
	case "calendar":
		return text.M("Working calendar")
	case "retired":
		return text.M("Retired§org")
	case "email":
		return text.M("Mail address")
	case "phone":
		return text.M("Telephone§org")
	case "unit":
		return text.M("Unit")
	case "left":
		return text.M("Has left§org")
	case "lead":
		return text.M("Lead§org")
	case "members":
		return text.M("Members§org")
	case "rota":
		return text.M("Order of turns")
	case "anchor":
		return text.M("First hand-over")
	case "handover":
		return text.M("Time of the hand-over")
	case "days":
		return text.M("Days of a turn")
	case "disbanded":
		return text.M("Disbanded§org")
	case "title":
		return text.M("Title§org")
	case "title_ja":
		return text.M("Title in Japanese")
	case "until":
		return text.M("Until§org")
	case "from":
		return text.M("From§org")
	case "person":
		return text.M("Person§org")
	case "office":
		return text.M("Office§org")
	case "day":
		return text.M("Day§org")
	case "working":
		return text.M("Working day§org")
	}
	return text.Literal(field)
}

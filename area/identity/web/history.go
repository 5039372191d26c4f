package web

import (
	"net/url"
	"strings"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/console"
	"yagura/kernel/country"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// perHistory is how many entries of a person's history a page has.
const perHistory = 30

// history is a page of what happened to a person, and where the next one begins.
func (w web) history(c *console.Context, person string) (list []console.Event, next string, err error) {
	after, err := keyset.Parse(c.Query("before"))
	if err != nil {
		return nil, "", err
	}
	entries, more, err := w.s.History(c.Context(), c.Actor, person, keyset.Page{After: after, Limit: perHistory})
	for _, e := range entries {
		if e.Fact != "" {
			list = append(list, factEvent(c, e))
		} else {
			list = append(list, signInEvent(c, e))
		}
	}
	if more != nil {
		next = "?" + url.Values{"before": {more.String()}}.Encode() + "#history"
	}
	return list, next, err
}

// card is the head of a person's page.
func (w web) card(c *console.Context, person string) ([]console.Fact, error) {
	card, err := w.s.Card(c.Context(), c.Actor, person)
	if err != nil {
		return nil, err
	}
	p := card.Person
	var managers []console.Cell
	for _, m := range card.Managers {
		managers = append(managers, console.Text(m.Label(c.Lang)))
	}
	if managers == nil {
		managers = []console.Cell{console.Chip(console.Warn, text.M("Nobody§manager"))}
	}
	return []console.Fact{
		{Label: text.M("Id"), Value: console.Code(p.ID)},
		{Label: text.M("Unit"), Value: console.Text(c.UnitLabel(p.Unit))},
		{Label: text.M("Mail address"), Value: console.Text(p.Email)},
		{Label: text.M("Standing§person"), Value: console.Chip(standingOf(card))},
		{Label: text.M("Manager§person"), Value: console.Stack(managers...)},
	}, nil
}

// standingOf says whether somebody may sign in.
func standingOf(card identity.Card) (console.Tone, text.Message) {
	switch {
	case !card.Person.Active:
		return console.Plain, text.M("Left§person")
	case card.State == identity.Contained:
		return console.Bad, text.M("Contained§person")
	case card.State != identity.Active:
		return console.Bad, text.M("Closed§account")
	case card.BreakGlass:
		return console.Warn, text.M("Break-glass account")
	}
	return console.Good, text.M("Active§person")
}

func signInEvent(c *console.Context, e identity.Entry) console.Event {
	ev := console.Event{At: e.At, Title: eventName(e), Icon: "key", Tone: console.Good}
	switch {
	case e.Outcome == identity.Refused:
		ev.Icon, ev.Tone = "lock", console.Bad
	case e.Kind == identity.EnterClient:
		ev.Icon, ev.Tone = "box", console.Plain
	case e.Kind != identity.SignIn:
		ev.Icon, ev.Tone = "eye", console.Warn
	}
	if e.Place != "" {
		place := placeName(policy.Place(e.Place))
		if e.Country != "" {
			place = text.M("%s (%s)", place, country.Of(e.Country))
		}
		ev.Cells = append(ev.Cells, console.Chip(map[string]console.Tone{string(policy.Abroad): console.Bad, string(policy.OnTrip): console.Info}[e.Place], place))
	}
	if e.Kind == identity.SignIn && e.Proof.Level != "" {
		ev.Cells = append(ev.Cells, console.Chip(console.Plain, levelName(e.Proof.Level)))
	}
	if e.Device.Managed {
		ev.Cells = append(ev.Cells, console.Chip(console.Good, text.M("Managed device")))
	}
	ev.Who = e.Device.Network
	if e.Device.Agent != "" {
		ev.Body = e.Device.Label()
	}
	return ev
}

// eventName says what an event was, and at which application.
func eventName(e identity.Entry) text.Message {
	reason := reasonName(policy.Reason(e.Reason))
	if e.Place == "" { // it did not come to the policy, which has the same words
		switch e.Reason {
		case "password":
			reason = text.M("the password was wrong")
		case "code", "recovery-code":
			reason = text.M("the code was wrong")
		}
	}
	switch e.Kind {
	case identity.SignIn:
		switch {
		case e.Outcome == identity.Refused && e.App != "":
			return text.M("Refused at %s: %s§sign-in", e.App, reason)
		case e.Outcome == identity.Refused:
			return text.M("Refused: %s§sign-in", reason)
		case e.App != "":
			return text.M("Signed in at %s§event", e.App)
		}
		return text.M("Signed in§event")
	case identity.EnterClient:
		if e.Outcome == identity.Refused {
			return text.M("Kept out of %s: %s", e.App, reason)
		}
		return text.M("Entered %s§event", e.App)
	case identity.Enrolment:
		return text.M("A way to sign in was not taken: %s", reason)
	case identity.Spray:
		return text.M("One network guesses at many accounts")
	case identity.PromptStorm:
		return text.M("Right passwords with wrong codes, again and again")
	case identity.Disowned:
		return text.M("Said: this was not me")
	case identity.BreakGlassUsed:
		switch {
		case e.Outcome == identity.Refused:
			return text.M("Break-glass account refused: %s", reason)
		case e.App != "":
			return text.M("Break-glass account entered %s", e.App)
		}
		return text.M("Break-glass account in use")
	case identity.CounterFell:
		return text.M("A passkey's counter went back: there are two of it")
	case identity.CodeReplayed:
		return text.M("A code for %s came a second time: it was stolen", e.App)
	case identity.RefreshReused:
		return text.M("A token for %s came a second time: it was stolen", e.App)
	case identity.Moved:
		if e.Outcome == identity.Refused {
			return text.M("Signed out after moving: %s", reason)
		}
		return text.M("Moved to another country while signed in")
	case identity.NewDevice:
		return text.M("A device not used before")
	case identity.NewCountry:
		return text.M("A country not signed in from before: %s", country.Of(e.Reason))
	case identity.ImpossibleTravel:
		return text.M("Farther from the sign-in before than one can travel: %s", e.Reason)
	case identity.AbroadRefused:
		return text.M("Tried from abroad without a trip")
	case identity.SessionBegan:
		return text.M("A session at the RADIUS server %s began", e.App)
	case identity.SessionEnded:
		return text.M("A session at the RADIUS server %s ended: %s", e.App, stayEnd(e.Reason))
	case identity.TripUntravelled:
		return text.M("A trip is under way, but this came from elsewhere")
	case identity.Dormant:
		return text.M("Nobody had signed in for %s days", strings.TrimSuffix(e.Reason, " days"))
	case identity.KeyDowngrade:
		return text.M("Weaker than the person's own keys: %s", methodName(e.Reason))
	}
	return text.Literal(string(e.Kind))
}

// methodName says by what somebody showed who he is.
func methodName(method string) text.Message {
	switch method {
	case "passkey":
		return text.M("Passkey")
	case "password":
		return text.M("Password and code")
	case "recovery-code":
		return text.M("Recovery code")
	case "link", "recovery", "first":
		return text.M("One-time link")
	case "persona":
		return text.M("Link of the demo")
	case "radius":
		return text.M("RADIUS")
	}
	return text.Literal(method)
}

// reasonName says why somebody was refused.
func reasonName(r policy.Reason) text.Message {
	switch r {
	case policy.Contained, "disabled":
		return text.M("the account is closed")
	case "left":
		return text.M("has left the group")
	case policy.Elsewhere:
		return text.M("abroad without a trip")
	case policy.TripEarly:
		return text.M("the trip has not begun")
	case policy.TripOver:
		return text.M("the trip is over")
	case policy.TripOther:
		return text.M("the trip is for another device")
	case policy.BadDevice:
		return text.M("the device is not managed")
	case policy.BadPlace:
		return text.M("nobody may from this place")
	case policy.Password:
		return text.M("passwords do not count")
	case policy.Code:
		return text.M("one-time codes do not count")
	case policy.Weak:
		return text.M("a stronger factor is needed")
	case "passkey":
		return text.M("the passkey did not fit")
	case "model":
		return text.M("keys of this model are not accepted")
	case "no-hardware":
		return text.M("a key that can't leave its hardware is needed")
	case "other-client", "client-changed", "redirect", "verifier":
		return text.M("the application's request did not fit")
	case "expired":
		return text.M("the code came too late")
	case "replayed", "reuse":
		return text.M("it was answered before")
	case "session":
		return text.M("the session had ended")
	case "":
		return text.M("no reason was kept")
	}
	return text.Literal(string(r))
}

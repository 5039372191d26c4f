package incident

import (
	"strconv"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Reacts is what the area does upon facts of its neighbours: what is done about
// a person in an incident, and how far it went, stands in its timeline.
func (s *Service) Reacts() ledger.Subscriber {
	return ledger.Subscriber{Name: "incident.containments", Handle: reactToContainment,
		Kinds: []string{"identity.containment-asked", "identity.containment-refused", "identity.person-contained", "identity.containment-target", "identity.containment-attempt", "identity.containment-released", "identity.containment-joined"}}
}

func reactToContainment(tx *store.Tx, e ledger.Entry) error {
	number, said, happened, err := aboutContainment(e)
	if err != nil || number == "" {
		return err
	}
	inc, err := find(tx, number)
	if fault.Is(err, fault.KindNotFound) { // the number was checked when it was given
		return nil
	}
	if err != nil {
		return err
	}
	_, err = write(tx, authz.System("incident"), inc, Entry{Kind: Change, Author: e.Actor, At: e.At, Happened: happened, Said: said})
	return err
}

// aboutContainment is the incident of a fact and what it says there.
func aboutContainment(e ledger.Entry) (incident string, said text.Message, happened time.Time, err error) {
	happened = e.At
	read := func(f any) { err = e.Into(f) }
	switch e.Kind {
	case "identity.containment-asked":
		var f fact.ContainmentAsked
		read(&f)
		return f.Incident, text.M("The containment of %s is asked for: a second person must confirm it", "@person:"+f.Person), happened, err
	case "identity.containment-refused":
		var f fact.ContainmentRefused
		read(&f)
		return f.Incident, text.M("The containment of %s is refused", "@person:"+f.Person), happened, err
	case "identity.person-contained":
		var f fact.PersonContained
		read(&f)
		return f.Incident, text.M("%s is contained, with %d targets to prove", "@person:"+f.Person, f.Targets), happened, err
	case "identity.containment-released":
		var f fact.ContainmentReleased
		read(&f)
		return f.Incident, text.M("%s is released from containment", "@person:"+f.Person), happened, err
	case "identity.containment-joined":
		var f fact.ContainmentJoined
		read(&f)
		if !f.Began.IsZero() { // it stands where it happened, before the incident was made
			happened = f.Began
		}
		return f.Incident, joinedWords(f), happened, err
	case "identity.containment-target":
		var f fact.ContainmentTarget
		read(&f)
		return f.Incident, text.M("Containment of %s: %s: %s after %s ms", "@person:"+f.Person, targetWords(f.Form, f.Name, f.Count), resultWords(f.Result, f.Detail), strconv.FormatInt(f.Millis, 10)), happened, err
	case "identity.containment-attempt":
		var f fact.ContainmentAttempt
		read(&f)
		return f.Incident, text.M("Containment of %s: %s: somebody tried to get in by it and was refused after %s ms", "@person:"+f.Person, targetWords(f.Form, f.Name, 0), strconv.FormatInt(f.Millis, 10)), happened, err
	}
	return "", said, happened, nil
}

// joinedWords say what was done upon an alert before it was part of the incident.
func joinedWords(f fact.ContainmentJoined) text.Message {
	person := "@person:" + f.Person
	switch {
	case f.Began.IsZero() && f.Rule != "":
		return text.M("A rule asked for the containment of %s upon alert %s: a second person must confirm it", person, f.Alert)
	case f.Began.IsZero():
		return text.M("The containment of %s is asked for upon alert %s: a second person must confirm it", person, f.Alert)
	case f.State == "released" && f.Rule != "":
		return text.M("%s was contained by a rule upon alert %s, and released", person, f.Alert)
	case f.State == "released":
		return text.M("%s was contained upon alert %s, and released", person, f.Alert)
	case f.Rule != "":
		return text.M("%s was contained by a rule upon alert %s: of %d targets %d are not confirmed", person, f.Alert, f.Targets, f.Unproven)
	}
	return text.M("%s was contained upon alert %s: of %d targets %d are not confirmed", person, f.Alert, f.Targets, f.Unproven)
}

func targetWords(form, name string, count int64) text.Message {
	switch form {
	case "application":
		return text.M("application %s", name)
	case "gate":
		return text.M("application %s behind a proxy", name)
	case "radius":
		return text.M("server %s by RADIUS", name)
	}
	doors := map[string]text.Message{
		"links": text.M("sign-in links"), "requests for a link": text.M("requests for a sign-in link"), "trips": text.M("business trips§target"), "API tokens": text.M("tokens for the API"),
		"RADIUS sessions": text.M("sessions by RADIUS"), "sessions": text.M("sessions§target"), "applications": text.M("rights of applications"),
	}
	door, ok := doors[name]
	if !ok {
		door = text.Literal(name)
	}
	if count > 0 {
		return text.M("%s (%d)", door, count)
	}
	return door
}

func resultWords(result, detail string) text.Message {
	switch result + " " + detail {
	case "unconfirmed answered":
		return text.M("answered, not proven")
	case "unconfirmed still-in":
		return text.M("answered, but still lets the person in")
	case "unconfirmed probe-silent":
		return text.M("answered; whether the person is out, it did not say")
	case "unconfirmed untold":
		return text.M("not confirmed, since it can't be told")
	case "confirmed reported":
		return text.M("confirmed: it has reported the end")
	case "confirmed by-hand":
		return text.M("confirmed by hand")
	}
	switch result {
	case "ended":
		return text.M("ended§target")
	case "confirmed":
		return text.M("confirmed§target")
	case "refused":
		return text.M("refused§target")
	case "no answer":
		return text.M("no answer§target")
	}
	return text.M("not confirmed§target")
}

// Known tells whether there is such an incident that the actor may work on.
func (s *Service) Known(tx *store.Tx, by authz.Actor, number string) error {
	_, _, err := working(tx, by, Respond, number)
	return err
}

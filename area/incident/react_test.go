package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/incident"
	"yagura/fact"
	"yagura/kernel/job"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// TestContainmentInTheTimeline: what is done about a person in an incident
// stands in its timeline, each target with its result and milliseconds.
func TestContainmentInTheTimeline(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inc := w.report("handler", "germany")
		at := w.clk.Now().UTC().Truncate(time.Millisecond).Add(time.Second) // later than the report, however fast this is
		target := fact.ContainmentTarget{Containment: "c", Person: "clerk", Incident: inc.ID, Form: "application", Name: "mail", Result: "unconfirmed", Detail: "answered", Status: 200, Millis: 182}
		other := target
		other.Incident = ""
		unknown := target
		unknown.Incident = "INC-1999-0001"
		sub := w.s.Reacts()
		told := 0
		for i, f := range []store.Fact{
			fact.ContainmentAsked{Containment: "c", Person: "clerk", Incident: inc.ID}, fact.PersonContained{Containment: "c", Person: "clerk", Incident: inc.ID, Targets: 9}, target, other, unknown,
			fact.ContainmentTarget{Containment: "c", Person: "clerk", Incident: inc.ID, Form: "door", Name: "sessions", Count: 3, Result: "ended", Millis: 2},
			fact.ContainmentTarget{Containment: "c", Person: "clerk", Incident: inc.ID, Form: "radius", Name: "VPN", Result: "no answer", Millis: 10_003},
			fact.ContainmentAttempt{Containment: "c", Person: "clerk", Incident: inc.ID, Form: "gate", Name: "wiki", Millis: 4000}, fact.ContainmentReleased{Containment: "c", Person: "clerk", Incident: inc.ID},
			fact.ContainmentRefused{Containment: "c", Person: "clerk", Incident: inc.ID},
		} {
			if !slices.Contains(sub.Kinds, f.Heading().Kind) {
				t.Fatalf("%s is not subscribed to", f.Heading().Kind)
			}
			e := ledger.Entry{Pos: int64(i + 1), At: at, Actor: "handler", Kind: f.Heading().Kind, Body: job.Body(f)}
			if err := w.db.Operate(w.ctx, func(tx *store.Tx) error { return sub.Handle(tx, e) }); err != nil {
				t.Fatal(err)
			}
			told++
		}
		d, err := w.s.Get(w.ctx, w.as("handler"), inc.ID)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, e := range d.Entries {
			if e.Kind == incident.Change && e.Author == "handler" && e.At.Equal(at) {
				said = append(said, fmt.Sprint(d.Words(e.Said, text.EN, func(u string) string { return u }).In(text.EN)))
				if e.Digest == "" || !e.Happened.Equal(at) {
					t.Errorf("%+v", e)
				}
			}
		}
		all := strings.Join(said, "\n")
		for _, line := range []string{
			"The containment of Name of clerk is asked for: a second person must confirm it", "Name of clerk is contained, with 9 targets to prove",
			"Containment of Name of clerk: application mail: answered, not proven after 182 ms", "Containment of Name of clerk: sessions (3): ended after 2 ms",
			"Containment of Name of clerk: server VPN by RADIUS: no answer after 10003 ms",
			"Containment of Name of clerk: application wiki behind a proxy: somebody tried to get in by it and was refused after 4000 ms",
			"Name of clerk is released from containment", "The containment of Name of clerk is refused",
		} {
			if strings.Count(all, line) != 1 {
				t.Errorf("%q is not there once:\n%s", line, all)
			}
		}
		if told != 10 || len(said) != 8 {
			t.Errorf("%d entries of %d facts:\n%s", len(said), told, all)
		}
		if err := w.db.View(w.ctx, func(tx *store.Tx) error { return w.s.Known(tx, w.as("america"), inc.ID) }); err == nil {
			t.Error("an incident of Germany is known in America")
		}
	})
}

package app

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"yagura/app/demo"
	"yagura/app/desk"
	"yagura/area/cmmc"
	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/psirt"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
)

// unguarded are the acts that a sign-in which could be phished suffices for, and
// why: somebody who does them decides neither for others nor over who may.
var unguarded = map[authz.Act]string{
	authz.ReadGrants:          "reads",
	identity.ReadFactors:      "reads",
	identity.ReadPerson:       "reads",
	identity.ReadTrips:        "reads",
	identity.ReadContainments: "reads",
	identity.Alarmed:          "is told, and does nothing by it",
	org.Read:                  "reads",
	org.Rota:                  "says who is called at night, which gives no right",
	telemetry.Read:            "reads",
	detect.Read:               "reads",
	detect.Triage:             "works on alerts; each step is recorded and can be taken back",
	incident.Read:             "reads",
	incident.Report:           "everybody's, also from outside",
	incident.Respond:          "works on incidents; a session that is too weak must not keep anybody from it at night",
	incident.Close:            "ends the work on an incident, which can be reopened",
	psirt.Read:                "reads",
	psirt.Addresses:           "keeps the list of who outside is told",
	psirt.Handle:              "works on cases",
	psirt.Assess:              "answers for products of one's own unit",
	psirt.Register:            "keeps the registry of products",
	cmmc.Read:                 "reads",
	cmmc.Survey:               "reads",
	cmmc.Work:                 "works on results, which a second person reviews",
	cmmc.Plan:                 "proposes; a second person approves",
	cmmc.Text:                 "imports official text, the same for all",
	notify.ReadTargets:        "reads",
	job.Read:                  "reads",
	ledger.Read:               "reads",
	desk.ReadSystem:           "reads",
}

// TestEveryActIsGuardedOrNot forces a decision about each act.
func TestEveryActIsGuardedOrNot(t *testing.T) {
	for _, act := range Policy.Acts() {
		_, exempt := unguarded[act]
		if slices.Contains(guarded, act) == exempt {
			t.Errorf("%s: an act is either in guarded or, with the reason, in unguarded", act)
		}
	}
	for _, act := range guarded {
		if !slices.Contains(Policy.Acts(), act) {
			t.Errorf("%s is no act", act)
		}
	}
}

// strangers asks every address of a person for one of another region and for
// nobody: the answers are the same.
func (m *matrix) strangers() {
	asked := 0
	for person, role := range m.people {
		v := m.visitors[person]
		steady := v.Steady()
		for _, p := range m.a.Console.Pages() {
			if !strings.HasPrefix(p.Path, "/identity/people/{id}") || !m.allows(role, p.Act) {
				continue
			}
			var answers []string
			for _, id := range []string{m.america.things["person"], "nobody-at-all"} {
				path := strings.Replace(p.Path, "{id}", id, 1)
				got, err := v.Get(path)
				if p.Method == "POST" {
					got, err = steady.Post(path, url.Values{"client": {"x"}})
				}
				m.must(err)
				answers = append(answers, strings.ReplaceAll(got.Text(), id, "ID"))
				if got.Status != 404 {
					m.Errorf("%s: %s %s answers %d", person, p.Method, path, got.Status)
				}
			}
			if asked++; answers[0] != answers[1] {
				m.Errorf("%s: %s %s tells who exists: %q, %q", person, p.Method, p.Path, answers[0], answers[1])
			}
		}
	}
	for q, found := range map[string]bool{"heron": true, "quetzal": false} { // the help desk finds its own
		got, err := m.visitors["m-contact"].Get("/identity/lost?q=" + q)
		m.must(err)
		if got.Status != 200 || strings.Contains(string(got.Body), "/identity/people/p-zz") != found {
			m.Errorf("the help desk of a company looks for %s: %d %s", q, got.Status, got.Text())
		}
	}
	if asked < 15 {
		m.Errorf("only %d addresses were asked for", asked)
	}
}

// vouchers has everybody of the played group lose what he signs in by.
func (m *matrix) vouchers() {
	var people []string
	for _, p := range demo.People() {
		people = append(people, p.ID)
		if nobody, err := m.a.Identity.AskRecoveryFor(m.Context(), m.all, p.ID); err != nil || nobody {
			m.Errorf("nobody vouches for %s: %v", p.ID, err)
		}
	}
	list, _, err := m.a.Identity.LostList(m.Context(), m.all, keyset.Page{Limit: 100})
	m.must(err)
	for _, l := range list {
		if i := slices.Index(people, l.Person.ID); i >= 0 && len(l.Vouchers) > 0 {
			people = slices.Delete(people, i, i+1)
			m.Logf("%s: %s by %d", l.Person.ID, l.As, len(l.Vouchers))
		}
	}
	if len(people) > 0 {
		m.Errorf("nobody vouches for %v", people)
	}
}

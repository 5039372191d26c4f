package app

import (
	"strings"
	"testing"
	"time"

	"yagura/area/detect"
	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// reacted waits until it is known what became of the person of an alert.
func (s signer) reacted(alert string) detect.Contained {
	s.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		d, err := s.a.Detect.Get(s.Context(), s.actor("lead"), alert)
		s.must(err)
		if d.Reacted {
			return d.Contained
		}
	}
	s.Fatal("the alert contained nobody")
	return detect.Contained{}
}

func (s signer) count(query string, args ...any) (n int) {
	s.Helper()
	s.must(s.a.DB.View(s.Context(), func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

// TestAnAlertContainsItsPerson is the whole way: two people decide that alerts of
// rules contain, tokens are copied, the person is out, and the privileged one is
// asked for; the incident that is made of the alert tells it. A backtest over the
// same events contains nobody.
func TestAnAlertContainsItsPerson(t *testing.T) {
	s := begin(t, "copied", "robbed")
	ctx, lead, chief := t.Context(), s.actor("lead"), s.actor("chief")
	titles := map[string]string{carried[identity.RefreshReused]: "works", carried[identity.CodeReplayed]: "works"}
	rules := map[string]string{} // title → id
	list, err := s.a.Detect.Rulebook(ctx, lead, authz.Everything(), detect.RuleFilter{})
	s.must(err)
	for _, r := range list {
		if titles[r.Title.EN] != "" {
			rules[r.Title.EN] = r.ID
			s.must(s.a.Detect.AskContaining(ctx, lead, r.ID, 3, "tokens are stolen by machines"))
			s.must(s.a.Detect.DecideContaining(ctx, chief, r.ID, "approve"))
		}
	}
	s.clock.Advance(time.Second)
	s.isReplayed("copied", home, false)
	s.isReplayed("robbed", home, true)
	alerts := s.raised(titles)

	copied := alerts[carried[identity.RefreshReused]]
	did := s.reacted(copied.ID)
	if did.Outcome != string(identity.RuleContained) || did.State != string(identity.ContainInForce) || did.Person.ID != "copied" || did.Href == "" {
		t.Errorf("%+v", did)
	}
	if _, err := s.enter("copied", identity.Persona, home); !fault.Is(err, fault.KindDenied) && !fault.Is(err, fault.KindUnauthenticated) {
		t.Errorf("who is contained comes in: %v", err)
	}
	if did := s.reacted(alerts[carried[identity.CodeReplayed]].ID); did.Outcome != string(identity.RuleAsked) || did.State != string(identity.ContainAsked) {
		t.Errorf("an administrator: %+v", did)
	}
	if n := s.count("SELECT COUNT(*) FROM identity_session WHERE person = $1", "robbed"); n == 0 {
		t.Error("the administrator is out, though nobody confirmed it")
	}

	// The incident tells what was done before there was one.
	number, err := s.a.Detect.Escalate(ctx, lead, []string{copied.ID}, "", "")
	s.must(err)
	told := func() string {
		d, err := s.a.Incident.Get(ctx, lead, number)
		s.must(err)
		var all []string
		for _, e := range d.Entries {
			all = append(all, d.Words(e.Said, text.EN, func(u string) string { return u }).In(text.EN))
		}
		return strings.Join(all, "\n")
	}
	for until := time.Now().Add(time.Minute); !strings.Contains(told(), "copied was contained by a rule upon alert "+copied.ID); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the timeline does not tell it:\n%s", told())
		}
	}

	// Released, he is in again; a backtest over what happened leaves him alone.
	c, ok, err := s.a.Identity.ContainmentOf(ctx, chief, "copied")
	if err != nil || !ok || c.Incident != number || c.Rule != rules[carried[identity.RefreshReused]] {
		t.Fatalf("%+v %v", c, err)
	}
	s.must(s.a.Identity.Release(ctx, chief, c.ID, "a program that renews twice"))
	const due = "SELECT (SELECT COUNT(*) FROM ledger WHERE kind = 'detect.containment-due') + (SELECT COUNT(*) FROM ledger_pending WHERE kind = 'detect.containment-due')"
	before, looked := s.count(due), int64(0)
	for until := time.Now().Add(time.Minute); looked == 0 && time.Now().Before(until); time.Sleep(100 * time.Millisecond) { // until the events are stored
		res, err := s.a.Detect.TryNow(ctx, lead, detect.BacktestRequest{Rule: c.Rule, From: s.clock.Now().Add(-time.Hour), To: s.clock.Now().Add(time.Hour)}, nil)
		s.must(err)
		looked = res.Hits
	}
	if looked == 0 {
		t.Fatal("the backtest finds nothing")
	}
	if n := s.count(due); n != before {
		t.Errorf("a backtest contains: %d", n-before)
	}
	if _, err := s.enter("copied", identity.Persona, home); err != nil {
		t.Errorf("who was released does not come in: %v", err)
	}
}

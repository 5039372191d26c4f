package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

// Names are the people of these ids, for showing who did something.
func (s *Service) Names(ctx context.Context, ids ...string) (names map[string]authz.Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error { names, err = authz.People(tx, ids...); return err })
	return names, err
}

// Card is who a person is, as far as it matters for signing in.
type Card struct {
	Person     authz.Person
	State      State // Contained only for who may read containments
	BreakGlass bool
	Managers   []authz.Person // who decides about his trips
}

// Card is that of a person, for who may see people of his unit.
func (s *Service) Card(ctx context.Context, by authz.Actor, person string) (card Card, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		if card.Person, err = authz.FindPerson(tx, person); err != nil {
			return err
		}
		st, err := standing(tx, person)
		if err != nil {
			return err
		}
		if card.State = st.State; card.State == Contained && !by.Can(ReadContainments, card.Person.Unit) {
			card.State = Disabled
		}
		if card.BreakGlass, err = isBreakGlass(tx, person); err != nil {
			return err
		}
		var who []string
		if s.o.Managers != nil {
			if who, err = s.o.Managers(tx, card.Person); err != nil {
				return err
			}
		}
		people, err := authz.People(tx, who...)
		for _, id := range who {
			if p, ok := people[id]; ok && id != person {
				card.Managers = append(card.Managers, p)
			}
		}
		return err
	})
	return card, err
}

// Entry is what happened to a person: an event of the log of authentication, or
// a fact of the ledger.
type Entry struct {
	Event
	At   time.Time
	App  string          // name of the application of an event
	Fact string          // its kind; empty: it is an event
	By   authz.Person    // who did it; with the id alone where nobody is known by it
	Body json.RawMessage // of the fact
}

// aboutPeople are the facts about a person that belong to how he signs in, and what
// one must be allowed to read for each besides the ledger. Facts that the log of
// authentication tells as well are not among them, nor what became of each target
// of a containment, which has a page.
var aboutPeople = map[string]authz.Act{
	"identity.link-made": ReadFactors, "identity.link-handed": ReadFactors, "identity.passkey-enrolled": ReadFactors, "identity.passkey-renamed": ReadFactors, "identity.passkey-removed": ReadFactors,
	"identity.factor-enrolled": ReadFactors, "identity.factor-removed": ReadFactors, "identity.token-made": ReadFactors, "identity.token-revoked": ReadFactors, "identity.sessions-ended": "",
	"identity.recovery-asked": ReadFactors, "identity.recovery-vouched": ReadFactors, "identity.recovery-refused": ReadFactors, "identity.recovered": ReadFactors,
	"identity.break-glass-made": ReadFactors, "identity.break-glass-ended": ReadFactors, "identity.break-glass-drilled": ReadFactors, "identity.break-glass-asked": ReadFactors, "identity.break-glass-refused": ReadFactors,
	"identity.grants-ended": ReadFactors, "identity.device-decided": ReadFactors, "identity.account-provisioned": ReadFactors,
	"org.person-added": "", "org.person-changed": "", "org.person-left": "", "org.person-returned": "", "org.office-taken": "", "org.office-left": "",
	"identity.trip-asked": ReadTrips, "identity.trip-decided": ReadTrips, "identity.trip-cancelled": ReadTrips,
	"identity.containment-asked": ReadContainments, "identity.containment-refused": ReadContainments, "identity.person-contained": ReadContainments,
	"identity.containment-released": ReadContainments, "identity.account-closed": ReadContainments, "identity.account-opened": ReadContainments,
	"authz.grant-asked": authz.ReadGrants, "authz.grant-approved": authz.ReadGrants, "authz.grant-revoked": authz.ReadGrants,
}

// AboutPeople are the kinds of facts that a history may tell, in order.
func AboutPeople() (kinds []string) {
	for kind := range aboutPeople {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// History is what happened to a person, newest first, by pages: where he signed
// in from and what he entered, what was remarkable, and what was done about him.
// Of the facts a reader sees those that he may see elsewhere.
func (s *Service) History(ctx context.Context, by authz.Actor, person string, page keyset.Page) (list []Entry, next *keyset.Position, err error) {
	page.Sort, page.Desc = "at", true
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		// Who answers an alarm needs to know neither by what nor where to.
		whole := s.own(tx, by, person, ReadFactors) == nil
		if list, err = eventsOf(tx, person, page, whole); err != nil {
			return err
		}
		facts, err := factsAbout(tx, by, person, page)
		if err != nil {
			return err
		}
		list = append(list, facts...)
		slices.SortStableFunc(list, func(a, b Entry) int {
			if c := b.At.Compare(a.At); c != 0 {
				return c
			}
			return strings.Compare(b.ID, a.ID)
		})
		list, next = keyset.Cut(page, list, func(e Entry) keyset.Position { return keyset.At(store.Millis(e.At), e.ID) })
		return name(tx, list)
	})
	return list, next, err
}

func eventsOf(tx *store.Tx, person string, page keyset.Page, whole bool) ([]Entry, error) {
	after, args, order, err := page.SQL(keyset.Columns{"at": keyset.Int("e.at")}, "e.id", 2)
	if err != nil {
		return nil, err
	}
	if !whole {
		after = "e.kind <> '" + string(EnterClient) + "' AND " + after
	}
	return store.Rows(tx, func(r store.Scanner) (e Entry, err error) {
		var at int64
		var managed int
		err = r.Scan(&e.ID, &at, &e.Kind, &e.Outcome, &e.Reason, &e.Client, &e.Proof.Method, &e.Proof.Level, &e.Device.Agent, &e.Device.Network, &e.Place, &e.Country, &e.Device.ID, &managed)
		e.At, e.Person, e.Device.Managed = store.Time(at), person, managed != 0
		return e, err
	}, `SELECT e.id, e.at, e.kind, e.outcome, e.reason, e.client, e.method, e.level, e.agent, e.network, e.place, e.country, e.device, e.managed
		FROM identity_event e WHERE e.person = $1 AND `+after+order, append([]any{person}, args...)...)
}

func factsAbout(tx *store.Tx, by authz.Actor, person string, page keyset.Page) ([]Entry, error) {
	args := []any{person}
	scoped := func(act authz.Act) string {
		in, more := by.Scope(act).Where("l.unit", len(args)+1)
		args = append(args, more...)
		return in
	}
	kinds := map[authz.Act][]string{}
	for kind, act := range aboutPeople {
		kinds[act] = append(kinds[act], kind)
	}
	readable := scoped(ledger.Read)
	var some []string
	for _, act := range []authz.Act{"", ReadFactors, ReadTrips, ReadContainments, authz.ReadGrants} {
		cond := "1=1"
		if act != "" {
			cond = scoped(act)
		}
		marks := make([]string, len(kinds[act]))
		for i, kind := range kinds[act] {
			args = append(args, kind)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		some = append(some, "l.kind IN ("+strings.Join(marks, ",")+") AND "+cond)
	}
	after, more, order, err := page.SQL(keyset.Columns{"at": keyset.Int("l.at")}, "l.id", len(args)+1)
	if err != nil {
		return nil, err
	}
	const columns = "id, at, actor, unit, kind, subject, body"
	return store.Rows(tx, func(r store.Scanner) (e Entry, err error) {
		var at int64
		var body string
		err = r.Scan(&e.ID, &at, &e.By.ID, &e.Fact, &body)
		e.At, e.Person, e.Body = store.Time(at), person, json.RawMessage(body)
		return e, err
	}, "SELECT l.id, l.at, l.actor, l.kind, l.body FROM (SELECT "+columns+" FROM ledger UNION ALL SELECT "+columns+" FROM ledger_pending) l WHERE l.subject = $1 AND "+
		readable+" AND ("+strings.Join(some, " OR ")+") AND "+after+order, append(args, more...)...)
}

// name fills in what applications and people are called.
func name(tx *store.Tx, list []Entry) error {
	var who []string
	for _, e := range list {
		who = append(who, e.By.ID)
	}
	people, err := authz.People(tx, who...)
	if err != nil {
		return err
	}
	apps, err := clientNames(tx)
	if err != nil {
		return err
	}
	for i, e := range list {
		if p, ok := people[e.By.ID]; ok {
			list[i].By = p
		}
		if list[i].App = apps[e.Client]; list[i].App == "" {
			list[i].App = e.Client // a gate is called by its name
		}
	}
	return nil
}

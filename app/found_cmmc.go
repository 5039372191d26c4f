package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/app/demo"
	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/area/identity"
	"yagura/area/org"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// enclaves puts the group's CMMC state into the database: entities, services, and
// twelve enclaves with what was said of them, their papers, assessments and
// signatures, each at the time at which it happened.
func (f *founding) enclaves(ctx context.Context, _ demo.History) error {
	for _, step := range []func(context.Context) error{f.recentSignIns, f.entities, f.services, f.assessed, f.lately} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("enclaves: %w", err)
		}
	}
	return nil
}

// recentSignIns has everybody of the units with enclaves, and all who hold a role,
// sign in on the day before, as people do.
func (f *founding) recentSignIns(ctx context.Context) error {
	home := map[string]demo.Unit{}
	for _, u := range demo.Units() {
		home[u.ID] = u
	}
	proof := identity.Proof{Method: "passkey", Methods: []string{"pop", "user", "mfa", "swk"}, Level: "phr"}
	f.clock.Set(f.now.Add(-9 * time.Hour))
	return f.a.DB.Operate(ctx, func(tx *store.Tx) error {
		in := func(person, unit string, n int) error {
			u, address := home[unit], fmt.Sprintf("10.20.9.%d", 20+n%200)
			if u.Net > 0 {
				address = fmt.Sprintf("10.%d.9.%d", u.Net, 20+n%200)
			}
			for i, from := range []string{address, fmt.Sprintf("192.0.2.%d", 10+n%200)} {
				if i == 1 && n%3 == 0 { // not everybody works from home too
					continue
				}
				if err := f.a.Identity.SeedSignIn(tx, player, person, proof, identity.Device{Network: from, Agent: demo.Laptops(f.seed)[0].Agent}); err != nil {
					return err
				}
			}
			return nil
		}
		for n, p := range demo.People() {
			if err := in(p.ID, p.Unit, 3*n+1); err != nil {
				return err
			}
		}
		for n, s := range demo.Staff(f.seed) {
			if s.Passkey && (demo.RolledOut[s.Unit] || demo.HasEnclave(s.Unit)) {
				if err := in(s.ID, s.Unit, 3*n+1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (f *founding) entities(ctx context.Context) error {
	return f.at(ctx, f.now.AddDate(0, -20, 0), func(tx *store.Tx) error {
		for _, e := range demo.Entities() {
			if err := f.a.CMMC.SeedEntity(tx, player, cmmc.Entity{ID: e.ID, Name: e.Name.En, NameJA: e.Name.Ja, Unit: e.Unit, Region: e.Region, CAGE: e.CAGE, Parent: e.Parent}); err != nil {
				return err
			}
		}
		return nil
	})
}

// objectivesOf are the objectives of names of requirements and objectives.
func objectivesOf(names []string) (b catalog.Bits, err error) {
	for _, n := range names {
		if q := catalog.Find(n); q != nil {
			for _, i := range q.Objective {
				b.Set(i)
			}
			continue
		}
		i, ok := catalog.Index(n)
		if !ok {
			return b, fmt.Errorf("there is no %s", n)
		}
		b.Set(i)
	}
	return b, nil
}

func (f *founding) services(ctx context.Context) error {
	f.clock.Set(f.now.AddDate(0, -19, 0))
	papers, err := f.papers(ctx, func(string) bool { return true })
	if err != nil {
		return err
	}
	return f.at(ctx, f.now.AddDate(0, -19, 0), func(tx *store.Tx) error {
		for _, p := range demo.Providers() {
			what, err := objectivesOf(append(append([]string{}, p.Gives...), p.Shares...))
			if err != nil {
				return err
			}
			past := cmmc.Past{System: cmmc.System{ID: p.ID, Kind: cmmc.Kind(p.Kind), Unit: p.Unit, Name: p.Name.En, NameJA: p.Name.Ja, Level: 2, Description: f.say(p.About),
				Owner: demo.HeadOfIt, Holds: p.Holds, FedRAMP: p.FedRAMP, Proof: p.Proof}}
			for i := range what.All {
				past.Judged = append(past.Judged, cmmc.Judgement{Objective: i, Result: score.Met, Method: []string{"examine", "test", "interview"}[i%3], By: "p-shimizu", Reviewer: demo.HeadOfIt, Reviewed: tx.Now})
			}
			past.Evidence = f.behind(papers, past.Judged, tx.Now.AddDate(0, 0, -3), 900)
			if err := f.a.CMMC.Seed(tx, player, past); err != nil {
				return fmt.Errorf("%s: %w", p.ID, err)
			}
		}
		for _, p := range demo.Providers() {
			for _, from := range p.From {
				shared, err := objectivesOf([]string{"3.5.3"})
				if err != nil {
					return err
				}
				if err := f.a.CMMC.SeedShares(tx, player, p.ID, from, catalog.Bits{}, shared); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// paper is a document in the store.
type paper struct {
	families string
	past     cmmc.PastEvidence
}

func (f *founding) papers(ctx context.Context, wanted func(families string) bool) (list []paper, err error) {
	for _, p := range demo.Papers {
		if !wanted(p.Families) {
			continue
		}
		ref, err := f.a.Docs.Put(ctx, strings.NewReader(f.say(p.Body)), cmmc.LargestEvidence)
		if err != nil {
			return nil, err
		}
		list = append(list, paper{p.Families, cmmc.PastEvidence{Ref: ref, Evidence: cmmc.Evidence{Name: f.say(p.Name), Media: "text/markdown"}}})
	}
	return list, nil
}

// behind puts papers behind what was said.
func (f *founding) behind(papers []paper, judged []cmmc.Judgement, collected time.Time, valid int) (list []cmmc.PastEvidence) {
	for _, p := range papers {
		e := p.past
		e.Collected, e.ValidUntil, e.Reviewer, e.Reviewed = collected, collected.AddDate(0, 0, valid), demo.HeadOfIt, collected
		for _, j := range judged {
			if j.Result == score.Met && strings.HasPrefix(catalog.Name(j.Objective), p.families) {
				e.Objectives = append(e.Objectives, j.Objective)
			}
		}
		if len(e.Objectives) > 0 {
			list = append(list, e)
		}
	}
	return list
}

func (f *founding) assessed(ctx context.Context) error {
	papers, err := f.papers(ctx, func(string) bool { return true })
	if err != nil {
		return err
	}
	for _, e := range demo.Enclaves() {
		if err := f.enclave(ctx, e, papers); err != nil {
			return fmt.Errorf("%s: %w", e.ID, err)
		}
	}
	return nil
}

// pastOf is an enclave with what was said of it.
func (f *founding) pastOf(e demo.Enclave) (p cmmc.Past, err error) {
	p = cmmc.Past{Partial: e.Partial, System: cmmc.System{ID: e.ID, Kind: cmmc.Enclave, Unit: e.Unit, Name: e.Name.En, NameJA: e.Name.Ja, Entity: e.Entity, Level: e.Level,
		Description: f.say(e.About), Boundary: f.say(e.Boundary), Owner: demo.HeadOfIt}}
	if name, version, ok := strings.Cut(e.Plan, " "); ok {
		p.System.SSP = &score.SSP{ID: name, Version: version, Date: f.now.AddDate(0, 0, -e.PlanAge).UTC().Truncate(24 * time.Hour)}
	}
	var open, unknown, na, enduring, temporary catalog.Bits
	for names, into := range map[*[]string]*catalog.Bits{&e.Open: &open, &e.Unknown: &unknown, &e.NA: &na, &e.Enduring: &enduring, &e.Temporary: &temporary} {
		if *into, err = objectivesOf(*names); err != nil {
			return p, err
		}
	}
	all := catalog.Mask(e.Level)
	if e.Level == 3 {
		all = all.Or(catalog.Mask(2))
	}
	for i := range all.All {
		j := cmmc.Judgement{Objective: i, Result: score.Met, Method: []string{"examine", "test", "interview"}[i%3], Assessor: e.Assessor, By: "p-shimizu", Reviewer: demo.HeadOfIt}
		switch {
		case unknown.Has(i):
			continue
		case open.Has(i):
			j.Result, j.Reason = score.NotMet, f.say(demo.Text{En: "found wanting at the last look", Ja: "直近の確認で不足"})
		case na.Has(i):
			j.Result, j.Reason = score.NA, f.say(demo.Text{En: "there is none inside the boundary", Ja: "境界内に該当がない"})
		case enduring.Has(i):
			j.Result, j.Exception = score.NotMet, &score.Exception{Kind: score.Enduring, SSP: "4.2"}
		case temporary.Has(i):
			day := f.now.AddDate(0, 0, -max(e.Age, e.PlanAge, 15)-1).UTC().Truncate(24 * time.Hour)
			j.Result, j.Exception = score.NotMet, &score.Exception{Kind: score.Temporary, Plan: "OPA-7", Reviewed: day, Progress: "scanner bought"}
		}
		p.Judged = append(p.Judged, j)
	}
	for _, t := range e.Things {
		gap := func(letter string) bool { return !strings.Contains(t.Gaps, letter) }
		p.Assets = append(p.Assets, cmmc.Asset{Name: f.say(t.Name), Category: cmmc.Category(t.Category), Ref: t.Ref, Inventory: gap("i"), SSP: gap("s"), Diagram: gap("d")})
	}
	for _, l := range e.Leads {
		i, ok := catalog.Index(l.Objective)
		if !ok {
			return p, fmt.Errorf("there is no %s", l.Objective)
		}
		p.Tasks = append(p.Tasks, cmmc.Task{Objective: i, Assignee: l.Person, Due: f.now.AddDate(0, 0, l.Due)})
	}
	return p, nil
}

func (f *founding) enclave(ctx context.Context, e demo.Enclave, papers []paper) error {
	p, err := f.pastOf(e)
	if err != nil {
		return err
	}
	// Plan, assets and shares are of one day; a later version of the plan follows.
	said := f.now.AddDate(0, 0, -max(e.Age, e.PlanAge, 15))
	plan := p.System.SSP
	if plan != nil {
		p.System.SSP = &score.SSP{ID: plan.ID, Version: plan.Version, Date: said.UTC().Truncate(24 * time.Hour)}
		p.Evidence = f.behind(papers, p.Judged, said.AddDate(0, 0, -3), 700)
	}
	if err := f.at(ctx, said, func(tx *store.Tx) error {
		if err := f.a.CMMC.Seed(tx, player, p); err != nil {
			return err
		}
		return f.shares(tx, e)
	}); err != nil {
		return err
	}
	months := len(e.Course)
	for n, points := range e.Course {
		at := f.now.AddDate(0, 0, -30*(months-n))
		if err := f.at(ctx, at, func(tx *store.Tx) error {
			status := score.None
			if e.Status == "final" && points == 110 {
				status = score.Final
			}
			return f.a.CMMC.SeedStanding(tx, player, e.ID, cmmc.Point{Low: points, High: points, SaidLow: points, SaidHigh: points, Status: status})
		}); err != nil {
			return err
		}
	}
	if err := f.declared(ctx, e); err != nil || plan == nil || e.PlanAge >= max(e.Age, 15) {
		return err
	}
	f.clock.Set(f.now.AddDate(0, 0, -e.PlanAge))
	d, err := f.a.CMMC.Enclave(ctx, player, e.ID)
	if err != nil {
		return err
	}
	d.System.SSP = plan
	return f.a.CMMC.PutSystem(ctx, player, d.System, d.Version)
}

func (f *founding) shares(tx *store.Tx, e demo.Enclave) error {
	within := catalog.Mask(2)
	if e.Level == 1 {
		within = catalog.Mask(1)
	}
	for _, p := range demo.Providers() {
		takes := false
		for _, t := range e.Takes {
			takes = takes || t == p.ID
		}
		if !takes {
			continue
		}
		given, err := objectivesOf(p.Gives)
		if err != nil {
			return err
		}
		shared, err := objectivesOf(p.Shares)
		if err != nil {
			return err
		}
		if err := f.a.CMMC.SeedShares(tx, player, e.ID, p.ID, given.And(within), shared.And(within)); err != nil {
			return err
		}
	}
	return nil
}

// declared seals what was assessed, declares the status and has it signed for.
func (f *founding) declared(ctx context.Context, e demo.Enclave) error {
	if e.Status == "" {
		return nil
	}
	at := f.now.AddDate(0, 0, -e.Age).Add(2 * time.Hour)
	f.clock.Set(at)
	a, err := f.a.CMMC.Seal(ctx, player, e.ID, cmmc.Form(e.Form), e.Assessor)
	if err != nil {
		return err
	}
	if err := f.a.CMMC.Declare(ctx, player, e.ID, score.Status(e.Status), at, a.ID); err != nil {
		return err
	}
	for _, ago := range e.Signed {
		f.clock.Set(f.now.AddDate(0, 0, -ago).Add(4 * time.Hour))
		_, _, sum, err := f.a.CMMC.ForAffirmation(ctx, player, e.ID)
		if err != nil {
			return err
		}
		officer, err := f.actor(ctx, demo.Officer)
		if err != nil {
			return err
		}
		if err := f.a.CMMC.Affirm(ctx, officer, e.ID, sum); err != nil {
			return err
		}
	}
	return nil
}

// lately is what waits for people today: a result and a draft that need a second
// person, and the assessor of an outside body who reads one enclave.
func (f *founding) lately(ctx context.Context) error {
	f.clock.Set(f.now.Add(-3 * time.Hour))
	engineer, err := f.actor(ctx, demo.OTEngineer)
	if err != nil {
		return err
	}
	const enclave = "naval-himeji"
	i, _ := catalog.Index("3.1.9[a]")
	if _, err := f.a.CMMC.Judge(ctx, engineer, cmmc.Judgement{System: enclave, Objective: i, Result: score.Met, Method: "test", Reason: f.say(demo.Text{En: "notice put on all sign-in screens", Ja: "全サインイン画面に告知を表示"})}); err != nil {
		return err
	}
	draft, _ := catalog.Index("3.7.6[a]")
	if _, err := f.a.CMMC.Keep(ctx, engineer, cmmc.Evidence{System: enclave, Name: f.say(demo.Text{En: "List of supervised maintenance.csv", Ja: "立会い保守一覧.csv"}), Media: "text/csv", Objectives: []int{draft}, Collected: f.now.Add(-4 * time.Hour)},
		strings.NewReader("date,vendor,supervisor\n")); err != nil {
		return err
	}
	head, err := f.actor(ctx, demo.HeadOfIt)
	if err != nil {
		return err
	}
	return f.a.CMMC.Admit(ctx, head, enclave, demo.OutsideReader, f.now.AddDate(0, 0, 80))
}

// When the newcomer of Works 1 comes, and when he gets his passkey.
const (
	newcomerComes = 3 * time.Minute
	newcomerKey   = 4 * time.Minute
)

// newcomer is somebody who begins at Works 1 on the evening of the demo: until he
// has a passkey, one general user of a hundred signs in without several factors, and
// the enclave there no longer stands.
func (f *founding) newcomer(ctx context.Context, fast bool) error {
	wait := func(d time.Duration) bool {
		if fast {
			d = 3 * time.Second
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			return true
		}
	}
	n := demo.Newcomer()
	if !wait(newcomerComes) {
		return nil
	}
	if err := f.a.Org.AddPerson(ctx, player, org.Person{ID: n.ID, Name: n.Name.En, NameJA: n.Name.Ja, Email: n.Mail, Unit: n.Unit, Lang: text.Lang(n.Lang), Zone: n.Zone}); err != nil {
		return err
	}
	if !wait(newcomerKey) {
		return nil
	}
	return f.a.DB.Change(ctx, func(tx *store.Tx) error {
		return f.a.Identity.SeedPasskey(tx, player, n.ID, "a2V5LW9mLWEtbmV3Y29tZXI")
	})
}

package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"yagura/app/demo"
	"yagura/area/detect"
	"yagura/area/detect/rules"
	"yagura/area/identity"
	"yagura/area/incident"
	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/area/telemetry/relay"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// founding puts the made-up group and its year into an empty database, with the
// clock standing at the time at which each thing happened.
type founding struct {
	a     *App
	clock *clock.Movable
	lang  text.Lang // of what people wrote
	now   time.Time // when the demo begins
	seed  uint64
	days  int               // of past alerts
	links map[string]string // of personas, by person
}

var player = authz.System("demo")

func (f *founding) say(t demo.Text) string { return t.In(string(f.lang)) }

func (f *founding) at(ctx context.Context, t time.Time, do func(tx *store.Tx) error) error {
	f.clock.Set(t)
	return f.a.DB.Change(ctx, do)
}

func (f *founding) run(ctx context.Context) error {
	history := demo.NewHistory(f.seed, f.now)
	steps := []func(context.Context, demo.History) error{f.group, f.passkeys, f.applications, f.directories, f.places, f.gates, f.sources, f.relays, f.products, f.incidents, f.lost, f.containments, f.alerts, f.enclaves, f.measures, f.personas}
	for _, step := range steps {
		if err := step(ctx, history); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	// Cases are played by the use cases themselves, so all that they need is there by now.
	if err := f.cases(ctx, history); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	f.clock.Set(f.now)
	return nil
}

func (f *founding) group(ctx context.Context, _ demo.History) error {
	began := f.now.AddDate(-1, 0, -3)
	var g org.Founding
	for _, c := range demo.Calendars(f.now.Year()-1, f.now.Year()+1) {
		cal := org.Calendar{ID: c.ID, Name: c.Name.En, NameJA: c.Name.Ja, Week: c.Week, Opens: c.Opens, Closes: c.Closes, Special: map[string]org.Special{}}
		for day, name := range c.Days {
			cal.Special[day] = org.Special{Day: day, Name: name.En, NameJA: name.Ja}
		}
		g.Calendars = append(g.Calendars, cal)
	}
	for _, u := range demo.Units() {
		g.Units = append(g.Units, org.Unit{ID: u.ID, Kind: org.Kind(u.Kind), Name: u.Name.En, NameJA: u.Name.Ja, Parent: u.Parent, Region: u.Region,
			Country: u.Country, Lang: u.Language, Zone: u.Zone, Calendar: u.Calendar})
	}
	for _, p := range demo.People() {
		g.People = append(g.People, org.Person{ID: p.ID, Name: p.Name.En, NameJA: p.Name.Ja, Email: p.Mail, Unit: p.Unit, Lang: text.Lang(p.Lang), Zone: p.Zone})
		g.Offices = append(g.Offices, org.Office{ID: id.New(), Person: p.ID, Unit: p.OfficeUnit(), Office: org.OfficeKind(p.OfficeKind()),
			Title: p.Office.En, TitleJA: p.Office.Ja, From: began})
	}
	for _, s := range demo.Staff(f.seed) {
		g.People = append(g.People, org.Person{ID: s.ID, Name: s.Name.En, NameJA: s.Name.Ja, Email: s.Mail, Unit: s.Unit, Lang: text.Lang(s.Lang), Zone: s.Zone})
	}
	for _, t := range demo.Teams() {
		zone, err := time.LoadLocation(t.Zone)
		if err != nil {
			return err
		}
		// Turns change on Monday at nine.
		monday := began.AddDate(0, 0, -int((began.Weekday()+6)%7))
		g.Teams = append(g.Teams, org.Team{ID: t.ID, Kind: org.TeamKind(t.Kind), Name: t.Name.En, NameJA: t.Name.Ja, Unit: t.Unit, Lead: t.Lead, Members: t.Members,
			Zone: t.Zone, Plan: org.Plan{Zone: zone, Anchor: monday.Format(time.DateOnly), Handover: "09:00", Days: t.Days, Order: t.Rota}})
	}
	return f.at(ctx, began, func(tx *store.Tx) error {
		if err := f.a.Org.Seed(tx, player, g); err != nil {
			return err
		}
		for _, p := range demo.People() {
			for _, grant := range p.Grants {
				if err := authz.Found(tx, player, authz.Grant{Person: p.ID, Role: grant.Role, Tree: grant.Tree, Unit: grant.Unit, Until: f.now.Add(grant.Lasts)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (f *founding) sources(ctx context.Context, h demo.History) error {
	heard := map[string]time.Time{}
	for _, s := range h.Silent() {
		heard[s.Source] = s.Since
	}
	return f.at(ctx, f.now.AddDate(0, -11, 0), func(tx *store.Tx) error {
		for _, s := range demo.Sources() {
			src := telemetry.Source{ID: s.ID, Name: s.Name.En, NameJA: s.Name.Ja, Kind: telemetry.Kind(s.Kind), Unit: s.Unit,
				Product: s.Product, Category: s.Category, Service: s.Service, SilentAfter: s.SilentAfter}
			if err := f.a.Telemetry.AddIn(tx, player, src); err != nil {
				return fmt.Errorf("source %s: %w", s.ID, err)
			}
			last, silent := heard[s.ID]
			if !silent {
				last = f.now
			}
			if err := f.a.Telemetry.Heard(tx, player, s.ID, last); err != nil {
				return err
			}
		}
		return nil
	})
}

// relays have delivered for a day. One has been silent since the afternoon, one
// waits for its machine.
func (f *founding) relays(ctx context.Context, _ demo.History) error {
	return f.at(ctx, f.now.AddDate(0, -5, 0), func(tx *store.Tx) error {
		for n, d := range demo.Relays() {
			r := telemetry.Relay{ID: d.ID, Name: d.Name.En, NameJA: d.Name.Ja, Unit: d.Unit, SilentAfter: 24 * time.Hour, Created: tx.Now}
			var history []telemetry.RelayCounts
			if !d.Missing {
				heard := f.now.Add(-d.Quiet)
				r.Enrolled, r.Until, r.LastSeen = tx.Now.Add(26*time.Hour), f.now.AddDate(0, 0, 41+9*n), heard
				r.Address, r.Skew = d.Address, d.Skew
				if d.Quiet > 0 {
					r.SilentAfter, r.SilentSince = 15*time.Minute, heard
				}
				r.Report = relay.Report{Version: "0.3.0", Host: d.Host, Now: heard, Started: heard.AddDate(0, 0, -17), Waiting: d.Waiting, Bytes: d.Waiting * 41, Cap: 4 << 30,
					Listens: []string{"https 0.0.0.0:8420", "syslog/udp 0.0.0.0:514", "syslog/tls 0.0.0.0:6514"}}
				if d.Waiting > 0 {
					r.Report.Oldest = heard.Add(-time.Duration(d.Waiting) * 5 * time.Minute / time.Duration(d.Rate))
				}
				for at := heard.Add(-24 * time.Hour).Truncate(5 * time.Minute); at.Before(heard); at = at.Add(5 * time.Minute) {
					i := int64(at.Unix() / 300)
					c := telemetry.RelayCounts{At: at, Events: d.Rate + d.Rate*((i*7+int64(n)*3)%11-5)/20, Delay: time.Second, Waiting: (i * 13) % 300}
					c.Bytes = c.Events * 41
					if !r.Report.Oldest.IsZero() && at.After(r.Report.Oldest) { // the line is too thin, or gone
						c.Events, c.Bytes, c.Waiting, c.Delay = c.Events/9, c.Bytes/9, int64(float64(d.Waiting)*float64(at.Sub(r.Report.Oldest))/float64(heard.Sub(r.Report.Oldest))), at.Sub(r.Report.Oldest)
					}
					if d.Dropped > 0 && i%96 == 7 {
						c.Dropped = d.Dropped / 3
					}
					history = append(history, c)
				}
			}
			if err := f.a.Telemetry.SeedRelay(tx, player, r, history); err != nil {
				return fmt.Errorf("relay %s: %w", d.ID, err)
			}
		}
		return nil
	})
}

func (f *founding) incidents(ctx context.Context, h demo.History) error {
	tasks := map[string][]incident.Task{}
	for _, t := range h.Tasks() {
		if t.Incident != "" {
			tasks[t.Incident] = append(tasks[t.Incident], incident.Task{Title: f.say(t.Title), Assignee: t.Person, Due: t.Due})
		}
	}
	all := h.Incidents()
	slices.SortStableFunc(all, func(a, b demo.Incident) int { return a.Times["reported"].Compare(b.Times["reported"]) })
	for _, i := range all {
		p := incident.Past{
			Draft: incident.Draft{Title: f.say(i.Title), Unit: i.Unit, Severity: incident.Severity(i.Severity), TLP: incident.TLP(i.TLP),
				Class: i.Class, Type: i.Type, Occurred: i.Occurred, Detected: i.Times["reported"].Truncate(time.Second)},
			Reporter: i.Reporter, Reported: i.Times["reported"].Truncate(time.Second), Team: i.Team, Lead: i.Handler, Tasks: tasks[i.Slug],
		}
		if i.Reporter == "" {
			p.Source = incident.ByAlert
		}
		last := p.Reported
		for _, state := range append(slices.Clone(demo.States), demo.Dismissed) {
			when, reached := i.Times[state]
			if !reached || state == "reported" {
				continue
			}
			step := incident.PastStep{By: i.Handler, Move: incident.Move{Step: stepTo(state), Happened: when, Severity: p.Severity, Class: i.Class, Type: i.Type,
				Team: i.Team, Lead: i.Handler, Reason: i.Reason, Cause: f.say(i.Cause), Lessons: f.say(i.Lesson)}}
			if state == "reviewed" || state == "closed" {
				step.By = demo.CsirtLead
				if i.Handler == demo.CsirtLead {
					step.By = demo.HeadOfIt
				}
			}
			for _, n := range i.Notes {
				if n.State == state {
					step.Note = f.say(n.Text)
				}
			}
			p.Steps = append(p.Steps, step)
			last = when
		}
		for _, n := range i.Notes {
			if n.State == "reported" {
				p.Description = f.say(n.Text)
			}
		}
		if err := f.at(ctx, last.Add(time.Minute), func(tx *store.Tx) error {
			_, err := f.a.Incident.Seed(tx, player, p)
			return err
		}); err != nil {
			return fmt.Errorf("incident %s: %w", i.Slug, err)
		}
	}
	return nil
}

// stepTo is the step that leads to a state.
func stepTo(state string) incident.Step {
	switch state {
	case "triaged":
		return incident.Triage
	case "confirmed":
		return incident.Confirm
	case "contained":
		return incident.Contain
	case "eradicated":
		return incident.Eradicate
	case "recovered":
		return incident.Recover
	case "reviewed":
		return incident.Review
	case "closed":
		return incident.Shut
	}
	return incident.Dismiss
}

// passkeys gives most of the group a passkey in the first months of the year, a
// day for each site: without, the year would be hard to believe. Sites that are still
// rolling out had theirs in the last weeks, some each week.
func (f *founding) passkeys(ctx context.Context, _ demo.History) error {
	var first, late []demo.Employee
	day := f.now.AddDate(0, -11, 0)
	for _, p := range demo.People() { // who decides for others had theirs before anybody else
		first = append(first, demo.Employee{ID: p.ID, Passkey: p.Grants[0].Role != authz.Employee})
	}
	if err := f.enrol(ctx, day, first); err != nil {
		return err
	}
	staff := demo.Staff(f.seed)
	for len(staff) > 0 {
		n := 1
		for n < len(staff) && staff[n].Unit == staff[0].Unit {
			n++
		}
		if demo.RollingOut[staff[0].Unit] {
			late = append(late, staff[:n]...)
		} else if err := f.enrol(ctx, day, staff[:n]); err != nil {
			return err
		}
		staff, day = staff[n:], day.AddDate(0, 0, 2)
	}
	const weeks = 12
	for w := range weeks {
		var part []demo.Employee
		for n, s := range late {
			if n%weeks == w {
				part = append(part, s)
			}
		}
		if err := f.enrol(ctx, f.now.AddDate(0, 0, -7*(weeks-w)), part); err != nil {
			return err
		}
	}
	return nil
}

// enrol gives people a passkey, as far as they have one.
func (f *founding) enrol(ctx context.Context, day time.Time, staff []demo.Employee) error {
	return f.at(ctx, day, func(tx *store.Tx) error {
		for _, s := range staff {
			if !s.Passkey {
				continue
			}
			key := make([]byte, 32)
			rand.Read(key)
			if err := f.a.Identity.SeedPasskey(tx, player, s.ID, base64.RawURLEncoding.EncodeToString(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// personas makes links for those who can be visited.
func (f *founding) personas(ctx context.Context, _ demo.History) error {
	f.links = map[string]string{}
	return f.at(ctx, f.now, func(tx *store.Tx) error {
		for _, p := range demo.Personas() {
			secret, err := identity.MakeLink(tx, player, p.ID, identity.Persona, f.now.AddDate(0, 0, 30))
			if err != nil {
				return err
			}
			f.links[p.ID] = f.a.Identity.LinkURL(secret)
		}
		return nil
	})
}

// alertsAtOnce bounds a transaction of past alerts.
const alertsAtOnce = 500

func (f *founding) alerts(ctx context.Context, h demo.History) error {
	var past []detect.PastAlert
	flush := func() error {
		if len(past) == 0 {
			return nil
		}
		last := past[0].Decided
		for _, p := range past {
			if p.Decided.After(last) {
				last = p.Decided
			}
		}
		err := f.at(ctx, last.Add(time.Minute), func(tx *store.Tx) error {
			_, err := f.a.Detect.Seed(tx, player, past)
			return err
		})
		past = past[:0]
		return err
	}
	for al := range h.Alerts(f.days) {
		level, ok := detect.ParseLevel(al.Level)
		if !ok {
			return fmt.Errorf("past alert: there is no level %s", al.Level)
		}
		p := detect.PastAlert{Rule: al.Rule, Level: level, Unit: al.Unit, Host: al.Host, User: al.User, First: al.First, Last: al.Last,
			Count: int64(al.Count), State: detect.Dismissed, By: al.By, Decided: al.Decided, Note: f.say(al.Reason)}
		if al.State == "raised" {
			p.State = detect.Raised
		}
		if past = append(past, p); len(past) == alertsAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	var exclusions []detect.PastExclusion
	for _, x := range h.Exclusions() {
		r, ok := rules.BySlug(x.Rule)
		if !ok {
			return fmt.Errorf("exclusion: there is no rule %s", x.Rule)
		}
		exclusions = append(exclusions, detect.PastExclusion{Rule: r.ID, Unit: x.Unit, Owner: x.Owner, Approver: x.Approver, Reason: f.say(x.Reason),
			Filter: x.Filter, Created: x.Created, Ends: x.Ends, Hidden: int64(x.Hidden)})
	}
	return f.at(ctx, f.now, func(tx *store.Tx) error { return f.a.Detect.SeedExclusions(tx, player, exclusions) })
}

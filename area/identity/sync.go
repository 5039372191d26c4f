package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"yagura/area/identity/ldap"
	"yagura/area/identity/scim"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Asked are the directories that the configuration says are to be asked.
func (s *Service) Asked() []ldap.Connection { return s.o.LDAP }

func (s *Service) connection(name string) (ldap.Connection, error) {
	i := slices.IndexFunc(s.o.LDAP, func(c ldap.Connection) bool { return c.Name == name || askedID(c) == name })
	if i < 0 {
		return ldap.Connection{}, fault.NotFound("The configuration has no directory %s", name)
	}
	return s.o.LDAP[i], nil
}

// askedID is the id of a directory that is asked: its name in the configuration.
func askedID(c ldap.Connection) string { return "ldap-" + c.Name }

// position is up to where a directory was read.
type position struct {
	server, mark string
	compared     time.Time
}

// settle keeps the directory of a connection as the configuration has it.
func (s *Service) settle(ctx context.Context, c ldap.Connection) (d Directory, err error) {
	d = Directory{ID: askedID(c), Name: c.Title, System: LDAP, Unit: c.Unit, Leaving: Leaving(c.Leaving)}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		units, err := s.dir.Units(tx)
		if err != nil {
			return err
		}
		if _, ok := units.Get(c.Unit); !ok {
			return fault.Invalidf("The directory %s brings people to the unit %s, which does not exist", c.Name, c.Unit)
		}
		old, err := findDirectory(tx, d.ID)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		if err == nil {
			if !old.Live() {
				return fault.Conflict("This directory has ended")
			}
			if old.Name == d.Name && old.Unit == d.Unit && old.Leaving == d.Leaving {
				return nil
			}
		}
		// What it means has changed: compare all.
		if _, err := tx.Exec(`INSERT INTO identity_directory (id, name, kind, unit, leaving, digest, until, made, made_by) VALUES ($1,$2,$3,$4,$5,'',0,$6,'system:configuration')
			ON CONFLICT (id) DO UPDATE SET name=excluded.name, unit=excluded.unit, leaving=excluded.leaving, compared=0`,
			d.ID, d.Name, string(LDAP), d.Unit, string(d.Leaving), tx.Millis()); err != nil {
			return err
		}
		return tx.Record(authz.System("configuration"), fact.DirectoryConnected{Directory: d.ID, Unit: d.Unit, System: string(LDAP)})
	})
	return d, err
}

func (s *Service) position(ctx context.Context, d Directory) (at position, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var compared int64
		err := tx.QueryRow("SELECT server, mark, compared FROM identity_directory WHERE id = $1", d.ID).Scan(&at.server, &at.mark, &compared)
		at.compared = store.Time(compared)
		return err
	})
	return at, err
}

// compareNext has the next run compare all.
func (s *Service) compareNext(ctx context.Context, d Directory) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_directory SET compared = 0 WHERE id = $1", d.ID)
		return err
	})
}

// Sync asks a directory and brings people in line with it. A dry run compares
// all and changes nothing.
func (s *Service) Sync(ctx context.Context, name string, dry bool) (Run, error) {
	c, err := s.connection(name)
	if err != nil {
		return Run{}, err
	}
	return s.sync(ctx, c, asking{ask: c.Ask, dry: dry})
}

// asking is how a directory is asked, and for what besides what has changed.
type asking struct {
	ask func(ctx context.Context, q ldap.Question) (ldap.Found, error)
	ids []string // of who may be gone
	all bool
	dry bool
}

func (s *Service) sync(ctx context.Context, c ldap.Connection, a asking) (run Run, err error) {
	d, err := s.settle(ctx, c)
	if err != nil {
		return run, err
	}
	ours, release, err := s.claimRun(ctx, d)
	if err != nil {
		return run, err
	}
	defer release()
	at, err := s.position(ctx, d)
	if err != nil {
		return run, err
	}
	now := s.db.Now()
	if a.dry || a.all || now.Sub(at.compared) >= c.Compare {
		at.mark = ""
	}
	found, err := a.ask(ctx, ldap.Question{Server: at.server, Mark: at.mark, IDs: a.ids, Now: now})
	if err != nil {
		run.State, run.Report.Error = RunFailed, err.Error()
		return run, errors.Join(err, s.saveRun(context.WithoutCancel(ctx), d, &run))
	}
	p, err := s.plan(ctx, d, found, max(c.Every, shortestWindow))
	if err != nil {
		return run, err
	}
	run.Report, run.digest = p.report, p.digest()
	switch p.approved, err = s.approved(ctx, d, run.digest); {
	case err != nil:
		return run, err
	case a.dry:
		run.State = RunDry
		return run, s.saveRun(ctx, d, &run)
	case p.tooMany(c.Guard) && !p.approved:
		run.State = RunStopped
		if len(found.Gone) > 0 { // by whom alone was told of it: the next run must see them too
			err = s.compareNext(ctx, d)
		}
		return run, errors.Join(err, s.saveRun(ctx, d, &run))
	}
	if err := s.apply(ctx, d, &p, ours); err != nil {
		run.State, run.Report.Error = RunFailed, err.Error()
		return run, errors.Join(err, s.saveRun(context.WithoutCancel(ctx), d, &run))
	}
	run.State, run.Report = RunApplied, p.report
	if found.All {
		at.compared = now
	}
	if err := s.db.Operate(ctx, func(tx *store.Tx) error {
		if p.approved { // a person has looked: what comes next is counted anew
			if _, err := tx.Exec("DELETE FROM identity_lockout WHERE directory = $1", d.ID); err != nil {
				return err
			}
		}
		// What waits for a decision is decided: the directory has gone on without it.
		if _, err := tx.Exec("UPDATE identity_run SET state = $1 WHERE directory = $2 AND state = $3", string(RunDiscarded), d.ID, string(RunStopped)); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE identity_directory SET server = $1, mark = $2, compared = $3, seen = $4 WHERE id = $5 AND claim = $6", found.Server, found.Mark, store.Millis(at.compared), tx.Millis(), d.ID, string(ours))
		return err
	}); err != nil || run.Report.empty() && !found.All {
		return run, err
	}
	return run, s.saveRun(ctx, d, &run)
}

// entryData is what is kept of an entry, by which a change is seen.
func entryData(e ldap.Entry) string {
	text, _ := json.Marshal(entryResource(e))
	return string(text)
}

func entryResource(e ldap.Entry) scim.Resource {
	r := scim.Resource{"userName": e.Name}
	for name, v := range map[string]string{"displayName": e.Label, "mail": e.Email, "phone": e.Phone, "department": e.Unit, "language": e.Lang, "zone": e.Zone} {
		if v != "" {
			r[name] = v
		}
	}
	return r
}

func entryProfile(e ldap.Entry) profile {
	return profile{Name: e.Name, External: e.ID, Label: e.Label, Email: e.Email, Phone: e.Phone, Unit: e.Unit, Lang: spoken(e.Lang), Zone: knownZone(e.Zone),
		Active: !e.Disabled, Resource: entryResource(e)}
}

func knownZone(name string) string {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return ""
	}
	return name
}

// atOnce bounds how many people one transaction changes, so that others can
// write in between.
const atOnce = 100

// apply carries a plan out. Whom a rule of the group refuses is left out and
// said in the report.
func (s *Service) apply(ctx context.Context, d Directory, p *plan, ours claim) error {
	// Who leaves first: that is what must not wait.
	for part := range chunks(p.gone, atOnce) {
		var wrong []string
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			wrong = nil
			if err := ours.holds(tx, d); err != nil {
				return err
			}
			for _, person := range part {
				now, err := s.findProvisioned(tx, d, person)
				var hidden *scim.Error
				if errors.As(err, &hidden) { // made a break-glass account, or moved out meanwhile
					wrong = append(wrong, person+": "+hidden.Detail)
					continue
				}
				if err != nil {
					return err
				}
				if err := s.withdraw(tx, d, now); err != nil {
					return err
				}
				if err := p.count(tx, d, person); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for _, w := range wrong {
			p.report.wrong("%s", w)
		}
	}
	slices.SortStableFunc(p.put, func(a, b ldap.Entry) int { return cmp.Compare(order(a), order(b)) })
	for part := range chunks(p.put, atOnce) {
		var wrong []string
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			wrong = nil
			if err := ours.holds(tx, d); err != nil {
				return err
			}
			for _, e := range part {
				err := s.bring(tx, d, entryProfile(e))
				var refused *scim.Error
				switch {
				case fault.Is(err, fault.KindInvalid), errors.As(err, &refused):
					wrong = append(wrong, e.Name+": "+err.Error())
				case err != nil:
					return err
				case p.persons[e.ID] != "":
					if err := p.settle(tx, d, e); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for _, w := range wrong {
			p.report.wrong("%s", w)
		}
	}
	return nil
}

func order(e ldap.Entry) int {
	if e.Disabled {
		return 0
	}
	return 1
}

// bring keeps one entry: as the person it is of already, as one withdrawn
// before, as one who came by another way and whom no directory keeps, or as a
// new one.
func (s *Service) bring(tx *store.Tx, d Directory, p profile) error {
	kept, err := store.Texts(tx, "SELECT person FROM identity_provisioned WHERE directory = $1 AND external = $2 AND deleted = 0", d.ID, p.External)
	if err != nil {
		return err
	}
	called, err := s.named(tx, d, p.Name)
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		for _, other := range called {
			if other.linked && other.person.ID != kept[0] {
				return scim.Taken("another person has the name")
			}
		}
		now, err := s.findProvisioned(tx, d, kept[0])
		if err != nil {
			return err
		}
		// Who left by another path stays so, until the directory disables and enables him.
		p.keepAbsence = now.state != Disabled
		return s.keep(tx, d, kept[0], now, p)
	}
	if p.Email != "" && len(called) == 0 {
		if called, err = s.named(tx, d, p.Email); err != nil {
			return err
		}
	}
	if len(called) > 1 || len(called) == 1 && called[0].linked {
		return scim.Taken("more than one person has the name or mail address")
	}
	if len(called) == 1 {
		return s.keep(tx, d, called[0].person.ID, called[0], p)
	}
	person, err := s.withdrawnAs(tx, d, p)
	if err != nil {
		return err
	}
	var now provisioned
	if person == "" {
		person = newPerson()
	} else if now.person, err = authz.FindPerson(tx, person); err != nil {
		return err
	}
	return s.keep(tx, d, person, now, p)
}

// Label is what a step is called.
func (s Step) Label() text.Message {
	switch s.Act {
	case "add":
		return text.M("Comes§run")
	case "disable":
		return text.M("Is disabled§run")
	case "enable":
		return text.M("Is enabled§run")
	case "leave":
		return text.M("Leaves§run")
	}
	return text.M("Changes§run")
}

package cmmc

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

var (
	slug = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,39}$`)
	cage = regexp.MustCompile(`^[0-9A-Z]{5}$`)
)

// fields gathers what is wrong with a form.
type fields []fault.Field

func (f *fields) add(wrong bool, field fault.Field) {
	if wrong {
		*f = append(*f, field)
	}
}

func (f fields) err() error {
	if len(f) == 0 {
		return nil
	}
	return fault.Invalid(f...)
}

// PutEntity enters a legal entity, or changes it.
func (s *Service) PutEntity(ctx context.Context, by authz.Actor, e Entity) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.putEntity(tx, by, e) })
}

func (s *Service) putEntity(tx *store.Tx, by authz.Actor, e Entity) error {
	e.ID, e.Name, e.NameJA, e.CAGE = strings.TrimSpace(e.ID), strings.TrimSpace(e.Name), strings.TrimSpace(e.NameJA), strings.ToUpper(strings.TrimSpace(e.CAGE))
	known, err := entitiesByID(tx)
	if err != nil {
		return err
	}
	if old, ok := known[e.ID]; ok {
		if err := by.May(Manage, old.Unit); err != nil {
			return err
		}
	}
	if err := by.May(Manage, e.Unit); err != nil {
		return err
	}
	var wrong fields
	wrong.add(!slug.MatchString(e.ID), fault.F("id", "An id of 2 to 40 small letters, digits and hyphens is needed here"))
	wrong.add(e.Name == "", fault.F("name", "A name is needed here"))
	wrong.add(e.CAGE != "" && !cage.MatchString(e.CAGE), fault.F("cage", "A CAGE code has five letters and digits"))
	if e.Parent != "" {
		_, ok := known[e.Parent]
		wrong.add(!ok, fault.F("parent", "There is no such legal entity"))
		for up, steps := e.Parent, 0; up != "" && steps <= len(known); up, steps = known[up].Parent, steps+1 {
			if up == e.ID {
				wrong.add(true, fault.F("parent", "A legal entity can't be owned by itself, by any way"))
				break
			}
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO cmmc_entity ("+entityColumns+") VALUES ("+marks(1, 7)+`) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
		name_ja = excluded.name_ja, unit = excluded.unit, region = excluded.region, cage = excluded.cage, parent = excluded.parent`,
		e.ID, e.Name, e.NameJA, e.Unit, e.Region, e.CAGE, e.Parent); err != nil {
		return err
	}
	return tx.Record(by, fact.CMMCEntityPut{Entity: e.ID, Unit: e.Unit, CAGE: e.CAGE, Parent: e.Parent})
}

// Entities are the legal entities in units where the actor may survey, and those
// of enclaves that he sees.
func (s *Service) Entities(ctx context.Context, by authz.Actor) (list []Entity, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		in, args := v.scope.Where("unit", 1)
		own, more := v.where(len(args) + 1)
		list, err = store.Rows(tx, readEntity, "SELECT "+entityColumns+" FROM cmmc_entity WHERE "+in+
			" OR id IN (SELECT s.entity FROM cmmc_system s WHERE "+own+") ORDER BY id", append(args, more...)...)
		return err
	})
	return list, err
}

// PutSystem enters an enclave or a provider, or changes it: all but the kind and
// the dates of its status. version is the one that was changed; 0 is a new one.
func (s *Service) PutSystem(ctx context.Context, by authz.Actor, x System, version int64) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.putSystem(tx, by, x, version) })
}

func (s *Service) putSystem(tx *store.Tx, by authz.Actor, x System, version int64) error {
	for _, t := range []*string{&x.ID, &x.Name, &x.NameJA, &x.Description, &x.Boundary, &x.Proof} {
		*t = strings.TrimSpace(*t)
	}
	old, err := findSystem(tx, x.ID)
	isNew := fault.Is(err, fault.KindNotFound)
	switch {
	case isNew:
		old = System{}
	case err != nil:
		return err
	default:
		if old, err = open(tx, by, x.ID); err != nil {
			if fault.Is(err, fault.KindNotFound) {
				return fault.Invalid(fault.F("id", "This id is taken"))
			}
			return err
		}
		if err := by.May(Manage, old.Unit); err != nil {
			return err
		}
		if version != old.Version {
			return fault.Conflict("%s was changed by somebody else meanwhile: look at it again", x.ID)
		}
		x.Kind, x.Status = old.Kind, old.Status
	}
	if err := by.May(Manage, x.Unit); err != nil {
		return err
	}
	if err := s.checkSystem(tx, x); err != nil {
		return err
	}
	if isNew && version != 0 {
		return fault.Conflict("%s was changed by somebody else meanwhile: look at it again", x.ID)
	}
	if err := putSystem(tx, x); err != nil {
		return err
	}
	if err := s.noteSystem(tx, by, old, x); err != nil {
		return err
	}
	if err := s.index(tx, x); err != nil {
		return err
	}
	plan := ""
	if x.SSP != nil {
		plan = strings.TrimSpace(x.SSP.ID + " " + x.SSP.Version)
	}
	if err := tx.Record(by, fact.CMMCSystemPut{System: x.ID, Unit: x.Unit, Kind: string(x.Kind), Entity: x.Entity, Level: x.Level, SSP: plan}); err != nil {
		return err
	}
	return stir(tx, x.ID, pulseAll)
}

func (s *Service) checkSystem(tx *store.Tx, x System) error {
	var wrong fields
	wrong.add(!slug.MatchString(x.ID), fault.F("id", "An id of 2 to 40 small letters, digits and hyphens is needed here"))
	wrong.add(x.Name == "", fault.F("name", "A name is needed here"))
	wrong.add(!slices.Contains(Kinds, x.Kind), fault.F("kind", "There is no such kind"))
	wrong.add(x.Unit == "", fault.F("unit", "Choose a unit"))
	wrong.add(x.Level < 1 || x.Level > 3, fault.F("level", "the level is 1, 2 or 3"))
	if x.Entity != "" {
		known, err := entitiesByID(tx)
		if err != nil {
			return err
		}
		_, ok := known[x.Entity]
		wrong.add(!ok, fault.F("entity", "There is no such legal entity"))
	}
	if x.SSP != nil {
		wrong.add(x.SSP.ID == "", fault.F("ssp_id", "The SSP needs an id"))
		wrong.add(x.SSP.Date.After(tx.Now), fault.F("ssp_date", "This day lies in the future"))
	}
	wrong.add(!slices.Contains([]string{"", "spd", "cui"}, x.Holds), fault.F("holds", "There is no such choice"))
	wrong.add(!slices.Contains([]string{"", "moderate", "high", "equivalent"}, x.FedRAMP), fault.F("fedramp", "There is no such choice"))
	return wrong.err()
}

// noteSystem keeps what changed of a system that bears on how it stands.
func (s *Service) noteSystem(tx *store.Tx, by authz.Actor, old, now System) error {
	say := func(kind, was, is string) error {
		if was == is {
			return nil
		}
		return note(tx, by, Change{System: now.ID, Objective: -1, Kind: kind, Was: was, Now: is})
	}
	if err := say("ssp", planText(old), planText(now)); err != nil {
		return err
	}
	if err := say("level", levelText(old), levelText(now)); err != nil {
		return err
	}
	return say("boundary", old.Boundary, now.Boundary)
}

func levelText(s System) string {
	if s.ID == "" || s.Kind != Enclave {
		return ""
	}
	return string(rune('0' + s.Level))
}

func planText(s System) string {
	if s.SSP == nil {
		return ""
	}
	return strings.Join(strings.Fields(s.SSP.ID+" "+s.SSP.Version+" "+dayText(s.SSP.Date)), " ")
}

// index puts an enclave into the search over everything.
func (s *Service) index(tx *store.Tx, x System) error {
	if s.p.Index == nil {
		return nil
	}
	return s.p.Index.Put(tx, "enclave", x.ID, x.Unit, x.Name, strings.Join([]string{x.NameJA, x.Description, x.Boundary}, "\n"), x.Href())
}

package org

import (
	"context"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// AskRole asks that a person be given a role over a subtree until a day. A
// second person must approve it.
func (s *Service) AskRole(ctx context.Context, by authz.Actor, person string, role authz.Role, tree authz.Tree, unit string, until time.Time) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := seePerson(tx, by, person)
		if err != nil {
			return err
		}
		if !p.Present() {
			return fault.Conflict("This person has left already")
		}
		units, err := allUnits(tx)
		if err != nil {
			return err
		}
		wrong := unitFault(units, by, unit, "role_unit")
		if unit == "" {
			wrong = append(wrong, fault.F("role_unit", "Choose a unit"))
		} else if tree == authz.Geography && len(wrong) == 0 && units[unit].Kind != Region {
			wrong = append(wrong, fault.F("role_unit", "%s is not a region", unit))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		_, err = authz.Ask(tx, by, authz.Grant{Person: p.ID, Role: role, Tree: tree, Unit: unit, Until: until})
		return err
	})
}

// ApproveRole puts a role in force that another person asked for.
func (s *Service) ApproveRole(ctx context.Context, by authz.Actor, grant string) error {
	return s.decide(ctx, by, grant, authz.Approve)
}

// EndRole ends a role before its time, or refuses one not yet approved.
func (s *Service) EndRole(ctx context.Context, by authz.Actor, grant string) error {
	return s.decide(ctx, by, grant, authz.Revoke)
}

func (s *Service) decide(ctx context.Context, by authz.Actor, grant string, how func(*store.Tx, authz.Actor, string) error) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		g, err := authz.FindGrant(tx, grant)
		if err != nil {
			return err
		}
		if !by.Can(authz.ReadGrants, g.Unit) && g.AskedBy != by.Who() {
			return missing()
		}
		return how(tx, by, grant)
	})
}

// Roles are the roles of a person over units of the scope, the latest first.
func (s *Service) Roles(tx *store.Tx, scope authz.Scope, person string) ([]authz.Grant, error) {
	return authz.Grants(tx, scope, person, 200)
}

// RolesToApprove are the roles over units of the scope that wait for a second
// person, the longest waiting first.
func (s *Service) RolesToApprove(tx *store.Tx, scope authz.Scope, limit int) ([]authz.Grant, error) {
	return authz.Pending(tx, scope, limit)
}

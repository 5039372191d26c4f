package authz

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of authority.
var Migrations = store.Migrations{Area: "authz", SQL: schema}

// Acts of authority itself.
const (
	ReadGrants   Act = "authz.read"
	AskGrant     Act = "authz.ask"
	ApproveGrant Act = "authz.approve"
)

// Acts says who may handle grants: administrators ask, and the heads approve.
var Acts = Table{
	ReadGrants:   {Admin, Officer, Head, Regional, Assessor},
	AskGrant:     {Admin, Head, Regional, Lead},
	ApproveGrant: {Admin, Officer, Head},
}

// Grant gives a person a role over the units of a subtree.
type Grant struct {
	ID       string
	Person   string
	Role     Role
	Tree     Tree
	Unit     string // root of the subtree
	AskedBy  string
	Approver string // empty: not yet in force
	Asked    time.Time
	Approved time.Time
	Until    time.Time
	Revoked  time.Time
}

// Active tells whether the grant is in force.
func (g Grant) Active(now time.Time) bool {
	return g.Approver != "" && g.Revoked.IsZero() && now.Before(g.Until)
}

// GrantAsked is recorded when somebody asks that a person be given a role.
type GrantAsked struct {
	Grant  string    `json:"grant"`
	Person string    `json:"person"`
	Role   Role      `json:"role"`
	Tree   Tree      `json:"tree"`
	Unit   string    `json:"unit"`
	Until  time.Time `json:"until"`
}

// GrantApproved is recorded when a second person puts a grant in force.
type GrantApproved GrantAsked

// GrantRevoked is recorded when a grant is ended before its time.
type GrantRevoked GrantAsked

// Heading implements store.Fact.
func (f GrantAsked) Heading() store.Heading {
	return store.Heading{Kind: "authz.grant-asked", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f GrantApproved) Heading() store.Heading {
	return store.Heading{Kind: "authz.grant-approved", Unit: f.Unit, Subject: f.Person}
}

// Heading implements store.Fact.
func (f GrantRevoked) Heading() store.Heading {
	return store.Heading{Kind: "authz.grant-revoked", Unit: f.Unit, Subject: f.Person}
}

func (g Grant) fact() GrantAsked {
	return GrantAsked{g.ID, g.Person, g.Role, g.Tree, g.Unit, g.Until}
}

// longest is how far in the future a grant may end: roles are looked at again
// at least once in a while.
const longest = 2 * 366 * 24 * time.Hour

// Covers tells whether the actor may do the act in every unit that the grant
// reaches: below a unit in one tree lie others than in the other tree.
func (a Actor) Covers(act Act, g Grant) bool {
	if a.IsSystem() {
		return true
	}
	if !a.Can(act, g.Unit) {
		return false
	}
	scope := a.Scope(act)
	own, geo, _ := a.units.Paths(g.Unit)
	for _, u := range a.units.sorted {
		under := strings.HasPrefix(u.Path, own)
		if g.Tree == Geography {
			under = strings.HasPrefix(u.Geo, geo)
		}
		if under && !scope.Contains(u.ID) {
			return false
		}
	}
	return true
}

func (a Actor) mayGive(act Act, g Grant) error {
	if err := a.May(act, g.Unit); err != nil || a.Covers(act, g) {
		return err
	}
	return fault.Denied("This role would reach units that are not yours to give")
}

// Ask asks that a person be given a role; it is in force once a second person
// approved it.
func Ask(tx *store.Tx, by Actor, g Grant) (Grant, error) {
	if err := by.mayGive(AskGrant, g); err != nil {
		return g, err
	}
	var wrong []fault.Field
	if g.Person == "" {
		wrong = append(wrong, fault.F("person", "Choose a person"))
	}
	if known := g.Role.Label(); known.Key == "%s" {
		wrong = append(wrong, fault.F("role", "There is no role %s", string(g.Role)))
	}
	if g.Tree != Own && g.Tree != Geography {
		wrong = append(wrong, fault.F("tree", "Choose ownership or geography"))
	}
	if !g.Until.After(tx.Now) || g.Until.After(tx.Now.Add(longest)) {
		wrong = append(wrong, fault.F("until", "A role ends at a day within the next two years"))
	}
	if len(wrong) > 0 {
		return g, fault.Invalid(wrong...)
	}
	g.ID, g.AskedBy, g.Asked = id.New(), by.Who(), tx.Now
	if _, err := tx.Exec(`INSERT INTO authz_grant (id, person, role, tree, unit, asked_by, asked, until) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
		g.ID, g.Person, string(g.Role), string(g.Tree), g.Unit, g.AskedBy, tx.Millis(), store.Millis(g.Until)); err != nil {
		return g, err
	}
	return g, tx.Record(by, g.fact())
}

// Approve puts a grant in force. Neither who asked for it nor who gets it can
// approve it.
func Approve(tx *store.Tx, by Actor, grant string) error {
	g, err := FindGrant(tx, grant)
	if err != nil {
		return err
	}
	if err := by.mayGive(ApproveGrant, g); err != nil {
		return err
	}
	if !g.Revoked.IsZero() || g.Approver != "" {
		return fault.Conflict("This role is decided already")
	}
	if !tx.Now.Before(g.Until) {
		return fault.Conflict("The time for which this role was asked has passed")
	}
	if err := TwoPersons(g.AskedBy, by.Who()); err != nil {
		return err
	}
	if err := TwoPersons(g.Person, by.Who()); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE authz_grant SET approver = $1, approved = $2 WHERE id = $3", by.Who(), tx.Millis(), g.ID); err != nil {
		return err
	}
	return tx.Record(by, GrantApproved(g.fact()))
}

// Revoke ends a grant now, or refuses one not yet approved.
func Revoke(tx *store.Tx, by Actor, grant string) error {
	g, err := FindGrant(tx, grant)
	if err != nil {
		return err
	}
	if !by.Can(ApproveGrant, g.Unit) && g.AskedBy != by.Who() {
		return by.May(ApproveGrant, g.Unit)
	}
	if !g.Revoked.IsZero() {
		return fault.Conflict("This role is ended already")
	}
	if _, err := tx.Exec("UPDATE authz_grant SET revoked = $1 WHERE id = $2", tx.Millis(), g.ID); err != nil {
		return err
	}
	return tx.Record(by, GrantRevoked(g.fact()))
}

// Found gives a grant in force at once, by the system itself: the first
// administrator, or a group that is played.
func Found(tx *store.Tx, system Actor, g Grant) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	g.ID = id.New()
	if _, err := tx.Exec(`INSERT INTO authz_grant (id, person, role, tree, unit, asked_by, asked, until, approver, approved) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$6,$7)`,
		g.ID, g.Person, string(g.Role), string(g.Tree), g.Unit, system.Who(), tx.Millis(), store.Millis(g.Until)); err != nil {
		return err
	}
	return tx.Record(system, GrantApproved(g.fact()))
}

const grantColumns = "id, person, role, tree, unit, asked_by, asked, until, approver, approved, revoked"

func readGrant(r store.Scanner) (g Grant, err error) {
	var asked, until, approved, revoked int64
	err = r.Scan(&g.ID, &g.Person, &g.Role, &g.Tree, &g.Unit, &g.AskedBy, &asked, &until, &g.Approver, &approved, &revoked)
	g.Asked, g.Until, g.Approved, g.Revoked = store.Time(asked), store.Time(until), store.Time(approved), store.Time(revoked)
	return g, err
}

// FindGrant returns a grant.
func FindGrant(tx *store.Tx, grant string) (Grant, error) {
	g, err := readGrant(tx.QueryRow("SELECT "+grantColumns+" FROM authz_grant WHERE id = $1", grant))
	if errors.Is(err, sql.ErrNoRows) {
		return g, fault.NotFound("There is no such entry, or you may not see it")
	}
	return g, err
}

// Grants lists grants whose unit lies in the scope, newest first; of one
// person where that is not empty.
func Grants(tx *store.Tx, scope Scope, person string, limit int) ([]Grant, error) {
	where, args := scope.Where("unit", 3)
	return store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM authz_grant WHERE ($1 = '' OR person = $1) AND "+where+
		" ORDER BY asked DESC, id DESC LIMIT $2", append([]any{person, limit}, args...)...)
}

// Pending lists grants whose unit lies in the scope and which wait for a second
// person, the longest waiting first; those whose time has passed are left out.
func Pending(tx *store.Tx, scope Scope, limit int) ([]Grant, error) {
	where, args := scope.Where("unit", 3)
	return store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM authz_grant WHERE approver = '' AND revoked = 0 AND until > $1 AND "+where+
		" ORDER BY asked, id LIMIT $2", append([]any{tx.Millis(), limit}, args...)...)
}

// Holders are the persons who may do the act in the unit now.
func (d *Directory) Holders(tx *store.Tx, act Act, unit string) ([]string, error) {
	units, err := d.Units(tx)
	if err != nil {
		return nil, err
	}
	own, geo, ok := units.Paths(unit)
	if !ok {
		return nil, nil
	}
	// Only grants of roles that may do it, at the unit or above it: of the many of
	// a large group a handful.
	args := []any{tx.Millis()}
	list := func(values ...string) string {
		marks := make([]string, len(values))
		for i, v := range values {
			args = append(args, v)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		return strings.Join(marks, ",")
	}
	roles := []string{""}
	for _, r := range d.policy.roles[act] {
		roles = append(roles, string(r))
	}
	grants, err := store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM authz_grant WHERE approver <> '' AND revoked = 0 AND until > $1"+
		" AND role IN ("+list(roles...)+") AND unit IN ("+list(strings.Split(own+geo, "/")...)+")"+
		" AND person IN (SELECT id FROM authz_person WHERE active = 1) ORDER BY person", args...)
	if err != nil {
		return nil, err
	}
	var who []string
	for _, g := range grants {
		a := Actor{units: units, policy: d.policy, holds: hold(units, g)}
		if (len(who) == 0 || who[len(who)-1] != g.Person) && a.Can(act, unit) {
			who = append(who, g.Person)
		}
	}
	return who, nil
}

func hold(units *Units, g Grant) []holding {
	own, geo, ok := units.Paths(g.Unit)
	switch {
	case !ok:
		return nil
	case g.Tree == Geography:
		return []holding{{g.Role, Geography, geo}}
	}
	return []holding{{g.Role, Own, own}}
}

// Actor is the actor of a person with the grants in force at the transaction's
// time.
func (d *Directory) Actor(tx *store.Tx, person, name string, lang text.Lang, zone *time.Location) (Actor, error) {
	units, err := d.Units(tx)
	if err != nil {
		return Actor{}, err
	}
	grants, err := store.Rows(tx, readGrant, "SELECT "+grantColumns+" FROM authz_grant WHERE person = $1 AND approver <> '' AND revoked = 0 AND until > $2", person, tx.Millis())
	if err != nil {
		return Actor{}, err
	}
	if zone == nil {
		zone = time.UTC
	}
	a := Actor{Person: person, Name: name, Lang: lang, Zone: zone, units: units, policy: d.policy}
	for _, g := range grants {
		a.holds = append(a.holds, hold(units, g)...)
	}
	return a, nil
}

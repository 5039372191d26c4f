package authz

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"

	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Unit is a part of the group as authority sees it. area/org owns the rest of
// what is known of it.
type Unit struct {
	ID     string // letters a-z, digits and hyphens, at most 40; never changes
	Name   string
	NameJA string
	Kind   string // "region" for one of the geography; others are org's
	Parent string // id of the owner; empty for the root of the group alone
	Region string // id of the region it lies in; empty for the root of the geography
	Path   string // ids from the root by ownership: "/group/electric/works3/"
	Geo    string // ids from the root by geography: "/world/eu/de/works3/"
}

// Label is the unit's name in a language.
func (u Unit) Label(lang text.Lang) string {
	if lang == text.JA && u.NameJA != "" {
		return u.NameJA
	}
	if u.Name == "" {
		return u.ID
	}
	return u.Name
}

// RegionKind is the kind of units that form the geography.
const RegionKind = "region"

// Units is an unchanging picture of all units.
type Units struct {
	epoch    int64
	byID     map[string]Unit
	sorted   []Unit              // in order of paths
	children map[string][]string // by ownership, in order of id
	root     string
}

// Get returns a unit.
func (us *Units) Get(id string) (Unit, bool) {
	if us == nil {
		return Unit{}, false
	}
	u, ok := us.byID[id]
	return u, ok
}

// Label is a unit's name in a language; of the whole group for the empty id.
func (us *Units) Label(id string, lang text.Lang) string {
	if us != nil && id == "" {
		id = us.root
	}
	if u, ok := us.Get(id); ok {
		return u.Label(lang)
	}
	return id
}

// Paths are the two paths of a unit; the empty id is the root of the group.
func (us *Units) Paths(id string) (own, geo string, ok bool) {
	if id == "" {
		id = us.root
	}
	u, ok := us.byID[id]
	return u.Path, u.Geo, ok
}

// IsRegion tells whether the unit belongs to the geography.
func (us *Units) IsRegion(id string) bool { return us.byID[id].Kind == RegionKind }

// Root is the id of the whole group; empty while there are no units.
func (us *Units) Root() string { return us.root }

// Children are the ids of the units a unit owns directly.
func (us *Units) Children(id string) []string { return us.children[id] }

// Len is the number of units.
func (us *Units) Len() int { return len(us.byID) }

// All are the units in order of their paths: a unit comes before those below it.
func (us *Units) All() []Unit {
	return slices.Clone(us.sorted)
}

// Visible are the units where the actor may do the act, in order of paths.
func (a Actor) Visible(act Act) []Unit {
	scope := a.Scope(act)
	if a.units == nil {
		return nil
	}
	return slices.DeleteFunc(a.units.All(), func(u Unit) bool { return !scope.Contains(u.ID) })
}

// ValidID tells whether a text can be the id of a unit.
var ValidID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`).MatchString

const maxDepth = 32

// place computes the paths of all units, or names the first that has no place.
func place(byID map[string]Unit) (root string, err error) {
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var walk func(id string, up func(Unit) string, depth int) (string, error)
	walk = func(id string, up func(Unit) string, depth int) (string, error) {
		if depth > maxDepth {
			return "", fault.Invalid(fault.F(id, "The unit is above itself, or more than %d levels deep", maxDepth))
		}
		u, ok := byID[id]
		if !ok {
			return "", fault.Invalid(fault.F(id, "There is no unit %s", id))
		}
		above := up(u)
		if above == "" {
			return "/" + id + "/", nil
		}
		if _, ok := byID[above]; !ok {
			return "", fault.Invalid(fault.F(id, "There is no unit %s above it", above))
		}
		p, err := walk(above, up, depth+1)
		return p + id + "/", err
	}
	for _, id := range ids {
		u := byID[id]
		if u.Parent == "" {
			if root != "" {
				return "", fault.Invalid(fault.F(id, "Only one unit can be the top of the group: it is %s", root))
			}
			root = id
		}
		if u.Region != "" && byID[u.Region].Kind != RegionKind {
			return "", fault.Invalid(fault.F(id, "%s is not a region", u.Region))
		}
		if u.Path, err = walk(id, func(u Unit) string { return u.Parent }, 0); err != nil {
			return "", err
		}
		if u.Geo, err = walk(id, func(u Unit) string { return u.Region }, 0); err != nil {
			return "", err
		}
		byID[id] = u
	}
	return root, nil
}

// PutUnits adds units and changes those that exist, paths of all below
// included. It changes nothing and names the unit where the trees would not
// hold together. The caller records the fact.
func PutUnits(tx *store.Tx, units ...Unit) error {
	old, err := readUnits(tx)
	if err != nil {
		return err
	}
	next := make(map[string]Unit, len(old)+len(units))
	for _, u := range old {
		next[u.ID] = u
	}
	for _, u := range units {
		if !ValidID(u.ID) {
			return fault.Invalid(fault.F(u.ID, "An id has letters a-z, digits and hyphens, at most 40"))
		}
		next[u.ID] = u
	}
	if _, err := place(next); err != nil {
		return err
	}
	was := make(map[string]Unit, len(old))
	for _, u := range old {
		was[u.ID] = u
	}
	changed := false
	for _, u := range next {
		if was[u.ID] == u {
			continue
		}
		changed = true
		if _, err := tx.Exec(`INSERT INTO authz_unit (id, name, name_ja, kind, parent, region, path, geo) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
			ON CONFLICT (id) DO UPDATE SET name=excluded.name, name_ja=excluded.name_ja, kind=excluded.kind,
			parent=excluded.parent, region=excluded.region, path=excluded.path, geo=excluded.geo`,
			u.ID, u.Name, u.NameJA, u.Kind, u.Parent, u.Region, u.Path, u.Geo); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	// A number of its own, not the next one: the picture of a transaction that is
	// rolled back must not pass for that of another one.
	_, err = tx.Exec("UPDATE authz_epoch SET epoch = $1", rand.Int64())
	return err
}

func readUnits(tx *store.Tx) ([]Unit, error) {
	return store.Rows(tx, func(r store.Scanner) (u Unit, err error) {
		err = r.Scan(&u.ID, &u.Name, &u.NameJA, &u.Kind, &u.Parent, &u.Region, &u.Path, &u.Geo)
		return u, err
	}, "SELECT id, name, name_ja, kind, parent, region, path, geo FROM authz_unit ORDER BY path")
}

// Directory makes actors. It keeps the picture of the units and renews it when
// a transaction sees that they changed.
type Directory struct {
	policy Policy

	mu    sync.Mutex
	units *Units
}

// NewDirectory returns a directory with the policy.
func NewDirectory(p Policy) *Directory { return &Directory{policy: p} }

// Policy is the directory's policy.
func (d *Directory) Policy() Policy { return d.policy }

// Units is the picture of the units as of the transaction.
func (d *Directory) Units(tx *store.Tx) (*Units, error) {
	var epoch int64
	if err := tx.QueryRow("SELECT epoch FROM authz_epoch").Scan(&epoch); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.units != nil && d.units.epoch == epoch {
		return d.units, nil
	}
	list, err := readUnits(tx)
	if err != nil {
		return nil, err
	}
	us := &Units{epoch: epoch, byID: make(map[string]Unit, len(list)), sorted: list, children: map[string][]string{}}
	for _, u := range list {
		us.byID[u.ID] = u
		if u.Parent == "" {
			us.root = u.ID
		} else {
			us.children[u.Parent] = append(us.children[u.Parent], u.ID)
		}
	}
	d.units = us
	return us, nil
}

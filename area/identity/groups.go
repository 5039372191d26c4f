package identity

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"time"

	"yagura/area/identity/scim"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Group is a group of a directory. It gives no role here; applications are told
// its claim of its members, once an administrator has said which.
type Group struct {
	ID        string
	Directory string
	Name      string
	External  string
	Created   time.Time
	Changed   time.Time
	Claim     string
	ClaimedBy string
	Claimed   time.Time
	Members   int64
	Unit      string // of the directory
}

const groupColumns = `g.id, g.directory, g.name, g.external, g.created, g.changed, g.claim, g.claimed_by, g.claimed,
	(SELECT COUNT(*) FROM identity_group_member m WHERE m.grp = g.id), d.unit`

const groupTables = " FROM identity_group g JOIN identity_directory d ON d.id = g.directory "

func readGroup(r store.Scanner) (g Group, err error) {
	var created, changed, claimed int64
	err = r.Scan(&g.ID, &g.Directory, &g.Name, &g.External, &created, &changed, &g.Claim, &g.ClaimedBy, &claimed, &g.Members, &g.Unit)
	g.Created, g.Changed, g.Claimed = store.Time(created), store.Time(changed), store.Time(claimed)
	return g, err
}

// members are the members of a group whom its directory sees, with their names.
func (v scimDirectory) members(tx *store.Tx, group string) ([]any, error) {
	scope, _, err := v.s.part(tx, v.d)
	if err != nil {
		return nil, err
	}
	where, args := visible(v.d, scope)
	args = append(args, group)
	rows, err := store.Rows(tx, func(r store.Scanner) (x [2]string, err error) { return x, r.Scan(&x[0], &x[1]) },
		"SELECT p.id, p.name"+provisionedTables+"JOIN identity_group_member m ON m.person = p.id WHERE "+where+" AND m.grp = "+mark(len(args))+" ORDER BY p.id", args...)
	var list []any
	for _, x := range rows {
		list = append(list, map[string]any{"value": x[0], "display": x[1], "type": "User"})
	}
	return list, err
}

func (v scimDirectory) groupResource(tx *store.Tx, g Group) (scim.Resource, error) {
	members, err := v.members(tx, g.ID)
	if err != nil {
		return nil, err
	}
	r := scim.Resource{"id": g.ID, "displayName": g.Name, "meta": stamps(g.Created, g.Changed)}
	if g.External != "" {
		r["externalId"] = g.External
	}
	if len(members) > 0 {
		r["members"] = members
	}
	return r, nil
}

func (v scimDirectory) group(tx *store.Tx, key string) (scim.Resource, error) {
	g, err := readGroup(tx.QueryRow("SELECT "+groupColumns+groupTables+"WHERE g.id = $1 AND g.directory = $2", key, v.d.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, scim.Missing(scim.Group, key)
	}
	if err != nil {
		return nil, err
	}
	return v.groupResource(tx, g)
}

func (v scimDirectory) groups(tx *store.Tx, q scim.Query) ([]scim.Resource, int, error) {
	where, args := "g.directory = $1", []any{v.d.ID}
	for _, pin := range [][2]string{{"id", "g.id"}, {"externalId", "g.external"}, {"displayName", "lower(g.name)"}} {
		if value, ok := q.Filter.Pinned(pin[0]); ok {
			if pin[0] == "displayName" && !plainLetters(value) {
				continue // engines fold other letters in different ways; the filter itself does not
			}
			if pin[0] == "displayName" {
				value = strings.ToLower(value)
			}
			args = append(args, value)
			where += " AND " + pin[1] + " = " + mark(len(args))
		}
	}
	list, err := store.Rows(tx, readGroup, "SELECT "+groupColumns+groupTables+"WHERE "+where+" ORDER BY g.id", args...)
	if err != nil {
		return nil, 0, err
	}
	return q.Select(func(yield func(scim.Resource, error) bool) {
		for _, g := range list {
			if !yield(v.groupResource(tx, g)) {
				return
			}
		}
	})
}

func plainLetters(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// putGroup saves a group; a new one where key is empty.
func (v scimDirectory) putGroup(tx *store.Tx, key string, r scim.Resource) (string, error) {
	name, _ := r["displayName"].(string)
	external, _ := r["externalId"].(string)
	name = shortened(strings.TrimSpace(name))
	taken, err := store.Texts(tx, "SELECT id FROM identity_group WHERE directory = $1 AND name = $2 AND id <> $3 LIMIT 1", v.d.ID, name, key)
	if err != nil {
		return "", err
	}
	if len(taken) > 0 {
		return "", scim.Taken("Another group has the displayName %q", name)
	}
	var people []string
	seen := map[string]bool{}
	list, _ := r["members"].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		person, _ := m["value"].(string)
		if kind, _ := m["type"].(string); kind != "" && !strings.EqualFold(kind, "User") {
			return "", scim.Invalid("A member is a user: groups within groups are not kept")
		}
		if !seen[person] {
			people, seen[person] = append(people, person), true
		}
	}
	if err := v.checkMembers(tx, people); err != nil {
		return "", err
	}
	if key == "" {
		key = id.New()
	}
	if _, err := tx.Exec(`INSERT INTO identity_group (id, directory, name, external, created, changed) VALUES ($1,$2,$3,$4,$5,$5)
		ON CONFLICT (id) DO UPDATE SET name=excluded.name, external=excluded.external, changed=excluded.changed`,
		key, v.d.ID, name, external, tx.Millis()); err != nil {
		return "", err
	}
	if _, err := tx.Exec("DELETE FROM identity_group_member WHERE grp = $1", key); err != nil {
		return "", err
	}
	for part := range chunks(people, 150) {
		marks, args := make([]string, len(part)), []any{key}
		for i, person := range part {
			args = append(args, person)
			marks[i] = "($1," + mark(len(args)) + ")"
		}
		if _, err := tx.Exec("INSERT INTO identity_group_member (grp, person) VALUES "+strings.Join(marks, ","), args...); err != nil {
			return "", err
		}
	}
	return key, tx.Record(v.d.actor(), fact.GroupProvisioned{Group: key, Unit: v.d.Unit, Directory: v.d.ID, Members: len(people)})
}

// checkMembers refuses members whom the directory does not see.
func (v scimDirectory) checkMembers(tx *store.Tx, people []string) error {
	scope, _, err := v.s.part(tx, v.d)
	if err != nil {
		return err
	}
	for part := range chunks(people, 300) {
		where, args := visible(v.d, scope)
		marks := make([]string, len(part))
		for i, person := range part {
			args = append(args, person)
			marks[i] = mark(len(args))
		}
		found, err := store.Texts(tx, "SELECT p.id"+provisionedTables+"WHERE "+where+" AND p.id IN ("+strings.Join(marks, ",")+")", args...)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, f := range found {
			known[f] = true
		}
		for _, person := range part {
			if !known[person] {
				return scim.Invalid("There is no User %q to be a member", person)
			}
		}
	}
	return nil
}

func (v scimDirectory) dropGroup(tx *store.Tx, key string) error {
	for _, query := range []string{"DELETE FROM identity_group_member WHERE grp = $1", "DELETE FROM identity_group WHERE id = $1"} {
		if _, err := tx.Exec(query, key); err != nil {
			return err
		}
	}
	return tx.Record(v.d.actor(), fact.GroupProvisioned{Group: key, Unit: v.d.Unit, Directory: v.d.ID, Withdrawn: true})
}

// Groups are the groups of a directory, by name.
func (s *Service) Groups(ctx context.Context, by authz.Actor, directory string) (list []Group, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		d, err := findDirectory(tx, directory)
		if err != nil {
			return err
		}
		if err := by.See(ReadFactors, d.Unit); err != nil {
			return err
		}
		list, err = store.Rows(tx, readGroup, "SELECT "+groupColumns+groupTables+"WHERE g.directory = $1 ORDER BY g.name, g.id LIMIT 1000", directory)
		return err
	})
	return list, err
}

var claimForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,99}$`)

// Claim says what applications are told of the members of a group; with an
// empty claim they are told nothing. A name that the directory changes later
// changes nothing of it.
func (s *Service) Claim(ctx context.Context, by authz.Actor, group, claim string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		g, err := readGroup(tx.QueryRow("SELECT "+groupColumns+groupTables+"WHERE g.id = $1", group))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.NotFound("There is no such entry, or you may not see it")
		}
		if err != nil {
			return err
		}
		if _, err := s.manageDirectory(tx, by, g.Directory); err != nil {
			return err
		}
		if claim = strings.TrimSpace(claim); claim != "" && !claimForm.MatchString(claim) {
			return fault.Invalid(fault.F("claim", "A claim has letters, digits and . _ : / -, at most 100"))
		}
		if _, err := tx.Exec("UPDATE identity_group SET claim = $1, claimed_by = $2, claimed = $3 WHERE id = $4", claim, by.Who(), tx.Millis(), group); err != nil {
			return err
		}
		return tx.Record(by, fact.GroupClaimed{Group: group, Unit: g.Unit, Claim: claim})
	})
}

// claims are what applications are told of the groups a person is in.
func claims(tx *store.Tx, person string) ([]string, error) {
	return store.Texts(tx, "SELECT DISTINCT g.claim FROM identity_group_member m JOIN identity_group g ON g.id = m.grp WHERE m.person = $1 AND g.claim <> '' ORDER BY g.claim", person)
}

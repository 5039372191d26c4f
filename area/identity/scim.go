package identity

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yagura/area/identity/scim"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Provisioning is the SCIM service that directories speak with.
func (s *Service) Provisioning(log *slog.Logger) http.Handler {
	return scim.Server{Open: s.openDirectory, URL: s.PublicURL(), Log: log}.Handler()
}

// errDirectory is the same whether a token is wrong, has ended or was never one.
func errDirectory() error {
	return fault.Unauthenticated("The token is not known, or is no longer valid")
}

// openDirectory is the directory whose token a request has.
func (s *Service) openDirectory(r *http.Request) (scim.Directory, error) {
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || !strings.HasPrefix(secret, directoryPrefix) {
		return nil, errDirectory()
	}
	var list []Directory
	if err := s.db.View(r.Context(), func(tx *store.Tx) (err error) {
		list, err = store.Rows(tx, readDirectory, "SELECT "+directoryColumns+" FROM identity_directory d WHERE d.digest = $1 AND d.until > $2 AND d.ended = 0", id.Digest(secret), tx.Millis())
		return err
	}); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errDirectory()
	}
	if s.db.Now().Sub(list[0].Seen) > seenEvery {
		// Where this fails, as on a full disk, the directory can still read.
		_ = s.db.Operate(r.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE identity_directory SET seen = $1 WHERE id = $2", tx.Millis(), list[0].ID)
			return err
		})
	}
	return scimDirectory{s, list[0]}, nil
}

// scimDirectory is what one directory sees and changes by SCIM.
type scimDirectory struct {
	s *Service
	d Directory
}

var _ scim.Directory = scimDirectory{}

// change runs do, unless the directory's token has ended meanwhile.
func (v scimDirectory) change(ctx context.Context, do func(tx *store.Tx) error) error {
	err := v.s.db.Change(ctx, func(tx *store.Tx) error {
		var live int
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_directory WHERE id = $1 AND ended = 0 AND until > $2", v.d.ID, tx.Millis()).Scan(&live); err != nil {
			return err
		}
		if live == 0 {
			return errDirectory()
		}
		return do(tx)
	})
	return refuseField(err)
}

func (v scimDirectory) Get(ctx context.Context, k scim.Kind, key string) (r scim.Resource, err error) {
	err = v.s.db.View(ctx, func(tx *store.Tx) error {
		r, err = v.get(tx, k, key)
		return err
	})
	return r, err
}

func (v scimDirectory) get(tx *store.Tx, k scim.Kind, key string) (scim.Resource, error) {
	if k.Name == scim.Group.Name {
		return v.group(tx, key)
	}
	p, err := v.s.findProvisioned(tx, v.d, key)
	if err != nil {
		return nil, err
	}
	return v.user(tx, p)
}

// userName is how the directory calls somebody; before it keeps him, his mail
// address, or his id where he has none.
func (p provisioned) userName() string {
	var r scim.Resource
	if p.data != "" && json.Unmarshal([]byte(p.data), &r) == nil {
		if name, _ := r["userName"].(string); name != "" {
			return name
		}
	}
	if p.person.Email != "" {
		return p.person.Email
	}
	return p.person.ID
}

// resource is a person as SCIM has him, without his groups.
func (p provisioned) resource() (scim.Resource, error) {
	r := scim.Resource{}
	if p.data != "" {
		if err := json.Unmarshal([]byte(p.data), &r); err != nil {
			return nil, err
		}
	}
	if !p.linked {
		r["displayName"], r["name"] = p.person.Name, map[string]any{"formatted": p.person.Name}
		if p.person.Email != "" {
			r["emails"] = []any{map[string]any{"value": p.person.Email, "type": "work", "primary": true}}
		}
		if p.person.Lang != "" {
			r["preferredLanguage"] = string(p.person.Lang)
		}
		if p.person.Zone != "" {
			r["timezone"] = p.person.Zone
		}
	}
	r["id"], r["userName"], r["active"] = p.person.ID, p.userName(), p.active()
	if p.external != "" {
		r["externalId"] = p.external
	}
	if p.linked {
		r["meta"] = stamps(p.created, p.changed)
	}
	return r, nil
}

func stamps(created, changed time.Time) map[string]any {
	return map[string]any{"created": created.Format(time.RFC3339Nano), "lastModified": changed.Format(time.RFC3339Nano)}
}

func (v scimDirectory) user(tx *store.Tx, p provisioned) (scim.Resource, error) {
	r, err := p.resource()
	if err != nil {
		return nil, err
	}
	list := []scim.Resource{r}
	return r, v.addGroups(tx, list)
}

// addGroups tells of each user in which of the directory's groups he is.
func (v scimDirectory) addGroups(tx *store.Tx, users []scim.Resource) error {
	at := map[string]scim.Resource{}
	for part := range chunks(users, 300) {
		marks, args := make([]string, len(part)), []any{v.d.ID}
		for i, r := range part {
			args = append(args, r["id"])
			marks[i] = mark(len(args))
			at[r["id"].(string)] = r
		}
		rows, err := store.Rows(tx, func(r store.Scanner) (x [3]string, err error) { return x, r.Scan(&x[0], &x[1], &x[2]) },
			"SELECT m.person, g.id, g.name FROM identity_group_member m JOIN identity_group g ON g.id = m.grp WHERE g.directory = $1 AND m.person IN ("+strings.Join(marks, ",")+") ORDER BY g.name, g.id", args...)
		if err != nil {
			return err
		}
		for _, x := range rows {
			groups, _ := at[x[0]]["groups"].([]any)
			at[x[0]]["groups"] = append(groups, map[string]any{"value": x[1], "display": x[2], "type": "direct"})
		}
	}
	return nil
}

func chunks[T any](list []T, n int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			part := list[:min(n, len(list))]
			if list = list[len(part):]; !yield(part) {
				return
			}
		}
	}
}

func mark(n int) string { return "$" + strconv.Itoa(n) }

func (v scimDirectory) List(ctx context.Context, k scim.Kind, q scim.Query) (page []scim.Resource, total int, err error) {
	err = v.s.db.View(ctx, func(tx *store.Tx) error {
		if k.Name == scim.Group.Name {
			page, total, err = v.groups(tx, q)
			return err
		}
		if page, total, err = v.users(tx, q); err != nil {
			return err
		}
		for _, r := range page {
			delete(r, "groups") // a filter may have looked at them
		}
		return v.addGroups(tx, page)
	})
	return page, total, err
}

// users lists by the database alone where all are wanted, or those of one name
// or identifier; whatever else is asked is looked for among all of them.
func (v scimDirectory) users(tx *store.Tx, q scim.Query) ([]scim.Resource, int, error) {
	if name, ok := q.Filter.Pinned("userName"); ok {
		list, err := v.s.named(tx, v.d, name)
		if err != nil {
			return nil, 0, err
		}
		return v.choose(tx, q, list)
	}
	scope, _, err := v.s.part(tx, v.d)
	if err != nil {
		return nil, 0, err
	}
	where, args := visible(v.d, scope)
	for _, pin := range [][2]string{{"id", "p.id"}, {"externalId", "l.external"}} {
		if value, ok := q.Filter.Pinned(pin[0]); ok {
			args = append(args, value)
			list, err := store.Rows(tx, readProvisioned, "SELECT "+provisionedColumns+provisionedTables+"WHERE "+where+" AND "+pin[1]+" = "+mark(len(args))+" ORDER BY p.id", args...)
			if err != nil {
				return nil, 0, err
			}
			return v.choose(tx, q, list)
		}
	}
	var total int
	if err := tx.QueryRow("SELECT COUNT(*)"+provisionedTables+"WHERE "+where, args...).Scan(&total); err != nil || q.Plain() && q.Count == 0 {
		return nil, total, err
	}
	if total > narrow {
		where, args = visibleBy(v.d, scope, "p.unit || ''")
	}
	if !q.Plain() {
		return q.Select(v.all(tx, where, args))
	}
	n := len(args)
	list, err := store.Rows(tx, readProvisioned, "SELECT "+provisionedColumns+provisionedTables+"WHERE "+where+" ORDER BY p.id LIMIT "+mark(n+1)+" OFFSET "+mark(n+2), append(args, q.Count, q.Start-1)...)
	if err != nil {
		return nil, 0, err
	}
	q.Start = 1
	page, _, err := q.Select(resources(list))
	return page, total, err
}

// narrow is how many people a directory may have for them to be gathered by
// their units and sorted then. Of more the whole group is read in the order of
// ids, which an expression in place of the column makes the engine do.
const narrow = 4000

// choose selects among the few whom an index has found. A filter may ask for
// their groups besides.
func (v scimDirectory) choose(tx *store.Tx, q scim.Query, list []provisioned) ([]scim.Resource, int, error) {
	users := make([]scim.Resource, 0, len(list))
	for _, p := range list {
		r, err := p.resource()
		if err != nil {
			return nil, 0, err
		}
		users = append(users, r)
	}
	if err := v.addGroups(tx, users); err != nil {
		return nil, 0, err
	}
	return q.Select(func(yield func(scim.Resource, error) bool) {
		for _, r := range users {
			if !yield(r, nil) {
				return
			}
		}
	})
}

func resources(list []provisioned) iter.Seq2[scim.Resource, error] {
	return func(yield func(scim.Resource, error) bool) {
		for _, p := range list {
			if !yield(p.resource()) {
				return
			}
		}
	}
}

// all reads whoever fits in parts, so that a large directory does not lie in
// memory at once.
func (v scimDirectory) all(tx *store.Tx, where string, args []any) iter.Seq2[scim.Resource, error] {
	return func(yield func(scim.Resource, error) bool) {
		const part = 1000
		after := ""
		for {
			n := len(args)
			list, err := store.Rows(tx, readProvisioned, "SELECT "+provisionedColumns+provisionedTables+"WHERE "+where+" AND p.id > "+mark(n+1)+" ORDER BY p.id LIMIT "+strconv.Itoa(part), append(args[:n:n], after)...)
			if err != nil {
				yield(nil, err)
				return
			}
			users := make([]scim.Resource, 0, len(list))
			for _, p := range list {
				r, err := p.resource()
				if err != nil {
					yield(nil, err)
					return
				}
				users = append(users, r)
			}
			if err := v.addGroups(tx, users); err != nil { // a filter may ask for them
				yield(nil, err)
				return
			}
			for _, r := range users {
				if !yield(r, nil) {
					return
				}
			}
			if len(list) < part {
				return
			}
			after = list[len(list)-1].person.ID
		}
	}
}

func (v scimDirectory) Create(ctx context.Context, k scim.Kind, r scim.Resource) (out scim.Resource, err error) {
	err = v.change(ctx, func(tx *store.Tx) error {
		var key string
		if k.Name == scim.Group.Name {
			key, err = v.putGroup(tx, "", r)
		} else {
			key, err = v.createUser(tx, r)
		}
		if err != nil {
			return err
		}
		out, err = v.get(tx, k, key)
		return err
	})
	return out, err
}

func (v scimDirectory) createUser(tx *store.Tx, r scim.Resource) (string, error) {
	p := profileOf(r, true)
	taken, err := v.s.named(tx, v.d, p.Name)
	if err != nil {
		return "", err
	}
	if len(taken) > 0 {
		return "", scim.Taken("Another user has the userName %q", p.Name)
	}
	person, err := v.s.withdrawnAs(tx, v.d, p)
	if err != nil {
		return "", err
	}
	var now provisioned
	if person == "" {
		person = newPerson()
	} else if now.person, err = authz.FindPerson(tx, person); err != nil {
		return "", err
	}
	return person, v.s.keep(tx, v.d, person, now, p)
}

func (v scimDirectory) Change(ctx context.Context, k scim.Kind, key string, change func(scim.Resource) (scim.Resource, error)) (out scim.Resource, err error) {
	err = v.change(ctx, func(tx *store.Tx) error {
		old, err := v.get(tx, k, key)
		if err != nil {
			return err
		}
		r, err := change(old)
		if err != nil {
			return err
		}
		if k.Name == scim.Group.Name {
			_, err = v.putGroup(tx, key, r)
		} else {
			err = v.changeUser(tx, key, r)
		}
		if err != nil {
			return err
		}
		out, err = v.get(tx, k, key)
		return err
	})
	return out, err
}

func (v scimDirectory) changeUser(tx *store.Tx, person string, r scim.Resource) error {
	now, err := v.s.findProvisioned(tx, v.d, person)
	if err != nil {
		return err
	}
	p := profileOf(r, now.active())
	taken, err := v.s.named(tx, v.d, p.Name)
	if err != nil {
		return err
	}
	for _, other := range taken {
		if other.person.ID != person {
			return scim.Taken("Another user has the userName %q", p.Name)
		}
	}
	return v.s.keep(tx, v.d, person, now, p)
}

func (v scimDirectory) Delete(ctx context.Context, k scim.Kind, key string, check func(scim.Resource) error) error {
	return v.change(ctx, func(tx *store.Tx) error {
		old, err := v.get(tx, k, key)
		if err != nil {
			return err
		}
		if err := check(old); err != nil {
			return err
		}
		if k.Name == scim.Group.Name {
			return v.dropGroup(tx, key)
		}
		now, err := v.s.findProvisioned(tx, v.d, key)
		if err != nil {
			return err
		}
		return v.s.withdraw(tx, v.d, now)
	})
}

// profileOf reads what a user of SCIM says of a person; active where it does
// not say.
func profileOf(r scim.Resource, active bool) profile {
	text := func(name string) string { s, _ := r[name].(string); return s }
	part := func(of, name string) string {
		m, _ := r[of].(map[string]any)
		s, _ := m[name].(string)
		return s
	}
	p := profile{Name: text("userName"), External: text("externalId"), Active: active, Lang: spoken(text("preferredLanguage"), text("locale")),
		Email: preferred(r["emails"]), Phone: preferred(r["phoneNumbers"]), Unit: part(scim.EnterpriseSchema, "department")}
	if b, ok := r["active"].(bool); ok {
		p.Active = b
	}
	for _, label := range []string{text("displayName"), part("name", "formatted"), strings.TrimSpace(part("name", "givenName") + " " + part("name", "familyName")), p.Name} {
		if p.Label = strings.TrimSpace(label); p.Label != "" {
			break
		}
	}
	p.Zone = knownZone(text("timezone"))
	p.Resource = scim.Resource{}
	for name, v := range r {
		if name != "id" && name != "meta" && name != "groups" && name != "active" && name != "externalId" && name != "schemas" {
			p.Resource[name] = v
		}
	}
	return p
}

// preferred is the primary of several values, else the one for work, else the
// first.
func preferred(v any) (best string) {
	rank := 0
	list, _ := v.([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		value, _ := m["value"].(string)
		kind, _ := m["type"].(string)
		n := 1
		if m["primary"] == true {
			n = 3
		} else if strings.EqualFold(kind, "work") {
			n = 2
		}
		if value != "" && n > rank {
			best, rank = value, n
		}
	}
	return best
}

// spoken is the first of the product's languages that a tag means.
func spoken(tags ...string) text.Lang {
	for _, tag := range tags {
		switch first, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-"); first {
		case "ja":
			return text.JA
		case "en":
			return text.EN
		}
	}
	return ""
}

package identity

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"yagura/area/identity/scim"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// profile is what a directory says of one person, however it speaks.
type profile struct {
	Name        string // by which the directory knows the person; alike in any case
	External    string // identifier of the directory
	Label       string
	Email       string
	Phone       string
	Unit        string // id or name of a unit; what is none of the directory's counts as not said
	Lang        text.Lang
	Zone        string
	Active      bool
	Resource    scim.Resource // as a client of SCIM wrote it
	keepAbsence bool          // who has left stays so, though active
}

// provisioned is a person as one directory sees him.
type provisioned struct {
	person   authz.Person
	state    State
	linked   bool // the directory keeps the account; else it may take it over
	external string
	data     string
	created  time.Time
	changed  time.Time
}

func (p provisioned) active() bool { return p.person.Active && p.state != Disabled }

const provisionedColumns = `p.id, p.name, p.name_ja, p.unit, p.email, p.lang, p.zone, p.active,
	COALESCE(a.state, 'active'), COALESCE(l.directory, ''), COALESCE(l.external, ''), COALESCE(l.data, ''), COALESCE(l.active, 1), COALESCE(l.created, 0), COALESCE(l.changed, 0)`

const provisionedTables = ` FROM authz_person p LEFT JOIN identity_provisioned l ON l.person = p.id LEFT JOIN identity_account a ON a.person = p.id `

func readProvisioned(r store.Scanner) (v provisioned, err error) {
	var active, allowed int
	var directory string
	var created, changed int64
	err = r.Scan(&v.person.ID, &v.person.Name, &v.person.NameJA, &v.person.Unit, &v.person.Email, &v.person.Lang, &v.person.Zone, &active,
		&v.state, &directory, &v.external, &v.data, &allowed, &created, &changed)
	v.person.Active, v.linked = active != 0, directory != ""
	if allowed == 0 {
		v.state = Disabled
	}
	v.created, v.changed = store.Time(created), store.Time(changed)
	return v, err
}

// visible is the condition under which a person shows to a directory: in its
// part of the group, and kept by it or, while with the group, by no directory.
// Accounts for when everything else fails are no directory's.
func visible(d Directory, scope authz.Scope) (string, []any) { return visibleBy(d, scope, "p.unit") }

func visibleBy(d Directory, scope authz.Scope, unit string) (string, []any) {
	where, args := scope.Where(unit, 2)
	return "(l.person IS NULL AND p.active = 1 OR l.directory = $1 AND l.deleted = 0) AND NOT EXISTS (SELECT 1 FROM identity_breakglass b WHERE b.person = p.id AND b.ended = 0) AND " + where, append([]any{d.ID}, args...)
}

func (s *Service) findProvisioned(tx *store.Tx, d Directory, person string) (provisioned, error) {
	scope, _, err := s.part(tx, d)
	if err != nil {
		return provisioned{}, err
	}
	where, args := visible(d, scope)
	args = append(args, person)
	v, err := readProvisioned(tx.QueryRow("SELECT "+provisionedColumns+provisionedTables+"WHERE "+where+" AND p.id = "+mark(len(args)), args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, scim.Missing(scim.User, person)
	}
	return v, err
}

// named are the people whom a directory sees under a name: those it calls so,
// and those it does not keep yet who have it as mail address or id.
func (s *Service) named(tx *store.Tx, d Directory, name string) ([]provisioned, error) {
	scope, _, err := s.part(tx, d)
	if err != nil {
		return nil, err
	}
	where, args := visible(d, scope)
	args = append(args, folded(name), name)
	n := mark(len(args) - 1)
	return store.Rows(tx, readProvisioned, "SELECT "+provisionedColumns+provisionedTables+"WHERE "+where+` AND (l.name = `+n+` OR l.person IS NULL)
		AND p.id IN (SELECT person FROM identity_provisioned WHERE directory = $1 AND name = `+n+` UNION SELECT id FROM authz_person WHERE lower(email) = `+n+` UNION SELECT id FROM authz_person WHERE id = `+mark(len(args))+`) ORDER BY p.id`, args...)
}

// withdrawnAs is the person whom the directory withdrew under the name or
// identifier, so that coming back makes no second person of him.
func (s *Service) withdrawnAs(tx *store.Tx, d Directory, p profile) (string, error) {
	scope, _, err := s.part(tx, d)
	if err != nil {
		return "", err
	}
	where, args := scope.Where("p.unit", 4)
	list, err := store.Texts(tx, `SELECT l.person FROM identity_provisioned l JOIN authz_person p ON p.id = l.person
		WHERE l.directory = $1 AND l.deleted > 0 AND (l.name = $2 OR l.external = $3 AND l.external <> '') AND `+where+` ORDER BY l.deleted DESC LIMIT 1`,
		append([]any{d.ID, folded(p.Name), p.External}, args...)...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

func folded(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// newPerson is the id of somebody whom a directory brings. It is drawn by lot:
// one made of the name would tell whether somebody else, whom the directory may
// not see, has it.
func newPerson() string {
	var b [10]byte
	rand.Read(b[:])
	return "d-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

var telephone = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{1,30}$`)

// keep saves what a directory says of a person, whose id may be new. now is how
// the directory saw him before.
func (s *Service) keep(tx *store.Tx, d Directory, person string, now provisioned, p profile) error {
	if s.o.People == nil {
		return errors.New("identity: nobody keeps the people of the group")
	}
	by := d.actor()
	known := now.person.ID != ""
	scope, units, err := s.part(tx, d)
	if err != nil {
		return err
	}
	m := Member{ID: person, Name: shortened(p.Label), Lang: p.Lang, Zone: p.Zone, Present: now.person.Active || !known || p.Active && !p.keepAbsence}
	if telephone.MatchString(p.Phone) {
		m.Phone = p.Phone
	}
	if m.Unit = unitNamed(units, scope, p.Unit); m.Unit == "" {
		if m.Unit = d.Unit; known {
			m.Unit = now.person.Unit
		}
	}
	if m.Email, err = freeMail(tx, person, p.Email, now.person.Email); err != nil {
		return err
	}
	if err := s.o.People.Put(tx, by, m); err != nil {
		return err
	}
	// Who was moved out of the directory's part of the group is no longer its own.
	if _, err := tx.Exec("DELETE FROM identity_provisioned WHERE directory = $1 AND name = $2 AND person <> $3", d.ID, folded(p.Name), person); err != nil {
		return err
	}
	data, err := json.Marshal(p.Resource)
	if err != nil {
		return err
	}
	active := 0
	if p.Active {
		active = 1
	}
	if _, err := tx.Exec(`INSERT INTO identity_provisioned (person, directory, name, external, active, data, created, changed) VALUES ($1,$2,$3,$4,$5,$6,$7,$7)
		ON CONFLICT (person) DO UPDATE SET directory=excluded.directory, name=excluded.name, external=excluded.external, active=excluded.active,
		data=excluded.data, changed=excluded.changed, deleted=0`,
		person, d.ID, folded(p.Name), p.External, active, string(data), tx.Millis()); err != nil {
		return err
	}
	if err := s.allow(tx, by, person, p.Active); err != nil {
		return err
	}
	return tx.Record(by, fact.AccountProvisioned{Person: person, Unit: m.Unit, Directory: d.ID, Active: p.Active})
}

// allow opens or closes an account as its directory says. What the CSIRT
// contained stays contained; standing knows both.
func (s *Service) allow(tx *store.Tx, by authz.Actor, person string, active bool) error {
	if active {
		return s.Open(tx, by, person, Disabled)
	}
	var state string
	err := tx.QueryRow("SELECT state FROM identity_account WHERE person = $1", person).Scan(&state)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case State(state) == Disabled:
		return nil
	case State(state) == Contained:
		_, err := closeDoors(tx, by, person)
		return err
	}
	_, err = s.Close(tx, by, person, Standing{State: Disabled, Reason: "directory"})
	return err
}

// withdraw takes a person out of a directory, as the connection says.
func (s *Service) withdraw(tx *store.Tx, d Directory, now provisioned) error {
	by, person := d.actor(), now.person
	if d.Leaving == Leave {
		if person.Active {
			if err := s.o.People.Put(tx, by, Member{ID: person.ID, Name: person.Name, Email: person.Email, Unit: person.Unit, Lang: person.Lang, Zone: person.Zone}); err != nil {
				return err
			}
		}
	} else if err := s.allow(tx, by, person.ID, false); err != nil {
		return err
	}
	// Who leaves and is taken back by a person, not by the directory, may sign in.
	active := 0
	if d.Leaving == Leave && now.state != Disabled {
		active = 1
	}
	if _, err := tx.Exec(`INSERT INTO identity_provisioned (person, directory, name, external, active, data, created, changed, deleted) VALUES ($1,$2,$3,'',$4,'{}',$5,$5,$5)
		ON CONFLICT (person) DO UPDATE SET directory=excluded.directory, active=excluded.active, changed=excluded.changed, deleted=excluded.deleted`,
		person.ID, d.ID, folded(now.userName()), active, tx.Millis()); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM identity_group_member WHERE person = $1 AND grp IN (SELECT id FROM identity_group WHERE directory = $2)", person.ID, d.ID); err != nil {
		return err
	}
	return tx.Record(by, fact.AccountProvisioned{Person: person.ID, Unit: person.Unit, Directory: d.ID, Withdrawn: true})
}

// unitNamed is the unit of the directory's part that a text names, by id or by
// name in either language; empty where it names none.
func unitNamed(units *authz.Units, scope authz.Scope, name string) string {
	if name = strings.TrimSpace(name); name == "" {
		return ""
	}
	if u, ok := units.Get(name); ok && scope.Contains(u.ID) && u.Kind != authz.RegionKind {
		return u.ID
	}
	found := ""
	for _, u := range units.All() {
		if u.Kind != authz.RegionKind && (strings.EqualFold(u.Name, name) || u.NameJA == name) && scope.Contains(u.ID) {
			if found != "" {
				return "" // of two with one name neither is meant for sure
			}
			found = u.ID
		}
	}
	return found
}

// freeMail is the mail address a person gets: the one the directory says unless
// somebody else has it, of whom the directory may not learn; then the old one.
func freeMail(tx *store.Tx, person, wanted, old string) (string, error) {
	if wanted == "" || strings.EqualFold(wanted, old) {
		return old, nil
	}
	taken, err := store.Texts(tx, "SELECT id FROM authz_person WHERE lower(email) = $1 AND id <> $2 AND active = 1 LIMIT 1", strings.ToLower(wanted), person)
	if err != nil || len(taken) == 0 {
		return wanted, err
	}
	if old != "" {
		return old, nil
	}
	return "", nil
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

// Source is which directory keeps a person's account, and how.
type Source struct {
	Directory Directory
	UserName  string
	Active    bool
	Withdrawn bool
	Changed   time.Time
	Groups    []string
}

// Source is where the account of a person comes from; zero where no directory
// keeps it.
func (s *Service) Source(ctx context.Context, by authz.Actor, person string) (from Source, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadFactors); err != nil {
			return err
		}
		var key string
		var active int
		var changed, deleted int64
		err := tx.QueryRow("SELECT directory, name, active, changed, deleted FROM identity_provisioned WHERE person = $1", person).
			Scan(&key, &from.UserName, &active, &changed, &deleted)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		from.Active, from.Withdrawn, from.Changed = active != 0, deleted != 0, store.Time(changed)
		if from.Directory, err = findDirectory(tx, key); err != nil {
			return err
		}
		from.Groups, err = store.Texts(tx, "SELECT g.name FROM identity_group_member m JOIN identity_group g ON g.id = m.grp WHERE m.person = $1 ORDER BY g.name", person)
		return err
	})
	return from, err
}

// refuseField makes what org says of a field what SCIM says of a value.
func refuseField(err error) error {
	if fault.Is(err, fault.KindInvalid) {
		return scim.Invalid("%s", fault.As(err).Error())
	}
	return err
}

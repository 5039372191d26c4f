package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Equipment is a device that people sign in on: a browser that was recognised
// by its token, or one of the inventory that no browser is known of yet.
type Equipment struct {
	ID      string
	Asset   string // number in the inventory; empty: not of it
	Name    string
	Unit    string
	Person  string // to whom it belongs; empty: shared
	Managed bool   // by the group
	Agent   string
	Added   time.Time
	Seen    time.Time // zero: no browser of it has signed in yet
	Removed time.Time

	digest string // of the token
}

// ManagedFor tells whether it counts as managed for a person: somebody else's
// laptop does not.
func (e Equipment) ManagedFor(person string) bool {
	return e.Managed && e.Removed.IsZero() && (e.Person == "" || e.Person == person)
}

// Bound tells whether a browser of it is known.
func (e Equipment) Bound() bool { return e.digest != "" }

// Label is what it is called.
func (e Equipment) Label() string {
	if e.Name != "" {
		return e.Name
	}
	return Device{Agent: e.Agent}.Label()
}

const deviceColumns = "d.id, d.digest, d.asset, d.name, d.unit, d.person, d.managed, d.agent, d.added, d.seen, d.removed"

func readEquipment(r store.Scanner) (e Equipment, err error) {
	var managed int
	var added, seen, removed int64
	err = r.Scan(&e.ID, &e.digest, &e.Asset, &e.Name, &e.Unit, &e.Person, &managed, &e.Agent, &added, &seen, &removed)
	e.Managed, e.Added, e.Seen, e.Removed = managed != 0, store.Time(added), store.Time(seen), store.Time(removed)
	return e, err
}

// also scans one column more.
type also struct {
	store.Scanner
	last any
}

func (a also) Scan(into ...any) error { return a.Scanner.Scan(append(into, a.last)...) }

func (e Equipment) save(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO identity_device (id, digest, asset, name, unit, person, managed, agent, added, seen, removed) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
		ON CONFLICT (id) DO UPDATE SET digest=excluded.digest, asset=excluded.asset, name=excluded.name, unit=excluded.unit, person=excluded.person,
		managed=excluded.managed, agent=excluded.agent, seen=excluded.seen, removed=excluded.removed`,
		e.ID, e.digest, e.Asset, e.Name, e.Unit, e.Person, flag(e.Managed), e.Agent, store.Millis(e.Added), store.Millis(e.Seen), store.Millis(e.Removed))
	return err
}

// recognise finds the equipment of a device, by its token or, of a session that
// goes on, by its id; known tells whether the person has used it before.
func (s *Service) recognise(tx *store.Tx, p authz.Person, d Device) (e Equipment, known bool, err error) {
	where, value := "d.digest <> '' AND d.digest = $2", "" // without the first half no index counts
	switch {
	case s.trusts(d):
		value = id.Digest(d.token)
	case d.ID != "":
		where, value = "d.id = $2", d.ID
	default:
		return e, false, nil
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (e Equipment, err error) {
		return readEquipment(also{r, &known})
	}, "SELECT "+deviceColumns+", EXISTS (SELECT 1 FROM identity_device_use u WHERE u.person = $1 AND u.device = d.id) FROM identity_device d WHERE d.removed = 0 AND "+where, p.ID, value)
	if err != nil || len(rows) == 0 {
		return e, false, err
	}
	return rows[0], known, nil
}

// seenDevice bounds how often the last sight of a device is written.
const seenDevice = time.Hour

// remember keeps the device of a sign-in, so that it is known the next time.
func (s *Service) remember(tx *store.Tx, p authz.Person, session *Session, now situation) error {
	d, e := session.Device, now.device
	if !s.trusts(d) {
		return nil
	}
	if e.ID == "" {
		e = Equipment{ID: id.New(), Unit: p.Unit, Person: p.ID, Added: tx.Now, digest: id.Digest(d.token)}
		session.Device.ID = e.ID
	}
	if tx.Now.Sub(e.Seen) > seenDevice || e.Agent != d.Agent {
		e.Seen, e.Agent = tx.Now, d.Agent
		if err := e.save(tx); err != nil {
			return err
		}
	}
	if now.known {
		return nil
	}
	_, err := tx.Exec("INSERT INTO identity_device_use (person, device, first) VALUES ($1,$2,$3) ON CONFLICT (person, device) DO NOTHING", p.ID, e.ID, tx.Millis())
	return err
}

// forgetDevices deletes browsers whose cookie has run out, so that they can't be
// recognised any more. What is listed, or named on a trip, stays.
func forgetDevices(tx *store.Tx) error {
	const gone = `SELECT d.id FROM identity_device d WHERE d.seen > 0 AND d.seen < $1 AND d.asset = '' AND d.managed = 0
		AND NOT EXISTS (SELECT 1 FROM identity_trip t WHERE t.device = d.id)`
	before := store.Millis(tx.Now.Add(-cookieFor * time.Second))
	for _, query := range []string{
		"DELETE FROM identity_device_use WHERE device IN (" + gone + ")",
		"DELETE FROM identity_device WHERE id IN (" + gone + ")",
	} {
		if _, err := tx.Exec(query, before); err != nil {
			return err
		}
	}
	return nil
}

// DeviceFilter narrows the list of devices.
type DeviceFilter struct {
	Text   string // part of a name, a number, or of the owner's name or id
	Kind   string // "managed", "unmanaged", "waiting" (of the inventory, and never seen)
	Person string
	Page   keyset.Page
}

// DeviceRow is a device with its owner.
type DeviceRow struct {
	Equipment
	Owner authz.Person
}

// Devices lists devices of units in the scope.
func (s *Service) Devices(ctx context.Context, scope authz.Scope, f DeviceFilter) (list []DeviceRow, total int, err error) {
	where, args := scope.Where("d.unit", 1)
	where += " AND d.removed = 0"
	add := func(cond string, v any) {
		args = append(args, v)
		where += " AND " + strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args)))
	}
	if f.Text != "" {
		add(`(LOWER(d.name) LIKE ? ESCAPE '\' OR LOWER(d.asset) LIKE ? ESCAPE '\' OR LOWER(p.name) LIKE ? ESCAPE '\' OR p.name_ja LIKE ? ESCAPE '\' OR d.person LIKE ? ESCAPE '\')`, contains(f.Text))
	}
	if f.Person != "" {
		add("d.person = ?", f.Person)
	}
	switch f.Kind {
	case "managed":
		where += " AND d.managed = 1"
	case "unmanaged":
		where += " AND d.managed = 0"
	case "waiting":
		where += " AND d.digest = ''"
	}
	from := " FROM identity_device d LEFT JOIN authz_person p ON p.id = d.person WHERE " + where
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow("SELECT COUNT(*)"+from, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"seen": keyset.Int("d.seen"), "added": keyset.Int("d.added")}, "d.id", len(args)+1)
		if err != nil {
			return err
		}
		found, err := store.Rows(tx, readEquipment, "SELECT "+deviceColumns+from+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		list, err = owned(tx, found)
		return err
	})
	return list, total, err
}

// contains is a pattern for LIKE.
func contains(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(s)) + "%"
}

func owned(tx *store.Tx, found []Equipment) ([]DeviceRow, error) {
	ids := make([]string, len(found))
	for i, e := range found {
		ids[i] = e.Person
	}
	people, err := authz.People(tx, ids...)
	rows := make([]DeviceRow, len(found))
	for i, e := range found {
		rows[i] = DeviceRow{e, people[e.Person]}
	}
	return rows, err
}

// DevicesOf are the devices that a person owns or has used.
func (s *Service) DevicesOf(ctx context.Context, by authz.Actor, person string) (list []Equipment, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := s.own(tx, by, person, ReadPerson); err != nil {
			return err
		}
		list, err = devicesOf(tx, person)
		return err
	})
	return list, err
}

func devicesOf(tx *store.Tx, person string) ([]Equipment, error) {
	return store.Rows(tx, readEquipment, "SELECT "+deviceColumns+` FROM identity_device d WHERE d.removed = 0 AND
		(d.person = $1 OR d.id IN (SELECT device FROM identity_device_use WHERE person = $1)) ORDER BY d.seen DESC, d.id LIMIT 100`, person)
}

// DeviceDetail is one device, who used it, and of an unmanaged one the entries
// of the inventory that it may be.
type DeviceDetail struct {
	DeviceRow
	Users   []authz.Person
	Waiting []Equipment
}

// Device is one device.
func (s *Service) Device(ctx context.Context, by authz.Actor, device string) (d DeviceDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		e, err := findDevice(tx, by, device)
		if err != nil {
			return err
		}
		rows, err := owned(tx, []Equipment{e})
		if err != nil {
			return err
		}
		d = DeviceDetail{DeviceRow: rows[0]}
		users, err := store.Texts(tx, "SELECT person FROM identity_device_use WHERE device = $1 ORDER BY first LIMIT 50", device)
		if err != nil {
			return err
		}
		people, err := authz.People(tx, users...)
		if err != nil {
			return err
		}
		for _, u := range users {
			if p, ok := people[u]; ok && by.Can(ReadFactors, p.Unit) {
				d.Users = append(d.Users, p)
			}
		}
		if e.Asset != "" || !by.Can(ManageDevices, e.Unit) {
			return nil
		}
		d.Waiting, err = store.Rows(tx, readEquipment, "SELECT "+deviceColumns+` FROM identity_device d WHERE d.removed = 0 AND d.digest = '' AND d.asset <> ''
			AND (d.person = $1 OR d.person = '' AND d.unit = $2) ORDER BY d.asset LIMIT 50`, e.Person, e.Unit)
		return err
	})
	return d, err
}

func findDevice(tx *store.Tx, by authz.Actor, device string) (Equipment, error) {
	e, err := readEquipment(tx.QueryRow("SELECT "+deviceColumns+" FROM identity_device d WHERE d.id = $1", device))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !e.Removed.IsZero() {
		return e, fault.NotFound("There is no such entry, or you may not see it")
	}
	if err != nil {
		return e, err
	}
	return e, by.See(ReadFactors, e.Unit)
}

// changeDevice changes a device that is the actor's to manage.
func (s *Service) changeDevice(ctx context.Context, by authz.Actor, device string, do func(tx *store.Tx, e Equipment) error) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		e, err := findDevice(tx, by, device)
		if err != nil {
			return err
		}
		if err := by.May(ManageDevices, e.Unit); err != nil {
			return err
		}
		return do(tx, e)
	})
}

// ManageDevice says that the group manages a device, or no longer does. Sessions on a
// device that is no longer managed end.
func (s *Service) ManageDevice(ctx context.Context, by authz.Actor, device string, managed bool) error {
	return s.changeDevice(ctx, by, device, func(tx *store.Tx, e Equipment) error {
		if e.Managed == managed {
			return nil
		}
		e.Managed = managed
		if err := e.save(tx); err != nil {
			return err
		}
		if !managed {
			if err := s.endOn(tx, by, e); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.DeviceManaged{Device: e.ID, Unit: e.Unit, Person: e.Person, Managed: managed})
	})
}

// BindDevice says that a browser which was seen is a device of the inventory:
// the two become one.
func (s *Service) BindDevice(ctx context.Context, by authz.Actor, seen, asset string) error {
	return s.changeDevice(ctx, by, seen, func(tx *store.Tx, e Equipment) error {
		listed, err := findDevice(tx, by, asset)
		if err != nil {
			return err
		}
		if err := by.May(ManageDevices, listed.Unit); err != nil {
			return err
		}
		if e.Asset != "" || !e.Bound() || listed.Asset == "" || listed.Bound() || listed.Person != "" && listed.Person != e.Person {
			return fault.Conflict("These two can't be the same device")
		}
		listed.digest, listed.Agent, listed.Seen = e.digest, e.Agent, e.Seen
		e.digest, e.Removed = "", tx.Now
		for _, d := range []Equipment{e, listed} {
			if err := d.save(tx); err != nil {
				return err
			}
		}
		for _, query := range []string{
			"UPDATE identity_device_use SET device = $2 WHERE device = $1",
			"UPDATE identity_session SET device = $2 WHERE device <> '' AND device = $1",
			"UPDATE identity_trip SET device = $2 WHERE device = $1",
		} {
			if _, err := tx.Exec(query, e.ID, listed.ID); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.DeviceBound{Device: listed.ID, Unit: listed.Unit, Person: listed.Person, Seen: e.ID})
	})
}

// RemoveDevice forgets a device: its token is worth nothing any more, and
// sessions on it end.
func (s *Service) RemoveDevice(ctx context.Context, by authz.Actor, device string) error {
	return s.changeDevice(ctx, by, device, func(tx *store.Tx, e Equipment) error {
		e.digest, e.Removed = "", tx.Now
		if err := e.save(tx); err != nil {
			return err
		}
		if err := s.endOn(tx, by, e); err != nil {
			return err
		}
		return tx.Record(by, fact.DeviceRemoved{Device: e.ID, Unit: e.Unit, Person: e.Person})
	})
}

// endOn ends all sessions on a device.
func (s *Service) endOn(tx *store.Tx, by authz.Actor, e Equipment) error {
	people, err := store.Texts(tx, "SELECT DISTINCT person FROM identity_session WHERE device <> '' AND device = $1 ORDER BY person", e.ID)
	for _, p := range people {
		if err := s.end(tx, by, p, "device = $2", e.ID); err != nil {
			return err
		}
	}
	return err
}

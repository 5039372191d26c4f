package authz

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Person is somebody of the group as every area needs to name and reach him.
// area/org owns the rest of what is known.
type Person struct {
	ID     string // never changes
	Name   string
	NameJA string
	Unit   string
	Email  string
	Lang   text.Lang
	Zone   string // IANA name, such as "Asia/Tokyo"
	Active bool   // false: has left; grants no longer count
}

// Label is the person's name in a language.
func (p Person) Label(lang text.Lang) string {
	if lang == text.JA && p.NameJA != "" {
		return p.NameJA
	}
	if p.Name == "" {
		return p.ID
	}
	return p.Name
}

// Location is the person's time zone, UTC where it is not known.
func (p Person) Location() *time.Location {
	if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" {
		return zone
	}
	return time.UTC
}

// PutPeople adds people and changes those that exist; when somebody was added is
// kept. The caller records the fact.
func PutPeople(tx *store.Tx, people ...Person) error {
	const perStatement = 40 // SQLite finds numbered placeholders by looking through all of them
	for len(people) > 0 {
		part := people[:min(perStatement, len(people))]
		people = people[len(part):]
		var b strings.Builder
		b.WriteString("INSERT INTO authz_person (id, name, name_ja, unit, email, lang, zone, active, added) VALUES ")
		var args []any
		for i, p := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			n := len(args)
			fmt.Fprintf(&b, "($%d,$%d,$%d,$%d,$%d,$%d,$%d,$%d,$%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8, n+9)
			active := 0
			if p.Active {
				active = 1
			}
			args = append(args, p.ID, p.Name, p.NameJA, p.Unit, p.Email, string(p.Lang), p.Zone, active, tx.Millis())
		}
		b.WriteString(` ON CONFLICT (id) DO UPDATE SET name=excluded.name, name_ja=excluded.name_ja, unit=excluded.unit,
			email=excluded.email, lang=excluded.lang, zone=excluded.zone, active=excluded.active`)
		if _, err := tx.Exec(b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

const personColumns = "id, name, name_ja, unit, email, lang, zone, active"

func readPerson(r store.Scanner) (p Person, err error) {
	var active int
	err = r.Scan(&p.ID, &p.Name, &p.NameJA, &p.Unit, &p.Email, &p.Lang, &p.Zone, &active)
	p.Active = active != 0
	return p, err
}

// FindPerson returns a person, or a fault of kind not found.
func FindPerson(tx *store.Tx, id string) (Person, error) {
	p, err := readPerson(tx.QueryRow("SELECT "+personColumns+" FROM authz_person WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.NotFound("There is no such person")
	}
	return p, err
}

// People returns those of the persons that exist, by id; for showing names.
func People(tx *store.Tx, ids ...string) (map[string]Person, error) {
	found := map[string]Person{}
	for len(ids) > 0 {
		part := ids[:min(500, len(ids))]
		ids = ids[len(part):]
		marks := make([]string, len(part))
		args := make([]any, len(part))
		for i, id := range part {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
		}
		list, err := store.Rows(tx, readPerson, "SELECT "+personColumns+" FROM authz_person WHERE id IN ("+strings.Join(marks, ",")+")", args...)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			found[p.ID] = p
		}
	}
	return found, nil
}

// ActorOf is the actor of a person who is with the group.
func (d *Directory) ActorOf(tx *store.Tx, person string) (Actor, error) {
	p, err := FindPerson(tx, person)
	if err != nil {
		return Actor{}, err
	}
	if !p.Active {
		return Actor{}, fault.Denied("This person is no longer with the group")
	}
	return d.Actor(tx, p.ID, p.Label(p.Lang), p.Lang, p.Location())
}

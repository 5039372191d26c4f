package identity

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Member is what a directory knows of a person of the group. What it does not
// know is empty and stays as it is.
type Member struct {
	ID, Name, Email, Phone, Unit string
	Lang                         text.Lang
	Zone                         string
	Present                      bool // is with the group
}

// People keeps the people of the group, which are not identity's.
type People interface {
	Put(tx *store.Tx, by authz.Actor, m Member) error
}

// System is how a directory speaks.
type System string

// The systems.
const (
	SCIM System = "scim"
	LDAP System = "ldap"
)

// Leaving is what becomes of a person whom a directory withdraws.
type Leaving string

// The ways of leaving.
const (
	Leave   Leaving = "leave"   // the person is no longer with the group
	Disable Leaving = "disable" // the person stays; the account opens nothing
)

// Directory is a connection by which another system brings people: those of
// its unit and of the units below it, and nobody else.
type Directory struct {
	ID      string
	Name    string
	System  System
	Unit    string
	Leaving Leaving
	Until   time.Time // when its token ends; zero for LDAP, which has none
	Made    time.Time
	Seen    time.Time // when it last asked something, or was asked
	Ended   time.Time
	Watch   WatchState
	Why     string    // it is not watched, in the words of the server
	Heard   time.Time // when that was so
	People  int64     // whom it keeps
	Groups  int64
}

// Live tells whether the directory still brings people.
func (d Directory) Live() bool { return d.Ended.IsZero() }

// directoryPrefix lets secret scanners recognise a token that was left in a file.
const directoryPrefix = "ygd_"

const directoryColumns = "d.id, d.name, d.kind, d.unit, d.leaving, d.until, d.made, d.seen, d.ended, d.watch, d.watch_note, d.heard"

func readDirectory(r store.Scanner) (d Directory, err error) {
	var until, made, seen, ended, heard int64
	err = r.Scan(&d.ID, &d.Name, &d.System, &d.Unit, &d.Leaving, &until, &made, &seen, &ended, &d.Watch, &d.Why, &heard)
	d.Heard = store.Time(heard)
	d.Until, d.Made, d.Seen, d.Ended = store.Time(until), store.Time(made), store.Time(seen), store.Time(ended)
	return d, err
}

func findDirectory(tx *store.Tx, key string) (Directory, error) {
	d, err := readDirectory(tx.QueryRow("SELECT "+directoryColumns+" FROM identity_directory d WHERE d.id = $1", key))
	if errors.Is(err, sql.ErrNoRows) {
		return d, fault.NotFound("There is no such entry, or you may not see it")
	}
	return d, err
}

// actor is who changes people in the name of the directory.
func (d Directory) actor() authz.Actor { return authz.System("directory:" + d.ID) }

// part is the people whom the directory may see and change.
func (s *Service) part(tx *store.Tx, d Directory) (authz.Scope, *authz.Units, error) {
	units, err := s.dir.Units(tx)
	if err != nil {
		return authz.Scope{}, nil, err
	}
	if _, _, ok := units.Paths(d.Unit); !ok {
		return authz.Scope{}, units, nil
	}
	return authz.Everything().Within(units, d.Unit), units, nil
}

// Directories are the connections of a part of the group, newest first.
func (s *Service) Directories(ctx context.Context, scope authz.Scope) (list []Directory, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("d.unit", 1)
		list, err = store.Rows(tx, readDirectory, "SELECT "+directoryColumns+" FROM identity_directory d WHERE "+where+" ORDER BY d.ended > 0, d.made DESC, d.id", args...)
		for i := range list {
			if err == nil {
				err = list[i].count(tx)
			}
		}
		return err
	})
	return list, err
}

func (d *Directory) count(tx *store.Tx) error {
	return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM identity_provisioned WHERE directory = $1 AND deleted = 0),
		(SELECT COUNT(*) FROM identity_group WHERE directory = $1)`, d.ID).Scan(&d.People, &d.Groups)
}

// Directory is one connection.
func (s *Service) Directory(ctx context.Context, by authz.Actor, key string) (d Directory, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d, err = findDirectory(tx, key); err != nil {
			return err
		}
		if err := by.See(ReadFactors, d.Unit); err != nil {
			return err
		}
		return d.count(tx)
	})
	return d, err
}

// Connect adds a directory that speaks SCIM and returns the secret of its
// token, which is shown once.
func (s *Service) Connect(ctx context.Context, by authz.Actor, d Directory) (key, secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		var wrong []fault.Field
		if d.Name = strings.TrimSpace(d.Name); d.Name == "" || len(d.Name) > 100 {
			wrong = append(wrong, fault.F("name", "Give the directory a name"))
		}
		if d.Leaving != Leave && d.Leaving != Disable {
			wrong = append(wrong, fault.F("leaving", "Choose what becomes of people whom it withdraws"))
		}
		wrong = append(wrong, checkUntil(tx, d.Until)...)
		units, err := s.dir.Units(tx)
		if err != nil {
			return err
		}
		if _, ok := units.Get(d.Unit); !ok || !by.Can(Provision, d.Unit) {
			wrong = append(wrong, fault.F("unit", "Choose one of your units"))
		}
		if len(wrong) > 0 {
			if !by.CanAnywhere(Provision) {
				return by.May(Provision, d.Unit)
			}
			return fault.Invalid(wrong...)
		}
		d.ID, secret = id.New(), directoryPrefix+id.Token()
		if _, err := tx.Exec(`INSERT INTO identity_directory (id, name, kind, unit, leaving, digest, until, made, made_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
			d.ID, d.Name, string(SCIM), d.Unit, string(d.Leaving), id.Digest(secret), store.Millis(d.Until), tx.Millis(), by.Who()); err != nil {
			return err
		}
		return tx.Record(by, fact.DirectoryConnected{Directory: d.ID, Unit: d.Unit, System: string(SCIM), Until: d.Until})
	})
	return d.ID, secret, err
}

func checkUntil(tx *store.Tx, until time.Time) []fault.Field {
	if !until.After(tx.Now) || until.After(tx.Now.Add(longestToken)) {
		return []fault.Field{fault.F("until", "A token ends within a year")}
	}
	return nil
}

func (s *Service) manageDirectory(tx *store.Tx, by authz.Actor, key string) (Directory, error) {
	d, err := findDirectory(tx, key)
	if err != nil {
		return d, err
	}
	if err := by.See(ReadFactors, d.Unit); err != nil {
		return d, err
	}
	if err := by.May(Provision, d.Unit); err != nil {
		return d, err
	}
	if !d.Live() {
		return d, fault.Conflict("This directory has ended")
	}
	return d, nil
}

// RenewDirectory gives a directory a new token; the one before ends at once.
func (s *Service) RenewDirectory(ctx context.Context, by authz.Actor, key string, until time.Time) (secret string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		d, err := s.manageDirectory(tx, by, key)
		if err != nil {
			return err
		}
		if d.System != SCIM {
			return fault.Conflict("Only a directory that speaks SCIM has a token")
		}
		if wrong := checkUntil(tx, until); wrong != nil {
			return fault.Invalid(wrong...)
		}
		secret = directoryPrefix + id.Token()
		if _, err := tx.Exec("UPDATE identity_directory SET digest = $1, until = $2 WHERE id = $3", id.Digest(secret), store.Millis(until), key); err != nil {
			return err
		}
		return tx.Record(by, fact.DirectoryConnected{Directory: d.ID, Unit: d.Unit, System: string(SCIM), Until: until})
	})
	return secret, err
}

// EndDirectory takes a directory's token away. Its people stay as they are and
// can be taken over by another directory; its groups end.
func (s *Service) EndDirectory(ctx context.Context, by authz.Actor, key string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		d, err := s.manageDirectory(tx, by, key)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE identity_directory SET digest = '', ended = $1 WHERE id = $2", tx.Millis(), key); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM identity_group_member WHERE grp IN (SELECT id FROM identity_group WHERE directory = $1)",
			"DELETE FROM identity_group WHERE directory = $1",
			"DELETE FROM identity_provisioned WHERE directory = $1",
		} {
			if _, err := tx.Exec(query, key); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.DirectoryEnded{Directory: d.ID, Unit: d.Unit})
	})
}

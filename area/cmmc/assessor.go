package cmmc

import (
	"context"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Seat is an assessor's place at one enclave.
type Seat struct {
	Person string
	Until  time.Time
	By     string
	At     time.Time
}

// longestSeat is how long an assessor may read at most.
const longestSeat = 366 * 24 * time.Hour

// Admit lets an assessor read one enclave until a day, and nothing else. He needs
// the role of an assessor over its unit; the role alone shows nothing.
func (s *Service) Admit(ctx context.Context, by authz.Actor, enclave, person string, until time.Time) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.admit(tx, by, enclave, person, until) })
}

func (s *Service) admit(tx *store.Tx, by authz.Actor, enclave, person string, until time.Time) error {
	sys, err := openEnclave(tx, by, enclave)
	if err != nil {
		return err
	}
	if err := by.May(Manage, sys.Unit); err != nil {
		return err
	}
	var wrong fields
	wrong.add(!until.After(tx.Now) || until.After(tx.Now.Add(longestSeat)), fault.F("until", "A day within the coming year is needed here"))
	if s.p.Directory != nil {
		who, err := s.p.Directory.ActorOf(tx, person)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		wrong.add(err != nil || !who.Can(Read, sys.Unit), fault.F("person", "This person has no role as an assessor here"))
	}
	if err := wrong.err(); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO cmmc_assessor (enclave, person, until, actor, at) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (enclave, person) DO UPDATE
		SET until = excluded.until, actor = excluded.actor, at = excluded.at`, enclave, person, store.Millis(until), by.Who(), tx.Millis()); err != nil {
		return err
	}
	return tx.Record(by, fact.CMMCAssessorAdmitted{Enclave: sys.ID, Unit: sys.Unit, Person: person, Until: until.UTC()})
}

// Dismiss ends an assessor's place.
func (s *Service) Dismiss(ctx context.Context, by authz.Actor, enclave, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, enclave)
		if err != nil {
			return err
		}
		if err := by.May(Manage, sys.Unit); err != nil {
			return err
		}
		n, err := tx.Exec("DELETE FROM cmmc_assessor WHERE enclave = $1 AND person = $2", enclave, person)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("This person is no assessor of it")
		}
		return tx.Record(by, fact.CMMCAssessorDismissed{Enclave: sys.ID, Unit: sys.Unit, Person: person})
	})
}

// Seats are the assessors of an enclave, for who may manage it.
func (s *Service) Seats(ctx context.Context, by authz.Actor, enclave string) (list []Seat, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, enclave)
		if err != nil {
			return err
		}
		if err := by.May(Manage, sys.Unit); err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (x Seat, err error) {
			var until, at int64
			err = r.Scan(&x.Person, &until, &x.By, &at)
			x.Until, x.At = store.Time(until), store.Time(at)
			return x, err
		}, "SELECT person, until, actor, at FROM cmmc_assessor WHERE enclave = $1 ORDER BY person", enclave)
		return err
	})
	return list, err
}

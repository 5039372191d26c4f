package psirt

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// PoolID is a CVE ID of the pool.
type PoolID struct {
	ID            cve.ID
	State         cve.State
	Vulnerability string
	Case          string // opaque id
	Told          bool
	Reserved      time.Time
}

func readPoolID(r store.Scanner) (p PoolID, err error) {
	var told int
	var reserved int64
	err = r.Scan(&p.ID, &p.State, &p.Vulnerability, &p.Case, &told, &reserved)
	p.Told, p.Reserved = told != 0, store.Time(reserved)
	return p, err
}

const poolColumns = "p.id, p.state, p.vulnerability, p.case_id, p.told, p.reserved"

// pool loads all IDs as the pure pool knows them. It assigns to vulnerabilities:
// several of one case have an ID each.
func (s *Service) pool(tx *store.Tx) (*cve.Pool, error) {
	rows, err := store.Rows(tx, readPoolID, "SELECT "+poolColumns+" FROM psirt_cve_id p")
	if err != nil {
		return nil, err
	}
	p := cve.NewPool(s.Rehearsal())
	for _, x := range rows {
		if x.ID.Rehearsal() != s.Rehearsal() {
			continue
		}
		if err := p.Add(cve.Held{ID: x.ID, State: x.State, Case: x.Vulnerability, Told: x.Told, Reserved: x.Reserved}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Rehearsal tells whether IDs come from a simulator on this machine.
func (s *Service) Rehearsal() bool { return s.p.IDs == nil || s.p.IDs.Local() }

// Order is a reservation that was begun.
type Order struct {
	ID      string
	State   string // begun, done, uncertain, refused
	Outcome string // what the service said
	Amount  int
	Year    int
	At      time.Time
	By      string
	wish    services.Order
}

func readOrder(r store.Scanner) (o Order, err error) {
	var wish string
	var at int64
	if err = r.Scan(&o.ID, &wish, &o.State, &o.Outcome, &at, &o.By); err == nil {
		err = json.Unmarshal([]byte(wish), &o.wish)
	}
	o.At, o.Amount, o.Year = store.Time(at), o.wish.Amount, o.wish.Year
	return o, err
}

const orderColumns = "id, wish, state, outcome, at, by_whom"

func noService() error {
	return fault.Conflict("No service for CVE IDs is set up here: see the settings cve.url, cve.org, cve.user and cve.key")
}

// mostAtOnce is how many IDs can be reserved by one order here.
const mostAtOnce = 100

// ReserveIDs reserves IDs for the pool. The order is kept before it is sent: what
// became of one that was interrupted is found out by ResumeOrder.
func (s *Service) ReserveIDs(ctx context.Context, by authz.Actor, amount, year int) (o Order, err error) {
	if err := by.May(Handle, ""); err != nil {
		return o, err
	}
	if s.p.IDs == nil {
		return o, noService()
	}
	now := s.db.Now()
	if amount < 1 || amount > mostAtOnce {
		return o, fault.Invalid(fault.F("amount", "Between 1 and %d IDs can be reserved at once", mostAtOnce))
	}
	if year < now.Year()-1 || year > now.Year()+1 {
		return o, fault.Invalid(fault.F("year", "IDs are reserved for this year, the last or the next"))
	}
	batch := services.Batch("")
	if amount > 1 {
		batch = services.InRow
	}
	wish, err := s.p.IDs.Prepare(ctx, amount, year, batch)
	if err != nil {
		return o, s.refused(err)
	}
	o = Order{ID: id.New(), State: "begun", Amount: amount, Year: year, By: by.Who(), wish: wish}
	raw, err := json.Marshal(wish)
	if err != nil {
		return o, err
	}
	if err := s.db.Change(ctx, func(tx *store.Tx) error {
		o.At = tx.Now
		if _, err := tx.Exec("INSERT INTO psirt_cve_order (id, wish, state, at, by_whom) VALUES ($1,$2,$3,$4,$5)", o.ID, string(raw), o.State, tx.Millis(), o.By); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtIDsReserved{Order: o.ID, Year: year, Amount: amount, Act: "begun"})
	}); err != nil {
		return o, err
	}
	got, err := s.p.IDs.Reserve(ctx, wish)
	return s.conclude(ctx, by, o, got, err)
}

// ResumeOrder finds out what became of an order without an answer.
func (s *Service) ResumeOrder(ctx context.Context, by authz.Actor, order string) (o Order, err error) {
	if err := by.May(Handle, ""); err != nil {
		return o, err
	}
	if s.p.IDs == nil {
		return o, noService()
	}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		o, err = readOrder(tx.QueryRow("SELECT "+orderColumns+" FROM psirt_cve_order WHERE id = $1", order))
		if errors.Is(err, sql.ErrNoRows) {
			return missing()
		}
		return err
	}); err != nil {
		return o, err
	}
	if o.State == "done" || o.State == "refused" {
		return o, nil
	}
	got, err := s.p.IDs.Resume(ctx, o.wish)
	return s.conclude(ctx, by, o, got, err)
}

// conclude notes what became of an order, and takes its IDs into the pool.
func (s *Service) conclude(ctx context.Context, by authz.Actor, o Order, got services.Reservation, failed error) (Order, error) {
	var uncertain *services.Uncertain
	o.State, o.Outcome = "done", ""
	switch {
	case errors.As(failed, &uncertain):
		o.State, o.Outcome = "uncertain", uncertain.Error()
	case failed != nil && (services.Unreached(failed) || errors.Is(failed, context.Canceled) || errors.Is(failed, context.DeadlineExceeded)):
		o.State, o.Outcome = "uncertain", failed.Error()
	case failed != nil:
		o.State, o.Outcome = "refused", failed.Error()
	}
	err := s.db.Change(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE psirt_cve_order SET state = $1, outcome = $2 WHERE id = $3", o.State, o.Outcome, o.ID); err != nil {
			return err
		}
		for _, x := range got.IDs {
			if _, err := tx.Exec("INSERT INTO psirt_cve_id (id, year, state, reserved) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
				string(x.CVE), x.CVE.Year(), string(cve.Reserved), tx.Millis()); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.PsirtIDsReserved{Order: o.ID, Year: o.Year, Amount: len(got.IDs), Act: o.State})
	})
	if err == nil && failed != nil {
		err = s.refused(failed)
	}
	return o, err
}

// refused makes of an error of the service what a person may read. The service's own
// words are in English.
func (s *Service) refused(err error) error {
	return fault.Conflict("The service for CVE IDs did not do it: %s", text.Foreign(err.Error()))
}

// AssignID gives a vulnerability the lowest free ID of the year of its disclosure;
// where none is free one is reserved first.
func (s *Service) AssignID(ctx context.Context, by authz.Actor, caseID, vulnerability string) (cve.ID, error) {
	assigned, err := s.assignFree(ctx, by, caseID, vulnerability)
	var none cve.ErrNoFreeID
	if !errors.As(err, &none) {
		return assigned, err
	}
	if _, err := s.ReserveIDs(ctx, by, 1, none.Year); err != nil {
		return "", err
	}
	assigned, err = s.assignFree(ctx, by, caseID, vulnerability)
	if errors.As(err, &none) {
		err = fault.Conflict("Somebody else took the ID meanwhile: please try again")
	}
	return assigned, err
}

func (s *Service) assignFree(ctx context.Context, by authz.Actor, caseID, vulnerability string) (got cve.ID, err error) {
	err = s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		v, err := findVulnerability(tx, c.ID, vulnerability)
		if err != nil {
			return err
		}
		if v.CVE != "" {
			got = cve.ID(v.CVE)
			return nil
		}
		p, err := s.pool(tx)
		if err != nil {
			return err
		}
		if got, err = p.Assign(v.ID, cve.Year(tx.Now, c.Embargo)); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE psirt_cve_id SET state = $1, vulnerability = $2, case_id = $3 WHERE id = $4", string(cve.Assigned), v.ID, c.ID, string(got)); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE psirt_case_vulnerability SET cve = $1 WHERE id = $2", string(got), v.ID); err != nil {
			return err
		}
		_, err = write(tx, by, c, Entry{Kind: IDAssigned, About: v.ID, Body: string(got)})
		return err
	})
	return got, err
}

// ReleaseID gives an ID back to the pool that nobody outside has heard of.
func (s *Service) ReleaseID(ctx context.Context, by authz.Actor, caseID, vulnerability string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		v, err := findVulnerability(tx, c.ID, vulnerability)
		if err != nil {
			return err
		}
		p, err := s.pool(tx)
		if err != nil {
			return err
		}
		if err := p.Release(cve.ID(v.CVE)); err != nil {
			return fault.Conflict("This ID can't be given back: it was told to others, or is published")
		}
		if _, err := tx.Exec("UPDATE psirt_cve_id SET state = $1, vulnerability = '', case_id = '' WHERE id = $2", string(cve.Reserved), v.CVE); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE psirt_case_vulnerability SET cve = '' WHERE id = $1", v.ID); err != nil {
			return err
		}
		_, err = write(tx, by, c, Entry{Kind: IDReleased, About: v.ID, Body: v.CVE})
		return err
	})
}

// tellIDs notes that the IDs of a case were told to somebody outside.
func tellIDs(tx *store.Tx, caseID string) (string, error) {
	ids, err := store.Texts(tx, "SELECT id FROM psirt_cve_id WHERE case_id = $1 ORDER BY id", caseID)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	_, err = tx.Exec("UPDATE psirt_cve_id SET told = 1 WHERE case_id = $1", caseID)
	return strings.Join(ids, " "), err
}

// Stock is the pool as somebody may see it. IDs of cases under embargo of which he
// does not know are in no list and in no count.
type Stock struct {
	Rows   []StockRow
	Free   map[int]int // by year
	Orders []Order     // that are not done
	Chores []cve.Chore // what a past year left behind
	Quota  services.Quota
	Asked  bool // the quota could be asked for
}

// StockRow is an ID with the case it belongs to, for those who may know.
type StockRow struct {
	PoolID
	Number string // of the case
}

// Stock lists the pool.
func (s *Service) Stock(ctx context.Context, by authz.Actor) (x Stock, err error) {
	if err := by.May(Handle, ""); err != nil {
		return x, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		x = Stock{Free: map[int]int{}}
		where, args := visible(by, 1)
		x.Rows, err = store.Rows(tx, func(r store.Scanner) (row StockRow, err error) {
			row.PoolID, err = readPoolID(tail{r, []any{&row.Number}})
			return row, err
		}, "SELECT "+poolColumns+`, COALESCE((SELECT c.number FROM psirt_case c WHERE c.id = p.case_id), '') FROM psirt_cve_id p
			WHERE p.case_id = '' OR EXISTS (SELECT 1 FROM psirt_case c WHERE c.id = p.case_id AND `+where+`)`, args...)
		if err != nil {
			return err
		}
		slices.SortFunc(x.Rows, func(a, b StockRow) int { return b.ID.Compare(a.ID) })
		for _, r := range x.Rows {
			if r.State == cve.Reserved {
				x.Free[r.ID.Year()]++
			}
		}
		p, err := s.pool(tx)
		if err != nil {
			return err
		}
		for _, c := range p.Sweep(tx.Now, 0) {
			if slices.ContainsFunc(x.Rows, func(r StockRow) bool { return r.ID == c.ID }) {
				x.Chores = append(x.Chores, c)
			}
		}
		x.Orders, err = store.Rows(tx, readOrder, "SELECT "+orderColumns+" FROM psirt_cve_order WHERE state IN ('begun', 'uncertain') ORDER BY at DESC LIMIT 50")
		return err
	})
	if err == nil && s.p.IDs != nil {
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if q, e := s.p.IDs.Quota(short); e == nil {
			x.Quota, x.Asked = q, true
		}
	}
	return x, err
}

// RejectUnused rejects in public the IDs of past years that no case has (CNA Rules
// 4.5.3.5), one by one; what was done before a refusal stays done.
func (s *Service) RejectUnused(ctx context.Context, by authz.Actor) (n int, err error) {
	if err := by.May(Approve, ""); err != nil {
		return 0, err
	}
	if s.p.IDs == nil {
		return 0, noService()
	}
	var chores []cve.Chore
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		p, err := s.pool(tx)
		if err == nil {
			chores = p.Sweep(tx.Now, 0)
		}
		return err
	}); err != nil {
		return 0, err
	}
	for _, c := range chores {
		if c.Do != cve.Reject {
			continue
		}
		said, err := cve.ParseJSON([]byte(`{"rejectedReasons":[{"lang":"en","value":"This CVE ID was unused by the CNA."}]}`))
		if err != nil {
			return n, err
		}
		if _, err := s.p.IDs.Reject(ctx, c.ID, said); err != nil {
			return n, s.refused(err)
		}
		if err := s.db.Change(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE psirt_cve_id SET state = $1, told = 1 WHERE id = $2 AND state = $3", string(cve.Rejected), string(c.ID), string(cve.Reserved)); err != nil {
				return err
			}
			return tx.Record(by, fact.PsirtIDsRejected{Year: c.ID.Year(), IDs: []string{string(c.ID)}})
		}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// SweepIDs looks once a day at what the pool needs: orders whose answer was lost are
// resumed, and the team hears of IDs that a past year left unused.
func (s *Service) SweepIDs(ctx context.Context) error {
	var orders []Order
	var unused int
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if orders, err = store.Rows(tx, readOrder, "SELECT "+orderColumns+" FROM psirt_cve_order WHERE state IN ('begun', 'uncertain') AND at < $1", tx.Millis()-time.Hour.Milliseconds()); err != nil {
			return err
		}
		p, err := s.pool(tx)
		if err == nil {
			unused = len(p.Sweep(tx.Now, 0))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range orders {
		if _, err := s.ResumeOrder(ctx, authz.System("psirt"), o.ID); err != nil && !fault.Is(err, fault.KindConflict) {
			return fmt.Errorf("resume an order of CVE IDs: %w", err)
		}
	}
	if unused == 0 || s.p.Notifier == nil {
		return nil
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		team, err := s.team(tx)
		if err != nil {
			return err
		}
		for _, p := range team {
			if err := s.p.Notifier.Notify(tx, Notice{To: p, Subject: text.M("CVE IDs of a past year are to be rejected"), Body: text.M("See the pool of IDs."),
				Href: "/psirt/ids", Key: fmt.Sprintf("psirt:unused:%d:%s", tx.Now.Year(), p)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// TakeIDs takes IDs into the pool that were reserved elsewhere, as by a command. Those
// that are in it already stay as they are.
func (s *Service) TakeIDs(ctx context.Context, by authz.Actor, ids []cve.ID) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Handle, ""); err != nil {
			return err
		}
		if len(ids) == 0 {
			return fault.Invalid(fault.F("amount", "Between 1 and %d IDs can be reserved at once", mostAtOnce))
		}
		for _, x := range ids {
			if _, err := cve.ParseID(string(x)); err != nil || x.Rehearsal() != s.Rehearsal() {
				return fault.Conflict("The service for CVE IDs did not do it: %s", text.Foreign(string(x)))
			}
			if _, err := tx.Exec("INSERT INTO psirt_cve_id (id, year, state, reserved) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
				string(x), x.Year(), string(cve.Reserved), tx.Millis()); err != nil {
				return err
			}
		}
		return tx.Record(by, fact.PsirtIDsReserved{Order: id.New(), Year: ids[0].Year(), Amount: len(ids), Act: "done"})
	})
}

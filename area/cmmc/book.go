package cmmc

import (
	"slices"
	"sync"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/kernel/store"
)

// book keeps how all enclaves stand in memory: one picture as assessors have it,
// one with signals. Every change leaves a pulse with a number in the database; who
// looks into the book takes in first what came since, so that it is right in every
// process that shares the database.
type book struct {
	db *store.DB
	mu sync.Mutex
	leaves
}

// leaves are what stands in it.
type leaves struct {
	n       int64     // the pulse up to which it is right
	day     time.Time // evidence ends by days
	until   time.Time // the next reading goes stale
	systems []System
	index   map[string]int
	shares  map[string][]Share
	said    *inherit.Group
	live    *inherit.Group
}

// beat is what a pulse is of.
type beat string

const (
	pulseOne beat = "system" // the own half of one system
	pulseAll beat = "group"  // enclaves, providers, shares
)

// stir tells all books of a change. The transaction records why.
func stir(tx *store.Tx, system string, of beat) error {
	var n int64
	if err := tx.QueryRow("UPDATE cmmc_epoch SET n = n + 1 RETURNING n").Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO cmmc_pulse (n, system, beat, at) VALUES ($1,$2,$3,$4)", n, system, string(of), tx.Millis())
	return err
}

type pulse struct {
	n      int64
	system string
	beat   beat
}

// with shows the book as of what is committed. A change may see what is lost with
// its commit and has no place in what all see, so it looks through a view of its
// own; that comes before the lock, which whoever holds a connection may wait for.
func (b *book) with(tx *store.Tx, look func() error) error {
	turn := func(v *store.Tx) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.turn(v)
	}
	if !tx.Viewing() {
		if err := b.db.View(tx.Context(), turn); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		return look()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.turn(tx); err != nil {
		return err
	}
	return look()
}

func (b *book) turn(tx *store.Tx) error {
	var head int64
	if err := tx.QueryRow("SELECT n FROM cmmc_epoch").Scan(&head); err != nil {
		return err
	}
	day := dayOf(tx.Now)
	if b.live == nil || !day.Equal(b.day) || !b.until.IsZero() && !tx.Now.Before(b.until) {
		return b.rebuild(tx, head)
	}
	if head <= b.n { // a transaction that began before the last change sees that change too
		return nil
	}
	news, err := store.Rows(tx, func(r store.Scanner) (p pulse, err error) { return p, r.Scan(&p.n, &p.system, &p.beat) },
		"SELECT n, system, beat FROM cmmc_pulse WHERE n > $1 AND n <= $2 ORDER BY n", b.n, head)
	if err != nil {
		return err
	}
	if int64(len(news)) != head-b.n { // some were cleared away
		return b.rebuild(tx, head)
	}
	touched := map[string]bool{}
	for _, p := range news {
		if _, known := b.index[p.system]; p.beat == pulseAll || !known {
			return b.rebuild(tx, head)
		}
		touched[p.system] = true
	}
	for id := range touched {
		if err := b.renew(tx, id); err != nil {
			return err
		}
	}
	b.n = head
	return nil
}

// renew takes one system in anew, and all that inherit from it.
func (b *book) renew(tx *store.Tx, id string) error {
	s := b.systems[b.index[id]]
	found, err := load(tx, only{id, -1}, []System{s}, tx.Now)
	if err != nil {
		return err
	}
	w := found[id]
	said, live := w.own(tx.Now)
	if _, err := b.said.Put(id, said); err != nil {
		return err
	}
	if _, err := b.live.Put(id, live); err != nil {
		return err
	}
	b.goesStale(w, tx.Now)
	return nil
}

func (b *leaves) goesStale(w *raw, now time.Time) {
	if next := w.until(now); !next.IsZero() && (b.until.IsZero() || next.Before(b.until)) {
		b.until = next
	}
}

// rebuild reads everything anew; where that fails the book is as it was.
func (b *book) rebuild(tx *store.Tx, head int64) error {
	list, err := systems(tx, "1=1")
	if err != nil {
		return err
	}
	taken, err := shares(tx, all)
	if err != nil {
		return err
	}
	found, err := load(tx, all, list, tx.Now)
	if err != nil {
		return err
	}
	affirmed, err := affirmations(tx)
	if err != nil {
		return err
	}
	now := leaves{n: head, day: dayOf(tx.Now), systems: list, index: make(map[string]int, len(list)), shares: map[string][]Share{}}
	for _, sh := range taken {
		now.shares[sh.System] = append(now.shares[sh.System], sh)
	}
	saids, lives := make([]inherit.System, len(list)), make([]inherit.System, len(list))
	for i := range list {
		s := &list[i]
		s.Status.Affirmed = affirmed[s.ID]
		now.index[s.ID] = i
		said, live := found[s.ID].own(tx.Now)
		saids[i] = asInherit(*s, now.shares[s.ID], said)
		lives[i] = asInherit(*s, now.shares[s.ID], live)
		now.goesStale(found[s.ID], tx.Now)
	}
	if now.said, err = inherit.New(saids); err != nil {
		return err
	}
	if now.live, err = inherit.New(lives); err != nil {
		return err
	}
	b.leaves = now
	return nil
}

func asInherit(s System, taken []Share, own half) inherit.System {
	x := inherit.System{ID: s.ID, Enclave: s.Kind == Enclave, Level: s.Level, SSP: s.SSP != nil, Own: own}
	for _, sh := range taken {
		i := slices.IndexFunc(x.Shares, func(o inherit.Share) bool { return o.Provider == sh.Provider && o.Kind == sh.Kind })
		if i < 0 {
			i = len(x.Shares)
			x.Shares = append(x.Shares, inherit.Share{Provider: sh.Provider, Kind: sh.Kind})
		}
		x.Shares[i].Objectives.Set(sh.Objective)
	}
	return x
}

// objectivesOf are all objectives that count at a level; Level 3 rests on Level 2.
func objectivesOf(level int) catalog.Bits {
	if level == 3 {
		return catalog.Mask(2).Or(catalog.Mask(3))
	}
	return catalog.Mask(level)
}

// affirmations are the days on which enclaves were signed for, by enclave.
func affirmations(tx *store.Tx) (map[string][]time.Time, error) {
	type signed struct {
		enclave string
		day     int64
	}
	list, err := store.Rows(tx, func(r store.Scanner) (a signed, err error) { return a, r.Scan(&a.enclave, &a.day) },
		"SELECT enclave, day FROM cmmc_affirmation ORDER BY enclave, day")
	by := map[string][]time.Time{}
	for _, a := range list {
		by[a.enclave] = append(by[a.enclave], store.Time(a.day))
	}
	return by, err
}

package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"yagura/area/identity/ldap"
	"yagura/kernel/store"
)

// approved tells whether a person has approved that these people leave, and
// takes the approval.
func (s *Service) approved(ctx context.Context, d Directory, digest string) (yes bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.QueryRow("SELECT COUNT(*) FROM identity_run WHERE directory = $1 AND state = $2 AND digest = $3 AND decided > $4",
			d.ID, string(RunApproved), digest, store.Millis(tx.Now.Add(-24*time.Hour))).Scan(&n)
		yes = n > 0
		return err
	})
	return yes, err
}

// plan is what comparing with a directory comes to.
type plan struct {
	report Report
	put    []ldap.Entry
	gone   []string // persons
	leaves []string // ids of the directory, of those who would leave or be disabled

	persons  map[string]string // by id of the directory, of those who are kept
	leaving  map[string]bool   // persons who would leave or be disabled
	approved bool              // a person has seen who
}

func (p plan) digest() string {
	slices.Sort(p.leaves)
	text, _ := json.Marshal(p.leaves)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// link is a row of who is kept.
type link struct {
	person, external, data, unit string
	active, deleted              bool
}

func readLink(r store.Scanner) (l link, err error) {
	var active int
	var deleted int64
	err = r.Scan(&l.person, &l.external, &l.data, &active, &deleted, &l.unit)
	l.active, l.deleted = active != 0, deleted != 0
	return l, err
}

// links are those whom the directory keeps, by its ids: all of them, or those
// of whom it has spoken.
func (s *Service) links(tx *store.Tx, d Directory, found ldap.Found) (map[string]link, error) {
	const query = "SELECT l.person, l.external, l.data, l.active, l.deleted, p.unit FROM identity_provisioned l JOIN authz_person p ON p.id = l.person WHERE l.directory = $1 AND "
	links := map[string]link{}
	add := func(where string, args ...any) error {
		rows, err := store.Rows(tx, readLink, query+where, append([]any{d.ID}, args...)...)
		for _, l := range rows {
			links[l.external] = l
		}
		return err
	}
	if found.All {
		return links, add("l.external <> ''")
	}
	ids := slices.Clone(found.Gone)
	for _, e := range found.Entries {
		ids = append(ids, e.ID)
	}
	for part := range chunks(ids, idsAtOnce) {
		in, args := listed(part, 2)
		if err := add("l.external IN ("+in+")", args...); err != nil {
			return links, err
		}
	}
	return links, nil
}

// idsAtOnce bounds the arguments of one statement.
const idsAtOnce = 300

// listed are arguments, the first of which has a number.
func listed(list []string, first int) (marks string, args []any) {
	for i, x := range list {
		if i > 0 {
			marks += ","
		}
		marks += mark(first + i)
		args = append(args, x)
	}
	return marks, args
}

// keptNow is how many a directory keeps whom it has not disabled.
func keptNow(tx *store.Tx, d Directory) (n int, err error) {
	err = tx.QueryRow("SELECT COUNT(*) FROM identity_provisioned WHERE directory = $1 AND active = 1 AND deleted = 0", d.ID).Scan(&n)
	return n, err
}

// plan compares what a directory answered with whom it keeps; those whom it
// locked out within the window count together with the new ones.
func (s *Service) plan(ctx context.Context, d Directory, found ldap.Found, window time.Duration) (p plan, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p = plan{persons: map[string]string{}, leaving: map[string]bool{}, report: Report{All: found.All, Seen: len(found.Entries) + len(found.Wrong)}}
		scope, _, err := s.part(tx, d)
		if err != nil {
			return err
		}
		links, err := s.links(tx, d, found)
		if err != nil {
			return err
		}
		seen, names := map[string]bool{}, map[string]bool{}
		for _, w := range found.Wrong {
			seen[w.ID] = true
			p.report.wrong("%s", w.Reason)
		}
		for _, e := range found.Entries {
			if name := folded(e.Name); seen[e.ID] || names[name] {
				p.report.wrong("%s is there twice", e.Name)
				seen[e.ID] = true
				continue
			} else {
				seen[e.ID], names[name] = true, true
			}
			l, kept := links[e.ID]
			switch {
			case kept && !scope.Contains(l.unit):
				p.report.wrong("%s was moved out of the directory's unit", e.Name)
				continue
			case !kept || l.deleted:
				p.report.step(Step{"add", e.Name, ""})
			case l.active && e.Disabled:
				p.leave(l)
				p.report.step(Step{"disable", e.Name, l.person})
			case !l.active && !e.Disabled:
				p.report.step(Step{"enable", e.Name, l.person})
			case l.data != entryData(e):
				p.report.step(Step{"change", e.Name, l.person})
			default:
				p.report.Unchanged++
				continue
			}
			p.put = append(p.put, e)
			if kept {
				p.persons[e.ID] = l.person
			}
		}
		gone := found.Gone
		if found.All {
			gone = slices.Collect(maps.Keys(links))
		}
		for _, external := range gone {
			l, kept := links[external]
			if !kept || l.deleted || seen[external] || !scope.Contains(l.unit) {
				continue
			}
			p.gone = append(p.gone, l.person)
			if l.active {
				p.leave(l)
			}
			p.report.step(Step{"leave", external, l.person})
		}
		if found.All || len(p.leaves) > 0 { // all that are kept are counted only where the guard compares
			if p.report.Kept, err = keptNow(tx, d); err != nil {
				return err
			}
			if p.report.Recent, err = lockedOutSince(tx, d, tx.Now.Add(-window)); err != nil {
				return err
			}
		}
		slices.SortFunc(p.report.Steps, func(a, b Step) int { return cmp.Or(cmp.Compare(a.Act, b.Act), cmp.Compare(a.Name, b.Name)) })
		return nil
	})
	return p, err
}

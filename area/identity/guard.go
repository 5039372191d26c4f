package identity

import (
	"time"

	"yagura/area/identity/ldap"
	"yagura/kernel/store"
)

// The guard asks a person before a directory locks many out. What a directory
// tells at once comes in small parts, so those of the last while count together.

// leave notes somebody who would be locked out.
func (p *plan) leave(l link) {
	p.leaves = append(p.leaves, l.external)
	p.leaving[l.person] = true
}

// tooMany tells whether more than a share of those whom the directory keeps, or
// kept a while ago, would be locked out; of all of them a person is always asked.
func (p plan) tooMany(percent int) bool {
	fresh, n, of := len(p.leaves), len(p.leaves)+p.report.Recent, p.report.Kept+p.report.Recent
	return fresh > 0 && (n*100 > of*percent || fresh == p.report.Kept && n > 1)
}

// lockedOutSince is how many the directory has locked out since, of whom no
// person has said that they shall be.
func lockedOutSince(tx *store.Tx, d Directory, since time.Time) (n int, err error) {
	err = tx.QueryRow("SELECT COUNT(*) FROM identity_lockout WHERE directory = $1 AND at > $2", d.ID, store.Millis(since)).Scan(&n)
	return n, err
}

// count remembers somebody whom the plan locked out.
func (p *plan) count(tx *store.Tx, d Directory, person string) error {
	if !p.leaving[person] || p.approved {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO identity_lockout (directory, person, at) VALUES ($1,$2,$3)
		ON CONFLICT (directory, person) DO UPDATE SET at=excluded.at`, d.ID, person, tx.Millis())
	return err
}

// settle remembers an entry that was brought: whoever may sign in again is not
// locked out.
func (p *plan) settle(tx *store.Tx, d Directory, e ldap.Entry) error {
	person := p.persons[e.ID]
	if e.Disabled {
		return p.count(tx, d, person)
	}
	_, err := tx.Exec("DELETE FROM identity_lockout WHERE directory = $1 AND person = $2", d.ID, person)
	return err
}

// shortestWindow is how far back the guard counts at least, however often a
// directory is asked.
const shortestWindow = 15 * time.Minute

// keepLockouts is how long they are remembered: longer than any window.
const keepLockouts = 7 * 24 * time.Hour

// forgetLockouts forgets those that no guard counts any more.
func forgetLockouts(tx *store.Tx) error {
	_, err := tx.Exec("DELETE FROM identity_lockout WHERE at < $1", store.Millis(tx.Now.Add(-keepLockouts)))
	return err
}

package identity

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// What others measure of how people sign in, at the moment of a transaction. Only
// the people of the scope are counted, so that it is cheap for a site.

// TallyOf is how the people of the scope can sign in, all together.
func (s *Service) TallyOf(tx *store.Tx, scope authz.Scope) (t Tally, err error) {
	in, args := scope.Where("p.unit", 1)
	if _, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var way Way
		var n int64
		err = r.Scan(&way, &n)
		t.add(way, n)
		return none, err
	}, "SELECT x.way, COUNT(*) FROM (SELECT "+wayOf+" AS way FROM authz_person p WHERE p.active = 1 AND "+in+") x GROUP BY x.way", args...); err != nil {
		return t, err
	}
	in, args = scope.Where("p.unit", 2)
	_, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var way Way
		var last Level
		err = r.Scan(&way, &last)
		t.raise(way, last)
		return none, err
	}, "SELECT "+wayOf+`, COALESCE((SELECT e.level FROM identity_event e WHERE e.person = p.id AND e.kind = 'sign-in' AND e.outcome = 'allowed' ORDER BY e.at DESC, e.id DESC LIMIT 1), '')
		FROM authz_person p WHERE p.active = 1 AND p.id IN (`+privilegedAt+") AND "+in, append([]any{tx.Millis()}, args...)...)
	return t, err
}

// RemoteMFA counts people of the scope who came in from outside an office within a
// time, and those of them whose last such sign-in showed two factors.
func (s *Service) RemoteMFA(tx *store.Tx, scope authz.Scope, within time.Duration) (mfa, all int64, err error) {
	in, args := scope.Where("p.unit", 2)
	const outside = "e.kind = 'sign-in' AND e.outcome = 'allowed' AND e.place IN ('home', 'vpn', 'trip', 'abroad', 'unknown')"
	_, err = store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
		var last Level
		err = r.Scan(&last)
		all++
		if last.Meets(TwoFactors) {
			mfa++
		}
		return none, err
	}, "SELECT (SELECT e.level FROM identity_event e WHERE e.person = p.id AND "+outside+` ORDER BY e.at DESC, e.id DESC LIMIT 1) FROM authz_person p
		WHERE p.active = 1 AND `+in+" AND EXISTS (SELECT 1 FROM identity_event e WHERE e.person = p.id AND e.at >= $1 AND "+outside+")",
		append([]any{store.Millis(tx.Now.Add(-within))}, args...)...)
	return mfa, all, err
}

// IdleAccounts counts people of the scope who can sign in, and those of them who
// have not for longer than a time, though they could for as long.
func (s *Service) IdleAccounts(tx *store.Tx, scope authz.Scope, longer time.Duration) (idle, all int64, err error) {
	since := store.Millis(tx.Now.Add(-longer))
	in, args := scope.Where("p.unit", 2)
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN x.enrolled <= $1 AND x.last <= $1 THEN 1 ELSE 0 END), 0) FROM (
			SELECT (SELECT MIN(k.made) FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0) AS enrolled,
				COALESCE((SELECT MAX(e.at) FROM identity_event e WHERE e.person = p.id AND e.kind = 'sign-in' AND e.outcome = 'allowed'), 0) AS last
			FROM authz_person p WHERE p.active = 1 AND `+in+" AND EXISTS (SELECT 1 FROM identity_passkey k WHERE k.person = p.id AND k.removed = 0)) x",
		append([]any{since}, args...)...).Scan(&all, &idle)
	return idle, all, err
}

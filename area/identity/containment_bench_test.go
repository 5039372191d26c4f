package identity_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// BenchmarkContain contains one person after another of 150,000, who have a
// million sessions, grants and tokens, three of each kind at three applications.
// The store commits with synchronous=FULL; in a folder in memory (TMPDIR=/dev/shm),
// where waiting for the disk costs nothing, it is as with NORMAL. The figures
// are in docs/identity.md.
func BenchmarkContain(b *testing.B) {
	db, clk := storetest.SQLite(b, tables...)
	w, ctx := foundWith(b, db, clk, identity.Options{Guarded: []authz.Act{authz.AskGrant}}), context.Background()
	w.csirt(b)
	w.crowd(b, 150_000)
	for _, c := range []identity.Client{
		{ID: "app", Kind: identity.WebClient, Redirects: []string{"https://app.example/cb"}, LogoutURI: "https://app.example/out", ProbeURI: "https://app.example/probe"},
		{ID: "mail", Kind: identity.WebClient, Redirects: []string{"https://mail.example/cb"}, LogoutURI: "https://mail.example/out"},
		{ID: "wiki", Kind: identity.GateClient, Host: "wiki.example"},
	} {
		c.Name, c.Unit = "The "+c.ID, "group"
		if _, err := w.s.AddClient(ctx, w.actor(b, "admin"), c); err != nil {
			b.Fatal(err)
		}
	}
	const rows = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	for _, q := range []string{
		fmt.Sprintf(rows+`INSERT INTO identity_session (digest, id, person, method, agent, network, began, seen, until, level)
			SELECT 'd' || i, 's' || i, printf('p%%06d', i / 3), 'passkey', 'Firefox', '192.0.2.1', $1, $1, $2, 'phr' FROM n`, 449_999),
		fmt.Sprintf(rows+`INSERT INTO identity_grant (id, client, person, session, scopes, method, level, methods, proved, agent, network, began, used, until, offline, generation, ended, reason)
			SELECT 'g' || i, CASE i %% 3 WHEN 0 THEN 'app' WHEN 1 THEN 'mail' ELSE 'wiki' END, printf('p%%06d', i / 3), 's' || i, 'openid', 'passkey', 'phr', '', $1, '', '', $1, $1, $2, 0, 1, 0, '' FROM n`, 449_999),
		fmt.Sprintf(rows+`INSERT INTO identity_token (id, digest, person, name, acts, made, until)
			SELECT 't' || i, 'h' || i, printf('p%%06d', i), 'x', '', $1, $2 FROM n`, 99_999),
	} {
		w.change(b, func(tx *store.Tx) error {
			if _, err := tx.Exec(q, tx.Millis(), store.Millis(tx.Now.Add(8*time.Hour))); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
	}
	hana := w.actor(b, "hana")
	var took []time.Duration
	for b.Loop() {
		person := fmt.Sprintf("p%06d", len(took)*7919%100_000)
		elapsed := clock.Stopwatch()
		c, err := w.s.Contain(ctx, hana, identity.Order{Person: person, Reason: "measured"})
		took = append(took, elapsed())
		if err != nil || c.State != identity.ContainInForce {
			b.Fatal(c.State, err)
		}
	}
	slices.Sort(took)
	for name, share := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(took[len(took)*share/100].Microseconds())/1000, name)
	}
}

package detect

import (
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// What people paste and ask for is refused or taken, never a crash.
func FuzzPasted(f *testing.F) {
	f.Add(ownText, "SourceImage: x", int64(-7), int64(0))
	f.Add("title: [", "condition: selection", int64(0), int64(-1))
	f.Add(ownText+"---\n"+ownText, "filter: {rules: any}", int64(-9000), int64(9000))
	db, clk := storetest.SQLite(f, migrations...)
	w := open(f, db, clk, Options{Archive: &shelf{}})
	f.Fuzz(func(t *testing.T, body, filter string, from, to int64) {
		if _, mine, _, err := w.s.parseOwn(body); err == nil && (mine.ID == "" || mine.Version == "") {
			t.Fatalf("%+v", mine)
		}
		w.s.LintText(body)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			b, err := w.s.prepareTest(tx, authz.System("fuzz"), BacktestRequest{Text: body, Filter: filter,
				From: clk.Now().Add(time.Duration(from%20000) * time.Hour), To: clk.Now().Add(time.Duration(to%20000) * time.Hour)})
			if err == nil && (!b.To.After(b.From) || b.To.Sub(b.From) > longestTest) {
				t.Fatalf("%+v", b)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

package web_test

import (
	"net/url"
	"testing"

	"yagura/kernel/store/storetest"
)

// TestSignInReadsNoTableWhole has people sign in and guess, and looks at how
// SQLite carries each statement out: what reads a table from end to end costs
// the more the more people there are.
func TestSignInReadsNoTableWhole(t *testing.T) {
	d := openDoor(t, "NORMAL", 2)
	if _, err := d.workers(4); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"account": {"p0"}, "password": {"Spring2026-Spring2026"}}
	if _, _, err := d.request(client(), "POST", d.issuer+"/sign-in/password", "application/x-www-form-urlencoded", []byte(form.Encode()), nil); err != nil {
		t.Fatal(err)
	}
	short := map[string]bool{ // few rows, however many people there are; of the ledger the last one alone
		"authz_epoch": true, "authz_unit": true, "identity_context": true, "identity_key": true, "e": true, /* events that were not told yet */
		"n": true /* networks */, "l": true, /* policies */
		"notify_target": true, "store_subject_key": true, "ledger": true, "ledger_pending": true, "o": true, /* a row of its own */
	}
	for table, statements := range storetest.Scans(t, d.db) {
		if short[table] {
			continue
		}
		for _, s := range statements {
			t.Errorf("reads the whole of %s: %s", table, s)
		}
	}
}

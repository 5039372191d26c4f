package store_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestBackupRestoresIntoEitherEngine dumps each engine into both.
func TestBackupRestoresIntoEitherEngine(t *testing.T) {
	sets := []store.Migrations{authz.Migrations, ledger.Migrations, thing}
	ctx := context.Background()
	storetest.Each(t, sets, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		err := db.Change(ctx, func(tx *store.Tx) error {
			for i, id := range []string{"a", "日本語 \"quoted\" \\ \x01", ""} {
				if _, err := tx.Exec("INSERT INTO thing (id, body, n) VALUES ($1,$2,$3)", id, []byte{0, 255, byte(i)}, int64(1)<<60+int64(i)); err != nil {
					return err
				}
			}
			if _, err := tx.Exec("INSERT INTO thing (id, body) VALUES ('nothing', NULL)"); err != nil {
				return err
			}
			return tx.Record(actor("x"), happened{"a"})
		})
		if err != nil {
			t.Fatal(err)
		}
		var backup bytes.Buffer
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte("body"), 0o600); err != nil {
			t.Fatal(err)
		}
		n, added, err := db.Backup(ctx, &backup, nil, func() ([]store.BackupFile, error) {
			return []store.BackupFile{{Name: "document/x", Path: path}, {Name: "document/gone", Path: path + ".gone"}}, nil
		})
		if err != nil || added != 1 {
			t.Fatal(added, err)
		}
		storetest.Each(t, sets, func(t *testing.T, to *store.DB, _ *clock.Movable) {
			files := map[string]string{}
			got, err := to.Restore(ctx, bytes.NewReader(backup.Bytes()), nil, func(name string, r io.Reader) error {
				raw, err := io.ReadAll(r)
				files[name] = string(raw)
				return err
			})
			if err != nil || got != n {
				t.Fatalf("restored %d of %d rows: %v", got, n, err)
			}
			if files["document/x"] != "body" {
				t.Errorf("files: %v", files)
			}
			read := func(db *store.DB) (all []string) {
				err := db.View(ctx, func(tx *store.Tx) (err error) {
					all, err = store.Rows(tx, func(r store.Scanner) (string, error) {
						var id string
						var body []byte
						var n int64
						err := r.Scan(&id, &body, &n)
						return id + "|" + string(body) + "|" + string(rune(n%100)), err
					}, "SELECT id, body, n FROM thing ORDER BY id")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			if a, b := strings.Join(read(db), "\n"), strings.Join(read(to), "\n"); a != b {
				t.Errorf("restored %q, was %q", b, a)
			}
			if _, err := to.Restore(ctx, bytes.NewReader(backup.Bytes()), nil, nil); err == nil || !strings.Contains(err.Error(), "in use") {
				t.Errorf("restored over what is there: %v", err)
			}
		})
		t.Run("cut off", func(t *testing.T) {
			to, _ := storetest.SQLite(t, sets...)
			for cut := 0; cut < backup.Len(); cut += 97 {
				if _, err := to.Restore(ctx, bytes.NewReader(backup.Bytes()[:cut]), nil, func(string, io.Reader) error { return nil }); err == nil {
					t.Fatalf("a backup cut at %d was accepted", cut)
				}
			}
			var n int
			to.View(ctx, func(tx *store.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n) })
			if n != 0 {
				t.Errorf("%d rows of broken backups stayed", n)
			}
		})
	})
}

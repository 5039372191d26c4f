package store_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// TestOpenedByManyAtOnce opens a new folder from several sides, as a server and
// the commands beside it do.
func TestOpenedByManyAtOnce(t *testing.T) {
	folder := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			db, err := store.Open(context.Background(), store.Options{DSN: folder})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			if err := db.Migrate(context.Background(), thing); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, name := range []string{"", "yagura.db", "keys", "keys/veil.key"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); name != "" && mode&0o077 != 0 {
			t.Errorf("%s may be read by others: %v", name, mode)
		}
	}
	if list, _ := filepath.Glob(filepath.Join(folder, "keys", ".new-*")); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
}

// TestKeysOfAnotherDatabase opens a database with a key that is not its own, as
// a second server with a folder of its own would.
func TestKeysOfAnotherDatabase(t *testing.T) {
	for _, dsn := range []func(t *testing.T) string{func(t *testing.T) string { return t.TempDir() }, func(t *testing.T) string { return storetest.DSN(t) }} {
		t.Run("", func(t *testing.T) {
			where, ctx := dsn(t), context.Background()
			db, err := store.Open(ctx, store.Options{DSN: where, Keys: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Operate(ctx, func(tx *store.Tx) error { _, err := tx.Veil("p", "secret"); return err }); err != nil {
				t.Fatal(err)
			}
			other, err := store.Open(ctx, store.Options{DSN: where, Keys: t.TempDir()})
			if err == nil {
				other.Close()
				t.Fatal("opened with the keys of another database")
			}
			if !strings.Contains(err.Error(), "veil.key") {
				t.Error(err)
			}
		})
	}
}

// TestBackupKeepsTextThatIsNoUTF8 has bytes in a text column, as SQLite allows.
func TestBackupKeepsTextThatIsNoUTF8(t *testing.T) {
	ctx := context.Background()
	db, _ := storetest.SQLite(t, thing)
	to, _ := storetest.SQLite(t, thing)
	broken := "a\xff\xfeb"
	if err := db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO thing (id) VALUES ($1)", broken)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, _, err := db.Backup(ctx, &backup, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Restore(ctx, &backup, nil, func(string, io.Reader) error { return nil }); err != nil {
		t.Fatal(err)
	}
	var ids []string
	to.View(ctx, func(tx *store.Tx) (err error) { ids, err = store.Texts(tx, "SELECT id FROM thing"); return err })
	if len(ids) != 1 || ids[0] != broken {
		t.Errorf("%q", ids)
	}
}

// TestBackupAsksForFilesLast has the files listed once the rows are written: a
// row of the backup never lacks its file.
func TestBackupAsksForFilesLast(t *testing.T) {
	ctx := context.Background()
	db, _ := storetest.SQLite(t, thing)
	asked := 0
	pipe, w := io.Pipe()
	go io.Copy(io.Discard, pipe)
	if _, _, err := db.Backup(ctx, w, nil, func() ([]store.BackupFile, error) {
		asked++
		// The rows are written and their transaction is over: one that is added
		// now is not in the backup, with or without its file.
		return nil, db.Operate(ctx, func(tx *store.Tx) error { _, err := tx.Exec("INSERT INTO thing (id) VALUES ('late')"); return err })
	}); err != nil || asked != 1 {
		t.Fatal(asked, err)
	}
}

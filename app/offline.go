package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// OpenLedger opens the database and the key for commands that look at the
// ledger, beside a running server too.
func OpenLedger(ctx context.Context, cfg config.Config) (*store.DB, *ledger.Key, error) {
	if err := exists(cfg); err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return nil, nil, err
	}
	if err := db.Migrate(ctx, authz.Migrations, ledger.Migrations); err != nil {
		db.Close()
		return nil, nil, err
	}
	key, err := ledger.OpenKey(cfg.Keys)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, key, nil
}

// exists keeps a mistyped folder from becoming a new, empty database.
func exists(cfg config.Config) error {
	if cfg.Postgres() {
		return nil
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "yagura.db")); err != nil {
		return fmt.Errorf("there is no database in %s", cfg.Data)
	}
	return nil
}

// Backup writes a backup of database, documents and, if wanted, keys to a file
// that must not exist yet. The server may run meanwhile.
func Backup(ctx context.Context, cfg config.Config, path string, keys bool) (rows int64, count int, err error) {
	if err := exists(cfg); err != nil {
		return 0, 0, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	if err := db.Migrate(ctx, migrations...); err != nil {
		return 0, 0, err
	}
	var files []store.BackupFile
	add := func(root, under string) error {
		return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !d.Type().IsRegular() {
				return ignoreAbsent(err)
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			files = append(files, store.BackupFile{Name: under + filepath.ToSlash(rel), Size: info.Size(),
				Open: func() (io.ReadCloser, error) { return os.Open(path) }})
			return err
		})
	}
	if folder, ok := documentsFolder(cfg); ok {
		if err := add(folder, "documents/"); err != nil {
			return 0, 0, err
		}
	}
	if keys {
		if err := add(cfg.Keys, "keys/"); err != nil {
			return 0, 0, err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, 0, err
	}
	rows, err = db.Backup(ctx, f, files...)
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(path)
	}
	return rows, len(files), err
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// documentsFolder is where documents are, if they are in a folder; those in a
// bucket are backed up by the bucket's own means.
func documentsFolder(cfg config.Config) (string, bool) {
	u, err := url.Parse(cfg.Documents)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return filepath.FromSlash(u.Path), true
}

// Restore reads a backup into an empty database. The keys must be restored
// before the database opens, so the backup is read twice.
func Restore(ctx context.Context, cfg config.Config, path string) (rows int64, count int, err error) {
	read := func(db *store.DB, file func(string, io.Reader) error) (int64, error) {
		f, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		return db.Restore(ctx, f, file)
	}
	if err := store.BackupFiles(path, func(name string, r io.Reader) error {
		rest, ok := strings.CutPrefix(name, "keys/")
		if !ok || rest == "ledger.checkpoint" {
			return nil
		}
		return writeNew(cfg.Keys, rest, r)
	}); err != nil {
		return 0, 0, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	if err := db.Migrate(ctx, migrations...); err != nil {
		return 0, 0, err
	}
	folder, inFolder := documentsFolder(cfg)
	rows, err = read(db, func(name string, r io.Reader) error {
		count++
		if rest, ok := strings.CutPrefix(name, "documents/"); ok {
			if !inFolder {
				return errors.New("the backup holds documents in a folder, the configuration keeps them in a bucket")
			}
			return writeNew(folder, rest, r)
		}
		return nil
	})
	return rows, count, err
}

// writeNew writes a file of a backup below a folder; one that is there already
// must be the same.
func writeNew(folder, name string, r io.Reader) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("the name %q leads out of the folder", name)
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".restoring", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	defer old.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if a, b := digest(old), digest(f); a == nil || !bytes.Equal(a, b) {
		return fmt.Errorf("%s exists and differs from the backup", path)
	}
	return nil
}

// digest is the SHA-256 of what r gives; nil where it can't be read.
func digest(r io.Reader) []byte {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return nil
	}
	return h.Sum(nil)
}

// Access makes a one-time link for a person, for whoever runs the machine.
func Access(ctx context.Context, cfg config.Config, person string) (string, error) {
	if err := exists(cfg); err != nil {
		return "", err
	}
	a, err := Open(ctx, cfg, Options{Workers: -1})
	if err != nil {
		return "", err
	}
	defer a.Close()
	var link string
	err = a.DB.Change(ctx, func(tx *store.Tx) error {
		secret, err := identity.MakeLink(tx, authz.System("command-line"), person, identity.Enrol, tx.Now.Add(30*time.Minute))
		link = a.Identity.LinkURL(secret)
		return err
	})
	return link, err
}

// Import takes files of events in for a source, says what became of each, and
// returns once all of it is in the journal; a server, or this command itself
// where none runs, does the rest.
func Import(ctx context.Context, cfg config.Config, source string, files []string, out io.Writer, lang text.Lang) error {
	if err := exists(cfg); err != nil {
		return err
	}
	a, err := Open(ctx, cfg, Options{Workers: -1})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Telemetry.Start(ctx); err != nil {
		return err
	}
	for _, path := range files {
		f, err := a.Telemetry.Import(ctx, authz.System("command-line"), path, source)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", path, err), a.Telemetry.Close())
		}
		fmt.Fprintln(out, text.T(lang, "%s: %d events are in the journal, %d of them could not be read and are kept as they came.", path, f.Events, f.Unreadable))
	}
	return a.Telemetry.Close()
}

package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/policy"
	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/fault"
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
	if err := claimEvents(ctx, cfg, db, telemetry.Claim); err != nil { // those of a folder that is another's are none
		return 0, 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, 0, err
	}
	var events staged
	defer func() { os.Remove(events.path) }()
	rows, count, err = db.Backup(ctx, f, everyTable, func() (files []store.BackupFile, err error) {
		// After the rows: an event is in the journal until it is among the events.
		if events, err = dumpEvents(ctx, cfg, filepath.Dir(path)); err != nil {
			return nil, err
		}
		files = append(files, store.BackupFile{Name: eventsFile, Path: events.path})
		if folder, ok := documentsFolder(cfg); ok {
			if files, err = below(files, folder, "documents/"); err != nil {
				return nil, err
			}
		}
		if keys {
			files, err = below(files, cfg.Keys, "keys/")
		}
		return files, err
	})
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(path)
	}
	return rows + events.rows, count, err
}

// below adds the files below a folder.
func below(files []store.BackupFile, root, under string) ([]store.BackupFile, error) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreAbsent(err)
		}
		rel, err := filepath.Rel(root, path)
		files = append(files, store.BackupFile{Name: under + filepath.ToSlash(rel), Path: path})
		return err
	})
	return files, err
}

// eventsFile is the events in a backup.
const eventsFile = "events.dump"

func everyTable(string) bool { return true }

// staged is a dump of the events on its way into the whole.
type staged struct {
	path string
	rows int64
}

// dumpEvents asks the event store, also that of a running server, for all of it.
func dumpEvents(ctx context.Context, cfg config.Config, folder string) (s staged, err error) {
	events, closeEvents, err := openEvents(ctx, cfg, slog.Default())
	if err != nil {
		return s, err
	}
	defer closeEvents()
	f, err := os.CreateTemp(folder, ".yagura-events-")
	if err != nil {
		return s, err
	}
	defer f.Close()
	s.path = f.Name()
	s.rows, err = events.Dump(ctx, f)
	return s, err
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
	unlock, err := lockFolder(cfg.Data) // a server that runs there would write meanwhile
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	read := func(db *store.DB, file func(string, io.Reader) error) (int64, error) {
		f, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		return db.Restore(ctx, f, everyTable, file)
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
	kept, closeStore, err := openEvents(ctx, cfg, slog.Default())
	if err != nil {
		return 0, 0, err
	}
	defer closeStore()
	folder, inFolder := documentsFolder(cfg)
	if size, err := kept.Size(ctx); err != nil {
		return 0, 0, err
	} else if size.Events > 0 {
		return 0, 0, errors.New("the event store is not empty")
	}
	// The events first: what is put into the database last says that all of it is
	// there.
	var events int64
	if err := store.BackupFiles(path, func(name string, r io.Reader) error {
		if name != eventsFile {
			return nil
		}
		events, err = kept.Load(ctx, r)
		return err
	}); err != nil {
		return 0, 0, err
	}
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
	if err == nil {
		err = claimEvents(ctx, cfg, db, telemetry.Succeed)
	}
	return rows + events, count, err
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

// identityAlone opens the service of identity for whoever runs the machine. A
// server may run meanwhile: nothing but the database is opened.
func identityAlone(ctx context.Context, cfg config.Config) (*identity.Service, *store.DB, error) {
	if err := exists(cfg); err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return nil, nil, err
	}
	if err = db.Migrate(ctx, migrations...); err == nil {
		var service *identity.Service
		if service, err = openIdentity(cfg, db, authz.NewDirectory(Policy), db.Now(), nil, nil); err == nil {
			return service, db, nil
		}
	}
	return nil, nil, errors.Join(err, db.Close())
}

// Access makes a one-time link for a person, for whoever runs the machine.
func Access(ctx context.Context, cfg config.Config, person string) (string, error) {
	service, db, err := identityAlone(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var secret string
	err = db.Change(ctx, func(tx *store.Tx) error {
		p, err := authz.FindPerson(tx, person)
		if err != nil {
			return err
		}
		if !p.Active {
			return fault.Denied("This person is no longer with the group")
		}
		secret, err = identity.MakeLink(tx, authz.System("command-line"), person, identity.Enrol, tx.Now.Add(30*time.Minute))
		return err
	})
	if err != nil {
		return "", err
	}
	return service.LinkURL(secret), nil
}

// TestPolicy replays past sign-ins of a unit and all below it against a draft of
// its policy. Without a unit it is the one that the text names, or the group.
func TestPolicy(ctx context.Context, cfg config.Config, said []byte, unit string, days int) (sim identity.Simulation, units *authz.Units, err error) {
	if err := exists(cfg); err != nil {
		return sim, nil, err
	}
	db, err := store.Open(ctx, store.Options{DSN: cfg.DSN(), Keys: cfg.Keys})
	if err != nil {
		return sim, nil, err
	}
	defer db.Close()
	if err := db.Migrate(ctx, migrations...); err != nil {
		return sim, nil, err
	}
	dir := authz.NewDirectory(Policy)
	service, err := openIdentity(cfg, db, dir, db.Now(), org.New(db, dir, nil), nil)
	if err != nil {
		return sim, nil, err
	}
	if err := db.View(ctx, func(tx *store.Tx) (err error) { units, err = dir.Units(tx); return err }); err != nil {
		return sim, nil, err
	}
	if draft, _ := policy.Parse(said); unit == "" {
		unit = draft.Unit
	}
	if unit == "" {
		unit = units.Root()
	}
	if _, ok := units.Get(unit); !ok {
		return sim, nil, fmt.Errorf("there is no unit %s", unit)
	}
	sim, err = service.Simulate(ctx, authz.System("command-line"), unit, string(said), days)
	return sim, units, err
}

// Import takes files of events in for a source, says what became of each, and
// returns once all of it is stored and looked at.
func Import(ctx context.Context, cfg config.Config, source string, files []string, out io.Writer, lang text.Lang) error {
	if err := exists(cfg); err != nil {
		return err
	}
	a, err := Open(ctx, cfg, Options{Workers: -1})
	if err != nil {
		return err
	}
	defer a.Close()
	work := a.Telemetry.Drain
	if !cfg.Postgres() {
		unlock, err := lockFolder(cfg.Data)
		if err != nil { // a server runs there, and works on what is taken in
			work = a.Telemetry.Await
		} else {
			defer unlock()
		}
	}
	for _, path := range files {
		f, err := a.Telemetry.Import(ctx, authz.System("command-line"), path, source)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Fprintln(out, text.T(lang, "%s: %d events are in the journal, %d of them could not be read and are kept as they came.", path, f.Events, f.Unreadable))
	}
	return work(ctx)
}

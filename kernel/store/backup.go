package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A backup is a gzipped tar of one unchanging state of the database, in a form
// that belongs to no engine: manifest.json, then the rows of each table in
// parts table/<name>/<n>.ndjson (a JSON array a line, in the manifest's order of
// columns; bytes as {"b64": …}, text that is no UTF-8 as {"text64": …}), then
// files the caller adds (documents, keys), then end.json with the number of rows
// per table. A backup without end.json was cut off. It restores into SQLite as well as into PostgreSQL.

// backupFormat is the version of the format above.
const backupFormat = 1

// BackupManifest says what a backup holds.
type BackupManifest struct {
	Format int            `json:"format"`
	Made   time.Time      `json:"made"`
	Engine Engine         `json:"engine"`
	Steps  map[string]int `json:"steps"` // migration step of each area
	Tables []BackupTable  `json:"tables"`
}

// BackupTable is a table of a backup.
type BackupTable struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

type backupEnd struct {
	Rows map[string]int64 `json:"rows"`
}

// BackupFile is a file that is added to a backup: its name within and where it
// is now.
type BackupFile struct {
	Name string
	Path string
}

const partSize = 4 << 20

// Tables says which tables a backup is of, by name; nil is all of them.
type Tables func(name string) bool

func (t Tables) of(list []BackupTable) []BackupTable {
	if t == nil {
		return list
	}
	return slices.DeleteFunc(list, func(b BackupTable) bool { return !t(b.Name) })
}

// Backup writes a backup of the tables while the database is in use, and returns
// the number of rows and of files. The files, if any, are asked for once the rows
// are written: a document that a row names was there before the row.
func (db *DB) Backup(ctx context.Context, w io.Writer, tables Tables, files func() ([]BackupFile, error)) (rows int64, added int, err error) {
	zip := gzip.NewWriter(w)
	out := tar.NewWriter(zip)
	now := db.Now()
	put := func(name string, content []byte) error {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: now}); err != nil {
			return err
		}
		_, err := out.Write(content)
		return err
	}
	end := backupEnd{map[string]int64{}}
	err = db.View(ctx, func(tx *Tx) error {
		m := BackupManifest{Format: backupFormat, Made: now, Engine: db.engine}
		var err error
		if m.Steps, err = stepsApplied(tx); err != nil {
			return err
		}
		if m.Tables, err = tablesOf(tx); err != nil {
			return err
		}
		m.Tables = tables.of(m.Tables)
		head, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		if err := put("manifest.json", head); err != nil {
			return err
		}
		for _, table := range m.Tables {
			n, err := dumpTable(tx, table, put)
			if err != nil {
				return fmt.Errorf("table %s: %w", table.Name, err)
			}
			end.Rows[table.Name] = n
			rows += n
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("backup: %w", err)
	}
	var list []BackupFile
	if files != nil {
		if list, err = files(); err != nil {
			return 0, 0, fmt.Errorf("backup: %w", err)
		}
	}
	for _, f := range list {
		if err := ctx.Err(); err != nil {
			return 0, 0, fmt.Errorf("backup: %w", err)
		}
		switch err := copyInto(out, f, now); {
		case errors.Is(err, fs.ErrNotExist): // a temporary file of a running server
		case err != nil:
			return 0, 0, fmt.Errorf("backup: %s: %w", f.Name, err)
		default:
			added++
		}
	}
	last, err := json.Marshal(end)
	if err != nil {
		return 0, 0, err
	}
	for _, close := range []func() error{func() error { return put("end.json", last) }, out.Close, zip.Close} {
		if err := close(); err != nil {
			return 0, 0, fmt.Errorf("backup: %w", err)
		}
	}
	return rows, added, nil
}

func copyInto(out *tar.Writer, f BackupFile, now time.Time) error {
	r, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: info.Size(), ModTime: now}); err != nil {
		return err
	}
	_, err = io.CopyN(out, r, info.Size())
	return err
}

func stepsApplied(tx *Tx) (map[string]int, error) {
	type step struct {
		area   string
		number int
	}
	list, err := Rows(tx, func(r Scanner) (s step, err error) { return s, r.Scan(&s.area, &s.number) },
		"SELECT area, MAX(number) FROM store_migration GROUP BY area")
	steps := map[string]int{}
	for _, s := range list {
		steps[s.area] = s.number
	}
	return steps, err
}

// tablesOf lists the tables with their columns: plain ones only, as full-text
// indexes differ between the engines and are made from plain tables.
func tablesOf(tx *Tx) ([]BackupTable, error) {
	query := "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
	columns := "SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid"
	if tx.db.engine == Postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
		columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' AND data_type <> 'tsvector' ORDER BY ordinal_position"
	}
	names, err := Texts(tx, query)
	if err != nil {
		return nil, err
	}
	var tables []BackupTable
	for _, name := range names {
		if name == "store_migration" {
			continue
		}
		cols, err := Texts(tx, columns, name)
		if err != nil {
			return nil, err
		}
		tables = append(tables, BackupTable{name, cols})
	}
	return tables, nil
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
	}
	return strings.Join(q, ", ")
}

func dumpTable(tx *Tx, table BackupTable, put func(string, []byte) error) (n int64, err error) {
	rows, err := tx.Query("SELECT " + quoted(table.Columns) + " FROM " + quoted([]string{table.Name}))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var part bytes.Buffer
	number := 0
	flush := func() error {
		if part.Len() == 0 {
			return nil
		}
		number++
		err := put(fmt.Sprintf("table/%s/%06d.ndjson", table.Name, number), part.Bytes())
		part.Reset()
		return err
	}
	values := make([]any, len(table.Columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				values[i] = map[string]string{"b64": base64.StdEncoding.EncodeToString(v)}
			case string:
				if !utf8.ValidString(v) { // JSON would change it
					values[i] = map[string]string{"text64": base64.StdEncoding.EncodeToString([]byte(v))}
				}
			}
		}
		line, err := json.Marshal(values)
		if err != nil {
			return n, err
		}
		part.Write(line)
		part.WriteByte('\n')
		n++
		if part.Len() >= partSize {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	return n, flush()
}

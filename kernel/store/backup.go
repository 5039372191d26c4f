package store

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
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

// Restore reads a backup of the tables into this database, which must be empty
// and have the same migrations. Files that were added are handed to file by
// name. Nothing is kept in the database unless the whole backup was read and
// counted.
func (db *DB) Restore(ctx context.Context, r io.Reader, tables Tables, file func(name string, r io.Reader) error) (rows int64, err error) {
	zip, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return 0, fmt.Errorf("restore: this is no backup: %w", err)
	}
	in := tar.NewReader(zip)
	err = db.Operate(ctx, func(tx *Tx) error {
		rows, err = restore(tx, in, tables, file)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("restore: %w", err)
	}
	return rows, nil
}

func restore(tx *Tx, in *tar.Reader, part Tables, file func(string, io.Reader) error) (rows int64, err error) {
	var manifest BackupManifest
	here := map[string]BackupTable{}
	counts := map[string]int64{}
	tables := map[string]BackupTable{}
	for {
		head, err := in.Next()
		if err == io.EOF {
			return rows, errors.New("the backup ends before its last part: it was cut off")
		}
		if err != nil {
			return rows, err
		}
		if manifest.Format == 0 && head.Name != "manifest.json" {
			return rows, errors.New("this is no backup: it does not begin with manifest.json")
		}
		switch {
		case head.Name == "manifest.json":
			if err := json.NewDecoder(in).Decode(&manifest); err != nil {
				return rows, fmt.Errorf("manifest.json: %w", err)
			}
			if manifest.Format != backupFormat {
				return rows, fmt.Errorf("the backup has format %d, this program reads %d", manifest.Format, backupFormat)
			}
			list, err := tablesOf(tx)
			if err != nil {
				return rows, err
			}
			list = part.of(list)
			if err := fits(tx, manifest, list); err != nil {
				return rows, err
			}
			for _, t := range list {
				here[t.Name] = t
			}
			for _, t := range manifest.Tables {
				tables[t.Name] = t
			}
			if err := clear(tx, list); err != nil {
				return rows, err
			}
		case strings.HasPrefix(head.Name, "table/"):
			name := filepath.Base(filepath.Dir(head.Name))
			table, known := tables[name]
			if !known {
				return rows, fmt.Errorf("%s: the manifest has no such table", head.Name)
			}
			if _, ok := here[name]; !ok {
				return rows, fmt.Errorf("%s: this database has no table %s", head.Name, name)
			}
			n, err := loadTable(tx, table, here[name], in)
			if err != nil {
				return rows, fmt.Errorf("%s: %w", head.Name, err)
			}
			counts[name] += n
			rows += n
		case head.Name == "end.json":
			var end backupEnd
			if err := json.NewDecoder(in).Decode(&end); err != nil {
				return rows, fmt.Errorf("end.json: %w", err)
			}
			for _, name := range slices.Sorted(maps.Keys(end.Rows)) {
				if counts[name] != end.Rows[name] {
					return rows, fmt.Errorf("table %s has %d rows in the backup, %d were written into it", name, counts[name], end.Rows[name])
				}
			}
			return rows, nil
		default:
			if err := file(head.Name, in); err != nil {
				return rows, fmt.Errorf("%s: %w", head.Name, err)
			}
		}
	}
}

func fits(tx *Tx, m BackupManifest, list []BackupTable) error {
	steps, err := stepsApplied(tx)
	if err != nil {
		return err
	}
	for _, area := range slices.Sorted(maps.Keys(m.Steps)) {
		if here, ok := steps[area]; ok && here != m.Steps[area] {
			return fmt.Errorf("the backup has step %d of the tables of %s, this program %d: restore with the version that made it, then upgrade", m.Steps[area], area, here)
		}
	}
	filled := filledBy(tx.db.applied)
	for _, t := range list {
		if filled[t.Name] {
			continue
		}
		n, err := countIf(tx, t.Name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("the database is in use already (%s has %d rows): a backup is restored into an empty one", t.Name, n)
		}
	}
	return nil
}

var filling = regexp.MustCompile(`(?im)^INSERT INTO (\w+) \([^)]*\) VALUES`)

// filledBy are the tables that migrations put rows into, so that a database
// that nobody has used yet is not empty either.
func filledBy(sets []Migrations) map[string]bool {
	filled := map[string]bool{}
	for _, set := range sets {
		for _, m := range filling.FindAllStringSubmatch(set.SQL, -1) {
			filled[m[1]] = true
		}
	}
	return filled
}

// countIf counts the rows of a table if there is one.
func countIf(tx *Tx, table string) (n int64, err error) {
	list, err := tablesOf(tx)
	if err != nil || !slices.ContainsFunc(list, func(t BackupTable) bool { return t.Name == table }) {
		return 0, err
	}
	err = tx.QueryRow("SELECT COUNT(*) FROM " + quoted([]string{table})).Scan(&n)
	return n, err
}

// clear takes out what migrations put in.
func clear(tx *Tx, tables []BackupTable) error {
	for _, t := range tables {
		n, err := countIf(tx, t.Name)
		if err != nil {
			return err
		}
		if n > 0 {
			if _, err := tx.Exec("DELETE FROM " + quoted([]string{t.Name})); err != nil {
				return err
			}
		}
	}
	return nil
}

func loadTable(tx *Tx, table, here BackupTable, r io.Reader) (n int64, err error) {
	for _, c := range table.Columns {
		if !slices.Contains(here.Columns, c) {
			return 0, fmt.Errorf("this database has no column %s in %s", c, table.Name)
		}
	}
	width := len(table.Columns)
	perStatement := max(1, min(500, 30000/width))
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		var b strings.Builder
		b.WriteString("INSERT INTO " + quoted([]string{table.Name}) + " (" + quoted(table.Columns) + ") VALUES ")
		for i := range args {
			switch {
			case i%width == 0 && i > 0:
				b.WriteString("),(")
			case i%width == 0:
				b.WriteString("(")
			default:
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "$%d", i+1)
		}
		b.WriteByte(')')
		_, err := tx.Exec(b.String(), args...)
		args = args[:0]
		return err
	}
	d := json.NewDecoder(r)
	d.UseNumber()
	for d.More() {
		var row []any
		if err := d.Decode(&row); err != nil {
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		if len(row) != width {
			return n, fmt.Errorf("row %d has %d values, not %d", n+1, len(row), width)
		}
		for _, v := range row {
			value, err := restored(v)
			if err != nil {
				return n, fmt.Errorf("row %d: %w", n+1, err)
			}
			args = append(args, value)
		}
		n++
		if len(args) >= perStatement*width {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	return n, flush()
}

func restored(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case map[string]any:
		if s, ok := v["b64"].(string); ok {
			return base64.StdEncoding.DecodeString(s)
		}
		s, ok := v["text64"].(string)
		if !ok {
			return nil, errors.New("a value is neither text nor number nor bytes")
		}
		raw, err := base64.StdEncoding.DecodeString(s)
		return string(raw), err
	}
	return v, nil
}

// BackupFiles hands the files that were added to a backup to file, without
// touching a database.
func BackupFiles(path string, file func(name string, r io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("restore: this is no backup: %w", err)
	}
	in := tar.NewReader(zip)
	for {
		head, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		if head.Name == "manifest.json" || head.Name == "end.json" || strings.HasPrefix(head.Name, "table/") {
			continue
		}
		if err := file(head.Name, in); err != nil {
			return fmt.Errorf("restore: %s: %w", head.Name, err)
		}
	}
}

package store

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

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

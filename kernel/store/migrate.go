package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Migrations are the numbered steps of one area's tables, in one text. A step
// begins with a line `-- migration N: what it does`; one that differs between
// the engines is written twice, `-- migration N (sqlite): …` and
// `-- migration N (postgres): …`. Steps that were ever released never change;
// a changed one is refused at start.
//
// The types are text, bigint, smallint and bytea. SQLite gets blob for bytea;
// PostgreSQL gets COLLATE "C" on every text column, so that both sort by bytes.
type Migrations struct {
	Area string
	SQL  string
}

type step struct {
	number int
	title  string
	sql    string
}

var stepLine = regexp.MustCompile(`(?m)^-- migration (\d+)(?: \((sqlite|postgres)\))?: (.+)$`)

func (m Migrations) steps(engine Engine) ([]step, error) {
	marks := stepLine.FindAllStringSubmatchIndex(m.SQL, -1)
	if len(marks) == 0 {
		return nil, fmt.Errorf("migrations of %s: no line `-- migration 1: …`", m.Area)
	}
	var steps []step
	for i, mark := range marks {
		end := len(m.SQL)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		if mark[4] >= 0 && Engine(m.SQL[mark[4]:mark[5]]) != engine {
			continue
		}
		n, _ := strconv.Atoi(m.SQL[mark[2]:mark[3]])
		if n != len(steps)+1 {
			return nil, fmt.Errorf("migrations of %s: step %d follows step %d", m.Area, n, len(steps))
		}
		steps = append(steps, step{n, m.SQL[mark[6]:mark[7]], m.SQL[mark[1]:end]})
	}
	return steps, nil
}

var (
	textType  = regexp.MustCompile(`(?i)\b(text)\b(\s+(?:NOT NULL|PRIMARY KEY|DEFAULT|UNIQUE|REFERENCES)|\s*[,)\n])`)
	bytesType = regexp.MustCompile(`(?i)\bbytea\b`)
)

func dialect(engine Engine, sql string) string {
	if engine == Postgres {
		return textType.ReplaceAllString(sql, `$1 COLLATE "C"$2`)
	}
	return bytesType.ReplaceAllString(sql, "blob")
}

// Migrate brings the tables of the areas up to date, each step in a
// transaction of its own. Servers that start together wait for each other.
func (db *DB) Migrate(ctx context.Context, sets ...Migrations) error {
	var conn *sql.Conn
	if db.engine == SQLite {
		if _, err := db.writer.take(ctx, false); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		defer db.writer.pass(nil)
		l, err := db.writer.lites.take(ctx)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		defer db.writer.lites.give(l)
		conn = l.conn
	} else {
		var err error
		if conn, err = db.write.Conn(ctx); err != nil {
			return fmt.Errorf("migrate: %w", withoutSecret(err))
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(794210)"); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(794210)")
	}
	if _, err := conn.ExecContext(ctx, dialect(db.engine, `CREATE TABLE IF NOT EXISTS store_migration (
		area text NOT NULL, number bigint NOT NULL, digest text NOT NULL, at bigint NOT NULL, PRIMARY KEY (area, number))`)); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, set := range sets {
		if err := db.migrate(ctx, conn, set); err != nil {
			return err
		}
		db.applied = append(db.applied, set)
	}
	return nil
}

func (db *DB) migrate(ctx context.Context, conn *sql.Conn, set Migrations) error {
	steps, err := set.steps(db.engine)
	if err != nil {
		return err
	}
	done := map[int]string{}
	rows, err := conn.QueryContext(ctx, "SELECT number, digest FROM store_migration WHERE area = $1", set.Area)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", set.Area, err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var digest string
		if err := rows.Scan(&n, &digest); err != nil {
			return fmt.Errorf("migrate %s: %w", set.Area, err)
		}
		done[n] = digest
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("migrate %s: %w", set.Area, err)
	}
	if len(done) > len(steps) {
		return fmt.Errorf("migrate %s: the database is at step %d, this program knows %d: it is older than the database", set.Area, len(done), len(steps))
	}
	for _, s := range steps {
		sum := sha256.Sum256([]byte(s.sql))
		digest := hex.EncodeToString(sum[:8])
		if old, ok := done[s.number]; ok {
			if old != digest {
				return fmt.Errorf("migrate %s: step %d (%s) is not the one that was applied to this database", set.Area, s.number, s.title)
			}
			continue
		}
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("migrate %s: %w", set.Area, err)
		}
		// With SQLite another process may have been here since the list was read.
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM store_migration WHERE area = $1 AND number = $2", set.Area, s.number).Scan(&there); err != nil || there > 0 {
			tx.Rollback()
			if err != nil {
				return fmt.Errorf("migrate %s: %w", set.Area, err)
			}
			continue
		}
		for _, statement := range split(dialect(db.engine, s.sql)) {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				tx.Rollback()
				return fmt.Errorf("migrate %s, step %d (%s): %s: %w", set.Area, s.number, s.title, brief(statement), err)
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO store_migration (area, number, digest, at) VALUES ($1,$2,$3,$4)",
			set.Area, s.number, digest, Millis(db.Now())); err != nil {
			tx.Rollback()
			return fmt.Errorf("migrate %s: %w", set.Area, err)
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("migrate %s: %w", set.Area, err)
		}
	}
	return nil
}

// split cuts a step into statements at semicolons that end a line. A body with
// semicolons of its own (a trigger, a function) stands between lines `-- begin`
// and `-- end`.
func split(sql string) []string {
	var statements []string
	var b strings.Builder
	whole := false
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			statements = append(statements, s)
		}
		b.Reset()
	}
	for line := range strings.Lines(sql) {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "-- begin":
			whole = true
		case trimmed == "-- end":
			whole = false
			flush()
		case strings.HasPrefix(trimmed, "--"):
		default:
			b.WriteString(line)
			if !whole && strings.HasSuffix(trimmed, ";") {
				flush()
			}
		}
	}
	flush()
	return statements
}

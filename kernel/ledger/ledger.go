// Package ledger keeps what happened in the order in which it happened, so
// that nobody can change it unnoticed, and tells it to those who must react.
//
// A transaction appends rows to an intake (store.Tx.Record). The sealer moves
// them to the ledger, gives them gapless positions, chains them by hash
// (SHA-256) and signs a checkpoint for every batch (Ed25519, in the signed note
// format of C2SP). Verify replays the chain and names the first row that does
// not fit. Subscribers read sealed rows in order; their position and their
// effect commit together, so each row takes effect once.
package ledger

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of the ledger.
var Migrations = store.Migrations{Area: "ledger", SQL: schema}

// Read is the act of reading the ledger.
const Read authz.Act = "ledger.read"

// Acts says who may read the ledger, each within his units.
var Acts = authz.Table{
	Read: {authz.Admin, authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Analyst, authz.Regional, authz.Assessor},
}

// Entry is a row of the ledger.
type Entry struct {
	Pos     int64           `json:"pos"` // from 1 without a gap; 0 while it is not sealed
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Unit    string          `json:"unit"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject"`
	Body    json.RawMessage `json:"body"`
	Hash    string          `json:"hash"` // base64 of SHA-256 over the row before and this one
}

// Into reads the fact of the entry.
func (e Entry) Into(fact any) error {
	if err := json.Unmarshal(e.Body, fact); err != nil {
		return fmt.Errorf("ledger row %d (%s): %w", e.Pos, e.Kind, err)
	}
	return nil
}

// seal is the hash of a row: SHA-256 over a label, the hash of the row before,
// position and time as 64 bit big endian numbers, and each text with its
// length before it, so that no text can pass for two.
func seal(before []byte, e Entry) []byte {
	h := sha256.New()
	h.Write([]byte("yagura ledger row 1\n"))
	h.Write(before)
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	number(e.Pos)
	number(store.Millis(e.At))
	for _, s := range []string{e.ID, e.Actor, e.Unit, e.Kind, e.Subject, string(e.Body)} {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

func encode(hash []byte) string { return base64.StdEncoding.EncodeToString(hash) }

const columns = "pos, id, at, actor, unit, kind, subject, body, hash"

func read(r store.Scanner) (e Entry, err error) {
	var at int64
	var body string
	err = r.Scan(&e.Pos, &e.ID, &at, &e.Actor, &e.Unit, &e.Kind, &e.Subject, &body, &e.Hash)
	e.At, e.Body = store.Time(at), json.RawMessage(body)
	return e, err
}

// History is all that happened to a subject, oldest first, rows included that
// are not yet sealed.
func History(tx *store.Tx, scope authz.Scope, subject string) ([]Entry, error) {
	where, args := scope.Where("unit", 2)
	return store.Rows(tx, read, "SELECT "+columns+" FROM ledger WHERE subject = $1 AND "+where+
		" UNION ALL SELECT 0, id, at, actor, unit, kind, subject, body, '' FROM ledger_pending WHERE subject = $1 AND "+where+
		" ORDER BY 3, 2", append([]any{subject}, args...)...)
}

// Filter narrows a list of entries; empty fields do not.
type Filter struct {
	Subject, Actor string
	Kind           string // a kind, or an area with a dot: "incident."
	From, To       time.Time
	Asc            bool  // oldest first
	Past           int64 // only positions after it in the order: the next page
}

// List returns sealed entries whose unit lies in the scope, newest first unless
// the filter says otherwise.
func List(tx *store.Tx, scope authz.Scope, f Filter, limit int) ([]Entry, error) {
	var where []string
	var args []any
	add := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, cond)
	}
	if f.Subject != "" {
		add("subject = ?", f.Subject)
	}
	if f.Actor != "" {
		add("actor = ?", f.Actor)
	}
	if strings.HasSuffix(f.Kind, ".") {
		add("kind >= ? AND kind < ?", f.Kind, strings.TrimSuffix(f.Kind, ".")+"/")
	} else if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if !f.From.IsZero() {
		add("at >= ?", store.Millis(f.From))
	}
	if !f.To.IsZero() {
		add("at < ?", store.Millis(f.To))
	}
	order := "DESC"
	if f.Asc {
		order = "ASC"
		add("pos > ?", f.Past)
	} else if f.Past > 0 {
		add("pos < ?", f.Past)
	}
	in, more := scope.Where("unit", len(args)+1)
	where, args = append(where, in), append(args, more...)
	args = append(args, limit)
	return store.Rows(tx, read, fmt.Sprintf("SELECT %s FROM ledger WHERE %s ORDER BY pos %s LIMIT $%d",
		columns, strings.Join(where, " AND "), order, len(args)), args...)
}

// At is the sealed entry of a position, with the hash of the one before it.
func At(tx *store.Tx, scope authz.Scope, pos int64) (e Entry, before string, err error) {
	where, args := scope.Where("unit", 2)
	rows, err := store.Rows(tx, read, "SELECT "+columns+" FROM ledger WHERE pos = $1 AND "+where, append([]any{pos}, args...)...)
	if err != nil {
		return e, "", err
	}
	if len(rows) == 0 {
		return e, "", fault.NotFound("There is no such entry, or you may not see it")
	}
	hashes, err := store.Texts(tx, "SELECT hash FROM ledger WHERE pos = $1", pos-1)
	if len(hashes) > 0 {
		before = hashes[0]
	}
	return rows[0], before, err
}

// Fits tells whether an entry's hash follows from its content and the hash of
// the row before.
func Fits(e Entry, before string) error {
	last, err := base64.StdEncoding.DecodeString(before)
	if err == nil && encode(seal(last, e)) == e.Hash {
		return nil
	}
	return &BrokenRow{Pos: e.Pos, Reason: text.M("does not fit its hash")}
}

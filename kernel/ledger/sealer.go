package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yagura/kernel/file"
	"yagura/kernel/store"
)

// Key signs checkpoints. Its file, ledger.key in the keys folder, is shared by
// all servers of one database.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// OpenKey reads the key from the folder and makes it at the first start.
func OpenKey(folder string) (*Key, error) {
	raw, err := store.KeyFile(folder, "ledger.key", func() []byte {
		secret, public, err := note.GenerateKey(rand.Reader, "yagura-ledger")
		if err != nil {
			panic(err) // only for a name with spaces
		}
		return []byte(secret + "\n" + public)
	})
	if err != nil {
		return nil, err
	}
	secret, public, _ := strings.Cut(string(raw), "\n")
	k := &Key{public: public}
	if k.signer, err = note.NewSigner(secret); err != nil {
		return nil, fmt.Errorf("open keys: ledger.key: %w", err)
	}
	if k.verifier, err = note.NewVerifier(public); err != nil {
		return nil, fmt.Errorf("open keys: ledger.key: %w", err)
	}
	return k, nil
}

// Fits refuses a key that did not sign the latest checkpoint, as of a second
// server with a folder of keys of its own: what it seals would not verify. A
// checkpoint that was tampered with is not its business.
func (k *Key) Fits(tx *store.Tx) error {
	_, _, err := Latest(tx, k)
	var unknown *note.UnverifiedNoteError
	if errors.As(err, &unknown) {
		return errors.New("open keys: ledger.key is not the one of this database: set YAGURA_KEYS to the folder with its keys, or restore them from a backup")
	}
	return nil
}

// Public is the verifier's key in the text form of signed notes, to be given
// to whoever checks checkpoints elsewhere.
func (k *Key) Public() string { return k.public }

// Checkpoint states that the ledger had so many rows and this hash.
type Checkpoint struct {
	Seq  int64 // from 1 without a gap
	Size int64
	Hash string
	At   time.Time
	Note string // the signed note it was read from
}

const origin = "yagura-ledger"

func (k *Key) sign(c Checkpoint) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\nseq %d\ntime %s\n", origin, c.Size, c.Hash, c.Seq, c.At.UTC().Format(time.RFC3339Nano))
	signed, err := note.Sign(&note.Note{Text: text}, k.signer)
	return string(signed), err
}

// Open reads a checkpoint and checks its signature.
func (k *Key) Open(signed string) (Checkpoint, error) {
	n, err := note.Open([]byte(signed), note.VerifierList(k.verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c := Checkpoint{Note: signed}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 5 || lines[0] != origin {
		return c, errors.New("checkpoint: not one of a ledger")
	}
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return c, fmt.Errorf("checkpoint, line 2: %w", err)
	}
	if sum, err := base64.StdEncoding.DecodeString(lines[2]); err != nil || len(sum) != 32 {
		return c, errors.New("checkpoint, line 3: not a hash")
	}
	c.Hash = lines[2]
	if c.Seq, err = strconv.ParseInt(strings.TrimPrefix(lines[3], "seq "), 10, 64); err != nil {
		return c, fmt.Errorf("checkpoint, line 4: %w", err)
	}
	if c.At, err = time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[4], "time ")); err != nil {
		return c, fmt.Errorf("checkpoint, line 5: %w", err)
	}
	return c, nil
}

// Sealer moves recorded rows into the ledger.
type Sealer struct {
	db     *store.DB
	key    *Key
	log    *slog.Logger
	head   string // file of the latest checkpoint, outside the database
	mu     sync.Mutex
	sealed []chan struct{}
}

// NewSealer returns a sealer. The latest checkpoint is also kept in the file
// ledger.checkpoint of the keys folder, so that cutting the ledger's end off in
// the database is noticed.
func NewSealer(db *store.DB, key *Key, folder string, log *slog.Logger) *Sealer {
	return &Sealer{db: db, key: key, log: log, head: filepath.Join(folder, "ledger.checkpoint")}
}

// perBatch bounds a sealing transaction.
const perBatch = 1000

// Sealed returns a channel that receives after rows were sealed here.
func (s *Sealer) Sealed() <-chan struct{} {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = append(s.sealed, c)
	return c
}

// pause is what lies at least between two batches. A single row is sealed at
// once; under load a batch takes in what came meanwhile, instead of a
// transaction of the sealer for each of the others.
const pause = 25 * time.Millisecond

// Run seals until the context ends. Rows of this process wake it at once; rows
// of other servers are found within a quarter of a second.
func (s *Sealer) Run(ctx context.Context) {
	wake := s.db.Recorded()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := s.Seal(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("sealing the ledger failed", "error", err)
		}
		if n == perBatch && err == nil {
			continue
		}
		if n > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// Seal moves one batch and returns how many rows it had. Of several servers on
// PostgreSQL one seals at a time; the lock goes with its transaction, so a
// killed server is replaced at once.
func (s *Sealer) Seal(ctx context.Context) (int, error) {
	var n int
	var signed string
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		n, signed = 0, ""
		if tx.Engine() == store.Postgres {
			if _, err := tx.Exec("SELECT pg_advisory_xact_lock(794211)"); err != nil {
				return err
			}
		}
		rows, err := store.Rows(tx, read, `SELECT 0, id, at, actor, unit, kind, subject, body, '' FROM ledger_pending ORDER BY id LIMIT $1`, perBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		var pos int64
		var hash string
		err = tx.QueryRow("SELECT pos, hash FROM ledger ORDER BY pos DESC LIMIT 1").Scan(&pos, &hash)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		before, err := base64.StdEncoding.DecodeString(hash)
		if err != nil {
			return fmt.Errorf("ledger row %d: its hash can't be read: %w", pos, err)
		}
		for i := range rows {
			pos++
			rows[i].Pos = pos
			before = seal(before, rows[i])
			rows[i].Hash = encode(before)
		}
		if err := insert(tx, rows); err != nil {
			return err
		}
		c := Checkpoint{Size: pos, Hash: encode(before), At: tx.Now}
		if err := tx.QueryRow("SELECT COALESCE(MAX(seq), 0) + 1 FROM ledger_checkpoint").Scan(&c.Seq); err != nil {
			return err
		}
		if signed, err = s.key.sign(c); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO ledger_checkpoint (seq, size, at, note) VALUES ($1,$2,$3,$4)", c.Seq, c.Size, tx.Millis(), signed); err != nil {
			return err
		}
		n = len(rows)
		return nil
	})
	if err != nil || n == 0 {
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := file.Replace(s.head, 0o600, file.Bytes([]byte(signed))); err != nil {
		s.log.Error("the latest checkpoint could not be written beside the database", "error", err)
	}
	for _, c := range s.sealed {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return n, nil
}

// perInsert bounds the rows of a statement: SQLite looks its parameters up one
// after the other, so a statement with many takes the square of their number.
const perInsert = 50

func insert(tx *store.Tx, rows []Entry) error {
	for len(rows) > 0 {
		part := rows[:min(perInsert, len(rows))]
		if err := insertPart(tx, part); err != nil {
			return err
		}
		rows = rows[len(part):]
	}
	return nil
}

func insertPart(tx *store.Tx, rows []Entry) error {
	var b, gone strings.Builder
	b.WriteString("INSERT INTO ledger (" + columns + ") VALUES ")
	gone.WriteString("DELETE FROM ledger_pending WHERE id IN (")
	args := make([]any, 0, 9*len(rows))
	ids := make([]any, 0, len(rows))
	for i, e := range rows {
		if i > 0 {
			b.WriteByte(',')
			gone.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range 9 {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(9*i + j + 1))
		}
		b.WriteByte(')')
		gone.WriteString("$" + strconv.Itoa(i+1))
		args = append(args, e.Pos, e.ID, store.Millis(e.At), e.Actor, e.Unit, e.Kind, e.Subject, string(e.Body), e.Hash)
		ids = append(ids, e.ID)
	}
	gone.WriteByte(')')
	if _, err := tx.Exec(b.String(), args...); err != nil {
		return err
	}
	deleted, err := tx.Exec(gone.String(), ids...)
	if err == nil && deleted != int64(len(rows)) {
		err = fmt.Errorf("sealed %d rows but took %d from the intake", len(rows), deleted)
	}
	return err
}

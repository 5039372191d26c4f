package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Report is the outcome of Verify.
type Report struct {
	Rows        int64       `json:"rows"`
	Checkpoints int64       `json:"checkpoints"`
	Pending     int64       `json:"pending"` // recorded, not yet sealed
	Hash        string      `json:"hash"`
	Broken      *BrokenRow  `json:"broken,omitempty"` // the first that does not fit; nil: all is well
	Last        *Checkpoint `json:"-"`
}

// BrokenRow names a row, or a checkpoint, that does not fit.
type BrokenRow struct {
	Pos        int64
	Checkpoint int64
	Reason     text.Message
}

// Message is what a person may read of it.
func (b *BrokenRow) Message() text.Message {
	if b.Checkpoint != 0 {
		return text.M("ledger checkpoint %d: %s", b.Checkpoint, b.Reason)
	}
	return text.M("ledger row %d: %s", b.Pos, b.Reason)
}

func (b *BrokenRow) Error() string { return b.Message().String() }

// MarshalJSON gives the reason in English, for programs.
func (b *BrokenRow) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Pos        int64  `json:"pos,omitempty"`
		Checkpoint int64  `json:"checkpoint,omitempty"`
		Reason     string `json:"reason"`
	}{b.Pos, b.Checkpoint, b.Reason.String()})
}

// Verify replays the whole chain against the checkpoints in the database and
// those given, such as the one of Head or one kept elsewhere.
func Verify(ctx context.Context, db *store.DB, key *Key, kept ...Checkpoint) (Report, error) {
	var report Report
	err := db.View(ctx, func(tx *store.Tx) error {
		report = Report{}
		err := verify(tx, key, kept, &report)
		var broken *BrokenRow
		if errors.As(err, &broken) {
			report.Broken = broken
			return nil
		}
		return err
	})
	return report, err
}

const perPage = 2000

func verify(tx *store.Tx, key *Key, kept []Checkpoint, report *Report) error {
	if err := tx.QueryRow("SELECT COUNT(*) FROM ledger_pending").Scan(&report.Pending); err != nil {
		return err
	}
	keptAt := map[int64]Checkpoint{}
	var most int64
	for _, c := range kept {
		keptAt[c.Size] = c
		most = max(most, c.Size)
	}
	marks := &checkpoints{tx: tx, key: key}
	next, err := marks.next()
	if err != nil {
		return err
	}
	var before []byte
	for {
		rows, err := store.Rows(tx, read, "SELECT "+columns+" FROM ledger WHERE pos > $1 ORDER BY pos LIMIT $2", report.Rows, perPage)
		if err != nil {
			return err
		}
		for _, e := range rows {
			if e.Pos != report.Rows+1 {
				return &BrokenRow{Pos: report.Rows + 1, Reason: text.M("is missing")}
			}
			report.Rows = e.Pos
			want := seal(before, e)
			if got, err := base64.StdEncoding.DecodeString(e.Hash); err != nil || !bytes.Equal(got, want) {
				return &BrokenRow{Pos: e.Pos, Reason: text.M("does not fit its hash: it was changed, or is not the row that was sealed at this place")}
			}
			before = want
			report.Hash = e.Hash
			if c, ok := keptAt[e.Pos]; ok && c.Hash != e.Hash {
				return &BrokenRow{Pos: e.Pos, Reason: text.M("is not what a kept checkpoint says: rows up to it were sealed anew")}
			}
			if next == nil {
				return &BrokenRow{Pos: e.Pos, Reason: text.M("lies behind the last signed checkpoint: the sealer did not put it there")}
			}
			if next.Size < e.Pos {
				return &BrokenRow{Checkpoint: next.Seq, Reason: text.M("its size %d is out of order", next.Size)}
			}
			if next.Size == e.Pos {
				if next.Hash != e.Hash {
					return &BrokenRow{Pos: e.Pos, Reason: text.M("is not what signed checkpoint %d says: rows up to it were sealed anew", next.Seq)}
				}
				if next, err = marks.next(); err != nil {
					return err
				}
			}
		}
		if len(rows) < perPage {
			break
		}
	}
	report.Checkpoints, report.Last = marks.seq, marks.last
	if next != nil {
		return &BrokenRow{Pos: report.Rows + 1, Reason: text.M("is missing: checkpoint %d says there are %d rows", next.Seq, next.Size)}
	}
	if most > report.Rows {
		return &BrokenRow{Pos: report.Rows + 1, Reason: text.M("is missing: a kept checkpoint says there were %d rows", most)}
	}
	return nil
}

// checkpoints reads the checkpoints of the database in order.
type checkpoints struct {
	tx   *store.Tx
	key  *Key
	seq  int64
	page []Checkpoint
	last *Checkpoint
}

func (c *checkpoints) next() (*Checkpoint, error) {
	if len(c.page) == 0 {
		var err error
		c.page, err = store.Rows(c.tx, func(r store.Scanner) (p Checkpoint, err error) {
			err = r.Scan(&p.Seq, &p.Size, &p.Note)
			return p, err
		}, "SELECT seq, size, note FROM ledger_checkpoint WHERE seq > $1 ORDER BY seq LIMIT $2", c.seq, perPage)
		if err != nil {
			return nil, err
		}
		if len(c.page) == 0 {
			return nil, nil
		}
	}
	row := c.page[0]
	c.page = c.page[1:]
	if row.Seq != c.seq+1 {
		return nil, &BrokenRow{Checkpoint: c.seq + 1, Reason: text.M("is missing")}
	}
	signed, err := c.key.Open(row.Note)
	if err != nil {
		return nil, &BrokenRow{Checkpoint: row.Seq, Reason: text.M("its signature does not hold")}
	}
	if signed.Seq != row.Seq || signed.Size != row.Size {
		return nil, &BrokenRow{Checkpoint: row.Seq, Reason: text.M("its row does not say what was signed")}
	}
	if c.last != nil && signed.Size <= c.last.Size {
		return nil, &BrokenRow{Checkpoint: row.Seq, Reason: text.M("has no more rows than the one before")}
	}
	c.seq, c.last = row.Seq, &signed
	return &signed, nil
}

// Head is the checkpoint that the sealer keeps beside the database; false where
// there is none yet.
func Head(key *Key, folder string) (Checkpoint, bool, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "ledger.checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, false, nil
	}
	if err != nil {
		return Checkpoint{}, false, err
	}
	c, err := key.Open(string(raw))
	return c, err == nil, err
}

// Latest is the newest signed checkpoint in the database; false where nothing
// is sealed yet.
func Latest(tx *store.Tx, key *Key) (Checkpoint, bool, error) {
	notes, err := store.Texts(tx, "SELECT note FROM ledger_checkpoint ORDER BY seq DESC LIMIT 1")
	if err != nil || len(notes) == 0 {
		return Checkpoint{}, false, err
	}
	c, err := key.Open(notes[0])
	return c, err == nil, err
}

// Export writes every sealed row as a line of JSON (fields of Entry), oldest
// first.
func Export(ctx context.Context, db *store.DB, w io.Writer) (rows int64, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		for rows = 0; ; {
			page, err := store.Rows(tx, read, "SELECT "+columns+" FROM ledger WHERE pos > $1 ORDER BY pos LIMIT $2", rows, perPage)
			if err != nil {
				return err
			}
			for _, e := range page {
				if err := out.Encode(e); err != nil {
					return err
				}
				rows = e.Pos
			}
			if len(page) < perPage {
				return nil
			}
		}
	})
	return rows, err
}

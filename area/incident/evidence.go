package incident

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Piece is a piece of evidence: a document known by its SHA-256, with the
// chain of those who had it.
type Piece struct {
	ID     string
	SHA256 string // hexadecimal
	Size   int64  // bytes
	Name   string
	Media  string
	Note   string
	Holder string // who has it in custody
	At     time.Time
	By     string
	Chain  []Custody
}

// Custody is one act on a piece of evidence. It is never changed.
type Custody struct {
	At       time.Time
	Actor    string
	Act      string // added, opened, downloaded, handed-over
	Receiver string
	Note     string
}

// CustodyLabel is what to call the act.
func CustodyLabel(act string) text.Message {
	switch act {
	case "added":
		return text.M("Taken into custody")
	case "downloaded":
		return text.M("Downloaded")
	case "handed-over":
		return text.M("Handed over")
	}
	return text.Literal(act)
}

const pieceColumns = "id, sha256, size, name, media, note, holder, at, added_by"

func readPiece(r store.Scanner) (p Piece, err error) {
	var at int64
	err = r.Scan(&p.ID, &p.SHA256, &p.Size, &p.Name, &p.Media, &p.Note, &p.Holder, &at, &p.By)
	p.At = store.Time(at)
	return p, err
}

func pieces(tx *store.Tx, number string) ([]Piece, error) {
	ps, err := store.Rows(tx, readPiece, "SELECT "+pieceColumns+" FROM incident_evidence WHERE incident = $1 ORDER BY at, id", number)
	if err != nil {
		return nil, err
	}
	type link struct {
		piece string
		c     Custody
	}
	chain, err := store.Rows(tx, func(r store.Scanner) (l link, err error) {
		var at int64
		err = r.Scan(&l.piece, &at, &l.c.Actor, &l.c.Act, &l.c.Receiver, &l.c.Note)
		l.c.At = store.Time(at)
		return l, err
	}, "SELECT evidence, at, actor, act, receiver, note FROM incident_custody WHERE incident = $1 ORDER BY at, id", number)
	for _, l := range chain {
		for n := range ps {
			if ps[n].ID == l.piece {
				ps[n].Chain = append(ps[n].Chain, l.c)
			}
		}
	}
	return ps, err
}

func custody(tx *store.Tx, by authz.Actor, inc Incident, p Piece, c Custody) error {
	if _, err := tx.Exec("INSERT INTO incident_custody (id, evidence, incident, at, actor, act, receiver, note) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
		id.New(), p.ID, inc.ID, tx.Millis(), by.Who(), c.Act, c.Receiver, c.Note); err != nil {
		return err
	}
	return tx.Record(by, fact.IncidentEvidence{ID: inc.ID, Unit: inc.Unit, Evidence: p.ID, Act: c.Act, SHA256: p.SHA256, Size: p.Size, Receiver: c.Receiver})
}

func findPiece(tx *store.Tx, number, piece string) (Piece, error) {
	p, err := readPiece(tx.QueryRow("SELECT "+pieceColumns+" FROM incident_evidence WHERE id = $1 AND incident = $2", piece, number))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.NotFound("There is no such piece of evidence")
	}
	return p, err
}

// LargestEvidence is how large a piece of evidence may be, in bytes.
const LargestEvidence = 512 << 20

// Keep takes a document into custody. The document is stored before the
// transaction; where that fails nothing refers to it.
func (s *Service) Keep(ctx context.Context, by authz.Actor, number, name, media, note string, content io.Reader) (p Piece, err error) {
	if s.p.Documents == nil {
		return p, fault.Conflict("There is no store for documents here")
	}
	// Ask before storing, so that nobody fills the store who may not.
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		_, _, err := working(tx, by, Respond, number)
		return err
	}); err != nil {
		return p, err
	}
	if content == nil {
		return p, fault.Invalid(fault.F("file", "Choose a file"))
	}
	ref, err := s.p.Documents.Put(ctx, content, LargestEvidence)
	if err != nil {
		return p, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		p = Piece{ID: id.New(), SHA256: ref.SHA256, Size: ref.Size, Name: document.Name(name, "evidence"), Media: media, Note: strings.TrimSpace(note), Holder: by.Who(), At: tx.Now, By: by.Who()}
		if p.Media == "" {
			p.Media = "application/octet-stream"
		}
		if _, err := tx.Exec("INSERT INTO incident_evidence (id, incident, sha256, size, name, media, note, holder, at, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
			p.ID, number, p.SHA256, p.Size, p.Name, p.Media, p.Note, p.Holder, tx.Millis(), p.By); err != nil {
			return err
		}
		if err := custody(tx, by, inc, p, Custody{Act: "added", Note: p.Note}); err != nil {
			return err
		}
		_, err = write(tx, by, inc, Entry{Kind: Evidence, Said: text.M("Evidence taken into custody: %s (SHA-256 %s)", p.Name, p.SHA256)})
		return err
	})
	return p, err
}

// Fetch opens a piece of evidence and notes that the actor took it. The reader
// checks the content against the SHA-256 and fails where it does not fit.
func (s *Service) Fetch(ctx context.Context, by authz.Actor, number, piece string) (p Piece, content io.ReadCloser, err error) {
	if s.p.Documents == nil {
		return p, nil, fault.Conflict("There is no store for documents here")
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := open(tx, by, number)
		if err != nil {
			return err
		}
		if p, err = findPiece(tx, number, piece); err != nil {
			return err
		}
		return custody(tx, by, inc, p, Custody{Act: "downloaded"})
	})
	if err != nil {
		return p, nil, err
	}
	r, err := s.p.Documents.Open(ctx, p.SHA256)
	if err != nil {
		return p, nil, err
	}
	return p, r, nil
}

// PassOn hands custody of a piece of evidence to another person.
func (s *Service) PassOn(ctx context.Context, by authz.Actor, number, piece, receiver, note string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		inc, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		p, err := findPiece(tx, number, piece)
		if err != nil {
			return err
		}
		if err := s.able(tx, "receiver", receiver, Read); err != nil {
			return err
		}
		if receiver == p.Holder {
			return fault.Invalid(fault.F("receiver", "This person holds it already"))
		}
		if _, err := tx.Exec("UPDATE incident_evidence SET holder = $1 WHERE id = $2", receiver, p.ID); err != nil {
			return err
		}
		if err := custody(tx, by, inc, p, Custody{Act: "handed-over", Receiver: receiver, Note: strings.TrimSpace(note)}); err != nil {
			return err
		}
		if err := join(tx, by, inc, receiver, false); err != nil {
			return err
		}
		_, err = write(tx, by, inc, Entry{Kind: Evidence, Said: text.M("Evidence %s handed over to %s", p.Name, "@person:"+receiver), Body: strings.TrimSpace(note)})
		return err
	})
}

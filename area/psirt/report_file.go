package psirt

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/document"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// File is a file of a case, kept as it came. Nothing here opens it: an encrypted
// one stays encrypted, an archive stays packed.
type File struct {
	ID     string
	About  string // the report it came with
	Name   string
	Media  string
	Size   int64
	SHA256 string
	Sealed bool // an OpenPGP message
	At     time.Time
	By     string
}

// Upload is a file as it comes in.
type Upload struct {
	Name, Media string
	Content     io.Reader
}

// Bounds of files: of one, and of one report or message.
const (
	LargestFile = 20 << 20
	MostFiles   = 10
)

// keepAll stores files before the transaction that will refer to them.
func (s *Service) keepAll(ctx context.Context, ups []Upload) (files []File, err error) {
	if len(ups) == 0 {
		return nil, nil
	}
	if s.p.Documents == nil {
		return nil, fault.Conflict("There is no store for documents here")
	}
	if len(ups) > MostFiles {
		return nil, fault.Invalid(fault.F("files", "At most %d files at once", MostFiles))
	}
	left := int64(LargestFile)
	for _, u := range ups {
		head := make([]byte, 64)
		n, err := io.ReadFull(u.Content, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		head = head[:n]
		ref, err := s.p.Documents.Put(ctx, io.MultiReader(bytes.NewReader(head), u.Content), left)
		if fault.Is(err, fault.KindInvalid) {
			return nil, fault.Invalid(fault.F("files", "All files together may have at most %d MB", LargestFile>>20))
		}
		if err != nil {
			return nil, err
		}
		left -= ref.Size
		f := File{ID: id.New(), Name: document.Name(u.Name, "file"), Media: media(u.Media), Size: ref.Size, SHA256: ref.SHA256, Sealed: sealed(head)}
		if ref.Size > 0 {
			files = append(files, f)
		}
	}
	return files, nil
}

// sealed tells an OpenPGP message by its beginning: the armour (RFC 9580, 6.2), or a
// packet that holds an encrypted session key or encrypted data (4.2, 5).
func sealed(head []byte) bool {
	if bytes.HasPrefix(bytes.TrimLeft(head, "\r\n \t\xef\xbb\xbf"), []byte("-----BEGIN PGP MESSAGE-----")) {
		return true
	}
	if len(head) < 3 || head[0]&0x80 == 0 {
		return false
	}
	tag := head[0] & 0x3f
	if head[0]&0x40 == 0 {
		tag = head[0] >> 2 & 0x0f
	}
	switch tag {
	case 1, 3: // session key, encrypted: a version follows the length
		return bytes.ContainsAny(head[2:min(len(head), 8)], "\x03\x04\x05\x06")
	case 18, 20:
		return true
	}
	return false
}

func media(m string) string {
	m, _, _ = strings.Cut(m, ";")
	if m = strings.TrimSpace(strings.ToLower(m)); m == "" || len(m) > 100 || strings.ContainsFunc(m, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "application/octet-stream"
	}
	return m
}

func attachFiles(tx *store.Tx, by authz.Actor, c *Case, about string, files []File) error {
	for _, f := range files {
		if _, err := tx.Exec(`INSERT INTO psirt_case_file (id, case_id, about, name, media, size, sha256, sealed, at, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
			f.ID, c.ID, about, f.Name, f.Media, f.Size, f.SHA256, flag(f.Sealed), tx.Millis(), by.Who()); err != nil {
			return err
		}
		if _, err := write(tx, by, c, Entry{Kind: Note, About: f.ID, Data: "file", Body: f.Name + " " + f.SHA256}); err != nil {
			return err
		}
	}
	return nil
}

const fileColumns = "id, about, name, media, size, sha256, sealed, at, added_by"

func readFile(r store.Scanner) (f File, err error) {
	var at int64
	var sealed int
	err = r.Scan(&f.ID, &f.About, &f.Name, &f.Media, &f.Size, &f.SHA256, &sealed, &at, &f.By)
	f.At, f.Sealed = store.Time(at), sealed != 0
	return f, err
}

// Fetch opens a file of a case for who takes part in it. The look is recorded.
func (s *Service) Fetch(ctx context.Context, by authz.Actor, caseID, file string) (f File, content *document.Reader, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		v, err := opening(tx, by, caseID)
		if err != nil {
			return err
		}
		if v.part != Member {
			return missing()
		}
		f, err = readFile(tx.QueryRow("SELECT "+fileColumns+" FROM psirt_case_file WHERE id = $1 AND case_id = $2", file, caseID))
		if errors.Is(err, sql.ErrNoRows) {
			return missing()
		}
		return err
	})
	if err != nil {
		return f, nil, err
	}
	content, err = s.p.Documents.Open(ctx, f.SHA256)
	return f, content, err
}

// AddFiles keeps further files with a case.
func (s *Service) AddFiles(ctx context.Context, by authz.Actor, caseID string, ups []Upload) error {
	// Ask before storing, so that nobody fills the store who may not.
	if err := s.db.View(ctx, func(tx *store.Tx) error { _, err := working(tx, by, caseID); return err }); err != nil {
		return err
	}
	files, err := s.keepAll(ctx, ups)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fault.Invalid(fault.F("files", "Choose a file"))
	}
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error { return attachFiles(tx, by, c, "", files) })
}

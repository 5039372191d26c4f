// Package document keeps evidence and other files under the SHA-256 of their
// content, in a folder or in any S3-compatible bucket. What is put twice is
// kept once. A put returns when the document is durable; a read hands out
// nothing as whole that does not fit its checksum, so that a changed or
// damaged piece of evidence can't pass for the original.
package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // scheme "s3"
	"gocloud.dev/gcerrors"

	"yagura/kernel/fault"
	"yagura/kernel/file"
)

// Ref names a document: the SHA-256 of its content in 64 lower-case
// hexadecimal digits, and its size in bytes.
type Ref struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Store is where documents are kept.
type Store struct {
	bucket *blob.Bucket
	folder string // of the folder driver: its files are synced
}

// Open opens the bucket of a URL: file:///folder, made where there is none, or
// s3://bucket?region=…&endpoint=…&use_path_style=true. Credentials for S3 come
// from the usual AWS variables and files.
func Open(ctx context.Context, where string) (*Store, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, errors.New("open documents: the URL can't be read")
	}
	switch u.Scheme {
	case "file":
		folder := filepath.FromSlash(u.Path)
		// Temporary files lie beside the final ones: a rename across file systems
		// is not atomic.
		b, err := fileblob.OpenBucket(folder, &fileblob.Options{CreateDir: true, NoTempDir: true, DirFileMode: 0o700, Metadata: fileblob.MetadataDontWrite})
		if err != nil {
			return nil, fmt.Errorf("open documents: %w", err)
		}
		return &Store{bucket: b, folder: folder}, sweep(folder)
	case "s3":
		b, err := blob.OpenBucket(ctx, where)
		if err != nil {
			return nil, fmt.Errorf("open documents: %w", err)
		}
		return &Store{bucket: b}, nil
	}
	return nil, fmt.Errorf("open documents: scheme %q is neither file nor s3", u.Scheme)
}

// In keeps documents in a bucket that is already open.
func In(b *blob.Bucket) *Store { return &Store{bucket: b} }

// Close closes the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// Ready tells whether the bucket can be reached.
func (s *Store) Ready(ctx context.Context) error {
	ok, err := s.bucket.IsAccessible(ctx)
	if err == nil && !ok {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	return nil
}

// small is the size up to which a document is held in memory: while it is put,
// and to be checked as a whole before any of it is handed out.
const small = 8 << 20

var isSum = regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString

// key is where a document lies: no part of it comes from a person.
func key(sum string) string { return "sha256/" + sum[:2] + "/" + sum[2:4] + "/" + sum }

// Put keeps what r gives and returns its name, once it is durable. More than
// limit bytes are a fault of kind invalid, and nothing is kept.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (Ref, error) {
	stage, ref, err := s.stage(ctx, r, limit)
	if err != nil {
		return Ref{}, err
	}
	defer stage.discard()
	if intact, err := s.intact(ctx, ref); err != nil {
		return Ref{}, err
	} else if intact {
		return ref, nil
	}
	if err := s.write(ctx, key(ref.SHA256), stage); err != nil {
		return Ref{}, fmt.Errorf("put document: %w", err)
	}
	return ref, nil
}

// intact tells whether the document is there already and whole; one that was
// damaged is written anew.
func (s *Store) intact(ctx context.Context, ref Ref) (bool, error) {
	r, err := s.Open(ctx, ref.SHA256)
	if err != nil {
		var damaged *Damaged
		if fault.Is(err, fault.KindNotFound) || errors.As(err, &damaged) {
			return false, nil
		}
		return false, err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	var damaged *Damaged
	if errors.As(err, &damaged) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) write(ctx context.Context, key string, from *staged) error {
	if s.folder != "" && from.file != nil {
		if err := from.move(filepath.Join(s.folder, filepath.FromSlash(key))); err != nil {
			return err
		}
		return s.settle(key)
	}
	content, err := from.open()
	if err != nil {
		return err
	}
	// Close without this would commit what was written so far.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: "application/octet-stream",
		BeforeWrite: func(as func(any) bool) error {
			if s.folder != "" && as(&file) {
				return file.Chmod(0o600)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, content); err != nil {
		cancel()
		w.Close()
		return err
	}
	if file != nil {
		if err := file.Sync(); err != nil {
			cancel()
			w.Close()
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if s.folder == "" {
		return nil
	}
	return s.settle(key)
}

// settle makes a new name in the folder durable.
func (s *Store) settle(key string) error {
	// The new name is durable when every folder on the way to it is.
	for at := filepath.Dir(key); ; at = filepath.Dir(at) {
		if err := file.SyncFolder(filepath.Join(s.folder, at)); err != nil {
			return err
		}
		if at == "." {
			return nil
		}
	}
}

// Exists tells whether there is a document of the checksum, without reading it.
func (s *Store) Exists(ctx context.Context, sum string) (bool, error) {
	if !isSum(sum) {
		return false, nil
	}
	ok, err := s.bucket.Exists(ctx, key(sum))
	if err != nil {
		return false, fmt.Errorf("documents: %w", err)
	}
	return ok, nil
}

// Damaged says that what is stored is not what its name says. A person reads
// it as a conflict.
type Damaged struct {
	SHA256 string
	Why    string
}

func (d *Damaged) Error() string { return "document " + d.SHA256 + ": " + d.Why }

// Unwrap is the fault for the person who asked.
func (d *Damaged) Unwrap() error {
	return fault.Conflict("This document no longer fits its checksum %s: it was changed or damaged", d.SHA256)
}

// Open returns the document of the checksum, or a fault of kind not found. One
// of at most 8 MiB is checked before this returns. A larger one is checked
// while it is read: its last part is held back until the checksum fits, and
// where it does not, the error (*Damaged) comes instead of the end.
func (s *Store) Open(ctx context.Context, sum string) (*Reader, error) {
	if !isSum(sum) {
		return nil, fault.NotFound("There is no such document")
	}
	r, err := s.bucket.NewReader(ctx, key(sum), nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fault.NotFound("There is no such document")
	}
	if err != nil {
		return nil, fmt.Errorf("open document %s: %w", sum, err)
	}
	if r.Size() <= small {
		defer r.Close()
		whole, err := io.ReadAll(io.LimitReader(r, small+1))
		if err != nil {
			return nil, fmt.Errorf("read document %s: %w", sum, err)
		}
		if got := sha256.Sum256(whole); hex.EncodeToString(got[:]) != sum {
			return nil, &Damaged{sum, "its content has another checksum"}
		}
		return &Reader{from: bytes.NewReader(whole), size: int64(len(whole))}, nil
	}
	return &Reader{from: newChecking(r, sum), close: r.Close, size: r.Size()}, nil
}

// Reader reads a document.
type Reader struct {
	from  io.Reader
	close func() error
	size  int64
}

// Size is the document's size in bytes.
func (r *Reader) Size() int64 { return r.size }

func (r *Reader) Read(p []byte) (int, error) { return r.from.Read(p) }

// Close lets go of the document.
func (r *Reader) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Report is the outcome of Verify.
type Report struct {
	Documents int64    `json:"documents"`
	Bytes     int64    `json:"bytes"`
	Damaged   []string `json:"damaged,omitempty"` // checksums that no longer fit
	Foreign   []string `json:"foreign,omitempty"` // names that no document has
}

// Verify reads every document and names those that do not fit their checksum.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	var report Report
	list := s.bucket.List(nil)
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return report, fmt.Errorf("verify documents: %w", err)
		}
		sum := o.Key[strings.LastIndexByte(o.Key, '/')+1:]
		if o.IsDir || strings.HasSuffix(sum, ".tmp") || strings.HasPrefix(o.Key, incoming+"/") { // a put that goes on, or was killed
			continue
		}
		if !isSum(sum) || key(sum) != o.Key {
			report.Foreign = append(report.Foreign, o.Key)
			continue
		}
		report.Documents++
		report.Bytes += o.Size
		err = s.check(ctx, sum)
		var damaged *Damaged
		if errors.As(err, &damaged) {
			report.Damaged = append(report.Damaged, sum)
		} else if err != nil {
			return report, err
		}
	}
}

func (s *Store) check(ctx context.Context, sum string) error {
	r, err := s.Open(ctx, sum)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"yagura/kernel/clock"
	"yagura/kernel/fault"
)

// staged is content whose name is not known before its end: in memory while it
// is small, then in a temporary file.
type staged struct {
	folder string // of the temporary file; empty: the system's
	memory bytes.Buffer
	file   *os.File
}

// incoming is where a folder of documents takes in large ones: on the same
// disk, so that they can be moved to their place.
const incoming = ".incoming"

// abandoned is the age at which a temporary file is that of a killed server.
const abandoned = 48 * time.Hour

// sweep removes what killed servers left in a folder of documents.
func sweep(folder string) error {
	files, err := os.ReadDir(filepath.Join(folder, incoming))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open documents: %w", err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && clock.System().Now().Sub(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(folder, incoming, f.Name()))
		}
	}
	return nil
}

func (store *Store) stage(ctx context.Context, r io.Reader, limit int64) (_ *staged, ref Ref, err error) {
	s := &staged{}
	if store.folder != "" {
		s.folder = filepath.Join(store.folder, incoming)
		if err := os.MkdirAll(s.folder, 0o700); err != nil {
			return nil, ref, err
		}
	}
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	sum := sha256.New()
	buf := make([]byte, 64<<10)
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, ref, err
		}
		n, readErr := r.Read(buf)
		ref.Size += int64(n)
		if ref.Size > limit {
			return nil, ref, fault.Invalidf("The file is larger than %d MiB", (limit+1<<20-1)>>20)
		}
		sum.Write(buf[:n])
		if err := s.write(buf[:n]); err != nil {
			return nil, ref, err
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return nil, ref, readErr
		}
	}
	ref.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return s, ref, nil
}

func (s *staged) write(p []byte) (err error) {
	if s.file == nil && s.memory.Len()+len(p) > small {
		if s.file, err = os.CreateTemp(s.folder, "yagura-document-*"); err != nil { // mode 0600
			return err
		}
		if _, err := s.memory.WriteTo(s.file); err != nil {
			return err
		}
		s.memory = bytes.Buffer{}
	}
	if s.file == nil {
		s.memory.Write(p)
		return nil
	}
	_, err = s.file.Write(p)
	return err
}

func (s *staged) open() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.memory.Bytes()), nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

// move puts the temporary file in its place, durable as far as its content.
func (s *staged) move(path string) error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.Rename(s.file.Name(), path)
}

func (s *staged) discard() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
}

// checking hands out one block behind what it has read, so that the last block
// goes out only once the checksum is known to fit.
type checking struct {
	from io.Reader
	want string
	sum  hash.Hash

	ready []byte // read and hashed, may go out
	next  []byte // read and hashed, held back
	spare []byte
	end   error
}

const block = 64 << 10

func newChecking(r io.Reader, want string) *checking {
	return &checking{from: r, want: want, sum: sha256.New(), next: make([]byte, 0, block), spare: make([]byte, 0, block)}
}

func (c *checking) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		if c.end != nil {
			return 0, c.end
		}
		c.advance()
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *checking) advance() {
	fresh := c.spare[:cap(c.spare)]
	n, err := io.ReadFull(c.from, fresh)
	fresh = fresh[:n]
	c.sum.Write(fresh)
	if err == nil {
		c.ready, c.next, c.spare = c.next, fresh, c.next[:0]
		return
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.end = err
		return
	}
	if got := hex.EncodeToString(c.sum.Sum(nil)); got != c.want {
		c.end = &Damaged{c.want, "its content has another checksum"}
		return
	}
	c.ready, c.end = append(append([]byte(nil), c.next...), fresh...), io.EOF
}

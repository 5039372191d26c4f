package document_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"yagura/kernel/document"
	"yagura/kernel/fault"
)

const limit = 64 << 20

var ctx = context.Background()

// each runs a test on a folder and on a bucket; spoil changes what is stored.
func each(t *testing.T, test func(t *testing.T, s *document.Store, spoil func(sum string, change func([]byte) []byte))) {
	t.Run("folder", func(t *testing.T) {
		folder := t.TempDir()
		s, err := document.Open(ctx, "file://"+filepath.Join(folder, "documents"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, s, func(sum string, change func([]byte) []byte) {
			path := filepath.Join(folder, "documents", "sha256", sum[:2], sum[2:4], sum)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
			if err := os.WriteFile(path, change(content), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("bucket", func(t *testing.T) {
		b := memblob.OpenBucket(nil)
		t.Cleanup(func() { b.Close() })
		test(t, document.In(b), func(sum string, change func([]byte) []byte) { spoilIn(t, b, sum, change) })
	})
}

func spoilIn(t *testing.T, b *blob.Bucket, sum string, change func([]byte) []byte) {
	key := "sha256/" + sum[:2] + "/" + sum[2:4] + "/" + sum
	content, err := b.ReadAll(ctx, key)
	if err == nil {
		err = b.WriteAll(ctx, key, change(bytes.Clone(content)), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func TestPutAndOpen(t *testing.T) {
	each(t, func(t *testing.T, s *document.Store, spoil func(string, func([]byte) []byte)) {
		for _, size := range []int{0, 1, 64 << 10, 8 << 20, 8<<20 + 1, 9<<20 + 12345, 10 << 20} {
			content := random(size)
			want := sha256.Sum256(content)
			for range 2 { // the second time it is there already
				ref, err := s.Put(ctx, bytes.NewReader(content), limit)
				if err != nil || ref.SHA256 != hex.EncodeToString(want[:]) || ref.Size != int64(size) {
					t.Fatalf("%d bytes: %+v, %v", size, ref, err)
				}
			}
			r, err := s.Open(ctx, hex.EncodeToString(want[:]))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 1000)))
			rest, err2 := io.ReadAll(r)
			if err != nil || err2 != nil || !bytes.Equal(append(got, rest...), content) || r.Size() != int64(size) {
				t.Fatalf("%d bytes: read %d, %v, %v", size, len(got)+len(rest), err, err2)
			}
			r.Close()
		}
		report, err := s.Verify(ctx)
		if err != nil || report.Documents != 7 || len(report.Damaged)+len(report.Foreign) != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if err := s.Ready(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestDamageIsFound(t *testing.T) {
	each(t, func(t *testing.T, s *document.Store, spoil func(string, func([]byte) []byte)) {
		changes := map[string]func([]byte) []byte{
			"a bit":    func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
			"the last": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
			"shorter":  func(b []byte) []byte { return b[:len(b)-1] },
			"longer":   func(b []byte) []byte { return append(b, 'x') },
			"empty":    func([]byte) []byte { return nil },
		}
		for name, change := range changes {
			for _, size := range []int{1000, 9 << 20} {
				content := random(size)
				ref, err := s.Put(ctx, bytes.NewReader(content), limit)
				if err != nil {
					t.Fatal(err)
				}
				spoil(ref.SHA256, change)
				var got []byte
				r, err := s.Open(ctx, ref.SHA256)
				if err == nil {
					got, err = io.ReadAll(r)
					r.Close()
				}
				var damaged *document.Damaged
				if !errors.As(err, &damaged) || !fault.Is(err, fault.KindConflict) {
					t.Errorf("%s, %d bytes: %v", name, size, err)
				}
				if len(got) >= size || size < 8<<20 && len(got) > 0 {
					t.Errorf("%s, %d bytes: %d were handed out", name, size, len(got))
				}
				if report, err := s.Verify(ctx); err != nil || len(report.Damaged) != 1 || report.Damaged[0] != ref.SHA256 {
					t.Errorf("%s: %+v, %v", name, report, err)
				}
				// Whoever brings the original heals it.
				if _, err := s.Put(ctx, bytes.NewReader(content), limit); err != nil {
					t.Fatal(err)
				}
				if report, err := s.Verify(ctx); err != nil || len(report.Damaged) != 0 {
					t.Errorf("%s, healed: %+v, %v", name, report, err)
				}
			}
		}
	})
}

func TestRefused(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	each(t, func(t *testing.T, s *document.Store, _ func(string, func([]byte) []byte)) {
		if _, err := s.Put(ctx, strings.NewReader("12345"), 4); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("too large: %v", err)
		}
		broken := errors.New("line cut")
		if _, err := s.Put(ctx, io.MultiReader(bytes.NewReader(random(9<<20)), iotest.ErrReader(broken)), limit); !errors.Is(err, broken) {
			t.Errorf("broken: %v", err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.Put(cancelled, strings.NewReader("x"), limit); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		for _, sum := range []string{"", "../../etc/passwd", strings.Repeat("a", 64), strings.Repeat("A", 64)} {
			if _, err := s.Open(ctx, sum); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q: %v", sum, err)
			}
			if ok, err := s.Exists(ctx, sum); ok || err != nil {
				t.Errorf("%q exists: %v, %v", sum, ok, err)
			}
		}
		if report, err := s.Verify(ctx); err != nil || report.Documents != 0 {
			t.Errorf("something was kept: %+v, %v", report, err)
		}
		left, _ := filepath.Glob(filepath.Join(os.TempDir(), "yagura-document-*"))
		if len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	folder := t.TempDir()
	s, err := document.Open(ctx, "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Put(ctx, bytes.NewReader(random(9<<20)), 8<<20); !fault.Is(err, fault.KindInvalid) {
		t.Error(err)
	}
	killed := filepath.Join(folder, ".incoming", "yagura-document-killed")
	if err := os.WriteFile(killed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".incoming", "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	os.Chtimes(killed, time.Time{}, time.Now().Add(-49*time.Hour))
	again, err := document.Open(ctx, "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("what a killed server left is still there: %v", err)
	}
	if _, err := document.Open(ctx, "http://x"); err == nil {
		t.Error("an unknown scheme was opened")
	}
}

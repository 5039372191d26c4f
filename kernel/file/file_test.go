package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func names(t *testing.T, folder string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x")
	full := errors.New("no space left")
	for _, step := range []struct {
		write func(io.Writer) error
		err   error
		want  string
	}{
		{Bytes([]byte("one")), nil, "one"},
		{func(w io.Writer) error { io.WriteString(w, "ha"); return full }, full, "one"},
		{Bytes([]byte("two")), nil, "two"},
	} {
		if err := Replace(path, 0o640, step.write); !errors.Is(err, step.err) {
			t.Fatalf("got %v, want %v", err, step.err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != step.want {
			t.Fatalf("%q, %v; want %q", got, err, step.want)
		}
		if list := names(t, folder); len(list) != 1 {
			t.Fatalf("beside it lies something: %v", list)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if err := Replace(filepath.Join(folder, "absent", "x"), 0o600, Bytes(nil)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a folder that is not there: %v", err)
	}
}

func TestAdd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := Add(path, 0o600, Bytes([]byte("mine"))); err != nil {
		t.Fatal(err)
	}
	if err := Add(path, 0o600, Bytes([]byte("yours"))); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a second file took the name: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "mine" {
		t.Fatalf("%q", got)
	}
	if list := names(t, filepath.Dir(path)); len(list) != 1 {
		t.Fatalf("beside it lies something: %v", list)
	}
}

func TestReplaceFollowsLinksAndWritesToPipes(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(at("real"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", at("link")); err != nil {
		t.Skip(err)
	}
	if err := Replace(at("link"), 0o600, Bytes([]byte("new"))); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(at("link")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if got, _ := os.ReadFile(at("real")); string(got) != "new" {
		t.Errorf("%q", got)
	}
	if err := Replace(os.DevNull, 0o600, Bytes([]byte("x"))); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s became a file: %v %v", os.DevNull, info, err)
	}
	if err := Replace("/dev/full", 0o600, Bytes([]byte("x"))); err == nil {
		t.Error("a full device took everything")
	}
}

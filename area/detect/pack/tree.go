package pack

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree shows files in memory as a file system.
type tree map[string][]byte

type entry struct {
	name string
	body []byte
	dir  bool
}

func (e entry) Name() string               { return path.Base(e.name) }
func (e entry) Size() int64                { return int64(len(e.body)) }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Sys() any                   { return nil }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type file struct {
	entry
	*bytes.Reader
}

func (f file) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f file) Close() error               { return nil }
func (f file) Size() int64                { return f.entry.Size() }

type folder struct {
	entry
	kids []fs.DirEntry
	at   int
}

func (d *folder) Stat() (fs.FileInfo, error) { return d.entry, nil }
func (d *folder) Close() error               { return nil }
func (d *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}
func (d *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.kids[d.at:]
	if n <= 0 {
		d.at = len(d.kids)
		return rest, nil
	}
	if len(rest) == 0 {
		return nil, io.EOF
	}
	rest = rest[:min(n, len(rest))]
	d.at += len(rest)
	return rest, nil
}

// Open implements fs.FS.
func (t tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if body, ok := t[name]; ok {
		return file{entry{name: name, body: body}, bytes.NewReader(body)}, nil
	}
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	seen := map[string]entry{}
	for p, body := range t {
		rest, ok := strings.CutPrefix(p, prefix)
		if !ok {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		e := entry{name: prefix + first, dir: deeper}
		if !deeper {
			e.body = body
		}
		seen[first] = e
	}
	if len(seen) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	d := &folder{entry: entry{name: name, dir: true}}
	for _, e := range seen {
		d.kids = append(d.kids, e)
	}
	slices.SortFunc(d.kids, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return d, nil
}

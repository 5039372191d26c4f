package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// build is a generation in the making: what it consists of, then its files.
type build struct {
	site      *Site
	now       time.Time
	old       *state
	oldFolder string
	state     *state
	entries   []*entry // newest first

	files map[string][]byte // by path below the generation
	kept  map[string]bool   // files of the old generation that stay
}

// make gathers all files: what belongs to one document is taken over where neither it
// nor the recipe changed, the rest is made anew.
func (b *build) make() error {
	same := b.old != nil && b.old.Recipe == b.state.Recipe
	var fresh []*entry
	for _, e := range b.entries {
		b.state.Documents[e.file] = record{ID: e.id, Path: e.path, SHA256: e.sum256, Published: e.published}
		if same && b.old.Documents[e.file].SHA256 == e.sum256 && b.old.Documents[e.file].Path == e.path {
			for _, p := range e.ownFiles() {
				b.kept[p] = true
			}
		} else {
			fresh = append(fresh, e)
		}
	}
	made := make([]map[string][]byte, len(fresh))
	err := parallel(len(fresh), 0, func(i int) (err error) {
		made[i], err = b.ofDocument(fresh[i])
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range made {
		maps.Copy(b.files, m)
	}
	if err := b.provider(); err != nil {
		return err
	}
	if err := b.pages(); err != nil {
		return err
	}
	b.listings()
	return nil
}

func (b *build) json(path string, v any) (err error) {
	b.files[path], err = encode(v)
	return err
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return buf.Bytes(), err
}

const making = ".making"

// write puts the generation on the disk beside the others and switches to it.
func (b *build) write() (err error) {
	d, root := b.site.disk, filepath.Join(b.site.dir, "generations")
	if err := d.mkdir(root); err != nil {
		return full(err)
	}
	number, err := b.sweep(root)
	if err != nil {
		return full(err)
	}
	b.state.Generation = fmt.Sprintf("%08d", number)
	if err := b.json(stateFile, b.state); err != nil {
		return err
	}
	folder := filepath.Join(root, making)
	if err := b.fill(folder); err != nil {
		_ = os.RemoveAll(folder) // gives the space back
		return full(err)
	}
	final := filepath.Join(root, b.state.Generation)
	if err := d.rename(folder, final); err != nil {
		_ = os.RemoveAll(folder)
		return full(err)
	}
	if err := d.sync(root); err != nil {
		return full(err)
	}
	if err := b.site.point(b.state.Generation); err != nil {
		return full(err)
	}
	return nil
}

// point switches the site to a generation, by one rename.
func (s *Site) point(generation string) error {
	next := filepath.Join(s.dir, "current.next")
	if err := s.disk.remove(next); err != nil {
		return err
	}
	if err := s.disk.symlink(filepath.Join("generations", generation), next); err != nil {
		return err
	}
	if err := s.disk.rename(next, filepath.Join(s.dir, "current")); err != nil {
		return err
	}
	return s.disk.sync(s.dir)
}

// sweep removes what dead processes left and generations that nobody reads any more.
// The current one stays, and the one before it, for those who are reading it just
// now. It returns the next number.
func (b *build) sweep(root string) (next int, err error) {
	items, err := os.ReadDir(root)
	if err != nil {
		return 0, err
	}
	at := ""
	if b.old != nil {
		at = b.old.Generation
	}
	before := ""
	for _, i := range items {
		if n, err := strconv.Atoi(i.Name()); err == nil {
			next = max(next, n)
			if i.Name() < at {
				before = i.Name() // they are in their order
			}
		}
	}
	for _, i := range items {
		if i.Name() != at && i.Name() != before {
			if err := b.site.disk.remove(filepath.Join(root, i.Name())); err != nil {
				return 0, err
			}
		}
	}
	return next + 1, nil
}

// fill writes all files below a folder, linking those that did not change.
func (b *build) fill(folder string) error {
	d := b.site.disk
	all := slices.Sorted(maps.Keys(b.files))
	for p := range b.kept {
		if _, ok := b.files[p]; !ok {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	folders := map[string]bool{".": true}
	for _, p := range all {
		for dir := path.Dir(p); !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		if err := d.mkdir(filepath.Join(folder, filepath.FromSlash(dir))); err != nil {
			return err
		}
	}
	workers := 16 // syncing waits, it does not work
	if d.hook != nil {
		workers = 1
	}
	err := parallel(len(all), workers, func(i int) error {
		to, from := filepath.Join(folder, filepath.FromSlash(all[i])), filepath.Join(b.oldFolder, filepath.FromSlash(all[i]))
		data, fresh := b.files[all[i]]
		if fresh && b.old != nil {
			if was, err := os.ReadFile(from); err == nil && bytes.Equal(was, data) {
				fresh = false // the same file keeps its time
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if fresh {
			return d.write(to, data)
		}
		return d.link(from, to)
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(slices.Sorted(maps.Keys(folders))) { // folders within before those around
		if err := d.sync(filepath.Join(folder, filepath.FromSlash(dir))); err != nil {
			return err
		}
	}
	return nil
}

// parallel does n things with some workers and returns the first error.
func parallel(n, workers int, do func(i int) error) error {
	if workers == 0 {
		workers = 4
	}
	if workers == 1 {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	next := 0
	for range min(workers, n) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := first != nil || i >= n
				mu.Unlock()
				if stop {
					return
				}
				if err := do(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return first
}

// Package manifest lists the artifacts of an assessment with their hashes, as 32
// CFR 170.17(c)(4) asks: for people and sha256sum in one file, for programs in
// another. The first names the second, so that its own hash seals all.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"yagura/kernel/fault"
	"yagura/kernel/file"
)

// The files of a manifest, which it does not list as artifacts.
const (
	Sums = "MANIFEST.sha256"
	List = "MANIFEST.json"
)

// Algorithm is approved by NIST (FIPS 180-4).
const Algorithm = "SHA-256"

// Artifact is a file.
type Artifact struct {
	Name       string   `json:"name"` // slashed, from the folder
	Hash       string   `json:"hash"`
	Algorithm  string   `json:"algorithm"`
	Size       int64    `json:"size"`
	Objectives []string `json:"objectives,omitempty"` // that it is evidence for
}

// Manifest is the list for programs.
type Manifest struct {
	StatusDate  string     `json:"status_date"`
	RetainUntil string     `json:"retain_until"`
	Artifacts   []Artifact `json:"artifacts"`
}

// Make hashes all files of a folder.
func Make(dir string, status, until time.Time, objectives map[string][]string) (*Manifest, error) {
	list, err := scan(dir)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.Invalidf("there is no file in %s", dir)
	}
	for i := range list {
		list[i].Objectives = objectives[list[i].Hash]
	}
	return &Manifest{status.Format(time.DateOnly), until.Format(time.DateOnly), list}, nil
}

// Write puts the manifest beside the artifacts and returns the hash of its seal.
// It replaces one only where told to, since an old one proves what was.
func (m *Manifest) Write(dir string, replace bool) (string, error) {
	for _, name := range []string{Sums, List} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil && !replace {
			return "", fault.Invalidf("there is a %s in %s already: verify it, or give --replace", name, dir)
		}
	}
	var list bytes.Buffer
	e := json.NewEncoder(&list)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return "", err
	}
	var sums bytes.Buffer
	line(&sums, hash(list.Bytes()), List)
	for _, a := range m.Artifacts {
		line(&sums, a.Hash, a.Name)
	}
	if err := file.Replace(filepath.Join(dir, List), 0o644, file.Bytes(list.Bytes())); err != nil {
		return "", err
	}
	return hash(sums.Bytes()), file.Replace(filepath.Join(dir, Sums), 0o644, file.Bytes(sums.Bytes()))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// line writes a line as sha256sum does, which marks one with an escaped name by a
// backslash in front.
func line(b *bytes.Buffer, hash, name string) {
	if escaped := escapes.Replace(name); escaped != name {
		b.WriteByte('\\')
		name = escaped
	}
	b.WriteString(hash + "  " + name + "\n")
}

// scan hashes what lies in a folder, in order of names. What is no plain file is
// refused: a link could point anywhere and be changed without a trace here.
func scan(dir string) ([]Artifact, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var list []Artifact
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == Sums || path == List || d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return fault.Invalidf("%s is no plain file", path)
		case !utf8.ValidString(path):
			return fault.Invalidf("the name of %q is not UTF-8", path)
		}
		list = append(list, Artifact{Name: path, Algorithm: Algorithm})
		return nil
	})
	if err != nil {
		return nil, err
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, hashAll(root, list)
}

func hashAll(root *os.Root, list []Artifact) error {
	var group sync.WaitGroup
	errs, next := make([]error, len(list)), make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			h, buffer := sha256.New(), make([]byte, 128<<10)
			for i := range next {
				h.Reset()
				f, err := root.Open(filepath.FromSlash(list[i].Name))
				if err == nil {
					list[i].Size, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, buffer)
					f.Close()
				}
				list[i].Hash, errs[i] = hex.EncodeToString(h.Sum(nil)), err
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	group.Wait()
	return errors.Join(errs...)
}

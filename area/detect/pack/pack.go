// Package pack makes and reads rule packs: one zip file with rules, their
// cases and a manifest, signed with Ed25519, that can be laid into a folder or
// carried by hand to a plant without a link.
//
// The promise: nothing of a pack is used before its signature by a trusted key
// and the SHA-256 of every file are checked; a file that the manifest does not
// name, a name that leads out of the pack, or more than the limits refuses the
// whole pack with the reason. The same input builds the same bytes.
package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/text"
)

// The limits of a pack.
const (
	MaxBytes = 64 << 20  // of the zip file
	maxPlain = 256 << 20 // of all that is in it
	maxFile  = 8 << 20
	maxFiles = 20_000
)

const (
	manifestName  = "manifest.json"
	signatureName = "manifest.sig"
	format        = 1
)

// Manifest says what a pack holds.
type Manifest struct {
	Format  int       `json:"format"`
	Name    string    `json:"name"`    // "house-rules"
	Version string    `json:"version"` // numbers with dots, "2026.11.2"
	Made    time.Time `json:"made"`
	About   string    `json:"about,omitempty"`
	Files   []File    `json:"files"`
}

// File is one file of a pack.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Error says why a pack is refused, in a sentence for people.
type Error struct {
	Code string // "too-big", "not-a-pack", "bad-name", "tampered", "unsigned", "untrusted", "older"
	Say  text.Message
}

func (e *Error) Error() string         { return e.Say.In(text.EN) }
func (e *Error) Message() text.Message { return e.Say }

func refuse(code string, m text.Message) error { return &Error{code, m} }

// Refused tells whether an error is a refusal, and which.
func Refused(err error) (*Error, bool) {
	e, ok := err.(*Error)
	return e, ok
}

// Pack is a pack that was read and whose files are as the manifest says.
// Whether it may be trusted is for Verify to say.
type Pack struct {
	Manifest
	Digest string // SHA-256 of the manifest, by which the whole pack is known

	manifest  []byte
	signature []byte
	files     map[string][]byte
}

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,60}$`)
	versionForm = regexp.MustCompile(`^\d{1,9}(\.\d{1,9}){0,3}$`)
)

// Compare orders versions by their numbers: 1.10 comes after 1.9.
func Compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		var n, m int
		if i < len(x) {
			n, _ = strconv.Atoi(x[i])
		}
		if i < len(y) {
			m, _ = strconv.Atoi(y[i])
		}
		if n != m {
			return n - m
		}
	}
	return 0
}

// Build makes a pack of the files of a folder: rules and, below "cases", the
// sample events of rules. It is not signed yet. Made stands in the manifest as
// it is given, so that the same input makes the same bytes.
func Build(m Manifest, fsys fs.FS) (*Pack, error) {
	if !nameForm.MatchString(m.Name) {
		return nil, refuse("bad-name", text.M("the name %q is not of small letters, digits and hyphens", m.Name))
	}
	if !versionForm.MatchString(m.Version) {
		return nil, refuse("bad-name", text.M("the version %q is not of numbers with dots, such as 2026.11.2", m.Version))
	}
	p := &Pack{Manifest: m, files: map[string][]byte{}}
	p.Format, p.Files = format, nil
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !taken(name) {
			return err
		}
		if strings.HasPrefix(path.Base(name), ".") {
			return nil
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		p.files[name] = raw
		p.Files = append(p.Files, File{Path: name, SHA256: sum(raw), Size: int64(len(raw))})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(p.Files) == 0 {
		return nil, refuse("not-a-pack", text.M("the folder holds no rule"))
	}
	slices.SortFunc(p.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	if p.manifest, err = json.MarshalIndent(p.Manifest, "", " "); err != nil {
		return nil, err
	}
	p.Digest = sum(p.manifest)
	return p, nil
}

// taken tells whether a file belongs into a pack.
func taken(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml", ".md", ".txt":
		return true
	}
	return false
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Write writes the pack as a zip file.
func (p *Pack) Write(w io.Writer) error {
	z := zip.NewWriter(w)
	put := func(name string, raw []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(raw)
		}
		return err
	}
	if err := put(manifestName, p.manifest); err != nil {
		return err
	}
	if p.signature != nil {
		if err := put(signatureName, p.signature); err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		if err := put(f.Path, p.files[f.Path]); err != nil {
			return err
		}
	}
	return z.Close()
}

// Bytes are the pack as a zip file.
func (p *Pack) Bytes() ([]byte, error) {
	var b bytes.Buffer
	err := p.Write(&b)
	return b.Bytes(), err
}

// FS shows the files of the pack.
func (p *Pack) FS() fs.FS { return tree(p.files) }

// Read reads a pack and checks every file against the manifest.
func Read(raw []byte) (*Pack, error) {
	if len(raw) > MaxBytes {
		return nil, refuse("too-big", text.M("the pack has %d bytes, more than the %d allowed", len(raw), MaxBytes))
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, refuse("not-a-pack", text.M("this is no zip file: %s", err.Error()))
	}
	if len(z.File) > maxFiles {
		return nil, refuse("too-big", text.M("the pack holds %d files, more than the %d allowed", len(z.File), maxFiles))
	}
	p := &Pack{files: map[string][]byte{}}
	left := int64(maxPlain)
	folded := map[string]bool{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !fs.ValidPath(f.Name) || strings.ContainsAny(f.Name, "\\:\x00") || f.Mode()&fs.ModeType != 0 {
			return nil, refuse("bad-name", text.M("the name %q leads out of the pack", f.Name))
		}
		if low := strings.ToLower(f.Name); folded[low] {
			return nil, refuse("bad-name", text.M("the name %q is there twice", f.Name))
		} else {
			folded[low] = true
		}
		body, err := unzip(f, min(left, maxFile))
		if err != nil {
			return nil, err
		}
		left -= int64(len(body))
		switch f.Name {
		case manifestName:
			p.manifest = body
		case signatureName:
			p.signature = body
		default:
			p.files[f.Name] = body
		}
	}
	if p.manifest == nil {
		return nil, refuse("not-a-pack", text.M("it has no %s: this is no rule pack", manifestName))
	}
	if err := json.Unmarshal(p.manifest, &p.Manifest); err != nil {
		return nil, refuse("not-a-pack", text.M("its manifest can't be read: %s", err.Error()))
	}
	if p.Format != format {
		return nil, refuse("not-a-pack", text.M("it is of format %d; this program reads format %d", p.Format, format))
	}
	if !nameForm.MatchString(p.Name) || !versionForm.MatchString(p.Version) {
		return nil, refuse("bad-name", text.M("its name or version is not of the form that is needed: %q %q", p.Name, p.Version))
	}
	p.Digest = sum(p.manifest)
	return p, p.check()
}

// unzip reads one file and stops where it grows past the limit, whatever its
// header says.
func unzip(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, refuse("not-a-pack", text.M("%s can't be unpacked: %s", f.Name, err.Error()))
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, refuse("not-a-pack", text.M("%s can't be unpacked: %s", f.Name, err.Error()))
	}
	if int64(len(body)) > most {
		return nil, refuse("too-big", text.M("%s unpacks to more than is allowed", f.Name))
	}
	return body, nil
}

func (p *Pack) check() error {
	named := map[string]bool{}
	for _, f := range p.Files {
		body, ok := p.files[f.Path]
		switch {
		case !ok:
			return refuse("tampered", text.M("%s stands in the manifest and is not there", f.Path))
		case named[f.Path]:
			return refuse("tampered", text.M("%s stands in the manifest twice", f.Path))
		case int64(len(body)) != f.Size || sum(body) != f.SHA256:
			return refuse("tampered", text.M("%s is not as it was when the pack was made", f.Path))
		case !taken(f.Path):
			return refuse("bad-name", text.M("%s is no kind of file that belongs into a pack", f.Path))
		}
		named[f.Path] = true
	}
	for name := range p.files {
		if !named[name] {
			return refuse("tampered", text.M("%s does not stand in the manifest", name))
		}
	}
	return nil
}

// String names the pack.
func (p *Pack) String() string { return fmt.Sprintf("%s %s", p.Name, p.Version) }

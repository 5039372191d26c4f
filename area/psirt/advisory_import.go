package psirt

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"yagura/area/psirt/csaf"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// Limits of an import.
const (
	LargestAdvisoryImport = 128 << 20 // bytes of a zip
	importFiles           = 10000
	importWhole           = 512 << 20 // bytes of all files together, unpacked
	importRatio           = 200       // of what a file unpacks to
)

// Imported tells what an import came to.
type Imported struct {
	Added, Unchanged int
	Refused          []Refused
}

// Refused is a file that was not taken, and why.
type Refused struct{ File, Why string }

// ReadAdvisories reads a zip of CSAF files, or a single one. Bombs are refused before
// they are unpacked, and again while they are, since a zip can lie about sizes.
func ReadAdvisories(name string, r io.ReaderAt, size int64) (files map[string][]byte, err error) {
	bad := func(format string, args ...any) error {
		return fault.Invalid(fault.F("file", "This file can't be imported: %s", fmt.Sprintf(format, args...)))
	}
	if size > LargestAdvisoryImport {
		return nil, bad("it has more than %d MiB", LargestAdvisoryImport>>20)
	}
	head := make([]byte, 4)
	if n, _ := r.ReadAt(head, 0); n < 4 || !bytes.Equal(head, []byte("PK\x03\x04")) && !bytes.Equal(head, []byte("PK\x05\x06")) {
		if size > LargestAdvisory {
			return nil, bad("an advisory has at most %d bytes", LargestAdvisory)
		}
		data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		return map[string][]byte{name: data}, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, bad("the zip is damaged")
	}
	if len(z.File) > importFiles {
		return nil, bad("the zip has more than %d files", importFiles)
	}
	var whole uint64
	files = map[string][]byte{}
	for _, f := range z.File {
		if f.FileInfo().IsDir() || path.Ext(f.Name) != ".json" || strings.HasPrefix(path.Base(f.Name), ".") || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		if whole += f.UncompressedSize64; f.UncompressedSize64 > LargestAdvisory || whole > importWhole || f.UncompressedSize64 > 1<<20 && f.UncompressedSize64 > importRatio*max(f.CompressedSize64, 1) {
			return nil, bad("%s unpacks to more than is allowed", f.Name)
		}
		in, err := f.Open()
		if err != nil {
			return nil, bad("%s can't be unpacked", f.Name)
		}
		data, err := io.ReadAll(io.LimitReader(in, int64(f.UncompressedSize64)+1))
		in.Close()
		if err != nil || uint64(len(data)) != f.UncompressedSize64 {
			return nil, bad("%s can't be unpacked", f.Name)
		}
		if _, twice := files[f.Name]; twice {
			return nil, bad("%s stands twice", f.Name)
		}
		files[f.Name] = data
	}
	if len(files) == 0 {
		return nil, bad("there is no .json file in it")
	}
	return files, nil
}

// ImportAdvisories takes over advisories that are public already, as exact bytes. They
// keep their numbers and dates; no record is published and nobody is told. They come
// onto the public site by a job, which a killed server does again.
func (s *Service) ImportAdvisories(ctx context.Context, by authz.Actor, files map[string][]byte) (r Imported, err error) {
	type one struct {
		d   *csaf.Document
		sum string
	}
	var docs []one
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	seen := map[string]bool{}
	now := s.db.Now()
	var refused []Refused
	for _, n := range names {
		d, why := importable(files[n])
		switch {
		case why != "":
		case path.Base(n) != csaf.Filename(d.ID()):
			why = "is not called " + csaf.Filename(d.ID())
		case seen[d.ID()]:
			why = "has the tracking id of another file"
		default:
			if at, ok := csaf.Instant(d.Get("document", "tracking", "current_release_date").Text()); !ok || at.After(now) {
				why = "lies in the future"
			}
		}
		if why != "" {
			refused = append(refused, Refused{n, why})
			continue
		}
		seen[d.ID()] = true
		docs = append(docs, one{d, digestOf(files[n])})
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.IsSystem() && !by.CanAnywhere(Handle) {
			return by.May(Handle, "")
		}
		r = Imported{Refused: slices.Clone(refused)}
		h := sha256.New()
		for _, x := range docs {
			added, err := s.importOne(tx, by, x.d)
			if errors.Is(err, errTaken) {
				r.Refused = append(r.Refused, Refused{csaf.Filename(x.d.ID()), "there is another advisory of this number"})
				continue
			}
			if err != nil {
				return err
			}
			if !added {
				r.Unchanged++
				continue
			}
			r.Added++
			io.WriteString(h, x.sum)
		}
		if r.Added == 0 {
			return nil
		}
		if _, err := job.Enqueue(tx, job.Job{Kind: siteJob}); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtAdvisoriesImported{Count: r.Added, SHA256: hex.EncodeToString(h.Sum(nil))})
	})
	return r, err
}

// importable says why a file is no advisory that can be taken over.
func importable(raw []byte) (d *csaf.Document, why string) {
	d, err := csaf.Parse(raw)
	if err != nil {
		return nil, err.Error()
	}
	if d.Version() != csaf.V20 || d.ID() == "" {
		return nil, "is no advisory of CSAF 2.0"
	}
	report := d.Validate(csaf.Options{Level: csaf.Basic})
	for _, p := range report.Schema {
		return nil, p.Path + ": " + p.Message
	}
	for _, r := range report.Results {
		for _, p := range r.Errors {
			return nil, r.Test.ID + " " + p.Path + ": " + p.Message
		}
	}
	if d.Get("document", "tracking", "status").Text() == "draft" {
		return nil, "is a draft"
	}
	return d, ""
}

var errTaken = errors.New("psirt: the number is taken")

func (s *Service) importOne(tx *store.Tx, by authz.Actor, d *csaf.Document) (added bool, err error) {
	existing, err := store.Rows(tx, func(r store.Scanner) (Advisory, error) { return readAdvisory(r) }, "SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.number = $1", d.ID())
	if err != nil {
		return false, err
	}
	if len(existing) > 0 {
		a := existing[0]
		if a.Live > 0 {
			if v, err := revision(tx, a.ID, a.Live); err != nil || v.SHA256 == digestOf(d.Bytes()) {
				return false, err
			}
		}
		return false, errTaken
	}
	a := Advisory{ID: id.New(), Number: d.ID(), Version: 1, Imported: true, Made: tx.Now}
	a.Title, a.TLP, _ = aboutDocument(d)
	if _, err := tx.Exec("INSERT INTO psirt_advisory (id, number, title, tlp, imported, made) VALUES ($1,$2,$3,$4,1,$5)", a.ID, a.Number, a.Title, a.TLP, tx.Millis()); err != nil {
		return false, err
	}
	if _, err := putRevision(tx, by, a.ID, 1, d, tx.Now); err != nil {
		return false, err
	}
	return true, s.isPublic(tx, a, 1, d)
}

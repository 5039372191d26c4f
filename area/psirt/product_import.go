package psirt

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/product"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// LargestImport bounds a file of products.
const LargestImport = 8 << 20

// The kinds of files.
const (
	FromTable    = "csv"
	FromAdvisory = "csaf"
)

// ImportDraft is what is said of a file beside what is in it.
type ImportDraft struct {
	Unit   string // whose new products are that name no unit
	Vendor string // of products that name none
	File   []byte
}

// ImportStep is one thing that an import does.
type ImportStep struct {
	New     bool   `json:"new"`
	Product string `json:"product"` // its name
	Family  string `json:"family,omitempty"`
	Unit    string `json:"unit"`
	// What comes new: model numbers, revisions as "model / revision", versions.
	Models   []string `json:"models,omitempty"`
	Hardware []string `json:"hardware,omitempty"`
	Versions []string `json:"versions,omitempty"`
	Filled   []string `json:"filled,omitempty"` // fields that were empty
}

// ImportPlan is what an import does.
type ImportPlan struct {
	ID       string
	Kind     string
	At       time.Time
	Applied  time.Time
	Families []string // new ones, with their order
	Steps    []ImportStep
	Same     int // products of which the registry has everything already
	// Problems are what will not be taken, each with its place.
	Problems []product.Problem
	digest   string
	unit     string
}

// Ready tells whether there is something to take over.
func (p *ImportPlan) Ready() bool {
	return p.Applied.IsZero() && (len(p.Steps) > 0 || len(p.Families) > 0)
}

// readImport reads a file of either kind.
func readImport(file []byte) (kind string, in *product.Imported, err error) {
	if len(file) > LargestImport {
		return "", nil, fault.Invalid(fault.F("file", "The file is larger than %d MB", LargestImport>>20))
	}
	if body := bytes.TrimLeft(bytes.TrimPrefix(file, []byte("\ufeff")), " \t\r\n"); bytes.HasPrefix(body, []byte("{")) {
		d, err := csaf.Parse(body)
		if err != nil {
			return "", nil, fault.Invalid(fault.F("file", "The file is no advisory: %s", text.Foreign(err.Error())))
		}
		if in = product.ReadTree(d); len(in.Catalog.Products) == 0 {
			return "", nil, fault.Invalid(fault.F("file", "The advisory names no products"))
		}
		return FromAdvisory, in, nil
	}
	in, err = product.ReadCSV(bytes.NewReader(file))
	if fault.Is(err, fault.KindInvalid) {
		err = fault.Invalid(badField("file", err))
	}
	return FromTable, in, err
}

// plan works out what a file does; do carries it out.
func (s *Service) plan(tx *store.Tx, by authz.Actor, d ImportDraft, do bool) (*ImportPlan, error) {
	kind, in, err := readImport(d.File)
	if err != nil {
		return nil, err
	}
	w := &importer{s: s, tx: tx, by: by, d: d, do: do, plan: &ImportPlan{Kind: kind, Problems: in.Problems, unit: d.Unit}, families: map[string]Family{}, seen: map[[2]string]bool{}}
	if err := w.loadFamilies(in.Catalog); err != nil {
		return nil, err
	}
	for _, p := range in.Catalog.Products {
		if err := w.product(p); err != nil {
			return nil, err
		}
	}
	told, err := json.Marshal([]any{w.plan.Families, w.plan.Steps, w.plan.Problems})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(told)
	w.plan.digest = hex.EncodeToString(sum[:])
	return w.plan, nil
}

// importer is one run over a file.
type importer struct {
	s        *Service
	tx       *store.Tx
	by       authz.Actor
	d        ImportDraft
	do       bool
	plan     *ImportPlan
	families map[string]Family // by the file's id
	seen     map[[2]string]bool
}

func (w *importer) refuse(name string, err error) error {
	if !fault.Is(err, fault.KindInvalid) && !fault.Is(err, fault.KindDenied) {
		return err
	}
	m := fault.MessageOf(err)
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		m = fields[0].Message
	}
	w.plan.Problems = append(w.plan.Problems, product.Problem{Place: name, Message: m})
	return nil
}

// loadFamilies finds the families of a file in the registry by name, or makes them.
func (w *importer) loadFamilies(c product.Catalog) error {
	known, err := readFamilies(w.tx)
	if err != nil {
		return err
	}
	for _, f := range c.Families {
		if i := slices.IndexFunc(known, func(k Family) bool { return k.Name == f.Name }); i >= 0 {
			w.families[f.ID] = known[i]
			continue
		}
		made := Family{Family: product.Family{ID: id.New(), Name: f.Name, NameJA: f.NameJA, Scheme: f.Scheme}, Unit: w.d.Unit}
		if made.Scheme.Kind == "" {
			made.Scheme = product.GuessScheme(slices.DeleteFunc(slices.Clone(c.Products), func(p product.Product) bool { return p.Family != f.ID })...)
		}
		w.families[f.ID] = made
		w.plan.Families = append(w.plan.Families, made.Name+" ("+made.Scheme.String()+")")
		if w.do {
			if err := w.s.keepFamily(w.tx, w.by, Family{Family: product.Family{ID: made.ID}}, FamilyDraft{made.Name, made.NameJA, made.Scheme.String(), w.d.Unit}); err != nil {
				return err
			}
		}
	}
	return nil
}

// product takes one product of a file: it is made, or gets what it has not yet. What it
// has stays as it is.
func (w *importer) product(in product.Product) error {
	in.Vendor = cmp.Or(in.Vendor, w.d.Vendor)
	if name := [2]string{in.Vendor, in.Name}; w.seen[name] {
		return w.refuse(in.Name, fault.Invalidf("The product stands twice in the file, in two families"))
	} else {
		w.seen[name] = true
	}
	ids, err := store.Texts(w.tx, "SELECT id FROM psirt_product WHERE vendor = $1 AND name = $2", in.Vendor, in.Name)
	if err != nil {
		return err
	}
	var p Product
	var filled []fact.PsirtProductChange
	step := ImportStep{Product: in.Name, Unit: cmp.Or(in.Unit, w.d.Unit)}
	if len(ids) > 0 {
		entries, err := entriesOf(w.tx, ids...)
		if err != nil {
			return err
		}
		p = entries[0]
		if !w.by.IsSystem() && !w.by.Can(Register, p.Unit) {
			return w.refuse(in.Name, fault.Invalidf("A product of this vendor and name belongs to another unit"))
		}
		step.Unit, step.Family = p.Unit, p.FamilyName
		filled = fillIn(&p, in)
		for _, f := range filled {
			step.Filled = append(step.Filled, f.Field)
		}
	} else {
		if err := mayRegister(w.by, step.Unit); err != nil {
			return w.refuse(in.Name, err)
		}
		step.New = true
		if p, err = w.make(in, &step); err != nil {
			return w.refuse(in.Name, err)
		}
	}
	fields, err := w.parts(&p, in, &step)
	if err != nil {
		return err
	}
	if !step.New && len(fields)+len(filled) == 0 {
		w.plan.Same++
		return nil
	}
	w.plan.Steps = append(w.plan.Steps, step)
	if !w.do {
		return nil
	}
	return w.s.changed(w.tx, w.by, &p, append(filled, fields...)...)
}

// make registers a product, or in a preview checks that it could be.
func (w *importer) make(in product.Product, step *ImportStep) (p Product, err error) {
	d := ProductDraft{Vendor: in.Vendor, VendorJA: in.VendorJA, Name: in.Name, NameJA: in.NameJA, Software: in.Software, Unit: step.Unit, CPE: in.CPE, PURL: in.PURL}
	if product.CheckNames(d.CPE, "") != nil {
		d.CPE = "" // of a version, as advisories have it
	}
	if product.CheckNames("", d.PURL) != nil {
		d.PURL = ""
	}
	family, has := w.families[in.Family]
	scheme := in.Scheme
	if has && (scheme.Kind == "" || fits(family.Scheme, in.Firmware) == nil) {
		scheme = product.Scheme{}
	}
	if !has && scheme.Kind == "" {
		scheme = product.GuessScheme(in)
	}
	if scheme.Kind != "" {
		d.Scheme = scheme.String()
	}
	p.ID = id.New()
	step.Family = family.Name
	if w.do {
		d.Family = family.ID
		return p, w.s.register(w.tx, w.by, &p, d)
	}
	if err := p.take(w.tx, d); err != nil {
		return p, err
	}
	if has && scheme.Kind == "" {
		p.Scheme = family.Scheme
	}
	return p, nil
}

// fillIn takes what the entry does not say yet.
func fillIn(p *Product, in product.Product) (filled []fact.PsirtProductChange) {
	for _, f := range []struct {
		field string
		at    *string
		now   string
		err   error
	}{{"name_ja", &p.NameJA, in.NameJA, product.CheckName(in.NameJA)}, {"cpe", &p.CPE, in.CPE, product.CheckNames(in.CPE, "")}, {"purl", &p.PURL, in.PURL, product.CheckNames("", in.PURL)}} {
		if *f.at == "" && f.now != "" && f.err == nil {
			*f.at = f.now
			filled = append(filled, fact.PsirtProductChange{Field: f.field, To: f.now})
		}
	}
	return filled
}

// parts takes the models, revisions and versions that are new.
func (w *importer) parts(p *Product, in product.Product, step *ImportStep) (fields []fact.PsirtProductChange, err error) {
	for _, m := range in.Models {
		at := slices.IndexFunc(p.Models, func(old product.Model) bool { return old.Number == m.Number })
		if at < 0 {
			made := []fact.PsirtProductChange{{}}
			if w.do {
				if made, err = addModel(w.tx, p, m); err != nil {
					return nil, err
				}
			} else {
				p.Models = append(p.Models, product.Model{Number: m.Number})
			}
			fields, at = append(fields, made...), len(p.Models)-1
			step.Models = append(step.Models, m.Number)
		}
		for _, h := range m.Hardware {
			if slices.ContainsFunc(p.Models[at].Hardware, func(old product.Hardware) bool { return old.Name == h.Name }) {
				continue
			}
			h.ID = ""
			made := []fact.PsirtProductChange{{}}
			if w.do {
				if made, err = keepHardware(w.tx, p, p.Models[at], h); err != nil {
					return nil, err
				}
			}
			fields = append(fields, made...)
			step.Hardware = append(step.Hardware, m.Number+" / "+h.Name)
		}
	}
	for _, f := range in.Firmware {
		if slices.ContainsFunc(p.Firmware, func(old product.Firmware) bool { return p.Scheme.Compare(old.Version, f.Version) == 0 }) {
			continue
		}
		if err := p.Scheme.Check(f.Version); err != nil {
			if err := w.refuse(in.Name, err); err != nil {
				return nil, err
			}
			continue
		}
		f.ID = ""
		made := []fact.PsirtProductChange{{}}
		if w.do {
			if made, err = keepFirmware(w.tx, p, f); err != nil {
				return nil, err
			}
		} else {
			p.Firmware = append(p.Firmware, f)
		}
		fields = append(fields, made...)
		step.Versions = append(step.Versions, p.Scheme.Bare(f.Version))
	}
	return fields, nil
}

// CheckImport looks a file through and keeps it for a day; nothing changes. It returns
// the id under which ImportPlan tells what the file would do.
func (s *Service) CheckImport(ctx context.Context, by authz.Actor, d ImportDraft) (string, error) {
	key := id.New()
	return key, s.db.Change(ctx, func(tx *store.Tx) error {
		if err := mayRegister(by, d.Unit); err != nil {
			return err
		}
		if d.Vendor != "" {
			if err := product.CheckName(d.Vendor); err != nil {
				return fault.Invalid(badField("vendor", err))
			}
		}
		plan, err := s.plan(tx, by, d, false)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(d.File)
		if _, err := tx.Exec("DELETE FROM psirt_product_import WHERE applied = 0 AND at < $1", tx.Millis()-24*60*60*1000); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO psirt_product_import (id, kind, person, at, unit, vendor, file, sha256, digest) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
			key, plan.Kind, by.Who(), tx.Millis(), d.Unit, d.Vendor, d.File, hex.EncodeToString(sum[:]), plan.digest); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtImportChecked{Import: key, Kind: plan.Kind, SHA256: hex.EncodeToString(sum[:]), Unit: d.Unit})
	})
}

type importRow struct {
	ImportDraft
	kind, sha256, digest string
	at, applied          time.Time
}

func findImport(tx *store.Tx, by authz.Actor, key string) (importRow, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (i importRow, err error) {
		var at, applied int64
		err = r.Scan(&i.kind, &at, &i.Unit, &i.Vendor, &i.File, &i.sha256, &i.digest, &applied)
		i.at, i.applied = store.Time(at), store.Time(applied)
		return i, err
	}, "SELECT kind, at, unit, vendor, file, sha256, digest, applied FROM psirt_product_import WHERE id = $1 AND person = $2", key, by.Who())
	if err != nil {
		return importRow{}, err
	}
	if len(list) == 0 {
		return importRow{}, missing()
	}
	return list[0], nil
}

// ImportPlan tells what a file that the actor brought does now; of one that was taken
// over, only that.
func (s *Service) ImportPlan(ctx context.Context, by authz.Actor, key string) (plan *ImportPlan, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		row, err := findImport(tx, by, key)
		if err != nil {
			return err
		}
		plan = &ImportPlan{Kind: row.kind}
		if row.applied.IsZero() {
			if plan, err = s.plan(tx, by, row.ImportDraft, false); err != nil {
				return err
			}
		}
		plan.ID, plan.At, plan.Applied = key, row.at, row.applied
		return nil
	})
	return plan, err
}

// Digest stands for all that a plan says; ApplyImport does that or nothing.
func (p *ImportPlan) Digest() string { return p.digest }

// ApplyImport takes a file over as its plan, which the person saw, says: all of it or
// nothing.
func (s *Service) ApplyImport(ctx context.Context, by authz.Actor, key, digest string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		row, err := findImport(tx, by, key)
		if err != nil {
			return err
		}
		if !row.applied.IsZero() {
			return fault.Conflict("This file was taken over already")
		}
		plan, err := s.plan(tx, by, row.ImportDraft, false)
		if err != nil {
			return err
		}
		if plan.digest != digest {
			return fault.Conflict("The registry has changed since this preview was made; look at the new one")
		}
		if !plan.Ready() {
			return fault.Conflict("The file changes nothing")
		}
		if _, err := s.plan(tx, by, row.ImportDraft, true); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE psirt_product_import SET applied = $1, file = $2 WHERE id = $3", tx.Millis(), []byte{}, key); err != nil {
			return err
		}
		made := 0
		for _, step := range plan.Steps {
			made += flag(step.New)
		}
		return tx.Record(by, fact.PsirtImportApplied{Import: key, Kind: row.kind, SHA256: row.sha256, Unit: row.Unit, Products: made, Changed: len(plan.Steps) - made})
	})
}

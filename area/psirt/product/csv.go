package product

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/package-url/packageurl-go"
	"golang.org/x/text/encoding/japanese"

	"yagura/area/psirt/cpe"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Columns are those of a table of products. The first row names them, in any order;
// product is the one that must be there. Each row names a product and what of it shall
// be registered: a model, a hardware revision of the model, a version, or several.
var Columns = []string{"vendor", "family", "family_ja", "scheme", "product", "product_ja", "software", "unit",
	"model", "hardware", "serials", "version", "released", "support_end", "cpe", "purl"}

// maxRows bounds a table.
const maxRows = 20000

// ReadCSV reads a table of products in UTF-8 or Shift_JIS. A row that has a mistake is told with
// its line and not taken.
func ReadCSV(r io.Reader) (*Imported, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) { // as spreadsheets in Japan still write it
		if raw, err = japanese.ShiftJIS.NewDecoder().Bytes(raw); err != nil || !utf8.Valid(raw) || bytes.ContainsRune(raw, utf8.RuneError) {
			return nil, fault.Invalidf("The table is neither UTF-8 nor Shift_JIS: please save it as “CSV UTF-8”")
		}
	}
	table := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff")))
	table.FieldsPerRecord = -1
	head, err := table.Read()
	if err != nil {
		return nil, fault.Invalidf("The table has no first row with the names of columns")
	}
	for i, name := range head {
		head[i] = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(Columns, head[i]) || slices.Contains(head[:i], head[i]) {
			return nil, fault.Invalidf("The column %s is not known or stands twice; columns are %s", name, strings.Join(Columns, ", "))
		}
	}
	if !slices.Contains(head, "product") {
		return nil, fault.Invalidf("The table has no column “product”")
	}
	t := &tableReader{in: &Imported{}}
	for rows := 0; ; rows++ {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return t.in, nil
		}
		if err != nil {
			return nil, fault.Invalidf("The table can't be read further: %s", text.Foreign(err.Error()))
		}
		if rows == maxRows {
			return nil, fault.Invalidf("The table has more than %d rows", maxRows)
		}
		line, _ := table.FieldPos(0)
		if err := t.row(head, record); err != nil {
			t.in.Problems = append(t.in.Problems, Problem{"line " + strconv.Itoa(line), fault.MessageOf(err)})
		}
	}
}

type tableReader struct{ in *Imported }

// row takes one row, or nothing of it.
func (t *tableReader) row(head, record []string) error {
	cell := map[string]string{}
	empty := true
	for i, v := range record {
		if i >= len(head) {
			if strings.TrimSpace(v) != "" {
				return fault.Invalidf("The row has more cells than there are columns")
			}
			continue
		}
		if cell[head[i]] = unguard(strings.TrimSpace(v)); head[i] == "scheme" {
			cell["scheme"] = strings.TrimLeft(v, " \t") // a blank behind belongs to what stands before versions
		}
		empty = empty && cell[head[i]] == ""
	}
	if empty {
		return nil
	}
	row, err := readRow(cell)
	if err != nil {
		return err
	}
	return t.take(row)
}

// unguard takes off the apostrophe that exports put before what a spreadsheet would
// run as a formula.
func unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r|%'", s[1]) >= 0 {
		return s[1:]
	}
	return s
}

// tableRow is a row whose cells were read.
type tableRow struct {
	family   Family
	product  Product
	model    string
	hardware Hardware
	firmware Firmware
	cpe      string
}

func readRow(cell map[string]string) (row tableRow, err error) {
	row = tableRow{
		family: Family{Name: cell["family"], NameJA: cell["family_ja"]},
		product: Product{Vendor: cell["vendor"], Name: cell["product"], NameJA: cell["product_ja"], Unit: cell["unit"],
			PURL: cell["purl"]},
		model: cell["model"], cpe: cell["cpe"],
	}
	row.hardware.Name, row.firmware.Version = cell["hardware"], cell["version"]
	if cell["product"] == "" {
		return row, fault.Invalidf("The row names no product")
	}
	for _, name := range []string{"vendor", "family", "family_ja", "product", "product_ja", "model", "hardware"} {
		if err := CheckName(cell[name]); cell[name] != "" && err != nil {
			return row, err
		}
	}
	switch strings.ToLower(cell["software"]) {
	case "", "no", "false", "0":
	case "yes", "true", "1":
		row.product.Software = true
	default:
		return row, fault.Invalidf("The column software is yes or no, not %s", cell["software"])
	}
	if s := cell["scheme"]; s != "" {
		scheme, err := ParseScheme(s)
		if err != nil {
			return row, err
		}
		if row.family.Name == "" {
			row.product.Scheme = scheme
		}
		row.family.Scheme = scheme
	}
	if row.hardware.Name != "" && row.model == "" {
		return row, fault.Invalidf("A hardware revision is that of one model: please name the model too")
	}
	if row.hardware.Serials, err = ParseSerials(cell["serials"]); err != nil {
		return row, err
	}
	if !row.hardware.Serials.Any() && row.hardware.Name == "" {
		return row, fault.Invalidf("Serial numbers belong to a hardware revision: please name it too")
	}
	for name, at := range map[string]*time.Time{"released": &row.firmware.Released, "support_end": &row.firmware.SupportEnd} {
		if cell[name] == "" {
			continue
		}
		if *at, err = time.Parse("2006-01-02", cell[name]); err != nil {
			return row, fault.Invalidf("%s in the column %s is no day such as 2026-04-01", cell[name], name)
		}
		if row.firmware.Version == "" {
			return row, fault.Invalidf("The days of release and of the end of support belong to a version: please name it too")
		}
	}
	if row.hardware.Name != "" { // the version in its name is that of the hardware
		if _, err := cpe.Parse(row.cpe); row.cpe != "" && err != nil {
			return row, fault.Invalidf("The CPE is wrong: %s", text.Foreign(err.Error()))
		}
		return row, CheckNames("", row.product.PURL)
	}
	return row, CheckNames(row.cpe, row.product.PURL)
}

// CheckName says what is wrong with a name, or nil.
func CheckName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return fault.Invalidf("The name is empty")
	case utf8.RuneCountInString(name) > 200:
		return fault.Invalidf("The name has more than 200 letters")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		return fault.Invalidf("The name has signs that can't be printed")
	}
	return nil
}

// CheckNames says what is wrong with names for machines: a CPE, a purl without a
// version. Empty is right.
func CheckNames(cpeName, purl string) error {
	if cpeName != "" {
		n, err := cpe.Parse(cpeName)
		if err != nil {
			return fault.Invalidf("The CPE is wrong: %s", text.Foreign(err.Error()))
		}
		if n[cpe.Version] != cpe.Any && n[cpe.Version] != cpe.NA {
			return fault.Invalidf("The CPE names a version; please put * for it: each version gets its own")
		}
	}
	if purl != "" {
		p, err := packageurl.FromString(purl)
		if err != nil {
			return fault.Invalidf("The purl is wrong: %s", text.Foreign(err.Error()))
		}
		if p.Version != "" {
			return fault.Invalidf("The purl names a version; please leave it out: each version gets its own")
		}
	}
	return nil
}

// take puts a row into the catalog, where it does not contradict an earlier one.
func (t *tableReader) take(row tableRow) error {
	c := &t.in.Catalog
	scheme := row.family.Scheme
	if row.family.Name != "" {
		if i := slices.IndexFunc(c.Families, func(f Family) bool { return f.Name == row.family.Name }); i >= 0 {
			f := &c.Families[i]
			if scheme.Kind != "" && f.Scheme.Kind != "" && f.Scheme != scheme {
				return fault.Invalidf("The family %s has the order %s further up", f.Name, f.Scheme.String())
			}
			if f.Scheme.Kind == "" {
				f.Scheme = scheme
			}
			if f.NameJA == "" {
				f.NameJA = row.family.NameJA
			}
			scheme, row.product.Family = f.Scheme, f.ID
		}
	}
	i := slices.IndexFunc(c.Products, func(p Product) bool { return p.Vendor == row.product.Vendor && p.Name == row.product.Name })
	if i >= 0 {
		p := c.Products[i]
		same := func(old, now string) bool { return now == "" || old == "" || old == now }
		if p.Family != row.product.Family && row.family.Name != "" || !same(p.Unit, row.product.Unit) || !same(p.NameJA, row.product.NameJA) || !same(p.PURL, row.product.PURL) {
			return fault.Invalidf("The product %s is of another family or unit, or has another name or purl, further up", p.Name)
		}
		if scheme.Kind == "" {
			scheme = p.Scheme
		}
	}
	// Without an order in the file, the registry's decides.
	if row.firmware.Version != "" && scheme.Kind != "" {
		if err := scheme.Check(row.firmware.Version); err != nil {
			return err
		}
	}
	if row.family.Name != "" && row.product.Family == "" {
		f := c.addFamily(row.family.Name)
		f.NameJA, f.Scheme = row.family.NameJA, row.family.Scheme
		row.product.Family = f.ID
	}
	var p *Product
	if i >= 0 {
		p = &c.Products[i]
		for old, now := range map[*string]string{&p.Unit: row.product.Unit, &p.NameJA: row.product.NameJA, &p.PURL: row.product.PURL} {
			if *old == "" {
				*old = now
			}
		}
		p.Software = p.Software || row.product.Software
	} else {
		p = c.addProduct(row.product)
	}
	if row.cpe != "" && row.model == "" {
		p.CPE = row.cpe
	}
	if row.model != "" {
		m := p.addModel(row.model)
		if row.hardware.Name != "" {
			if !slices.ContainsFunc(m.Hardware, func(h Hardware) bool { return h.Name == row.hardware.Name }) {
				row.hardware.ID = m.ID + "-h" + strconv.Itoa(len(m.Hardware)+1)
				row.hardware.CPE = row.cpe
				m.Hardware = append(m.Hardware, row.hardware)
			}
		} else if row.cpe != "" {
			m.CPE = row.cpe
		}
	}
	if row.firmware.Version != "" {
		row.firmware.Version = scheme.Bare(row.firmware.Version)
		f := p.addFirmware(scheme, row.firmware)
		if f.Released.IsZero() {
			f.Released = row.firmware.Released
		}
		if f.SupportEnd.IsZero() {
			f.SupportEnd = row.firmware.SupportEnd
		}
	}
	return nil
}

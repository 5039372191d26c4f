package identity

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// BadLine is what is wrong with a line of a file.
type BadLine struct {
	Line    int
	Message text.Message
}

const (
	// MostDevices is how many lines one list may have.
	MostDevices = 5000
	mostLines   = 50 // that are complained about
)

// ImportDevices takes managed devices from a list (CSV with the columns asset,
// name, person, unit; UTF-8). All of it is taken, or nothing and what is wrong
// with it. A device of the inventory that is there already is changed.
func (s *Service) ImportDevices(ctx context.Context, by authz.Actor, file []byte) (n int, wrong []BadLine, err error) {
	rows, wrong := readDevices(file)
	if len(wrong) > 0 {
		return 0, wrong, nil
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		n, wrong = 0, nil
		for _, r := range rows {
			e, bad, err := r.settle(tx, by)
			if err != nil {
				return err
			}
			if bad.Key != "" {
				if wrong = append(wrong, BadLine{r.line, bad}); len(wrong) >= mostLines {
					break
				}
				continue
			}
			if err := e.save(tx); err != nil {
				return err
			}
			n++
			if err := tx.Record(by, fact.DeviceManaged{Device: e.ID, Unit: e.Unit, Person: e.Person, Managed: true}); err != nil {
				return err
			}
		}
		if len(wrong) > 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return 0, wrong, nil
	}
	return n, nil, err
}

// errNothing takes back what was taken before a line was wrong.
var errNothing = errors.New("nothing is taken")

type deviceLine struct {
	line                      int
	asset, name, person, unit string
}

func readDevices(file []byte) (rows []deviceLine, wrong []BadLine) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	var columns []string
	seen := map[string]int{}
	bad := func(line int, m text.Message) { wrong = append(wrong, BadLine{line, m}) }
	for len(wrong) < mostLines {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line := 1
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				line = pe.Line
			}
			bad(line, text.M("This is not a list with commas"))
			return nil, wrong
		}
		line, _ := r.FieldPos(0)
		if columns == nil {
			for _, c := range cells {
				columns = append(columns, strings.ToLower(strings.TrimSpace(c)))
			}
			if !slices.Contains(columns, "asset") {
				bad(line, text.M("The first line names the columns: asset, name, person, unit"))
				return nil, wrong
			}
			continue
		}
		d := deviceLine{line: line}
		for i, c := range cells {
			if i >= len(columns) {
				break
			}
			c = strings.TrimSpace(strings.ToValidUTF8(c, ""))
			switch columns[i] {
			case "asset":
				d.asset = c
			case "name":
				d.name = c
			case "person":
				d.person = c
			case "unit":
				d.unit = c
			}
		}
		before, twice := seen[d.asset]
		switch {
		case d.asset == "" || len([]rune(d.asset)) > 60 || len([]rune(d.name)) > 120:
			bad(line, text.M("A number of at most %d characters is needed, and a name of at most %d", 60, 120))
		case twice:
			bad(line, text.M("%s stands in line %d already", d.asset, before))
		case len(rows) >= MostDevices:
			bad(line, text.M("A list has at most %d devices", MostDevices))
			return nil, wrong
		}
		seen[d.asset] = line
		rows = append(rows, d)
	}
	if len(rows) == 0 && len(wrong) == 0 {
		bad(1, text.M("There is no device in it"))
	}
	return rows, wrong
}

// settle finds the person and the unit of a line, and what is there already.
func (d deviceLine) settle(tx *store.Tx, by authz.Actor) (e Equipment, bad text.Message, err error) {
	e = Equipment{ID: id.New(), Added: tx.Now}
	old, err := store.Rows(tx, readEquipment, "SELECT "+deviceColumns+" FROM identity_device d WHERE d.asset <> '' AND d.asset = $1 AND d.removed = 0", d.asset)
	if err != nil {
		return e, bad, err
	}
	if len(old) > 0 {
		if e = old[0]; !by.Can(ManageDevices, e.Unit) {
			return e, text.M("%s belongs to a unit that is not yours", d.asset), nil
		}
	}
	e.Asset, e.Name, e.Person, e.Unit, e.Managed = d.asset, d.name, d.person, d.unit, true
	if d.person != "" {
		p, err := authz.FindPerson(tx, d.person)
		if fault.Is(err, fault.KindNotFound) || err == nil && (!p.Active || !by.Can(ManageDevices, p.Unit)) {
			return e, text.M("There is no person %s in your units", d.person), nil
		}
		if err != nil {
			return e, bad, err
		}
		if e.Unit == "" {
			e.Unit = p.Unit
		}
	}
	if e.Unit == "" {
		return e, text.M("A person or a unit is needed"), nil
	}
	if !by.Can(ManageDevices, e.Unit) {
		return e, text.M("There is no unit %s that is yours", e.Unit), nil
	}
	return e, bad, nil
}

package psirt

import (
	"context"
	"strings"
	"time"

	"yagura/area/psirt/cpe"
	"yagura/area/psirt/product"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// mostModels bounds how many models a product has: each stands in every product tree.
const mostModels = 4096

// part changes a product's models, revisions or versions by a function that returns
// what is different.
func (s *Service) part(ctx context.Context, by authz.Actor, of string, version int64, change func(tx *store.Tx, p *Product) ([]fact.PsirtProductChange, error)) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		p, err := keeping(tx, by, of, version)
		if err != nil {
			return err
		}
		fields, err := change(tx, &p)
		if err != nil {
			return err
		}
		return s.changed(tx, by, &p, fields...)
	})
}

// AddModels registers models, one a line; a line may be a pattern that can be written
// out, such as FX9U-16/32MT(-A).
func (s *Service) AddModels(ctx context.Context, by authz.Actor, of string, version int64, lines string) error {
	return s.part(ctx, by, of, version, func(tx *store.Tx, p *Product) (fields []fact.PsirtProductChange, err error) {
		for line := range strings.Lines(lines) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if err := product.CheckName(line); err != nil {
				return nil, fault.Invalid(badField("models", err))
			}
			pattern, err := product.ParsePattern(line)
			if err != nil {
				return nil, fault.Invalid(badField("models", err))
			}
			numbers, ok := pattern.All()
			if !ok {
				return nil, fault.Invalid(fault.F("models", "%s can't be written out into models; please name them, or put \\ before a * that belongs to a number", line))
			}
			for _, n := range numbers {
				changes, err := addModel(tx, p, product.Model{Number: n})
				if err != nil {
					return nil, err
				}
				fields = append(fields, changes...)
			}
		}
		if len(fields) == 0 {
			return nil, fault.Invalid(fault.F("models", "There is no new model in it"))
		}
		return fields, nil
	})
}

// addModel registers a model, unless there is one of this number.
func addModel(tx *store.Tx, p *Product, m product.Model) ([]fact.PsirtProductChange, error) {
	for _, old := range p.Models {
		if old.Number == m.Number {
			return nil, nil
		}
	}
	if len(p.Models) == mostModels {
		return nil, fault.Invalid(fault.F("models", "A product has at most %d models", mostModels))
	}
	if err := product.CheckName(m.Number); err != nil {
		return nil, fault.Invalid(badField("models", err))
	}
	m.ID, m.Hardware = id.New(), nil
	p.Models = append(p.Models, m)
	_, err := tx.Exec("INSERT INTO psirt_product_model (id, product, number, cpe) VALUES ($1,$2,$3,$4)", m.ID, p.ID, m.Number, m.CPE)
	return []fact.PsirtProductChange{{Part: m.ID, Field: "model", To: m.Number}}, err
}

// EditModel corrects a model, or retires it.
func (s *Service) EditModel(ctx context.Context, by authz.Actor, of string, version int64, model, number, cpeName string, retired bool) error {
	return s.part(ctx, by, of, version, func(tx *store.Tx, p *Product) ([]fact.PsirtProductChange, error) {
		m, ok := p.Model(model)
		if !ok {
			return nil, missing()
		}
		number, cpeName = strings.TrimSpace(number), strings.TrimSpace(cpeName)
		if err := product.CheckName(number); err != nil {
			return nil, fault.Invalid(badField("number", err))
		}
		if err := product.CheckNames(cpeName, ""); err != nil {
			return nil, fault.Invalid(badField("cpe", err))
		}
		for i, other := range p.Models {
			switch {
			case other.ID == m.ID:
				p.Models[i].Number, p.Models[i].CPE = number, cpeName
			case other.Number == number:
				return nil, fault.Invalid(fault.F("number", "There is a model of this number already"))
			}
		}
		gone := p.Gone[m.ID]
		if retired != !gone.IsZero() {
			if gone = (time.Time{}); retired {
				gone = tx.Now
			}
		}
		fields := changesOf(m.ID, [][3]string{{"number", m.Number, number}, {"cpe", m.CPE, cpeName}, {"retired", day(p.Gone[m.ID]), day(gone)}})
		if len(fields) == 0 {
			return nil, nil
		}
		_, err := tx.Exec("UPDATE psirt_product_model SET number=$2, cpe=$3, retired=$4 WHERE id = $1", m.ID, number, cpeName, store.Millis(gone))
		return fields, err
	})
}

func changesOf(part string, fields [][3]string) (all []fact.PsirtProductChange) {
	for _, f := range fields {
		if f[1] != f[2] {
			all = append(all, fact.PsirtProductChange{Part: part, Field: f[0], From: f[1], To: f[2]})
		}
	}
	return all
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// KeepHardware registers a hardware revision of a model, or corrects the one with the
// id.
func (s *Service) KeepHardware(ctx context.Context, by authz.Actor, of string, version int64, model string, h product.Hardware) error {
	return s.part(ctx, by, of, version, func(tx *store.Tx, p *Product) ([]fact.PsirtProductChange, error) {
		m, ok := p.Model(model)
		if !ok {
			return nil, missing()
		}
		return keepHardware(tx, p, m, h)
	})
}

func keepHardware(tx *store.Tx, p *Product, m product.Model, h product.Hardware) ([]fact.PsirtProductChange, error) {
	h.Name, h.CPE = strings.TrimSpace(h.Name), strings.TrimSpace(h.CPE)
	var bad []fault.Field
	if err := product.CheckName(h.Name); err != nil {
		bad = append(bad, badField("name", err))
	}
	if _, err := cpe.Parse(h.CPE); h.CPE != "" && err != nil {
		bad = append(bad, fault.F("cpe", "The CPE is wrong: %s", text.Foreign(err.Error())))
	}
	if err := h.Serials.Check(); err != nil {
		bad = append(bad, badField("serials", err))
	}
	old, known := m.Revision(h.ID)
	if h.ID != "" && !known {
		return nil, missing()
	}
	for _, other := range m.Hardware {
		if other.ID != h.ID && other.Name == h.Name {
			bad = append(bad, fault.F("name", "There is a revision of this name already"))
		}
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad...)
	}
	if !known {
		h.ID = id.New()
		_, err := tx.Exec("INSERT INTO psirt_product_hardware (id, product, model, name, cpe, serial_from, serial_through) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			h.ID, p.ID, m.ID, h.Name, h.CPE, h.Serials.From, h.Serials.Through)
		return []fact.PsirtProductChange{{Part: h.ID, Field: "hardware", To: h.Name}}, err
	}
	changes := changesOf(h.ID, [][3]string{{"name", old.Name, h.Name}, {"cpe", old.CPE, h.CPE}, {"serials", old.Serials.String(), h.Serials.String()}})
	if len(changes) == 0 {
		return nil, nil
	}
	_, err := tx.Exec("UPDATE psirt_product_hardware SET name=$2, cpe=$3, serial_from=$4, serial_through=$5 WHERE id = $1", h.ID, h.Name, h.CPE, h.Serials.From, h.Serials.Through)
	return changes, err
}

// KeepFirmware registers a version, or corrects the one with the id.
func (s *Service) KeepFirmware(ctx context.Context, by authz.Actor, of string, version int64, f product.Firmware) error {
	return s.part(ctx, by, of, version, func(tx *store.Tx, p *Product) ([]fact.PsirtProductChange, error) {
		return keepFirmware(tx, p, f)
	})
}

func keepFirmware(tx *store.Tx, p *Product, f product.Firmware) ([]fact.PsirtProductChange, error) {
	if err := p.Scheme.Check(f.Version); err != nil {
		return nil, fault.Invalid(badField("version", err))
	}
	f.Version = p.Scheme.Bare(f.Version)
	if !f.SupportEnd.IsZero() && f.SupportEnd.Before(f.Released) {
		return nil, fault.Invalid(fault.F("support_end", "Support ends after the release"))
	}
	at := -1
	for i, other := range p.Firmware {
		switch {
		case other.ID == f.ID:
			at = i
		case p.Scheme.Compare(other.Version, f.Version) == 0:
			return nil, fault.Invalid(fault.F("version", "There is this version already, as %s", other.Version))
		}
	}
	if f.ID != "" && at < 0 {
		return nil, missing()
	}
	if at < 0 {
		f.ID = id.New()
		p.Firmware = append(p.Firmware, f)
		_, err := tx.Exec("INSERT INTO psirt_product_firmware (id, product, version, released, support_end) VALUES ($1,$2,$3,$4,$5)",
			f.ID, p.ID, f.Version, store.Millis(f.Released), store.Millis(f.SupportEnd))
		return []fact.PsirtProductChange{{Part: f.ID, Field: "firmware", To: f.Version}}, err
	}
	old := p.Firmware[at]
	p.Firmware[at] = f
	changes := changesOf(f.ID, [][3]string{{"version", old.Version, f.Version}, {"released", day(old.Released), day(f.Released)}, {"support_end", day(old.SupportEnd), day(f.SupportEnd)}})
	if len(changes) == 0 {
		return nil, nil
	}
	_, err := tx.Exec("UPDATE psirt_product_firmware SET version=$2, released=$3, support_end=$4 WHERE id = $1", f.ID, f.Version, store.Millis(f.Released), store.Millis(f.SupportEnd))
	return changes, err
}

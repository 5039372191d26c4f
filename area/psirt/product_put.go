package psirt

import (
	"context"
	"fmt"

	"yagura/area/psirt/product"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// ProductState is a product as a program of the works hands it in.
type ProductState struct {
	ProductDraft
	// Models are those in use: others are retired. nil: they stay as they are. Revisions of
	// hardware and versions that are not named stay, since advisories name them.
	Models   []product.Model
	Firmware []product.Firmware
}

// PutProduct registers a product, where it has no id, or makes it what a state says: all
// of it or, where something is wrong, nothing. What is wrong in a part is named by its
// JSON pointer.
func (s *Service) PutProduct(ctx context.Context, by authz.Actor, of string, version int64, d ProductState) (string, error) {
	key := of
	if key == "" {
		key = id.New()
	}
	return key, s.db.Change(ctx, func(tx *store.Tx) error {
		p := Product{}
		p.ID = key
		var fields []fact.PsirtProductChange
		if of == "" {
			if err := mayRegister(by, d.Unit); err != nil {
				return err
			}
			if err := s.register(tx, by, &p, d.ProductDraft); err != nil {
				return err
			}
		} else {
			var err error
			if p, err = keeping(tx, by, of, version); err != nil {
				return err
			}
			if d.Unit != p.Unit {
				if err := mayRegister(by, d.Unit); err != nil {
					return err
				}
			}
			was := p.Draft()
			if err := p.take(tx, d.ProductDraft); err != nil {
				return err
			}
			fields = was.changes(p.Draft())
		}
		parts, err := putParts(tx, &p, d)
		if err != nil {
			return err
		}
		return s.changed(tx, by, &p, append(fields, parts...)...)
	})
}

// at names the part in which something is wrong.
func at(err error, format string, args ...any) error {
	f := fault.As(err)
	if f == nil || f.Kind != fault.KindInvalid {
		return err
	}
	place := fmt.Sprintf(format, args...)
	var fields []fault.Field
	for _, x := range f.Fields {
		fields = append(fields, fault.Field{Name: place + "/" + x.Name, Message: x.Message})
	}
	return fault.Invalid(fields...)
}

func putParts(tx *store.Tx, p *Product, d ProductState) (all []fact.PsirtProductChange, err error) {
	if d.Models != nil {
		if all, err = putModels(tx, p, d.Models); err != nil {
			return nil, err
		}
	}
	for i, f := range d.Firmware {
		if f.ID = ""; p.Scheme.Check(f.Version) == nil {
			for _, old := range p.Firmware {
				if p.Scheme.Compare(old.Version, p.Scheme.Bare(f.Version)) == 0 {
					f.ID, f.Version = old.ID, old.Version
				}
			}
		}
		changes, err := keepFirmware(tx, p, f)
		if err != nil {
			return nil, at(err, "/versions/%d", i)
		}
		all = append(all, changes...)
	}
	return all, nil
}

func putModels(tx *store.Tx, p *Product, models []product.Model) (all []fact.PsirtProductChange, err error) {
	named := map[string]int{}
	for i, m := range models {
		if _, twice := named[m.Number]; twice {
			return nil, fault.Invalid(fault.F(fmt.Sprintf("/models/%d/number", i), "There is a model of this number already"))
		}
		named[m.Number] = i
		if err := product.CheckName(m.Number); err != nil {
			return nil, at(fault.Invalid(badField("number", err)), "/models/%d", i)
		}
		if err := product.CheckNames(m.CPE, ""); err != nil {
			return nil, at(fault.Invalid(badField("cpe", err)), "/models/%d", i)
		}
		changes, err := addModel(tx, p, m)
		if err != nil {
			return nil, at(err, "/models/%d", i)
		}
		all = append(all, changes...)
	}
	for k, have := range p.Models {
		i, wanted := named[have.Number]
		gone := p.Gone[have.ID]
		cpe := have.CPE
		switch {
		case !wanted && gone.IsZero():
			gone = tx.Now
		case wanted:
			gone, cpe = store.Time(0), models[i].CPE
		}
		if changes := changesOf(have.ID, [][3]string{{"cpe", have.CPE, cpe}, {"retired", day(p.Gone[have.ID]), day(gone)}}); len(changes) > 0 {
			p.Models[k].CPE = cpe
			if _, err := tx.Exec("UPDATE psirt_product_model SET cpe=$2, retired=$3 WHERE id = $1", have.ID, cpe, store.Millis(gone)); err != nil {
				return nil, err
			}
			all = append(all, changes...)
		}
		if !wanted {
			continue
		}
		for n, h := range models[i].Hardware {
			h.ID = ""
			for _, old := range have.Hardware {
				if old.Name == h.Name {
					h.ID = old.ID
				}
			}
			changes, err := keepHardware(tx, p, have, h)
			if err != nil {
				return nil, at(err, "/models/%d/hardware/%d", i, n)
			}
			all = append(all, changes...)
		}
	}
	return all, nil
}

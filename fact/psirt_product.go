package fact

import "yagura/kernel/store"

// Facts of the registry of products in area/psirt. The registry is under no embargo;
// what a case says of a product is never in these facts.

// PsirtFamilyKept is recorded when a family of products is registered or changed.
type PsirtFamilyKept struct {
	ID     string               `json:"id"`
	Unit   string               `json:"unit"`
	New    bool                 `json:"new,omitempty"`
	Fields []PsirtProductChange `json:"fields,omitempty"`
}

// PsirtProductChange is a field of an entry of the registry, as it was and as it is.
// Part is the id of a model, hardware revision or version; empty: the product itself.
type PsirtProductChange struct {
	Part  string `json:"part,omitempty"`
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// PsirtProductRegistered is recorded when a product comes into the registry.
type PsirtProductRegistered struct {
	ID     string `json:"id"`
	Unit   string `json:"unit"`
	Vendor string `json:"vendor"`
	Name   string `json:"name"`
	Family string `json:"family,omitempty"`
}

// PsirtProductChanged is recorded when an entry is corrected or gets models, hardware
// revisions or versions. Its id stays.
type PsirtProductChanged struct {
	ID     string               `json:"id"`
	Unit   string               `json:"unit"`
	Fields []PsirtProductChange `json:"fields"`
}

// PsirtProductRetired is recorded when a product is taken out of use, or Back into it.
type PsirtProductRetired struct {
	ID   string `json:"id"`
	Unit string `json:"unit"`
	Back bool   `json:"back,omitempty"`
}

// PsirtBillTaken is recorded when a bill of materials of a version is taken over.
type PsirtBillTaken struct {
	Product    string `json:"product"`
	Unit       string `json:"unit"`
	Firmware   string `json:"firmware"`
	SHA256     string `json:"sha256"`
	Components int    `json:"components"`
}

// PsirtImportChecked is recorded when a file of products is looked through.
type PsirtImportChecked struct {
	Import string `json:"import"`
	Kind   string `json:"kind"` // csv or csaf
	SHA256 string `json:"sha256"`
	Unit   string `json:"unit"`
}

// PsirtImportApplied is recorded when such a file is taken over.
type PsirtImportApplied struct {
	Import   string `json:"import"`
	Kind     string `json:"kind"`
	SHA256   string `json:"sha256"`
	Unit     string `json:"unit"`
	Products int    `json:"products"` // new ones
	Changed  int    `json:"changed"`  // those that got something new
}

// Heading implements store.Fact.
func (f PsirtFamilyKept) Heading() store.Heading {
	return store.Heading{Kind: "psirt.family-kept", Unit: f.Unit, Subject: f.ID}
}

// Heading implements store.Fact.
func (f PsirtProductRegistered) Heading() store.Heading {
	return store.Heading{Kind: "psirt.product-registered", Unit: f.Unit, Subject: f.ID}
}

// Heading implements store.Fact.
func (f PsirtProductChanged) Heading() store.Heading {
	return store.Heading{Kind: "psirt.product-changed", Unit: f.Unit, Subject: f.ID}
}

// Heading implements store.Fact.
func (f PsirtProductRetired) Heading() store.Heading {
	return store.Heading{Kind: "psirt.product-retired", Unit: f.Unit, Subject: f.ID}
}

// Heading implements store.Fact.
func (f PsirtBillTaken) Heading() store.Heading {
	return store.Heading{Kind: "psirt.bill-taken", Unit: f.Unit, Subject: f.Product}
}

// Heading implements store.Fact.
func (f PsirtImportChecked) Heading() store.Heading {
	return store.Heading{Kind: "psirt.import-checked", Unit: f.Unit, Subject: f.Import}
}

// Heading implements store.Fact.
func (f PsirtImportApplied) Heading() store.Heading {
	return store.Heading{Kind: "psirt.import-applied", Unit: f.Unit, Subject: f.Import}
}

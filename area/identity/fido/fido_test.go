package fido_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"yagura/area/identity/fido"
	"yagura/area/identity/fido/fidotest"
)

var now = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

func TestMetadata(t *testing.T) {
	root, maker, model := fidotest.Root(t, now, "root"), fidotest.Root(t, now, "maker"), fidotest.Model[:]
	signer, key, forged := root.Issue(t, fido.Signer), maker.Issue(t, "key"), fidotest.Root(t, now, "maker").Issue(t, "key")
	m, err := fido.Read(fidotest.Metadata(t, signer, maker, "FIDO_CERTIFIED_L2"), root.PEM(), now)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := m.Vouched(model, "basic_full", "packed", []any{key.Cert.Raw}); err != nil || found.Name != "A key" || !found.Hardware {
		t.Errorf("%+v, %v", found, err)
	}
	if m.Name(model) != "A key" || m.Broken(model) || m.Name(make([]byte, 16)) != "" || m.Broken(make([]byte, 16)) {
		t.Error("the model is not known by its number")
	}
	var none *fido.Models
	for why, try := range map[string]func() (fido.Model, error){
		"of a forger": func() (fido.Model, error) { return m.Vouched(model, "basic_full", "packed", []any{forged.Cert.Raw}) },
		"of another model": func() (fido.Model, error) {
			return m.Vouched(make([]byte, 16), "basic_full", "packed", []any{key.Cert.Raw})
		},
		"without a maker":   func() (fido.Model, error) { return m.Vouched(model, "basic_surrogate", "packed", nil) },
		"without metadata":  func() (fido.Model, error) { return none.Vouched(model, "basic_full", "packed", []any{key.Cert.Raw}) },
		"of a number short": func() (fido.Model, error) { return m.Vouched(model[:4], "basic_full", "packed", []any{key.Cert.Raw}) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("a key %s is vouched for", why)
		}
	}
	broken, err := fido.Read(fidotest.Metadata(t, signer, maker, "ATTESTATION_KEY_COMPROMISE"), root.PEM(), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Vouched(model, "basic_full", "packed", []any{key.Cert.Raw}); err == nil || !broken.Broken(model) {
		t.Error("a broken model is vouched for")
	}
}

func TestMetadataOfOthersIsRefused(t *testing.T) {
	root, maker := fidotest.Root(t, now, "root"), fidotest.Root(t, now, "maker")
	good := fidotest.Metadata(t, root.Issue(t, fido.Signer), maker, "FIDO_CERTIFIED")
	parts := strings.Split(string(good), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for why, try := range map[string]struct {
		blob []byte
		root []byte
		now  time.Time
	}{
		"another root":             {good, fidotest.Root(t, now, "root").PEM(), now},
		"another name":             {fidotest.Metadata(t, root.Issue(t, "other.example"), maker, "FIDO_CERTIFIED"), root.PEM(), now},
		"a certificate that ended": {good, root.PEM(), now.AddDate(2, 0, 0)},
		"no signature":             {[]byte(none), root.PEM(), now},
		"changed content":          {[]byte(parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2]), root.PEM(), now},
		"no file of the service":   {[]byte("hello"), root.PEM(), now},
		"no root":                  {good, []byte("hello"), now},
	} {
		if _, err := fido.Read(try.blob, try.root, try.now); err == nil {
			t.Errorf("%s: the metadata is believed", why)
		}
	}
}

func FuzzRead(f *testing.F) {
	root := fidotest.Root(f, now, "root")
	f.Add(string(fidotest.Metadata(f, root.Issue(f, fido.Signer), root, "FIDO_CERTIFIED")))
	pem := root.PEM()
	f.Fuzz(func(_ *testing.T, s string) { fido.Read([]byte(s), pem, now) })
}

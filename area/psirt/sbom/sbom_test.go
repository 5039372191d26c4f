package sbom

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yagura/kernel/fault"
)

const inJSON = `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,
"metadata":{"timestamp":"2026-04-01T09:00:00+09:00","tools":{"components":[{"type":"application","name":"maker"}]},
 "component":{"bom-ref":"fw","type":"firmware","name":"FX9U firmware","version":"1.05F"}},
"components":[
 {"bom-ref":"ssl","type":"library","name":"openssl","version":"3.0.13","purl":"pkg:generic/openssl@3.0.13","cpe":"cpe:2.3:a:openssl:openssl:3.0.13:*:*:*:*:*:*:*","supplier":{"name":"OpenSSL"},"licenses":[{"license":{"id":"Apache-2.0"}}],
  "components":[{"bom-ref":"crypto","type":"library","name":"libcrypto","version":"3.0.13","supplier":{"name":"OpenSSL"},"purl":"pkg:generic/libcrypto@3.0.13"}]},
 {"bom-ref":"lwip","type":"library","group":"nongnu","name":"lwip","version":"2.1.3","publisher":"lwIP developers","purl":"pkg:github/lwip-tcpip/lwip@2.1.3","licenses":[{"expression":"BSD-3-Clause"}]}],
"dependencies":[{"ref":"fw","dependsOn":["ssl","lwip"]},{"ref":"ssl","dependsOn":["crypto"]}]}`

const inXML = `<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79" version="1">
 <metadata><timestamp>2026-04-01T09:00:00+09:00</timestamp><tools><components><component type="application"><name>maker</name></component></components></tools>
  <component bom-ref="fw" type="firmware"><name>FX9U firmware</name><version>1.05F</version></component></metadata>
 <components>
  <component bom-ref="ssl" type="library"><supplier><name>OpenSSL</name></supplier><name>openssl</name><version>3.0.13</version><licenses><license><id>Apache-2.0</id></license></licenses><cpe>cpe:2.3:a:openssl:openssl:3.0.13:*:*:*:*:*:*:*</cpe><purl>pkg:generic/openssl@3.0.13</purl>
   <components><component bom-ref="crypto" type="library"><supplier><name>OpenSSL</name></supplier><name>libcrypto</name><version>3.0.13</version><purl>pkg:generic/libcrypto@3.0.13</purl></component></components></component>
  <component bom-ref="lwip" type="library"><publisher>lwIP developers</publisher><group>nongnu</group><name>lwip</name><version>2.1.3</version><licenses><expression>BSD-3-Clause</expression></licenses><purl>pkg:github/lwip-tcpip/lwip@2.1.3</purl></component>
 </components>
 <dependencies><dependency ref="fw"><dependency ref="ssl"/><dependency ref="lwip"/></dependency><dependency ref="ssl"><dependency ref="crypto"/></dependency></dependencies>
</bom>`

// TestBothForms: one bill is read alike from JSON and from XML, with nothing to find.
func TestBothForms(t *testing.T) {
	a, err := Parse([]byte(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse([]byte(inXML))
	if err != nil {
		t.Fatal(err)
	}
	if a.Format != "json" || b.Format != "xml" || a.Version != "1.6" || b.Version != "1.6" {
		t.Errorf("read as %s %s and %s %s", a.Format, a.Version, b.Format, b.Version)
	}
	b.Format = a.Format
	if !reflect.DeepEqual(a, b) {
		t.Errorf("read as\n%+v\nand\n%+v", a, b)
	}
	for _, f := range a.Findings {
		t.Errorf("%s %s", f.Place, f.Message)
	}
	if n, bill := a.Minimum(); n != 3 || !bill || len(a.Components) != 3 || a.Components[1].Place != "/components/0/components/0" || a.Components[2].License != "BSD-3-Clause" {
		t.Errorf("%d complete, bill %t, %+v", n, bill, a.Components)
	}
}

func TestFindings(t *testing.T) {
	s, err := Parse([]byte(`{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{"timestamp":"yesterday"},"components":[
		{"type":"library","name":"a","bom-ref":"x","purl":"pkg:npm/a@1","version":"2"},{"type":"library","name":"","bom-ref":"x","purl":"no","cpe":"cpe:nonsense","hashes":[{"alg":"SHA-256","content":"12"}]}],
		"dependencies":[{"ref":"x","dependsOn":["nowhere"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range s.Findings {
		all = append(all, string(f.Level)+" "+f.Place+" "+f.Message.String())
	}
	for _, want := range []string{"warning /metadata/timestamp yesterday is no point", "warning /components/0 The component has the version 2, and its package URL 1",
		"error /components/1 The reference x stands at /components/0", "error /components/1 The component has no name", "error /components/1 no is no package URL",
		"error /components/1 cpe:nonsense is no CPE", "error /components/1 The SHA-256", "warning /dependencies/0 Nothing in the file has the reference nowhere", "warning /metadata It is not said who"} {
		found := false
		for _, f := range all {
			found = found || strings.HasPrefix(f, want)
		}
		if !found {
			t.Errorf("not found: %s in\n%s", want, strings.Join(all, "\n"))
		}
	}
	if s.Errors() != 5 {
		t.Errorf("%d errors", s.Errors())
	}
}

// TestRefused: what is no bill, or more than one can bear, is refused with its reason.
func TestRefused(t *testing.T) {
	var zipped, gzipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	w, _ := z.Create("bom.json")
	_, _ = io.WriteString(w, inJSON)
	_ = z.Close()
	g := gzip.NewWriter(&gzipped)
	_, _ = io.WriteString(g, inJSON)
	_ = g.Close()
	head := `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,`
	for name, c := range map[string]struct{ file, why string }{
		"nothing":            {" ", "empty"},
		"zip":                {zipped.String(), "archive"},
		"gzip":               {gzipped.String(), "archive"},
		"text":               {"hello", "neither JSON nor XML"},
		"other JSON":         {`{"spdxVersion":"SPDX-2.3"}`, "bomFormat"},
		"other XML":          {`<html/>`, "begins with <html>"},
		"broken":             {`{"bomFormat":`, "can't be read"},
		"two keys":           {head + `"version":2}`, "can't be read"},
		"future":             {strings.Replace(inJSON, "1.6", "9.9", 1), "not known"},
		"future XML":         {strings.Replace(inXML, "bom/1.6", "bom/9.9", 1), "not known"},
		"wrong type":         {head + `"components":{}}`, "no CycloneDX"},
		"deep":               {head + `"x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, "200 levels"},
		"deep XML":           {`<bom xmlns="http://cyclonedx.org/schema/bom/1.6">` + strings.Repeat("<a>", 300), "200 levels"},
		"entities":           {`<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6">&b;</bom>`, "document type"},
		"unknown entity":     {`<bom xmlns="http://cyclonedx.org/schema/bom/1.6">&b;</bom>`, "can't be read"},
		"too many":           {head + `"components":[` + strings.Repeat(`{"name":"a"},`, MaxComponents) + `{"name":"a"}]}`, "50000 components"},
		"larger than may be": {`{"a":"` + strings.Repeat("a", MaxSize) + `"}`, "larger than 16 MB"},
	} {
		_, err := Read(strings.NewReader(c.file))
		if !fault.Is(err, fault.KindInvalid) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQuery(t *testing.T) {
	s, err := Parse([]byte(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, versions, found string }{
		{"openssl", "", "openssl"}, {"OpenSSL", "<3.0.14", "openssl"}, {"openssl", ">=3.0.0|<3.0.13", ""}, {"nongnu/lwip", "2.1.2|2.1.3", "lwip"},
		{"pkg:generic/openssl", "<=3.0.13", "openssl"}, {"pkg:generic/openssl@3.0.13", "", "openssl"}, {"pkg:generic/openssl@3.0.12", "", ""},
		{"pkg:github/lwip-tcpip/lwip", "", "lwip"}, {"pkg:generic/lwip", "", ""}, {"cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*", "<3.1.0", "openssl"},
		{"cpe:2.3:a:openssl:openssl:3.0.1:*:*:*:*:*:*:*", "", ""}, {"ssl", "", ""},
	} {
		q, err := ParseQuery(c.what, c.versions)
		if err != nil {
			t.Error(err)
			continue
		}
		var found []string
		for _, component := range s.Components {
			if is, sure := q.Matches(component); is {
				if found = append(found, component.Name); !sure {
					t.Errorf("%s %s: not sure", c.what, c.versions)
				}
				if keys := q.Keys(); keys != nil && !slices.Contains(keys, component.Name) {
					t.Errorf("%s has the keys %v", c.what, keys)
				}
			}
		}
		if strings.Join(found, " ") != c.found {
			t.Errorf("%s %s finds %v", c.what, c.versions, found)
		}
	}
	for version, is := range map[string]string{"": "true false", "unknown version": "true false", "1.1.1k": "true true", "1.1.1": "true true", "1.1.1m": "false true", "3.0.0-alpha1": "false true"} {
		q, _ := ParseQuery("openssl", "<=1.1.1l")
		if a, b := q.Matches(Component{Name: "openssl", Version: version}); fmt.Sprint(a, b) != is {
			t.Errorf("%q: %t %t", version, a, b)
		}
	}
	for _, wrong := range [][2]string{{"", ""}, {"pkg:", ""}, {"cpe:2.3:x", ""}, {"a", "<>1"}, {"a", "<1|<2"}} {
		if _, err := ParseQuery(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v passes", wrong)
		}
	}
}

// FuzzParse: no file brings the reader down, and what it keeps is bounded and can be
// asked for.
func FuzzParse(f *testing.F) {
	f.Add([]byte(inJSON))
	f.Add([]byte(inXML))
	f.Add([]byte(`{"bomFormat":"CycloneDX","specVersion":"1.2","components":[{"purl":"pkg:a/b"}]}`))
	q, err := ParseQuery("openssl", ">=1|<2")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Fatal(err)
			}
			return
		}
		for _, c := range s.Components {
			if len(c.Name) > 2100 || len(c.Version) > 2100 {
				t.Fatal("a text is too long")
			}
			q.Matches(c)
		}
	})
}

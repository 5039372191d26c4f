package product

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"yagura/kernel/fault"
)

func TestTable(t *testing.T) {
	const table = "\ufeffproduct,product_ja,vendor,family,scheme,unit,model,hardware,serials,version,released,support_end,cpe,purl,software\n" +
		"FX9U,FX9U本体,Kitaura,MX9,lettered:Ver. ,works-3,FX9U-32MT/ES,Rev. B,17X*..,Ver. 1.05F,2026-04-01,,cpe:2.3:h:kitaura:fx9u:b:*:*:*:*:*:*:*,,\n" +
		"FX9U,,Kitaura,MX9,,,,,,1.06A,,2031-03-31,,,\n" +
		"\n" +
		"FX9U,,Kitaura,MX9,,,,,,v-1,,,,,\n" + // line 5: no version
		"MX Studio,,Kitaura,,semver,works-3,,,,2.0.0,,,,pkg:generic/kitaura/mx-studio,yes\n" +
		"'=1+1,,Kitaura,,,,,,,,,,,,\n" +
		"FX9U,,Kitaura,MX9,dotted,,,,,,,,,,\n" + // line 8: another order
		"FX9U,,Kitaura,,,,,Rev. C,,,,,,,\n" + // line 9: a revision of no model
		"FX9U,,Kitaura,,,,,,,1.07A,yesterday,,,,\n"
	sjis, err := japanese.ShiftJIS.NewEncoder().String(strings.TrimPrefix(table, "\ufeff"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{table, sjis} {
		in, err := ReadCSV(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		c := in.Catalog
		if len(c.Families) != 1 || c.Families[0].Scheme.String() != "lettered:Ver. " || len(c.Products) != 3 {
			t.Fatalf("%+v", c)
		}
		p := c.Products[0]
		if p.NameJA != "FX9U本体" || p.Unit != "works-3" || len(p.Models) != 1 || p.Models[0].Hardware[0].Serials != (Serials{From: "17X"}) || p.Models[0].Hardware[0].CPE == "" ||
			len(p.Firmware) != 2 || p.Firmware[0].Version != "1.05F" || p.Firmware[0].Released != time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) || p.Firmware[1].SupportEnd.IsZero() {
			t.Errorf("%+v", p)
		}
		if !c.Products[1].Software || c.Products[1].Scheme.Kind != Semver || c.Products[2].Name != "=1+1" {
			t.Errorf("%+v", c.Products[1:])
		}
		var lines []string
		for _, p := range in.Problems {
			lines = append(lines, p.Place)
		}
		if strings.Join(lines, ",") != "line 5,line 8,line 9,line 10" {
			t.Errorf("%v", in.Problems)
		}
	}
	for name, file := range map[string]string{"nothing": "", "no product": "vendor\nx\n", "unknown column": "product,colour\n", "twice": "product,product\n",
		"binary": "product\n\xff\xfe\xfd\x81\n", "quote": "product\n\"a\n", "long": "product\n" + strings.Repeat("a\n", maxRows+1)} {
		if _, err := ReadCSV(strings.NewReader(file)); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesForMachines(t *testing.T) {
	for _, c := range []struct {
		cpe, purl string
		right     bool
	}{
		{"", "", true}, {"cpe:2.3:o:k:fx9u_firmware:*:*:*:*:*:*:*:*", "pkg:generic/a", true},
		{"cpe:2.3:o:k:fx9u_firmware:1.05f:*:*:*:*:*:*:*", "", false}, {"cpe:2.3:o", "", false}, {"", "pkg:generic/a@1", false}, {"", "a", false},
	} {
		if err := CheckNames(c.cpe, c.purl); (err == nil) != c.right {
			t.Errorf("%s %s: %v", c.cpe, c.purl, err)
		}
	}
}

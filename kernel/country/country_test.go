package country_test

import (
	"encoding/json"
	"slices"
	"testing"

	"yagura/kernel/country"
	"yagura/kernel/text"
)

func TestNames(t *testing.T) {
	for code, want := range map[string][2]string{"TH": {"Thailand", "タイ"}, "VN": {"Vietnam", "ベトナム"}, "GB": {"United Kingdom", "イギリス"}, "ZZ": {"ZZ", "ZZ"}, "": {"", ""}} {
		if en, ja := country.Name(code, text.EN), country.Name(code, text.JA); en != want[0] || ja != want[1] {
			t.Errorf("%s is %q and %q", code, en, ja)
		}
	}
	if s := country.Names([]string{"DE", "NL"}, text.JA); s != "ドイツ, オランダ" {
		t.Errorf("%q", s)
	}
	if n := len(country.Codes()); n != 250 || !country.Known("JP") || country.Known("UK") || country.Known("EU") || country.Known("jp") {
		t.Errorf("%d countries", n)
	}
	for _, code := range country.Codes() { // no two of a name, and each name means its country
		for _, lang := range []text.Lang{text.EN, text.JA} {
			if name := country.Name(code, lang); name == code || !slices.Equal(country.Find(name), []string{code}) {
				t.Errorf("%s: %q means %v", code, name, country.Find(name))
			}
		}
	}
	// A message that waits in the database is still read in the reader's language.
	raw, err := json.Marshal(text.M("%s to %s", "x", country.List([]string{"VN", "TH"})))
	var m text.Message
	if err != nil || json.Unmarshal(raw, &m) != nil || m.Args[1].(text.Message).In(text.JA) != "ベトナム, タイ" {
		t.Errorf("%s %v", raw, err)
	}
}

func TestRead(t *testing.T) {
	for written, want := range map[string][]string{
		"VN, TH": {"VN", "TH"}, "vn th": {"VN", "TH"}, "Vietnam, thailand": {"VN", "TH"}, "ベトナム、タイ": {"VN", "TH"}, "ドイツ，オランダ": {"DE", "NL"},
		"South Korea": {"KR"}, "USA": {"US"}, "UK": {"GB"}, "Cote d'Ivoire": {"CI"}, "turkiye": {"TR"}, "香港": {"HK"}, "Hong Kong": {"HK"}, "中国": {"CN"}, "ﾀｲ": {"TH"}, "DEU": {"DE"}, "": nil, " , ": nil,
	} {
		if got, bad, _ := country.Read(written); !slices.Equal(got, want) || bad != "" {
			t.Errorf("%q: %v, bad %q", written, got, bad)
		}
	}
	for written, want := range map[string]struct {
		bad string
		may []string
	}{
		"Vietnam, Atlantis": {"Atlantis", nil}, "Korea": {"Korea", []string{"KP", "KR"}}, "XX": {"XX", nil}, "an": {"an", nil}, "DE XX": {"DE XX", nil}, "%s": {"%s", nil}, "日": {"日", nil},
	} {
		if got, bad, may := country.Read(written); bad != want.bad || len(got) > 0 || !slices.Equal(may, want.may) {
			t.Errorf("%q: %v, bad %q, may be %v", written, got, bad, may)
		}
	}
}

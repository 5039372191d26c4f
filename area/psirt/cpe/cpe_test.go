package cpe

import "testing"

func TestBindings(t *testing.T) {
	for _, c := range []struct{ in, formatted, uri string }{
		{"cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*", "", "cpe:/a:microsoft:internet_explorer:8.0.6001:beta"},
		{"cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*", "", "cpe:/a:hp:insight_diagnostics:7.4.0.1570:-:~~online~win2003~x64~"},
		{`cpe:2.3:a:foo\\bar:big\$money_manager_2010:*:*:*:*:special:ipod_touch:80gb:*`, "", "cpe:/a:foo%5cbar:big%24money_manager_2010:::~~special~ipod_touch~80gb~"},
		{"cpe:2.3:a:microsoft:internet_explorer:8.*:sp?:*:*:*:*:*:*", "", "cpe:/a:microsoft:internet_explorer:8.%02:sp%01"},
		{"cpe:/o:example:firmware:1.0%2b2", `cpe:2.3:o:example:firmware:1.0\+2:*:*:*:*:*:*:*`, ""},
		{"cpe:/h", "cpe:2.3:h:*:*:*:*:*:*:*:*:*:*", ""},
		{"cpe:/", "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*", ""},
		{"cpe:2.3:h:mitsubishi:fx5u-32mt:-:*:*:ja-JP:*:*:*:*", "", "cpe:/h:mitsubishi:fx5u-32mt:-:::ja-JP"},
	} {
		n, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		formatted, uri := c.formatted, c.uri
		if formatted == "" {
			formatted = c.in
		}
		if uri == "" {
			uri = c.in
		}
		if n.String() != formatted || n.URI() != uri {
			t.Errorf("%s is written %s and %s, want %s and %s", c.in, n, n.URI(), formatted, uri)
		}
	}
}

func TestWrongNames(t *testing.T) {
	for _, c := range []string{
		"", "cpe:", "cpe:2.3:a:b", "cpe:2.3:x:b:c:1:*:*:*:*:*:*:*", "cpe:2.3:a::c:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:b b:c:1:*:*:*:*:*:*:*", "cpe:2.3:a:b*b:c:1:*:*:*:*:*:*:*", "cpe:2.3:a:??:c:1:*:*:*:*:*:*:*",
		`cpe:2.3:a:b\a:c:1:*:*:*:*:*:*:*`, "cpe:2.3:a:b:c:1:*:*:english:*:*:*:*", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*:*",
		"cpe:/x:b", "cpe:/a:b:c:d:e:f:g:h", "cpe:/a:b!c", "cpe:/a:b%zz", "cpe:/a:b%0", "cpe:/a:b:c:d:e:~x~y", `cpe:2.3:a:b\`,
	} {
		if n, err := Parse(c); err == nil {
			t.Errorf("%q was taken as %v", c, n)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"cpe:/a:b:c", "cpe:/a:b:c:1.0", true},
		{"cpe:/a:b:c:1.0", "cpe:/a:b:c", false},
		{"cpe:/a:B:c:1.%02", "cpe:/a:b:c:1.2.3", true},
		{"cpe:/a:b:c:1.%01", "cpe:/a:b:c:1.2.3", false},
		{"cpe:/a:b:c:1.%01", "cpe:/a:b:c:1.2", true},
		{"cpe:/a:b:c:-", "cpe:/a:b:c:1", false},
	} {
		a, _ := Parse(c.a)
		b, _ := Parse(c.b)
		if a.Covers(b) != c.want {
			t.Errorf("%s covers %s: %v", c.a, c.b, !c.want)
		}
	}
}

// FuzzParse: what is read is written and read again as the same.
func FuzzParse(f *testing.F) {
	f.Add("cpe:2.3:a:b:c:1:*:*:*:*:*:*:*")
	f.Add("cpe:/a:b%2dc:::~~x~y~z~")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		n.Covers(n)
		if s[4] == '2' {
			again, err := Parse(n.String())
			if err != nil || again != n {
				t.Errorf("%q: %v written as %q: %v, %v", s, n, n.String(), again, err)
			}
		}
	})
}

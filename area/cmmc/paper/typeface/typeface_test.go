package typeface

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yagura/area/cmmc/paper/typeface/typefacetest"
)

var letters = []rune("ABC 星野𠮷")

func face(t *testing.T, o typefacetest.Options) *Face {
	t.Helper()
	if o.Name == "" {
		o.Name = "Made-Regular"
	}
	if o.Runes == nil {
		o.Runes = letters
	}
	f, err := Parse("made.otf", typefacetest.Font(o), -1)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFontIsRead(t *testing.T) {
	for _, o := range []typefacetest.Options{{}, {CFF: true}, {CFF: true, Keyed: true}} {
		f := face(t, o)
		if f.Name != "Made-Regular" || f.CFF() != o.CFF || f.Ascent != 880 || f.Descent != -120 || f.CapHeight != 733 || f.Box != [4]int{-50, -200, 1100, 900} {
			t.Errorf("%+v: %+v", o, f)
		}
		for i, r := range letters {
			if g, ok := f.Glyph(r); !ok || g != i+1 || f.Width(g) != 400+10*g {
				t.Errorf("%+v: %c is glyph %d, %d wide, %v", o, r, g, f.Width(g), ok)
			}
		}
		for _, r := range "Dあ\U0001f600" {
			if g, ok := f.Glyph(r); ok {
				t.Errorf("%c is glyph %d of a font without it", r, g)
			}
		}
	}
}

func TestOfACollectionTheJapaneseFaceIsTaken(t *testing.T) {
	data := typefacetest.Collection(typefacetest.Font(typefacetest.Options{Name: "SansCJKkr-Regular", Runes: letters}),
		typefacetest.Font(typefacetest.Options{Name: "SansCJKjp-Regular", Runes: letters, CFF: true}))
	for index, want := range map[int]string{-1: "SansCJKjp-Regular", 0: "SansCJKkr-Regular", 1: "SansCJKjp-Regular"} {
		if f, err := Parse("c.ttc", data, index); err != nil || f.Name != want {
			t.Errorf("%d: %v %v", index, f, err)
		}
	}
	if _, err := Parse("c.ttc", data, 2); err == nil || !strings.Contains(err.Error(), "c.ttc holds 2 fonts: there is no number 2") {
		t.Error(err)
	}
}

func TestWhatIsNoFontIsNamed(t *testing.T) {
	for data, want := range map[string]string{
		"":                               "this is no OpenType font",
		"%PDF-1.7 and so on, really":     "this is no OpenType font",
		"wOF2" + strings.Repeat("x", 40): "packed for the web (WOFF)",
		string(typefacetest.Font(typefacetest.Options{Name: "No", Runes: letters, Kind: 2})):     "its maker does not allow",
		string(typefacetest.Font(typefacetest.Options{Name: "No", Runes: letters, Kind: 0x100})): "its maker does not allow",
	} {
		if _, err := Parse("x.ttf", []byte(data), -1); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.ttf") {
			t.Errorf("%.10q: %v, not %s", data, err, want)
		}
	}
	if _, err := Find([]string{filepath.Join(t.TempDir(), "none.ttf")}, nil); err == nil || !strings.Contains(err.Error(), "none.ttf") {
		t.Error(err)
	}
}

func TestASubsetOfPostScriptOutlines(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		f := face(t, typefacetest.Options{CFF: true, Keyed: keyed})
		glyphs := []int{0, 6, 2, 7}
		raw, err := f.Subset(glyphs)
		if err != nil {
			t.Fatal(err)
		}
		bad := false
		c := readCFF(view{raw, &bad})
		if bad || len(c.chars) != len(glyphs) || c.top.args(opROS, 3) == nil || c.top[0].op != opROS || c.top.args(opCIDCount, 1)[0] != 4 {
			t.Fatalf("bad %v, %d glyphs, %v", bad, len(c.chars), c.top)
		}
		for n, g := range glyphs {
			if !bytes.Equal(c.chars[n].b, typefacetest.Charstring(g)) {
				t.Errorf("glyph %d is not %d", n, g)
			}
			font := c.fonts[c.choose(n)]
			of := 0
			if !keyed && g >= 4 { // the second half of eight glyphs
				of = 1
			}
			want := typefacetest.Local(of)
			if len(font.local) != 4 || !bytes.Equal(font.local[g%3].b, want[g%3]) || !bytes.Equal(font.local[0].b, want[0]) {
				t.Errorf("keyed %v: glyph %d does not have its subroutines", keyed, g)
			}
			if len(font.local[3].b) != 0 {
				t.Error("a subroutine that nobody calls is kept")
			}
		}
		if len(c.global) != 2 || len(c.global[0].b) != 0 || !bytes.Equal(c.global[1].b, typefacetest.Global()[1]) {
			t.Error("the global subroutines are not those that are called")
		}
		u := &uses{c: c, global: map[int]bool{}, local: []map[int]bool{{}, {}}}
		for n := range glyphs {
			if !u.glyph(n) {
				t.Errorf("glyph %d can't be followed", n)
			}
		}
	}
}

func TestASubsetOfTrueTypeOutlines(t *testing.T) {
	f := face(t, typefacetest.Options{})
	raw, err := f.Subset([]int{0, 7, 3}) // 7 is made of 1 and 2
	if err != nil {
		t.Fatal(err)
	}
	// It has no table of characters; readers of PDF need none.
	with := Face{File: "cut", tables: map[string]view{}, glyphs: 5, em: 1000}
	bad := false
	d := view{raw, &bad}
	for i := range d.u16(4) {
		rec := 12 + 16*i
		with.tables[string(d.sub(rec, 4).b)] = d.sub(d.u32(rec+8), d.u32(rec+12))
	}
	if n := with.tables["maxp"].u16(4); n != 5 || bad {
		t.Fatalf("%d glyphs, bad %v", n, bad)
	}
	for n, g := range []int{0, 7, 3, 1, 2} {
		if with.Width(n) != 400+10*g || with.bearing(n) != g {
			t.Errorf("glyph %d is %d wide", n, with.Width(n))
		}
		got, ok := with.outline(n)
		want, _ := f.outline(g)
		if g == 7 {
			want = bytes.Clone(want)
			copy(want[12:], []byte{0, 3}) // its parts are found under their new numbers
			copy(want[20:], []byte{0, 4})
		}
		if !ok || !bytes.Equal(got, want) {
			t.Errorf("glyph %d: % x, not % x", n, got, want)
		}
	}
}

// What is damaged is an error or another font, never a crash and never without end.
func TestDamagedFonts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, o := range []typefacetest.Options{{Name: "D", Runes: letters}, {Name: "D", Runes: letters, CFF: true}} {
		whole := typefacetest.Font(o)
		try := func(data []byte) {
			if f, err := Parse("d", data, -1); err == nil {
				for _, r := range letters {
					g, _ := f.Glyph(r)
					f.Width(g)
				}
				_, _ = f.Subset([]int{0, 1, min(7, f.glyphs-1)})
			}
		}
		for n := range len(whole) {
			try(whole[:n])
		}
		for range 4000 {
			data := bytes.Clone(whole)
			for range 1 + random.IntN(4) {
				data[random.IntN(len(data))] = byte(random.Uint32())
			}
			try(data)
		}
	}
}

func TestAGlyphThatCallsItselfIsRefused(t *testing.T) {
	c := &cff{chars: []view{{b: []byte{139 - 107, 10, 14}}}, fonts: []subfont{{local: []view{{b: []byte{139 - 107, 10, 11}}}}}, choose: func(int) int { return 0 }}
	if (&uses{c: c, global: map[int]bool{}, local: []map[int]bool{{}}}).glyph(0) {
		t.Error("it has an end")
	}
}

// The font of this machine, where it has one.
func TestTheFontOfTheSystem(t *testing.T) {
	for _, p := range pairs {
		if _, err := os.Stat(p[0]); err != nil {
			continue
		}
		f, err := Open(p[0])
		if err != nil {
			t.Fatal(err)
		}
		list := []int{0}
		for _, r := range "システムセキュリティ計画書 System security plan 第3章、「箇条」—①" {
			g, ok := f.Glyph(r)
			if !ok {
				t.Fatalf("%s has no %c", f.Name, r)
			}
			list = append(list, g)
		}
		raw, err := f.Subset(list)
		if err != nil || len(raw) > 200_000 {
			t.Errorf("%s: %d bytes, %v", f.Name, len(raw), err)
		}
		return
	}
	t.Skip("this machine has no font with Japanese")
}

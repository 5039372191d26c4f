package keyset

import (
	"math"
	"strings"
	"testing"

	"yagura/kernel/fault"
)

func TestMarkRoundTrip(t *testing.T) {
	for _, want := range []Position{
		At("", ""), At("日本語 / ? &", "INC-2026-0418"), At(int64(math.MaxInt64), "a"), At(-3, "b"), At(true, "c"),
		{Value: "x", ID: "y", Row: 150},
	} {
		got, err := Parse(want.String())
		if err != nil {
			t.Fatalf("%v: %v", want, err)
		}
		if *got != want {
			t.Errorf("got %#v, want %#v", *got, want)
		}
		if strings.ContainsAny(want.String(), "+/=&?") {
			t.Errorf("%q needs escaping in a URL", want.String())
		}
	}
	if p, err := Parse(""); p != nil || err != nil {
		t.Errorf("empty mark: %v, %v", p, err)
	}
}

func TestDamagedMark(t *testing.T) {
	for _, s := range []string{"!", "e30", "eyJ2IjpudWxsfQ", "eyJ2Ijp7fX0", "eyJ2IjoxLjV9", strings.Repeat("A", 5000)} {
		if _, err := Parse(s); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%.20q: %v, want an invalid field", s, err)
		}
	}
}

func TestSQL(t *testing.T) {
	cols := Columns{"opened": Int("i.opened"), "title": Text("i.title")}
	where, args, order, err := Page{Sort: "opened", Desc: true, Limit: 20}.SQL(cols, "i.id", 3)
	if err != nil || where != "1=1" || len(args) != 0 || order != " ORDER BY i.opened DESC, i.id DESC LIMIT 21" {
		t.Errorf("first page: %q %v %q %v", where, args, order, err)
	}
	at := At(int64(7), "x")
	where, args, _, err = Page{Sort: "opened", Desc: true, After: &at}.SQL(cols, "i.id", 3)
	if err != nil || where != "(i.opened, i.id) < ($3, $4)" || len(args) != 2 {
		t.Errorf("next page: %q %v %v", where, args, err)
	}
	if _, _, _, err = (Page{Sort: "title", After: &at}).SQL(cols, "i.id", 1); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a number as mark of a text column: %v", err)
	}
	if _, _, _, err = (Page{Sort: "; drop"}).SQL(cols, "i.id", 1); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("unknown column: %v", err)
	}
}

func TestCut(t *testing.T) {
	at := func(s string) Position { return At(s, s) }
	rows, next := Cut(Page{Limit: 2}, []string{"a", "b", "c"}, at)
	if len(rows) != 2 || next == nil || next.ID != "b" || next.Row != 2 {
		t.Errorf("%v %v", rows, next)
	}
	rows, next = Cut(Page{Limit: 2, After: next}, []string{"c", "d"}, at)
	if len(rows) != 2 || next != nil {
		t.Errorf("last page: %v %v", rows, next)
	}
}

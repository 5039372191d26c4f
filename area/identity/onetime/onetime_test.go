package onetime

import (
	"strings"
	"testing"
	"time"
)

// TestRFC6238 has the values of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestRFC6238(t *testing.T) {
	seed := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		now := time.Unix(at, 0)
		if got := code(seed, step(now)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		if s, ok := Match(seed, want, now, 0); !ok || s != at/30 {
			t.Errorf("at %d: %d, %v", at, s, ok)
		}
		if _, ok := Match(seed, want, now, at/30); ok {
			t.Errorf("at %d: a code counts twice", at)
		}
		if at < 100 {
			continue
		}
		for off, ok := range map[time.Duration]bool{-61 * time.Second: false, -30 * time.Second: true, 30 * time.Second: true, 61 * time.Second: false} {
			if _, got := Match(seed, want, now.Add(off), 0); got != ok {
				t.Errorf("at %d, %s off: %v", at, off, got)
			}
		}
	}
	if _, ok := Match(seed, "２８７ ０８２", time.Unix(59, 0), 0); !ok {
		t.Error("full width digits are not read")
	}
}

func TestURI(t *testing.T) {
	got := URI("Yagura", "keller@example.com", []byte("12345678901234567890"))
	if want := "otpauth://totp/Yagura:keller@example.com?algorithm=SHA1&digits=6&issuer=Yagura&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestRecovery(t *testing.T) {
	a, b := Recovery(), Recovery()
	if a == b || len(a) != 27 {
		t.Fatal(a, b)
	}
	want := strings.ReplaceAll(a, "-", "")
	for _, typed := range []string{a, want, strings.ToLower(a), " " + a + " ", strings.ReplaceAll(a, "0", "o"), strings.ReplaceAll(a, "1", "l"), strings.ReplaceAll(a, "-", "－")} {
		if got := Plain(typed); got != want {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
	for _, typed := range []string{"", a[:26], a + "0", "U" + a[1:], strings.Repeat("0", 1000)} {
		if got := Plain(typed); got != "" {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add(Recovery())
	f.Add("ｏｉｌ-０")
	f.Fuzz(func(t *testing.T, s string) {
		if p := Plain(s); p != "" && Plain(p) != p {
			t.Errorf("%q: %q is not its own form", s, p)
		}
	})
}

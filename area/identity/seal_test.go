package identity

import (
	"bytes"
	"testing"
)

func TestSeal(t *testing.T) {
	s, err := newSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.seal([]byte("seed"), "totp/keller")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.open(sealed, "totp/keller"); err != nil || string(plain) != "seed" {
		t.Fatalf("%q, %v", plain, err)
	}
	again, _ := s.seal([]byte("seed"), "totp/keller")
	if again == sealed {
		t.Error("the same text is sealed the same way twice")
	}
	other, _ := newSealer(bytes.Repeat([]byte{2}, 32))
	if _, err := other.open(sealed, "totp/keller"); err == nil {
		t.Error("another installation opens it")
	}
	if _, err := s.open(sealed, "totp/ruiz"); err == nil {
		t.Error("it opens as somebody else's")
	}
	for i := range sealed {
		bad := []byte(sealed)
		bad[i] = 'A' + (bad[i]+1)%26
		if plain, err := s.open(string(bad), "totp/keller"); err == nil && string(bad) != sealed {
			t.Errorf("changed at %d it opens as %q", i, plain)
		}
	}
	if _, err := newSealer(make([]byte, 31)); err == nil {
		t.Error("a short key is taken")
	}
}

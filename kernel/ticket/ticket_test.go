package ticket

import (
	"strings"
	"testing"
	"time"
)

func TestSubject(t *testing.T) {
	until := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s := Signer{Secret: []byte("sixteen bytes or"), Name: "yagura test 1"}
	good := s.Sign("report", "R-1", until)
	if subject, ok := s.Subject("report", good, until.Add(-time.Millisecond)); !ok || subject != "R-1" {
		t.Fatalf("%q %v", subject, ok)
	}
	head, tail, _ := strings.Cut(good, ".")
	for name, bad := range map[string]struct {
		s              Signer
		purpose, token string
		now            time.Time
	}{
		"its end":         {s, "report", good, until},
		"another purpose": {s, "follow", good, until.Add(-time.Hour)},
		"another name":    {Signer{s.Secret, "yagura test 2"}, "report", good, until.Add(-time.Hour)},
		"another secret":  {Signer{[]byte("sixteen bytes OR"), s.Name}, "report", good, until.Add(-time.Hour)},
		"a short secret":  {Signer{[]byte("short"), s.Name}, "report", Signer{[]byte("short"), s.Name}.Sign("report", "R-1", until), until.Add(-time.Hour)},
		"another subject": {s, "report", strings.Replace(s.Sign("report", "R-2", until), "."+strings.SplitN(s.Sign("report", "R-2", until), ".", 2)[1], "."+tail, 1), until.Add(-time.Hour)},
		"no signature":    {s, "report", head + ".", until.Add(-time.Hour)},
		"no dot":          {s, "report", head, until.Add(-time.Hour)},
		"nothing":         {s, "report", "", until.Add(-time.Hour)},
		"too long":        {s, "report", s.Sign("report", strings.Repeat("x", Longest), until), until.Add(-time.Hour)},
		"four parts":      {s, "report", s.Sign("report", "R|1", until), until.Add(-time.Hour)},
	} {
		if subject, ok := bad.s.Subject(bad.purpose, bad.token, bad.now); ok {
			t.Errorf("%s: names %q", name, subject)
		}
	}
}

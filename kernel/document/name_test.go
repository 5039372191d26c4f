package document

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for given, want := range map[string]string{
		"report.pdf": "report.pdf", " 報告.pdf ": "報告.pdf", `C:\Users\x\dump.bin`: "dump.bin", "../../etc/passwd": "passwd",
		"a\r\nb": "a__b", "x\x00y\x7f\u0085z": "x_y__z", `a"b<c>|:*?`: "a_b_c_____", "photo\u202egpj.exe": "photogpj.exe",
		"": "none", ".": "none", "..": "none", "/": "none", "\u202e": "none", "a/..": "none",
		strings.Repeat("長", 200) + ".pdf": strings.Repeat("長", longestName-4) + ".pdf",
	} {
		if got := Name(given, "none"); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

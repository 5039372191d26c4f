package quote

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is written is what encoding/json reads back.
func TestJSON(t *testing.T) {
	for _, s := range []string{"", `C:\x "y"`, "a\nb\r\t\x00\x1f\x7f", "日本 \u2028 <&>", "\xff\xc3(\xed\xa0\x80", "�", "a\xffb"} {
		var back string
		raw := JSON([]byte("x")[:0], s)
		if err := json.Unmarshal(raw, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && !strings.Contains(s, "\xed") {
			t.Errorf("%q: %s, %q, %v", s, raw, back, err)
		}
		for _, c := range raw {
			if c < ' ' || c == 0x7f {
				t.Errorf("%q: %q", s, raw)
			}
		}
	}
}

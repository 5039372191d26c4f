package intake

import "strings"

// cisco adds the name that a Cisco device gives to what it says: of
// "%SEC_LOGIN-4-LOGIN_FAILED: Login failed" it is SEC_LOGIN-4-LOGIN_FAILED. It
// stands where other programs have their tag, or behind a sequence number and a
// second time.
func cisco(o *object, h header) {
	for _, s := range []string{h.app, h.message[:min(len(h.message), 120)]} {
		_, name, ok := strings.Cut(s, "%")
		if !ok {
			continue
		}
		end := strings.IndexFunc(name, func(r rune) bool {
			return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
		})
		if end >= 0 && name[end] != ':' {
			continue
		}
		if end >= 0 {
			name = name[:end]
		}
		parts := strings.Split(name, "-")
		n := len(parts)
		if n < 3 || len(parts[n-2]) != 1 || parts[n-2][0] > '7' || parts[0] == "" || parts[n-1] == "" {
			continue
		}
		o.text("mnemonic", name)
		return
	}
}

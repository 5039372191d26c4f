package intake

import "strings"

// pair is key=value out of a line.
type pair struct {
	key, value string
	quoted     bool
}

// maxPairs bounds what one line may become.
const maxPairs = 1024

func keyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '[' || c == ']'
}

// pairs reads key=value, key="value" and key='value', with anything else in
// between. A backslash keeps a quote within quotes.
func pairs(s string) []pair {
	var out []pair
	for i := 0; i < len(s) && len(out) < maxPairs; {
		from := i
		for i < len(s) && keyByte(s[i]) {
			i++
		}
		if i == from || i == len(s) || s[i] != '=' {
			i++
			continue
		}
		p := pair{key: s[from:i]}
		i++
		if i < len(s) && (s[i] == '"' || s[i] == '\'') {
			p.value, i = quoted(s, i)
			p.quoted = true
		} else {
			end := i
			for end < len(s) && s[end] != ' ' && s[end] != '\t' && s[end] != '\x1d' {
				end++
			}
			p.value = strings.TrimRight(s[i:end], ",;")
			i = end
		}
		out = append(out, p)
	}
	return out
}

func quoted(s string, i int) (string, int) {
	q := s[i]
	i++
	from := i
	escaped := false
	for i < len(s) && s[i] != q {
		if s[i] == '\\' && q == '"' && i+1 < len(s) {
			escaped = true
			i++
		}
		i++
	}
	i = min(i, len(s))
	v := s[from:i]
	if escaped {
		v = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(v)
	}
	return v, min(i+1, len(s))
}

// extension reads the extension of a CEF message: values are not quoted and
// reach to the next key; \=, \\, \n and \r are escapes.
func extension(s string) []pair {
	var out []pair
	for len(s) > 0 && len(out) < maxPairs {
		eq := unescaped(s, '=')
		if eq < 0 {
			break
		}
		key := strings.TrimSpace(s[:eq])
		rest := s[eq+1:]
		end := len(rest)
		if next := unescaped(rest, '='); next >= 0 {
			if sp := strings.LastIndexByte(rest[:next], ' '); sp >= 0 {
				end = sp
			}
		}
		value := strings.TrimSpace(rest[:end])
		if strings.IndexByte(value, '\\') >= 0 {
			value = strings.NewReplacer(`\=`, "=", `\\`, `\`, `\n`, "\n", `\r`, "\r", `\|`, "|").Replace(value)
		}
		if key != "" && strings.IndexByte(key, ' ') < 0 {
			out = append(out, pair{key: key, value: value})
		}
		s = rest[min(end, len(rest)):]
		if end == len(rest) {
			break
		}
	}
	return out
}

// unescaped is the place of a byte without a backslash before it, or -1.
func unescaped(s string, c byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return -1
}

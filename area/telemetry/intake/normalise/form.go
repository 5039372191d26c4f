package normalise

import (
	"fmt"
	"strconv"
	"strings"

	"yagura/kernel/quote"
)

// word is a part of the log source.
type word struct {
	fixed string
	form  *form
}

func (w *word) set() bool { return w.fixed != "" || w.form != nil }

func (w *word) text(s *scan) string {
	if w.form == nil {
		return w.fixed
	}
	return unquote(w.form.value(s))
}

// form is one way to make a value.
type form struct {
	paths  []int             // the first that is there, or all of join, zip, pairs
	names  []string          // of pairs
	how    string            // "", join, zip, pairs, list, line, const
	sep    string            // between parts
	as     string            // upper, lower, hashes, registry
	table  map[string]string // value → value
	other  string            // for values that are not in the table
	fixed  string            // const; the key of line
	tabled bool
}

// value is JSON, empty where there is none.
func (f *form) value(s *scan) []byte {
	switch f.how {
	case "const":
		return quote.JSON(nil, f.fixed)
	case "join":
		var parts []string
		for _, p := range f.paths {
			if t := s.text(p); t != "" && t != "-" {
				parts = append(parts, t)
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "list":
		var parts []string
		for _, v := range s.values(f.paths[0]) {
			if t := unquote(v); t != "" {
				parts = append(parts, t)
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "zip":
		names, values := s.values(f.paths[0]), s.values(f.paths[1])
		var parts []string
		for i := range min(len(names), len(values)) {
			parts = append(parts, strings.ToUpper(strings.ReplaceAll(unquote(names[i]), "-", ""))+"="+strings.ToUpper(unquote(values[i])))
		}
		return f.out(strings.Join(parts, f.sep))
	case "pairs":
		var parts []string
		for i, p := range f.paths {
			if t := s.text(p); t != "" {
				parts = append(parts, f.names[i]+"="+strings.ToUpper(t))
			}
		}
		return f.out(strings.Join(parts, f.sep))
	case "line":
		for text := s.text(f.paths[0]); text != ""; {
			line, rest, _ := strings.Cut(text, "\n")
			if name, value, ok := cutColon(trim(line)); ok && name == f.fixed {
				return f.out(value)
			}
			text = rest
		}
		return nil
	}
	for _, p := range f.paths {
		v := s.values(p)
		if len(v) == 0 || string(v[0]) == "null" || string(v[0]) == `""` {
			continue
		}
		if f.tabled || f.as != "" {
			if out := f.out(unquote(v[0])); out != nil {
				return out
			}
			continue
		}
		if len(v) == 1 {
			return v[0]
		}
		all := []byte{'['}
		for i, x := range v {
			if i > 0 {
				all = append(all, ',')
			}
			all = append(all, x...)
		}
		return append(all, ']')
	}
	if f.other != "" {
		return quote.JSON(nil, f.other)
	}
	return nil
}

func (f *form) out(t string) []byte {
	if t == "" {
		return nil
	}
	if f.tabled {
		v, ok := f.table[strings.ToLower(t)]
		if !ok {
			v = f.other
		}
		if v == "" {
			return nil
		}
		t = v
	}
	switch f.as {
	case "upper":
		t = strings.ToUpper(t)
	case "lower":
		t = strings.ToLower(t)
	case "dword", "qword": // as Sysmon writes numbers of the registry
		n, err := strconv.ParseUint(t, 0, 64)
		switch {
		case err == nil && f.as == "dword" && n <= 1<<32-1:
			t = fmt.Sprintf("DWORD (0x%08x)", n)
		case err == nil && f.as == "qword":
			t = fmt.Sprintf("QWORD (0x%08x-0x%08x)", n>>32, n&(1<<32-1))
		}
	}
	return quote.JSON(nil, t)
}

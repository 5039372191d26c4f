package of

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
)

// Joins are correlations with what feeds them.
type Joins struct {
	Linked []*sigma.Linked // each after those it refers to
	Feeds  map[*sigma.Rule][]correlate.Feed

	names   []string   // fields that are asked of events
	carried [][]string // by correlation: fields that those above it ask
	readers chan *sigma.Reader
	mapping *sigma.Mapping
}

// New finds out what feeds correlations, as [sigma.Link] returns them.
func New(linked []*sigma.Linked, m *sigma.Mapping) *Joins {
	j := &Joins{Linked: linked, Feeds: map[*sigma.Rule][]correlate.Feed{}, mapping: m,
		readers: make(chan *sigma.Reader, 2*runtime.GOMAXPROCS(0)), carried: make([][]string, len(linked))}
	at := map[*sigma.Linked]int{}
	for i, c := range linked {
		at[c] = i
	}
	add := func(list *[]string, names []string) {
		for _, n := range names {
			if !slices.Contains(*list, n) {
				*list = append(*list, n)
			}
		}
	}
	for i := len(linked) - 1; i >= 0; i-- { // from those above down
		c := linked[i]
		for part, p := range c.Parts {
			ask := slices.Clone(j.carried[i])
			for _, name := range append(slices.Clone(c.GroupBy), c.Fields...) {
				ask = append(ask, c.Field(part, name))
			}
			if p.Rule != nil {
				j.Feeds[p.Rule] = append(j.Feeds[p.Rule], correlate.Feed{Rule: i, Part: part})
				add(&j.names, ask)
			} else {
				add(&j.carried[at[p.Correlation]], ask)
			}
		}
	}
	return j
}

// short is a value as groups have it: at most 300 letters.
func short(s string) string {
	if utf8.RuneCountInString(s) > 300 {
		s = string([]rune(s)[:300]) + "…"
	}
	return s
}

// Reader takes a reader of fields that nobody uses; PutBack returns it.
func (j *Joins) Reader() *sigma.Reader {
	select {
	case r := <-j.readers:
		return r
	default:
		return sigma.NewReader(j.names, j.mapping)
	}
}

// PutBack returns a reader.
func (j *Joins) PutBack(r *sigma.Reader) {
	select {
	case j.readers <- r:
	default:
	}
}

// Hit is a hit of a rule as a correlation sees it.
type Hit struct {
	Feed   correlate.Feed
	Group  string // values of group-by, as a JSON list
	Value  string
	Number float64
	Carry  string // values for correlations above, as JSON
}

// Parts are a hit of a rule as correlations see it. A hit that lacks a field of
// group-by belongs to no group, and one that lacks the value does not count.
func (j *Joins) Parts(rule *sigma.Rule, r *sigma.Reader) (out []Hit) {
	for _, f := range j.Feeds[rule] {
		c := j.Linked[f.Rule]
		h := Hit{Feed: f}
		ok := true
		values := make([]string, len(c.GroupBy))
		for i, name := range c.GroupBy {
			v, there := r.Value(c.Field(f.Part, name))
			ok = ok && there && v != ""
			values[i] = strings.ToLower(short(v))
		}
		if !ok {
			continue
		}
		if h.Value, h.Number, ok = countable(c, func(name string) (string, bool) { return r.Value(c.Field(f.Part, name)) }); !ok {
			continue
		}
		h.Group = packed(values)
		if len(j.carried[f.Rule]) > 0 {
			carry := map[string]string{}
			for _, name := range j.carried[f.Rule] {
				if v, there := r.Value(name); there {
					carry[name] = short(v)
				}
			}
			h.Carry = packed(carry)
		}
		out = append(out, h)
	}
	return out
}

// countable is what a correlation counts of a hit.
func countable(c *sigma.Linked, get func(string) (string, bool)) (value string, number float64, ok bool) {
	if len(c.Fields) == 0 {
		return "", 0, true
	}
	var values []string
	for _, name := range c.Fields {
		v, there := get(name)
		if !there || v == "" {
			return "", 0, false
		}
		values = append(values, v)
	}
	if c.Type == sigma.ValueCount {
		s := strings.ToLower(strings.Join(values, "\x1f"))
		if len(s) > 200 { // told apart by its digest
			sum := sha256.Sum256([]byte(s))
			s = hex.EncodeToString(sum[:16])
		}
		return s, 0, true
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(values[0]), 64)
	return "", number, err == nil && number == number && number-number == 0
}

// Pass makes a hit of a firing for a correlation above. What the correlation
// below does not group by is taken from its first hit.
func (j *Joins) Pass(f correlate.Firing, to correlate.Feed, h *correlate.Hit) bool {
	below, above := j.Linked[f.Rule], j.Linked[to.Rule]
	var values []string
	json.Unmarshal([]byte(f.Group), &values)
	known := map[string]string{}
	json.Unmarshal([]byte(f.Carry), &known)
	for i, name := range below.GroupBy {
		if i < len(values) {
			known[name] = values[i]
		}
	}
	group := make([]string, len(above.GroupBy))
	for i, name := range above.GroupBy {
		v := known[above.Field(to.Part, name)]
		if v == "" {
			return false
		}
		group[i] = strings.ToLower(v)
	}
	var ok bool
	if h.Value, h.Number, ok = countable(above, func(name string) (string, bool) {
		v, there := known[above.Field(to.Part, name)]
		return v, there
	}); !ok {
		return false
	}
	h.Group, h.Carry = packed(group), ""
	if len(j.carried[to.Rule]) > 0 {
		h.Carry = packed(known)
	}
	return true
}

func packed(v any) string {
	b, _ := json.Marshal(v) // of strings alone
	return string(b)
}

// Specs are the correlations as the engine takes them.
func (j *Joins) Specs() []correlate.Rule {
	out := make([]correlate.Rule, len(j.Linked))
	at := map[*sigma.Linked]int{}
	for i, c := range j.Linked {
		at[c] = i
		out[i] = Sigma(c)
		for part, p := range c.Parts {
			if p.Correlation != nil {
				child := at[p.Correlation]
				out[child].Feeds = append(out[child].Feeds, correlate.Feed{Rule: i, Part: part})
			}
		}
	}
	return out
}

package scim

import (
	"cmp"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MostResults is how many resources one page holds at most.
const MostResults = 500

// Query is what a client asks to list (RFC 7644 §3.4.2).
type Query struct {
	Filter     *Filter // nil: all
	Start      int     // of the first result, from 1
	Count      int
	Descending bool
	sort       path
	sorted     bool
}

// Plain tells that all are wanted, in the order in which the server has them.
func (q Query) Plain() bool { return q.Filter == nil && !q.sorted }

// asked is a query as it is sent, in the address or as a body.
type asked struct {
	Schemas    []string `json:"schemas"`
	Filter     string   `json:"filter"`
	SortBy     string   `json:"sortBy"`
	SortOrder  string   `json:"sortOrder"`
	StartIndex *int     `json:"startIndex"`
	Count      *int     `json:"count"`
	Attributes []string `json:"attributes"`
	Excluded   []string `json:"excludedAttributes"`
}

func askedBy(values url.Values) (a asked, err error) {
	number := func(name string) (*int, error) {
		s := values.Get(name)
		if s == "" {
			return nil, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, Invalid("%s is a number", name)
		}
		return &n, nil
	}
	list := func(name string) (all []string) {
		for _, s := range strings.Split(values.Get(name), ",") {
			if s = strings.TrimSpace(s); s != "" {
				all = append(all, s)
			}
		}
		return all
	}
	a = asked{Filter: values.Get("filter"), SortBy: values.Get("sortBy"), SortOrder: values.Get("sortOrder"), Attributes: list("attributes"), Excluded: list("excludedAttributes")}
	if a.StartIndex, err = number("startIndex"); err == nil {
		a.Count, err = number("count")
	}
	return a, err
}

func (a asked) query(k Kind) (q Query, err error) {
	q = Query{Start: 1, Count: 100}
	if a.StartIndex != nil {
		q.Start = max(*a.StartIndex, 1)
	}
	if a.Count != nil {
		q.Count = min(max(*a.Count, 0), MostResults)
	}
	if strings.TrimSpace(a.Filter) != "" {
		if q.Filter, err = ReadFilter(k, a.Filter); err != nil {
			return q, err
		}
	}
	switch strings.ToLower(a.SortOrder) {
	case "", "ascending":
	case "descending":
		q.Descending = true
	default:
		return q, Invalid("sortOrder is ascending or descending")
	}
	if a.SortBy != "" {
		p, ok := k.readPath(a.SortBy)
		if !ok || p.attr == nil && !p.unknown {
			return q, bad("invalidPath", "%q is no attribute to sort by", a.SortBy)
		}
		q.sort, q.sorted = p, !p.unknown
	}
	return q, nil
}

// Select takes a page of what fits the query out of all resources.
func (q Query) Select(all iter.Seq2[Resource, error]) (page []Resource, total int, err error) {
	for r, err := range all {
		if err != nil {
			return nil, 0, err
		}
		if !q.Filter.Matches(r) {
			continue
		}
		if total++; q.sorted || total >= q.Start && len(page) < q.Count {
			page = append(page, r)
		}
	}
	if !q.sorted {
		return page, total, nil
	}
	keys := make(map[string]string, len(page))
	key := func(r Resource) string {
		id, _ := r["id"].(string)
		s, ok := keys[id]
		if !ok {
			s = q.key(r)
			keys[id] = s
		}
		return s
	}
	slices.SortStableFunc(page, func(a, b Resource) int {
		x, y := key(a), key(b)
		c := cmp.Compare(x, y)
		if x == "" && y != "" || x != "" && y == "" {
			c = -c // what has no value comes last (RFC 7644 §3.4.2.3)
		}
		if q.Descending {
			c = -c
		}
		return c
	})
	from := min(q.Start-1, len(page))
	return page[from:min(from+q.Count, len(page))], total, nil
}

// key is what a resource is sorted by: of several values the primary or first.
func (q Query) key(r Resource) string {
	if q.sort.attr.Multi && q.sort.attr.Type == Complex {
		list := each(r.home(q.sort.extension, false)[q.sort.attr.Name])
		if i := slices.IndexFunc(list, func(e any) bool { m, ok := e.(map[string]any); return ok && m["primary"] == true }); i > 0 {
			list = list[i:]
		}
		values, leaf := q.sort.within(list)
		return sortText(values, leaf)
	}
	return sortText(q.sort.values(r))
}

func sortText(values []any, leaf *Attribute) string {
	if len(values) == 0 {
		return ""
	}
	switch v := values[0].(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		if leaf != nil && !leaf.CaseExact {
			return strings.ToLower(v)
		}
		return v
	}
	return ""
}

// shape is which attributes an answer has (RFC 7644 §3.4.2.5).
type shape struct {
	only, without []path
	narrowed      bool
}

func (a asked) shape(k Kind) (s shape, err error) {
	read := func(names []string) (list []path) {
		for _, name := range names {
			if p, ok := k.readPath(strings.TrimSpace(name)); ok && !p.unknown {
				list = append(list, p)
			}
		}
		return list
	}
	if len(a.Attributes) > 0 && len(a.Excluded) > 0 {
		return s, Invalid("attributes and excludedAttributes exclude each other")
	}
	return shape{read(a.Attributes), read(a.Excluded), len(a.Attributes) > 0}, nil
}

// of is a resource in this shape.
func (s shape) of(r Resource) Resource {
	if s.narrowed {
		out := Resource{}
		for _, a := range common {
			if v, ok := r[a.Name]; ok && a.Returned == "always" {
				out[a.Name] = v
			}
		}
		for _, p := range s.only {
			p.keep(r, out)
		}
		return out
	}
	if len(s.without) == 0 {
		return r
	}
	out := r.clone()
	for _, p := range s.without {
		p.drop(out)
	}
	return out
}

func (p path) keep(from, to Resource) {
	if p.attr == nil {
		if v, ok := from[p.extension]; ok {
			to[p.extension] = v
		}
		return
	}
	v, ok := from.home(p.extension, false)[p.attr.Name]
	if !ok {
		return
	}
	home := to.home(p.extension, true)
	if p.sub == nil {
		home[p.attr.Name] = v
		return
	}
	if m, ok := v.(map[string]any); ok {
		part, _ := home[p.attr.Name].(map[string]any)
		if part == nil {
			part = map[string]any{}
		}
		if x, ok := m[p.sub.Name]; ok {
			part[p.sub.Name] = x
		}
		home[p.attr.Name] = part
		return
	}
	list, _ := home[p.attr.Name].([]any)
	for i, e := range each(v) {
		if i >= len(list) {
			list = append(list, map[string]any{})
		}
		if x, ok := e.(map[string]any)[p.sub.Name]; ok {
			list[i].(map[string]any)[p.sub.Name] = x
		}
	}
	home[p.attr.Name] = list
}

func (p path) drop(r Resource) {
	switch {
	case p.attr == nil:
		delete(r, p.extension)
	case p.attr.Returned == "always":
	case p.sub == nil:
		delete(r.home(p.extension, false), p.attr.Name)
	default:
		for _, e := range each(r.home(p.extension, false)[p.attr.Name]) {
			setPart(e, p.sub, nil)
		}
	}
}

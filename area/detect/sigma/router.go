package sigma

// router finds the class of an event: which entries of the mapping hold for
// it. The answer depends on a few fields only and is remembered by their
// values.
type router struct {
	sources []routeSource
	fields  []routeField
}

type routeSource struct {
	conds  []routeCond
	family string
}

type routeCond struct {
	fields []int32
	any    bool // every value will do
	values [][]part
}

type routeField struct {
	num    int32
	values bool // its value matters, not only that it is there
}

// family is what one event can only belong to once: the first entry that holds
// decides it, so that a field that happens to have a common name does not make
// an event of one product also one of another.
func (l LogSource) family() string {
	if l.Product != "" {
		return l.Product
	}
	return "/" + l.Category + "/" + l.Service
}

func (r *router) init(e *Engine) {
	at := map[int32]int{}
	for _, s := range e.mapping.sources {
		rs := routeSource{family: s.family()}
		for _, c := range s.when {
			rc := routeCond{values: c.values}
			for _, v := range c.values {
				rc.any = rc.any || len(v) == 1 && v[0].kind == partAny
			}
			for _, f := range c.fields {
				n := e.fields.number(fieldKey(f))
				rc.fields = append(rc.fields, n)
				i, ok := at[n]
				if !ok {
					i = len(r.fields)
					at[n] = i
					r.fields = append(r.fields, routeField{num: n})
				}
				r.fields[i].values = r.fields[i].values || !rc.any
			}
			rs.conds = append(rs.conds, rc)
		}
		r.sources = append(r.sources, rs)
	}
}

// maxRouted is the longest value that decides a route; longer ones count only
// as there.
const maxRouted = 128

// key appends to dst what the route of the event depends on.
func (r *router) key(dst []byte, e *event, hint LogSource) []byte {
	if !hint.IsZero() {
		dst = append(append(append(append(append(dst, hint.Product...), 0), hint.Category...), 0), hint.Service...)
	}
	for i := range r.fields {
		f := &r.fields[i]
		if !e.present(f.num) {
			continue
		}
		v := e.routed(f.num)
		if v == nil {
			continue
		}
		dst = append(dst, 0, byte(i+1))
		if f.values {
			if t := e.folded(v); len(t) <= maxRouted {
				dst = append(append(dst, 1), t...)
			}
		}
	}
	return dst
}

// routed is the value that decides: the first that is not null.
func (e *event) routed(f int32) *value {
	if !e.present(f) {
		return nil
	}
	for i := e.first[f]; i >= 0; i = e.values[i].next {
		if !e.values[i].null {
			return &e.values[i]
		}
	}
	return nil
}

// held returns the entries of the mapping that hold for the event.
func (r *router) held(e *event, hint LogSource) []int32 {
	var out []int32
	family := ""
	if !hint.IsZero() {
		family = hint.family()
	}
	for i := range r.sources {
		s := &r.sources[i]
		if family != "" && s.family != family {
			continue
		}
		ok := true
		for j := range s.conds {
			if ok = s.conds[j].holds(e); !ok {
				break
			}
		}
		if ok {
			out = append(out, int32(i))
			family = s.family
		}
	}
	return out
}

func (c *routeCond) holds(e *event) bool {
	for _, f := range c.fields {
		v := e.routed(f)
		if v == nil {
			continue
		}
		if c.any {
			return true
		}
		t := e.folded(v)
		if len(t) > maxRouted {
			continue
		}
		for _, p := range c.values {
			if matchPattern(t, p) {
				return true
			}
		}
	}
	return false
}

package normalise

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed mapping.yml
var builtin []byte

// Builtin is the mapping that comes with the product.
var Builtin = sync.OnceValue(func() *Mapping {
	m, err := Parse(builtin)
	if err != nil {
		panic("normalise: " + err.Error())
	}
	return m
})

// Mapping says what to add to which events.
type Mapping struct {
	root    *node
	slots   int
	shapes  []shape
	tops    map[string]int   // slot of an added name at the top of an event
	outputs map[string][]int // slots where an event may have an added name itself
	pool    sync.Pool
}

// shape is a way in which a product writes its events.
type shape struct {
	name, kind string
	when       conditions
	group      group
	classes    []class
}

// class is one sort of events of a shape.
type class struct {
	when  conditions
	group group
}

type group struct {
	fields                     []field
	spreads                    []int
	lines                      []lines
	positions                  []positions
	product, category, service word
}

type field struct {
	name  string
	over  bool // also where the event has the name with another meaning
	forms []form
}

type lines struct {
	slot int
	only map[string]bool // nil: every name
	over map[string]bool
}

type positions struct {
	slot  int
	names []string
}

type conditions struct {
	all  []condition
	none []int // slots that must not be there
}

type condition struct {
	slots  []int
	values []string // with * at the ends; "*": anything
}

func (c *conditions) hold(s *scan) bool {
	for i := range c.all {
		if !c.all[i].holds(s) {
			return false
		}
	}
	for _, slot := range c.none {
		if s.has(slot) {
			return false
		}
	}
	return true
}

func (c *condition) holds(s *scan) bool {
	for _, slot := range c.slots {
		for _, v := range s.values(slot) {
			for _, want := range c.values {
				if want == "*" && string(v) != "null" && string(v) != `""` || like(unquote(v), want) {
					return true
				}
			}
		}
	}
	return false
}

func like(v, pattern string) bool {
	head, tail := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch p := strings.Trim(pattern, "*"); {
	case p == "":
		return false
	case head && tail:
		return strings.Contains(strings.ToLower(v), strings.ToLower(p))
	case head:
		return len(v) >= len(p) && strings.EqualFold(v[len(v)-len(p):], p)
	case tail:
		return len(v) >= len(p) && strings.EqualFold(v[:len(p)], p)
	default:
		return strings.EqualFold(v, p)
	}
}

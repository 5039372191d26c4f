package sigma

import (
	"encoding/binary"
	"strings"
)

// fieldTable knows every name that rules or the mapping ask for and the places
// where events keep them: at the top of a flat object, in the parts of a
// Windows event, below winlog as Elastic's shippers write it, and under dotted
// paths.
type fieldTable struct {
	names []string // by field number
	byKey map[string]int32
	root  *place
}

// place is one object level with the names wanted there.
type place struct {
	children map[string]*target
	any      *place // whatever the name is (UserData wraps its fields once)
	// open addressing over children for the walk
	mask  uint64
	slots []*target
}

type target struct {
	name  string
	field int32 // -1: only the way to others
	sub   *place
}

func newFieldTable() *fieldTable {
	return &fieldTable{byKey: map[string]int32{}, root: &place{}}
}

// number returns the number of a field and adds it with all its places.
func (t *fieldTable) number(name string) int32 {
	if n, ok := t.byKey[name]; ok {
		return n
	}
	n := int32(len(t.names))
	t.names = append(t.names, name)
	t.byKey[name] = n
	put := func(path ...string) { t.put(n, path) }
	for _, path := range splits(name) {
		put(path...)
	}
	for _, base := range [][]string{{"Event", "System"}, {"Event", "EventData"}, {"Event", "UserData", "*"},
		{"System"}, {"EventData"}, {"UserData", "*"},
		{"winlog", "event_data"}, {"winlog", "user_data"}, {"event_data"}} {
		put(append(base[:len(base):len(base)], name)...)
		put(append(base[:len(base):len(base)], name, "#text")...)
	}
	if a, b, ok := strings.Cut(name, "_"); ok && a != "" && b != "" {
		for _, base := range [][]string{{"Event", "System"}, {"System"}} {
			put(append(base[:len(base):len(base)], a, "#attributes", b)...)
			put(append(base[:len(base):len(base)], a, b)...)
		}
	}
	for _, path := range shipped[name] {
		put(strings.Split(path, ".")...)
	}
	return n
}

// shipped are the names of the parts of System in Elastic's Windows events.
var shipped = map[string][]string{
	"EventID":       {"winlog.event_id", "event_id"},
	"Channel":       {"winlog.channel", "log_name"},
	"Computer":      {"winlog.computer_name", "computer_name"},
	"Provider_Name": {"winlog.provider_name", "source_name"},
	"Task":          {"winlog.task"},
	"Opcode":        {"winlog.opcode"},
	"Level":         {"winlog.level"},
	"EventRecordID": {"winlog.record_id", "record_number"},
}

// splits returns the ways a dotted name may be nested: a.b.c as a/b/c, as the
// one key "a.b.c", and as the mixtures.
func splits(name string) [][]string {
	parts := strings.Split(name, ".")
	if len(parts) > 6 {
		return [][]string{{name}, parts}
	}
	var out [][]string
	for bits := 0; bits < 1<<(len(parts)-1); bits++ {
		path := []string{parts[0]}
		for i, p := range parts[1:] {
			if bits>>i&1 == 1 {
				path = append(path, p)
			} else {
				path[len(path)-1] += "." + p
			}
		}
		out = append(out, path)
	}
	return out
}

func (t *fieldTable) put(n int32, path []string) {
	at := t.root
	for i, name := range path {
		if name == "*" {
			if at.any == nil {
				at.any = &place{}
			}
			at = at.any
			continue
		}
		if at.children == nil {
			at.children = map[string]*target{}
		}
		c := at.children[name]
		if c == nil {
			c = &target{name: name, field: -1}
			at.children[name] = c
		}
		if i == len(path)-1 {
			if c.field < 0 {
				c.field = n
			}
			return
		}
		if c.sub == nil {
			c.sub = &place{}
		}
		at = c.sub
	}
}

// freeze builds the tables for the walk.
func (t *fieldTable) freeze() { t.root.freeze() }

func (p *place) freeze() {
	size := 4
	for size < 4*len(p.children) {
		size *= 2
	}
	p.slots, p.mask = make([]*target, size), uint64(size-1)
	for _, c := range p.children {
		i := hashName([]byte(c.name)) & p.mask
		for p.slots[i] != nil {
			i = (i + 1) & p.mask
		}
		p.slots[i] = c
		if c.sub != nil {
			c.sub.freeze()
		}
	}
	if p.any != nil {
		p.any.freeze()
	}
}

func hashName(b []byte) uint64 {
	const k = 0x9E3779B97F4A7C15
	h := uint64(len(b)) * k
	if len(b) >= 8 {
		h ^= binary.LittleEndian.Uint64(b)
		h *= k
		h ^= h >> 29
		h ^= binary.LittleEndian.Uint64(b[len(b)-8:])
	} else {
		for _, c := range b {
			h = h*31 + uint64(c)
		}
	}
	h *= k
	return h ^ h>>32
}

func (p *place) find(name []byte) *target {
	for i := hashName(name) & p.mask; ; i = (i + 1) & p.mask {
		c := p.slots[i]
		if c == nil || c.name == string(name) {
			return c
		}
	}
}

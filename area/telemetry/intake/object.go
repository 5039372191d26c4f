package intake

import (
	"strconv"

	"yagura/kernel/quote"
)

// object writes one JSON object, fields in the order in which they come.
type object struct {
	b    []byte
	seen map[string]bool
}

func newObject(size int) *object {
	return &object{b: append(make([]byte, 0, size), '{'), seen: make(map[string]bool, 24)}
}

// key opens a field and tells whether its name was free.
func (o *object) key(name string) bool {
	if o.seen[name] {
		return false
	}
	o.seen[name] = true
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(quote.JSON(o.b, name), ':')
	return true
}

func (o *object) text(name, v string) {
	if o.key(name) {
		o.b = quote.JSON(o.b, v)
	}
}

// some writes a field unless it is empty.
func (o *object) some(name, v string) {
	if v != "" {
		o.text(name, v)
	}
}

func (o *object) number(name string, v int64) {
	if o.key(name) {
		o.b = strconv.AppendInt(o.b, v, 10)
	}
}

func (o *object) json(name string, v []byte) {
	if o.key(name) {
		o.b = append(o.b, v...)
	}
}

// own writes a field that a log line brings itself: where the name is one of
// ours, it gets the prefix.
func (o *object) own(prefix, name, v string) {
	if o.seen[name] || reserved[name] {
		name = prefix + name
	}
	o.text(name, v)
}

// reserved are the names whose meaning is fixed for every line.
var reserved = map[string]bool{
	"timestamp": true, "host": true, "app": true, "procid": true, "msgid": true, "severity": true,
	"severity_name": true, "facility": true, "facility_name": true, "message": true, "structured_data": true,
	"original": true, "original_base64": true, "problem": true, "src_ip": true, "dst_ip": true, "src_port": true, "dst_port": true,
	"proto": true, "action": true, "command_line": true,
}

func (o *object) done() []byte { return append(o.b, '}') }

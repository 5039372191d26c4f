package place

import (
	"strconv"
	"time"

	"yagura/kernel/text"
)

// Reader takes values out of nodes and gathers what is wrong with them.
type Reader struct {
	File     string
	Problems Problems
}

// Wrong notes a problem at a node.
func (r *Reader) Wrong(n *Node, what text.Message) {
	r.Problems = append(r.Problems, Problem{r.File, n.Line, n.Path, what})
}

// Err is what is wrong so far, or nil.
func (r *Reader) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return r.Problems
}

// Fields reads an object, each key by its function. A key without one, or one
// that stands twice, is a problem. It tells whether n is an object.
func (r *Reader) Fields(n *Node, by map[string]func(*Node)) bool {
	if n.Kind != Object {
		r.Wrong(n, text.M("an object is expected"))
		return false
	}
	seen := map[string]bool{}
	for _, m := range n.Members {
		read := by[m.Key]
		switch {
		case read == nil:
			r.Wrong(m.Value, text.M("there is no field %q here", m.Key))
		case seen[m.Key]:
			r.Wrong(m.Value, text.M("%q stands twice", m.Key))
		default:
			seen[m.Key] = true
			read(m.Value)
		}
	}
	return true
}

// List reads an array.
func (r *Reader) List(n *Node, each func(*Node)) {
	if n.Kind != Array {
		r.Wrong(n, text.M("a list is expected"))
		return
	}
	for _, item := range n.Items {
		each(item)
	}
}

// Text is a reader of a string.
func (r *Reader) Text(into *string) func(*Node) {
	return func(n *Node) {
		if n.Kind != String {
			r.Wrong(n, text.M("a text is expected"))
			return
		}
		*into = n.Text
	}
}

// Texts is a reader of a list of strings.
func (r *Reader) Texts(into *[]string) func(*Node) {
	return func(n *Node) {
		r.List(n, func(item *Node) {
			var s string
			r.Text(&s)(item)
			*into = append(*into, s)
		})
	}
}

// Int is a reader of a whole number.
func (r *Reader) Int(into *int) func(*Node) {
	return func(n *Node) {
		i, err := strconv.Atoi(n.Text)
		if n.Kind != Number || err != nil {
			r.Wrong(n, text.M("a whole number is expected"))
			return
		}
		*into = i
	}
}

// Bool is a reader of true or false.
func (r *Reader) Bool(into *bool) func(*Node) {
	return func(n *Node) {
		if n.Kind != Bool {
			r.Wrong(n, text.M("true or false is expected"))
			return
		}
		*into = n.True
	}
}

// Day is a reader of a day; a time of RFC 3339 is taken for its day in UTC.
func (r *Reader) Day(into *time.Time) func(*Node) {
	return func(n *Node) {
		if n.Kind != String {
			r.Wrong(n, text.M("a text is expected"))
			return
		}
		d, problem := ParseDay(n.Text)
		if !problem.IsZero() {
			r.Wrong(n, problem)
			return
		}
		*into = d
	}
}

// ParseDay reads a day, or says what is wrong with it.
func ParseDay(s string) (time.Time, text.Message) {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if d, err = time.Parse(time.RFC3339, s); err != nil {
			return time.Time{}, text.M("%q is no day of the calendar, such as 2026-11-23", s)
		}
		d = d.UTC().Truncate(24 * time.Hour)
	}
	if d.Year() < 2000 || d.Year() > 2199 {
		return time.Time{}, text.M("%q lies outside the years 2000 to 2199", s)
	}
	return d, text.Message{}
}

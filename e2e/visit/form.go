package visit

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Form is one form of a page with what it shows.
type Form struct {
	Method, Action string
	Multipart      bool
	Fields         []Field
}

// Field is one input of a form.
type Field struct {
	Name, Kind string // Kind: the type of an input, "select", "textarea" or "button"
	Value      string
	On         bool // a ticked box, a chosen option, the first button
	Required   bool
	Options    []string // of a select
}

// Values are what a browser would send if nothing was changed and the first
// button pressed.
func (f Form) Values() url.Values {
	v := url.Values{}
	pressed := false
	for _, field := range f.Fields {
		switch field.Kind {
		case "checkbox", "radio":
			if field.On {
				v.Add(field.Name, field.Value)
			}
		case "button":
			if !pressed {
				v.Add(field.Name, field.Value)
				pressed = true
			}
		case "file":
		default:
			v.Add(field.Name, field.Value)
		}
	}
	return v
}

// Fill are values that a person in a hurry would enter: what is shown, and
// something fitting wherever nothing is.
func (f Form) Fill() url.Values {
	v := f.Values()
	for _, field := range f.Fields {
		if v.Get(field.Name) != "" || field.Name == "" {
			continue
		}
		switch field.Kind {
		case "select":
			for _, o := range field.Options {
				if o != "" {
					v.Set(field.Name, o)
					break
				}
			}
		case "checkbox", "radio":
			v.Set(field.Name, field.Value)
		case "text", "textarea", "search", "":
			v.Set(field.Name, "x")
		case "email":
			v.Set(field.Name, "x@example.org")
		case "number":
			v.Set(field.Name, "1")
		case "date":
			v.Set(field.Name, "2026-12-24")
		case "datetime-local":
			v.Set(field.Name, "2026-12-24T12:00")
		case "file":
			v.Set(field.Name, "x")
		}
	}
	return v
}

func (f Form) isFile(name string) bool {
	for _, field := range f.Fields {
		if field.Name == name && field.Kind == "file" {
			return true
		}
	}
	return false
}

// Form is the first form whose action fits the expression.
func (p *Page) Form(action string) (Form, bool) {
	fits := regexp.MustCompile(action)
	for _, f := range p.Forms() {
		if fits.MatchString(f.Action) {
			return f, true
		}
	}
	return Form{}, false
}

// Forms are the page's forms. Those without an action are sent to the page
// itself, whose path is given.
func (p *Page) Forms() []Form {
	var list []Form
	at := map[string]int{} // forms by id, for inputs outside of them
	within := map[*html.Node]int{}
	for n := range p.tree().Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "form" {
			f := Form{Method: "get"}
			if m, ok := attribute(n, "method"); ok {
				f.Method = strings.ToLower(m)
			}
			f.Action, _ = attribute(n, "action")
			if f.Action == "" && p.URL != nil {
				f.Action = p.URL.RequestURI()
			}
			enc, _ := attribute(n, "enctype")
			f.Multipart = enc == "multipart/form-data"
			if id, ok := attribute(n, "id"); ok {
				at[id] = len(list)
			}
			within[n] = len(list)
			list = append(list, f)
		}
	}
	for n := range p.tree().Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		field, ok := fieldOf(n)
		if !ok {
			continue
		}
		i := -1
		if id, there := attribute(n, "form"); there {
			if j, known := at[id]; known {
				i = j
			}
		} else {
			for a := range n.Ancestors() {
				if j, known := within[a]; known {
					i = j
					break
				}
			}
		}
		if i >= 0 {
			list[i].Fields = append(list[i].Fields, field)
		}
	}
	return list
}

func fieldOf(n *html.Node) (Field, bool) {
	name, _ := attribute(n, "name")
	if name == "" {
		return Field{}, false
	}
	if _, off := attribute(n, "disabled"); off {
		return Field{}, false
	}
	f := Field{Name: name}
	f.Value, _ = attribute(n, "value")
	_, f.Required = attribute(n, "required")
	switch n.Data {
	case "input":
		f.Kind, _ = attribute(n, "type")
		switch f.Kind {
		case "submit", "image":
			f.Kind = "button"
		case "checkbox", "radio":
			_, f.On = attribute(n, "checked")
			if f.Value == "" {
				f.Value = "on"
			}
		case "button", "reset":
			return Field{}, false
		}
	case "button":
		if kind, ok := attribute(n, "type"); ok && kind != "submit" {
			return Field{}, false
		}
		f.Kind = "button"
	case "textarea":
		f.Kind, f.Value = "textarea", strings.TrimPrefix(rawText(n), "\n")
	case "select":
		f.Kind = "select"
		for o := range n.Descendants() {
			if o.Type != html.ElementNode || o.Data != "option" {
				continue
			}
			value, ok := attribute(o, "value")
			if !ok {
				value = textOf(o)
			}
			if _, chosen := attribute(o, "selected"); chosen || len(f.Options) == 0 {
				f.Value = value
			}
			f.Options = append(f.Options, value)
		}
	default:
		return Field{}, false
	}
	return f, true
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

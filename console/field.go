package console

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"time"

	"yagura/kernel/text"
)

// field is one labelled entry of a form. In a view:
//
//	{{input "title" (t "Title") .D.Title "required" true "hint" (t "What happened, in one line")}}
//	{{textarea "body" (t "Description") .D.Body "rows" 8}}
//	{{select "state" (t "State") .D.State .D.States}}
//	{{checkbox "agree" (t "I have read the rules") false}}
//	{{datetime "seen" (t "First seen") .D.Seen}}
//	{{file "evidence" (t "Evidence") "accept" ".log,.txt" "multiple" true}}
//
// Names after the value: required, hint, rows, max, min, step, placeholder,
// autocomplete, accept, multiple, list (suggestions), readonly, narrow,
// autofocus, pattern. After Context.Invalid the field shows what was posted,
// with what is wrong below it.
type field struct {
	Kind, Name, ID, Label, Value, Hint, Error string
	Required, Multiple, ReadOnly, Narrow      bool
	Checked, Autofocus                        bool
	Rows, Max, Min, Step                      string
	Placeholder, Autocomplete, Accept         string
	Pattern                                   string
	Options                                   []choice
	List                                      []choice
	Describe                                  string
}

type choice struct {
	Value, Label, ID string
	Chosen           bool
}

type fieldError struct {
	Name  string
	Words template.HTML
}

// fieldErrors lists the complaints for the summary at the form's top.
func (s *set) fieldErrors() []fieldError {
	var es []fieldError
	for name, m := range s.c.fields {
		es = append(es, fieldError{name, s.marked(m)})
	}
	slices.SortFunc(es, func(a, b fieldError) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return es
}

func (s *set) fieldOf(kind string) func(name, label string, rest ...any) (template.HTML, error) {
	return func(name, label string, rest ...any) (template.HTML, error) {
		var value any
		if kind != "file" && len(rest)%2 == 1 {
			value, rest = rest[0], rest[1:]
		}
		f, err := s.field(kind, name, label, rest)
		if err != nil {
			return "", err
		}
		switch v := value.(type) {
		case nil:
		case bool:
			f.Checked = v
		case time.Time:
			if !v.IsZero() {
				layout := "2006-01-02T15:04"
				if kind == "date" {
					layout = time.DateOnly
				}
				f.Value = v.In(s.c.Zone).Format(layout)
			}
		case text.Message:
			f.Value = s.say(v)
		case float64:
			f.Value = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			f.Value = fmt.Sprint(v)
		}
		if s.c.posted && kind != "file" && kind != "password" {
			f.Value = s.c.R.PostForm.Get(name)
			f.Checked = f.Value != ""
		}
		if kind == "checkbox" {
			f.Value = "1"
			if v, ok := value.(string); ok && v != "" {
				f.Value = v
			}
		}
		return s.part("part-field", f)
	}
}

func (s *set) choiceOf(kind string) func(name, label string, value, options any, rest ...any) (template.HTML, error) {
	return func(name, label string, value, options any, rest ...any) (template.HTML, error) {
		f, err := s.field(kind, name, label, rest)
		if err != nil {
			return "", err
		}
		chosen, _ := value.([]string)
		if chosen == nil && value != nil {
			chosen = []string{fmt.Sprint(value)}
		}
		if s.c.posted {
			chosen = s.c.R.PostForm[name]
		}
		for i, o := range optionsOf(options) {
			f.Options = append(f.Options, choice{o.Value, s.say(o.Label), fmt.Sprintf("%s-o%d", f.ID, i), slices.Contains(chosen, o.Value)})
		}
		return s.part("part-field", f)
	}
}

// optionsOf takes []Option, or []string where value and words are the same.
func optionsOf(v any) []Option {
	switch v := v.(type) {
	case []Option:
		return v
	case []string:
		var os []Option
		for _, x := range v {
			os = append(os, Option{x, literal(x)})
		}
		return os
	}
	return nil
}

func (s *set) field(kind, name, label string, rest []any) (field, error) {
	// The first field of a name is where the summary of complaints leads to.
	f := field{Kind: kind, Name: name, ID: "f-" + name, Label: label, Rows: "5"}
	if s.used[f.ID] {
		s.n++
		f.ID = fmt.Sprintf("f-%s-%d", name, s.n)
	}
	s.used[f.ID] = true
	f.Error = s.say(s.c.fields[name])
	if len(rest)%2 != 0 {
		return f, fmt.Errorf("field %s: names and values do not pair", name)
	}
	for i := 0; i < len(rest); i += 2 {
		yes, _ := rest[i+1].(bool)
		words := s.words(rest[i+1])
		switch rest[i] {
		case "required":
			f.Required = yes
		case "hint":
			f.Hint = words
		case "rows":
			f.Rows = words
		case "max":
			f.Max = words
		case "min":
			f.Min = words
		case "step":
			f.Step = words
		case "placeholder":
			f.Placeholder = words
		case "autocomplete":
			f.Autocomplete = words
		case "accept":
			f.Accept = words
		case "pattern":
			f.Pattern = words
		case "multiple":
			f.Multiple = yes
		case "readonly":
			f.ReadOnly = yes
		case "narrow":
			f.Narrow = yes
		case "autofocus":
			f.Autofocus = yes
		case "list":
			for _, o := range optionsOf(rest[i+1]) {
				f.List = append(f.List, choice{Value: o.Value, Label: s.say(o.Label)})
			}
		default:
			return f, fmt.Errorf("field %s: there is no setting %v", name, rest[i])
		}
	}
	if f.Hint != "" {
		f.Describe = f.ID + "-hint"
	}
	if f.Error != "" {
		if f.Describe != "" {
			f.Describe += " "
		}
		f.Describe += f.ID + "-error"
	}
	return f, nil
}

package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

// Mistake is one thing wrong with the text of a policy, and where.
type Mistake struct {
	Line    int
	Column  int
	Setting string // path, such as "places.home.managed"
	Message text.Message
}

// In is the mistake on one line in a language.
func (m Mistake) In(lang text.Lang) string {
	s := fmt.Sprintf("%d:%d: ", m.Line, m.Column)
	if m.Setting != "" {
		s += m.Setting + ": "
	}
	return s + m.Message.In(lang)
}

func (m Mistake) Error() string { return m.In(text.EN) }

// MaxText is how long the text of a policy may be, in bytes.
const MaxText = 32 << 10

const longestSession = 30 * 24 * time.Hour

type parser struct{ mistakes []Mistake }

func (p *parser) wrong(n *yaml.Node, setting string, m text.Message) {
	p.mistakes = append(p.mistakes, Mistake{max(n.Line, 1), max(n.Column, 1), setting, m})
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// Parse reads the text of a policy and names every mistake with its place. With
// any, the policy is not to be used. An empty text says nothing.
func Parse(raw []byte) (Policy, []Mistake) {
	p := &parser{}
	var policy Policy
	at := &yaml.Node{Line: 1, Column: 1}
	if len(raw) > MaxText {
		p.wrong(at, "", text.M("The text is longer than %d KiB", MaxText>>10))
		return policy, p.mistakes
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return policy, nil // nothing but comments
		}
		why := err.Error()
		if m := yamlLine.FindStringSubmatch(why); m != nil {
			if m[1] != "" {
				at.Line, _ = strconv.Atoi(m[1])
			}
			why = m[2]
		}
		p.wrong(at, "", text.M("This is not YAML: %s", why))
		return policy, p.mistakes
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		p.wrong(&more, "", text.M("One policy is expected, and no second document"))
		return policy, p.mistakes
	}
	if len(doc.Content) == 1 && !null(doc.Content[0]) {
		p.policy(doc.Content[0], &policy)
	}
	slices.SortStableFunc(p.mistakes, func(a, b Mistake) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return policy, p.mistakes
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// each visits the settings of a mapping, each once and under its name.
func (p *parser) each(n *yaml.Node, path string, visit func(name string, key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.wrong(n, path, text.M("Settings by name are expected here"))
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || value.Kind == yaml.AliasNode {
			p.wrong(key, path, text.M("References are not allowed: write it out"))
			continue
		}
		if before, ok := first[key.Value]; ok {
			p.wrong(key, join(path, key.Value), text.M("This is said twice, first in line %d", before))
			continue
		}
		first[key.Value] = key.Line
		visit(key.Value, key, value)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (p *parser) policy(n *yaml.Node, to *Policy) {
	p.each(n, "", func(name string, key, v *yaml.Node) {
		switch name {
		case "unit":
			to.Unit = p.scalar(v, name)
		case "passwords":
			to.Passwords = p.yes(v, name)
		case "totp":
			to.TOTP = p.yes(v, name)
		case "session":
			to.Session = p.span(v, name)
		case "countries":
			to.Countries = p.countries(v, name)
		case "places":
			to.Cells = map[Place]map[Device]CellPart{}
			p.each(v, name, func(place string, key, v *yaml.Node) { p.place(join(name, place), Place(place), key, v, to.Cells) })
		case "applications":
			to.Applications = map[Class]ApplicationPart{}
			p.each(v, name, func(class string, key, v *yaml.Node) {
				if !slices.Contains(Classes, Class(class)) {
					p.wrong(key, join(name, class), text.M("There is no such class; there are %s", listed(Classes)))
					return
				}
				to.Applications[Class(class)] = p.application(v, join(name, class))
			})
		default:
			p.wrong(key, name, text.M("There is no such setting; there are %s", "unit, passwords, totp, session, countries, places, applications"))
		}
	})
}

func listed[T ~string](list []T) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

func (p *parser) place(path string, place Place, key, v *yaml.Node, to map[Place]map[Device]CellPart) {
	switch {
	case place == Abroad:
		p.wrong(key, path, text.M("Elsewhere abroad nobody is let in: people register a trip"))
		return
	case !slices.Contains(Places, place):
		p.wrong(key, path, text.M("There is no such place; there are %s", listed(Places)))
		return
	}
	to[place] = map[Device]CellPart{}
	p.each(v, path, func(device string, key, v *yaml.Node) {
		if !slices.Contains(Devices, Device(device)) {
			p.wrong(key, join(path, device), text.M("There is no such kind of device; there are %s", listed(Devices)))
			return
		}
		to[place][Device(device)] = p.cell(v, join(path, device))
	})
}

// refuse is the word for letting nobody in.
const refuse = "refuse"

func (p *parser) cell(v *yaml.Node, path string) (c CellPart) {
	if v.Kind == yaml.ScalarNode {
		c.Refused = new(bool)
		if v.Value == refuse {
			*c.Refused = true
			return c
		}
		c.Level = p.level(v, path)
		return c
	}
	p.each(v, path, func(name string, key, v *yaml.Node) {
		switch name {
		case "level":
			c.Refused, c.Level = new(bool), p.level(v, join(path, name))
		case "session":
			c.Session = p.span(v, join(path, name))
		default:
			p.wrong(key, join(path, name), text.M("There is no such setting; there are %s", "level, session"))
		}
	})
	return c
}

func (p *parser) application(v *yaml.Node, path string) (a ApplicationPart) {
	if v.Kind == yaml.ScalarNode {
		a.Level = p.level(v, path)
		return a
	}
	p.each(v, path, func(name string, key, v *yaml.Node) {
		switch name {
		case "level":
			a.Level = p.level(v, join(path, name))
		case "managed":
			a.Managed = p.yes(v, join(path, name))
		case "places":
			a.Places = []Place{}
			for _, e := range p.list(v, join(path, name)) {
				place := Place(e.Value)
				switch {
				case !slices.Contains(Places, place):
					p.wrong(e, join(path, name), text.M("There is no such place; there are %s", listed(Places)))
				case !slices.Contains(a.Places, place):
					a.Places = append(a.Places, place)
				}
			}
		default:
			p.wrong(key, join(path, name), text.M("There is no such setting; there are %s", "level, places, managed"))
		}
	})
	return a
}

func (p *parser) scalar(v *yaml.Node, path string) string {
	if v.Kind != yaml.ScalarNode {
		p.wrong(v, path, text.M("One word is expected here"))
		return ""
	}
	return v.Value
}

func (p *parser) yes(v *yaml.Node, path string) *bool {
	var b bool
	switch p.scalar(v, path) {
	case "yes", "true":
		b = true
	case "no", "false":
	default:
		if v.Kind == yaml.ScalarNode {
			p.wrong(v, path, text.M("yes or no is expected here"))
		}
		return nil
	}
	return &b
}

func (p *parser) level(v *yaml.Node, path string) *Level {
	l := Level(p.scalar(v, path))
	if !l.Known() {
		if v.Kind == yaml.ScalarNode {
			p.wrong(v, path, text.M("A level is expected here: %s", listed(Levels)))
		}
		return nil
	}
	return &l
}

func (p *parser) span(v *yaml.Node, path string) *time.Duration {
	s := p.scalar(v, path)
	if v.Kind != yaml.ScalarNode {
		return nil
	}
	scaled, days := strings.CutSuffix(s, "d")
	d, err := time.ParseDuration(s)
	if days {
		var n int
		n, err = strconv.Atoi(scaled)
		d = time.Duration(min(max(n, 0), 1000)) * 24 * time.Hour
	}
	if err != nil || d < 5*time.Minute || d > longestSession {
		p.wrong(v, path, text.M("A time from 5m to 30d is expected here, such as 12h"))
		return nil
	}
	return &d
}

func (p *parser) list(v *yaml.Node, path string) []*yaml.Node {
	if v.Kind != yaml.SequenceNode {
		p.wrong(v, path, text.M("A list is expected here, such as [office, vpn]"))
		return nil
	}
	var list []*yaml.Node
	for _, e := range v.Content {
		if e.Kind != yaml.ScalarNode {
			p.wrong(e, path, text.M("One word is expected here"))
			continue
		}
		list = append(list, e)
	}
	return list
}

func (p *parser) countries(v *yaml.Node, path string) []string {
	found := []string{}
	for _, e := range p.list(v, path) {
		switch {
		case !Country(e.Value):
			p.wrong(e, path, text.M("A country has two capital letters as in ISO 3166, such as JP or DE"))
		case !slices.Contains(found, e.Value):
			found = append(found, e.Value)
		}
	}
	return found
}

// Country tells whether a text has the form of a country: two capital letters.
func Country(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

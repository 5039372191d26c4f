package logsql

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// Head is what a rule says beside its detection.
type Head struct {
	ID, Title, Description, Date, Level string
	Product, Category, Service          string
}

// Rule writes a draft as a Sigma rule of status experimental.
func Rule(h Head, d Draft) ([]byte, error) {
	pair := func(m *yaml.Node, key string, v *yaml.Node) {
		m.Content = append(m.Content, scalar(key, ""), v)
	}
	text := func(m *yaml.Node, key, v string) {
		if v != "" {
			pair(m, key, scalar(v, ""))
		}
	}
	doc, source, detection := mapping(), mapping(), mapping()
	text(doc, "title", h.Title)
	text(doc, "id", h.ID)
	text(doc, "status", "experimental")
	text(doc, "description", h.Description)
	text(doc, "date", h.Date)
	text(source, "product", h.Product)
	text(source, "category", h.Category)
	text(source, "service", h.Service)
	pair(doc, "logsource", source)
	for _, s := range d.Searches {
		pair(detection, s.Name, s.node())
	}
	text(detection, "condition", d.Condition)
	pair(doc, "detection", detection)
	text(doc, "level", h.Level)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(4)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

func scalar(s, tag string) *yaml.Node {
	n := &yaml.Node{}
	if tag == "" {
		n.SetString(s)
		return n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s}
}

func list() *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} }

func (s Search) node() *yaml.Node {
	if len(s.Alternatives) == 1 {
		return block(s.Alternatives[0])
	}
	l := list()
	for _, a := range s.Alternatives {
		l.Content = append(l.Content, block(a))
	}
	return l
}

// block is a map of fields, or a list of keywords.
func block(lines []Line) *yaml.Node {
	if len(lines) == 1 && lines[0].Field == "" {
		l := list()
		for _, v := range lines[0].Values {
			l.Content = append(l.Content, scalar(v, ""))
		}
		return l
	}
	m := mapping()
	for _, l := range lines {
		m.Content = append(m.Content, scalar(l.Field, ""), l.node())
	}
	return m
}

func (l Line) node() *yaml.Node {
	tag := ""
	if l.Numbers {
		tag = "!!float"
	}
	switch {
	case l.Literal == "null":
		return scalar("null", "!!null")
	case l.Literal == "true":
		return scalar("true", "!!bool")
	case len(l.Values) == 1 && l.Field != "|all":
		return scalar(l.Values[0], tag)
	}
	s := list()
	for _, v := range l.Values {
		s.Content = append(s.Content, scalar(v, tag))
	}
	return s
}

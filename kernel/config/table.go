package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

// Class is how long the events of some sources are kept.
type Class struct {
	Name string
	Keep time.Duration
}

// StandardClass is the class of sources for which none was chosen.
const StandardClass = "standard"

const mostClasses = 8

// table reads a mapping of names to single values, or to lists of them, as items
// name=value.
func table(n *yaml.Node) (string, text.Message) {
	var all []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, values := n.Content[i], []*yaml.Node{n.Content[i+1]}
		if values[0].Kind == yaml.SequenceNode {
			values = values[0].Content
		}
		for _, v := range values {
			if key.Kind != yaml.ScalarNode || v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
				return "", text.M("single values by name are expected, or lists of them")
			}
			all = append(all, key.Value+"="+v.Value)
		}
	}
	return strings.Join(all, separator), fine
}

func className(s string) bool {
	if s == "" || len(s) > 30 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
}

// classes is one length of time, or a table of several by name.
func classes(p *[]Class, least, most time.Duration) value {
	one := func(s string) (d time.Duration, wrong text.Message) {
		wrong = duration(&d, least, most).read(s, "")
		return d, wrong
	}
	return value{list: true, table: true,
		read: func(s, _ string) text.Message {
			list := items(s)
			if len(list) == 1 && !strings.Contains(list[0], "=") {
				list[0] = StandardClass + "=" + list[0]
			}
			var all []Class
			for _, item := range list {
				name, length, ok := strings.Cut(item, "=")
				if !ok {
					return text.M("%q is not a class with a length of time, such as short=30d", item)
				}
				if !className(name) {
					return text.M("%q is not the name of a class: letters a to z, digits and hyphens are expected", name)
				}
				if slices.ContainsFunc(all, func(c Class) bool { return c.Name == name }) {
					return text.M("%q stands here twice", name)
				}
				d, wrong := one(length)
				if !wrong.IsZero() {
					return wrong
				}
				all = append(all, Class{name, d})
			}
			if !slices.ContainsFunc(all, func(c Class) bool { return c.Name == StandardClass }) {
				return text.M("the class %s is missing, that of sources for which none is chosen", StandardClass)
			}
			if len(all) > mostClasses {
				return text.M("at most %d are possible here", mostClasses)
			}
			slices.SortFunc(all, func(a, b Class) int {
				if (a.Name == StandardClass) != (b.Name == StandardClass) {
					if a.Name == StandardClass {
						return -1
					}
					return 1
				}
				return cmp.Or(cmp.Compare(a.Keep, b.Keep), cmp.Compare(a.Name, b.Name))
			})
			*p = all
			return fine
		},
		show: func() string {
			if len(*p) == 1 {
				return FormatDuration((*p)[0].Keep)
			}
			var all []string
			for _, c := range *p {
				all = append(all, c.Name+"="+FormatDuration(c.Keep))
			}
			return strings.Join(all, ", ")
		},
	}
}

// urlsByClass are addresses by the name of a class.
func urlsByClass(p *map[string][]string) value {
	return value{list: true, table: true,
		read: func(s, folder string) text.Message {
			all := map[string][]string{}
			for _, item := range items(s) {
				name, address, ok := strings.Cut(item, "=")
				if !ok || !className(name) {
					return text.M("%q is not a class with a URL, such as short=https://logs.example.com", item)
				}
				var u string
				if wrong := webURL(&u, "http", "https").read(address, folder); !wrong.IsZero() {
					return wrong
				}
				for _, others := range all {
					if slices.Contains(others, u) {
						return text.M("%q stands here twice", u)
					}
				}
				all[name] = append(all[name], u)
			}
			*p = all
			return fine
		},
		show: func() string {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(*p)) {
				for _, u := range (*p)[name] {
					all = append(all, name+"="+u)
				}
			}
			return strings.Join(all, ", ")
		},
	}
}

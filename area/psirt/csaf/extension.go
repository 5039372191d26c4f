package csaf

import "strings"

// Extension is a CSAF extension that is known here (2.1): what its own schema
// demands, and where and how often it may be used.
type Extension struct {
	Registered bool
	// Content says what is wrong with the content of an extension item.
	Content func(content *Value) []Problem
	// Locations are the places where it may stand with how often at most, by the names
	// of the metadata such as "$.x_extensions". Where nil, nothing is limited.
	Locations map[string]int
	// Incompatible are the addresses of extensions that may not be used beside it.
	Incompatible []string
}

// extensionList is an element of type extensions_t.
type extensionList struct {
	items    []*Value
	path     string
	location string
}

func (r *run) extensions() (all []extensionList) {
	add := func(holder *Value, path, location string) {
		if v := holder.Get("x_extensions"); v != nil {
			all = append(all, extensionList{v.Items(), path + "/x_extensions", location})
		}
	}
	add(r.root, "", "$.x_extensions")
	add(r.document, "/document", "$.document.x_extensions")
	for _, d := range r.products {
		switch {
		case d.ancestors != nil:
			add(d.value, d.path, "$.product_tree.branches..product.x_extensions")
		case d.relation != nil:
			add(d.value, d.path, "$.product_tree.product_paths[*].full_product_name.x_extensions")
		default:
			add(d.value, d.path, "$.product_tree.full_product_names[*].x_extensions")
		}
	}
	for _, v := range r.vulns {
		add(v.value, v.path, "$.vulnerabilities[*].x_extensions")
		for i, m := range v.value.Get("metrics").Items() {
			add(m.Get("content"), v.path+"/metrics/"+itoa(i)+"/content", "$.vulnerabilities[*].metrics[*].content.x_extensions")
		}
	}
	return all
}

// eachExtension visits the items with their addresses.
func (r *run) eachExtension(visit func(list extensionList, item *Value, address, path string)) {
	for _, l := range r.extensions() {
		for i, item := range l.items {
			visit(l, item, item.Get("$schema").Text(), l.path+"/"+itoa(i))
		}
	}
}

const officialExtensions = "https://docs.oasis-open.org/csaf/"

func (r *run) class(address string) string {
	switch e := r.options.Extensions[address]; {
	case strings.HasPrefix(address, officialExtensions):
		return "official"
	case e.Registered:
		return "registered"
	}
	return "experimental"
}

// unknownExtension notes an extension that can't be judged here.
func (r *run) unknownExtension(address, path string) {
	r.notes = append(r.notes, problem(path, "the %s extension %s is not known here", r.class(address), address))
}

var extensionClosed = everywhere(extension, map[*rule]*rule{})

// 6.1.60.1 Content Schema
func extensionContent(r *run) (found []Problem) {
	r.eachExtension(func(_ extensionList, item *Value, _, path string) {
		s := &schema{}
		s.value(extensionClosed, item, path)
		found = append(found, s.found...)
	})
	return found
}

// 6.1.60.2 Extension Schema
func extensionSchema(r *run) (found []Problem) {
	r.eachExtension(func(_ extensionList, item *Value, address, path string) {
		e, known := r.options.Extensions[address]
		if !known {
			r.unknownExtension(address, path)
			return
		}
		if e.Content != nil {
			for _, p := range e.Content(item.Get("content")) {
				found = append(found, problem(path+"/content"+strings.TrimSuffix(p.Path, "/"), "%s", p.Message))
			}
		}
	})
	return found
}

// 6.1.60.3 Extension Metadata
func extensionMetadata(r *run) (found []Problem) {
	used := map[string]bool{}
	count := map[[2]string]int{}
	r.eachExtension(func(l extensionList, _ *Value, address, path string) {
		used[address] = true
		e, known := r.options.Extensions[address]
		if !known {
			r.unknownExtension(address, path)
			return
		}
		if e.Locations == nil {
			return
		}
		key := [2]string{address, l.path}
		count[key]++
		switch most := e.Locations[l.location]; {
		case most == 0:
			found = append(found, problem(path, "the extension %s may not stand at %s", address, l.location))
		case count[key] > most:
			found = append(found, problem(path, "the extension %s may stand %d times at %s", address, most, l.location))
		}
	})
	r.eachExtension(func(_ extensionList, _ *Value, address, path string) {
		for _, other := range r.options.Extensions[address].Incompatible {
			if used[other] {
				found = append(found, problem(path, "the extension %s may not be used together with %s", address, other))
			}
		}
	})
	return found
}

// judged are the extensions that something is true of.
func (r *run) judged(bad func(item *Value, address string) bool, format string) (found []Problem) {
	r.eachExtension(func(_ extensionList, item *Value, address, path string) {
		if bad(item, address) {
			found = append(found, problem(path, format, address))
		}
	})
	return found
}

// 6.2.54.1 Registered Extension
func registeredExtension(r *run) []Problem {
	return r.judged(func(_ *Value, a string) bool { return r.class(a) == "experimental" }, "the extension %s is not registered")
}

// 6.2.54.2 Official Extension
func officialExtension(r *run) []Problem {
	return r.judged(func(_ *Value, a string) bool { return r.class(a) != "official" }, "the extension %s is not an official one")
}

// 6.2.54.3 Critical Extension
func criticalExtension(r *run) []Problem {
	return r.judged(func(item *Value, _ string) bool { return item.Get("critical").Literal() == "true" }, "the extension %s is critical")
}

// 6.2.54.4 Usage of Experimental Extension in TLP:CLEAR Document
func experimentalClear(r *run) []Problem {
	return r.judged(func(_ *Value, a string) bool { return r.tlp() == "CLEAR" && r.class(a) == "experimental" }, "the extension %s is experimental, and the document is public")
}

// 6.3.21.1 Extension Category Essential
func essentialExtension(r *run) []Problem {
	return r.judged(func(item *Value, _ string) bool { return item.Get("category").Text() == "essential" }, "who does not know the extension %s misses something essential")
}

// 6.3.21.2 Usage of Experimental Extension in Non-TLP:CLEAR Document
func experimentalOther(r *run) []Problem {
	return r.judged(func(_ *Value, a string) bool { return r.tlp() != "CLEAR" && r.class(a) == "experimental" }, "the extension %s is experimental")
}

// 6.3.21.3 to 6.3.21.9 tell of extensions at a place.
func extensionAt(location string) func(*run) []Problem {
	return func(r *run) (found []Problem) {
		for _, l := range r.extensions() {
			if l.location == location {
				found = append(found, problem(l.path, "an extension is used here"))
			}
		}
		return found
	}
}

// 6.2.39.5 Extension in Superseded or Withdrawn Document
func extensionWithdrawn(r *run) (found []Problem) {
	for _, l := range r.extensions() {
		if r.is(withoutProducts...) && (l.location == "$.x_extensions" || l.location == "$.document.x_extensions") {
			found = append(found, problem(l.path, "a document that is withdrawn or superseded should have no extension"))
		}
	}
	return found
}

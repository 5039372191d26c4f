package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schemas collects the JSON Schemas (2020-12, as OpenAPI 3.1 wants) of Go types.
type schemas struct {
	made object
	by   map[string]reflect.Type
	err  error
}

func typeOf(v any) reflect.Type {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	notInName     = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	packagePath   = regexp.MustCompile(`[A-Za-z0-9_.-]+/`)
)

// of is the schema of a type: structs with a name become components.
func (s *schemas) of(t reflect.Type, in bool) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == rawType:
		return object{}
	case t.Kind() != reflect.Pointer && t.Kind() != reflect.Struct && t.Implements(textMarshaler):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []any{s.of(t.Elem(), in), object{"type": "null"}}}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16:
		return object{"type": "integer"}
	case reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem(), in)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem(), in)}
	case reflect.Struct:
		if t.Implements(textMarshaler) {
			return object{"type": "string"}
		}
		if t.Implements(jsonMarshaler) {
			return object{}
		}
		return s.component(t, in)
	}
	return object{}
}

func (s *schemas) component(t reflect.Type, in bool) object {
	if t.Name() == "" {
		return s.structure(t, in)
	}
	name := componentName(t)
	ref := object{"$ref": "#/components/schemas/" + name}
	if s.by == nil {
		s.by = map[string]reflect.Type{}
	}
	if other, there := s.by[name]; there {
		if other != t && s.err == nil {
			s.err = fmt.Errorf("api: %s and %s would both be called %s in the document", other.PkgPath(), t.PkgPath(), name)
		}
		return ref
	}
	s.by[name] = t
	s.made[name] = object{} // a type that holds itself finds its name taken
	s.made[name] = s.structure(t, in)
	return ref
}

// componentName is "incident.Row", "ListOf.incident.Row" for a generic.
func componentName(t reflect.Type) string {
	pkg := t.PkgPath()
	pkg = pkg[strings.LastIndex(pkg, "/")+1:]
	if pkg == "web" { // area/incident/web → incident
		parts := strings.Split(t.PkgPath(), "/")
		pkg = parts[max(0, len(parts)-2)]
	}
	name := packagePath.ReplaceAllString(t.Name(), "")
	if pkg != "api" {
		name = pkg + "." + name
	}
	return strings.Trim(notInName.ReplaceAllString(name, "_"), "_")
}

func (s *schemas) structure(t reflect.Type, in bool) object {
	props := object{}
	for _, f := range jsonFields(t) {
		p := s.of(f.typ, in)
		if f.doc != "" || len(f.enum) > 0 || f.example != "" {
			if _, isRef := p["$ref"]; isRef {
				p = object{"allOf": []any{p}}
			}
			if f.doc != "" {
				p["description"] = f.doc
			}
			if len(f.enum) > 0 {
				p["enum"] = f.enum
			}
			if f.example != "" {
				p["examples"] = []any{f.example}
			}
		}
		props[f.name] = p
	}
	o := object{"type": "object", "properties": props}
	if req := requiredFields(t); len(req) > 0 {
		o["required"] = req
	}
	if in {
		o["additionalProperties"] = false
	}
	return o
}

type jsonField struct {
	name, doc, example string
	enum               []string
	typ                reflect.Type
	optional           bool
}

// jsonFields are the fields as encoding/json sees them, embedded ones flattened.
func jsonFields(t reflect.Type) []jsonField {
	var fs []jsonField
	for i := range t.NumField() {
		f := t.Field(i)
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if f.Anonymous && tag == "" {
			et := f.Type
			if et.Kind() == reflect.Pointer {
				et = et.Elem()
			}
			if et.Kind() == reflect.Struct {
				fs = append(fs, jsonFields(et)...)
				continue
			}
		}
		if tag == "" {
			tag = f.Name
		}
		jf := jsonField{name: tag, doc: f.Tag.Get("doc"), example: f.Tag.Get("example"), typ: f.Type}
		jf.optional = strings.Contains(opts, "omit") || f.Type.Kind() == reflect.Pointer
		if e := f.Tag.Get("enum"); e != "" {
			jf.enum = strings.Split(e, ",")
		}
		fs = append(fs, jf)
	}
	return fs
}

func requiredFields(t reflect.Type) []string {
	var names []string
	for _, f := range jsonFields(t) {
		if !f.optional {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names
}

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"yagura/kernel/fault"
)

const (
	defaultBody = 1 << 20
	maxDepth    = 64 // of nested arrays and objects
)

// Decode reads r's JSON body into a struct, strictly: at most limit bytes, at
// most 64 levels deep, no unknown, doubled or missing fields, nothing after the
// value.
// Every complaint names the field.
func Decode(r *http.Request, limit int64, into any) error {
	if limit <= 0 {
		limit = defaultBody
	}
	if ct := r.Header.Get("Content-Type"); ct != "" {
		mt, _, err := mime.ParseMediaType(ct)
		if err != nil || (mt != "application/json" && !strings.HasSuffix(mt, "+json")) {
			return withStatus(http.StatusUnsupportedMediaType, fault.Invalidf("The body must be JSON, not %s", ct))
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return tooBig(tooLarge.Limit)
		}
		return fault.Invalidf("The body ended before it was complete")
	}
	if int64(len(body)) > limit {
		return tooBig(limit)
	}
	return decode(body, into)
}

func tooBig(limit int64) error {
	return withStatus(http.StatusRequestEntityTooLarge, fault.Invalidf("The body is larger than the %d bytes allowed here", limit))
}

func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fault.Invalidf("A JSON body is needed")
	}
	if deep(body) {
		return fault.Invalidf("The JSON is nested deeper than %d levels", maxDepth)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return jsonFault(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.Invalidf("There is more after the end of the JSON value, from byte %d on", d.InputOffset())
	}
	if name, twice := doubled(body); twice {
		return fault.Invalid(fault.F(name, "This field is there twice"))
	}
	return missing(body, reflect.TypeOf(into).Elem())
}

// doubled is the first field that an object of a valid JSON value holds twice:
// two readers of it might each take another one. Names of the outermost object
// are matched without regard to case, and so they are compared here.
func doubled(b []byte) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var open []map[string]bool // nil: an array
	key := false               // a name of the innermost object comes next
	for {
		t, err := d.Token()
		if err != nil {
			return "", false
		}
		switch t {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name, ok := t.(string); ok && key {
				folded := name
				if len(open) == 1 {
					folded = strings.ToLower(name)
				}
				if open[len(open)-1][folded] {
					return name, true
				}
				open[len(open)-1][folded] = true
				key = false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// deep scans without building anything, so that hostile nesting costs nothing.
func deep(b []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func jsonFault(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fault.Invalidf("The JSON is broken at byte %d", syntax.Offset)
	case errors.As(err, &typ):
		name := typ.Field
		if name == "" {
			name = "body"
		}
		return fault.Invalid(fault.F(name, "A %s is needed here, not a %s", schemaWord(typ.Type), typ.Value))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fault.Invalidf("The body ended before it was complete")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fault.Invalid(fault.F(strings.Trim(name, `"`), "There is no such field"))
	}
	if f := fault.As(err); f != nil {
		return err
	}
	return fault.Invalidf("The JSON cannot be read: %s", err.Error())
}

func schemaWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	return "number"
}

// missing names the required fields of the outermost object that are absent or null.
func missing(body []byte, t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(body, &got); err != nil {
		return fault.Invalidf("The body must be a JSON object")
	}
	var fields []fault.Field
	for _, name := range requiredFields(t) {
		has := slices.ContainsFunc(keys(got), func(k string) bool {
			return strings.EqualFold(k, name) && string(got[k]) != "null"
		})
		if !has {
			fields = append(fields, fault.F(name, "This entry is required"))
		}
	}
	if len(fields) > 0 {
		return fault.Invalid(fields...)
	}
	return nil
}

func keys(m map[string]json.RawMessage) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	return ks
}

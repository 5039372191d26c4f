package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

type object = map[string]any

var pathParam = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}`)

// describe makes the OpenAPI 3.1 document of the routes.
func (a *API) describe() (object, error) {
	s := &schemas{made: object{}}
	problem := s.of(typeOf(Problem{}), false)
	paths := object{}
	for _, r := range a.routes {
		path := pathParam.ReplaceAllString(strings.TrimSuffix(r.Path, "{$}"), "{$1}")
		item, _ := paths[path].(object)
		if item == nil {
			item = object{}
			paths[path] = item
		}
		op, err := r.operation(s, path)
		if err != nil {
			return nil, err
		}
		item[strings.ToLower(r.Method)] = op
	}
	responses := object{}
	for status, what := range problemResponses {
		responses[what.name] = object{
			"description": what.text,
			"content":     object{"application/problem+json": object{"schema": problem}},
		}
		if status == http.StatusTooManyRequests {
			responses[what.name].(object)["headers"] = object{"Retry-After": object{
				"description": "Seconds after which asking again makes sense", "schema": object{"type": "integer", "minimum": 1}}}
		}
	}
	version := a.o.Version
	if version == "" {
		version = "dev"
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Yagura", "version": version, "summary": "Information security of a manufacturing group",
			"description": "Every list is cut by keyset: follow next until it is absent. Errors are problem documents (RFC 9457). Times are RFC 3339 in UTC.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":  []any{object{"url": Prefix}},
		"paths":    paths,
		"security": []any{object{"token": []any{}}},
		"components": object{
			"schemas":   s.made,
			"responses": responses,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer",
				"description": "A token made under Settings, bound to a person and a scope"}},
		},
	}
	return doc, Validate(doc)
}

var problemResponses = map[int]struct{ name, text string }{
	http.StatusUnprocessableEntity: {"Invalid", "Some fields or parameters are wrong; errors names them"},
	http.StatusUnauthorized:        {"Unauthenticated", "The token is missing, wrong or expired"},
	http.StatusForbidden:           {"Denied", "The token may not do this"},
	http.StatusNotFound:            {"NotFound", "There is no such thing, or none that the token may see"},
	http.StatusConflict:            {"Conflict", "The thing is not in a state that allows this"},
	http.StatusTooManyRequests:     {"TooBusy", "It may work later"},
	http.StatusInternalServerError: {"Internal", "An internal error; instance carries the reference"},
}

func (r Route) operation(s *schemas, path string) (object, error) {
	op := object{
		"operationId": operationID(r.Method, path),
		"summary":     r.Summary,
		"tags":        []any{strings.Split(strings.TrimPrefix(path, "/"), "/")[0]},
	}
	if r.Doc != "" {
		op["description"] = r.Doc
	}
	if r.Act != "" {
		op["x-act"] = string(r.Act)
	}
	var params []any
	for _, m := range pathParam.FindAllStringSubmatch(r.Path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, q := range r.Query {
		schema := object{"type": "string"}
		if q.Type != "" {
			schema["type"] = q.Type
		}
		if len(q.Enum) > 0 {
			schema["enum"] = q.Enum
		}
		p := object{"name": q.Name, "in": "query", "schema": schema}
		if q.Doc != "" {
			p["description"] = q.Doc
		}
		if q.Required {
			p["required"] = true
		}
		params = append(params, p)
	}
	if params != nil {
		op["parameters"] = params
	}
	codes := []int{http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError}
	if r.Public {
		op["security"] = []any{}
	} else {
		codes = append(codes, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(path, "{") {
		codes = append(codes, http.StatusNotFound)
	}
	if r.Method != "GET" {
		codes = append(codes, http.StatusConflict)
	}
	responses := object{}
	for _, c := range codes {
		responses[strconv.Itoa(c)] = object{"$ref": "#/components/responses/" + problemResponses[c].name}
	}
	success := object{"description": http.StatusText(r.Status)}
	switch {
	case r.Out != nil:
		success["content"] = object{"application/json": object{"schema": s.of(typeOf(r.Out), false)}}
	case r.Produces != "":
		success["content"] = object{r.Produces: object{}}
	}
	responses[strconv.Itoa(r.Status)] = success
	op["responses"] = responses
	switch {
	case r.In != nil:
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": s.of(typeOf(r.In), true)}}}
	case r.Consumes != "":
		content := object{}
		for mt := range strings.SplitSeq(r.Consumes, ",") {
			content[strings.TrimSpace(mt)] = object{}
		}
		op["requestBody"] = object{"required": true, "content": content}
	}
	return op, s.err
}

func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			b.WriteString("By")
			part = strings.Trim(part, "{}")
		}
		for word := range strings.FieldsFuncSeq(part, func(r rune) bool { return r == '-' || r == '.' || r == '_' }) {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// Validate checks that a document holds together: every $ref resolves, every
// parameter of a path is declared, operation ids are unique, every operation
// has a success response.
func Validate(doc map[string]any) error {
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		return fmt.Errorf("openapi: version %q is not 3.1", v)
	}
	if err := resolveAll(doc, doc, ""); err != nil {
		return err
	}
	ids := map[string]string{}
	paths, _ := doc["paths"].(object)
	for path, item := range paths {
		for method, o := range item.(object) {
			op, where := o.(object), strings.ToUpper(method)+" "+path
			id, _ := op["operationId"].(string)
			if other, twice := ids[id]; twice || id == "" {
				return fmt.Errorf("openapi: %s and %s share the operation id %q", where, other, id)
			}
			ids[id] = where
			declared := map[string]bool{}
			params, _ := op["parameters"].([]any)
			for _, p := range params {
				key := p.(object)["in"].(string) + " " + p.(object)["name"].(string)
				if declared[key] {
					return fmt.Errorf("openapi: %s declares %s twice", where, key)
				}
				declared[key] = true
			}
			for _, m := range pathParam.FindAllStringSubmatch(path, -1) {
				if !declared["path "+m[1]] {
					return fmt.Errorf("openapi: %s does not declare its parameter %s", where, m[1])
				}
			}
			ok := false
			for code := range op["responses"].(object) {
				ok = ok || strings.HasPrefix(code, "2") || strings.HasPrefix(code, "3")
			}
			if !ok {
				return fmt.Errorf("openapi: %s has no success response", where)
			}
		}
	}
	return nil
}

func resolveAll(doc object, v any, at string) error {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			var cur any = doc
			for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				m, _ := cur.(object)
				if cur, ok = m[part]; !ok {
					return fmt.Errorf("openapi: %s points to %s, which is not there", at, ref)
				}
			}
		}
		for k, e := range v {
			if err := resolveAll(doc, e, at+"/"+k); err != nil {
				return err
			}
		}
	case []any:
		for i, e := range v {
			if err := resolveAll(doc, e, at+"/"+strconv.Itoa(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

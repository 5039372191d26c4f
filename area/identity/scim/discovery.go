package scim

import (
	"net/http"
	"strings"
)

// discovery adds what the service tells of itself (RFC 7644 §4).
func (s Server) discovery(with func(string, func(*reply, *http.Request, Directory) error)) {
	base := s.URL + Prefix
	meta := func(kind, path string) map[string]any {
		return map[string]any{"resourceType": kind, "location": base + path}
	}
	can := func(yes bool) map[string]any { return map[string]any{"supported": yes} }
	with("GET "+Prefix+"/ServiceProviderConfig", func(w *reply, _ *http.Request, _ Directory) error {
		return w.send(http.StatusOK, map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
			"patch":   can(true), "sort": can(true), "etag": can(true), "changePassword": can(false),
			"bulk":   map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
			"filter": map[string]any{"supported": true, "maxResults": MostResults},
			"authenticationSchemes": []any{map[string]any{"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
				"description": "Token of the directory connection, made on its page", "specUri": "https://www.rfc-editor.org/rfc/rfc6750"}},
			"meta": meta("ServiceProviderConfig", "/ServiceProviderConfig"),
		})
	})
	types := map[string]any{}
	schemas := map[string]any{}
	var typeList, schemaList []any
	for _, k := range kinds {
		extensions := []any{}
		for _, e := range append([]Schema{k.Core}, k.Extensions...) {
			if e.ID != k.Core.ID {
				extensions = append(extensions, map[string]any{"schema": e.ID, "required": false})
			}
			attributes := e.Attributes
			v := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": e.ID, "name": e.Name, "description": e.Description,
				"attributes": attributes, "meta": meta("Schema", "/Schemas/"+e.ID)}
			schemas[strings.ToLower(e.ID)], schemaList = v, append(schemaList, v)
		}
		v := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": k.Name, "name": k.Name, "description": k.About,
			"endpoint": k.Endpoint, "schema": k.Core.ID, "schemaExtensions": extensions, "meta": meta("ResourceType", "/ResourceTypes/"+k.Name)}
		types[strings.ToLower(k.Name)], typeList = v, append(typeList, v)
	}
	for _, x := range []struct {
		path string
		one  map[string]any
		all  []any
	}{{"/ResourceTypes", types, typeList}, {"/Schemas", schemas, schemaList}} {
		with("GET "+Prefix+x.path, func(w *reply, r *http.Request, _ Directory) error {
			if r.URL.Query().Has("filter") { // RFC 7644 §4
				return &Error{http.StatusForbidden, "", "This list can't be filtered"}
			}
			return w.send(http.StatusOK, map[string]any{"schemas": []string{listSchema}, "totalResults": len(x.all), "startIndex": 1, "itemsPerPage": len(x.all), "Resources": x.all})
		})
		with("GET "+Prefix+x.path+"/{id}", func(w *reply, r *http.Request, _ Directory) error {
			v, ok := x.one[strings.ToLower(r.PathValue("id"))]
			if !ok {
				return &Error{http.StatusNotFound, "", "There is no " + r.PathValue("id")}
			}
			return w.send(http.StatusOK, v)
		})
	}
}

package scim

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func operations(ops string) []byte {
	return []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + ops + `}`)
}

func at(t *testing.T, r Resource, path string) any {
	t.Helper()
	p, ok := User.readPath(path)
	if !ok || p.unknown {
		t.Fatalf("no path %s", path)
	}
	values, _ := p.values(r)
	switch len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	}
	return values
}

// TestPatchOfUsers holds what Entra ID and Okta are known to send, and what
// RFC 7644 §3.5.2 says of the rest.
func TestPatchOfUsers(t *testing.T) {
	for name, c := range map[string]struct {
		ops, path string
		want      any
	}{
		"Entra: a boolean as text":                    {`[{"op":"Replace","path":"active","value":"False"}]`, "active", false},
		"Okta: without a path":                        {`[{"op":"replace","value":{"active":false}}]`, "active", false},
		"Entra: paths as names":                       {`[{"op":"Add","value":{"name.givenName":"Barb","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Works 4"}}]`, "name.givenName", "Barb"},
		"Entra: a path of the extension":              {`[{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Works 4"}]`, EnterpriseSchema + ":department", "Works 4"},
		"Entra: the manager as a text":                {`[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"m2"}]`, EnterpriseSchema + ":manager.value", "m2"},
		"Entra: one mail address":                     {`[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@example.com"}]`, "emails", []any{"new@example.com", "babs@jensen.example"}},
		"Entra: a value that is not there yet":        {`[{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+81 3 1"}]`, "phoneNumbers", "+81 3 1"},
		"Entra: the new value has the type":           {`[{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+81 3 1"}]`, "phoneNumbers.type", "mobile"},
		"Entra: a list of one for a single value":     {`[{"op":"Replace","path":"displayName","value":["Babs"]}]`, "displayName", "Babs"},
		"the whole extension":                         {`[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","value":{"costCenter":"7"}}]`, EnterpriseSchema + ":costCenter", "7"},
		"the extension as a value":                    {`[{"op":"replace","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"7"}}}]`, EnterpriseSchema + ":costCenter", "7"},
		"a part stays":                                {`[{"op":"replace","path":"name","value":{"givenName":"B"}}]`, "name.familyName", "O'Malley"},
		"add appends":                                 {`[{"op":"add","path":"emails","value":[{"value":"third@example.com"}]}]`, "emails", []any{"bjensen@example.com", "babs@jensen.example", "third@example.com"}},
		"what is there is not added twice":            {`[{"op":"add","path":"emails","value":{"value":"BABS@jensen.example","type":"home"}}]`, "emails.type", []any{"work", "home"}},
		"replace replaces all values":                 {`[{"op":"replace","path":"emails","value":[{"value":"only@example.com"}]}]`, "emails", "only@example.com"},
		"one primary":                                 {`[{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}]`, "emails.primary", true},
		"remove one value":                            {`[{"op":"remove","path":"emails[type eq \"work\"]"}]`, "emails", "babs@jensen.example"},
		"remove what is not there":                    {`[{"op":"remove","path":"emails[type eq \"other\"]"}]`, "emails.type", []any{"work", "home"}},
		"remove a part of a value":                    {`[{"op":"remove","path":"emails[type eq \"work\"].primary"}]`, "emails.primary", nil},
		"remove all":                                  {`[{"op":"remove","path":"emails"}]`, "emails", nil},
		"remove a part":                               {`[{"op":"remove","path":"name.givenName"}]`, "name.givenName", nil},
		"remove from an extension that is not there":  {`[{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}]`, EnterpriseSchema + ":department", nil},
		"null takes away":                             {`[{"op":"replace","path":"title","value":null}]`, "title", nil},
		"what only the server writes, without a path": {`[{"op":"replace","value":{"id":"u9","title":"x"}}]`, "id", "u1"},
		"what is not known":                           {`[{"op":"replace","path":"shoeSize","value":42},{"op":"replace","path":"title","value":"x"}]`, "title", "x"},
		"one after another":                           {`[{"op":"add","path":"title","value":"a"},{"op":"remove","path":"title"},{"op":"add","path":"title","value":"b"}]`, "title", "b"},
	} {
		before := user(t, bjensen)
		r, err := User.Patch(before, operations(c.ops))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := at(t, r, c.path); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s is %v", name, c.path, got)
		}
		if !reflect.DeepEqual(before, user(t, bjensen)) {
			t.Errorf("%s: the resource itself was changed", name)
		}
	}
}

func TestPatchRefusals(t *testing.T) {
	for ops, want := range map[string]string{
		`[{"op":"move","path":"title"}]`: "invalidSyntax",
		`[]`:                             "invalidSyntax",
		`[{"op":"remove"}]`:              "noTarget",
		`[{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}]`:                                                 "noTarget",
		`[{"op":"add","path":"emails[value pr].type","value":"x"},{"op":"add","path":"phoneNumbers[value pr].type","value":"x"}]`: "noTarget",
		`[{"op":"replace","path":"id","value":"x"}]`:                                                                              "mutability",
		`[{"op":"add","path":"groups","value":[{"value":"g"}]}]`:                                                                  "mutability",
		`[{"op":"replace","path":"meta.version","value":"x"}]`:                                                                    "mutability",
		`[{"op":"remove","path":"userName"}]`:                                                                                     "mutability",
		`[{"op":"replace","path":"userName","value":" "}]`:                                                                        "invalidValue",
		`[{"op":"replace","path":"active","value":"perhaps"}]`:                                                                    "invalidValue",
		`[{"op":"replace","path":"title","value":3}]`:                                                                             "invalidValue",
		`[{"op":"replace","path":"title","value":["a","b"]}]`:                                                                     "invalidValue",
		`[{"op":"replace","value":"x"}]`:                                                                                          "invalidValue",
		`[{"op":"replace","path":"emails[type eq","value":"x"}]`:                                                                  "invalidPath",
		`[{"op":"replace","path":"emails[type eq \"work\"]value","value":"x"}]`:                                                   "invalidPath",
		`[{"op":"replace","path":"name[givenName pr]","value":"x"}]`:                                                              "invalidPath",
		`[{"op":"replace","path":"a b","value":"x"}]`:                                                                             "invalidPath",
	} {
		_, err := User.Patch(user(t, bjensen), operations(ops))
		var e *Error
		if !errors.As(err, &e) || e.Status != 400 || e.Type != want {
			t.Errorf("%s: %v, want %s", ops, err, want)
		}
	}
	if _, err := User.Patch(user(t, bjensen), []byte(`{"Operations":[{"op":"remove","path":"title"}]}`)); err == nil {
		t.Error("a body without its schema is taken")
	}
}

func TestPatchOfMembers(t *testing.T) {
	group := func() Resource {
		return Resource{"id": "g1", "displayName": "G", "members": []any{map[string]any{"value": "a", "type": "User"}, map[string]any{"value": "b"}, map[string]any{"value": "c"}}}
	}
	for name, c := range map[string]struct {
		ops  string
		want []any
	}{
		"Okta: one by its value":        {`[{"op":"remove","path":"members[value eq \"b\"]"}]`, []any{"a", "c"}},
		"Entra: named in the value":     {`[{"op":"Remove","path":"members","value":[{"value":"a"},{"value":"c"}]}]`, []any{"b"}},
		"all":                           {`[{"op":"remove","path":"members"}]`, nil},
		"add, one of them there":        {`[{"op":"add","path":"members","value":[{"value":"c"},{"value":"d"}]}]`, []any{"a", "b", "c", "d"}},
		"replace all":                   {`[{"op":"replace","path":"members","value":[{"value":"z"}]}]`, []any{"z"}},
		"replace by none":               {`[{"op":"replace","path":"members","value":[]}]`, nil},
		"Okta: name and id":             {`[{"op":"replace","value":{"id":"g1","displayName":"H"}}]`, []any{"a", "b", "c"}},
		"Entra: without a path":         {`[{"op":"add","value":{"members":[{"value":"d"}]}}]`, []any{"a", "b", "c", "d"}},
		"two of them by one expression": {`[{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}]`, []any{"c"}},
	} {
		r, err := Group.Patch(group(), operations(c.ops))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []any
		for _, m := range each(r["members"]) {
			got = append(got, m.(map[string]any)["value"])
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{`[{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}]`, `[{"op":"replace","value":{"name.givenName":"x","emails":["a"]}}]`, `[{"op":"remove","path":"members","value":[{"value":"a"}]}]`, `[{"op":"add","path":"name","value":{"givenName":null}}]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ops string) {
		before := user(t, bjensen)
		r, err := User.Patch(before, operations(ops))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		if r["id"] != "u1" || r["userName"] == "" || r["userName"] == nil {
			t.Fatalf("%s took away what must stay: %v", ops, r)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again map[string]any
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if _, err := User.Clean(again); err != nil {
			t.Fatalf("%s made what is no user: %v", ops, err)
		}
	})
}

package scim

import (
	"encoding/json"
	"strings"
	"testing"
)

// bjensen is a user with several values of everything.
const bjensen = `{"userName":"BJensen","externalId":"e1","displayName":"Ms. Babs Jensen","title":"Tour Guide","active":true,
	"name":{"familyName":"O'Malley","givenName":"Barbara"},
	"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.example","type":"home"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Works 3","manager":{"value":"m1"}}}`

func user(t testing.TB, text string) Resource {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	r, err := User.Clean(m)
	if err != nil {
		t.Fatal(err)
	}
	r["id"] = "u1"
	r["meta"] = map[string]any{"created": "2026-05-13T04:42:34Z", "lastModified": "2026-05-13T04:42:34Z"}
	return r
}

func TestFilters(t *testing.T) {
	r := user(t, bjensen)
	for text, want := range map[string]bool{
		`userName eq "bjensen"`:         true, // not caseExact (RFC 7643 §4.1)
		`USERNAME Eq "BJENSEN"`:         true,
		`externalId eq "E1"`:            false, // caseExact (RFC 7643 §3.1)
		`externalId eq "e1"`:            true,
		`name.familyName co "O'Malley"`: true,
		`name.familyName sw "o'm"`:      true,
		`name.familyName ew "LEY"`:      true,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "BJ"`:                        true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "works 3"`: true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "m1"`:   true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "m1"`:         true, // its value
		`title pr`:    true,
		`nickName pr`: false,
		`name pr`:     true, // it has parts (RFC 7644 §3.4.2.2)
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:        true,
		`meta.lastModified ge "2026-05-13T13:42:34+09:00"`:   true, // the same moment
		`meta.lastModified lt "2026-05-13T04:42:34.001Z"`:    true,
		`meta.lastModified le "2026-05-13T04:42:33Z"`:        false,
		`title pr and active eq false`:                       false,
		`title pr or active eq false`:                        true,
		`active eq "True"`:                                   true,
		`not (active eq true)`:                               false,
		`not(title eq "x")`:                                  true,
		`userName eq "x" or title pr and active eq true`:     true, // and binds more than or
		`(userName eq "x" or title pr) and active eq false`:  false,
		`emails co "example.com"`:                            true,
		`emails.type eq "home"`:                              true,
		`emails[type eq "work" and value co "@example.com"]`: true,
		`emails[type eq "home" and value co "@example.com"]`: false, // of one value
		`emails[not (type eq "work")]`:                       true,
		`emails[type eq "other"] or userName eq "bjensen"`:   true,
		`userName ne "bjensen"`:                              false,
		`nickName ne "x"`:                                    true,
		`nickName eq null`:                                   true,
		`title eq null`:                                      false,
		`shoeSize eq 42`:                                     false, // not known: no value
		`urn:example:2.0:Other:size pr`:                      false,
		`title gt "Aa"`:                                      true,
		`userName eq "bj\u0065nsen"`:                         true,
		`id eq "u1"`:                                         true,
		`schemas eq "x"`:                                     false,
	} {
		f, err := ReadFilter(User, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Matches(r); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestFiltersThatSayNothing(t *testing.T) {
	for _, text := range []string{
		``, `userName`, `userName eq`, `userName eq bjensen`, `userName eq "x`, `userName like "x"`, `eq "x"`, `userName eq "x" and`, `(userName pr`, `userName pr)`,
		`emails[type eq "work"`, `emails[type eq "work"].value eq "x"`, `emails[a.b eq "x"]`, `active gt true`, `active gt "true"`, `userName co 3`, `meta.created gt "yesterday"`,
		`not userName pr`, `1userName pr`, `user name pr`, `userName eq "x" xor title pr`, `userName eq "\q"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr`,
		strings.Repeat("(", 40) + "title pr" + strings.Repeat(")", 40), `userName eq "` + strings.Repeat("x", 5000) + `"`,
	} {
		_, err := ReadFilter(User, text)
		if e, ok := err.(*Error); !ok || e.Status != 400 || e.Type != "invalidFilter" {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestPinned(t *testing.T) {
	for text, want := range map[string]string{
		`userName eq "a"`: "a", `title pr and (active eq true and userName eq "a")`: "a", `userName eq "a" or title pr`: "", `not (userName eq "a")`: "", `userName sw "a"`: "",
	} {
		f, err := ReadFilter(User, text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := f.Pinned("userName"); got != want {
			t.Errorf("%s pins %q", text, got)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work" and not (value co "x")] or title pr`, `((meta.created gt "2026-01-01T00:00:00Z"))`, `a[b[c eq 1]]`} {
		f.Add(s)
	}
	r := user(f, bjensen)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ReadFilter(User, text)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		yes := filter.Matches(r)
		no, err := ReadFilter(User, "not ("+text+")")
		if err != nil {
			return // too long or too deep now
		}
		if no.Matches(r) == yes {
			t.Fatalf("%q and its opposite are both %v", text, yes)
		}
	})
}

package ldap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

const good = `name: ad
url: ldaps://dc1.example.com
bind_dn: cn=reader,dc=example,dc=com
password_file: password
base: dc=example,dc=com
preset: active-directory
unit: works
attributes: {unit: physicalDeliveryOfficeName, zone: extensionAttribute1}
`

func TestConnectionsAreChecked(t *testing.T) {
	c, err := parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.Title != "ad" || c.Leaving != "leave" || c.Guard != 10 || c.Filter == "" || c.attribute("unit") != "physicalDeliveryOfficeName" || c.attribute("name") != "userPrincipalName" {
		t.Errorf("%+v", c)
	}
	for change, want := range map[string]string{
		"url: ldap://dc1.example.com":   "starttls",
		"url: http://dc1.example.com":   "url",
		"starttls: true":                "encrypted already",
		"name: AD 1":                    "name",
		"preset: novell":                "preset",
		"filter: (objectClass=":         "filter",
		"base: nowhere":                 "base",
		"guard_percent: 101":            "guard_percent",
		"leaving: keep":                 "leaving",
		"every: 1s":                     "every",
		"password_env: SECRET":          "one of password_file",
		"attributes: {shoes: shoeSize}": "there is no shoes",
		"unit: ''":                      "unit",
		"colour: blue":                  "colour",
	} {
		key, _, _ := strings.Cut(change, ":")
		var lines []string
		for _, l := range strings.Split(good, "\n") {
			if !strings.HasPrefix(l, key+":") {
				lines = append(lines, l)
			}
		}
		if _, err := parse([]byte(strings.Join(append(lines, change), "\n"))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestPasswordsAreNeverEmpty(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "ad.yaml")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{"": false, "\n": false, "secret\n": true} {
		if err := os.WriteFile(filepath.Join(folder, "password"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := c.password(); (err == nil) != ok || ok && got != "secret" {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	c.PasswordFile, c.PasswordEnv = "", "YAGURA_TEST_OF_LDAP"
	if _, err := c.password(); err == nil {
		t.Error("a variable that is empty is a password")
	}
}

func TestEntries(t *testing.T) {
	c, err := parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	e, err := c.entry(goldap.NewEntry("CN=Keller", map[string][]string{
		"objectGUID": {"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"}, "userprincipalname": {" keller@example.com "}, "displayName": {"Jonas Keller"},
		"userAccountControl": {"512"}, "accountExpires": {"9223372036854775807"}, "uSNChanged": {"4711"}, "physicalDeliveryOfficeName": {"Works 3"},
	}), now)
	if err != nil || e != (Entry{ID: "00112233-4455-6677-8899-aabbccddeeff", Name: "keller@example.com", Label: "Jonas Keller", Unit: "Works 3", Mark: "4711"}) {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := c.entry(goldap.NewEntry("CN=x", map[string][]string{"objectGUID": {"short"}, "userPrincipalName": {"x"}}), now); err == nil {
		t.Error("an entry without an id is taken")
	}
	for attribute, values := range map[string]map[string]bool{
		"userAccountControl": {"512": false, "514": true, "66050": true, "": false, "x": false},
		"nsAccountLock":      {"TRUE": true, "false": false, "": false},
		"shadowExpire":       {"-1": false, "0": true, "20783": true, "20784": false, "": false}, // 20783 is the day itself
		"accountExpires":     {"0": false, "9223372036854775807": false, "134083296000000000": true, "144000000000000000": false},
	} {
		for value, want := range values {
			if got := disabled(func(name string) string {
				if name == attribute {
					return value
				}
				return ""
			}, now); got != want {
				t.Errorf("%s: %s is disabled: %v", attribute, value, got)
			}
		}
	}
	if !later("1000", "999") || later("20261126010101Z", "20261126010102Z") || !later("1", "") {
		t.Error("marks are not in order")
	}
}

package ldap

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"
)

// Entry is what an entry of a directory says of a person.
type Entry struct {
	ID       string // never changes
	Name     string // by which the person signs in there
	Label    string
	Email    string
	Phone    string
	Unit     string
	Lang     string
	Zone     string
	Disabled bool
	Mark     string // when it was changed, as the directory counts
}

// fields are what an attribute can be mapped to.
var fields = []string{"id", "name", "label", "email", "phone", "unit", "language", "zone"}

func known(field string) bool { return slices.Contains(fields, field) }

// preset is what directories of one kind have in common.
type preset struct {
	filter     string
	attributes map[string]string
	states     []string // attributes that tell whether an account is disabled
	mark       string   // attribute that grows with each change
}

var presets = map[string]preset{
	"active-directory": {
		filter: "(&(objectCategory=person)(objectClass=user))",
		attributes: map[string]string{"id": "objectGUID", "name": "userPrincipalName", "label": "displayName", "email": "mail", "phone": "telephoneNumber",
			"unit": "department", "language": "preferredLanguage"},
		states: []string{"userAccountControl", "accountExpires"},
		mark:   "uSNChanged",
	},
	"openldap": {
		filter: "(objectClass=inetOrgPerson)",
		attributes: map[string]string{"id": "entryUUID", "name": "uid", "label": "cn", "email": "mail", "phone": "telephoneNumber",
			"unit": "departmentNumber", "language": "preferredLanguage"},
		states: []string{"nsAccountLock", "shadowExpire"},
		mark:   "modifyTimestamp",
	},
}

// attribute is the name of the attribute that is a field.
func (c Connection) attribute(field string) string {
	if name := c.Attributes[field]; name != "" {
		return name
	}
	return presets[c.Preset].attributes[field]
}

// wanted are the attributes to ask for.
func (c Connection) wanted() []string {
	p := presets[c.Preset]
	names := append(slices.Clone(p.states), p.mark)
	for _, f := range fields {
		if name := c.attribute(f); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// entry reads an entry; now tells whether an account has expired.
func (c Connection) entry(e *goldap.Entry, now time.Time) (Entry, error) {
	get := func(field string) string {
		name := c.attribute(field)
		if name == "" {
			return ""
		}
		return strings.TrimSpace(strings.ToValidUTF8(e.GetEqualFoldAttributeValue(name), ""))
	}
	out := Entry{Name: get("name"), Label: get("label"), Email: get("email"), Phone: get("phone"), Unit: get("unit"), Lang: get("language"), Zone: get("zone"),
		Mark: e.GetEqualFoldAttributeValue(presets[c.Preset].mark), Disabled: disabled(e.GetEqualFoldAttributeValue, now)}
	out.ID = c.id(e)
	if out.ID == "" {
		return out, fmt.Errorf("%s has no %s", e.DN, c.attribute("id"))
	}
	if out.Name == "" {
		return out, fmt.Errorf("%s has no %s", e.DN, c.attribute("name"))
	}
	if out.Label == "" {
		out.Label = out.Name
	}
	return out, nil
}

// id is the identifier of an entry; empty where it has none.
func (c Connection) id(e *goldap.Entry) string {
	if c.byGUID() {
		return guid(e.GetEqualFoldRawAttributeValue("objectGUID"))
	}
	return strings.TrimSpace(strings.ToValidUTF8(e.GetEqualFoldAttributeValue(c.attribute("id")), ""))
}

func (c Connection) byGUID() bool { return strings.EqualFold(c.attribute("id"), "objectGUID") }

// written is an identifier as a filter has it (RFC 4515 §3).
func (c Connection) written(id string) string {
	if b, err := uuid.Parse(id); err == nil && c.byGUID() {
		out := ""
		for _, i := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
			out += fmt.Sprintf(`\%02x`, b[i])
		}
		return out
	}
	return goldap.EscapeFilter(id)
}

// guid is an objectGUID as people write it: the first three parts are little
// endian ([MS-DTYP] §2.3.4.2).
func guid(b []byte) string {
	if len(b) != 16 {
		return ""
	}
	return fmt.Sprintf("%08x-%04x-%04x-%s-%s", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]),
		hex.EncodeToString(b[8:10]), hex.EncodeToString(b[10:]))
}

// disabled tells whether an account opens nothing there: disabled by hand, or
// expired.
func disabled(get func(string) string, now time.Time) bool {
	if n, err := strconv.ParseInt(get("userAccountControl"), 10, 64); err == nil && n&2 != 0 { // ADS_UF_ACCOUNTDISABLE
		return true
	}
	if strings.EqualFold(get("nsAccountLock"), "true") {
		return true
	}
	if days, err := strconv.ParseInt(get("shadowExpire"), 10, 64); err == nil && days >= 0 && days <= now.Unix()/86400 { // shadow(5): since 1970-01-01
		return true
	}
	// 100 ns since 1601-01-01; 0 and the largest number mean never.
	if ticks, err := strconv.ParseInt(get("accountExpires"), 10, 64); err == nil && ticks > 0 && ticks != 1<<63-1 {
		return ticks/10_000_000-11_644_473_600 <= now.Unix()
	}
	return false
}

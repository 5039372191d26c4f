// Package scim speaks SCIM 2.0 (RFC 7643, RFC 7644): the schemas of users and
// groups, filters, PATCH, and the HTTP service. It knows no database: what is
// provisioned is kept by whoever implements Directory.
package scim

import "strings"

// Resource is a user or group in its JSON form, with the names of attributes
// as the schema writes them.
type Resource map[string]any

// Type is the type of an attribute (RFC 7643 §2.3).
type Type string

// The types that the schemas here use.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	DateTime  Type = "dateTime"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Attribute is one attribute of a schema (RFC 7643 §7).
type Attribute struct {
	Name        string      `json:"name"`
	Type        Type        `json:"type"`
	Sub         []Attribute `json:"subAttributes,omitempty"`
	Multi       bool        `json:"multiValued"`
	Description string      `json:"description"`
	Required    bool        `json:"required"`
	CaseExact   bool        `json:"caseExact"`
	Mutability  string      `json:"mutability"`
	Returned    string      `json:"returned"`
	Uniqueness  string      `json:"uniqueness"`
	References  []string    `json:"referenceTypes,omitempty"`
}

// Schema is a named list of attributes.
type Schema struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Attributes  []Attribute `json:"attributes"`
}

// Kind is a type of resource.
type Kind struct {
	Name       string
	Endpoint   string
	About      string
	Core       Schema
	Extensions []Schema
}

// The names of schemas and messages.
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	searchSchema     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorSchema      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

func attribute(name string, t Type, about string, sub ...Attribute) Attribute {
	return Attribute{Name: name, Type: t, Sub: sub, Description: about, Mutability: "readWrite", Returned: "default", Uniqueness: "none"}
}

func text(name, about string) Attribute { return attribute(name, String, about) }

func exact(a Attribute) Attribute { a.CaseExact = true; return a }

func fixed(a Attribute) Attribute {
	a.Mutability = "readOnly"
	for i := range a.Sub {
		a.Sub[i].Mutability = "readOnly"
	}
	return a
}

func required(a Attribute) Attribute { a.Required = true; return a }

func unique(a Attribute) Attribute { a.Uniqueness = "server"; return a }

func refers(a Attribute, to ...string) Attribute {
	a.CaseExact, a.References = true, to
	return a
}

// several is a multi-valued complex attribute (RFC 7643 §2.4).
func several(name, about string, value Attribute) Attribute {
	a := attribute(name, Complex, about, value, text("display", "How the value is shown."), text("type", "What it is for, such as \"work\"."),
		attribute("primary", Boolean, "Whether it is the preferred one."))
	a.Multi = true
	return a
}

// common are the attributes of every resource (RFC 7643 §3.1).
var common = []Attribute{
	func() Attribute {
		a := fixed(unique(exact(text("id", "Identifier given by the server."))))
		a.Returned = "always"
		return a
	}(),
	exact(text("externalId", "Identifier given by the client.")),
	fixed(attribute("meta", Complex, "About the resource itself.", exact(text("resourceType", "Name of its type.")),
		attribute("created", DateTime, "When it was made."), attribute("lastModified", DateTime, "When it was last changed."),
		refers(attribute("location", Reference, "Its address."), "uri"), exact(text("version", "Its entity tag.")))),
	func() Attribute {
		a := exact(text("schemas", "The schemas of its attributes."))
		a.Multi, a.Returned = true, "always"
		return a
	}(),
}

// User is the type of people's accounts.
var User = Kind{Name: "User", Endpoint: "/Users", About: "Account of a person",
	Core: Schema{ID: userSchema, Name: "User", Description: "Account of a person", Attributes: []Attribute{
		required(unique(text("userName", "Name by which the directory knows the person."))),
		attribute("name", Complex, "Parts of the person's name.", text("formatted", "The whole name."), text("familyName", "Family name."), text("givenName", "Given name."),
			text("middleName", "Middle names."), text("honorificPrefix", "Title before the name."), text("honorificSuffix", "Suffix after the name.")),
		text("displayName", "Name as it is shown."),
		text("nickName", "What the person is called."),
		refers(attribute("profileUrl", Reference, "Address of a profile."), "external"),
		text("title", "Position in the company."),
		text("userType", "Relationship to the company."),
		text("preferredLanguage", "Language of the person: ja or en."),
		text("locale", "Used where no preferred language is given."),
		text("timezone", "Time zone by its IANA name."),
		attribute("active", Boolean, "Whether the person may sign in."),
		several("emails", "Mail addresses.", text("value", "Mail address.")),
		several("phoneNumbers", "Telephone numbers.", text("value", "Telephone number.")),
		func() Attribute {
			a := fixed(attribute("groups", Complex, "Groups the person is a member of.", exact(text("value", "Identifier of the group.")),
				refers(attribute("$ref", Reference, "Address of the group."), "Group"), text("display", "Name of the group."), text("type", "How the person is a member.")))
			a.Multi = true
			return a
		}(),
	}},
	Extensions: []Schema{{ID: EnterpriseSchema, Name: "EnterpriseUser", Description: "What a company knows of a person", Attributes: []Attribute{
		text("employeeNumber", "Number of the person in the company."),
		text("costCenter", "Cost centre."),
		text("organization", "Organization."),
		text("division", "Division."),
		text("department", "Id or name of the person's unit."),
		attribute("manager", Complex, "Who leads the person.", exact(text("value", "Identifier of the manager.")),
			refers(attribute("$ref", Reference, "Address of the manager."), "User"), text("displayName", "Name of the manager.")),
	}}},
}

// Group is the type of groups of the directory.
var Group = Kind{Name: "Group", Endpoint: "/Groups", About: "Group of the directory",
	Core: Schema{ID: groupSchema, Name: "Group", Description: "Group of the directory", Attributes: []Attribute{
		required(text("displayName", "Name of the group.")),
		func() Attribute {
			a := attribute("members", Complex, "Its members: users only.", exact(text("value", "Identifier of the member.")),
				refers(attribute("$ref", Reference, "Address of the member."), "User"), text("display", "Name of the member."), exact(text("type", "Type of the member: User.")))
			a.Multi = true
			return a
		}(),
	}},
}

var kinds = []Kind{User, Group}

func find(list []Attribute, name string) *Attribute {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			return &list[i]
		}
	}
	return nil
}

// sub is a sub-attribute by name.
func (a *Attribute) sub(name string) *Attribute { return find(a.Sub, name) }

func (k Kind) extension(id string) *Schema {
	for i := range k.Extensions {
		if strings.EqualFold(k.Extensions[i].ID, id) {
			return &k.Extensions[i]
		}
	}
	return nil
}

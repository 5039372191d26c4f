package web

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yagura/area/identity"
	"yagura/area/identity/saml"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// idp is what the pages need of the identity provider for SAML.
type idp interface {
	Entity() string
	SSO(w http.ResponseWriter, r *http.Request) (*saml.Post, error)
	Resume(w http.ResponseWriter, r *http.Request) (*saml.Post, error)
	Start(w http.ResponseWriter, r *http.Request, client string) (*saml.Post, error)
	SLO(w http.ResponseWriter, r *http.Request) (*saml.Post, error)
	Left(w http.ResponseWriter, r *http.Request) (*saml.Post, error)
	Read(metadata []byte) (identity.SAML, error)
}

// samlPages are those to which applications that speak SAML send people, and
// those on which they are registered.
func (w web) samlPages() []console.Page {
	add := text.M("Add a SAML application")
	by := func(do func(http.ResponseWriter, *http.Request) (*saml.Post, error)) func(*console.Context) error {
		return func(c *console.Context) error {
			post, err := do(c.W, c.R)
			return w.send(c, post, err)
		}
	}
	return []console.Page{
		{Method: "GET", Path: "/saml/sso", Public: true, Bare: true, Title: text.M("Sign in"), Handle: by(w.idp.SSO)},
		{Method: "GET", Path: "/saml/resume", Public: true, Bare: true, Title: text.M("Sign in"), Handle: by(w.idp.Resume)},
		{Method: "GET", Path: "/saml/slo", Public: true, Bare: true, Title: text.M("Sign out"), Handle: by(w.idp.SLO)},
		{Method: "GET", Path: "/saml/left", Public: true, Bare: true, Title: text.M("Sign out"), Handle: by(w.idp.Left)},
		{Method: "GET", Path: "/saml/start/{id}", Bare: true, Title: text.M("Sign in"), Handle: func(c *console.Context) error {
			post, err := w.idp.Start(c.W, c.R, c.Path("id"))
			return w.send(c, post, err)
		}},
		{Method: "GET", Path: "/identity/clients/saml", Act: identity.ManageClients, Title: add, Handle: w.newSAML},
		{Method: "POST", Path: "/identity/clients/saml", Act: identity.ManageClients, Title: add, MaxBody: 3 * saml.MostMetadata, Handle: w.addSAML},
		{Method: "POST", Path: "/identity/clients/{id}/saml", Act: identity.ManageClients, MaxBody: 3 * saml.MostMetadata, Handle: w.changeSAML},
	}
}

// send shows the form that goes to an application at once. It may go anywhere:
// to a registered address, and from there wherever the application leads, which
// browsers hold against form-action too.
func (w web) send(c *console.Context, post *saml.Post, err error) error {
	if err != nil || post == nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'; ", "", 1))
	return c.Render("saml-post", post)
}

// samlForm is the page on which metadata is looked at before it is saved.
type samlForm struct {
	New      bool
	Client   identity.Client
	Action   string
	Back     string
	Entity   string // of this provider
	Metadata string // as given, once it could be read
	Facts    []console.Fact
	Units    []console.Option
	Levels   []console.Option
	Names    []console.Option
	Lines    string // of attributes
}

var nameWords = map[string]text.Message{
	identity.NamePersistent: text.M("a name of its own that stays (persistent)"),
	identity.NameTransient:  text.M("another name in each session (transient)"),
	identity.NameEmail:      text.M("the mail address (emailAddress)"),
}

var bindingWords = map[string]text.Message{
	identity.ByRedirect: text.M("sign-out by redirect"), identity.ByPost: text.M("sign-out by form"), identity.BySOAP: text.M("is told of sign-outs (SOAP)"),
}

// samlFacts are what metadata says.
func samlFacts(m identity.SAML) []console.Fact {
	var acs []string
	for _, one := range m.Consumers {
		acs = append(acs, one.Location)
	}
	facts := []console.Fact{
		{Label: text.M("entityID"), Value: console.Text(m.Entity)},
		{Label: text.M("Addresses to return to"), Value: lines(acs)},
	}
	for _, l := range m.SignOuts {
		facts = append(facts, console.Fact{Label: bindingWords[l.Binding], Value: console.Text(l.Location)})
	}
	yes := func(is bool) console.Cell {
		if is {
			return console.Say(text.M("yes§saml"))
		}
		return console.Say(text.M("no§saml"))
	}
	return append(facts, console.Fact{Label: text.M("Signs its requests"), Value: yes(m.SignedRequests)},
		console.Fact{Label: text.M("Certificates for signatures"), Value: console.Text(strconv.Itoa(len(m.Signing)))},
		console.Fact{Label: text.M("Assertions are encrypted"), Value: yes(m.Encryption != "")})
}

func attributeLines(list []identity.Attribute) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Claim+" = "+a.Name)
	}
	return strings.Join(out, "\n")
}

func readAttributes(lines string) (list []identity.Attribute) {
	for _, line := range strings.Split(lines, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		claim, name, _ := strings.Cut(line, "=")
		a := identity.Attribute{Claim: strings.TrimSpace(claim), Name: strings.TrimSpace(name)}
		if a.Name == "" {
			a.Name = a.Claim
		}
		list = append(list, a)
	}
	return list
}

func (w web) samlForm(c *console.Context, one identity.Client, fresh bool) samlForm {
	d := samlForm{New: fresh, Client: one, Action: "/identity/clients/saml", Back: "/identity/clients", Entity: w.idp.Entity()}
	c.Crumb(text.M("Applications"), "/identity/clients")
	if !fresh {
		d.Action, d.Back = clientHref(one.ID)+"/saml", clientHref(one.ID)
		c.Crumb(text.Literal(one.Name), d.Back)
		c.Title(text.M("Change this application"))
	}
	d.Lines = attributeLines(one.SAML.Attributes)
	if one.SAML.Entity != "" {
		d.Facts = samlFacts(*one.SAML)
	}
	for _, u := range c.Actor.Visible(identity.ManageClients) {
		d.Units = append(d.Units, console.Option{Value: u.ID, Label: text.Literal(u.Label(c.Lang))})
	}
	for _, l := range append([]identity.Level{identity.NoLevel}, identity.Levels...) {
		d.Levels = append(d.Levels, console.Option{Value: string(l), Label: levelWords[l]})
	}
	for _, n := range identity.NameIDs {
		d.Names = append(d.Names, console.Option{Value: n, Label: nameWords[n]})
	}
	return d
}

func (w web) newSAML(c *console.Context) error {
	return c.Render("samlform", w.samlForm(c, identity.Client{Kind: identity.SAMLClient, MinLevel: identity.PhishingResistant, SAML: &identity.SAML{}}, true))
}

// metadata is what was chosen or pasted.
func metadata(c *console.Context) (string, error) {
	f, _, err := c.File("file")
	if err != nil {
		return "", err
	}
	if f == nil {
		return c.Value("metadata"), nil
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, saml.MostMetadata+1))
	return strings.ToValidUTF8(string(raw), "\ufffd"), err
}

// readSAML reads the form. look tells that metadata was given which nobody has
// seen yet: it is shown, not saved.
func (w web) readSAML(c *console.Context, old identity.SAML) (one identity.Client, given string, look bool, err error) {
	one = identity.Client{ID: c.Value("id"), Name: c.Value("name"), Unit: c.Value("unit"), Kind: identity.SAMLClient, MinLevel: identity.Level(c.Value("min_level"))}
	m := old
	if given, err = metadata(c); err == nil && given != "" || old.Entity == "" {
		if err == nil {
			m, err = w.idp.Read([]byte(given))
		}
		look = c.Value("seen") != "yes" || err != nil
	}
	if !look || old.Entity != "" {
		m.NameID, m.Attributes, m.Unsolicited = c.Value("name_id"), readAttributes(c.Value("attributes")), c.Bool("unsolicited")
		m.SignedRequests = c.Bool("signed_requests")
	} else {
		m.Attributes = []identity.Attribute{{Claim: "name", Name: "urn:oid:2.16.840.1.113730.3.1.241"}, {Claim: "mail", Name: "urn:oid:0.9.2342.19200300.100.1.3"}}
	}
	one.SAML = &m
	return one, given, look, err
}

func (w web) addSAML(c *console.Context) error {
	one, given, look, err := w.readSAML(c, identity.SAML{})
	d := w.samlForm(c, one, true)
	if err != nil {
		return c.Invalid("samlform", d, err)
	}
	d.Metadata = given
	if look {
		if d.Client.MinLevel == identity.NoLevel {
			d.Client.MinLevel = identity.PhishingResistant
		}
		return c.Render("samlform", d)
	}
	if _, err := w.s.AddClient(c.Context(), c.Actor, one); err != nil {
		return c.Invalid("samlform", d, err)
	}
	c.Flash(text.M("The application is added."))
	return c.Redirect(clientHref(strings.TrimSpace(one.ID)))
}

func (w web) changeSAML(c *console.Context) error {
	old, err := w.s.Client(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	if err := c.Actor.May(identity.ManageClients, old.Unit); err != nil {
		return err
	}
	if old.SAML == nil {
		return fault.NotFound("There is no such application")
	}
	one, given, look, err := w.readSAML(c, *old.SAML)
	one.ID = old.ID
	d := w.samlForm(c, one, false)
	if err != nil {
		return c.Invalid("samlform", d, err)
	}
	d.Metadata = given
	if look {
		return c.Render("samlform", d)
	}
	if err := w.s.ChangeClient(c.Context(), c.Actor, one); err != nil {
		return c.Invalid("samlform", d, err)
	}
	c.Flash(text.M("The application is changed."))
	return c.Redirect(clientHref(one.ID))
}

// samlClientFacts are those on the page of an application.
func (w web) samlClientFacts(one identity.Client) []console.Fact {
	m := *one.SAML
	facts := append(samlFacts(m), console.Fact{Label: text.M("Knows people by"), Value: console.Say(nameWords[m.NameID])})
	var told []string
	for _, a := range m.Attributes {
		told = append(told, a.Claim+" = "+a.Name)
	}
	facts = append(facts, console.Fact{Label: text.M("May know"), Value: lines(told)}, console.Fact{Label: text.M("Metadata of Yagura"), Value: console.Text(w.idp.Entity())})
	if m.Unsolicited {
		facts = append(facts, console.Fact{Label: text.M("People begin here at"), Value: console.Text(w.s.Issuer() + "/saml/start/" + one.ID)})
	}
	return slices.Clip(facts)
}

package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The front stands before the library: what is no plain SAML message of a
// sensible size does not reach it. Everything here looks at form alone.

const (
	mostMessage = 64 << 10 // bytes of XML in a message
	mostQuery   = 24 << 10 // bytes of an address
	mostForm    = 128 << 10
	mostRelay   = 1 << 10 // applications put addresses there, though the limit is 80 bytes (Bindings §3.4.3)
	mostDepth   = 24
	mostNodes   = 2000
)

const (
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionNS = "urn:oasis:names:tc:SAML:2.0:assertion"
	metadataNS  = "urn:oasis:names:tc:SAML:2.0:metadata"
	signatureNS = "http://www.w3.org/2000/09/xmldsig#"
	soapNS      = "http://schemas.xmlsoap.org/soap/envelope/"
	deflate     = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// signatures, digests and transforms are the algorithms that are taken, of XML
// signatures and of those in an address. SHA-1 is not among them.
var (
	signatures = []string{
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
	}
	digests    = []string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512"}
	transforms = []string{"http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"}
)

// requestID is an ID as programs make them; it is an NCName of ASCII.
var requestID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,255}$`)

// message is what arrived, plain of form.
type message struct {
	raw    []byte // XML
	relay  string
	signed bool // in the address
}

// readMessage reads the one SAMLRequest of a request by HTTP-Redirect (GET) or
// HTTP-POST (Bindings §3.4, §3.5).
func readMessage(w http.ResponseWriter, r *http.Request) (m message, err error) {
	var q url.Values
	if r.Method == http.MethodPost {
		q, err = readForm(w, r)
	} else {
		if len(r.URL.RawQuery) > mostQuery {
			return m, errors.New("the address is too long")
		}
		q, err = url.ParseQuery(r.URL.RawQuery)
	}
	if err != nil {
		return m, err
	}
	for name, values := range q {
		if len(values) > 1 {
			return m, fmt.Errorf("%q is repeated", name)
		}
	}
	if q.Has("SAMLResponse") || q.Has("SAMLart") {
		return m, errors.New("a request is expected")
	}
	m.relay = q.Get("RelayState")
	if len(m.relay) > mostRelay || !utf8.ValidString(m.relay) || strings.ContainsFunc(m.relay, unicode.IsControl) {
		return m, errors.New("the RelayState is too long or has control characters")
	}
	packed, err := base64.StdEncoding.Strict().DecodeString(q.Get("SAMLRequest"))
	if err != nil || len(packed) == 0 {
		return m, errors.New("the SAMLRequest is not base64")
	}
	if r.Method == http.MethodPost {
		if q.Has("SigAlg") || q.Has("Signature") {
			return m, errors.New("the binding HTTP-POST-SimpleSign is not supported")
		}
		m.raw = packed
	} else {
		if e := q.Get("SAMLEncoding"); e != "" && e != deflate {
			return m, errors.New("the SAMLEncoding is not supported")
		}
		m.signed = q.Has("Signature") || q.Has("SigAlg")
		if m.signed && !slices.Contains(signatures, q.Get("SigAlg")) {
			return m, fmt.Errorf("the algorithm %q is not taken", q.Get("SigAlg"))
		}
		if m.raw, err = inflate(packed); err != nil {
			return m, err
		}
	}
	if len(m.raw) > mostMessage {
		return m, errors.New("the message is too long")
	}
	return m, nil
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, errors.New("parameters belong into the form")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errors.New("a form is expected")
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	err := r.ParseForm()
	return r.PostForm, err
}

// inflate unpacks a message, which may be as long as messages are and is the
// whole of what was packed.
func inflate(packed []byte) ([]byte, error) {
	in := bytes.NewReader(packed)
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(in), mostMessage+1))
	switch {
	case err != nil:
		return nil, errors.New("the SAMLRequest can't be unpacked")
	case len(raw) > mostMessage:
		return nil, errors.New("the message is too long")
	case in.Len() > 0:
		return nil, errors.New("something follows the SAMLRequest")
	}
	return raw, nil
}

// plainXML passes XML of nothing but elements, attributes and text, in UTF-8,
// with every name space declared and no ID twice. Document types, entities and
// processing instructions have no place in SAML (Core §5.4.2 asks for none);
// comments split the text around them for some parsers; a second ID is what
// signature wrapping lives by. Comments may stand in metadata, which people write.
func plainXML(raw []byte, comments bool) error {
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return errors.New("the XML is not UTF-8")
	}
	if bytes.Contains(raw, []byte("<![CDATA[")) {
		return errors.New("the XML has a CDATA section")
	}
	if err := wellFormed(raw, comments); err != nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(raw)) // once more, with names as they are written
	scopes := [][]string{{"xml", "xmlns", ""}}
	ids := map[string]bool{}
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.EndElement:
			scopes = scopes[:len(scopes)-1]
		case xml.StartElement:
			scope := scopes[len(scopes)-1]
			seen := map[xml.Name]bool{}
			for _, a := range t.Attr {
				if seen[a.Name] {
					return fmt.Errorf("the attribute %s is repeated", a.Name.Local)
				}
				seen[a.Name] = true
				if a.Name.Space == "xmlns" {
					if c := a.Name.Local; c[0] < 'a' || c[0] > 'z' || a.Value == "" { // the library would take it for an attribute
						return fmt.Errorf("the prefix %s is not taken", c)
					}
					scope = append(slices.Clip(scope), a.Name.Local)
				}
			}
			for _, a := range t.Attr {
				if !slices.Contains(scope, a.Name.Space) {
					return fmt.Errorf("the prefix %s is not declared", a.Name.Space)
				}
				if strings.EqualFold(a.Name.Local, "id") && a.Name.Space != "xmlns" {
					if ids[a.Value] {
						return errors.New("an ID stands twice")
					}
					ids[a.Value] = true
				}
			}
			if !slices.Contains(scope, t.Name.Space) {
				return fmt.Errorf("the prefix %s is not declared", t.Name.Space)
			}
			scopes = append(scopes, scope)
		}
	}
}

func wellFormed(raw []byte, comments bool) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, nodes, roots := 0, 0, 0
	for {
		at := d.InputOffset()
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if roots != 1 {
				return errors.New("the XML has not one root")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("the XML can't be read: %w", err)
		}
		if nodes++; nodes > mostNodes {
			return errors.New("the XML has too many nodes")
		}
		switch t := t.(type) {
		case xml.Directive:
			return errors.New("the XML has a document type")
		case xml.ProcInst:
			if t.Target != "xml" || at != 0 {
				return errors.New("the XML has a processing instruction")
			}
		case xml.Comment:
			if !comments {
				return errors.New("the XML has a comment")
			}
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text stands outside the root")
			}
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > mostDepth {
				return errors.New("the XML is too deep")
			}
			if len(t.Attr) > 40 {
				return errors.New("an element has too many attributes")
			}
		case xml.EndElement:
			depth--
		}
	}
}

// shape passes a protocol message of one kind: its issuer first and once, no
// child twice and none unknown, at most one signature and that of the whole, made
// with algorithms that are taken over one reference.
func shape(raw []byte, kind string, children ...string) (signed bool, err error) {
	if err := plainXML(raw, false); err != nil {
		return false, err
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth, references := 0, 0
	seen := map[string]bool{}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !seen["Issuer"] {
				return false, errors.New("the issuer is missing")
			}
			return signed, nil
		}
		if err != nil {
			return false, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			name := t.Name.Local
			switch {
			case depth == 1:
				if t.Name != (xml.Name{Space: protocolNS, Local: kind}) {
					return false, fmt.Errorf("a %s is expected", kind)
				}
				for _, a := range t.Attr {
					if s := a.Name.Space; s != "" && s != "xmlns" && s != "http://www.w3.org/2001/XMLSchema-instance" && s != "http://www.w3.org/XML/1998/namespace" {
						return false, fmt.Errorf("the attribute %s is not understood", a.Name.Local)
					}
				}
			case depth == 2:
				if !slices.Contains(children, name) || seen[name] && name != "SessionIndex" || !seen["Issuer"] && name != "Issuer" {
					return false, fmt.Errorf("%s is not expected there", name)
				}
				if space := spaceOf(name); t.Name.Space != space {
					return false, fmt.Errorf("%s is of another name space", name)
				}
				seen[name] = true
				signed = signed || name == "Signature"
			case name == "Signature" || slices.Contains([]string{"AuthnRequest", "LogoutRequest", "Response", "Assertion"}, name):
				return false, fmt.Errorf("%s is not expected there", name)
			}
			if t.Name.Space == signatureNS {
				if name == "Reference" {
					references++
				}
				if references > 1 || !algorithmTaken(t) {
					return false, fmt.Errorf("the signature is not taken: %s", name)
				}
			}
		}
	}
}

func spaceOf(child string) string {
	switch child {
	case "Issuer", "NameID", "Subject", "Conditions":
		return assertionNS
	case "Signature":
		return signatureNS
	}
	return protocolNS
}

// algorithmTaken tells whether an element of a signature names no algorithm
// that is not taken.
func algorithmTaken(t xml.StartElement) bool {
	var list []string
	switch t.Name.Local {
	case "SignatureMethod":
		list = signatures
	case "DigestMethod":
		list = digests
	case "Transform":
		list = transforms
	case "CanonicalizationMethod":
		list = transforms[1:]
	case "Object", "Manifest", "RetrievalMethod":
		return false
	default:
		return true
	}
	given := ""
	for _, a := range t.Attr {
		if a.Name == (xml.Name{Local: "Algorithm"}) {
			given = a.Value
		}
	}
	return slices.Contains(list, given)
}

package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crewjam/saml"

	"yagura/area/identity"
	"yagura/kernel/fault"
)

// MostMetadata is how long the metadata of an application may be, in bytes.
const MostMetadata = 256 << 10

const mostCertificates = 6

// nameIDs are the formats of names (Core §8.3).
var nameIDs = map[string]string{
	identity.NamePersistent: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
	identity.NameTransient:  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
	identity.NameEmail:      "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
}

// leaves are the bindings by which people are signed out.
var leaves = map[string]string{
	identity.ByRedirect: saml.HTTPRedirectBinding, identity.ByPost: saml.HTTPPostBinding, identity.BySOAP: saml.SOAPBinding,
}

// Read reads metadata as of now.
func (p *Provider) Read(raw []byte) (identity.SAML, error) { return ReadMetadata(raw, p.now()) }

// ReadMetadata reads the metadata of one application (SAML Metadata §2.4.4).
// What it says counts because an administrator looks at it and saves it, not
// because of a signature in it.
func ReadMetadata(raw []byte, now time.Time) (m identity.SAML, err error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff")))
	if len(raw) == 0 {
		return m, fault.Invalid(fault.F("metadata", "The metadata of the application is needed"))
	}
	if len(raw) > MostMetadata {
		return m, fault.Invalid(fault.F("metadata", "At most 256 KiB"))
	}
	if err := plainXML(raw, true); err != nil {
		return m, fault.Invalid(fault.F("metadata", "This is no plain XML: %s", err.Error()))
	}
	var root struct {
		XMLName xml.Name
	}
	if err := xml.Unmarshal(raw, &root); err != nil || root.XMLName != (xml.Name{Space: metadataNS, Local: "EntityDescriptor"}) {
		return m, fault.Invalid(fault.F("metadata", "One EntityDescriptor of SAML 2.0 is expected"))
	}
	var e saml.EntityDescriptor
	if err := xml.Unmarshal(raw, &e); err != nil {
		return m, fault.Invalid(fault.F("metadata", "This is no metadata of SAML 2.0: %s", err.Error()))
	}
	if len(e.SPSSODescriptors) != 1 {
		return m, fault.Invalid(fault.F("metadata", "Exactly one SPSSODescriptor is expected: the metadata is not of an application, or of several"))
	}
	sp := e.SPSSODescriptors[0]
	if !e.ValidUntil.IsZero() && e.ValidUntil.Before(now) || sp.ValidUntil != nil && sp.ValidUntil.Before(now) {
		return m, fault.Invalid(fault.F("metadata", "The metadata is no longer valid (validUntil)"))
	}
	if !slices.Contains(strings.Fields(sp.ProtocolSupportEnumeration), protocolNS) {
		return m, fault.Invalid(fault.F("metadata", "The application does not speak SAML 2.0 (protocolSupportEnumeration)"))
	}
	m = identity.SAML{Entity: e.EntityID, SignedRequests: sp.AuthnRequestsSigned != nil && *sp.AuthnRequestsSigned, NameID: identity.NamePersistent}
	for _, s := range sp.AssertionConsumerServices {
		if s.Binding == saml.HTTPPostBinding {
			m.Consumers = append(m.Consumers, identity.Consumer{Location: s.Location, Index: s.Index, Default: s.IsDefault != nil && *s.IsDefault})
		}
	}
	if len(m.Consumers) == 0 {
		return m, fault.Invalid(fault.F("metadata", "1 to 20 AssertionConsumerServices with the binding HTTP-POST are needed"))
	}
	for _, s := range sp.SingleLogoutServices {
		for kind, binding := range leaves {
			if _, have := m.SignOut(kind); s.Binding == binding && !have {
				m.SignOuts = append(m.SignOuts, identity.SignOutPoint{Binding: kind, Location: s.Location, Response: s.ResponseLocation})
			}
		}
	}
formats:
	for _, f := range sp.NameIDFormats {
		for kind, format := range nameIDs {
			if strings.TrimSpace(string(f)) == format {
				m.NameID = kind
				break formats
			}
		}
	}
	return m, readKeys(&m, sp.KeyDescriptors)
}

func readKeys(m *identity.SAML, keys []saml.KeyDescriptor) error {
	for _, k := range keys {
		for _, data := range k.KeyInfo.X509Data.X509Certificates {
			raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data.Data), ""))
			var c *x509.Certificate
			if err == nil {
				c, err = x509.ParseCertificate(raw)
			}
			if err != nil {
				return fault.Invalid(fault.F("metadata", "A certificate can't be read"))
			}
			key, isRSA := c.PublicKey.(*rsa.PublicKey)
			_, isEC := c.PublicKey.(*ecdsa.PublicKey)
			if isRSA && key.N.BitLen() < 2048 || !isRSA && !isEC {
				return fault.Invalid(fault.F("metadata", "A key is too weak: RSA from 2048 bits on, or ECDSA"))
			}
			plain := base64.StdEncoding.EncodeToString(raw)
			if k.Use != "encryption" && !slices.Contains(m.Signing, plain) {
				m.Signing = append(m.Signing, plain)
			}
			if k.Use != "signing" && isRSA && m.Encryption == "" {
				m.Encryption = plain
				for _, method := range k.EncryptionMethods {
					m.Ciphers = append(m.Ciphers, method.Algorithm)
				}
			}
		}
	}
	if len(m.Signing) > mostCertificates {
		return fault.Invalid(fault.F("metadata", "At most %d certificates", mostCertificates))
	}
	return nil
}

// descriptor is a registered application as the library knows one.
func descriptor(m identity.SAML) *saml.EntityDescriptor {
	sp := saml.SPSSODescriptor{AuthnRequestsSigned: &m.SignedRequests}
	sp.ProtocolSupportEnumeration = protocolNS
	key := func(use, data string) saml.KeyDescriptor {
		return saml.KeyDescriptor{Use: use, KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{X509Certificates: []saml.X509Certificate{{Data: data}}}}}
	}
	for _, c := range m.Signing {
		sp.KeyDescriptors = append(sp.KeyDescriptors, key("signing", c))
	}
	if m.Encryption != "" {
		k := key("encryption", m.Encryption)
		for _, a := range m.Ciphers {
			k.EncryptionMethods = append(k.EncryptionMethods, saml.EncryptionMethod{Algorithm: a})
		}
		sp.KeyDescriptors = append(sp.KeyDescriptors, k)
	}
	for _, c := range m.Consumers {
		sp.AssertionConsumerServices = append(sp.AssertionConsumerServices, endpoint(c))
	}
	for _, l := range m.SignOuts {
		sp.SingleLogoutServices = append(sp.SingleLogoutServices, saml.Endpoint{Binding: leaves[l.Binding], Location: l.Location, ResponseLocation: l.Response})
	}
	return &saml.EntityDescriptor{EntityID: m.Entity, SPSSODescriptors: []saml.SPSSODescriptor{sp}}
}

func endpoint(c identity.Consumer) saml.IndexedEndpoint {
	return saml.IndexedEndpoint{Binding: saml.HTTPPostBinding, Location: c.Location, Index: c.Index, IsDefault: &c.Default}
}

// metadataFor is how often applications that can should read the metadata anew.
const metadataFor = 24 * time.Hour

// metadata is what applications are told of this provider (Metadata §2.4.3).
// It holds the certificate that signs next, so that whoever has read it
// once since the last change knows both.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	papers, err := p.SAMLPapers(r.Context())
	if err != nil {
		p.internal(w, r, "metadata", err)
		return
	}
	idp, err := p.library(r.Context())
	if err != nil {
		p.internal(w, r, "metadata", err)
		return
	}
	e := idp.Metadata()
	e.CacheDuration, e.ValidUntil = metadataFor, p.now().Add(identity.SAMLKnown).Truncate(time.Second)
	sso := &e.IDPSSODescriptors[0]
	sso.KeyDescriptors = nil // none for encryption: nothing is encrypted to this provider
	for _, c := range papers {
		sso.KeyDescriptors = append(sso.KeyDescriptors, saml.KeyDescriptor{Use: "signing", KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{
			X509Certificates: []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(c.Raw)}}}}})
	}
	sso.NameIDFormats = nil
	for _, kind := range identity.NameIDs {
		sso.NameIDFormats = append(sso.NameIDFormats, saml.NameIDFormat(nameIDs[kind]))
	}
	raw, err := xml.Marshal(e)
	if err != nil {
		p.internal(w, r, "metadata", err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", `attachment; filename="yagura-saml-metadata.xml"`)
	w.Write(raw)
}

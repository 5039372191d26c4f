package saml

import (
	"encoding/xml"
	"testing"
	"time"

	"github.com/crewjam/saml"
)

// FuzzRequest gives the front whatever it likes: nothing may panic, and what
// passes is read by the library as one message with one issuer.
func FuzzRequest(f *testing.F) {
	const good = `<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><a:Issuer>x</a:Issuer><p:NameIDPolicy AllowCreate="true"/></p:AuthnRequest>`
	f.Add([]byte(good))
	f.Add([]byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>` + good))
	f.Add([]byte(`<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:="x" xmlns:p:q="y" ID="a" ID="b"/>`))
	f.Add([]byte(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="a"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ReadMetadata(raw, time.Unix(1_700_000_000, 0))
		heard(raw, "a", "b")
		if inflated, err := inflate(raw); err == nil && len(inflated) > mostMessage {
			t.Errorf("%d bytes came out", len(inflated))
		}
		if _, err := shape(raw, "AuthnRequest", "Issuer", "Signature", "NameIDPolicy", "RequestedAuthnContext"); err != nil {
			return
		}
		var q saml.AuthnRequest
		if xml.Unmarshal(raw, &q) == nil && q.Issuer == nil {
			t.Errorf("there is no issuer in %s", raw)
		}
	})
}

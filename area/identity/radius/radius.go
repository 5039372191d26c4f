// Package radius is a RADIUS server for gateways, switches and remote access
// servers that speak no OpenID Connect: authentication (RFC 2865) by PAP, with a
// challenge for the second factor, and accounting (RFC 2866). It knows packets
// and nothing of people: who may enter, a Door says, and who is in where, a Book
// keeps.
//
// A request without Message-Authenticator is dropped, and each answer begins
// with one, so that no answer can be forged by colliding MD5 (CVE-2024-3596);
// so is whatever was not made with the secret of the client it comes from.
package radius

import (
	"context"
	"net/netip"
	"time"
)

// Client is a network access server (NAS): what asks for people.
type Client struct {
	ID     string
	Secret []byte
}

// Clients finds the client of an address.
type Clients interface {
	NASAt(ctx context.Context, from netip.Addr) (Client, bool)
}

// Request is one Access-Request, decoded.
type Request struct {
	Client  string // id
	User    string
	Secret  string // the password, the code, or "password,code"
	State   string // of the challenge that is answered, empty in the first request
	Station string // Calling-Station-Id: where the person sits, as the client says
	From    string // Tunnel-Client-Endpoint: the outer address of a tunnel
	Port    string // NAS-Port-Id or NAS-Port
	Box     string // which machine of the client asks
	Session string // Acct-Session-Id that the session will have, where it is said already
}

// Kind is what is answered.
type Kind int

// The kinds of answers.
const (
	Reject Kind = iota
	Accept
	Challenge
)

// Answer is what a Door says to a request.
type Answer struct {
	Kind    Kind
	Message string        // shown to the person, UTF-8, at most 253 bytes an attribute
	State   string        // of a challenge, to be sent back once
	Class   string        // of a session, sent back by the client in accounting and at its end
	Timeout time.Duration // of a session; 0 = no limit; of a challenge: how long it can be answered
	Interim time.Duration // how often the session is to be accounted for; 0 leaves it to the client
	Filter  string        // Filter-Id: the right that the client gives, such as a VPN group
}

// Door decides who enters. An error is answered by nothing at all, so that the
// client asks another server.
type Door interface {
	Enter(ctx context.Context, r Request) (Answer, error)
}

package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
)

// Ending names a session that a client shall end. Where its Acct-Session-Id is
// known that names it exactly; Class is for clients of which none is. Everything
// that is sent must match at the client (RFC 5176 §3), and what it does not know
// it may refuse: so nothing is sent that is not needed.
type Ending struct {
	User    string
	Class   string
	Session string // Acct-Session-Id
}

// ErrRefused is a client's Disconnect-NAK: it does not know the session, or may
// not end it.
var ErrRefused = errors.New("radius: the client refused to end the session (Disconnect-NAK)")

// Disconnect asks a client to end a session at once (RFC 5176 §2.1; address is
// host:port, usually port 3799). It is sent again each second until the client
// answers or the context ends.
func Disconnect(ctx context.Context, address string, secret []byte, e Ending) error {
	if e.Session != "" {
		e.Class = ""
	}
	p := radius.New(radius.CodeDisconnectRequest, secret)
	for kind, value := range map[radius.Type]string{rfc2865.UserName_Type: e.User, rfc2865.Class_Type: e.Class, rfc2866.AcctSessionID_Type: e.Session} {
		if value != "" {
			p.Add(kind, radius.Attribute(value))
		}
	}
	request, err := sign(p)
	if err != nil {
		return err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("radius: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	done := make(chan error, 1)
	go func() { done <- awaitEnd(conn, request, secret) }()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		if _, err := conn.Write(request); err != nil && ctx.Err() == nil {
			return fmt.Errorf("radius: %w", err)
		}
		select {
		case err := <-done:
			if ctx.Err() != nil {
				return fmt.Errorf("radius: the client did not answer: %w", ctx.Err())
			}
			return err
		case <-again.C:
		}
	}
}

// awaitEnd reads until an authentic answer to the request has come.
func awaitEnd(conn net.Conn, request, secret []byte) error {
	var buffer [radius.MaxPacketLength]byte
	for {
		n, err := conn.Read(buffer[:])
		if err != nil {
			return err
		}
		raw := buffer[:n]
		if n < 20 || raw[1] != request[1] || !radius.IsAuthenticResponse(raw, request, secret) {
			continue
		}
		switch radius.Code(raw[0]) {
		case radius.CodeDisconnectACK:
			return nil
		case radius.CodeDisconnectNAK:
			return ErrRefused
		}
	}
}

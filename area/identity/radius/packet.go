package radius

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // it is what the protocol has: RFC 2869 §5.14
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
)

const (
	macType = rfc2869.MessageAuthenticator_Type
	macSize = md5.Size

	longestText = 253 // bytes of an attribute (RFC 2865 §5)
)

// What is said of a packet that was not made with the secret: which part was
// wrong is nobody's business.
var (
	errAuthentic = errors.New("radius: the packet has no valid Message-Authenticator")
	errAccount   = errors.New("radius: the packet has no valid authenticator")
)

// sign puts Message-Authenticator (RFC 2869 §5.14) first into a packet and
// encodes it. Of an answer, the authenticator of the request is counted in; a
// packet made by Response still has it.
func sign(p *radius.Packet) ([]byte, error) {
	p.Attributes.Del(macType)
	p.Attributes = append(radius.Attributes{{Type: macType, Attribute: make(radius.Attribute, macSize)}}, p.Attributes...)
	counted := *p
	if p.Code == radius.CodeDisconnectRequest || p.Code == radius.CodeAccountingRequest { // RFC 5176 §3.2: over sixteen zeros
		counted.Authenticator = [16]byte{}
	}
	raw, err := counted.MarshalBinary()
	if err != nil {
		return nil, err
	}
	mac := hmac.New(md5.New, p.Secret)
	mac.Write(raw)
	p.Attributes[0].Attribute = mac.Sum(nil)
	return p.Encode()
}

// authentic tells whether a packet carries the Message-Authenticator that the
// secret gives over it, with this authenticator in its head.
func authentic(raw, secret []byte, authenticator [16]byte) bool {
	length, at := int(raw[2])<<8|int(raw[3]), 0 // Parse has seen that they are there
	for i := 20; i+2 <= length; {
		size := int(raw[i+1])
		if size < 2 || i+size > length {
			return false
		}
		if radius.Type(raw[i]) == macType {
			if at != 0 || size != 2+macSize {
				return false
			}
			at = i + 2
		}
		i += size
	}
	if at == 0 {
		return false
	}
	copied := append([]byte(nil), raw[:length]...)
	copy(copied[4:20], authenticator[:])
	clear(copied[at : at+macSize])
	mac := hmac.New(md5.New, secret)
	mac.Write(copied)
	return hmac.Equal(mac.Sum(nil), raw[at:at+macSize])
}

// open decodes a request that was made with the secret. An Accounting-Request
// shows it by its authenticator (RFC 2866 §3) and by Message-Authenticator where
// it has one, counted as RFC 5176 §3.2 does; all others by the latter alone.
func open(raw, secret []byte) (*radius.Packet, error) {
	p, err := radius.Parse(raw, secret)
	if err != nil {
		return nil, err
	}
	if p.Code == radius.CodeAccountingRequest {
		length := int(raw[2])<<8 | int(raw[3])
		if !radius.IsAuthenticRequest(raw[:length], secret) {
			return nil, errAccount
		}
		if _, signed := p.Lookup(macType); signed && !authentic(raw, secret, [16]byte{}) {
			return nil, errAuthentic
		}
		return p, nil
	}
	if !authentic(raw, secret, p.Authenticator) {
		return nil, errAuthentic
	}
	return p, nil
}

// read is the request of a packet. A name or a password that is not UTF-8 is
// refused: none of ours can be.
func read(p *radius.Packet, client string, from netip.Addr) (Request, error) {
	r := Request{Client: client, User: rfc2865.UserName_GetString(p), State: string(rfc2865.State_Get(p)), Station: clean(rfc2865.CallingStationID_GetString(p)),
		Port: port(p), Box: box(p, from), From: endpoint(p), Session: rfc2866.AcctSessionID_GetString(p)}
	secret, err := rfc2865.UserPassword_LookupString(p)
	if err != nil {
		return r, fmt.Errorf("radius: no User-Password: only PAP is spoken (RFC 2865 §5.2): %w", err)
	}
	r.Secret = secret
	for _, s := range []string{r.User, r.Secret} {
		if !utf8.ValidString(s) {
			return r, errors.New("radius: an attribute is not UTF-8")
		}
	}
	if r.User == "" {
		return r, errors.New("radius: no User-Name")
	}
	if clean(r.Session) != r.Session { // it could not be sent back
		r.Session = ""
	}
	return r, nil
}

// write makes the packet of an answer.
func write(request *radius.Packet, a Answer) ([]byte, error) {
	code := map[Kind]radius.Code{Reject: radius.CodeAccessReject, Accept: radius.CodeAccessAccept, Challenge: radius.CodeAccessChallenge}[a.Kind]
	p := request.Response(code)
	for message := a.Message; message != ""; {
		end := min(len(message), longestText)
		for end < len(message) && !utf8.RuneStart(message[end]) {
			end--
		}
		p.Add(rfc2865.ReplyMessage_Type, radius.Attribute(message[:end]))
		message = message[end:]
	}
	for kind, value := range map[radius.Type]string{rfc2865.State_Type: a.State, rfc2865.Class_Type: a.Class, rfc2865.FilterID_Type: a.Filter} {
		if value != "" && (a.Kind == Accept) == (kind != rfc2865.State_Type) {
			p.Add(kind, radius.Attribute(value))
		}
	}
	if seconds := a.Timeout / time.Second; seconds > 0 && a.Kind != Reject {
		if err := rfc2865.SessionTimeout_Set(p, rfc2865.SessionTimeout(min(seconds, 1<<31))); err != nil {
			return nil, err
		}
	}
	if seconds := a.Interim / time.Second; seconds > 0 && a.Kind == Accept {
		if err := rfc2869.AcctInterimInterval_Set(p, rfc2869.AcctInterimInterval(min(seconds, 1<<31))); err != nil {
			return nil, err
		}
	}
	passBack(p, request)
	return sign(p)
}

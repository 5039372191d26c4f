package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2868"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
	"layeh.com/radius/rfc6911"
)

// Status is what an Accounting-Request tells (RFC 2866 §5.1).
type Status uint32

// The statuses that are taken.
const (
	Start   Status = 1
	Stop    Status = 2
	Interim Status = 3
	On      Status = 7 // the machine has begun: none of its sessions from before lives
	Off     Status = 8 // it is about to end
)

// Account is one Accounting-Request, decoded.
type Account struct {
	Client   string // id
	Status   Status
	Box      string // which machine of the client tells it
	Session  string // Acct-Session-Id; of one machine
	User     string
	Class    []string // as they were given with Access-Accept
	Station  string   // Calling-Station-Id
	From     string   // Tunnel-Client-Endpoint: the outer address of a tunnel
	Address  string   // that the person was given inside: Framed-IP-Address and those of IPv6
	Port     string
	Sent     uint64 // octets from the person
	Received uint64 // and to him
	Lasted   time.Duration
	Delay    time.Duration // since it happened
	Stamp    time.Time     // when it happened by the client's own clock; zero: not said
	Cause    string        // of the end
}

// Book keeps accounts. What it returns no error for is durable and is
// acknowledged; anything else is answered by nothing, so that the client keeps it
// and asks again (RFC 2866 §3).
type Book interface {
	Keep(ctx context.Context, a Account) error
}

// account is the report of a packet.
func account(p *radius.Packet, client string, from netip.Addr) (a Account, err error) {
	said, err := rfc2866.AcctStatusType_Lookup(p)
	if err != nil {
		return a, fmt.Errorf("radius: no Acct-Status-Type: %w", err)
	}
	a = Account{
		Client: client, Status: Status(said), Box: box(p, from), Session: rfc2866.AcctSessionID_GetString(p),
		User: clean(rfc2865.UserName_GetString(p)), Station: clean(rfc2865.CallingStationID_GetString(p)), From: endpoint(p), Address: framed(p), Port: port(p),
		Sent:     uint64(rfc2869.AcctInputGigawords_Get(p))<<32 | uint64(rfc2866.AcctInputOctets_Get(p)),
		Received: uint64(rfc2869.AcctOutputGigawords_Get(p))<<32 | uint64(rfc2866.AcctOutputOctets_Get(p)),
		Lasted:   time.Duration(rfc2866.AcctSessionTime_Get(p)) * time.Second,
		Delay:    time.Duration(rfc2866.AcctDelayTime_Get(p)) * time.Second,
	}
	for _, avp := range p.Attributes {
		if avp.Type == rfc2865.Class_Type && utf8.Valid(avp.Attribute) {
			a.Class = append(a.Class, string(avp.Attribute))
		}
	}
	if at, err := rfc2869.EventTimestamp_Lookup(p); err == nil {
		a.Stamp = at.UTC()
	}
	if cause, err := rfc2866.AcctTerminateCause_Lookup(p); err == nil {
		a.Cause = rfc2866.AcctTerminateCause_Strings[cause]
		if a.Cause == "" {
			a.Cause = strconv.FormatUint(uint64(cause), 10)
		}
	}
	switch a.Status {
	case On, Off:
	case Start, Stop, Interim:
		// It is sent back letter by letter to end the session.
		if a.Session == "" || clean(a.Session) != a.Session {
			return a, errors.New("radius: no Acct-Session-Id, or it is not text (RFC 2866 §5.5)")
		}
	default:
		return a, fmt.Errorf("radius: accounts of Acct-Status-Type %d are not kept", said)
	}
	return a, nil
}

// acknowledge makes the packet that says an account is kept. It has no
// Message-Authenticator, for which no standard says how it would be counted here;
// RFC 2866 §5.13 knows none in it.
func acknowledge(request *radius.Packet) ([]byte, error) {
	p := request.Response(radius.CodeAccountingResponse)
	passBack(p, request)
	return p.Encode()
}

// passBack copies what a proxy put in to find its way back by (RFC 2865 §5.33).
func passBack(p, request *radius.Packet) {
	for _, avp := range request.Attributes {
		if avp.Type == rfc2865.ProxyState_Type {
			p.Add(avp.Type, avp.Attribute)
		}
	}
}

// box is the machine that a packet comes from, behind whatever proxy: sessions
// are numbered by each.
func box(p *radius.Packet, from netip.Addr) string {
	for _, lookup := range []func(*radius.Packet) (net.IP, error){rfc2865.NASIPAddress_Lookup, rfc3162.NASIPv6Address_Lookup} {
		if ip, err := lookup(p); err == nil {
			return ip.String()
		}
	}
	if name := clean(rfc2865.NASIdentifier_GetString(p)); name != "" {
		return name
	}
	return from.String()
}

// framed are the addresses that a person was given.
func framed(p *radius.Packet) string {
	var list []string
	if ip, err := rfc2865.FramedIPAddress_Lookup(p); err == nil && !ip.Equal(net.IPv4bcast) && !ip.Equal(net.IPv4(255, 255, 255, 254)) { // RFC 2865 §5.8: left to the client or the person
		list = append(list, ip.String())
	}
	if ip, err := rfc6911.FramedIPv6Address_Lookup(p); err == nil {
		list = append(list, ip.String())
	}
	if n, err := rfc3162.FramedIPv6Prefix_Lookup(p); err == nil && n != nil {
		list = append(list, n.String())
	}
	return strings.Join(list, ", ")
}

// endpoint is the first address that a tunnel is said to come from (RFC 2868
// §3.3).
func endpoint(p *radius.Packet) string {
	_, list, _ := rfc2868.TunnelClientEndpoint_GetStrings(p)
	for _, one := range list {
		if one = clean(one); one != "" {
			return one
		}
	}
	return ""
}

func port(p *radius.Packet) string {
	if name := rfc2869.NASPortID_GetString(p); name != "" {
		return clean(name)
	}
	if n, err := rfc2865.NASPort_Lookup(p); err == nil {
		return strconv.FormatUint(uint64(n), 10)
	}
	return ""
}

// clean is a text of the client's as it can be kept and shown.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

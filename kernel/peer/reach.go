package peer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Reach is which addresses may be called for somebody who chose the URL: a
// person who may set a webhook or register an application is not thereby one
// who may ask what this machine can.
type Reach struct {
	// Private are the networks of the group: RFC 1918, RFC 6598 and unique local
	// addresses of IPv6.
	Private bool
	// Local is this machine: for tests and trials. The link beyond it is never
	// called, where services of clouds hand out credentials (169.254.169.254).
	Local bool
}

// ErrReach is of a call to an address that is not allowed.
var ErrReach = errors.New("the receiver has a private or local address, which the configuration does not allow")

// Client calls by HTTP. It follows no redirections, uses no proxy, and looks at
// the address it is about to connect to: a name that resolves to a public
// address when it is checked and to another when it is used is refused.
func (reach Reach) Client(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout / 2, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !reach.Allows(a.Addr()) {
			return ErrReach
		}
		return nil
	}}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    timeout / 2,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}
}

// notPublic are blocks of the IANA special-purpose registries (RFC 6890) that
// netip does not name, among them those that carry an IPv4 address inside.
var notPublic = blocks("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

var (
	carrier = blocks("100.64.0.0/10") // RFC 6598, of networks inside as well
	// metadata are where clouds answer within ranges that are private otherwise:
	// Alibaba's, and AWS's over IPv6.
	metadata = blocks("100.100.100.200/32", "fd00:ec2::/32")
)

func blocks(all ...string) (list []netip.Prefix) {
	for _, s := range all {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Allows tells whether an address may be called.
func (reach Reach) Allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	switch {
	case within(metadata, a):
		return false
	case a.IsPrivate() || within(carrier, a):
		return reach.Private
	case a.IsLoopback():
		return reach.Local
	}
	return a.IsGlobalUnicast() && !within(notPublic, a)
}

// Plain tells whether a URL names, as it stands, nothing that is not allowed. What
// a name resolves to is looked at when it is called.
func (reach Reach) Plain(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return reach.Local
	}
	a, err := netip.ParseAddr(host)
	return err != nil || reach.Allows(a)
}

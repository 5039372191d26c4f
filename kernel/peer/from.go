// Package peer is about who is at the other end: from whom a request comes that
// a proxy passes on, and which addresses this program may call.
package peer

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

type vouched struct{}

// Behind gives requests that come through a trusted proxy the address of the
// sender: the last one in X-Forwarded-For that is no trusted proxy itself. What
// anybody else claims is not believed.
func Behind(proxies []string, next http.Handler) http.Handler {
	var trusted []netip.Prefix
	for _, p := range proxies {
		if prefix, err := netip.ParsePrefix(p); err == nil { // checked with the configuration
			trusted = append(trusted, prefix)
		}
	}
	if len(trusted) == 0 {
		return next
	}
	known := func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err == nil && known(from.Addr()) {
			hops, named := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ","), false
			for i := len(hops) - 1; i >= 0; i-- {
				hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
				if err != nil {
					break
				}
				r.RemoteAddr, named = net.JoinHostPort(hop.Unmap().String(), "0"), true
				if !known(hop) {
					break
				}
			}
			if named {
				r = r.WithContext(context.WithValue(r.Context(), vouched{}, true))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Vouched tells whether a trusted proxy named the sender of a request. Otherwise
// its address is that of whoever opened the connection.
func Vouched(r *http.Request) bool {
	is, _ := r.Context().Value(vouched{}).(bool)
	return is
}

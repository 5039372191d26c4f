package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// behind gives requests that come through a trusted proxy the address of the
// sender: the last one in X-Forwarded-For that is no trusted proxy itself. What
// anybody else claims is not believed.
func behind(proxies []string, next http.Handler) http.Handler {
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
			hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
			for i := len(hops) - 1; i >= 0; i-- {
				hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
				if err != nil {
					break
				}
				r.RemoteAddr = net.JoinHostPort(hop.Unmap().String(), "0")
				if !known(hop) {
					break
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

package web

import (
	"net"
	"net/http"
	"sync"
	"time"

	"yagura/kernel/fault"
)

// limiter bounds what one address may post to public forms. Links have a bound
// of their own in the database; this one keeps a single machine from using it
// up for all.
type limiter struct {
	mu   sync.Mutex
	seen map[string]bucket
}

type bucket struct {
	from time.Time
	n    int
}

const (
	perWindow = 20
	window    = 10 * time.Minute
	addresses = 20_000
)

func newLimiter() *limiter { return &limiter{seen: map[string]bucket{}} }

func (l *limiter) take(r *http.Request, now time.Time) error {
	addr, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		addr = r.RemoteAddr
	}
	if ip := net.ParseIP(addr); ip != nil && ip.To4() == nil {
		addr = ip.Mask(net.CIDRMask(64, 128)).String() // one site, not one of its countless addresses
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) > addresses {
		clear(l.seen)
	}
	b := l.seen[addr]
	if now.Sub(b.from) >= window || now.Before(b.from) {
		b = bucket{from: now}
	}
	b.n++
	l.seen[addr] = b
	if b.n > perWindow {
		return fault.TooBusy(b.from.Add(window).Sub(now), "Too many reports from your address. Please call your security team, or try again later")
	}
	return nil
}

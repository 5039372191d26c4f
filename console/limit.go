package console

import (
	"net"
	"sync"
	"time"

	"yagura/kernel/fault"
)

// Limiter bounds what one address may post to public forms. What a form leads to has
// a bound of its own; this one keeps a single machine from using it up for all.
type Limiter struct {
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

// NewLimiter makes a limiter that has seen nobody.
func NewLimiter() *Limiter { return &Limiter{seen: map[string]bucket{}} }

// Take counts a report and refuses it where its address sent too many.
func (l *Limiter) Take(c *Context) error {
	if after := l.wait(c); after > 0 {
		return fault.TooBusy(after, "Too many reports from your address. Please call your security team, or try again later")
	}
	return nil
}

// TakeRequest is Take for what is no report.
func (l *Limiter) TakeRequest(c *Context) error {
	if after := l.wait(c); after > 0 {
		return fault.TooBusy(after, "Too many requests from your address. Please try again later")
	}
	return nil
}

// wait counts a request and says how long its address has to wait.
func (l *Limiter) wait(c *Context) time.Duration {
	addr, _, err := net.SplitHostPort(c.R.RemoteAddr)
	if err != nil {
		addr = c.R.RemoteAddr
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
	if c.Now.Sub(b.from) >= window || c.Now.Before(b.from) {
		b = bucket{from: c.Now}
	}
	b.n++
	l.seen[addr] = b
	if b.n > perWindow {
		return b.from.Add(window).Sub(c.Now)
	}
	return 0
}

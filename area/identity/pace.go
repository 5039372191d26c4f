package identity

import (
	"net"
	"sync"
	"time"
)

// Pace bounds how many wrong requests of one network are looked at: an honest
// program is refused seldom, however much it asks. It counts in this process
// alone: what it spares is work of this process, and what is wrong stays wrong.
type Pace struct {
	mu    sync.Mutex
	since time.Time
	bad   map[string]int
}

const (
	paceMost = 60 // wrong requests of a network
	paceIn   = time.Minute
)

// line is what counts as one network: one line of IPv6 has a whole /64.
func line(address string) string {
	ip := net.ParseIP(address)
	if ip == nil || ip.To4() != nil {
		return address
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

// Wait is how long a network must wait before it is looked at; 0: not at all.
func (p *Pace) Wait(from string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	if p.bad[line(from)] < paceMost {
		return 0
	}
	return p.since.Add(paceIn).Sub(now)
}

// Count notes a wrong request.
func (p *Pace) Count(from string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(now)
	p.bad[line(from)]++
}

// turn begins to count anew where the time is over.
func (p *Pace) turn(now time.Time) {
	if age := now.Sub(p.since); age < 0 || age >= paceIn || p.bad == nil {
		p.since, p.bad = now, map[string]int{}
	}
}

package console

import (
	"sync"
	"time"
)

// counts keeps the badges of the navigation for a few seconds per person, since
// every page shows all of them.
type counts struct {
	mu sync.Mutex
	by map[countKey]countsOf
}

type countKey struct{ person, unit string }

type countsOf struct {
	at time.Time
	n  map[string]int
}

const countsLive = 10 * time.Second

func newCounts() *counts { return &counts{by: map[countKey]countsOf{}} }

// of returns the badges by Href. One that cannot be counted is left out: the
// page is worth more than its badge.
func (s *counts) of(c *Context, nav []NavItem) map[string]int {
	key := countKey{c.Actor.Person, c.Unit}
	s.mu.Lock()
	have, ok := s.by[key]
	s.mu.Unlock()
	if ok && c.Now.Sub(have.at).Abs() < countsLive {
		return have.n
	}
	n := map[string]int{}
	for _, item := range nav {
		if item.Count == nil {
			continue
		}
		v, err := item.Count(c)
		if err != nil {
			c.console.log.WarnContext(c.Context(), "a badge could not be counted", "item", item.Href, "error", err.Error())
			continue
		}
		n[item.Href] = v
	}
	if c.console.o.Unread != nil {
		if v, err := c.console.o.Unread(c); err == nil {
			n["unread"] = v
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) > 5000 {
		clear(s.by)
	}
	s.by[key] = countsOf{c.Now, n}
	return n
}

// forget makes the person's badges be counted anew: something was changed.
func (s *counts) forget(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.by {
		if k.person == person {
			delete(s.by, k)
		}
	}
}

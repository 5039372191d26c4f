package telemetry

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/kernel/store"
)

// pulse is what intake notes in memory and writes every two seconds: who was
// heard, what was dropped and refused, which tokens were used, who sends
// without being known. A crash loses at most the last of it; of events nothing.
type pulse struct {
	mu      sync.Mutex
	sources map[string]*beat
	tokens  map[string]time.Time
	senders map[senderKey]*Sender
}

type beat struct {
	seen             time.Time
	dropped, refused int64
}

type senderKey struct {
	address netip.Addr
	host    string
}

// Sender is somebody who sends syslog and belongs to no source.
type Sender struct {
	Address string
	Host    string
	First   time.Time
	Last    time.Time
	Events  int64
}

const maxSenders = 10_000

func (p *pulse) at(source string) *beat {
	b := p.sources[source]
	if b == nil {
		b = &beat{}
		p.sources[source] = b
	}
	return b
}

func (p *pulse) seen(source string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(source).seen = now
}

func (p *pulse) dropped(source string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(source).dropped += n
}

func (p *pulse) refused(source string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(source).refused += n
}

func (p *pulse) used(token string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens == nil {
		p.tokens = map[string]time.Time{}
	}
	p.tokens[token] = now
}

func (p *pulse) sender(addr netip.Addr, host string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.senders == nil {
		p.senders = map[senderKey]*Sender{}
	}
	k := senderKey{addr.Unmap(), host}
	s := p.senders[k]
	if s == nil {
		if len(p.senders) >= maxSenders {
			return
		}
		s = &Sender{Address: k.address.String(), Host: strings.Map(printable, host), First: now}
		p.senders[k] = s
	}
	s.Last = now
	s.Events++
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0xfffd {
		return -1
	}
	return r
}

// flush writes what was noted.
func (s *Service) flush(ctx context.Context) error {
	p := &s.pulse
	p.mu.Lock()
	sources, tokens, senders := p.sources, p.tokens, p.senders
	p.sources, p.tokens, p.senders = map[string]*beat{}, nil, nil
	p.mu.Unlock()
	s.kernelDrops(sources)
	if len(sources) == 0 && len(tokens) == 0 && len(senders) == 0 {
		return nil
	}
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		sums := map[slot]*Counts{}
		ids := make([]string, 0, len(sources))
		for id := range sources {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			b := sources[id]
			if !b.seen.IsZero() {
				if _, err := tx.Exec("UPDATE telemetry_source SET last_seen = $2 WHERE id = $1 AND last_seen < $2", id, b.seen.UnixMilli()); err != nil {
					return err
				}
			}
			if b.dropped > 0 || b.refused > 0 {
				sums[slot{id, minute, tx.Millis() - tx.Millis()%minute}] = &Counts{Dropped: b.dropped, Refused: b.refused}
			}
		}
		for id, at := range tokens {
			if _, err := tx.Exec("UPDATE telemetry_secret SET last_used = $2 WHERE id = $1 AND last_used < $2", id, at.UnixMilli()); err != nil {
				return err
			}
		}
		for _, sd := range senders {
			if _, err := tx.Exec(`INSERT INTO telemetry_sender (address, host, first, last, events) VALUES ($1,$2,$3,$4,$5)
				ON CONFLICT (address, host) DO UPDATE SET last = excluded.last, events = telemetry_sender.events + excluded.events`,
				sd.Address, sd.Host, sd.First.UnixMilli(), sd.Last.UnixMilli(), sd.Events); err != nil {
				return err
			}
		}
		return addCounts(tx, sums)
	})
	if err != nil { // keep it for the next time
		p.mu.Lock()
		defer p.mu.Unlock()
		for id, b := range sources {
			now := p.at(id)
			now.dropped += b.dropped
			now.refused += b.refused
			if now.seen.Before(b.seen) {
				now.seen = b.seen
			}
		}
	}
	return err
}

package telemetry

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"yagura/area/telemetry/intake"
)

// Syslog (RFC 5424, RFC 3164) over UDP (RFC 5426), TCP (RFC 6587) and TLS
// (RFC 5425). None of them acknowledges. Over TCP and TLS reading stops while
// the journal is full, and the sender waits; what UDP brings meanwhile is
// dropped and counted. The sender's address says which source it is.

const (
	maxConnections = 4096
	handshakeTime  = 10 * time.Second
	udpQueue       = 64 // batches that wait for the journal
	udpBuffer      = 8 << 20
)

// arrival is a message with the source it belongs to.
type arrival struct {
	source string
	event  intake.Event
}

// receiver makes arrivals of messages of one sender or socket.
type receiver struct {
	s       *Service
	parsers map[*time.Location]*intake.Syslog
}

func (s *Service) newReceiver() *receiver {
	return &receiver{s: s, parsers: map[*time.Location]*intake.Syslog{}}
}

func (r *receiver) parse(zone *time.Location, data []byte, now time.Time) intake.Event {
	p := r.parsers[zone]
	if p == nil {
		if len(r.parsers) > 64 { // zones are new objects after each change of sources
			clear(r.parsers)
		}
		p = intake.NewSyslog(zone)
		r.parsers[zone] = p
	}
	return p.Parse(data, now)
}

// take parses a message; it keeps data.
func (r *receiver) take(from netip.Addr, data []byte, problem string) arrival {
	now := r.s.db.Now()
	routes := r.s.routes.Load()
	// Which source it is may hang on the name in the message, and how its time is
	// read on the source: so the source of the address is asked first.
	src, _ := routes.sender(from, "")
	e := r.parse(routes.zone(src.ID), data, now)
	if named, known := routes.sender(from, e.Host); named != src || !known {
		if zone := routes.zone(named.ID); zone != routes.zone(src.ID) {
			e = r.parse(zone, data, now)
		}
		src = named
		if !known {
			r.s.pulse.sender(from, truncate(e.Host, 255), now)
		}
	}
	if problem != "" {
		e.Problem = problem
	}
	return arrival{src.ID, e}
}

func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// ServeUDP takes syslog datagrams until the context ends, and closes the socket.
func (s *Service) ServeUDP(ctx context.Context, conn *net.UDPConn) error {
	conn.SetReadBuffer(udpBuffer) // the kernel may give less
	sock := s.watchSocket(conn)
	defer s.unwatch(sock)
	queue := make(chan load, udpQueue)
	var wg sync.WaitGroup
	wg.Go(func() {
		for l := range queue {
			s.store(ctx, l)
		}
	})
	defer wg.Wait()
	defer close(queue)
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	defer conn.Close()
	r := s.newReceiver()
	c := collector{flush: func(l load) {
		select {
		case queue <- l:
		default:
			s.pulse.dropped(l.source, int64(len(l.events)))
		}
	}}
	defer c.all()
	buf := make([]byte, 64<<10)
	for {
		if ctx.Err() == nil {
			if c.n > 0 {
				conn.SetReadDeadline(c.due)
			} else {
				conn.SetReadDeadline(time.Time{})
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if n > 0 {
			c.add(r.take(from.Addr(), bytes.Clone(buf[:n]), ""))
		}
		var timeout net.Error
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &timeout) && timeout.Timeout():
			c.all()
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			s.log.Warn("telemetry: a datagram could not be read", "error", err)
		}
		if c.n > 0 && !realNow().Before(c.due) {
			c.all()
		}
	}
}

// store journals a load, with patience.
func (s *Service) store(ctx context.Context, l load) {
	// What was read is journaled also while the program ends, for some seconds.
	ctx, cancel := lingering(ctx, 5*time.Second)
	defer cancel()
	src := s.routes.Load().sources[l.source]
	if src == nil {
		src = s.routes.Load().sources[Quarantine]
	}
	if err := s.patiently(ctx, src, intake.Join(l.events)); err != nil {
		s.pulse.dropped(src.ID, int64(len(l.events)))
		s.log.Error("telemetry: syslog messages were dropped", "source", src.ID, "events", len(l.events), "error", err)
	}
}

// lingering is a context that ends some time after its parent.
func lingering(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(d, cancel) })
	return ctx, func() {
		stop()
		cancel()
	}
}

// ServeTCP takes syslog connections until the context ends, and closes the
// listener; of TLS when it is one of crypto/tls.
func (s *Service) ServeTCP(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, maxConnections)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			s.log.Warn("telemetry: a connection could not be accepted", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		select {
		case slots <- struct{}{}:
			wg.Go(func() {
				defer func() { <-slots }()
				s.serveStream(ctx, conn)
			})
		default:
			s.log.Warn("telemetry: a syslog connection was turned away, there are too many", "from", conn.RemoteAddr().String())
			conn.Close()
		}
	}
}

func (s *Service) serveStream(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	from := netip.Addr{}
	if a, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		from = a.Addr()
	}
	if t, ok := conn.(*tls.Conn); ok {
		hctx, cancel := context.WithTimeout(ctx, handshakeTime)
		err := t.HandshakeContext(hctx)
		cancel()
		if err != nil {
			s.log.Info("telemetry: a TLS handshake failed", "from", from.String(), "error", err)
			return
		}
	}
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	// Reading and journaling overlap; when the journal takes nothing the channel
	// fills and reading stops.
	in := make(chan arrival, batchEvents)
	var wg sync.WaitGroup
	wg.Go(func() { s.gatherStream(ctx, in) })
	defer wg.Wait()
	defer close(in)
	r := s.newReceiver()
	framer := intake.Framer{}
	for fr, err := range framer.Frames(conn) {
		if err != nil {
			if ctx.Err() == nil {
				s.log.Info("telemetry: a syslog connection broke off", "from", from.String(), "error", err)
			}
			return
		}
		if len(fr.Data) == 0 {
			continue
		}
		in <- r.take(from, bytes.Clone(fr.Data), fr.Problem)
	}
}

func (s *Service) gatherStream(ctx context.Context, in <-chan arrival) {
	c := collector{flush: func(l load) { s.store(ctx, l) }}
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for {
		select {
		case a, ok := <-in:
			if !ok {
				c.all()
				return
			}
			if c.n == 0 {
				timer.Reset(linger)
			}
			c.add(a)
		case <-timer.C:
			c.all()
		}
	}
}

// load is what is journaled at once of a source.
type load struct {
	source string
	events []intake.Event
	bytes  int
}

// collector gathers arrivals until a source has a batch or the time is up.
type collector struct {
	flush func(load)
	loads map[string]*load
	n     int
	due   time.Time // when the first of them has waited long enough
}

func (c *collector) add(a arrival) {
	if c.loads == nil {
		c.loads = map[string]*load{}
	}
	if c.n == 0 {
		c.due = realNow().Add(linger)
	}
	l := c.loads[a.source]
	if l == nil {
		l = &load{source: a.source}
		c.loads[a.source] = l
	}
	l.events = append(l.events, a.event)
	l.bytes += len(a.event.Raw) + len(a.event.Original)
	c.n++
	if len(l.events) >= batchEvents || l.bytes >= batchBytes {
		c.n -= len(l.events)
		delete(c.loads, a.source)
		full := *l
		if open := intake.Open(l.events); open > 0 && open < len(l.events) {
			// The records of one audit event stay together.
			rest := &load{source: l.source, events: slices.Clone(l.events[open:])}
			for _, e := range rest.events {
				rest.bytes += len(e.Raw) + len(e.Original)
			}
			full.events = l.events[:open]
			c.loads[a.source] = rest
			c.n += len(rest.events)
		}
		c.flush(full)
	}
}

func (c *collector) all() {
	for id, l := range c.loads {
		delete(c.loads, id)
		c.flush(*l)
	}
	c.n = 0
}

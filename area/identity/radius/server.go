package radius

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"layeh.com/radius"
)

// Server answers Access-Requests where it has a Door, and Accounting-Requests
// where it has a Book.
type Server struct {
	Clients Clients
	Door    Door
	Book    Book
	Log     *slog.Logger
}

// Bounds of what is held and done at once.
const (
	atOnce    = 256              // requests in work; more are dropped, clients ask again
	remember  = 10 * time.Second // answers, for the same packet sent again (RFC 5080 §2.2.2)
	memories  = 16384
	longest   = 20 * time.Second // for one answer
	oneClient = 64               // requests in work of one client
)

// mark tells a packet that is sent again from a new one.
type mark struct {
	from          netip.AddrPort
	identifier    byte
	authenticator [16]byte
}

// memory is the answer to a packet; nil while it is being found.
type memory struct {
	answer []byte
	until  time.Time
}

// service is a server at work on one socket.
type service struct {
	Server
	conn    net.PacketConn
	now     func() time.Time
	mu      sync.Mutex
	known   map[mark]*memory
	busy    map[string]int
	workers chan struct{}
}

// Serve answers what arrives at the socket until the context ends. now is the
// clock.
func (s Server) Serve(ctx context.Context, conn net.PacketConn, now func() time.Time) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	v := service{Server: s, conn: conn, now: now, known: map[mark]*memory{}, busy: map[string]int{}, workers: make(chan struct{}, atOnce)}
	var running sync.WaitGroup
	defer running.Wait()
	var buffer [radius.MaxPacketLength + 1]byte
	for {
		n, from, err := conn.ReadFrom(buffer[:])
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return ctx.Err()
			}
			s.Log.Warn("radius: a packet could not be received", "error", err)
			continue
		}
		udp, ok := from.(*net.UDPAddr)
		if !ok || n > radius.MaxPacketLength {
			continue
		}
		select {
		case v.workers <- struct{}{}:
		default:
			continue // full: the client asks again
		}
		raw, source := append([]byte(nil), buffer[:n]...), udp.AddrPort()
		running.Go(func() {
			defer func() { <-v.workers }()
			ctx, cancel := context.WithTimeout(ctx, longest)
			defer cancel()
			v.receive(ctx, raw, netip.AddrPortFrom(source.Addr().Unmap(), source.Port()))
		})
	}
}

// receive answers one packet, or drops it. What is dropped is logged without
// what it holds.
func (v *service) receive(ctx context.Context, raw []byte, from netip.AddrPort) {
	client, ok := v.Clients.NASAt(ctx, from.Addr())
	if !ok {
		v.Log.Warn("radius: dropped: the address is no client", "from", from.Addr().String())
		return
	}
	if len(raw) < 20 {
		v.Log.Warn("radius: dropped: too short", "client", client.ID)
		return
	}
	p, err := open(raw, client.Secret)
	if err != nil {
		v.Log.Warn("radius: dropped: "+err.Error(), "client", client.ID)
		return
	}
	switch {
	case p.Code == radius.CodeAccessRequest && v.Door != nil:
	case p.Code == radius.CodeAccountingRequest && v.Book != nil:
	case p.Code == radius.CodeStatusServer: // RFC 5997: is anybody there?
		alive := radius.CodeAccessAccept
		if v.Door == nil {
			alive = radius.CodeAccountingResponse
		}
		v.send(p.Response(alive), from)
		return
	default:
		v.Log.Warn("radius: dropped: this is not answered here", "client", client.ID, "code", p.Code.String())
		return
	}
	m := mark{from, p.Identifier, p.Authenticator}
	answer, first := v.begin(m, client.ID)
	if answer != nil {
		v.write(answer, from)
	}
	if !first {
		return
	}
	if p.Code == radius.CodeAccountingRequest {
		answer = v.keep(ctx, p, client, from.Addr())
	} else {
		answer = v.answer(ctx, p, client, from.Addr())
	}
	v.end(m, client.ID, answer)
	if answer != nil {
		v.write(answer, from)
	}
}

// answer asks the door.
func (v *service) answer(ctx context.Context, p *radius.Packet, client Client, from netip.Addr) []byte {
	request, err := read(p, client.ID, from)
	answer := Answer{Kind: Reject}
	if err != nil {
		v.Log.Warn(err.Error(), "client", client.ID)
	} else if answer, err = v.Door.Enter(ctx, request); err != nil {
		v.Log.Error("radius: no answer", "client", client.ID, "error", err)
		return nil
	}
	raw, err := write(p, answer)
	if err != nil {
		v.Log.Error("radius: the answer does not fit a packet", "client", client.ID, "error", err)
		return nil
	}
	return raw
}

// keep has an account kept, and acknowledges it then.
func (v *service) keep(ctx context.Context, p *radius.Packet, client Client, from netip.Addr) []byte {
	a, err := account(p, client.ID, from)
	if err != nil {
		v.Log.Warn("radius: dropped: "+err.Error(), "client", client.ID)
		return nil
	}
	if err := v.Book.Keep(ctx, a); err != nil {
		v.Log.Error("radius: an account is not kept and not acknowledged", "client", client.ID, "error", err)
		return nil
	}
	raw, err := acknowledge(p)
	if err != nil {
		v.Log.Error("radius: the answer does not fit a packet", "client", client.ID, "error", err)
		return nil
	}
	return raw
}

// begin returns the answer a packet has had, and whether it is the first of its
// kind and to be answered.
func (v *service) begin(m mark, client string) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if seen := v.known[m]; seen != nil && (seen.answer == nil || now.Before(seen.until)) {
		return seen.answer, false
	}
	if v.busy[client] >= oneClient || len(v.known) >= memories && !v.forget(now) {
		return nil, false
	}
	v.busy[client]++
	v.known[m] = &memory{}
	return nil, true
}

func (v *service) end(m mark, client string, answer []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.busy[client]--; v.busy[client] == 0 {
		delete(v.busy, client)
	}
	if answer == nil {
		delete(v.known, m)
		return
	}
	*v.known[m] = memory{answer, v.now().Add(remember)}
}

// forget makes room, and tells whether there is any.
func (v *service) forget(now time.Time) bool {
	for m, seen := range v.known {
		if seen.answer != nil && !now.Before(seen.until) {
			delete(v.known, m)
		}
	}
	return len(v.known) < memories
}

func (v *service) send(p *radius.Packet, to netip.AddrPort) {
	if raw, err := sign(p); err == nil {
		v.write(raw, to)
	}
}

func (v *service) write(raw []byte, to netip.AddrPort) {
	if _, err := v.conn.WriteTo(raw, net.UDPAddrFromAddrPort(to)); err != nil {
		v.Log.Warn("radius: an answer could not be sent", "error", err)
	}
}

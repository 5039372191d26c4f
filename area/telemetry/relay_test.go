package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/area/telemetry/relay"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// centre is a world with a door for relays.
type centre struct {
	*world
	authority *relay.Authority
	door      *httptest.Server

	mu  sync.Mutex
	cut func(path string) (before, after bool) // whether the line breaks before or after the centre has done its work
}

func newCentre(t *testing.T, w *world) *centre {
	t.Helper()
	secret, err := relay.NewAuthority(w.db.Now())
	w.do(err)
	c := &centre{world: w}
	c.authority, err = relay.OpenAuthority(secret)
	w.do(err)
	w.Service = c.again()
	c.door = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.door.TLS = c.authority.Server(w.clk.Now)
	c.door.EnableHTTP2 = true
	c.door.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.door.StartTLS()
	t.Cleanup(c.door.Close)
	return c
}

// again is a fresh process of the centre.
func (c *centre) again() *Service {
	s, err := New(Options{DB: c.db, Events: c.store, Detector: c.seen, Log: slog.New(slog.DiscardHandler), Workers: 2, Units: c.dir, Relays: c.authority, MaskKey: []byte("0123456789abcdef0123456789abcdef")})
	c.do(err)
	c.do(s.begin(context.Background()))
	return s
}

func (c *centre) to() string { return c.door.Listener.Addr().String() }

func (c *centre) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	s, cut := c.Service, c.cut
	c.mu.Unlock()
	before, after := false, false
	if cut != nil {
		before, after = cut(r.URL.Path)
	}
	if before {
		panic(http.ErrAbortHandler)
	}
	serial := ""
	if len(r.TLS.VerifiedChains) > 0 {
		serial = relay.Serial(r.TLS.PeerCertificates[0])
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var out any
	switch r.URL.Path {
	case relay.EnrolPath, relay.RenewPath:
		var e relay.Enrolment
		json.Unmarshal(body, &e)
		if r.URL.Path == relay.EnrolPath {
			out, err = s.Enrol(r.Context(), e)
		} else {
			out, err = s.Renew(r.Context(), serial, e)
		}
	case relay.ReportPath:
		var rep relay.Report
		json.Unmarshal(body, &rep)
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		out, err = s.Hear(r.Context(), serial, from.Addr(), rep)
	case relay.ShipmentPath:
		out, err = s.Accept(r.Context(), serial, body)
	}
	if after {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		status := map[fault.Kind]int{fault.KindConflict: 409, fault.KindDenied: 403, fault.KindUnauthenticated: 401, fault.KindInvalid: 422, fault.KindTooBusy: 429}
		code := 500
		if f := fault.As(err); f != nil {
			code = status[f.Kind]
		}
		http.Error(w, err.Error(), code)
		return
	}
	json.NewEncoder(w).Encode(out)
}

// plant is a relay with its own database.
type plant struct {
	*Service
	c      *centre
	folder string
	id     string
	db     *store.DB
}

func (c *centre) relay(id, unit string, sources ...string) *plant {
	c.t.Helper()
	c.do(c.AddRelay(context.Background(), c.actor("ana"), Relay{ID: id, Name: "Relay " + id, Unit: unit, Sources: sources, SilentAfter: 5 * time.Minute}))
	p := &plant{c: c, folder: c.t.TempDir(), id: id}
	p.enrol()
	p.open()
	return p
}

func (p *plant) enrol() {
	p.c.t.Helper()
	token, err := p.c.RelayToken(context.Background(), p.c.actor("ana"), p.id)
	p.c.do(err)
	identity, err := relay.Enrol(context.Background(), p.c.to(), token, p.c.clk.Now)
	p.c.do(err)
	p.c.do(identity.Save(p.folder))
}

func (p *plant) open() {
	p.c.t.Helper()
	var err error
	p.db, err = store.Open(context.Background(), store.Options{DSN: p.folder, Clock: p.c.clk, Log: slog.New(slog.DiscardHandler)})
	p.c.do(err)
	p.c.t.Cleanup(func() { p.db.Close() })
	p.c.do(p.db.Migrate(context.Background(), Migrations))
	p.Service, err = New(Options{DB: p.db, Relay: true, Log: slog.New(slog.DiscardHandler), CapEvents: 1 << 60})
	p.c.do(err)
	p.c.do(p.begin(context.Background()))
}

// again is the relay's process after a kill.
func (p *plant) again() {
	s, err := New(Options{DB: p.db, Relay: true, Log: slog.New(slog.DiscardHandler), CapEvents: 1 << 60})
	p.c.do(err)
	p.c.do(s.begin(context.Background()))
	p.Service = s
}

func (p *plant) forwarder() *Forwarder {
	f := &Forwarder{Service: p.Service, Folder: p.folder, Version: "test"}
	var err error
	f.identity, err = relay.Load(p.folder)
	p.c.do(err)
	p.c.do(p.db.Operate(context.Background(), func(tx *store.Tx) error { return ensureOutbox(tx, "epoch-of-"+p.id) }))
	f.connect()
	return f
}

// line delivers until nothing waits, or an error.
func (f *Forwarder) line(ctx context.Context) error {
	if err := f.report(ctx); err != nil {
		return err
	}
	for {
		more, err := f.deliver(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (p *plant) take(source string, from, to int) {
	p.c.t.Helper()
	var lines strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&lines, `{"EventID":1,"n":"%s-%d","Computer":"c"}`+"\n", p.id, n)
	}
	events, err := Events([]byte(lines.String()), time.UTC)
	p.c.do(err)
	src := p.routes.Load().sources[source]
	if src == nil {
		p.c.t.Fatalf("the relay does not know %s", source)
	}
	_, err = p.Submit(context.Background(), src, events, "")
	p.c.do(err)
}

// numbers are the events that the centre has, and how often.
func (c *centre) numbers() map[string]int {
	c.t.Helper()
	for {
		n, err := c.Step(context.Background())
		c.do(err)
		if n == 0 {
			break
		}
	}
	found := map[string]int{}
	for _, e := range c.events(authz.Everything()) {
		var doc struct{ N string }
		c.do(json.Unmarshal(e.Doc, &doc))
		found[doc.N+" "+e.Source+" "+e.Unit]++
	}
	return found
}

func centres(t *testing.T, test func(t *testing.T, c *centre)) {
	each(t, func(t *testing.T, w *world) { test(t, newCentre(t, w)) })
}

func TestRelayDeliversOnceWhateverBreaks(t *testing.T) {
	t.Parallel()
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		c.do(p.forwarder().line(ctx)) // learns its sources
		broken := errors.New("killed")
		r := rand.New(rand.NewPCG(7, 7))
		c.cut = func(path string) (bool, bool) {
			if path != relay.ShipmentPath {
				return false, false
			}
			return r.IntN(4) == 0, r.IntN(4) == 0
		}
		taken, fails := 0, 0
		for round := range 40 {
			n := 1 + r.IntN(1200)
			p.take("win-3", taken, taken+n)
			taken += n
			f := p.forwarder()
			steps := []string{"prepared", "shipped", "", "settled"}
			at := steps[r.IntN(len(steps))]
			p.step = func(s string) error {
				if s == at && r.IntN(2) == 0 {
					return broken
				}
				return nil
			}
			where := []string{"inserted", "journaled", ""}[r.IntN(3)]
			c.step = func(s string) error {
				if s == where && r.IntN(3) == 0 {
					return broken
				}
				return nil
			}
			if err := f.line(ctx); err != nil {
				fails++
			}
			c.Service.step = func(string) error { return nil }
			if round%5 == 0 { // both processes begin anew, as after kill -9
				c.mu.Lock()
				c.Service = c.again()
				c.mu.Unlock()
			}
			p.again()
		}
		c.cut = nil
		c.do(p.forwarder().line(ctx))
		if fails < 10 {
			t.Errorf("only %d of 40 rounds broke", fails)
		}
		found := c.numbers()
		if len(found) != taken {
			t.Errorf("%d events taken in at the relay, %d different at the centre", taken, len(found))
		}
		for n := range taken {
			if k := fmt.Sprintf("r3-%d win-3 works3", n); found[k] != 1 {
				t.Fatalf("%s is there %d times", k, found[k])
			}
		}
		var left int
		c.do(p.db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT (SELECT COUNT(*) FROM telemetry_batch) + (SELECT COUNT(*) FROM telemetry_body)").Scan(&left)
		}))
		if left != 0 {
			t.Errorf("%d rows stay at the relay", left)
		}
	})
}

func TestRelayKeepsTimesAndCounts(t *testing.T) {
	t.Parallel()
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		c.do(p.forwarder().line(ctx))
		came := c.clk.Now().UTC().Truncate(time.Millisecond)
		p.take("win-3", 0, 5)
		p.pulse.dropped("win-3", 7)
		p.pulse.refused("win-3", 3)
		p.pulse.dropped("", 2)
		c.do(p.flush(ctx))
		c.clk.Set(came.Add(3 * 24 * time.Hour)) // the line was cut for three days
		c.do(p.forwarder().line(ctx))
		if found := c.numbers(); len(found) != 5 {
			t.Fatalf("%v", found)
		}
		for _, e := range c.events(authz.Everything()) {
			if e.Received.Sub(came).Abs() > time.Minute {
				t.Errorf("received %s, at the relay %s", e.Received, came)
			}
		}
		if d := c.count("SELECT SUM(dropped) FROM telemetry_count WHERE source = 'win-3'"); d != 7 {
			t.Errorf("%d dropped", d)
		}
		if d := c.count("SELECT SUM(dropped) FROM telemetry_count WHERE source = ''"); d != 2 {
			t.Errorf("%d dropped of no source", d)
		}
		c.do(c.flush(ctx))
		d, err := c.RelayOf(ctx, c.actor("ana"), "r3", "day")
		c.do(err)
		if d.Day.Events != 5 || d.Day.Dropped != 9 || d.Day.Refused != 3 || d.Day.Delay < 71*time.Hour || d.StateAt(c.clk.Now()) != RelayAlive || d.Report.Version != "test" || len(d.Serves) != 1 {
			t.Errorf("%+v", d.RelayRow)
		}
		src, err := c.Source(ctx, c.actor("ana"), "win-3", "week")
		c.do(err)
		if src.LastSeen.Sub(came).Abs() > time.Minute {
			t.Errorf("the source was last heard %s", src.LastSeen)
		}
		if late := c.late(); len(late) != 1 || !late["win-3"] {
			t.Errorf("of all sources %v are kept on the way", late)
		}
	})
}

// late are the sources whose events are kept on the way.
func (w *world) late() (late map[string]bool) {
	w.t.Helper()
	w.do(w.db.View(context.Background(), func(tx *store.Tx) (err error) {
		late, err = LateSources(tx)
		return err
	}))
	return late
}

// TestSourcesThatKeepEventsAreKnown: by what comes, and for as long as it comes.
func TestSourcesThatKeepEventsAreKnown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		if late := w.late(); len(late) != 0 {
			t.Fatalf("%v before anything came", late)
		}
		token := w.token("win-3")
		entry := "__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=1795000000000000\n_HOSTNAME=h\nMESSAGE=hello\n\n"
		if n, err := w.ReceiveJournal(ctx, Delivery{Token: token, Body: strings.NewReader(fmt.Sprintf(entry+entry, 1, 2))}, netip.Addr{}); err != nil || n != 2 {
			t.Fatalf("%d %v", n, err)
		}
		if late := w.late(); len(late) != 1 || !late["win-3"] {
			t.Errorf("after an upload: %v", late)
		}
		w.clk.Advance(lateForget + time.Hour)
		w.do(w.forget(ctx))
		if late := w.late(); len(late) != 0 {
			t.Errorf("long after the last upload: %v", late)
		}
	})
}

func TestRelayStaysInItsUnits(t *testing.T) {
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		f := p.forwarder()
		c.do(f.line(ctx))
		if p.routes.Load().sources["fw-9"] != nil {
			t.Error("the relay of works 3 is told about a source of plant 9")
		}
		// One that lies about what it serves.
		src := Source{ID: "fw-9", Name: "x", Kind: "firewall", Unit: "plant9"}
		c.do(p.db.Operate(ctx, func(tx *store.Tx) error { _, err := insertSource(tx, src); return err }))
		c.do(p.reload(ctx))
		p.take("fw-9", 0, 3)
		p.take(Quarantine, 3, 5)
		p.pulse.dropped("fw-9", 1000)
		c.do(p.flush(ctx))
		c.do(f.line(ctx))
		found := c.numbers()
		for k, n := range found {
			if !strings.HasSuffix(k, " unknown-r3 works3") || n != 1 {
				t.Errorf("%s is there %d times", k, n)
			}
		}
		if len(found) != 5 {
			t.Errorf("%v", found)
		}
		if n := c.count("SELECT COUNT(*) FROM telemetry_count WHERE source = 'fw-9' AND dropped > 0"); n != 0 {
			t.Error("the relay counted for another unit's source")
		}
		if d, err := c.RelayOf(ctx, c.actor("ana"), "r3", "day"); err != nil || d.Day.Strayed != 3 {
			t.Errorf("%d strayed (%v)", d.Day.Strayed, err)
		}
		// Whoever reads plant 9 alone sees nothing of the relay.
		if _, err := c.RelayOf(ctx, c.actor("con"), "r3", "day"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%v", err)
		}
		if rows, n, err := c.Relays(ctx, c.actor("con").Scope(Read), RelayFilter{Page: keyset.Page{Sort: "name"}}); err != nil || n != 0 || len(rows) != 0 {
			t.Errorf("%d relays (%v)", n, err)
		}
		for _, do := range []func() error{
			func() error { _, err := c.RelayToken(ctx, c.actor("con"), "r3"); return err },
			func() error { return c.RevokeRelay(ctx, c.actor("con"), "r3") },
			func() error {
				return c.AddRelay(ctx, c.actor("con"), Relay{ID: "r9", Name: "r9", Unit: "plant9", SilentAfter: time.Minute})
			},
		} {
			if err := do(); !fault.Is(err, fault.KindNotFound) && !fault.Is(err, fault.KindDenied) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestRevokedAndForeignRelaysAreRefused(t *testing.T) {
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		f := p.forwarder()
		c.do(f.line(ctx))
		p.take("win-3", 0, 2)
		c.do(f.line(ctx))
		p.take("win-3", 2, 4)
		c.do(c.RevokeRelay(ctx, c.actor("ana"), "r3"))
		var refused *relay.Refused
		if err := f.line(ctx); !errors.As(err, &refused) || refused.Status != 403 { // on the connection that is open
			t.Fatalf("a revoked relay reports: %v", err)
		}
		if _, err := f.deliver(ctx); !errors.As(err, &refused) || refused.Status != 403 {
			t.Fatalf("a revoked relay delivers: %v", err)
		}
		if found := c.numbers(); len(found) != 2 {
			t.Errorf("%v", found)
		}
		// Taken in again, it delivers what it kept.
		p.enrol()
		c.do(p.forwarder().line(ctx))
		if found := c.numbers(); len(found) != 4 {
			t.Errorf("%v", found)
		}

		// The certificate of another authority does not come through the handshake.
		secret, err := relay.NewAuthority(c.clk.Now())
		c.do(err)
		foreign, err := relay.OpenAuthority(secret)
		c.do(err)
		key, csr, err := relay.NewRequest()
		c.do(err)
		signed, err := foreign.Sign(csr, "r3", c.clk.Now())
		c.do(err)
		id, err := relay.Identify(c.to(), key, signed.DER, foreign.Certificate())
		c.do(err)
		own, err := relay.Load(p.folder)
		c.do(err)
		id.CA = own.CA
		if _, err := relay.NewClient(id, c.clk.Now).Report(ctx, relay.Report{}); err == nil || errors.As(err, &refused) {
			t.Errorf("a foreign certificate: %v", err)
		}
		// Nor does a relay speak to a centre of another authority.
		wrong, _ := relay.Identify(c.to(), key, signed.DER, foreign.Certificate())
		if _, err := relay.NewClient(wrong, c.clk.Now).Report(ctx, relay.Report{}); err == nil || errors.As(err, &refused) {
			t.Errorf("a foreign centre: %v", err)
		}

		// A token works once, within a day, and only with the centre that made it.
		token, err := c.RelayToken(ctx, c.actor("ana"), "r3")
		c.do(err)
		if _, err := relay.Enrol(ctx, c.to(), relay.Token{Secret: token.Secret, Authority: foreign.Fingerprint()}, c.clk.Now); err == nil || errors.As(err, &refused) {
			t.Errorf("enrolled at a centre that did not make the token: %v", err)
		}
		if _, err := relay.Enrol(ctx, c.to(), token, c.clk.Now); err != nil {
			t.Fatal(err)
		}
		if _, err := relay.Enrol(ctx, c.to(), token, c.clk.Now); !errors.As(err, &refused) || refused.Status != 401 {
			t.Errorf("the token is good twice: %v", err)
		}
		token, err = c.RelayToken(ctx, c.actor("ana"), "r3")
		c.do(err)
		c.clk.Set(c.clk.Now().Add(25 * time.Hour))
		if _, err := relay.Enrol(ctx, c.to(), token, c.clk.Now); !errors.As(err, &refused) || refused.Status != 401 {
			t.Errorf("the token is good after a day: %v", err)
		}
	})
}

func TestRelayRenewsItsCertificate(t *testing.T) {
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		f := p.forwarder()
		c.do(f.line(ctx))
		first := f.identity.Until()
		c.clk.Set(c.clk.Now().Add(relay.ClientLife * 3 / 4))
		old := f.identity
		c.do(f.line(ctx))
		if !f.identity.Until().After(first) {
			t.Fatalf("still until %s", f.identity.Until())
		}
		if _, err := relay.NewClient(old, c.clk.Now).Report(ctx, relay.Report{}); err != nil {
			t.Errorf("the old certificate before the new one was used: %v", err)
		}
		c.do(f.line(ctx))
		var refused *relay.Refused
		if _, err := relay.NewClient(old, c.clk.Now).Report(ctx, relay.Report{}); !errors.As(err, &refused) || refused.Status != 403 {
			t.Errorf("the old certificate after the new one was used: %v", err)
		}
		saved, err := relay.Load(p.folder)
		c.do(err)
		if !saved.Until().Equal(f.identity.Until()) {
			t.Error("the new certificate is not kept")
		}
	})
}

func TestRelayPutBackToAnOlderStateBeginsAnew(t *testing.T) {
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		c.do(p.forwarder().line(ctx))
		for n := range 4 {
			p.take("win-3", n, n+1)
			c.do(p.forwarder().line(ctx))
		}
		c.do(p.db.Operate(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE telemetry_outbox SET seq = 2")
			return err
		}))
		for n := 4; n < 7; n++ { // shipment 3 of the old count with another content, and on
			p.take("win-3", n, n+1)
			c.do(p.forwarder().line(ctx))
		}
		if found := c.numbers(); len(found) != 7 {
			t.Errorf("%v", found)
		}
	})
}

func TestFullRelayHoldsSendersBack(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	c := newCentre(t, w)
	p := c.relay("r3", "works3")
	token := c.token("win-3")
	c.do(p.forwarder().line(context.Background()))
	p.o.CapBytes = 1
	if _, err := p.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(`{"n":"1"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(`{"n":"2"}`)}); !fault.Is(err, fault.KindTooBusy) {
		t.Fatalf("a full relay answers %v", err)
	}
	c.do(p.forwarder().line(context.Background()))
	if _, err := p.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(`{"n":"2"}`)}); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedShipmentsAreRefusedWhole(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	c := newCentre(t, newWorld(t, db, clk))
	p := c.relay("r3", "works3")
	f := p.forwarder()
	c.do(f.line(context.Background()))
	serial := relay.Serial(f.identity.Cert.Leaf)
	good := pack([]Event{{Doc: []byte(`{"n":"1"}`), Time: clk.Now()}})
	ship := func(body []byte, events int64) []byte {
		b, err := relay.Shipment{Epoch: "e", Seq: 1, Head: relay.Head{Batches: []relay.Batch{{ID: "x", Source: "win-3", Received: clk.Now(), Events: events, Size: int64(len(body))}}}, Bodies: [][]byte{body}}.Encode()
		c.do(err)
		return b
	}
	bad := map[string][]byte{
		"empty": nil, "cut": ship(good, 1)[:40], "longer": append(ship(good, 1), 'x'), "not packed": ship([]byte("hello"), 1), "fewer events": ship(good, 2),
		"no object":   ship(pack([]Event{{Doc: []byte(`[1]`), Time: clk.Now()}}), 1),
		"no JSON":     ship(pack([]Event{{Doc: []byte(`{"a":}`), Time: clk.Now()}}), 1),
		"not UTF-8":   ship(pack([]Event{{Doc: []byte("{\"a\":\"\xff\"}"), Time: clk.Now()}}), 1),
		"endless":     ship(bomb(t), 1),
		"no events":   ship(pack(nil), 0),
		"other words": bytes.Repeat([]byte("YRS1"), 100),
	}
	for name, b := range bad {
		if _, err := c.Accept(context.Background(), serial, b); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := c.count("SELECT COUNT(*) FROM telemetry_batch"); n != 0 {
		t.Errorf("%d batches", n)
	}
	future := pack([]Event{{Ordinal: 5, Doc: []byte(`{"n":"late"}`), Time: clk.Now().Add(48 * time.Hour)}})
	if _, err := c.Accept(context.Background(), serial, ship(future, 1)); err != nil {
		t.Fatal(err)
	}
	c.numbers()
	for _, e := range c.events(authz.Everything()) {
		if e.Ordinal != 0 || !e.Time.After(clk.Now()) || e.Stands().After(clk.Now()) || e.Happened().After(clk.Now()) {
			t.Errorf("%d at %s, stands at %s", e.Ordinal, e.Time, e.Stands())
		}
	}
}

// bomb is small and unpacks to more than a relay may send.
func bomb(t *testing.T) []byte {
	enc := encoders.Get().(interface{ EncodeAll(src, dst []byte) []byte })
	return enc.EncodeAll(make([]byte, 200<<20), nil)
}

func TestSilentRelayIsAnAlarmOnce(t *testing.T) {
	centres(t, func(t *testing.T, c *centre) {
		ctx := context.Background()
		p := c.relay("r3", "works3")
		f := p.forwarder()
		c.do(f.line(ctx))
		began := c.clk.Now().Add(-time.Hour)
		facts := func(kind string) int {
			return c.count("SELECT (SELECT COUNT(*) FROM ledger_pending WHERE kind = '" + kind + "') + (SELECT COUNT(*) FROM ledger WHERE kind = '" + kind + "')")
		}
		for range 3 {
			c.do(c.listenRelays(ctx, began))
		}
		if facts("telemetry.relay_silent") != 0 {
			t.Error("silent at once")
		}
		c.clk.Set(c.clk.Now().Add(6 * time.Minute))
		for range 3 {
			c.do(c.listenRelays(ctx, began))
		}
		if n := facts("telemetry.relay_silent"); n != 1 {
			t.Errorf("%d facts", n)
		}
		if n, err := c.SilentRelays(ctx, authz.Everything()); err != nil || n != 1 {
			t.Errorf("%d silent (%v)", n, err)
		}
		c.do(f.line(ctx))
		for range 3 {
			c.do(c.listenRelays(ctx, began))
		}
		if n := facts("telemetry.relay_heard"); n != 1 {
			t.Errorf("%d facts", n)
		}
	})
}

// TestRelayRunsByItself lets the forwarder run with a centre that goes away.
func TestRelayRunsByItself(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	c := newCentre(t, newWorld(t, db, clk))
	p := c.relay("r3", "works3")
	c.do(p.Start(context.Background()))
	ctx, end := context.WithCancel(context.Background())
	f := &Forwarder{Service: p.Service, Folder: p.folder, Version: "test", Pause: 10 * time.Millisecond, Beat: 50 * time.Millisecond, Bandwidth: 1 << 20}
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	wait := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	wait("the relay learns nothing", func() bool { return p.routes.Load().sources["win-3"] != nil })
	p.take("win-3", 0, 10)
	wait("nothing comes", func() bool { return c.count("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch") == 10 })
	c.mu.Lock()
	c.cut = func(string) (bool, bool) { return true, false }
	c.mu.Unlock()
	p.take("win-3", 10, 20)
	time.Sleep(100 * time.Millisecond)
	if n := c.count("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch"); n != 10 {
		t.Fatalf("%d events through a cut line", n)
	}
	c.mu.Lock()
	c.cut = nil
	c.mu.Unlock()
	wait("nothing comes after the line is back", func() bool { return c.count("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch") == 20 })
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
	c.do(p.Close())
}

// Pseudonyms are made at the centre, where their key is; what is to be removed
// does not leave the relay.
func TestRelayMasksPersonalFields(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	c := newCentre(t, newWorld(t, db, clk))
	ctx := context.Background()
	p := c.relay("r3", "works3")
	take := func() {
		events, err := Events([]byte(`{"User":"CORP\\alice","CommandLine":"run as alice"}`), time.UTC)
		c.do(err)
		_, err = p.Submit(ctx, p.routes.Load().sources["win-3"], events, "")
		c.do(err)
		c.do(p.forwarder().line(ctx))
	}
	raw := func(d *store.DB) string {
		var all strings.Builder
		c.do(ReadJournal(ctx, d, JournalAll, func(e Event) error { all.Write(e.Doc); all.Write(e.Original); return nil }))
		return all.String()
	}
	for _, mode := range []MaskMode{Pseudonym, Removal} {
		src := Source{ID: "win-3", Name: "Windows, works 3", Kind: "windows", Unit: "works3", Product: "windows", SilentAfter: time.Hour, Masks: []string{"User"}, MaskMode: mode}
		c.do(c.Change(ctx, c.actor("ana"), src))
		c.do(p.forwarder().line(ctx))
		at := ""
		p.step = func(s string) error {
			if s == "prepared" {
				at = raw(p.db)
			}
			return nil
		}
		take()
		p.step = func(string) error { return nil }
		if got := raw(c.db); strings.Contains(got, "alice") || mode == Pseudonym && (!strings.Contains(got, "CORP") || strings.Contains(got, "***")) {
			t.Errorf("%s: the centre keeps %s", mode, got)
		}
		if mode == Removal && strings.Contains(at, "alice") {
			t.Errorf("the relay keeps %s", at)
		}
	}
}

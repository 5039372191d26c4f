package identity_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/area/identity/radius"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

// gateway is a server that asks by RADIUS and keller's sign-in there.
type gateway struct {
	world
	t      *testing.T
	nas    string
	secret string
	app    phone
}

func (w world) gateway(t *testing.T) gateway {
	t.Helper()
	g := gateway{world: w, t: t, secret: w.gate(t)}
	keller := w.actor(t, "keller")
	if err := w.s.SetPassword(context.Background(), keller, secretOfKeller); err != nil {
		t.Fatal(err)
	}
	g.app = w.addApp(t, keller)
	c, _ := w.s.NASAt(context.Background(), netip.MustParseAddr("127.0.0.1"))
	g.nas = c.ID
	return g
}

// enters signs keller in and returns the Class.
func (g gateway) enters(r radius.Request) string {
	g.t.Helper()
	g.clock.Advance(time.Minute) // the next code
	r.Client, r.User, r.Secret = g.nas, "keller", secretOfKeller+","+g.app.code(g.clock.Now())
	a, err := g.s.Enter(context.Background(), r)
	if err != nil || a.Kind != radius.Accept {
		g.t.Fatalf("%+v, %v", a, err)
	}
	return a.Class
}

func (g gateway) keep(a radius.Account) {
	g.t.Helper()
	a.Client = g.nas
	if a.Box == "" {
		a.Box = "192.0.2.1"
	}
	if err := g.s.Keep(context.Background(), a); err != nil {
		g.t.Fatal(err)
	}
}

// in are the sessions of a person as his page shows them.
func (g gateway) in(person string) []identity.RADIUSSession {
	g.t.Helper()
	list, err := g.s.RADIUSSessions(context.Background(), g.actor(g.t, "admin"), person)
	if err != nil {
		g.t.Fatal(err)
	}
	return list
}

// told are the events of sessions in the log, oldest first.
func (g gateway) told() (list []string) {
	g.t.Helper()
	if err := g.db.View(context.Background(), func(tx *store.Tx) (err error) {
		list, err = store.Texts(tx, "SELECT person || ' ' || kind || ' ' || reason || ' ' || inside FROM identity_event WHERE kind IN ('session-began', 'session-ended') ORDER BY at, id")
		return err
	}); err != nil {
		g.t.Fatal(err)
	}
	return list
}

// about compares with a clock that goes on by itself.
func about(a, b time.Time) bool { return a.Sub(b).Abs() < time.Second }

func TestWhoIsInWhere(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		g, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}).gateway(t), context.Background()
		class := g.enters(radius.Request{Box: "192.0.2.1", Station: "00-10-A4-23-19-C0", From: "198.51.100.7"})
		if list := g.in("keller"); len(list) != 1 || list[0].Heard != (time.Time{}) || list[0].Until.IsZero() || list[0].Network != "198.51.100.7" {
			t.Fatalf("before anything is reported: %+v", list)
		}
		since := clk.Now()
		start := radius.Account{Status: radius.Start, Session: "0000001A", User: "KELLER", Class: []string{"other", class}, Station: "00-10-A4-23-19-C0", From: "198.51.100.7", Address: "10.1.2.3", Port: "7"}
		g.keep(start)
		clk.Advance(20 * time.Second)
		start.Delay = 20 * time.Second // sent again, since the answer did not come
		g.keep(start)
		clk.Advance(10 * time.Minute)
		report := radius.Account{Status: radius.Interim, Session: "0000001A", User: "KELLER", Sent: 100, Received: 5 << 32, Address: "10.1.2.3"}
		g.keep(report)
		clk.Advance(3 * time.Second)
		report.Delay = 3 * time.Second
		g.keep(report)
		list := g.in("keller")
		if len(list) != 1 {
			t.Fatalf("%d sessions: %+v", len(list), list)
		}
		one := list[0]
		if !about(one.Began, since) || !about(one.Heard, since.Add(10*time.Minute+20*time.Second)) || one.Sent != 100 || one.Received != 5<<32 || one.Address != "10.1.2.3" || one.Station != "00-10-A4-23-19-C0" ||
			one.Network != "198.51.100.7" || one.Session != "0000001A" || one.Port != "7" || one.Server != "VPN" || !one.Until.IsZero() || !one.Asked.IsZero() {
			t.Errorf("%+v", one)
		}
		// On the page of the server; who may not see the person does not learn who it is.
		g.change(t, func(tx *store.Tx) error { // ruiz runs the works in America and the server, keller is in Europe
			if _, err := tx.Exec("UPDATE identity_nas SET unit = 'works-us'"); err != nil {
				return err
			}
			return authz.Found(tx, authz.System("test"), authz.Grant{Person: "ruiz", Role: authz.Admin, Tree: authz.Own, Unit: "works-us", Until: tx.Now.AddDate(1, 0, 0)})
		})
		for by, see := range map[string]string{"admin": "keller", "ruiz": ""} {
			at, total, err := g.s.SessionsAt(ctx, g.actor(t, by), g.nas, keyset.Page{Sort: "began", Limit: 10})
			if err != nil || total != 1 || len(at) != 1 || at[0].Person.ID != see || at[0].Hidden != (see == "") || see == "" && at[0].Name != "" || at[0].Address != "10.1.2.3" {
				t.Errorf("%s sees %+v of %d, %v", by, at, total, err)
			}
		}
		if _, _, err := g.s.SessionsAt(ctx, g.actor(t, "keller"), g.nas, keyset.Page{Sort: "began", Limit: 10}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("anybody sees who is in: %v", err)
		}
		clk.Advance(time.Minute)
		stop := radius.Account{Status: radius.Stop, Session: "0000001A", User: "KELLER", Sent: 200, Received: 6 << 32, Lasted: 11 * time.Minute, Cause: "User-Request", Address: "10.1.2.3"}
		g.keep(stop)
		clk.Advance(30 * time.Second)
		stop.Delay = 30 * time.Second
		g.keep(stop)
		report.Delay = 5 * time.Minute // it was under way for long
		g.keep(report)
		if list := g.in("keller"); len(list) != 0 {
			t.Errorf("after the end: %+v", list)
		}
		if got, want := g.told(), []string{"keller session-began  10.1.2.3", "keller session-ended stop User-Request 10.1.2.3"}; !slices.Equal(got, want) {
			t.Errorf("detection is told %q", got)
		}
		// A session that began elsewhere is its person's by name, and of nobody where none has it.
		g.keep(radius.Account{Status: radius.Start, Session: "2", User: "keller@example"})
		g.keep(radius.Account{Status: radius.Start, Session: "3", User: "nobody"})
		if list := g.in("keller"); len(list) != 1 || list[0].Session != "2" {
			t.Errorf("by the name: %+v", list)
		}
		if err := g.s.Keep(ctx, radius.Account{Client: "another", Status: radius.Start, Session: "4"}); err == nil {
			t.Error("a server that is not known is acknowledged")
		}
	})
}

// TestReportsInAnyOrder gives the reports of a session in every order, each twice,
// as they were sent or delayed: what is known in the end is the same.
func TestReportsInAnyOrder(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	g := foundWith(t, db, clk, identity.Options{Allow: everything}).gateway(t)
	began := clk.Now()
	reports := []radius.Account{
		{Status: radius.Start},
		{Status: radius.Interim, Lasted: 10 * time.Minute, Sent: 10, Received: 100},
		{Status: radius.Interim, Lasted: 20 * time.Minute, Sent: 20, Received: 200},
		{Status: radius.Stop, Lasted: 25 * time.Minute, Sent: 25, Received: 250, Cause: "Idle-Timeout"},
	}
	n := 0
	var permute func(done, left []radius.Account)
	permute = func(done, left []radius.Account) {
		if len(left) == 0 {
			n++
			for range 2 {
				for _, a := range done {
					clk.Set(began.Add(26*time.Minute + time.Duration(n)*time.Second))
					a.Session, a.User, a.Delay = fmt.Sprintf("%08X", n), "keller", clk.Now().Sub(began.Add(a.Lasted))
					g.keep(a)
				}
			}
			return
		}
		for i := range left {
			permute(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	permute(nil, reports)
	var wrong []string
	if err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		wrong, err = store.Texts(tx, "SELECT acct || ' ' || began || ' ' || ended || ' ' || how || ' ' || sent || ' ' || received || ' ' || cause FROM identity_stay WHERE ABS(began - $1) > 999 OR ABS(ended - $2) > 999 OR how <> 'stop' OR sent <> 25 OR received <> 250 OR cause <> 'Idle-Timeout'",
			store.Millis(began), store.Millis(began.Add(25*time.Minute)))
		return err
	}); err != nil || len(wrong) > 0 || n != 24 {
		t.Errorf("of %d orders these end otherwise: %q, %v", n, wrong, err)
	}
	ended := 0
	for _, e := range g.told() {
		if strings.Contains(e, "session-ended") {
			ended++
		}
	}
	if ended != n || len(g.in("keller")) != 0 {
		t.Errorf("%d ends of %d sessions, %d live", ended, n, len(g.in("keller")))
	}
}

// TestHowAStayEnds goes through what ends a session besides its Stop, and what
// does not.
func TestHowAStayEnds(t *testing.T) {
	type step struct {
		after time.Duration
		a     radius.Account
	}
	start := radius.Account{Status: radius.Start, Session: "1", User: "keller"}
	report := radius.Account{Status: radius.Interim, Session: "1", User: "keller"}
	lasted := func(a radius.Account, d time.Duration, sent uint64) radius.Account {
		a.Lasted, a.Sent = d, sent
		return a
	}
	stop := radius.Account{Status: radius.Stop, Session: "1", User: "keller"}
	on, off := radius.Account{Status: radius.On}, radius.Account{Status: radius.Off}
	elsewhere := on
	elsewhere.Box = "192.0.2.9"
	stamped := start
	stamped.Stamp = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	db, clk := storetest.SQLite(t, tables...)
	base := foundWith(t, db, clk, identity.Options{Allow: everything}).gateway(t)
	for name, c := range map[string]struct {
		steps []step
		rest  time.Duration
		live  int
		told  string // reasons of events, "+" for a beginning
	}{
		"restart":                          {[]step{{0, start}, {time.Hour, on}}, 0, 0, "+ restart"},
		"shutdown":                         {[]step{{0, start}, {time.Hour, off}, {time.Minute, on}}, 0, 0, "+ restart"},
		"restart of another machine":       {[]step{{0, start}, {time.Hour, elsewhere}}, 0, 1, "+"},
		"begun after the restart":          {[]step{{time.Minute, start}, {time.Minute, func() radius.Account { a := on; a.Delay = 2 * time.Minute; return a }()}}, 0, 1, "+"},
		"silent after reports":             {[]step{{0, start}, {15 * time.Minute, report}}, 46 * time.Minute, 0, "+ silent"},
		"not yet silent":                   {[]step{{0, start}, {15 * time.Minute, report}}, 44 * time.Minute, 1, "+"},
		"an early report is no rhythm":     {[]step{{0, start}, {2 * time.Second, report}}, 2 * time.Hour, 1, "+"},
		"without reports, the longest":     {[]step{{0, start}}, 8*time.Hour + time.Minute, 0, "+ silent"},
		"without reports, before":          {[]step{{0, start}}, 8*time.Hour - time.Minute, 1, "+"},
		"heard of again":                   {[]step{{0, start}, {15 * time.Minute, report}, {time.Hour, lasted(report, 75*time.Minute, 9)}}, 0, 1, "+ silent"},
		"heard of again, and over":         {[]step{{0, start}, {15 * time.Minute, report}, {time.Hour, lasted(stop, 75*time.Minute, 9)}}, 0, 0, "+ silent"},
		"the number again, without an end": {[]step{{0, start}, {time.Hour, start}}, 0, 1, "+ replaced +"},
		"the number again, after an end":   {[]step{{0, start}, {time.Hour, lasted(stop, time.Hour, 5)}, {time.Hour, start}}, 0, 1, "+ stop +"},
		"the same clock time again":        {[]step{{0, stamped}, {time.Hour, stamped}}, 0, 1, "+"},
		"the same sign-in again":           {[]step{{0, start}, {time.Hour, start}}, 0, 1, "+"},
		"only the end came":                {[]step{{0, lasted(stop, time.Hour, 5)}}, 0, 0, "stop"},
		"only ends come":                   {[]step{{0, lasted(stop, time.Hour, 5)}, {2 * time.Hour, lasted(stop, time.Hour, 6)}}, 0, 0, "stop stop"},
		"only reports come":                {[]step{{0, lasted(report, time.Hour, 5)}, {15 * time.Minute, lasted(report, 75*time.Minute, 6)}}, 0, 1, "+"},
		"another, of which reports come":   {[]step{{0, start}, {time.Hour, lasted(stop, time.Hour, 5)}, {time.Hour, lasted(report, 10*time.Minute, 1)}}, 0, 1, "+ stop +"},
		"a late start of the one before":   {[]step{{0, start}, {time.Hour, start}, {time.Minute, func() radius.Account { a := start; a.Delay = 61 * time.Minute; return a }()}}, 0, 1, "+ replaced +"},
		"a late end of the one before":     {[]step{{0, start}, {time.Hour, start}, {time.Minute, func() radius.Account { a := stop; a.Delay = 30 * time.Minute; return a }()}}, 0, 1, "+ replaced +"},
	} {
		t.Run(name, func(t *testing.T) {
			g := base
			g.t = t
			if err := db.Operate(context.Background(), func(tx *store.Tx) error {
				for _, table := range []string{"identity_stay", "identity_event", "identity_radius"} {
					if _, err := tx.Exec("DELETE FROM " + table); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "the same sign-in") {
				class := g.enters(radius.Request{Box: "192.0.2.1"})
				for i := range c.steps {
					c.steps[i].a.Class = []string{class}
				}
			}
			for _, one := range c.steps {
				clk.Advance(one.after)
				if err := g.s.Sweep(context.Background()); err != nil {
					t.Fatal(err)
				}
				g.keep(one.a)
			}
			clk.Advance(c.rest)
			if err := g.s.Sweep(context.Background()); err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, e := range g.told() {
				_, kind, _ := strings.Cut(e, " ")
				if kind, why, _ := strings.Cut(kind, " "); kind == "session-began" {
					told = append(told, "+")
				} else {
					told = append(told, strings.TrimSpace(why))
				}
			}
			if got := strings.Join(told, " "); got != c.told || len(g.in("keller")) != c.live {
				t.Errorf("told %q, %d live; want %q and %d", got, len(g.in("keller")), c.told, c.live)
			}
		})
	}
}

// device is the side of a server that is asked to end sessions (RFC 5176). It
// answers with what it is set to, and tells what it was asked.
type device struct {
	code  atomic.Int32 // 41 ACK, 42 NAK, 0 nothing
	asked chan string
}

func (g *gateway) disconnects() *device {
	g.t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { conn.Close() })
	d := &device{asked: make(chan string, 100)}
	go func() {
		var buffer [4096]byte
		for {
			n, from, err := conn.ReadFrom(buffer[:])
			if err != nil {
				return
			}
			var said []string
			for i := 20; i+2 <= n; i += int(buffer[i+1]) {
				if name := map[byte]string{1: "user", 25: "class", 44: "session"}[buffer[i]]; name != "" {
					said = append(said, name+" "+string(buffer[i+2:i+int(buffer[i+1])]))
				}
			}
			slices.Sort(said)
			d.asked <- strings.Join(said, ", ")
			if code := byte(d.code.Load()); code > 0 {
				answer := []byte{code, buffer[1], 0, 20}
				// #nosec G401: RFC 2865 §3
				sum := md5.Sum(slices.Concat(answer, buffer[4:20], []byte(g.secret)))
				_, _ = conn.WriteTo(append(answer, sum[:]...), from)
			}
		}
	}()
	n, err := g.s.NASOf(context.Background(), g.actor(g.t, "admin"), g.nas)
	if err != nil {
		g.t.Fatal(err)
	}
	n.Ends = conn.LocalAddr().String()
	if _, err := g.s.SaveNAS(context.Background(), g.actor(g.t, "admin"), n, false); err != nil {
		g.t.Fatal(err)
	}
	return d
}

// drain runs the jobs that are due, and returns what the device was asked.
func (g gateway) drain(d *device) (asked []string) {
	g.t.Helper()
	queue := job.New(g.db, slog.New(slog.DiscardHandler))
	g.s.Jobs(queue)
	if _, err := queue.Drain(context.Background()); err != nil {
		g.t.Fatal(err)
	}
	for len(d.asked) > 0 {
		asked = append(asked, <-d.asked)
	}
	slices.Sort(asked)
	return asked
}

// aims are the targets by RADIUS of a containment.
func (g gateway) aims(containment string) string {
	g.t.Helper()
	d, err := g.s.Containment(context.Background(), g.actor(g.t, "hana"), containment)
	if err != nil {
		g.t.Fatal(err)
	}
	var list []string
	for _, x := range d.Targets {
		if x.Kind == identity.RADIUSTarget {
			list = append(list, strings.TrimSpace(string(x.Result)+" "+string(x.Detail)))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// TestContainedAtGates locks somebody out of a server that accounts for its
// sessions: each is named by its number, and known to be over when the server
// agrees to end it or reports the end, and to live when it reports that.
func TestContainedAtGates(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		g, ctx := foundWith(t, db, clk, identity.Options{Allow: everything}).gateway(t), context.Background()
		g.csirt(t)
		g.change(t, func(tx *store.Tx) error { // nobody is privileged who is contained here
			if _, err := tx.Exec("DELETE FROM authz_grant WHERE person = 'keller'"); err != nil {
				return err
			}
			return tx.Record(authz.System("test"), left{})
		})
		d := g.disconnects()
		session := func(status radius.Status, number, class string) radius.Account {
			a := radius.Account{Status: status, Session: number, User: "keller.a"}
			if class != "" {
				a.Class = []string{class}
			}
			return a
		}
		lockOut := func() (containment string) {
			t.Helper()
			c, err := g.s.Contain(ctx, g.actor(t, "hana"), identity.Order{Person: "keller", Reason: "x"})
			if err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		release := func(containment string) {
			t.Helper()
			if err := g.s.Release(ctx, g.actor(t, "hana"), containment, "x"); err != nil {
				t.Fatal(err)
			}
			clk.Advance(time.Hour)
		}
		expect := func(containment, targets string, asked []string, wanted ...string) {
			t.Helper()
			if got := g.aims(containment); got != targets {
				t.Errorf("targets: %s; want %s", got, targets)
			}
			if !slices.Equal(asked, wanted) {
				t.Errorf("asked %q; want %q", asked, wanted)
			}
		}

		// One with two sessions in one sign-in, one that is not accounted for yet, one that is announced, one from elsewhere.
		d.code.Store(41)
		first, second, third := g.enters(radius.Request{Box: "192.0.2.1"}), g.enters(radius.Request{Box: "192.0.2.1"}), g.enters(radius.Request{Box: "192.0.2.1", Session: "D"})
		g.keep(session(radius.Start, "A", first))
		g.keep(session(radius.Start, "B", first))
		g.keep(radius.Account{Status: radius.Start, Session: "C", User: "keller@example"})
		c := lockOut()
		expect(c, "pending, pending, pending, pending, pending", nil)
		expect(c, "ended, ended, ended, ended, ended", g.drain(d), "class "+second+", user keller", "session A, user keller.a", "session B, user keller.a", "session C, user keller@example", "session D, user keller")
		if list := g.in("keller"); len(list) != 0 {
			t.Errorf("still in: %+v", list)
		}
		// One lives on: that is known, and it is asked again; until it ends.
		clk.Advance(15 * time.Minute)
		d.code.Store(42)
		g.keep(session(radius.Interim, "A", first))
		expect(c, "ended, ended, ended, ended, unconfirmed still-in", nil)
		expect(c, "ended, ended, ended, ended, refused still-in", g.drain(d), "session A, user keller.a")
		if list := g.in("keller"); len(list) != 1 || list[0].Asked.IsZero() {
			t.Errorf("who lives on: %+v", list)
		}
		g.keep(session(radius.Stop, "A", first))
		expect(c, "confirmed reported, ended, ended, ended, ended", g.drain(d))
		// One that was let in before begins only now: it is asked for by its number.
		d.code.Store(41)
		g.keep(session(radius.Start, "E", second))
		expect(c, "confirmed reported, ended, ended, ended, ended", g.drain(d), "session E, user keller.a")
		_ = third
		release(c)

		// It does not answer, or would not: the end is known by the report of it.
		first = g.enters(radius.Request{Box: "192.0.2.1"})
		g.keep(session(radius.Start, "A", first))
		d.code.Store(42)
		c = lockOut()
		expect(c, "refused", g.drain(d), "session A, user keller.a")
		g.keep(session(radius.Stop, "A", first))
		expect(c, "confirmed reported", nil)
		release(c)

		// A restart ends the sessions of its machine. One that is over before the job runs is asked for no more.
		first, second = g.enters(radius.Request{Box: "192.0.2.1"}), g.enters(radius.Request{Box: "192.0.2.2"})
		g.keep(session(radius.Start, "A", first))
		c = lockOut()
		g.keep(session(radius.Stop, "A", first))
		g.keep(radius.Account{Status: radius.On, Box: "192.0.2.2"})
		expect(c, "confirmed reported, confirmed reported", nil)
		expect(c, "confirmed reported, confirmed reported", g.drain(d), "class "+second+", user keller")
		release(c)

		// The number is another session's before it is asked for: that of before is over.
		g.keep(session(radius.Start, "N", g.enters(radius.Request{Box: "192.0.2.1"})))
		c = lockOut()
		clk.Advance(time.Minute)
		g.keep(radius.Account{Status: radius.Start, Session: "N", User: "printer"})
		expect(c, "confirmed reported", g.drain(d))
		release(c)

		// A number that was announced is the sign-in's for its own name alone.
		g.enters(radius.Request{Box: "192.0.2.1", Session: "P"})
		g.keep(radius.Account{Status: radius.Start, Session: "P", User: "printer"})
		if list := g.in("keller"); len(list) != 1 || !list[0].Heard.IsZero() {
			t.Errorf("another's session is keller's: %+v", list)
		}
		g.keep(radius.Account{Status: radius.On})

		// One that went silent may be in: its number is asked for as well.
		g.enters(radius.Request{Box: "192.0.2.1", Session: "S"})
		silent := func(status radius.Status) { g.keep(radius.Account{Status: status, Session: "S", User: "KELLER"}) }
		silent(radius.Start)
		clk.Advance(20 * time.Minute)
		silent(radius.Interim)
		clk.Advance(3 * time.Hour)
		if err := g.s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if list := g.in("keller"); len(list) != 0 {
			t.Errorf("silent, and in: %+v", list)
		}
		d.code.Store(41)
		c = lockOut()
		expect(c, "ended", g.drain(d), "session S, user KELLER")
		silent(radius.Stop) // what was known stays
		expect(c, "ended", nil)
		release(c)

		// A server that can't be told proves it by its report.
		n, err := g.s.NASOf(ctx, g.actor(t, "admin"), g.nas)
		if err != nil {
			t.Fatal(err)
		}
		n.Ends = ""
		if _, err := g.s.SaveNAS(ctx, g.actor(t, "admin"), n, false); err != nil {
			t.Fatal(err)
		}
		first = g.enters(radius.Request{Box: "192.0.2.1"})
		g.keep(session(radius.Start, "U", first))
		c = lockOut()
		expect(c, "unconfirmed untold", g.drain(d))
		g.keep(session(radius.Stop, "U", first))
		expect(c, "confirmed reported", nil)
	})
}

// TestRadclientReports has FreeRADIUS's own client report, and nothing
// acknowledged that is not kept.
func TestRadclientReports(t *testing.T) {
	requireRadclient(t)
	db, clk := storetest.SQLite(t, tables...)
	g := foundWith(t, db, clk, identity.Options{Allow: everything}).gateway(t)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- radius.Server{Clients: g.s, Book: g.s, Log: slog.New(slog.DiscardHandler)}.Serve(ctx, conn, clk.Now)
	}()
	defer func() { end(); <-done }()
	report := func(secret string, attributes ...string) bool {
		t.Helper()
		// #nosec G204: the test's own arguments
		cmd := exec.Command("radclient", "-x", "-r", "1", "-t", "1", "--", conn.LocalAddr().String(), "acct", secret)
		cmd.Stdin = strings.NewReader(strings.Join(attributes, "\n") + "\n")
		out, err := cmd.CombinedOutput()
		if err == nil && !strings.Contains(string(out), "Received Accounting-Response") {
			t.Fatalf("%s", out)
		}
		if err != nil {
			t.Logf("%s", out)
		}
		return err == nil
	}
	of := []string{`User-Name = "keller"`, `Acct-Session-Id = "0000001A"`, "NAS-IP-Address = 192.0.2.1", "Framed-IP-Address = 10.1.2.3", `Calling-Station-Id = "198.51.100.7"`}
	if !report(g.secret, append(of, "Acct-Status-Type = Start")...) || !report(g.secret, append(of, "Acct-Status-Type = Interim-Update", "Acct-Input-Octets = 7", "Acct-Input-Gigawords = 1", "Message-Authenticator = 0x00")...) {
		t.Fatal("not acknowledged")
	}
	if list := g.in("keller"); len(list) != 1 || list[0].Address != "10.1.2.3" || list[0].Network != "198.51.100.7" || list[0].Sent != 1<<32+7 {
		t.Errorf("%+v", list)
	}
	if report("another secret", append(of, "Acct-Status-Type = Stop")...) || len(g.in("keller")) != 1 {
		t.Error("who does not know the secret ends a session")
	}
	if !report(g.secret, append(of, "Acct-Status-Type = Stop", "Acct-Terminate-Cause = User-Request")...) || len(g.in("keller")) != 0 {
		t.Error("the end is not kept")
	}
	if !report(g.secret, "Acct-Status-Type = Accounting-On", "NAS-IP-Address = 192.0.2.1") {
		t.Error("the restart is not acknowledged")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if report(g.secret, append(of, "Acct-Status-Type = Start")...) {
		t.Error("acknowledged without a database")
	}
}

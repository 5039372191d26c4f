package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/store/storetest"
)

// eventually waits until that many events are stored.
func (w *world) eventually(n int) []Event {
	w.t.Helper()
	var all []Event
	for range 200 {
		if all = w.events(authz.Everything()); len(all) >= n {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%d of %d events came", len(all), n)
	return nil
}

func (w *world) local(id string) {
	w.t.Helper()
	w.do(w.Add(context.Background(), w.actor("ana"), Source{ID: id, Name: id, Kind: "linux", Unit: "works3",
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Zone: "Asia/Tokyo"}))
}

func TestSyslogOverUDP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.local("lnx-3")
		w.start()
		ctx, cancel := context.WithCancel(context.Background())
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		w.do(err)
		addr := conn.LocalAddr().String()
		ended := make(chan error, 1)
		go func() { ended <- w.ServeUDP(ctx, conn) }()
		out, err := net.Dial("udp", addr)
		w.do(err)
		for n := range 50 {
			fmt.Fprintf(out, "<134>Nov 23 17:%02d:00 gate app[12]: message %d 漏洩", n, n)
			time.Sleep(time.Millisecond)
		}
		all := w.eventually(50)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.Source != "lnx-3" || e.Host != "gate" || e.Kind != "syslog" || !strings.HasPrefix(string(e.Line()), "<134>Nov 23 17:") {
				t.Fatalf("event %+v: %s", e, e.Line())
			}
			if e.Time.Hour() != 8 { // 17 o'clock in Tokyo
				t.Fatalf("time %s", e.Time)
			}
		}
	})
}

func TestUnknownSendersAreKeptAndShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.newReceiver()
		a := r.take(netip.MustParseAddr("192.0.2.77"), []byte("<13>Nov 23 08:00:00 stranger app: hi"), "")
		if a.source != Quarantine {
			t.Fatalf("given to %s", a.source)
		}
		w.do(w.flush(context.Background()))
		senders, err := w.Senders(context.Background(), w.actor("ana"))
		w.do(err)
		if len(senders) != 1 || senders[0].Host != "stranger" || senders[0].Address != "192.0.2.77" {
			t.Fatalf("%+v", senders)
		}
		if _, err := w.Senders(context.Background(), w.actor("eva")); !fault.Is(err, fault.KindNotFound) {
			t.Fatalf("Europe sees the senders of all: %v", err)
		}
	})
}

func TestTheSmallestNetworkAndTheNameDecide(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	add := func(id, net string, hosts ...string) {
		w.do(w.Add(context.Background(), w.actor("ana"), Source{ID: id, Name: id, Kind: "syslog", Unit: "works3", Networks: []netip.Prefix{netip.MustParsePrefix(net)}, Hosts: hosts}))
	}
	add("wide", "10.0.0.0/8")
	add("site", "10.20.0.0/16")
	add("named", "10.20.0.0/16", "fw-a", "fw-b")
	add("only", "10.30.0.0/16", "fw-c")
	for _, c := range []struct{ addr, host, want string }{
		{"10.1.2.3", "x", "wide"}, {"10.20.1.1", "x", "site"}, {"10.20.1.1", "FW-A", "named"}, {"::ffff:10.20.1.1", "fw-b", "named"},
		{"10.30.1.1", "fw-c", "only"}, {"10.30.1.1", "fw-a", "wide"}, {"172.16.0.1", "fw-a", Quarantine},
	} {
		if got, _ := w.routes.Load().sender(netip.MustParseAddr(c.addr), c.host); got.ID != c.want {
			t.Errorf("%s %s goes to %s, want %s", c.addr, c.host, got.ID, c.want)
		}
	}
}

func TestSyslogOverTCPAndTLS(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.local("lnx-3")
		w.start()
		ctx, cancel := context.WithCancel(context.Background())
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		w.do(err)
		secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
		w.do(err)
		ended := make(chan error, 2)
		go func() { ended <- w.ServeTCP(ctx, plain) }()
		go func() { ended <- w.ServeTCP(ctx, secure) }()
		var counted, lines bytes.Buffer
		for n := range 700 {
			m := fmt.Sprintf("<134>1 2026-11-23T08:%02d:00Z host-%d app 7 - - line %d\nsecond row", n%60, n%3, n)
			fmt.Fprintf(&counted, "%d %s", len(m), m)
			fmt.Fprintf(&lines, "<134>1 2026-11-23T08:%02d:30Z host-%d app 7 - - other %d\n", n%60, n%3, n)
		}
		out, err := tls.Dial("tcp", secure.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		w.do(err)
		_, err = out.Write(counted.Bytes())
		w.do(err)
		out.Close()
		two, err := net.Dial("tcp", plain.Addr().String())
		w.do(err)
		_, err = two.Write(lines.Bytes())
		w.do(err)
		all := w.eventually(1400) // the second connection stays open
		if len(all) != 1400 {
			t.Fatalf("%d events", len(all))
		}
		rows := 0
		for _, e := range all {
			if strings.Contains(string(e.Line()), "\nsecond row") {
				rows++
			}
			if e.Problem != "" {
				t.Fatalf("%s: %s", e.Problem, e.Line())
			}
		}
		if rows != 700 {
			t.Fatalf("%d of two rows", rows)
		}
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTCPWaitsWhileTheJournalIsFull sends more than may wait and looks that
// reading stops, and that all of it is there in the end.
func TestTCPWaitsWhileTheJournalIsFull(t *testing.T) {
	t.Parallel()
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	w.Service.o.Workers = 0
	w.Service.o.CapEvents = 3000
	w.local("lnx-3")
	w.start()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.do(err)
	ended := make(chan error, 1)
	go func() { ended <- w.ServeTCP(ctx, l) }()
	out, err := net.Dial("tcp", l.Addr().String())
	w.do(err)
	const n = 30_000
	row := "<134>1 2026-11-23T08:00:00Z host app 7 - - " + strings.Repeat("x", 1000)
	written := make(chan int, 1)
	go func() {
		k := 0
		for k < n {
			out.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := fmt.Fprintf(out, "%s %d\n", row, k); err != nil {
				break
			}
			k++
		}
		written <- k
	}()
	select {
	case k := <-written:
		t.Fatalf("the sender was never made to wait: %d lines", k)
	case <-time.After(3 * time.Second):
	}
	if level := w.level.events.Load(); level > 6000 {
		t.Fatalf("%d events wait, the cap is %d", level, w.o.CapEvents)
	}
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				w.Step(ctx)
			}
		}
	}()
	defer close(stop)
	if k := <-written; k != n {
		t.Fatalf("%d lines were written", k)
	}
	out.Close()
	for range 600 {
		size, err := w.store.Size(context.Background())
		w.do(err)
		if size.Events == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("not all lines arrived")
}

func TestKernelDropsAreRead(t *testing.T) {
	table := "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
		"  501: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31337 2 0000000000000000 42\n"
	got := map[uint64]int64{}
	readDrops([]byte(table), got)
	if got[31337] != 42 {
		t.Fatalf("%v", got)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestBombsAndDamageAreRefusedWhole(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	token := w.token("win-3")
	w.o.MaxUnpacked, w.o.MaxBody = 4<<20, 1<<20
	zeros := bytes.Repeat([]byte(" "), 64<<20)
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write([]byte(line(1) + "\n"))
	g.Write(zeros)
	g.Close()
	z, _ := zstd.NewWriter(&zs)
	z.Write([]byte(line(1) + "\n"))
	z.Write(zeros)
	z.Close()
	var small bytes.Buffer
	c := gzip.NewWriter(&small)
	fmt.Fprintln(c, line(1))
	c.Close()
	cutOff := small.Bytes()[:small.Len()-9]
	for name, d := range map[string]Delivery{
		"gzip bomb": {Encoding: "gzip", Body: &gz}, "zstd bomb": {Encoding: "zstd", Body: &zs},
		"large":                {Body: strings.NewReader(strings.Repeat(line(1)+"\n", 20_000))},
		"many":                 {Body: strings.NewReader(strings.Repeat("1\n", 200_000))},
		"cut gzip":             {Encoding: "gzip", Body: bytes.NewReader(cutOff)},
		"not zstd":             {Encoding: "zstd", Body: strings.NewReader("plain")},
		"broken in the middle": {Body: &failing{strings.NewReader(line(1) + "\n")}},
	} {
		d.Token = token
		r, err := w.Receive(context.Background(), d)
		if !fault.Is(err, fault.KindInvalid) || r.Accepted != 0 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
		var large *TooLarge
		if want := strings.Contains(name, "bomb") || name == "large" || name == "many"; errors.As(err, &large) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if held := w.memory.held.Load(); held != 0 {
		t.Errorf("%d bytes are still counted", held)
	}
	if n := w.count("SELECT COUNT(*) FROM telemetry_batch"); n != 0 {
		t.Errorf("%d batches were journaled of refused requests", n)
	}
}

type failing struct{ r *strings.Reader }

func (f *failing) Read(p []byte) (int, error) {
	if n, _ := f.r.Read(p); n > 0 {
		return n, nil
	}
	return 0, errors.New("the line went dead")
}

func TestPackedBodiesAreTaken(t *testing.T) {
	db, clk := storetest.SQLite(t, sets...)
	w := newWorld(t, db, clk)
	token := w.token("win-3")
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	fmt.Fprintf(g, "[%s,\n%s]", line(1), line(2))
	g.Close()
	z, _ := zstd.NewWriter(&zs)
	fmt.Fprintf(z, "%s\n%s\n", line(3), line(4))
	z.Close()
	for _, d := range []Delivery{{Encoding: "gzip", Body: &gz}, {Encoding: "zstd", Body: &zs}} {
		d.Token = token
		r, err := w.Receive(context.Background(), d)
		w.do(err)
		if r.Accepted != 2 || r.Unreadable != 0 {
			t.Errorf("%s: %+v", d.Encoding, r)
		}
	}
}

// TestEveryLineComesBackByteForByte sends what stores like to change.
func TestEveryLineComesBackByteForByte(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.token("win-3")
		deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
		tooDeep := strings.Repeat("[", 20_000)
		lines := []string{
			`{"v":7.10,"w":-1.0,"ip":"010.0.0.1","n":1e400,"big":123456789012345678901234567890}`,
			`{"漏洩":"あり","u":"\u30a2\ud83d\ude00","nul":"\u0000"}`,
			`{ "spaced" : [ 1 , 2 ] , "dup":1,"dup":2 }`,
			`{"long":"` + strings.Repeat("x", 1<<20) + `"}`,
			deep, `{"deep":` + tooDeep, "not json \x00 at all", "\xff\xfe broken", `"just text"`, `{"bad":"` + "\xff" + `"}`,
		}
		_, err := w.send(token, strings.Join(lines, "\n")+"\n")
		w.do(err)
		w.do(w.Drain(context.Background()))
		back := map[string]bool{}
		for _, e := range w.events(authz.Everything()) {
			back[string(e.Line())] = true
			e.Summary()
		}
		for _, l := range lines {
			if !back[l] {
				t.Errorf("did not come back: %.80q", l)
			}
		}
		began := time.Now()
		v, err := w.Search(context.Background(), w.actor("ana"), "", Query{From: time.Unix(0, 0), To: clkEnd(w.clk), Text: "あり"}, SurveyOptions{Buckets: 20, Sample: 100})
		w.do(err)
		if v.Total != 1 || time.Since(began) > 5*time.Second {
			t.Errorf("%d found in %s", v.Total, time.Since(began))
		}
	})
}

func clkEnd(c *clock.Movable) time.Time { return c.Now().Add(time.Hour) }

func TestAFileIsTakenInOnceAndResumed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := filepath.Join(t.TempDir(), "day.ndjson.gz")
		f, err := os.Create(path)
		w.do(err)
		g := gzip.NewWriter(f)
		for n := range 9000 {
			fmt.Fprintln(g, line(n))
		}
		fmt.Fprintln(g, "broken")
		g.Close()
		f.Close()
		by := w.actor("ana")
		n := 0
		w.step = func(at string) error { // the second step of the import is cut off after its commit
			if at == "journaled" {
				if n++; n == 2 {
					return errCrash
				}
			}
			return nil
		}
		if _, err := w.Import(context.Background(), by, path, "win-3"); !errors.Is(err, errCrash) {
			t.Fatalf("the first try: %v", err)
		}
		w.Service = w.service()
		got, err := w.Import(context.Background(), by, path, "win-3")
		w.do(err)
		if got.Events != 9001 || got.Unreadable != 1 || !got.Resumed || got.Finished.IsZero() {
			t.Fatalf("%+v", got)
		}
		w.do(w.Drain(context.Background()))
		ids := map[string]bool{}
		for _, e := range w.events(authz.Everything()) {
			ids[string(e.Line())] = true
		}
		if stored := len(w.events(authz.Everything())); stored != 9001 || len(ids) != 9001 {
			t.Fatalf("%d stored, %d different", stored, len(ids))
		}
		if _, err := w.Import(context.Background(), by, path, "win-3"); !fault.Is(err, fault.KindConflict) {
			t.Fatalf("the same file again: %v", err)
		}
		if _, err := w.Import(context.Background(), w.actor("con"), path, "win-3"); !fault.Is(err, fault.KindNotFound) {
			t.Fatalf("by somebody else: %v", err)
		}
	})
}

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yagura/app"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// The load test. It is run for a minute where YAGURA_SOAK=1, else as long as
// YAGURA_LOAD says:
//
//	YAGURA_LOAD=10m go test ./e2e -run TestLoad -v -timeout 40m
//
// Senders on the same machine, half of the events over TLS in the framing of
// rsyslog and half by _bulk, offer as much as is taken, or YAGURA_LOAD_RATE
// events a second. All built-in rules apply. For as long as was said the server
// runs undisturbed under load that never pauses, and what it acknowledged in a
// second is measured. What follows comes in addition: under load again the
// journal is copied as a power cut would leave it, and the server is killed ten
// times.
const (
	loadBulk  = 500 // events of a request
	loadKills = 10
)

// acks are the deliveries of one sender that were acknowledged.
type acks struct {
	mu   sync.Mutex
	at   map[int]time.Time // by number of the delivery
	sent int
}

// bulkSender sends requests that are rendered once; only numbers are written
// into them.
type bulkSender struct {
	acks
	name   string
	url    string
	token  string
	body   []byte
	fields []int // where the numbers are
}

const numberWidth = 9

func newBulkSender(n int, url, token string) *bulkSender {
	s := &bulkSender{name: fmt.Sprintf("b%d", n), url: url + "/intake/elastic/_bulk", token: token}
	s.at = map[int]time.Time{}
	var b bytes.Buffer
	for i := range loadBulk {
		b.WriteString(`{"create":{"_index":"winlogbeat"}}` + "\n")
		fmt.Fprintf(&b, `{"@timestamp":"%s","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":%d,"Computer":"ws-%04d.corp.example","User":"CORP\\u%03d","Image":"C:\\Program Files\\Vendor\\App%d\\app.exe","CommandLine":"\"C:\\Program Files\\Vendor\\App%d\\app.exe\" --profile %d --quiet","ParentImage":"C:\\Windows\\explorer.exe","ProcessId":%d,"DestinationIp":"10.%d.%d.7","load":"%s-`,
			time.Now().UTC().Format(time.RFC3339), []int{1, 3, 11, 3, 10}[i%5], i%997, i%311, i%17, i%17, i%97, 1000+i, i%200, i%250, s.name)
		s.fields = append(s.fields, b.Len())
		b.WriteString(strings.Repeat("0", numberWidth) + `"}` + "\n")
	}
	s.body = b.Bytes()
	return s
}

// put writes a number into a place of fixed width.
func put(at []byte, n int) {
	for i := numberWidth - 1; i >= 0; i-- {
		at[i] = byte('0' + n%10)
		n /= 10
	}
}

func (s *bulkSender) run(ctx context.Context, client *http.Client, pace *pacer) {
	for ctx.Err() == nil {
		pace.wait(ctx, loadBulk)
		s.mu.Lock()
		delivery := s.sent
		s.sent++
		s.mu.Unlock()
		for i, f := range s.fields {
			put(s.body[f:], delivery*loadBulk+i)
		}
		// A request without an answer may have been taken or not: its numbers are not
		// used again, and nothing is claimed of them.
		s.send(ctx, client, delivery)
	}
}

func (s *bulkSender) send(ctx context.Context, client *http.Client, delivery int) {
	r, err := http.NewRequestWithContext(ctx, "POST", s.url, bytes.NewReader(s.body))
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/x-ndjson")
	res, err := client.Do(r)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return
	}
	defer res.Body.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(res.Body, head)
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(head[:n], []byte(`"errors":false`)) {
		time.Sleep(50 * time.Millisecond)
		return
	}
	s.mu.Lock()
	s.at[delivery] = time.Now()
	s.mu.Unlock()
}

// syslogSender writes frames of RFC 5425 as rsyslog does.
type syslogSender struct {
	name   string
	addr   string
	body   []byte
	fields []int
	sent   atomic.Int64
}

const loadFrames = 200

func newSyslogSender(n int, addr string) *syslogSender {
	s := &syslogSender{name: fmt.Sprintf("t%d", n), addr: addr}
	var b bytes.Buffer
	for i := range loadFrames {
		m := fmt.Sprintf(`<134>1 %s fw-%02d.plant.example filterd %d - - action=allow proto=tcp src=10.20.%d.%d spt=%d dst=192.0.2.%d dpt=443 bytes=%d load="%s-`,
			time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), i%40, 300+i, i%250, 1+i%200, 20000+i*7, i%250, 1200+i*13, s.name)
		fmt.Fprintf(&b, "%d %s", len(m)+numberWidth+1, m)
		s.fields = append(s.fields, b.Len())
		b.WriteString(strings.Repeat("0", numberWidth) + `"`)
	}
	s.body = b.Bytes()
	return s
}

func (s *syslogSender) run(ctx context.Context, pace *pacer) {
	for ctx.Err() == nil {
		conn, err := (&tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: trusting()}).DialContext(ctx, "tcp", s.addr)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		stop := context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Now().Add(time.Second)) })
		for ctx.Err() == nil {
			pace.wait(ctx, loadFrames)
			from := int(s.sent.Add(loadFrames)) - loadFrames
			for i, f := range s.fields {
				put(s.body[f:], from+i)
			}
			if _, err := conn.Write(s.body); err != nil {
				break
			}
		}
		stop()
		conn.Close()
	}
}

// pacer bounds how many events a second are offered.
type pacer struct {
	rate  float64
	mu    sync.Mutex
	ready time.Time
}

func (p *pacer) wait(ctx context.Context, n int) {
	if p.rate <= 0 {
		return
	}
	p.mu.Lock()
	now := time.Now()
	if p.ready.Before(now.Add(-time.Second)) {
		p.ready = now
	}
	at := p.ready
	p.ready = p.ready.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
	p.mu.Unlock()
	if d := time.Until(at); d > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
}

// family is a process and all below it.
func family(pid int) (all []int) {
	all = append(all, pid)
	for i := 0; i < len(all); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, t := range tasks {
			b, _ := os.ReadFile(t)
			for _, f := range strings.Fields(string(b)) {
				if n, err := strconv.Atoi(f); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// cpu is the time that processes have used, theirs and their system's.
func cpu(pids []int) time.Duration {
	var ticks int64
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		for _, i := range []int{11, 12} {
			n, _ := strconv.ParseInt(f[i], 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// machine is the time that all processors were busy, and that there was.
func machine() (busy, room time.Duration) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:] {
		n, _ := strconv.ParseInt(f, 10, 64)
		if i > 7 { // guests are counted above already
			break
		}
		room += time.Duration(n) * 10 * time.Millisecond
		if i != 3 && i != 4 { // idle, waiting for the disk
			busy += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return busy, room
}

// loading is a running test.
type loading struct {
	s        *server
	f        furnished
	bulk     []*bulkSender
	syslog   []*syslogSender
	client   *http.Client
	pace     *pacer
	snapshot string
}

func TestLoad(t *testing.T) {
	length := time.Minute
	switch v := os.Getenv("YAGURA_LOAD"); {
	case v != "":
		var err error
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	case os.Getenv("YAGURA_SOAK") != "1":
		t.Skip("only with YAGURA_LOAD=10m, or a minute of it with YAGURA_SOAK=1")
	}
	rate, _ := strconv.ParseFloat(os.Getenv("YAGURA_LOAD_RATE"), 64)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair, err := localhost()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(cert, pair.cert, 0o600), os.WriteFile(key, pair.key, 0o600)); err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	tlsAddr := fmt.Sprintf("127.0.0.1:%d", port)
	data := folder(t)
	env := []string{"YAGURA_TLS_CERT=" + cert, "YAGURA_TLS_KEY=" + key, "YAGURA_TELEMETRY_SYSLOG_TLS=" + tlsAddr, "YAGURA_LOG_LEVEL=warn", "YAGURA_TELEMETRY_JOURNAL_LIMIT=8GiB"}
	f := furnish(t, data, env...)
	setup := f.open(t)
	if err := setup.DB.Change(t.Context(), func(tx *store.Tx) error {
		return setup.Telemetry.AddIn(tx, authz.System("setup"), telemetry.Source{ID: "devices", Name: "Devices", Kind: "firewall", Category: "firewall", Unit: "works", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	}); err != nil {
		t.Fatal(err)
	}
	if err := setup.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := installation(data, env...)
	if err != nil {
		t.Fatal(err)
	}
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	s.env = append(s.env, "YAGURA_PUBLIC_URL="+s.url)
	l := &loading{s: s, f: f, pace: &pacer{rate: rate}, snapshot: filepath.Join(dir, "snapshot")}
	l.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: trusting(), MaxIdleConnsPerHost: 16}}
	started(t, s, nil)
	a := f.open(t) // beside the server, whose event store it asks
	defer a.Close()
	for n := range 2 {
		l.bulk = append(l.bulk, newBulkSender(n, s.url, f.source))
		l.syslog = append(l.syslog, newSyslogSender(n, tlsAddr))
	}
	end := l.offer(t.Context())
	l.steady(t, length, a, end)
	end = l.offer(t.Context())
	time.Sleep(min(length/4, 30*time.Second))
	l.freeze(t)
	l.kills(t, length/3)
	end()
	l.drained(t, a)
	l.verify(t, a)
}

// offer has all senders send until end is called.
func (l *loading) offer(parent context.Context) (end func()) {
	ctx, cancel := context.WithCancel(parent)
	var wg sync.WaitGroup
	for _, b := range l.bulk {
		wg.Go(func() { b.run(ctx, l.client, l.pace) })
	}
	for _, y := range l.syslog {
		wg.Go(func() { y.run(ctx, l.pace) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// drained waits until everything that was journaled is stored.
func (l *loading) drained(t *testing.T, a *app.App) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, waiting := journaled(t, a); waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the journal does not become empty")
		}
	}
}

// journaled is how many events are in the journal or were, by the counters.
func journaled(t *testing.T, a *app.App) (n, waiting int64) {
	t.Helper()
	if err := a.DB.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COALESCE(SUM(events), 0) FROM telemetry_batch) + (SELECT COALESCE(SUM(journaled), 0) FROM telemetry_count),
			(SELECT COALESCE(SUM(events), 0) FROM telemetry_batch WHERE state = 0)`).Scan(&n, &waiting)
	}); err != nil {
		t.Fatal(err)
	}
	return n, waiting
}

// steady lets the server run undisturbed and measures.
func (l *loading) steady(t *testing.T, d time.Duration, a *app.App, end func()) {
	time.Sleep(2 * time.Second)
	pids := family(l.s.cmd.Process.Pid)
	n0, w0 := journaled(t, a)
	c0, own0, began := cpu(pids), cpu([]int{os.Getpid()}), time.Now()
	busy0, room0 := machine()
	time.Sleep(d)
	n1, w1 := journaled(t, a)
	took := time.Since(began)
	served, sending := cpu(pids)-c0, cpu([]int{os.Getpid()})-own0
	perSecond := float64(n1-n0) / took.Seconds()
	busy1, room1 := machine()
	others := max(0, (busy1-busy0-served-sending).Seconds()/(room1-room0).Seconds())
	pause, least := l.evenness(began, began.Add(took))
	end()
	l.drained(t, a)
	whole, _ := journaled(t, a)
	all, store := cpu(pids)-c0, cpu(pids[1:])
	perCPU := float64(whole-n0) / (all + sending).Seconds()
	t.Logf("%d events in %s: %.0f a second are durable (server %.1f s and senders %.1f s of CPU time); waiting in the journal %d, then %d; other programs took %.0f %% of the machine",
		n1-n0, took.Round(time.Millisecond), perSecond, served.Seconds(), sending.Seconds(), w0, w1, 100*others)
	t.Logf("until all %d are looked at and stored: %.1f s of CPU time, the event store's part %.1f s; %.0f events for each second of CPU, %.0f on two cores of their own",
		whole-n0, (all + sending).Seconds(), store.Seconds(), perCPU, 2*perCPU)
	t.Logf("over HTTP: %s at most without an acknowledgement, at least %d events in any ten seconds", pause.Round(time.Millisecond), least)
	if os.Getenv("YAGURA_LOAD") != "" && pause > 10*time.Second {
		t.Errorf("the load stood still for %s", pause)
	}
	// On a machine that does other things the clock says nothing: then what is
	// counted is the CPU time that everything took.
	if rate := perSecond; os.Getenv("YAGURA_LOAD") != "" && l.pace.rate == 0 {
		if others > 0.05 {
			rate = 2 * perCPU
		}
		if rate < 30_000 {
			t.Errorf("%.0f events a second, 30,000 are promised", rate)
		}
	}
}

// evenness tells how even the load over HTTP was between two moments: the longest
// time without an acknowledgement, and the fewest events in ten seconds.
func (l *loading) evenness(from, to time.Time) (pause time.Duration, least int) {
	const part = 10 * time.Second
	var times []time.Time
	for _, b := range l.bulk {
		b.mu.Lock()
		for _, at := range b.at {
			if !at.Before(from) && at.Before(to) {
				times = append(times, at)
			}
		}
		b.mu.Unlock()
	}
	slices.SortFunc(times, time.Time.Compare)
	parts := make([]int, max(1, int(to.Sub(from)/part)))
	last := from
	for _, at := range times {
		pause, last = max(pause, at.Sub(last)), at
		if i := int(at.Sub(from) / part); i < len(parts) {
			parts[i] += loadBulk
		}
	}
	return max(pause, to.Sub(last)), slices.Min(parts)
}

// freeze stops the server in the middle of whatever it does, copies the files
// of the journal, and lets it go on. While every thread stands still nothing is
// written, so the copy is what a snapshot of the file system at that moment
// holds: of what was written but not yet synchronised, all of it. The promise is
// about what was acknowledged, and that was synchronised before.
func (l *loading) freeze(t *testing.T) {
	t.Helper()
	began := time.Now()
	pids := family(l.s.cmd.Process.Pid)
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGSTOP)
	}
	defer func() {
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGCONT)
		}
	}()
	for _, pid := range pids {
		for stopped := false; !stopped; time.Sleep(time.Millisecond) {
			stopped = true
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
			for _, task := range tasks {
				b, _ := os.ReadFile(task)
				if i := bytes.LastIndexByte(b, ')'); i < 0 || i+2 >= len(b) || b[i+2] != 'T' {
					stopped = false
				}
			}
		}
	}
	at := time.Now()
	if err := os.MkdirAll(l.snapshot, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"yagura.db", "yagura.db-wal"} {
		if err := copyFile(filepath.Join(l.s.folder, name), filepath.Join(l.snapshot, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(l.snapshot, "keys"), os.DirFS(filepath.Join(l.s.folder, "keys"))); err != nil {
		t.Fatal(err)
	}
	// Acknowledged before the freeze, and not so long ago that the journal may have
	// deleted it.
	want := map[string]bool{}
	for _, b := range l.bulk {
		b.mu.Lock()
		for delivery, when := range b.at {
			if when.Before(began) && at.Sub(when) < 90*time.Second {
				want[fmt.Sprintf("%s/%d", b.name, delivery)] = true
			}
		}
		b.mu.Unlock()
	}
	l.check(t, want)
}

// check looks whether deliveries are in the copied journal.
func (l *loading) check(t *testing.T, want map[string]bool) {
	t.Cleanup(func() {
		db, err := store.Open(context.Background(), store.Options{DSN: l.snapshot, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		found := map[string]int{}
		if err := telemetry.ReadJournal(context.Background(), db, telemetry.JournalAll, func(e telemetry.Event) error {
			if name, n, ok := loadNumber(e.Doc); ok && name[0] == 'b' {
				found[fmt.Sprintf("%s/%d", name, n/loadBulk)]++
			}
			return nil
		}); err != nil {
			t.Error(err)
			return
		}
		missing := 0
		for d := range want {
			if found[d] != loadBulk {
				missing++
			}
		}
		if missing > 0 || len(want) == 0 {
			t.Errorf("of %d deliveries that were acknowledged before the snapshot %d are not whole in its journal", len(want), missing)
		}
		t.Logf("snapshot: %d deliveries (%d events) acknowledged in the 90 s before it, %d missing", len(want), len(want)*loadBulk, missing)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, bufio.NewReaderSize(in, 1<<20))
	return err
}

// kills ends the server, and what it started, ten times at random.
func (l *loading) kills(t *testing.T, d time.Duration) {
	worst := time.Duration(0)
	for range loadKills {
		time.Sleep(time.Duration(rand.Int64N(int64(d/loadKills) + 1)))
		for _, pid := range family(l.s.cmd.Process.Pid) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		<-l.s.exited
		began := time.Now()
		if err := l.s.start(); err != nil {
			t.Fatal(err)
		}
		if err := l.s.ready(time.Minute); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(began))
	}
	t.Logf("killed %d times under load; serving again after %s at most", loadKills, worst.Round(time.Millisecond))
	if worst > 10*time.Second {
		t.Errorf("%s until it serves again", worst)
	}
}

// loadNumber reads the mark of an event.
func loadNumber(doc []byte) (name string, n int, ok bool) {
	_, rest, ok := bytes.Cut(doc, []byte(`"load":"`))
	if !ok {
		if _, rest, ok = bytes.Cut(doc, []byte(`load=\"`)); !ok {
			return "", 0, false
		}
	}
	name, digits, ok := strings.Cut(string(rest[:min(len(rest), 16)]), "-")
	if !ok || len(digits) < numberWidth {
		return "", 0, false
	}
	n, err := strconv.Atoi(digits[:numberWidth])
	return name, n, err == nil
}

// verify compares what is stored with what was acknowledged. After a kill the
// server writes again what its event store forgot; that takes a moment.
func (l *loading) verify(t *testing.T, a *app.App) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(5 * time.Second) {
		said, right := l.compare(t, a)
		t.Log(said)
		if right {
			return
		}
		if time.Now().After(deadline) {
			t.Error(said)
			return
		}
	}
}

func (l *loading) compare(t *testing.T, a *app.App) (said string, right bool) {
	t.Helper()
	began, seen := time.Now(), map[string][]uint8{}
	total, unknown := 0, 0
	stored(t, a, func(e telemetry.Event) {
		name, n, ok := loadNumber(e.Doc)
		if !ok {
			unknown++
			return
		}
		total++
		s := seen[name]
		for n >= len(s) {
			s = append(s, make([]uint8, max(n+1-len(s), len(s)/2, 1<<20))...)
		}
		if s[n] < 255 {
			s[n]++
		}
		seen[name] = s
	})
	took := time.Since(began)
	acked, missing, twice := 0, 0, 0
	for _, s := range seen {
		for _, n := range s {
			if n > 1 {
				twice++
			}
		}
	}
	for _, b := range l.bulk {
		for delivery := range b.at {
			for i := range loadBulk {
				acked++
				if n := delivery*loadBulk + i; n >= len(seen[b.name]) || seen[b.name][n] == 0 {
					missing++
				}
			}
		}
	}
	said = fmt.Sprintf("%d events are stored, %d of them acknowledged over HTTP; %d acknowledged are missing, %d are there more than once, %d are of nobody; reading all took %s", total, acked, missing, twice, unknown, took.Round(time.Second))
	return said, missing == 0 && twice == 0 && acked > 0 && unknown == 0
}

// stored hands out every event that is kept.
func stored(t *testing.T, a *app.App, each func(telemetry.Event)) {
	t.Helper()
	var coverage telemetry.Coverage
	now := a.DB.Now()
	for e, err := range a.Events.Query(t.Context(), telemetry.Query{Scope: authz.Everything(), From: now.Add(-24 * time.Hour), To: now.Add(time.Hour),
		Limit: 1 << 40, MaxScan: 1 << 40, Budget: 20 * time.Minute}, &coverage) {
		if err != nil {
			t.Fatal(err)
		}
		each(e)
	}
	if coverage.Partial {
		t.Fatal("not all events were looked at")
	}
}

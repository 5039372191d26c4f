package e2e

import (
	"fmt"
	"net"
	"net/netip"

	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// A real rsyslogd forwards over TCP, with lines and with octet counting, in the
// new format and the old one, and keeps what it could not deliver while the
// server was down. Every message is there once.
func TestRsyslog(t *testing.T) {
	program := ""
	for _, path := range []string{"/usr/sbin/rsyslogd", "/sbin/rsyslogd"} {
		if _, err := os.Stat(path); err == nil {
			program = path
		}
	}
	logger, err := exec.LookPath("logger")
	if program == "" || err != nil {
		if os.Getenv("YAGURA_REQUIRE_RSYSLOG") == "1" {
			t.Fatal("rsyslogd and logger are required here")
		}
		t.Skip("not tested here: there is no rsyslogd, or no logger")
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	data := folder(t)
	env := fmt.Sprintf("YAGURA_TELEMETRY_SYSLOG_TCP=127.0.0.1:%d", port)
	f := furnish(t, data, env)
	a := f.open(t)
	defer a.Close()
	if err := a.DB.Change(t.Context(), func(tx *store.Tx) error {
		return a.Telemetry.AddIn(tx, authz.System("setup"), telemetry.Source{ID: "devices", Name: "Devices", Kind: "syslog", Unit: "works", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	}); err != nil {
		t.Fatal(err)
	}
	s, err := installation(data, env)
	started(t, s, err)

	dir := t.TempDir()
	socket := filepath.Join(dir, "log")
	conf := filepath.Join(dir, "rsyslog.conf")
	var b strings.Builder
	fmt.Fprintf(&b, "global(workDirectory=%q)\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=%q RateLimit.Interval=\"0\")\n", dir, socket)
	for _, way := range []struct{ framing, template string }{
		{"octet-counted", "RSYSLOG_SyslogProtocol23Format"}, {"traditional", "RSYSLOG_SyslogProtocol23Format"},
		{"octet-counted", "RSYSLOG_TraditionalForwardFormat"}, {"traditional", "RSYSLOG_TraditionalForwardFormat"},
	} {
		fmt.Fprintf(&b, "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"%d\" protocol=\"tcp\" TCP_Framing=%q template=%q action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\" queue.type=\"LinkedList\")\n",
			port, way.framing, way.template)
	}
	if err := os.WriteFile(conf, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &journal{}
	cmd := exec.Command(program, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, dieWithUs()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("unixgram", socket); err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("rsyslogd does not listen: %s", said)
		}
	}
	const messages, ways = 60, 4
	say := func(from, to int) {
		for n := from; n < to; n++ {
			if out, err := exec.Command(logger, "-u", socket, "-t", "press", "-p", "auth.warning", fmt.Sprintf("message %d: 圧力が高い \"bar=7\"", n)).CombinedOutput(); err != nil {
				t.Fatalf("logger: %v: %s", err, out)
			}
		}
	}
	say(0, messages)
	o := &office{}
	count := func(want int) map[string]int {
		var found map[string]int
		for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
			o.drained(t, a)
			found = map[string]int{}
			total := 0
			var c telemetry.Coverage
			now := a.DB.Now()
			for e, err := range a.Events.Query(t.Context(), telemetry.Query{Scope: authz.Everything(), From: now.Add(-48 * time.Hour), To: now.Add(48 * time.Hour), Source: "devices", Limit: 100000}, &c) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Problem != "" {
					t.Errorf("not understood: %s: %s", e.Problem, e.Line())
				}
				line := string(e.Doc)
				if i := strings.Index(line, "message "); i >= 0 && strings.Contains(line, "圧力が高い") {
					n, _, _ := strings.Cut(line[i+len("message "):], ":")
					found[n]++
					total++
				}
			}
			if total >= want {
				break
			}
		}
		return found
	}
	for n, found := 0, count(messages*ways); n < messages; n++ {
		if found[fmt.Sprint(n)] != ways {
			t.Fatalf("message %d came %d times over %d ways\nrsyslogd: %s", n, found[fmt.Sprint(n)], ways, said)
		}
	}
	// While the server is down, rsyslogd keeps what is said and sends it later.
	// What was on the wire when it was asked to stop may come from neither side
	// again: plain TCP syslog has no acknowledgement, so these are said after.
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	say(messages, messages+5) // the first ones find the broken connections
	time.Sleep(2 * time.Second)
	say(messages+5, messages*2)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(time.Minute); err != nil {
		t.Fatal(err)
	}
	found := count(messages * 2 * ways)
	for n := messages + 5; n < messages*2; n++ {
		if found[fmt.Sprint(n)] != ways {
			t.Errorf("message %d, said while the server was down, came %d times over %d ways", n, found[fmt.Sprint(n)], ways)
		}
	}
}

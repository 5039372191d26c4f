package e2e

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/app"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// needs finds a program of the system, or skips and says so.
func needs(t *testing.T, paths ...string) string {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("YAGURA_REQUIRE_RSYSLOG") == "1" {
		t.Fatalf("%s is required here", paths[0])
	}
	t.Skipf("not tested here: there is no %s", paths[0])
	return ""
}

// certificate writes one for this machine that vouches for itself.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600)
	return cert, key
}

// house is an installation in this process that takes events in.
type house struct {
	a    *app.App
	http *httptest.Server
}

func newHouse(t *testing.T, env ...string) *house {
	t.Helper()
	data := folder(t)
	f := furnish(t, data, env...)
	a := f.open(t)
	h := &house{a: a, http: httptest.NewServer(a.Handler())}
	if err := a.DB.Change(t.Context(), func(tx *store.Tx) error {
		for _, s := range []telemetry.Source{
			{ID: "devices", Name: "Devices", Kind: "syslog", Unit: "works", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
			{ID: "shipped", Name: "Shipped", Kind: "linux", Unit: "works"},
		} {
			if err := a.Telemetry.AddIn(tx, authz.System("setup"), s); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	wait, err := a.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.http.Close()
		cancel()
		wait()
		a.Close()
	})
	return h
}

func (h *house) token(t *testing.T, source string) string {
	t.Helper()
	secret, err := h.a.Telemetry.IssueSecret(t.Context(), authz.System("setup"), source, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// stored waits until a source has so many events and calls each with them.
func (h *house) stored(t *testing.T, source string, want int, patience time.Duration, each func(telemetry.Event)) {
	t.Helper()
	n := 0
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		if err := h.a.Telemetry.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		var c telemetry.Coverage
		now := h.a.DB.Now()
		n = 0
		var all []telemetry.Event
		for e, err := range h.a.Events.Query(t.Context(), telemetry.Query{Scope: authz.Everything(), From: now.Add(-48 * time.Hour), To: now.Add(48 * time.Hour), Source: source, Limit: 1_000_000, MaxScan: 10_000_000, Budget: time.Minute}, &c) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			all = append(all, e)
		}
		if n >= want {
			for _, e := range all {
				each(e)
			}
			return
		}
		if time.Now().After(deadline) {
			var journaled int64
			h.a.DB.View(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch WHERE source = $1", source).Scan(&journaled)
			})
			t.Fatalf("%s: %d of %d events came; the answer was whole: %t; %d are in the journal", source, n, want, !c.Partial, journaled)
		}
	}
}

func messages() int {
	if os.Getenv("YAGURA_SOAK") == "1" {
		return 20_000
	}
	return 1_500
}

// A real rsyslogd hands every message on in three ways: over TLS in the new
// format with octet counting, over TCP in the old one, and acknowledged through
// omelasticsearch. Every message is there once by each.
func TestRsyslogInThreeWays(t *testing.T) {
	program := needs(t, "/usr/sbin/rsyslogd", "/sbin/rsyslogd")
	modules := filepath.Dir(needs(t, "/usr/lib/"+triplet()+"/rsyslog/omelasticsearch.so", "/usr/lib/rsyslog/omelasticsearch.so"))
	needs(t, filepath.Join(modules, "lmnsd_gtls.so"))
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	port := func() int {
		p, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tcp, tls, in := port(), port(), port()
	h := newHouse(t, fmt.Sprintf("YAGURA_TELEMETRY_SYSLOG_TCP=127.0.0.1:%d", tcp), fmt.Sprintf("YAGURA_TELEMETRY_SYSLOG_TLS=127.0.0.1:%d", tls), "YAGURA_TLS_CERT="+cert, "YAGURA_TLS_KEY="+key)
	token := h.token(t, "shipped")
	conf := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `global(workDirectory=%[1]q DefaultNetstreamDriverCAFile=%[2]q maxMessageSize="64k")
module(load="imptcp")
module(load="omelasticsearch")
input(type="imptcp" address="127.0.0.1" port="%[3]d")
template(name="yagura" type="list" option.jsonf="on") {
    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="host" name="hostname" format="jsonf")
    property(outname="app" name="programname" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
}
action(type="omfwd" target="127.0.0.1" port="%[4]d" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="50000")
action(type="omfwd" target="127.0.0.1" port="%[5]d" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="50000")
action(type="omelasticsearch" server="%[6]s/intake/elastic/" uid="rsyslog" pwd=%[7]q searchIndex="syslog" searchType="" template="yagura" bulkmode="on" maxbytes="4m"
       action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="50000" queue.dequeueBatchSize="1000")
`, dir, cert, in, tls, tcp, h.http.URL, token), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &journal{}
	cmd := exec.Command(program, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"), "-M", modules)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, dieWithUs()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var out net.Conn
	for deadline := time.Now().Add(20 * time.Second); out == nil; time.Sleep(50 * time.Millisecond) {
		var err error
		if out, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", in)); err != nil && time.Now().After(deadline) {
			t.Fatalf("rsyslogd does not listen: %s", said)
		}
	}
	w := bufio.NewWriter(out)
	stamp := time.Now().UTC().Format("Jan _2 15:04:05")
	n := messages()
	for i := range n {
		fmt.Fprintf(w, "<38>%s press-07 mes[12]: message %d: 圧力が高い \"bar=7.10\" C:\\x\n", stamp, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	number := func(line string) string {
		_, rest, ok := strings.Cut(line, "message ")
		id, _, _ := strings.Cut(rest, ":")
		if !ok || !strings.Contains(line, "圧力が高い") {
			t.Errorf("not what was said: %s", line)
		}
		return id
	}
	over := map[string]map[string]int{"new": {}, "old": {}, "bulk": {}}
	h.stored(t, "devices", 2*n, 3*time.Minute, func(e telemetry.Event) {
		line := string(e.Line())
		way := "old"
		if strings.HasPrefix(line, "<38>1 ") {
			way = "new"
		}
		over[way][number(line)]++
		if e.Problem != "" || e.Host != "press-07" {
			t.Errorf("%s %s: %s", e.Host, e.Problem, line)
		}
	})
	h.stored(t, "shipped", n, 3*time.Minute, func(e telemetry.Event) {
		over["bulk"][number(string(e.Doc))]++
		if e.Problem != "" || e.Host != "press-07" || e.Time.Before(time.Now().Add(-time.Hour)) || !strings.Contains(string(e.Doc), `\"bar=7.10\" C:\\x`) {
			t.Errorf("%s %s %s: %s", e.Host, e.Time, e.Problem, e.Doc)
		}
	})
	for way, got := range over {
		for i := range n {
			if got[fmt.Sprint(i)] != 1 {
				t.Fatalf("%s: message %d came %d times\nrsyslogd: %s", way, i, got[fmt.Sprint(i)], said)
			}
		}
		t.Logf("%s: %d of %d messages, each once", way, len(got), n)
	}
	if strings.Contains(said.String(), token) {
		t.Error("rsyslogd says the token")
	}
}

// triplet is the folder of libraries on Debian.
func triplet() string {
	out, _ := exec.Command("uname", "-m").Output()
	return strings.TrimSpace(string(out)) + "-linux-gnu"
}

// systemd's own uploader sends a journal, binary fields and all; sent again, no
// entry is there twice.
func TestSystemdJournalUpload(t *testing.T) {
	upload := needs(t, "/lib/systemd/systemd-journal-upload", "/usr/lib/systemd/systemd-journal-upload")
	remote := needs(t, "/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
	h := newHouse(t)
	token := h.token(t, "shipped")
	dir := t.TempDir()
	file := filepath.Join(dir, "sent.journal")
	n := messages()
	var export strings.Builder
	now := time.Now().Add(-time.Hour)
	for i := range n {
		fmt.Fprintf(&export, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=5a1b5d8f0d8f4a5b9b2f6f0d5b7c1e2a\n_MACHINE_ID=5a1b5d8f0d8f4a5b9b2f6f0d5b7c1e2b\n_HOSTNAME=press-07\nSYSLOG_IDENTIFIER=mes\nPRIORITY=4\nMESSAGE\n",
			now.UnixMicro()+int64(i), 1_000_000+i)
		text := fmt.Sprintf("message %d:\n圧力が高い", i)
		export.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
		export.WriteString(text + "\n\n")
	}
	make := exec.Command(remote, "-o", file, "-")
	make.Stdin = strings.NewReader(export.String())
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("systemd-journal-remote: %v: %s", err, out)
	}
	url := strings.Replace(h.http.URL, "http://", "http://journal:"+token+"@", 1) + "/intake/journal"
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		out, err := exec.CommandContext(ctx, upload, "--url="+url, "--file="+file, "--follow=no").CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("systemd-journal-upload: %v: %s", err, out)
		}
	}
	seen := map[string]int{}
	h.stored(t, "shipped", n, time.Minute, func(e telemetry.Event) {
		_, rest, _ := strings.Cut(string(e.Doc), `"MESSAGE":"message `)
		id, _, _ := strings.Cut(rest, ":")
		seen[id]++
		if e.Host != "press-07" || e.Problem != "" || !strings.Contains(string(e.Doc), `:\n圧力が高い"`) {
			t.Errorf("%s %s: %s", e.Host, e.Problem, e.Doc)
		}
	})
	for i := range n {
		if seen[fmt.Sprint(i)] != 1 {
			t.Fatalf("entry %d is there %d times", i, seen[fmt.Sprint(i)])
		}
	}
	t.Logf("%d of %d entries, each once", len(seen), n)
	wrong := strings.Replace(h.http.URL, "http://", "http://journal:nothing@", 1) + "/intake/journal"
	if out, err := exec.Command(upload, "--url="+wrong, "--file="+file, "--follow=no").CombinedOutput(); err == nil {
		t.Errorf("a wrong token is taken: %s", out)
	}
}

package site

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/clock"
)

// The judges are two programs that others wrote: csaf_checker and csaf_downloader,
// built outside of this module at a pinned version with a pinned hash.
const (
	judgeModule  = "github.com/gocsaf/csaf/v3"
	judgeVersion = "v3.7.0"
	judgeSum     = "h1:eKsxfE6l53jW6iVysVRpq3B6PKn2FW/qokX++TmJ9Z0="
)

// judge builds a program and returns its path. It is built where it is asked for,
// since that fetches modules.
func judge(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("YAGURA_REQUIRE_CSAF") != "1" {
		t.Skip("programs that others wrote are built with YAGURA_REQUIRE_CSAF=1 alone")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "yagura-ci", name+"-"+judgeVersion)
	binary := filepath.Join(dir, name)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{
		"go.mod": fmt.Sprintf("module judge\ngo 1.26\nrequire %s %s\n", judgeModule, judgeVersion),
		"go.sum": fmt.Sprintf("%s %s %s\n", judgeModule, judgeVersion, judgeSum),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-mod=mod", "-o", binary, judgeModule+"/cmd/"+name)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return binary
}

const domain = "psirt.aoba.example"

// world is the site on the web: TLS with a certificate of an authority that clients
// know, and a proxy in place of the name service.
type world struct {
	env       []string
	token     string
	validator string
}

func newWorld(t *testing.T, h http.Handler) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System().Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "here"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{domain, "csaf.data.security." + domain}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || host != domain && host != "csaf.data.security."+domain {
			http.Error(w, "there is no such host", http.StatusBadGateway)
			return
		}
		there, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, rest, err := http.NewResponseController(w).Hijack()
		if err != nil {
			there.Close()
			return
		}
		go func() { _, _ = io.Copy(there, rest); there.Close() }()
		go func() { _, _ = io.Copy(here, there); here.Close() }()
	}))
	t.Cleanup(proxy.Close)
	validator := httptest.NewServer(csaf.Service(csaf.Options{Now: now}))
	t.Cleanup(validator.Close)
	w := &world{validator: validator.URL}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasSuffix(strings.ToUpper(name), "_PROXY") && name != "SSL_CERT_FILE" && name != "SSL_CERT_DIR" && name != "HOME" {
			w.env = append(w.env, e)
		}
	}
	w.env = append(w.env, "HTTPS_PROXY="+proxy.URL, "SSL_CERT_FILE="+ca, "HOME="+t.TempDir())
	return w
}

// check asks csaf_checker and returns how many documents there were. Its own verdict
// is too kind, so every message is counted: none may be a warning or an error.
func (w *world) check(t *testing.T, checker, when string) (messages []string) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(checker, "--header", "Authorization:Basic "+base64.StdEncoding.EncodeToString([]byte("customer:"+w.token)), "--validator", w.validator, "--output", report, domain)
	cmd.Env, cmd.Dir = w.env, t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", when, err, out)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Domains []struct {
			Role         string `json:"role"`
			Passed       bool   `json:"passed"`
			Requirements []struct {
				Num      int `json:"num"`
				Messages []struct {
					Type int    `json:"type"`
					Text string `json:"text"`
				} `json:"messages"`
			} `json:"requirements"`
		} `json:"domains"`
	}
	if err := json.Unmarshal(data, &r); err != nil || len(r.Domains) != 1 {
		t.Fatalf("%s: %v\n%s", when, err, data)
	}
	d := r.Domains[0]
	nums, informed := map[int]bool{}, 0
	for _, q := range d.Requirements {
		nums[q.Num] = true
		for _, m := range q.Messages {
			if m.Type == 0 {
				informed++
			} else {
				messages = append(messages, fmt.Sprintf("requirement %d, type %d: %s", q.Num, m.Type, m.Text))
			}
		}
	}
	for n := 1; n <= 20; n++ {
		if !nums[n] {
			messages = append(messages, fmt.Sprintf("requirement %d was not checked", n))
		}
	}
	if d.Role != "csaf_trusted_provider" || !d.Passed {
		messages = append(messages, fmt.Sprintf("role %s, passed %v", d.Role, d.Passed))
	}
	t.Logf("%s: role %s, %d of 20 requirements, %d infos, %d warnings and errors", when, d.Role, len(nums), informed, len(messages))
	return messages
}

func (w *world) download(t *testing.T, downloader string) (fetched int, said string) {
	t.Helper()
	to := t.TempDir()
	cmd := exec.Command(downloader, "--header", "Authorization:Basic "+base64.StdEncoding.EncodeToString([]byte("customer:"+w.token)), "--directory", to, "--validator", w.validator, "--log_file", "", domain)
	cmd.Env, cmd.Dir = w.env, t.TempDir()
	out, _ := cmd.CombinedOutput() // it ends with an error where a document is refused
	_ = filepath.WalkDir(to, func(p string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".json") {
			fetched++
		}
		return err
	})
	return fetched, string(out)
}

func TestJudges(t *testing.T) {
	checker, downloader := judge(t, "csaf_checker"), judge(t, "csaf_downloader")
	dir, docs := t.TempDir(), advisories(t)
	now := clock.System().Now().Truncate(time.Second)
	s := open(t, dir)
	token, line, err := NewToken("customer", "amber")
	if err != nil {
		t.Fatal(err)
	}
	access, err := ReadAccess(strings.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, NewServer(dir, access))
	w.token = token
	good := func(when string) {
		t.Helper()
		for _, m := range w.check(t, checker, when) {
			t.Errorf("%s: %s", when, m)
		}
		if n, found, err := Inspect(dir, now.Add(time.Hour)); err != nil || len(found) > 0 {
			t.Errorf("%s: own inspection of %d documents: %v %v", when, n, found, err)
		}
	}
	publish(t, s, now, Change{Put: append(docs, made("AE-2026-1", "WHITE", "1", now), made("AE-2026-2", "AMBER", "1", now))})
	good("first")
	if n, said := w.download(t, downloader); n != len(docs)+2 {
		t.Errorf("the downloader has %d of %d documents\n%s", n, len(docs)+2, said)
	} else {
		t.Logf("the downloader has %d documents", n)
	}
	publish(t, s, now, Change{Put: [][]byte{made("AE-2026-1", "WHITE", "2", now.Add(-time.Hour)), made("AE-2026-2", "AMBER", "2", now.Add(-time.Hour))}})
	good("after an update")
	d, err := csaf.Parse(made("AE-2026-1", "WHITE", "2", now.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	last, err := Withdraw(d, End{Reason: "The door was shut all the time."}, now)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, s, now, Change{Put: [][]byte{last.Bytes()}})
	good("after a withdrawal")
	publish(t, s, now, Change{Remove: []string{"AE-2026-1"}})
	good("after a removal")

	for i := range 4 { // a process of its own, killed while it publishes
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(60+90*i)*time.Millisecond)
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestPublishesUntilKilled$")
		key, _ := signer().key.Armor()
		cmd.Env = append(os.Environ(), "YAGURA_KILLED_SITE="+dir, "YAGURA_KILLED_KEY="+key)
		err := cmd.Run()
		cancel()
		t.Logf("killed: %v", err)
	}
	good("after four kills")
	publish(t, s, now, Change{Put: [][]byte{made("AE-2026-3", "WHITE", "1", now)}})
	good("after the next publication")

	was, _ := filepath.EvalSymlinks(filepath.Join(dir, "current", "public", "csaf", "white", "2026", "ae-2026-3.json"))
	tampered := bytes.Replace(made("AE-2026-3", "WHITE", "1", now), []byte("stands open"), []byte("stands shut"), 1)
	if err := os.Remove(was); err != nil { // it is a link to the last generation's
		t.Fatal(err)
	}
	if err := os.WriteFile(was, tampered, 0o644); err != nil {
		t.Fatal(err)
	}
	if n, said := w.download(t, downloader); n != len(docs)+1 || !strings.Contains(said, "ae-2026-3.json") {
		t.Errorf("the downloader takes a tampered document: %d of %d\n%s", n, len(docs)+2, said)
	}
	if len(w.check(t, checker, "tampered")) == 0 {
		t.Error("the checker takes a tampered document")
	}
	if _, found, err := Inspect(dir, now); err != nil || len(found) < 3 {
		t.Errorf("the own inspection takes a tampered document: %v %v", found, err)
	}
}

// TestPublishesUntilKilled is the process that TestJudges kills.
func TestPublishesUntilKilled(t *testing.T) {
	dir := os.Getenv("YAGURA_KILLED_SITE")
	if dir == "" {
		t.Skip("TestJudges runs this in a process of its own")
	}
	now := clock.System().Now().Truncate(time.Second)
	k, err := ReadKey(os.Getenv("YAGURA_KILLED_KEY"), "", now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, config(), k)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		publish(t, s, now, Change{Put: [][]byte{made(fmt.Sprintf("AE-2026-7%d", i%3), []string{"WHITE", "AMBER"}[i%2], "1", now)}})
		publish(t, s, now, Change{Remove: []string{fmt.Sprintf("AE-2026-7%d", i%3)}})
	}
}

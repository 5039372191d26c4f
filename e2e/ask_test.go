package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"yagura/api"
	"yagura/app/demo"
	"yagura/e2e/visit"
)

// asking are the commands with which scripts speak to the program as senders
// and other programs do:
//
//	free NAME [udp]             a free port, in $NAME
//	shared NAME PATH            the path of reference data, in $NAME; skips the script where it is absent
//	certificate CERT KEY        a certificate for localhost that the commands trust
//	pack gzip|zstd FILE OUT     what is said
//	repeat COUNT FILE OUT       a file many times over
//	cut BYTES FILE OUT          the beginning of a file
//	ends CODE PROGRAM [ARG…]    run a program that must end with the code
//	send [STATUS] PATH FILE [HEADER=VALUE…]  POST a file with $SOURCE as the token; the answer is the stdout
//	header NAME EXPRESSION      what the last answer says in a header
//	syslog udp|tcp|counted|tls ADDRESS FILE  send the lines of a file
//	pages COUNT PATH KEY        go through a list of the API to its end: COUNT rows, none twice
//	says SECONDS EXPRESSION     wait until the server has said so
//	story                       every step of the attack in the demo has its alert
//	routes                      every address of the OpenAPI document that can be read, is
var asking = map[string]func(*testscript.TestScript, bool, []string){
	"free": cmdFree, "shared": cmdShared, "certificate": cmdCertificate, "pack": cmdPack, "repeat": cmdRepeat,
	"cut": cmdCut, "ends": cmdEnds,
	"send": cmdSend, "header": cmdHeader, "syslog": cmdSyslog, "pages": cmdPages, "routes": cmdRoutes, "says": cmdSays, "story": cmdStory,
}

func also(commands map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	maps.Copy(commands, asking)
	return commands
}

func cmdFree(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	port, err := freePort()
	if len(args) > 1 {
		var c net.PacketConn
		if c, err = net.ListenPacket("udp", "127.0.0.1:0"); err == nil {
			port = c.LocalAddr().(*net.UDPAddr).Port
			c.Close()
		}
	}
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(port))
}

func cmdShared(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	root, err := filepath.Abs("..")
	ts.Check(err)
	path := filepath.Join(root, "..", "shared", "data", filepath.FromSlash(args[1]))
	if _, err := os.Stat(path); err != nil {
		on(ts).t.Skip("reference data not present: " + args[1])
	}
	ts.Setenv(args[0], path)
}

// localhost is a certificate that the tests trust, made anew for each run.
var localhost = sync.OnceValues(func() (pair struct{ cert, key []byte }, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pair, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	pair.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pair.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	return pair, err
})

// trusting is what a client of a server with our certificate trusts.
func trusting() *tls.Config {
	pair, err := localhost()
	if err != nil {
		panic(err) // without randomness nothing else would work
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pair.cert)
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// Before any test runs: all of them share the transport.
func init() { http.DefaultTransport.(*http.Transport).TLSClientConfig = trusting() }

func cmdCertificate(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	pair, err := localhost()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pair.cert, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pair.key, 0o600))
}

func cmdPack(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	out, err := os.Create(ts.MkAbs(args[2]))
	ts.Check(err)
	defer out.Close()
	var w io.WriteCloser = gzip.NewWriter(out)
	if args[0] == "zstd" {
		w, err = zstd.NewWriter(out)
		ts.Check(err)
	}
	_, err = io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(w.Close())
}

func cmdRepeat(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), bytes.Repeat([]byte(ts.ReadFile(args[1])), n), 0o600))
}

func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	whole := ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(whole[:min(n, len(whole))]), 0o600))
}

func cmdEnds(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%s ended with %d, not %s", args[1], code, args[0])
	}
}

func cmdSend(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts)
	want, args := expected(args)
	v := visit.To(s.server.url)
	v.Header = http.Header{"Content-Type": {"application/x-ndjson"}}
	if token := ts.Getenv("SOURCE"); token != "" {
		v.Header.Set("Authorization", "Bearer "+token)
	}
	for _, pair := range args[2:] {
		name, value, _ := strings.Cut(pair, "=")
		v.Header.Set(name, value)
	}
	p, err := v.Send("POST", args[0], "", []byte(ts.ReadFile(args[1])))
	s.check(ts, p, err, want)
	s.head = p.Header
}

func cmdHeader(ts *testscript.TestScript, neg bool, args []string) {
	got := on(ts).head.Get(args[0])
	if regexp.MustCompile(args[1]).MatchString(got) == neg {
		ts.Fatalf("%s is %q", args[0], got)
	}
}

func cmdSyslog(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	var c net.Conn
	var err error
	switch args[0] {
	case "udp":
		c, err = net.Dial("udp", args[1])
	case "tls":
		c, err = tls.Dial("tcp", args[1], trusting())
	default:
		c, err = net.Dial("tcp", args[1])
	}
	ts.Check(err)
	defer c.Close()
	for line := range strings.Lines(ts.ReadFile(args[2])) {
		switch args[0] {
		case "udp":
			line = strings.TrimRight(line, "\n")
		case "counted":
			line = strings.TrimRight(line, "\n")
			line = fmt.Sprintf("%d %s", len(line), line)
		}
		_, err := io.WriteString(c, line)
		ts.Check(err)
	}
}

// bearer is a program that holds $TOKEN.
func bearer(ts *testscript.TestScript) *visit.Visitor {
	v := visit.To(on(ts).server.url)
	v.Header = http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + ts.Getenv("TOKEN")}}
	return v
}

func cmdPages(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	seen, v := map[string]bool{}, bearer(ts)
	for path, turns := args[1], 0; path != ""; turns++ {
		if turns > want+1 {
			ts.Fatalf("%s does not end after %d pages", args[1], turns)
		}
		p, err := v.Get(path)
		ts.Check(err)
		if p.Status != http.StatusOK {
			ts.Fatalf("%s answered %d: %s", path, p.Status, p.Body)
		}
		var page struct {
			Items []map[string]any
			Next  string
		}
		ts.Check(json.Unmarshal(p.Body, &page))
		for _, item := range page.Items {
			key := fmt.Sprint(item[args[2]])
			if seen[key] {
				ts.Fatalf("%s stands on two pages of %s", key, args[1])
			}
			seen[key] = true
		}
		if path = ""; page.Next != "" {
			path = args[1] + "&cursor=" + url.QueryEscape(page.Next)
		}
	}
	if len(seen) != want {
		ts.Fatalf("%s holds %d rows, not %d: %v", args[1], len(seen), want, slices.Sorted(maps.Keys(seen)))
	}
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// cmdRoutes fills what an address needs from the first row of the list above it.
func cmdRoutes(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	v := bearer(ts)
	p, err := v.Get(api.Prefix + "/openapi.json")
	ts.Check(err)
	var doc map[string]any
	ts.Check(json.Unmarshal(p.Body, &doc))
	ts.Check(api.Validate(doc))
	paths := doc["paths"].(map[string]any)
	read, without := 0, []string{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if _, ok := paths[path].(map[string]any)["get"]; !ok {
			continue
		}
		address := api.Prefix + strings.TrimPrefix(path, api.Prefix)
		if name := placeholder.FindStringSubmatchIndex(address); name != nil {
			id := firstOf(ts, v, strings.TrimSuffix(address[:name[0]], "/"), address[name[2]:name[3]])
			if id == "" {
				without = append(without, path)
				continue
			}
			address = address[:name[0]] + url.PathEscape(id) + address[name[1]:]
		}
		p, err := v.Get(address)
		ts.Check(err)
		if p.Status == http.StatusNotFound && needsMore(paths[path]) {
			without = append(without, path)
			continue
		}
		if p.Status == http.StatusNotFound || p.Status >= 500 || p.Status == http.StatusUnauthorized {
			ts.Fatalf("GET %s answered %d: %s", address, p.Status, p.Body)
		}
		ts.Logf("GET %s: %d", address, p.Status)
		read++
	}
	fmt.Fprintf(ts.Stdout(), "%d read; nothing to read for %v\n", read, without)
}

// needsMore tells whether an address names a thing in its query, too.
func needsMore(path any) bool {
	params, _ := path.(map[string]any)["get"].(map[string]any)["parameters"].([]any)
	return slices.ContainsFunc(params, func(p any) bool { return p.(map[string]any)["name"] == "event" })
}

func firstOf(ts *testscript.TestScript, v *visit.Visitor, list, name string) string {
	p, err := v.Get(list)
	ts.Check(err)
	var page struct{ Items []map[string]any }
	if p.Status != http.StatusOK {
		return ""
	}
	ts.Check(json.Unmarshal(p.Body, &page))
	for _, field := range []string{name, "number", "id"} {
		if len(page.Items) > 0 && page.Items[0][field] != nil {
			return fmt.Sprint(page.Items[0][field])
		}
	}
	return ""
}

func cmdSays(ts *testscript.TestScript, neg bool, args []string) {
	refuse(ts, neg)
	s := on(ts).server
	seconds, err := strconv.Atoi(args[0])
	ts.Check(err)
	fits := regexp.MustCompile(args[1])
	for deadline := time.Now().Add(time.Duration(seconds) * time.Second); !fits.MatchString(s.out.String()); time.Sleep(100 * time.Millisecond) {
		if !s.running() || time.Now().After(deadline) {
			ts.Fatalf("the server did not say %q:\n%s", args[1], s.out.last(10))
		}
	}
}

var ruleID = regexp.MustCompile(`(?m)^id: (\S+)`)

// cmdStory looks for an alert of each step's rule on the step's computer.
func cmdStory(ts *testscript.TestScript, neg bool, _ []string) {
	refuse(ts, neg)
	var lacking []string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		there := alertsByRule(ts)
		lacking = nil
		for _, step := range demo.Steps() {
			raw, err := os.ReadFile(filepath.Join("..", "area", "detect", "rules", filepath.FromSlash(step.Rule)+".yml"))
			ts.Check(err)
			id := ruleID.FindSubmatch(raw)
			if id == nil || !slices.ContainsFunc(there[string(id[1])], func(a alertSeen) bool {
				if a.State != "new" { // of the year before
					return false
				}
				return strings.EqualFold(a.Host, step.Host) || step.Host == ""
			}) {
				lacking = append(lacking, step.Rule+" of "+step.Unit)
			}
		}
		if len(lacking) == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no alert of %s", strings.Join(lacking, ", "))
		}
	}
}

type alertSeen struct{ Rule, Host, State string }

func alertsByRule(ts *testscript.TestScript) map[string][]alertSeen {
	there, v := map[string][]alertSeen{}, bearer(ts)
	for path := api.Prefix + "/alerts?limit=500"; path != ""; {
		p, err := v.Get(path)
		ts.Check(err)
		var page struct {
			Items []alertSeen
			Next  string
		}
		ts.Check(json.Unmarshal(p.Body, &page))
		for _, a := range page.Items {
			there[a.Rule] = append(there[a.Rule], a)
		}
		if path = ""; page.Next != "" {
			path = api.Prefix + "/alerts?limit=500&cursor=" + url.QueryEscape(page.Next)
		}
	}
	return there
}

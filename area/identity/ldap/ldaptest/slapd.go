// Package ldaptest starts a real OpenLDAP server in a temporary folder for
// tests.
package ldaptest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"yagura/area/identity/ldap"
)

// Base is where the people of the directory are.
const Base = "ou=people,dc=works,dc=example"

const (
	suffix = "dc=works,dc=example"
	root   = "cn=root," + suffix
	reader = "cn=reader," + suffix
	secret = "a password of the test"
)

// Server is a running directory.
type Server struct {
	entries
	port   int
	daemon *exec.Cmd
}

func program() string {
	if path, err := exec.LookPath("slapd"); err == nil {
		return path
	}
	return "/usr/sbin/slapd"
}

// Installed tells whether there is a slapd; with YAGURA_REQUIRE_SLAPD=1 it
// fails where there is none.
func Installed(t testing.TB) bool {
	t.Helper()
	_, err := os.Stat(program())
	if err != nil && os.Getenv("YAGURA_REQUIRE_SLAPD") == "1" {
		t.Fatal("slapd is required (YAGURA_REQUIRE_SLAPD=1) and not installed")
	}
	return err == nil
}

// Start starts slapd on a free port of the loopback, with the overlay that
// tells changes (slapo-syncprov(5)). Where it is not installed the test is
// skipped, and says so.
func Start(t testing.TB) *Server { t.Helper(); return start(t, syncprov) }

// StartPlain starts one that tells no changes.
func StartPlain(t testing.TB) *Server { t.Helper(); return start(t, "") }

// syncprov is what switches the telling on; of a hundred changes it knows who
// was deleted.
const syncprov = `overlay syncprov
syncprov-sessionlog 100
`

func start(t testing.TB, overlay string) *Server {
	t.Helper()
	if !Installed(t) {
		t.Skip("slapd is not installed: no test with a real directory")
	}
	s := &Server{entries: entries{t: t, folder: t.TempDir(), dn: dn}}
	certificate(t, s.folder, "127.0.0.1")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	module := ""
	if overlay != "" {
		module = "moduleload syncprov\n"
	}
	s.write("slapd.conf", fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
%[6]spidfile %[1]s/slapd.pid
TLSCertificateFile %[1]s/server.pem
TLSCertificateKeyFile %[1]s/server.key
TLSCACertificateFile %[1]s/server.pem
security simple_bind=128
database mdb
suffix %[2]q
rootdn %[3]q
rootpw %[5]q
directory %[1]s/data
maxsize 104857600
index objectClass,uid,modifyTimestamp,entryCSN,entryUUID eq
sizelimit 100
limits dn.exact=%[4]q size=unlimited size.pr=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=%[4]q read by anonymous auth by * none
%[7]s`, s.folder, suffix, root, reader, secret, module, overlay))
	t.Cleanup(s.Stop)
	s.Empty()
	return s
}

// Run starts the server again after Stop.
func (s *Server) Run() {
	s.t.Helper()
	s.daemon = exec.Command(program(), "-f", s.at("slapd.conf"), "-h", fmt.Sprintf("ldap://127.0.0.1:%d", s.port), "-d", "0")
	s.daemon.Stderr = os.Stderr
	if err := s.daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.connect()
}

// Stop ends the server in order, so that it remembers up to where it has told
// its changes.
func (s *Server) Stop() {
	if s.daemon == nil {
		return
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.daemon.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(5*time.Second, func() { s.daemon.Process.Kill() })
	s.daemon.Wait()
	late.Stop()
	s.daemon, s.conn = nil, nil
}

// Empty starts the server with nobody in it.
func (s *Server) Empty() {
	s.t.Helper()
	s.Stop()
	if err := os.RemoveAll(s.at("data")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Mkdir(s.at("data"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.Run()
	s.add(suffix, map[string][]string{"objectClass": {"dcObject", "organization"}, "dc": {"works"}, "o": {"Works"}})
	s.add(Base, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"people"}})
	s.add(reader, map[string][]string{"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"reader"}, "userPassword": {secret}})
}

// connect signs in as the directory's own administrator, by way of the very
// connection that is tested: the server takes passwords over TLS alone.
func (s *Server) connect() {
	s.t.Helper()
	s.write("password", secret+"\n")
	c := s.Connection("unit: any\n")
	c.BindDN = root
	for range 100 {
		var err error
		if s.conn, err = c.Dial(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, err := c.Dial()
	s.t.Fatalf("slapd did not answer: %v", err)
}

// File is the file of the configuration that describes the directory, with
// more lines, such as its unit.
func (s *Server) File(more string) string {
	s.write("works.yaml", fmt.Sprintf(`name: works
title: OpenLDAP of the works
url: ldap://localhost:%d
starttls: true
ca: server.pem
bind_dn: %s
password_file: password
base: %s
preset: openldap
page_size: 10
`, s.port, reader, Base)+more)
	return s.at("works.yaml")
}

// Connection is that file, read.
func (s *Server) Connection(more string) ldap.Connection {
	s.t.Helper()
	c, err := ldap.Read(s.File(more))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Person adds somebody.
func (s *Server) Person(uid, name string) {
	s.t.Helper()
	s.add(dn(uid), map[string][]string{"objectClass": {"inetOrgPerson", "shadowAccount"}, "uid": {uid}, "cn": {name}, "sn": {name}, "mail": {uid + "@example.com"}})
}

func dn(uid string) string { return "uid=" + goldap.EscapeDN(uid) + "," + Base }

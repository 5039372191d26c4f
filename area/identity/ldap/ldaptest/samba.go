package ldaptest

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	goldap "github.com/go-ldap/ldap/v3"

	"yagura/area/identity/ldap"
)

// What the domain of the test has.
const (
	Domain    = "DC=works,DC=example"
	People    = "OU=People," + Domain    // where Yagura looks for people
	Elsewhere = "OU=Elsewhere," + Domain // where it does not
	reading   = "yagura-reader"
	ruling    = "Passw0rd-of-the-test"
)

// Samba is a running domain controller of Active Directory.
type Samba struct {
	entries
	address string // of its own, since the ports are always the same
	daemon  *exec.Cmd
}

// StartSamba makes a domain and starts its controller, which takes some ten
// seconds: only with YAGURA_REQUIRE_SAMBA=1. Where it is not possible then, the
// test fails.
func StartSamba(t testing.TB) *Samba {
	t.Helper()
	if os.Getenv("YAGURA_REQUIRE_SAMBA") != "1" {
		t.Skip("a real domain controller is asked only with YAGURA_REQUIRE_SAMBA=1")
	}
	missing := ""
	for _, path := range []string{"/usr/sbin/samba", "/usr/bin/samba-tool", "/usr/share/samba/setup/ad-schema"} {
		if _, err := os.Stat(path); err != nil {
			missing = path
		}
	}
	if os.Geteuid() != 0 {
		missing = "root, for port 389"
	}
	if missing != "" {
		t.Fatalf("Samba is required (YAGURA_REQUIRE_SAMBA=1) and this is missing: %s", missing)
	}
	pid := os.Getpid()
	s := &Samba{entries: entries{t: t, folder: t.TempDir(), dn: func(name string) string { return "CN=" + name + "," + People }}, address: fmt.Sprintf("127.77.%d.%d", pid>>8&255, pid&127+1)}
	out, err := exec.Command("samba-tool", "domain", "provision", "--realm=WORKS.EXAMPLE", "--domain=WORKS", "--server-role=dc", "--adminpass="+ruling,
		"--dns-backend=NONE", "--targetdir="+s.at("domain"), "--host-name=dc1", "--host-ip="+s.address).CombinedOutput()
	if err != nil {
		t.Fatalf("samba-tool domain provision: %v\n%s", err, out)
	}
	certificate(t, s.folder, s.address)
	s.write("password", ruling+"\n")
	t.Cleanup(s.Stop)
	s.Run()
	for _, dn := range []string{People, Elsewhere} {
		s.add(dn, map[string][]string{"objectClass": {"organizationalUnit"}})
	}
	s.add("CN="+reading+",CN=Users,"+Domain, map[string][]string{"objectClass": {"user"}, "sAMAccountName": {reading}, "userAccountControl": {"512"}, "unicodePwd": {secretOf(ruling)}})
	return s
}

// Run starts the controller again after Stop: its LDAP alone.
func (s *Samba) Run() {
	s.t.Helper()
	args := []string{"-i", "-M", "single", "-s", s.at("domain/etc/smb.conf"), "--debug-stdout"}
	for _, option := range []string{"server services=ldap", "interfaces=" + s.address + "/8", "bind interfaces only=yes", "log file=",
		"tls keyfile=" + s.at("server.key"), "tls certfile=" + s.at("server.pem"), "tls cafile=" + s.at("server.pem"),
		"pid directory=" + s.folder, "ncalrpc dir=" + s.at("ncalrpc"), "cache directory=" + s.at("domain")} {
		args = append(args, "--option="+option)
	}
	log, err := os.Create(s.at("log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.daemon = exec.Command("/usr/sbin/samba", args...)
	s.daemon.Stdout, s.daemon.Stderr = log, log
	if _, err := s.daemon.StdinPipe(); err != nil { // it ends with its standard input
		s.t.Fatal(err)
	}
	if err := s.daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	c := s.Connection("unit: any\n")
	c.BindDN = "CN=Administrator,CN=Users," + Domain
	for range 200 {
		if s.conn, err = c.Dial(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(s.at("log"))
	s.t.Fatalf("Samba did not answer: %v\n%s", err, said)
}

// Stop ends the controller.
func (s *Samba) Stop() {
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

// Connection is the domain as the reader sees it.
func (s *Samba) Connection(more string) ldap.Connection {
	s.t.Helper()
	s.write("works.yaml", fmt.Sprintf(`name: works
title: Active Directory of the works
url: ldaps://%s
ca: server.pem
bind_dn: CN=%s,CN=Users,%s
password_file: password
base: %s
preset: active-directory
page_size: 10
`, s.address, reading, Domain, People)+more)
	c, err := ldap.Read(s.at("works.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// ReadDeleted lets the reader see the container of deleted objects, as dsacls
// does on Windows.
func (s *Samba) ReadDeleted() {
	s.t.Helper()
	out, err := exec.Command("/usr/bin/python3", "-c", `import sys
from samba.samdb import SamDB
from samba.param import LoadParm
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack, ndr_pack
import ldb
lp = LoadParm(); lp.load(sys.argv[1])
sam = SamDB(url=sys.argv[2], lp=lp, session_info=system_session())
dn = "CN=Deleted Objects," + sys.argv[3]
found = sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=["show_deleted:1"])
sd = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0])
add = security.descriptor.from_sddl("D:(A;CI;LCRP;;;" + sys.argv[4] + ")", security.dom_sid(sam.get_domain_sid()))
for ace in add.dacl.aces: sd.dacl_add(ace)
m = ldb.Message(ldb.Dn(sam, dn))
m["sd"] = ldb.MessageElement(ndr_pack(sd), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
sam.modify(m, ["show_deleted:1", "sd_flags:1:4"])
`, s.at("domain/etc/smb.conf"), s.at("domain/private/sam.ldb"), Domain, s.sid()).CombinedOutput()
	if err != nil {
		s.t.Fatalf("the rights of the container of deleted objects: %v\n%s", err, out)
	}
}

// sid is the reader's security identifier as text ([MS-DTYP] §2.4.2.1).
func (s *Samba) sid() string {
	answer, err := s.conn.Search(goldap.NewSearchRequest("CN="+reading+",CN=Users,"+Domain, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"objectSid"}, nil))
	if err != nil || len(answer.Entries) != 1 {
		s.t.Fatal(err)
	}
	b := answer.Entries[0].GetRawAttributeValue("objectSid")
	text := fmt.Sprintf("S-%d-%d", b[0], b[7])
	for rest := b[8:]; len(rest) >= 4; rest = rest[4:] {
		text += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(rest))
	}
	return text
}

// Person adds somebody.
func (s *Samba) Person(name, label string) {
	s.t.Helper()
	s.add("CN="+name+","+People, map[string][]string{"objectClass": {"user"}, "sAMAccountName": {name}, "userPrincipalName": {name + "@works.example"}, "displayName": {label},
		"mail": {name + "@works.example"}, "unicodePwd": {secretOf(ruling)}, "userAccountControl": {"512"}})
}

// Move moves somebody from one branch to another.
func (s *Samba) Move(name, from, to string) {
	s.t.Helper()
	if err := s.conn.ModifyDN(goldap.NewModifyDNRequest("CN="+name+","+from, "CN="+name, true, to)); err != nil {
		s.t.Fatalf("move %s: %v", name, err)
	}
}

// secretOf is a password as unicodePwd takes it ([MS-ADTS] 3.1.1.3.1.5.1).
func secretOf(password string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

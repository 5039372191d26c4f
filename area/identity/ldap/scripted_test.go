package ldap_test

import (
	"bufio"
	"bytes"
	"encoding/asn1"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"yagura/area/identity/ldap"
)

// scripted is a server that says what the test has it say: what the daemons do
// not do when asked to.
type scripted struct {
	t    *testing.T
	conn chan net.Conn
	// watched takes the number of the search that waits for changes.
	watched chan int
	root    map[string][]string
	// search answers a search that is neither of the root DSE nor waits; nil: nothing is found.
	search func(request []byte) []byte
	deaf   atomic.Bool
}

// der is an element with a tag, whose contents are put together.
func der(tag byte, contents ...[]byte) []byte {
	all := bytes.Join(contents, nil)
	raw, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: all})
	if err != nil {
		panic(err)
	}
	return raw
}

func octets(s string) []byte { return der(0x04, []byte(s)) }

func message(id int, op []byte, more ...[]byte) []byte {
	n, _ := asn1.Marshal(id)
	return der(0x30, append([][]byte{n, op}, more...)...)
}

// result is what ends an operation (RFC 4511 §4.1.9).
func result(tag byte, code int) []byte {
	n, _ := asn1.Marshal(asn1.Enumerated(code))
	return der(tag, n, octets(""), octets(""))
}

const (
	bindResponse = 0x61
	searchEntry  = 0x64
	searchDone   = 0x65
)

func entry(dn string, attributes map[string][]string) []byte {
	var list []byte
	for name, values := range attributes {
		var set []byte
		for _, v := range values {
			set = append(set, octets(v)...)
		}
		list = append(list, der(0x30, octets(name), der(0x31, set))...)
	}
	return der(searchEntry, octets(dn), der(0x30, list))
}

const (
	notification = "1.2.840.113556.1.4.528"
	syncRequest  = "1.3.6.1.4.1.4203.1.9.1.1"
)

// serve begins to listen and returns the connection that leads there.
func (s *scripted) serve(t *testing.T, preset string) ldap.Connection {
	t.Helper()
	s.t, s.conn, s.watched = t, make(chan net.Conn, 10), make(chan int, 10)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.conn <- conn
			go s.answer(conn)
		}
	}()
	t.Setenv("YAGURA_TEST_OF_LDAP", "secret")
	return ldap.Connection{Name: "scripted", URL: "ldap://" + listener.Addr().String(), BindDN: "cn=reader", PasswordEnv: "YAGURA_TEST_OF_LDAP",
		Base: "OU=People,DC=works,DC=example", Filter: "(objectClass=*)", Preset: preset, Timeout: 5 * time.Second, Page: 100}
}

func (s *scripted) answer(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		size := int(head[1])
		if size > 0x80 {
			long := make([]byte, size-0x80)
			if _, err := io.ReadFull(in, long); err != nil {
				return
			}
			size = 0
			for _, b := range long {
				size = size<<8 | int(b)
			}
		}
		request := make([]byte, size)
		if _, err := io.ReadFull(in, request); err != nil {
			return
		}
		var id int
		rest, err := asn1.Unmarshal(request, &id)
		if err != nil {
			s.t.Error(err)
			return
		}
		var op asn1.RawValue
		if _, err := asn1.Unmarshal(rest, &op); err != nil {
			s.t.Error(err)
			return
		}
		var out []byte
		switch {
		case op.Tag == 0: // bind
			out = message(id, result(bindResponse, 0))
		case op.Tag != 3 || s.deaf.Load():
		case bytes.Contains(rest, []byte(notification)), bytes.Contains(rest, []byte(syncRequest)):
			s.watched <- id
		case bytes.HasPrefix(op.Bytes, []byte{0x04, 0x00}): // the root DSE
			out = append(message(id, entry("", s.root)), message(id, result(searchDone, 0))...)
		default:
			if s.search != nil {
				if e := s.search(rest); e != nil {
					out = message(id, e)
				}
			}
			out = append(out, message(id, result(searchDone, 0))...)
		}
		conn.Write(out)
	}
}

const (
	guidBytes = "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
	guidText  = "00112233-4455-6677-8899-aabbccddeeff"
)

// TestNotifications reads what a domain controller tells ([MS-ADTS]
// 3.1.1.3.4.1.9).
func TestNotifications(t *testing.T) {
	server := &scripted{root: map[string][]string{"dsServiceName": {"CN=DC1"}, "supportedControl": {"1.2.3", notification}, "namingContexts": {"CN=Configuration,DC=works,DC=example", "dc=works,dc=example", "DC=example"}}}
	var asked []byte
	server.search = func(request []byte) []byte { asked = request; return nil }
	c := server.serve(t, "active-directory")
	l := watch(t, c, new(ldap.Cookie))
	conn, id := <-server.conn, <-server.watched
	if got := l.until("it is ready", ready); !got.Changed || !got.Blind || !bytes.Contains(asked, []byte("CN=Deleted Objects,dc=works,dc=example")) {
		t.Errorf("%+v, asked %q", got, asked)
	}
	for _, x := range []struct {
		what, dn   string
		attributes map[string][]string
		want       ldap.Change
	}{
		{"is changed", "cn=Ito,ou=PEOPLE,dc=Works,dc=Example", map[string][]string{"objectGUID": {guidBytes}, "objectClass": {"top", "person", "user"}}, ldap.Change{Changed: true, Touched: []string{guidText}}},
		{"lies elsewhere", "CN=Ito,OU=Elsewhere,DC=works,DC=example", map[string][]string{"objectGUID": {guidBytes}}, ldap.Change{Touched: []string{guidText}}},
		{"is deleted", "CN=Ito\\0ADEL:00112233-4455-6677-8899-aabbccddeeff,CN=Deleted Objects,DC=works,DC=example", map[string][]string{"objectGUID": {guidBytes}, "isDeleted": {"TRUE"}}, ldap.Change{Touched: []string{guidText}}},
		{"is deleted and says no more", "CN=x,CN=Deleted Objects,DC=works,DC=example", map[string][]string{"isDeleted": {"TRUE"}}, ldap.Change{All: true}},
		{"a branch is moved", "OU=Works 3,OU=Elsewhere,DC=works,DC=example", map[string][]string{"objectGUID": {guidBytes}, "objectClass": {"top", "organizationalUnit"}}, ldap.Change{All: true}},
		{"may not be read", "CN=Ito,OU=People,DC=works,DC=example", nil, ldap.Change{Changed: true}},
		{"no name at all", "nonsense", nil, ldap.Change{}},
	} {
		conn.Write(message(id, entry(x.dn, x.attributes)))
		select {
		case got := <-l.told:
			if got.Changed != x.want.Changed || got.All != x.want.All || !slices.Equal(got.Touched, x.want.Touched) {
				t.Errorf("%s: %+v, want %+v", x.what, got, x.want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: not told", x.what)
		}
	}
	// By the identifier one asks in its bytes, the first parts backwards.
	found, err := l.s.Ask(t.Context(), ldap.Question{Server: "CN=DC1", Mark: "7", IDs: []string{guidText}, Now: time.Now()})
	if err != nil || !slices.Equal(found.Gone, []string{guidText}) || found.Mark != "7" || !bytes.Contains(asked, []byte(guidBytes)) {
		t.Errorf("%+v %v, asked %q", found, err, asked)
	}
	conn.Close()
	if err := <-l.ended; err == nil || errors.Is(err, ldap.ErrUnwatchable) {
		t.Errorf("the line broke: %v", err)
	}
}

func TestWatchIsRefused(t *testing.T) {
	for _, x := range []struct {
		preset string
		cookie ldap.Cookie
		code   int
		want   error
		all    bool
	}{
		{"active-directory", nil, 53, ldap.ErrUnwatchable, false}, // unwillingToPerform
		{"openldap", nil, 12, ldap.ErrUnwatchable, false},         // unavailableCriticalExtension
		{"openldap", nil, 4, ldap.ErrUnwatchable, false},          // sizeLimitExceeded
		{"openldap", nil, 50, ldap.ErrUnwatchable, false},         // insufficientAccessRights
		{"openldap", nil, 51, nil, false},                         // busy
		{"openldap", nil, 0, nil, false},
		{"openldap", ldap.Cookie("old"), 4096, ldap.ErrStartAnew, true}, // e-syncRefreshRequired
		{"openldap", ldap.Cookie("old"), 53, ldap.ErrStartAnew, false},
	} {
		server := &scripted{root: map[string][]string{"dsServiceName": {"CN=DC1"}, "supportedControl": {notification, syncRequest}}}
		c := server.serve(t, x.preset)
		s, err := c.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn := <-server.conn
		go func() { conn.Write(message(<-server.watched, result(searchDone, x.code))) }()
		all, cookie := false, x.cookie
		err = s.Watch(t.Context(), &cookie, func(c ldap.Change) { all = all || c.All })
		if err == nil || x.want != nil && !errors.Is(err, x.want) || x.want == nil && (errors.Is(err, ldap.ErrUnwatchable) || errors.Is(err, ldap.ErrStartAnew)) || all != x.all || len(cookie) > 0 {
			t.Errorf("%s %d: %v, all %v, cookie %q", x.preset, x.code, err, all, cookie)
		}
		s.Close()
	}
}

// TestDeadLine asks a server that answers no more.
func TestDeadLine(t *testing.T) {
	server := &scripted{root: map[string][]string{}}
	c := server.serve(t, "openldap")
	c.Timeout = time.Second / 5
	s, err := c.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server.deaf.Store(true)
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a dead line answers")
	}
	if _, err := s.Ask(t.Context(), ldap.Question{Now: time.Now()}); err == nil {
		t.Error("a dead line answers")
	}
}

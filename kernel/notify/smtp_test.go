package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// smtpServer is a mail server outside of this product: STARTTLS, AUTH PLAIN
// after it, and no mail before.
type smtpServer struct {
	host, ca string
	port     int
	cert     tls.Certificate
	noTLS    bool // does not offer STARTTLS

	mu      sync.Mutex
	refuse  string // answer to RCPT, such as "550 no such user"
	mails   []string
	plainly int // sessions that tried to send without TLS
}

func newSMTP(t *testing.T) *smtpServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{host: "localhost", ca: filepath.Join(t.TempDir(), "ca.pem"), cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	if err := os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	door, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	_, port, _ := net.SplitHostPort(door.Addr().String())
	s.port, _ = strconv.Atoi(port)
	go func() {
		for {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *smtpServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 test ESMTP")
	secure, known := false, false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			switch {
			case secure:
				say("250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN")
			case s.noTLS:
				say("250-test\r\n250 AUTH PLAIN")
			default:
				say("250-test\r\n250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go on")
			c := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			if c.Handshake() != nil {
				return
			}
			conn, in, secure = c, bufio.NewReader(c), true
			say = func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
		case "AUTH":
			_, token, _ := strings.Cut(rest, " ")
			raw, _ := base64.StdEncoding.DecodeString(token)
			if known = secure && string(raw) == "\x00yagura\x00s3cret"; known {
				say("235 welcome")
			} else {
				say("535 who are you")
			}
		case "MAIL":
			if !secure || !known {
				s.mu.Lock()
				s.plainly++
				s.mu.Unlock()
				say("530 STARTTLS and AUTH first")
				continue
			}
			say("250 ok")
		case "RCPT":
			s.mu.Lock()
			refuse := s.refuse
			s.mu.Unlock()
			if refuse != "" {
				say("%s", refuse)
			} else {
				say("250 ok")
			}
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			s.mu.Lock()
			s.mails = append(s.mails, b.String())
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *smtpServer) refusing(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = answer
}

func (s *smtpServer) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

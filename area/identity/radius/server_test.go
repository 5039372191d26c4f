package radius

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
)

var secret = []byte("a secret of one client")

type clients struct{}

func (clients) NASAt(_ context.Context, from netip.Addr) (Client, bool) {
	return Client{ID: "vpn-1", Secret: secret}, from == netip.MustParseAddr("127.0.0.1")
}

// door asks for the code 123456 after the password "open", once each state.
type door struct {
	mu    sync.Mutex
	asked []Request
	open  map[string]bool
}

func (d *door) Enter(_ context.Context, r Request) (Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r)
	switch {
	case r.User == "broken":
		return Answer{}, errors.New("no database")
	case r.State != "" && d.open[r.State] && r.Secret == "123456":
		delete(d.open, r.State)
		return Answer{Kind: Accept, Class: "session-1", Timeout: time.Hour, Filter: "staff", Message: strings.Repeat("ようこそ", 40)}, nil
	case r.State == "" && r.Secret == "open":
		d.open["state-1"] = true
		return Answer{Kind: Challenge, State: "state-1", Message: "code", Timeout: time.Minute}, nil
	}
	return Answer{}, nil
}

func (d *door) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

// at starts a server and returns a socket to it.
func at(t *testing.T) (*door, net.Conn) {
	t.Helper()
	d := &door{open: map[string]bool{}}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = Server{Clients: clients{}, Door: d, Log: slog.New(slog.DiscardHandler)}.Serve(ctx, conn, time.Now)
	}()
	t.Cleanup(func() { stop(); <-done })
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return d, client
}

func ask(t *testing.T, conn net.Conn, raw []byte, wait time.Duration) []byte {
	t.Helper()
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	var buffer [4096]byte
	n, err := conn.Read(buffer[:])
	if err != nil {
		return nil
	}
	return buffer[:n]
}

func access(t *testing.T, user, password, state string) (*radius.Packet, []byte) {
	t.Helper()
	p := radius.New(radius.CodeAccessRequest, secret)
	if err := errors.Join(rfc2865.UserName_SetString(p, user), rfc2865.UserPassword_SetString(p, password)); err != nil {
		t.Fatal(err)
	}
	if state != "" {
		p.Add(rfc2865.State_Type, radius.Attribute(state))
	}
	p.Add(rfc2865.ProxyState_Type, radius.Attribute("by way of"))
	raw, err := sign(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, raw
}

// answered checks that an answer is made for the request and with the secret.
func answered(t *testing.T, request *radius.Packet, raw []byte) *radius.Packet {
	t.Helper()
	if raw == nil {
		t.Fatal("no answer")
	}
	sent, _ := request.Encode()
	if !radius.IsAuthenticResponse(raw, sent, secret) {
		t.Error("the authenticator of the answer is wrong")
	}
	if !authentic(raw, secret, request.Authenticator) || radius.Type(raw[20]) != macType {
		t.Error("the answer does not begin with a valid Message-Authenticator")
	}
	p, err := radius.Parse(raw, secret)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rfc2865.ProxyState_Get(p)); got != "by way of" {
		t.Errorf("Proxy-State = %q", got)
	}
	return p
}

func TestPasswordThenCode(t *testing.T) {
	_, conn := at(t)
	request, raw := access(t, "keller", "open", "")
	p := answered(t, request, ask(t, conn, raw, 5*time.Second))
	if p.Code != radius.CodeAccessChallenge || rfc2865.SessionTimeout_Get(p) != 60 {
		t.Fatalf("%v, timeout %v", p.Code, rfc2865.SessionTimeout_Get(p))
	}
	state := string(rfc2865.State_Get(p))
	request, raw = access(t, "keller", "123456", state)
	p = answered(t, request, ask(t, conn, raw, 5*time.Second))
	if p.Code != radius.CodeAccessAccept || string(rfc2865.Class_Get(p)) != "session-1" || rfc2865.FilterID_GetString(p) != "staff" || rfc2865.SessionTimeout_Get(p) != 3600 {
		t.Errorf("%v %v", p.Code, p.Attributes)
	}
	parts, _ := rfc2865.ReplyMessage_GetStrings(p)
	if strings.Join(parts, "") != strings.Repeat("ようこそ", 40) || len(parts) != 2 {
		t.Errorf("message in %d parts: %q", len(parts), parts)
	}
	request, raw = access(t, "keller", "123456", state)
	if p = answered(t, request, ask(t, conn, raw, 5*time.Second)); p.Code != radius.CodeAccessReject {
		t.Errorf("the state opens twice: %v", p.Code)
	}
}

func TestTheSamePacketIsAnsweredOnce(t *testing.T) {
	d, conn := at(t)
	_, raw := access(t, "keller", "open", "")
	first := ask(t, conn, raw, 5*time.Second)
	second := ask(t, conn, raw, 5*time.Second)
	if first == nil || !bytes.Equal(first, second) || d.count() != 1 {
		t.Errorf("%d requests were asked of the door; answers %x and %x", d.count(), first, second)
	}
}

func TestWhatIsDropped(t *testing.T) {
	d, conn := at(t)
	_, good := access(t, "keller", "open", "")
	bare := radius.New(radius.CodeAccessRequest, secret)
	_ = rfc2865.UserName_SetString(bare, "keller")
	_ = rfc2865.UserPassword_SetString(bare, "open")
	without, _ := bare.Encode()
	other := radius.New(radius.CodeAccessRequest, []byte("another secret"))
	_ = rfc2865.UserName_SetString(other, "keller")
	wrong, _ := sign(other)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	twice := append(append([]byte(nil), good...), good[20:38]...)
	twice[2], twice[3] = byte(len(twice)>>8), byte(len(twice))
	accounting := radius.New(radius.CodeAccountingRequest, secret)
	_ = rfc2866.AcctStatusType_Set(accounting, rfc2866.AcctStatusType_Value_Start)
	account, _ := sign(accounting)
	for name, raw := range map[string][]byte{
		"no Message-Authenticator": without, "wrong secret": wrong, "a bit is flipped": flipped, "two Message-Authenticators": twice,
		"short": good[:19], "cut": good[:len(good)-3], "accounting": account, "empty": {},
	} {
		if got := ask(t, conn, raw, 100*time.Millisecond); got != nil {
			t.Errorf("%s: answered with %v", name, radius.Code(got[0]))
		}
	}
	if d.count() != 0 {
		t.Errorf("the door was asked %d times", d.count())
	}
	if _, raw := access(t, "broken", "x", ""); ask(t, conn, raw, 100*time.Millisecond) != nil {
		t.Error("answered though the door could not say")
	}
}

func TestStatusServer(t *testing.T) {
	_, conn := at(t)
	p := radius.New(radius.CodeStatusServer, secret)
	p.Add(rfc2865.ProxyState_Type, radius.Attribute("by way of"))
	raw, err := sign(p)
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, conn, raw, 5*time.Second)
	if answer == nil || radius.Code(answer[0]) != radius.CodeAccessAccept || !authentic(answer, secret, p.Authenticator) {
		t.Errorf("%x", answer)
	}
}

func TestDisconnect(t *testing.T) {
	nas, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nas.Close()
	codes := make(chan radius.Code, 8)
	go func() {
		var buffer [4096]byte
		for {
			n, from, err := nas.ReadFrom(buffer[:])
			if err != nil {
				return
			}
			p, err := radius.Parse(buffer[:n], secret)
			if err != nil || !radius.IsAuthenticRequest(buffer[:n], secret) || !authentic(buffer[:n], secret, [16]byte{}) || named(p) != "session-1" {
				continue
			}
			code, more := <-codes
			if !more {
				continue
			}
			if raw, err := p.Response(code).Encode(); err == nil {
				_, _ = nas.WriteTo([]byte{byte(code), raw[1], 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, from) // forged: not listened to
				_, _ = nas.WriteTo(raw, from)
			}
		}
	}()
	codes <- radius.CodeDisconnectACK
	codes <- radius.CodeDisconnectNAK
	address, end := nas.LocalAddr().String(), Ending{User: "keller", Class: "session-1"}
	if err := Disconnect(context.Background(), address, secret, end); err != nil {
		t.Error(err)
	}
	if err := Disconnect(context.Background(), address, secret, end); !errors.Is(err, ErrRefused) {
		t.Errorf("NAK: %v", err)
	}
	codes <- radius.CodeDisconnectACK
	end.Class, end.Session = "another", "session-1" // named exactly, nothing else is sent
	if err := Disconnect(context.Background(), address, secret, end); err != nil {
		t.Error(err)
	}
	close(codes)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := Disconnect(ctx, address, secret, end); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
}

// named is the one thing by which a session is named.
func named(p *radius.Packet) string {
	return string(rfc2865.Class_Get(p)) + rfc2866.AcctSessionID_GetString(p)
}

func FuzzPacket(f *testing.F) {
	p := radius.New(radius.CodeAccessRequest, secret)
	_ = rfc2865.UserName_SetString(p, "keller")
	_ = rfc2865.UserPassword_SetString(p, "open")
	raw, _ := sign(p)
	f.Add(raw)
	f.Add(raw[:25])
	f.Add(append([]byte{4}, raw[1:]...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) >= 20 && radius.Code(raw[0]) == radius.CodeAccountingRequest { // no fuzzer finds a sum: what an account says is read whoever made it
			if p, err := radius.Parse(raw, secret); err == nil {
				a, err := account(p, "vpn", netip.Addr{})
				if err == nil && a.Session == "" && a.Status != On && a.Status != Off {
					t.Errorf("an account of no session: %+v", a)
				}
				if ack, err := acknowledge(p); err == nil && !radius.IsAuthenticResponse(ack, raw, secret) {
					t.Errorf("an acknowledgement that does not hold: %x", ack)
				}
			}
		}
		p, err := open(raw, secret)
		if err != nil {
			return
		}
		r, err := read(p, "vpn", netip.Addr{})
		if err == nil && r.User == "" {
			t.Error("a request without a name")
		}
		answer, err := write(p, Answer{Kind: Challenge, State: "s", Message: "m"})
		if err == nil && !authentic(answer, secret, p.Authenticator) {
			t.Errorf("an answer that does not hold: %x", answer)
		}
	})
}

package radius

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2868"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
	"layeh.com/radius/rfc6911"
)

// book keeps accounts in memory, unless it is full.
type book struct {
	mu   sync.Mutex
	full bool
	kept []Account
}

func (b *book) Keep(_ context.Context, a Account) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return errors.New("the disk is full")
	}
	b.kept = append(b.kept, a)
	return nil
}

func (b *book) fill(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = full
}

func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept)
}

// keeping starts a server of accounts and returns a socket to it.
func keeping(t *testing.T) (*book, net.Conn) {
	t.Helper()
	b := &book{}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = Server{Clients: clients{}, Book: b, Log: slog.New(slog.DiscardHandler)}.Serve(ctx, conn, time.Now)
	}()
	t.Cleanup(func() { stop(); <-done })
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return b, client
}

func accounting(status rfc2866.AcctStatusType, session string) *radius.Packet {
	p := radius.New(radius.CodeAccountingRequest, secret)
	_ = rfc2866.AcctStatusType_Set(p, status)
	if session != "" {
		_ = rfc2866.AcctSessionID_SetString(p, session)
	}
	p.Add(rfc2865.ProxyState_Type, radius.Attribute("by way of"))
	return p
}

func encoded(t *testing.T, p *radius.Packet) []byte {
	t.Helper()
	raw, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAccountsAreKeptAndThenAcknowledged(t *testing.T) {
	b, conn := keeping(t)
	p := accounting(rfc2866.AcctStatusType_Value_Start, "0000001A")
	raw := encoded(t, p)
	b.fill(true)
	if got := ask(t, conn, raw, 100*time.Millisecond); got != nil {
		t.Fatalf("acknowledged though it could not be kept: %x", got)
	}
	b.fill(false)
	first := ask(t, conn, raw, 5*time.Second)
	if first == nil || b.count() != 1 {
		t.Fatalf("answer %x, %d kept", first, b.count())
	}
	answer, err := radius.Parse(first, secret)
	if err != nil || answer.Code != radius.CodeAccountingResponse || !radius.IsAuthenticResponse(first, raw, secret) || string(rfc2865.ProxyState_Get(answer)) != "by way of" {
		t.Errorf("%v %v", answer, err)
	}
	if again := ask(t, conn, raw, 5*time.Second); !bytes.Equal(again, first) || b.count() != 1 {
		t.Errorf("the same packet again: %x, %d kept", again, b.count())
	}
	p = accounting(rfc2866.AcctStatusType_Value_Stop, "0000001A")
	raw, err = sign(p)
	if err != nil {
		t.Fatal(err)
	}
	got := ask(t, conn, raw, 5*time.Second)
	if got == nil || b.count() != 2 {
		t.Fatal("one that is signed is not kept")
	}
	if !radius.IsAuthenticResponse(got, raw, secret) {
		t.Errorf("the answer to one that is signed: %x", got)
	}
}

func TestWhatAnAccountSays(t *testing.T) {
	b, conn := keeping(t)
	stamp := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	p := accounting(rfc2866.AcctStatusType_Value_InterimUpdate, "0000001A")
	for _, err := range []error{
		rfc2865.UserName_SetString(p, "keller"), rfc2865.NASIPAddress_Set(p, net.IPv4(192, 0, 2, 1)), rfc2865.NASIdentifier_SetString(p, "vpn-1"),
		rfc2865.CallingStationID_SetString(p, "00-10-A4-23-19-C0"), rfc2868.TunnelClientEndpoint_SetString(p, 1, "198.51.100.7"),
		rfc2865.FramedIPAddress_Set(p, net.IPv4(10, 1, 2, 3)), rfc6911.FramedIPv6Address_Set(p, net.ParseIP("2001:db8::3")),
		rfc3162.FramedIPv6Prefix_Set(p, &net.IPNet{IP: net.ParseIP("2001:db8:7::"), Mask: net.CIDRMask(64, 128)}),
		rfc2866.AcctInputOctets_Set(p, 5), rfc2869.AcctInputGigawords_Set(p, 2), rfc2866.AcctOutputOctets_Set(p, 4294967295),
		rfc2866.AcctSessionTime_Set(p, 600), rfc2866.AcctDelayTime_Set(p, 7), rfc2869.EventTimestamp_Set(p, stamp), rfc2866.AcctTerminateCause_Set(p, rfc2866.AcctTerminateCause_Value_IdleTimeout),
		rfc2869.NASPortID_SetString(p, "Gi1/0/\x007"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.Add(rfc2865.Class_Type, radius.Attribute("another's"))
	p.Add(rfc2865.Class_Type, radius.Attribute{0xff, 0xfe})
	p.Add(rfc2865.Class_Type, radius.Attribute("session-1"))
	if ask(t, conn, encoded(t, p), 5*time.Second) == nil {
		t.Fatal("not kept")
	}
	want := Account{Client: "vpn-1", Status: Interim, Box: "192.0.2.1", Session: "0000001A", User: "keller", Class: []string{"another's", "session-1"}, Station: "00-10-A4-23-19-C0",
		From: "198.51.100.7", Address: "10.1.2.3, 2001:db8::3, 2001:db8:7::/64", Port: "Gi1/0/?7", Sent: 2<<32 + 5, Received: 4294967295, Lasted: 10 * time.Minute, Delay: 7 * time.Second, Stamp: stamp, Cause: "Idle-Timeout"}
	if !reflect.DeepEqual(b.kept[0], want) {
		t.Errorf("\n%+v\n%+v", b.kept[0], want)
	}
	p = accounting(rfc2866.AcctStatusType_Value_AccountingOn, "")
	_ = rfc2865.FramedIPAddress_Set(p, net.IPv4(255, 255, 255, 254)) // "the NAS chooses" is no address
	if ask(t, conn, encoded(t, p), 5*time.Second) == nil {
		t.Fatal("not kept")
	}
	if a := b.kept[1]; a.Status != On || a.Box != "127.0.0.1" || a.Address != "" {
		t.Errorf("%+v", a)
	}
}

func TestAccountsThatAreDropped(t *testing.T) {
	b, conn := keeping(t)
	good := encoded(t, accounting(rfc2866.AcctStatusType_Value_Start, "1"))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	other := accounting(rfc2866.AcctStatusType_Value_Start, "1")
	other.Secret = []byte("another secret")
	// The authenticator is right, and what is signed beside it is not.
	wrong := accounting(rfc2866.AcctStatusType_Value_Start, "1")
	wrong.Add(macType, make(radius.Attribute, macSize))
	twice := accounting(rfc2866.AcctStatusType_Value_Start, "1")
	if _, err := sign(twice); err != nil {
		t.Fatal(err)
	}
	twice.Add(macType, twice.Attributes[0].Attribute)
	bare := radius.New(radius.CodeAccountingRequest, secret)
	_, login := access(t, "keller", "open", "")
	for name, raw := range map[string][]byte{
		"a bit is flipped": flipped, "wrong secret": encoded(t, other), "wrong Message-Authenticator": encoded(t, wrong), "two Message-Authenticators": encoded(t, twice),
		"no status": encoded(t, bare), "a status that is not kept": encoded(t, accounting(9, "1")), "no session": encoded(t, accounting(rfc2866.AcctStatusType_Value_Stop, "")),
		"a session that is no text": encoded(t, accounting(rfc2866.AcctStatusType_Value_Start, "\xff\x00")), "a sign-in": login, "short": good[:19],
	} {
		if got := ask(t, conn, raw, 50*time.Millisecond); got != nil {
			t.Errorf("%s: answered with %v", name, radius.Code(got[0]))
		}
	}
	if b.count() != 0 {
		t.Errorf("%d were kept: %+v", b.count(), b.kept)
	}
	p := radius.New(radius.CodeStatusServer, secret)
	raw, err := sign(p)
	if err != nil {
		t.Fatal(err)
	}
	if answer := ask(t, conn, raw, 5*time.Second); answer == nil || radius.Code(answer[0]) != radius.CodeAccountingResponse || !authentic(answer, secret, p.Authenticator) {
		t.Errorf("Status-Server: %x (RFC 5997 §4.2)", answer)
	}
}

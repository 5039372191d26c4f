package peer_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"yagura/kernel/peer"
)

func TestReach(t *testing.T) {
	for _, c := range []struct {
		kind                   string
		addresses              []string
		closed, private, local bool // what allows them: nothing asked for, Private, Local
	}{
		{"public", []string{"8.8.8.8", "203.0.112.1", "2606:4700::1111", "2400::1", "::ffff:8.8.8.8"}, true, true, true},
		{"of the group", []string{"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12::1", "::ffff:10.1.2.3"}, false, true, false},
		{"this machine", []string{"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}, false, false, true},
		{"never", []string{"169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1", "198.18.0.1",
			"64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "2001::1", "192.0.2.1", "240.0.0.1"}, false, false, false},
	} {
		for _, s := range c.addresses {
			a := netip.MustParseAddr(s)
			for reach, want := range map[peer.Reach]bool{{}: c.closed, {Private: true}: c.private, {Local: true}: c.local, {Private: true, Local: true}: c.private || c.local} {
				if reach.Allows(a) != want {
					t.Errorf("%s (%s) with %+v: allowed %t", s, c.kind, reach, !want)
				}
			}
		}
	}
}

// A name can't smuggle an address in: what counts is where the connection goes.
func TestClientLooksWhereItConnects(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	for _, url := range []string{inside.URL, "http://localhost" + inside.URL[len("http://127.0.0.1"):]} {
		for _, reach := range []peer.Reach{{}, {Private: true}} {
			if _, err := reach.Client(time.Minute).Get(url); !errors.Is(err, peer.ErrReach) || reached {
				t.Errorf("%s with %+v: %v", url, reach, err)
			}
		}
		resp, err := peer.Reach{Local: true}.Client(time.Minute).Get(url)
		if err != nil || !reached {
			t.Errorf("%s, allowed: %v", url, err)
			continue
		}
		resp.Body.Close()
		reached = false
	}
}

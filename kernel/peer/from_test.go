package peer_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yagura/kernel/peer"
)

func TestOnlyTrustedProxiesAreBelieved(t *testing.T) {
	for _, c := range []struct{ from, forwarded, want string }{
		{"203.0.113.9:1234", "192.0.2.7", "203.0.113.9:1234"}, // claims of a stranger
		{"10.0.0.5:1234", "192.0.2.7", "192.0.2.7:0"},
		{"10.0.0.5:1234", "198.51.100.1, 192.0.2.7", "192.0.2.7:0"}, // the first is the sender's own claim
		{"10.0.0.5:1234", "192.0.2.7, 10.0.0.6", "192.0.2.7:0"},     // two proxies
		{"10.0.0.5:1234", "192.0.2.7, nonsense", "10.0.0.5:1234"},
		{"10.0.0.5:1234", "", "10.0.0.5:1234"},
		{"[::ffff:10.0.0.5]:1234", "2001:db8::1", "[2001:db8::1]:0"},
	} {
		var got string
		var vouched bool
		h := peer.Behind([]string{"10.0.0.0/24"}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, vouched = r.RemoteAddr, peer.Vouched(r) }))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want || vouched != strings.HasSuffix(c.want, ":0") {
			t.Errorf("%s with %q is taken for %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}

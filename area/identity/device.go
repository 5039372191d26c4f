package identity

import (
	"net"
	"net/http"
	"strings"

	"yagura/kernel/id"
)

// Device is where a session is used from, as far as the request tells, and the
// piece of equipment it was recognised as.
type Device struct {
	Agent   string // name of the browser, cut to 200 letters
	Network string // address
	ID      string // of the equipment; empty where it was not recognised
	Managed bool   // by the group, for this person

	token  string // by which it is recognised
	pinned bool   // the token came in a cookie that only this host can set
	named  string // pseudonym of a name that a gate gives it, which proves nothing
	seat   seat   // behind a server that asks by RADIUS
}

// DeviceOf reads the device from a request.
func DeviceOf(r *http.Request) Device {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	agent := strings.ToValidUTF8(r.UserAgent(), "?")
	if len(agent) > 200 {
		agent = strings.ToValidUTF8(agent[:200], "")
	}
	d := Device{Agent: agent, Network: host}
	if c, err := r.Cookie(pinnedCookie); err == nil {
		d.token, d.pinned = c.Value, true
	} else if c, err := r.Cookie(plainCookie); err == nil {
		d.token = c.Value
	}
	return d
}

// The cookie by which a device is recognised: over HTTPS one that no other host
// of the domain can set.
const (
	pinnedCookie = "__Host-yagura-device"
	plainCookie  = "yagura-device"
	cookieFor    = 400 * 24 * 60 * 60 // seconds; browsers keep none longer
)

// Arrive is DeviceOf for a browser that is about to sign in: one that brings no
// token is given one. Nothing is kept of it until somebody signs in.
func (s *Service) Arrive(w http.ResponseWriter, r *http.Request) Device {
	d := DeviceOf(r)
	if !s.trusts(d) {
		d.token, d.pinned = id.Token(), s.secure
	}
	c := &http.Cookie{Name: plainCookie, Value: d.token, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode, MaxAge: cookieFor}
	if s.secure {
		c.Name = pinnedCookie
	}
	http.SetCookie(w, c)
	return d
}

// trusts tells whether the token can be a device's.
func (s *Service) trusts(d Device) bool {
	return len(d.token) >= 32 && len(d.token) <= 100 && (d.pinned || !s.secure)
}

// Label names the browser and the system of a device for people, such as
// "Chrome 156, Windows". What it does not know it shows as it was sent, for
// a stranger among the sessions is what one looks for in the list.
func (d Device) Label() string {
	name, system := d.browser(), d.system()
	switch {
	case name == "":
		return d.Agent
	case system == "":
		return name
	}
	return name + ", " + system
}

// browsers are in the order of looking: nearly all call themselves Chrome and
// Safari as well, and Chrome calls itself Safari.
var browsers = []struct{ mark, name string }{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

func (d Device) browser() string {
	for _, b := range browsers {
		_, rest, found := strings.Cut(d.Agent, b.mark)
		if !found || b.name == "Safari" && !strings.Contains(rest, "Safari/") {
			continue
		}
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 {
			return b.name
		}
		return b.name + " " + rest[:digits]
	}
	return ""
}

func (d Device) system() string {
	for _, s := range []struct{ mark, name string }{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(d.Agent, s.mark) {
			return s.name
		}
	}
	return ""
}

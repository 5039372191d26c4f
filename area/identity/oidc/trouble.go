package oidc

import (
	"net/http"
	"net/url"
	"time"

	"yagura/area/identity"
	"yagura/kernel/text"
)

// Trouble is a question of a proxy that was refused for how it was asked.
type Trouble struct {
	At   time.Time
	What text.Message
}

// troubleEvery bounds how often the same application's trouble is logged.
const troubleEvery = time.Minute

// misasked remembers what is wrong with a proxy, for the log and for the page of
// its application; about those that are not registered, of the latest alone.
func (p *Provider) misasked(r *http.Request, c identity.Client, what text.Message) {
	now := p.now()
	p.trouble.Lock()
	last, known := p.troubles[c.ID]
	if p.troubles == nil {
		p.troubles = map[string]Trouble{}
	}
	if known && now.Sub(last.At) < troubleEvery {
		p.trouble.Unlock()
		return
	}
	p.troubles[c.ID] = Trouble{now, what}
	p.trouble.Unlock()
	p.log.WarnContext(r.Context(), "a gate is closed, for its proxy asks wrongly: the page of the application shows how it must be set up",
		"application", c.ID, "why", what.In(text.EN), "from", identity.DeviceOf(r).Network)
}

// TroubleOf is the latest with the proxy of an application that this process saw.
func (p *Provider) TroubleOf(client string) (Trouble, bool) {
	p.trouble.Lock()
	defer p.trouble.Unlock()
	t, ok := p.troubles[client]
	return t, ok
}

// Why somebody is stopped at a gate, besides the reasons of policies.
const (
	stopLate  = "late"
	stopSetup = "setup"
)

// stopped is what the page says of it. It is sealed, so that nobody makes the page
// say anything, nor learns from it what is registered.
type stopped struct {
	Client string `json:"c"`
	Why    string `json:"w"`
}

const aboutStop = "stopped at a gate"

// stop leads a person to a page that says why he does not get in; a program, and
// a proxy that can't lead anywhere, is told 403.
func (p *Provider) stop(w http.ResponseWriter, r *http.Request, c identity.Client, why string, status bool) {
	sealed, err := p.Seal(stopped{c.ID, why}, aboutStop)
	if err != nil {
		p.gateFails(w, r, err)
		return
	}
	page := p.issuer + StoppedPath + "?" + url.Values{"s": {sealed}}.Encode()
	if status || !navigates(r) {
		w.Header().Set("Location", page)
		http.Error(w, "nobody gets in here like that", http.StatusForbidden)
		return
	}
	http.Redirect(w, r, page, http.StatusFound)
}

// Stop is what the page of somebody who was stopped shows.
type Stop struct {
	Client string // name of the application; empty where none is known
	Back   string // where it is opened again
	Why    text.Message
}

// Stopped is what a page's address says; a stranger's says nothing.
func (p *Provider) Stopped(r *http.Request) (s Stop) {
	var said stopped
	s.Why = text.M("This sign-in was begun in another browser, took too long, or was used already. Please open the application again.")
	if p.Unseal(r.URL.Query().Get("s"), aboutStop, &said) != nil {
		return s
	}
	if c, err := p.FindClient(r.Context(), said.Client); err == nil && c.Kind == identity.GateClient {
		s.Client, s.Back = c.Name, p.origin(c)+"/"
	}
	switch said.Why {
	case stopLate:
	case stopSetup:
		s.Why = text.M("The proxy before this application is not set up as it must be, so nobody gets in. Whoever looks after the application finds on its page in Yagura what is wrong, and how it must be.")
	default:
		s.Why = identity.PlaceWords(said.Why)
	}
	return s
}

package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp/kb"
)

// The first administrator opens the printed link, adds a passkey, signs out and
// in again with it; all by keyboard. Afterwards no first link is printed.
func TestPasskey(t *testing.T) {
	w := browse(t)
	s, err := installation(folder(t))
	started(t, s, err)
	link, err := s.link(0)
	if err != nil {
		link, err = s.link(10e9)
	}
	if err != nil {
		t.Fatal(err)
	}
	command(w, webauthn.Enable, webauthn.EnableParams{})
	key := command(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	// The page offers passkeys by itself (conditional mediation), and an authenticator
	// that is touched by itself takes the offer before the button is reached.
	touch := func(on bool) {
		command(w, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: key.AuthenticatorID, Enabled: on})
	}
	w.open(link)
	w.tabTo("the button of the link's page", "el.matches('form[action=\"/enter\"] button')")
	w.leaving(func() { w.press(kb.Enter) })
	w.tabTo("the name of the passkey", "el.matches('[data-passkey=create] input')")
	w.press("Test key")
	w.tabTo("the button that adds a passkey", "el.matches('[data-passkey=create] button')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the passkey in the list", "document.body.innerText.includes('Test key')")
	w.quiet("adding a passkey")

	w.tabTo("the person's menu", "el.matches('.avatar-fold summary')")
	w.press(kb.Enter)
	touch(false)
	w.tabTo("signing out", "el.matches('form[action=\"/sign-out\"] button')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the page for signing in", "location.pathname === '/sign-in'")
	w.tabTo("the button that signs in", "el.matches('[data-passkey=get] button')")
	w.leaving(func() {
		w.press(kb.Enter)
		touch(true)
	})
	w.until("the first page", "location.pathname === '/' && document.querySelector('.avatar')")
	w.quiet("signing in with a passkey")

	// An authenticator that does not know the person opens nothing, and says so.
	other := browse(t)
	command(other, webauthn.Enable, webauthn.EnableParams{})
	command(other, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	other.open(s.url + "/sign-in")
	other.tabTo("the button that signs in", "el.matches('[data-passkey=get] button')")
	other.press(kb.Enter)
	other.until("the reason", "document.querySelector('[role=alert]') && !document.querySelector('[role=alert]').hidden && document.querySelector('[role=alert]').innerText.length > 5")

	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.out = &journal{}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	if err := s.ready(60e9); err != nil {
		t.Fatal(err)
	}
	if l := links.FindString(s.out.String()); l != "" {
		t.Error("a link is printed although an administrator can sign in")
	}
}

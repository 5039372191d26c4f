package web

import (
	"testing"
	"time"

	"yagura/area/identity"
	"yagura/console"
)

// TestOnlyAProofIsGreen: that an application answered 200 is no proof.
func TestOnlyAProofIsGreen(t *testing.T) {
	at := time.Unix(1, 0)
	for _, x := range []struct {
		l    identity.Logout
		tone console.Tone
	}{
		{identity.Logout{}, console.Plain},
		{identity.Logout{Attempts: 2, Problem: "refused"}, console.Bad},
		{identity.Logout{Attempts: 1, Done: at, Status: 200, Millis: 12}, console.Warn},
		{identity.Logout{Attempts: 1, Done: at, Status: 200, Proof: identity.Answered}, console.Plain},
		{identity.Logout{Attempts: 1, Done: at, Status: 200, Proof: identity.ProbeSilent}, console.Warn},
		{identity.Logout{Attempts: 1, Done: at, Status: 200, Proof: identity.StillIn}, console.Bad},
		{identity.Logout{Attempts: 1, Done: at, Status: 200, Proof: identity.ProbedOut, Proved: 182}, console.Good},
	} {
		cell := proofCell(&console.Context{}, x.l)
		if cell.Kind == "stack" {
			cell = cell.More[0]
		}
		if cell.Tone != x.tone {
			t.Errorf("%+v is %q, not %q", x.l, cell.Tone, x.tone)
		}
	}
	told := clientRow{Client: identity.Client{Kind: identity.WebClient, LogoutURI: "https://x.example/out"}, Told: true, Logout: identity.Logout{Attempts: 1, Done: at, Status: 200}}
	if tone := logoutCell(&console.Context{}, told).Tone; tone == console.Good {
		t.Errorf("the list shows an answer as a proof: %s", tone)
	}
}

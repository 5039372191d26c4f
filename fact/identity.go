package fact

import (
	"time"

	"yagura/kernel/store"
)

// LinkMade is recorded when a one-time link was made for a person.
type LinkMade struct {
	Person  string    `json:"person"`
	Unit    string    `json:"unit"`
	Purpose string    `json:"purpose"`
	Until   time.Time `json:"until"`
}

// Heading implements store.Fact.
func (f LinkMade) Heading() store.Heading {
	return store.Heading{Kind: "identity.link-made", Unit: f.Unit, Subject: f.Person}
}

// SignedIn is recorded when a session began.
type SignedIn struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Method string `json:"method"` // "passkey", "link" or "persona"
}

// Heading implements store.Fact.
func (f SignedIn) Heading() store.Heading {
	return store.Heading{Kind: "identity.signed-in", Unit: f.Unit, Subject: f.Person}
}

// SessionsEnded is recorded when sessions ended before their time.
type SessionsEnded struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Count  int64  `json:"count"`
}

// Heading implements store.Fact.
func (f SessionsEnded) Heading() store.Heading {
	return store.Heading{Kind: "identity.sessions-ended", Unit: f.Unit, Subject: f.Person}
}

// PasskeyEnrolled is recorded when a person added a passkey.
type PasskeyEnrolled struct {
	Person   string `json:"person"`
	Unit     string `json:"unit"`
	Passkey  string `json:"passkey"`
	BackedUp bool   `json:"backed_up"` // whether the authenticator keeps a copy elsewhere
	// BackupEligible is whether it ever may; Model is what its maker vouched for,
	// and Hardware that the key can't leave it.
	BackupEligible bool   `json:"backup_eligible,omitempty"`
	Model          string `json:"model,omitempty"`
	Hardware       bool   `json:"hardware,omitempty"`
}

// Heading implements store.Fact.
func (f PasskeyEnrolled) Heading() store.Heading {
	return store.Heading{Kind: "identity.passkey-enrolled", Unit: f.Unit, Subject: f.Person}
}

// PasskeyRenamed is recorded when a person called a passkey something else.
type PasskeyRenamed struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Passkey string `json:"passkey"`
}

// Heading implements store.Fact.
func (f PasskeyRenamed) Heading() store.Heading {
	return store.Heading{Kind: "identity.passkey-renamed", Unit: f.Unit, Subject: f.Person}
}

// PasskeyRemoved is recorded when a passkey no longer counts.
type PasskeyRemoved struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Passkey string `json:"passkey"`
	Reason  string `json:"reason"` // "removed" or "cloned": the counter went back
}

// Heading implements store.Fact.
func (f PasskeyRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.passkey-removed", Unit: f.Unit, Subject: f.Person}
}

// TokenMade is recorded when a person made a token for the API.
type TokenMade struct {
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	Token  string    `json:"token"` // its id, not the secret
	Acts   []string  `json:"acts"`
	Until  time.Time `json:"until"`
}

// Heading implements store.Fact.
func (f TokenMade) Heading() store.Heading {
	return store.Heading{Kind: "identity.token-made", Unit: f.Unit, Subject: f.Person}
}

// TokenRevoked is recorded when a token was ended.
type TokenRevoked struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Token  string `json:"token"`
}

// Heading implements store.Fact.
func (f TokenRevoked) Heading() store.Heading {
	return store.Heading{Kind: "identity.token-revoked", Unit: f.Unit, Subject: f.Person}
}

// AccountClosed is recorded when a person was locked out and is kept out.
type AccountClosed struct {
	Person   string `json:"person"`
	Unit     string `json:"unit"`
	State    string `json:"state"` // "contained" or "disabled"
	Reason   string `json:"reason"`
	Incident string `json:"incident,omitempty"`
}

// Heading implements store.Fact.
func (f AccountClosed) Heading() store.Heading {
	return store.Heading{Kind: "identity.account-closed", Unit: f.Unit, Subject: f.Person}
}

// AccountOpened is recorded when a person who was locked out may sign in again.
type AccountOpened struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	State  string `json:"state"` // what ended
}

// Heading implements store.Fact.
func (f AccountOpened) Heading() store.Heading {
	return store.Heading{Kind: "identity.account-opened", Unit: f.Unit, Subject: f.Person}
}

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

// LinkHanded is recorded when somebody was shown a link in order to hand it over,
// where no mail reaches the person.
type LinkHanded struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Purpose string `json:"purpose"`
}

// Heading implements store.Fact.
func (f LinkHanded) Heading() store.Heading {
	return store.Heading{Kind: "identity.link-handed", Unit: f.Unit, Subject: f.Person}
}

// SignedIn is recorded when a session began.
type SignedIn struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Method string `json:"method"` // "passkey", "password", "link", "first", "recovery", "recovery-code" or "persona"
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
	Reason  string `json:"reason"` // "removed", "lost", "disowned", or "cloned": the counter went back
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

// What a person may sign in by besides passkeys.
const (
	App           = "app" // authenticator app (TOTP)
	RecoveryCodes = "recovery-codes"
	Password      = "password"
)

// FactorEnrolled is recorded when a person added something to sign in by that is
// no passkey, or replaced it.
type FactorEnrolled struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Factor string `json:"factor"`
}

// Heading implements store.Fact.
func (f FactorEnrolled) Heading() store.Heading {
	return store.Heading{Kind: "identity.factor-enrolled", Unit: f.Unit, Subject: f.Person}
}

// FactorRemoved is recorded when such a thing no longer counts.
type FactorRemoved FactorEnrolled

// Heading implements store.Fact.
func (f FactorRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.factor-removed", Unit: f.Unit, Subject: f.Person}
}

// RecoveryAsked is recorded when somebody can't sign in and asks for a link.
type RecoveryAsked struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Request string `json:"request"`
}

// Heading implements store.Fact.
func (f RecoveryAsked) Heading() store.Heading {
	return store.Heading{Kind: "identity.recovery-asked", Unit: f.Unit, Subject: f.Person}
}

// RecoveryVouched is recorded when the manager or the help desk approved it.
type RecoveryVouched struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Request string `json:"request"`
	As      string `json:"as"` // who vouched: "manager", "region", "division", "desk"; "help-desk" made the link
}

// Heading implements store.Fact.
func (f RecoveryVouched) Heading() store.Heading {
	return store.Heading{Kind: "identity.recovery-vouched", Unit: f.Unit, Subject: f.Person}
}

// RecoveryRefused is recorded when a request was turned down.
type RecoveryRefused RecoveryAsked

// Heading implements store.Fact.
func (f RecoveryRefused) Heading() store.Heading {
	return store.Heading{Kind: "identity.recovery-refused", Unit: f.Unit, Subject: f.Person}
}

// Recovered is recorded when a link of recovery was used: what the person signed
// in by before no longer counts, and his sessions reach aal2 at most for a day.
type Recovered struct {
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	Until  time.Time `json:"until"`
}

// Heading implements store.Fact.
func (f Recovered) Heading() store.Heading {
	return store.Heading{Kind: "identity.recovered", Unit: f.Unit, Subject: f.Person}
}

// AccountDisowned is recorded when a person says that it was not he who signed
// in or changed something.
type AccountDisowned struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Count  int64  `json:"count"` // sessions that were ended
}

// Heading implements store.Fact.
func (f AccountDisowned) Heading() store.Heading {
	return store.Heading{Kind: "identity.account-disowned", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassAsked is recorded when somebody asks that an account be made one for
// emergencies, or be one no longer: a second person decides.
type BreakGlassAsked struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Ends   bool   `json:"ends"` // it shall be one no longer
}

// Heading implements store.Fact.
func (f BreakGlassAsked) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-asked", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassRefused is recorded when the second person refused, or who asked took
// it back.
type BreakGlassRefused BreakGlassAsked

// Heading implements store.Fact.
func (f BreakGlassRefused) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-refused", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassMade is recorded when a second person agreed that an account is one
// for emergencies.
type BreakGlassMade struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Asked  string `json:"asked_by,omitempty"` // the first person
}

// Heading implements store.Fact.
func (f BreakGlassMade) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-made", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassEnded is recorded when it is no longer one.
type BreakGlassEnded BreakGlassMade

// Heading implements store.Fact.
func (f BreakGlassEnded) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-ended", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassUsed is recorded when somebody signed in with it.
type BreakGlassUsed struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Session string `json:"session"`
	Client  string `json:"client,omitempty"` // the application that was entered
}

// Heading implements store.Fact.
func (f BreakGlassUsed) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-used", Unit: f.Unit, Subject: f.Person}
}

// BreakGlassDrilled is recorded when a drill was held.
type BreakGlassDrilled struct {
	Person string    `json:"person"`
	Unit   string    `json:"unit"`
	Used   time.Time `json:"used"` // the sign-in that it was
}

// Heading implements store.Fact.
func (f BreakGlassDrilled) Heading() store.Heading {
	return store.Heading{Kind: "identity.break-glass-drilled", Unit: f.Unit, Subject: f.Person}
}

// ClientAdded is recorded when an application was registered for sign-in.
type ClientAdded struct {
	Client string `json:"client"`
	Unit   string `json:"unit"`
	Form   string `json:"form"` // "web", "native", "service" or "gate"
}

// Heading implements store.Fact.
func (f ClientAdded) Heading() store.Heading {
	return store.Heading{Kind: "identity.client-added", Unit: f.Unit, Subject: f.Client}
}

// ClientChanged is recorded when the settings of an application changed.
type ClientChanged struct {
	Client string `json:"client"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f ClientChanged) Heading() store.Heading {
	return store.Heading{Kind: "identity.client-changed", Unit: f.Unit, Subject: f.Client}
}

// ClientSecretMade is recorded when an application got a new secret.
type ClientSecretMade struct {
	Client string `json:"client"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f ClientSecretMade) Heading() store.Heading {
	return store.Heading{Kind: "identity.client-secret-made", Unit: f.Unit, Subject: f.Client}
}

// ClientRemoved is recorded when an application can no longer sign people in.
type ClientRemoved struct {
	Client string `json:"client"`
	Unit   string `json:"unit"`
}

// Heading implements store.Fact.
func (f ClientRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.client-removed", Unit: f.Unit, Subject: f.Client}
}

// SigningKeyMade is recorded when a key for tokens was made and published.
type SigningKeyMade struct {
	Key       string `json:"key"` // its thumbprint (RFC 7638)
	Algorithm string `json:"algorithm"`
}

// Heading implements store.Fact.
func (f SigningKeyMade) Heading() store.Heading {
	return store.Heading{Kind: "identity.signing-key-made", Subject: f.Key}
}

// SigningKeyRotated is recorded when tokens began to be signed with another key.
type SigningKeyRotated struct {
	Key       string `json:"key"`
	Retired   string `json:"retired,omitempty"`
	Algorithm string `json:"algorithm"`
}

// Heading implements store.Fact.
func (f SigningKeyRotated) Heading() store.Heading {
	return store.Heading{Kind: "identity.signing-key-rotated", Subject: f.Key}
}

// SigningKeyDropped is recorded when a key that signs no more was withdrawn.
type SigningKeyDropped struct {
	Key       string `json:"key"`
	Algorithm string `json:"algorithm"`
}

// Heading implements store.Fact.
func (f SigningKeyDropped) Heading() store.Heading {
	return store.Heading{Kind: "identity.signing-key-dropped", Subject: f.Key}
}

// GrantsEnded is recorded when applications lost what a person had let them do.
type GrantsEnded struct {
	Person string `json:"person"`
	Unit   string `json:"unit"`
	Client string `json:"client,omitempty"` // empty: all
	Count  int64  `json:"count"`
}

// Heading implements store.Fact.
func (f GrantsEnded) Heading() store.Heading {
	return store.Heading{Kind: "identity.grants-ended", Unit: f.Unit, Subject: f.Person}
}

// DeviceDecided is recorded when a person let a device without a browser in, or
// refused it.
type DeviceDecided struct {
	Person  string `json:"person"`
	Unit    string `json:"unit"`
	Client  string `json:"client"`
	Allowed bool   `json:"allowed"`
}

// Heading implements store.Fact.
func (f DeviceDecided) Heading() store.Heading {
	return store.Heading{Kind: "identity.device-decided", Unit: f.Unit, Subject: f.Person}
}

// NASSaved is recorded when a server that asks by RADIUS was added or changed.
type NASSaved struct {
	NAS       string `json:"nas"`
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	Networks  string `json:"networks"`
	NewSecret bool   `json:"new_secret"`
}

// Heading implements store.Fact.
func (f NASSaved) Heading() store.Heading {
	return store.Heading{Kind: "identity.nas-saved", Unit: f.Unit, Subject: f.NAS}
}

// NASRemoved is recorded when such a server is answered no more.
type NASRemoved struct {
	NAS  string `json:"nas"`
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// Heading implements store.Fact.
func (f NASRemoved) Heading() store.Heading {
	return store.Heading{Kind: "identity.nas-removed", Unit: f.Unit, Subject: f.NAS}
}

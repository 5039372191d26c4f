// Package identity says who is in front of the console: people sign in with a
// passkey, the first one after a one-time link; programs with a token that is
// bound to a person and to acts. No secret is kept: the database holds digests
// of links, sessions and tokens, and public keys.
package identity

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"yagura/area/identity/geo"
	"yagura/area/identity/ldap"
	"yagura/area/identity/password"
	"yagura/kernel/authz"
	"yagura/kernel/job"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of the area.
var Migrations = store.Migrations{Area: "identity", SQL: schema}

// Acts of the area.
const (
	MakeLinks        authz.Act = "identity.link"
	EndSessions      authz.Act = "identity.end-sessions"
	ReadFactors      authz.Act = "identity.read"
	ReadPerson       authz.Act = "identity.person" // one person's sessions, sign-ins and devices
	Recover          authz.Act = "identity.recover"
	VouchFor         authz.Act = "identity.vouch"       // where no head of a unit can
	VouchAbove       authz.Act = "identity.vouch-above" // where nobody of the region can either
	Alarmed          authz.Act = "identity.alarm"
	ManageBreakGlass authz.Act = "identity.break-glass"
	Provision        authz.Act = "identity.provision" // directories, their groups and runs
	ManageClients    authz.Act = "identity.clients"
	RotateKeys       authz.Act = "identity.keys"

	ManageNetworks authz.Act = "identity.networks"
	ManageDevices  authz.Act = "identity.devices"
	ReadTrips      authz.Act = "identity.trips"
	ApproveTrips   authz.Act = "identity.approve-trips" // besides the person's manager
	DraftPolicies  authz.Act = "identity.draft-policy"
	ApprovePolicy  authz.Act = "identity.approve-policy"
	ManageNAS      authz.Act = "identity.nas"

	Contain          authz.Act = "identity.contain"      // lock people out, and let them in again
	ReadContainments authz.Act = "identity.containments" // see whom, why and how far
)

// Acts says who may help others to sign in, and who may lock them out.
var Acts = authz.Table{
	MakeLinks:        {authz.Admin},
	EndSessions:      {authz.Admin, authz.Head, authz.Lead, authz.Handler},
	Recover:          {authz.Admin, authz.Contact},
	VouchFor:         {authz.Regional},
	VouchAbove:       {authz.Head, authz.Officer},
	ReadPerson:       {authz.Admin, authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Regional, authz.Assessor},
	Alarmed:          {authz.Lead, authz.Handler},
	ManageBreakGlass: {authz.Admin, authz.Head},
	ManageNAS:        {authz.Admin},
	ReadFactors:      {authz.Admin, authz.Officer, authz.Head, authz.Lead, authz.Regional, authz.Assessor},
	Provision:        {authz.Admin},
	Contain:          {authz.Head, authz.Lead, authz.Handler},
	ReadContainments: {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Regional, authz.Assessor},
	ManageClients:    {authz.Admin, authz.Head},
	RotateKeys:       {authz.Admin, authz.Head},

	ManageNetworks: {authz.Admin, authz.Head},
	ManageDevices:  {authz.Admin, authz.Head},
	ReadTrips:      {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Regional, authz.Assessor},
	ApproveTrips:   {authz.Head, authz.Regional},
	DraftPolicies:  {authz.Admin, authz.Head, authz.Lead},
	ApprovePolicy:  {authz.Admin, authz.Officer, authz.Head},
}

// Options say how long things last and where the console is reached.
type Options struct {
	PublicURL string        // its host is the relying party of passkeys
	Idle      time.Duration // a session ends when unused for so long; 0 = 8 hours
	Session   time.Duration // and at the latest after so long; 0 = 24 hours
	Passkeys  PasskeyRule
	Blocked   map[string]bool // passwords that are not taken besides the built-in ones, in lower case
	// Allow is what people of a unit may use besides passkeys; nil: what its policy
	// says.
	Allow func(tx *store.Tx, unit string) (Allowance, error)
	// Managers are who vouches for a person that has lost what he signs in by; nil:
	// nobody, and then nobody comes back that way.
	Managers func(tx *store.Tx, p authz.Person) ([]string, error)
	// Letter sends a mail of which nothing is kept; nil: there is no mail, and the
	// help desk hands links over.
	Letter func(ctx context.Context, to authz.Person, ref string, subject, body text.Message, href string) error
	// Guarded are acts that need a sign-in which can't be phished.
	Guarded []authz.Act
	Key     []byte            // secret of the installation, 32 bytes: seeds and state between steps are sealed under it
	People  People            // keeps the people whom directories bring
	LDAP    []ldap.Connection // directories that are asked

	// Accounts tells whether accounting by RADIUS is taken in: servers are then
	// asked to report on the sessions of whom they let in.
	Accounts    bool
	Reach       peer.Reach // where messages to applications may go
	MailDomains []string   // addresses of which are the group's own, in small letters

	Geo     string                                          // file of addresses in the MaxMind format; empty: none
	Country func(tx *store.Tx, unit string) (string, error) // in which people of a unit are employed; nil: it is not known
}

// Service is the area.
type Service struct {
	db       *store.DB
	dir      *authz.Directory
	o        Options
	secure   bool
	webauthn *webauthn.WebAuthn
	tally    tally
	way      way
	gate     *password.Gate
	work     work
	geo      *geo.File
	kept     kept
	sealer
	cases   Cases
	clients clients
	seen    seenClients
	keys    keyCache
}

// New returns the service. The public URL must have a host name, since
// passkeys are bound to one.
func New(db *store.DB, dir *authz.Directory, o Options) (*Service, error) {
	if o.Idle == 0 {
		o.Idle = 8 * time.Hour
	}
	if o.Session == 0 {
		o.Session = 24 * time.Hour
	}
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("identity: the public URL %q has no host", o.PublicURL)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Yagura", RPOrigins: []string{u.Scheme + "://" + u.Host},
	})
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	sealed, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	return &Service{db: db, dir: dir, o: o, secure: u.Scheme == "https", webauthn: w, sealer: sealed, cases: anything{}, gate: password.NewGate(), work: slowWork, geo: geo.Open(o.Geo, db.Now())}, nil
}

// Jobs gives the area's work to the queue.
func (s *Service) Jobs(q *job.Queue) {
	q.Every("identity.sweep", 10*time.Minute, s.Sweep)
	q.Every("identity.break-glass", 24*time.Hour, s.Remind)
	q.Every("identity.coverage", 24*time.Hour, s.PublishCoverage)
	q.Every("identity.seal-events", time.Hour, s.SealEvents)
	q.Register(endKind, job.Options{Attempts: endAttempts, Backoff: 5 * time.Second, Timeout: 30 * time.Second}, s.endAtGate)
	q.Register(askKind, job.Options{Attempts: 5, Backoff: 5 * time.Second, Timeout: time.Minute}, s.lostAsked)
	q.Register(movedKind, job.Options{Attempts: 8, Backoff: 15 * time.Second, Timeout: time.Minute}, s.tellOldAddress)
	q.Register(letterKind, job.Options{Attempts: 8, Backoff: 15 * time.Second, Timeout: time.Minute}, s.sendLink)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// PublicURL is where the console is reached, without a slash at the end.
func (s *Service) PublicURL() string { return strings.TrimSuffix(s.o.PublicURL, "/") }

// Geography tells which file of addresses is in use.
func (s *Service) Geography() geo.State { return s.geo.State(s.db.Now()) }

// unitOf is the unit of a person, under which facts about him are recorded.
func unitOf(tx *store.Tx, person string) (string, error) {
	p, err := authz.FindPerson(tx, person)
	return p.Unit, err
}

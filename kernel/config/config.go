// Package config reads how an installation is set up: one YAML file, and
// environment variables that begin with YAGURA_ and win over it. Every mistake
// is named at once, with its line in the file or the name of its variable, so
// that a server never starts on half of what was meant. Secrets can stand in
// files of their own and are never printed.
package config

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"yagura/kernel/text"
)

// Secret is a setting that is never printed: every way of formatting it shows
// a mark instead.
type Secret struct{ value string }

// NewSecret hides a text.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal is the secret itself, for the one place that uses it.
func (s Secret) Reveal() string { return s.value }

// Set tells whether there is one.
func (s Secret) Set() bool { return s.value != "" }

const hidden = "(hidden)"

// String shows whether there is a secret, not which.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return hidden
}

// Format hides the secret from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret from the log.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Config is the whole set-up of an installation.
type Config struct {
	Listen         string   // host:port of the console and the API
	PublicURL      string   // where people reach it, without a slash at the end; links in mails begin with it
	TrustedProxies []string // CIDR blocks whose X-Forwarded-For is believed
	Role           []string // what this process does: RoleIntake, RoleWorker, RoleConsole
	Data           string   // folder of everything that is not configured elsewhere
	Database       Secret   // "" = SQLite in Data; else postgres://…
	Keys           string   // folder of keys
	Documents      string   // URL of the bucket of documents: file:///… or s3://…
	TLS            TLS
	Log            Log
	OTLP           OTLP
	Metrics        Metrics
	Mail           Mail
	Webhook        Webhook
	Telemetry      Telemetry
	Relay          Relay
	Detection      Detection
	Passkeys       Passkeys
	Passwords      Passwords
	Identity       Identity
	CVE            CVE
	PSIRT          PSIRT
	RADIUSListen   string // host:port (UDP) for gates that speak RADIUS; empty: closed
	RADIUSAccounts string // the same for their accounting
	Session        Session
	LDAP           []string  // files of directories that are asked for people
	Language       text.Lang // for people of whom none is known, and the sign-in page
	Zone           string    // IANA name; for people of whom none is known

	origin map[string]Origin
}

// The roles of a process.
const (
	RoleIntake  = "intake"  // opens the ways in and journals
	RoleWorker  = "worker"  // works the journal, seals the ledger, runs jobs
	RoleConsole = "console" // serves pages and the API
)

// Roles are all of them.
var Roles = []string{RoleIntake, RoleWorker, RoleConsole}

// Has tells whether this process has a role.
func (c *Config) Has(role string) bool { return slices.Contains(c.Role, role) }

// TLS is the server's certificate; both empty: plain HTTP, behind a proxy or
// on this machine only.
type TLS struct{ Cert, Key string }

// Log is how the program speaks of itself.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// OTLP is where traces and metrics are sent; an empty endpoint: nowhere.
type OTLP struct {
	Endpoint string // URL of an OTLP/HTTP collector, such as http://collector:4318
	Headers  Secret // "name=value,name=value"
	Sample   float64
}

// Metrics is who may read /metrics.
type Metrics struct {
	Token Secret // bearer token; empty: /metrics answers on Listen only
	// Listen is an address of its own for /metrics; empty: it is served with the
	// console, to holders of the token alone.
	Listen string
}

// Mail is the SMTP server; an empty host: no mail is sent.
type Mail struct {
	Host     string
	Port     int
	User     string
	Password Secret
	From     string // "Name <address>" or an address
	TLS      string // "starttls" (required), "implicit" or "none"
	CA       string // file of PEM certificates to trust besides the system's
}

// Webhook is what webhooks may reach, and messages to applications.
type Webhook struct {
	AllowPrivate bool // networks of the group too
	AllowLocal   bool // this machine too
}

// Telemetry is where events come in and how long they stay.
type Telemetry struct {
	SyslogUDP, SyslogTCP, SyslogTLS string              // host:port; empty: closed
	Elastic, OTLP                   string              // host:port for _bulk at the root, and OTLP over gRPC; empty: closed
	RelayListen                     string              // host:port of the door for relays; empty: closed
	RelayAddress                    string              // host:port by which relays reach it; empty: the host of PublicURL
	JournalLimit                    int64               // bytes of events taken in and not yet stored; above it senders are told to wait
	Retention                       []Class             // how long events are kept, the standard class first
	Events                          []string            // URLs of event stores; none: a child of this process
	EventsClasses                   map[string][]string // with several classes: URLs of the event stores of each
	EventsUser                      string
	EventsPassword                  Secret
	EventsCA                        string // file of PEM certificates to trust besides the system's
}

// Relay is how a relay speaks with the centre.
type Relay struct {
	To        string // host:port; empty: where it was enrolled
	Bandwidth int64  // bytes a second at most; 0: no bound
}

// Detection is which rules apply besides the built-in ones.
type Detection struct {
	Rules    []string // folders of Sigma rules
	Packs    string   // folder of signed rule packs; "" = none
	PackKeys []string // files of public keys by which packs are trusted
	Builtin  bool
}

// Passkeys is which authenticators may be enrolled.
type Passkeys struct {
	Attestation  string   // "none", "direct" or "required"
	Accepted     []string // AAGUIDs; none: all
	Metadata     string   // file of the FIDO metadata service
	MetadataRoot string   // file of its root certificate
}

// Passwords is what is asked of passwords, where a unit allows any.
type Passwords struct{ Blocklist string }

// Identity is what signing in goes by besides what people set.
type Identity struct {
	Geo         string   // file of addresses in the MaxMind format; empty: no country is known by an address
	MailDomains []string // addresses of which are the group's own, in small letters
}

// CVE is the service at which IDs are reserved and records published, and as whom;
// an empty URL: none.
type CVE struct {
	URL       string
	Org, User string
	Key       Secret
}

// PSIRT is the public site of security advisories; an empty folder: none.
type PSIRT struct {
	Folder    string // of the site
	URL       string // by which the world reaches it
	Listen    string // host:port of its own listener; empty: another web server serves the folder
	Cert, Key string // TLS of that listener
	Access    string // file of who may read GREEN, AMBER and RED (yagura csaf token)
	Name      string // of the publisher
	Namespace string // address that names the publisher
	Contact   string // for reports: a mail address
	Prefix    string // of the numbers of advisories
}

// Session is how long a person stays signed in.
type Session struct {
	Idle    time.Duration // without a sign of life
	Longest time.Duration // in all
}

// Origin is where a setting's value comes from: a line of the file, a
// variable, or neither (the default).
type Origin struct {
	File string
	Line int
	Env  string
}

func (o Origin) String() string {
	switch {
	case o.Env != "":
		return o.Env
	case o.File != "":
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	return ""
}

// Mistake is one thing wrong with the set-up, and where.
type Mistake struct {
	Origin
	Setting string
	Message text.Message
}

// In is the mistake as one line in a language: place, setting, what is wrong.
func (m Mistake) In(lang text.Lang) string {
	s := m.Message.In(lang)
	if m.Setting != "" && m.Setting != m.Env {
		s = m.Setting + ": " + s
	}
	if place := m.Origin.String(); place != "" {
		s = place + ": " + s
	}
	return s
}

func (m Mistake) Error() string { return m.In(text.EN) }

// Postgres tells whether the database is a PostgreSQL server.
func (c *Config) Postgres() bool { return isPostgres(c.Database.Reveal()) }

// DSN is the database as store.Open takes it.
func (c *Config) DSN() string {
	if c.Database.Set() {
		return c.Database.Reveal()
	}
	return c.Data
}

// Location is the zone of people of whom none is known.
func (c *Config) Location() *time.Location {
	if zone, err := time.LoadLocation(c.Zone); err == nil {
		return zone
	}
	return time.UTC
}

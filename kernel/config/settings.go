package config

import (
	"slices"
	"strings"

	"yagura/kernel/text"
)

// setting is one line of the table from which everything here is made: reading,
// checking, showing and the example file.
type setting struct {
	name   string // path in the file, joined by dots
	about  text.Message
	value  value
	secret bool
}

// env is the setting's variable.
func (s setting) env() string {
	return "YAGURA_" + strings.ToUpper(strings.ReplaceAll(s.name, ".", "_"))
}

// settings binds the table to a configuration.
func (c *Config) settings() []setting {
	return []setting{
		{name: "listen", value: address(&c.Listen, true), about: text.M("Address and port at which the console and the API answer")},
		{name: "public_url", value: webURL(&c.PublicURL, "http", "https"), about: text.M("URL by which people reach the console; links in mails begin with it")},
		{name: "trusted_proxies", value: blocks(&c.TrustedProxies), about: text.M("Address blocks of reverse proxies whose X-Forwarded-For header is believed")},
		{name: "role", value: choices(&c.Role, Roles...), about: text.M("What this process does: intake, worker, console; with PostgreSQL several processes can share the work")},
		{name: "data", value: path(&c.Data), about: text.M("Folder in which the server keeps its data")},
		{name: "database", value: database(&c.Database), secret: true, about: text.M("URL of a PostgreSQL database; SQLite in the data folder where there is none")},
		{name: "keys", value: path(&c.Keys), about: text.M("Folder of the keys, shared by all servers of one database; keep a copy in a safe place")},
		{name: "documents", value: bucket(&c.Documents), about: text.M("Where evidence and documents are kept: file:///folder, or s3://bucket?region=…&endpoint=…")},
		{name: "language", value: language(&c.Language), about: text.M("Language for people of whom none is known: en or ja")},
		{name: "zone", value: zone(&c.Zone), about: text.M("Time zone for people of whom none is known, such as Asia/Tokyo")},
		{name: "tls.cert", value: file(&c.TLS.Cert), about: text.M("File of the server's certificate and its chain (PEM)")},
		{name: "tls.key", value: file(&c.TLS.Key), about: text.M("File of the certificate's private key (PEM)")},
		{name: "log.level", value: level(&c.Log.Level), about: text.M("Least serious messages in the log: debug, info, warn or error")},
		{name: "log.format", value: oneOf(&c.Log.Format, "text", "json"), about: text.M("Form of the log: text or json")},
		{name: "otlp.endpoint", value: webURL(&c.OTLP.Endpoint, "http", "https"), about: text.M("URL of an OpenTelemetry collector (OTLP over HTTP) for traces and metrics; nothing is sent without it")},
		{name: "otlp.headers", value: hiddenText(&c.OTLP.Headers), secret: true, about: text.M("Headers for the collector, name=value, separated by commas")},
		{name: "otlp.sample", value: share(&c.OTLP.Sample), about: text.M("Share of requests that are traced, from 0 to 1")},
		{name: "metrics.listen", value: address(&c.Metrics.Listen, false), about: text.M("Address and port of its own for /metrics")},
		{name: "metrics.token", value: hiddenText(&c.Metrics.Token), secret: true, about: text.M("Token with which /metrics can be read at the console's address")},
		{name: "mail.host", value: host(&c.Mail.Host), about: text.M("Mail server (SMTP); no mail is sent without it")},
		{name: "mail.port", value: number(&c.Mail.Port, 1, 65535), about: text.M("Port of the mail server")},
		{name: "mail.user", value: line(&c.Mail.User), about: text.M("User name at the mail server")},
		{name: "mail.password", value: hiddenText(&c.Mail.Password), secret: true, about: text.M("Password at the mail server")},
		{name: "mail.from", value: sender(&c.Mail.From), about: text.M("Sender of mails, such as Yagura <yagura@example.com>")},
		{name: "mail.tls", value: oneOf(&c.Mail.TLS, "starttls", "implicit", "none"), about: text.M("Encryption towards the mail server: starttls (required), implicit, or none")},
		{name: "mail.ca", value: file(&c.Mail.CA), about: text.M("File of certificates (PEM) to trust for the mail server besides the system's")},
		{name: "webhook.allow_private", value: yesNo(&c.Webhook.AllowPrivate), about: text.M("Whether webhooks, and messages to applications that a session is over, may reach private addresses")},
		{name: "webhook.allow_local", value: yesNo(&c.Webhook.AllowLocal), about: text.M("Whether they may reach this machine: for trials")},
		{name: "telemetry.syslog_udp", value: address(&c.Telemetry.SyslogUDP, false), about: text.M("Address and port for syslog over UDP")},
		{name: "telemetry.syslog_tcp", value: address(&c.Telemetry.SyslogTCP, false), about: text.M("Address and port for syslog over TCP")},
		{name: "telemetry.syslog_tls", value: address(&c.Telemetry.SyslogTLS, false), about: text.M("Address and port for syslog over TLS")},
		{name: "telemetry.elastic", value: address(&c.Telemetry.Elastic, false), about: text.M("Address and port for shippers that write to Elasticsearch and know no path; with TLS where tls.cert is set")},
		{name: "telemetry.otlp", value: address(&c.Telemetry.OTLP, false), about: text.M("Address and port for OpenTelemetry logs over gRPC; with TLS where tls.cert is set")},
		{name: "telemetry.relay_listen", value: address(&c.Telemetry.RelayListen, false), about: text.M("Address and port of the door for relays, such as 0.0.0.0:8425; it speaks TLS with certificates of its own")},
		{name: "telemetry.relay_address", value: address(&c.Telemetry.RelayAddress, false), about: text.M("Address and port by which relays reach that door, where it is not the host of public_url")},
		{name: "telemetry.journal_limit", value: size(&c.Telemetry.JournalLimit, 16<<20, 1<<44), about: text.M("How much may be taken in and not yet stored, such as 4GiB; beyond it senders are asked to wait")},
		{name: "telemetry.events", value: webURLs(&c.Telemetry.Events, 2), about: text.M("URL of a VictoriaLogs server or cluster that keeps the events, or of two that keep them twice; without it one runs as a part of this server")},
		{name: "telemetry.events_classes", value: urlsByClass(&c.Telemetry.EventsClasses), about: text.M("With several classes and event stores of your own: the URL of the store of each class, or of two; telemetry.events is then what asks all of them")},
		{name: "telemetry.events_user", value: line(&c.Telemetry.EventsUser), about: text.M("User name at the event stores")},
		{name: "telemetry.events_password", value: hiddenText(&c.Telemetry.EventsPassword), secret: true, about: text.M("Password at the event stores")},
		{name: "telemetry.events_ca", value: file(&c.Telemetry.EventsCA), about: text.M("File of certificates (PEM) to trust for the event stores besides the system's")},
		{name: "telemetry.retention", value: classes(&c.Telemetry.Retention, day, 20*366*day), about: text.M("How long events are kept, such as 400d; or several classes between which the owner of a source chooses, such as {standard: 400d, short: 30d, long: 2557d}")},
		{name: "relay.to", value: address(&c.Relay.To, false), about: text.M("On a relay: address and port of the centre, where it has moved since the relay was enrolled")},
		{name: "relay.bandwidth", value: size(&c.Relay.Bandwidth, 0, 1<<40), about: text.M("On a relay: how many bytes a second may be sent to the centre, such as 256KiB; 0 sets no bound")},
		{name: "detection.rules", value: folders(&c.Detection.Rules), about: text.M("Folders of Sigma rules to apply besides the built-in ones")},
		{name: "detection.packs", value: path(&c.Detection.Packs), about: text.M("Folder of signed rule packs; newer ones are installed by themselves")},
		{name: "detection.pack_keys", value: files(&c.Detection.PackKeys), about: text.M("Files of the public keys by which rule packs are trusted")},
		{name: "detection.builtin", value: yesNo(&c.Detection.Builtin), about: text.M("Whether the built-in rules apply")},
		{name: "directories.ldap", value: files(&c.LDAP), about: text.M("Files (YAML) of the directories that are asked for people by LDAP, one each")},
		{name: "passkeys.attestation", value: oneOf(&c.Passkeys.Attestation, "none", "direct", "required"), about: text.M("Whether the maker of a passkey's authenticator is asked for: none, direct, or required (others are refused)")},
		{name: "passkeys.accepted", value: models(&c.Passkeys.Accepted), about: text.M("Models of authenticators that are accepted, by their number (AAGUID); all where none is named")},
		{name: "passkeys.metadata", value: file(&c.Passkeys.Metadata), about: text.M("File of the FIDO metadata service (MDS3), by which the makers of authenticators are known")},
		{name: "passkeys.metadata_root", value: file(&c.Passkeys.MetadataRoot), about: text.M("File of the root certificate (PEM) under which the FIDO metadata is signed")},
		{name: "radius.listen", value: address(&c.RADIUSListen, false), about: text.M("Address and UDP port for gates that speak RADIUS, usually port 1812; empty: none")},
		{name: "radius.accounting", value: address(&c.RADIUSAccounts, false), about: text.M("Address and UDP port at which gates that speak RADIUS report sessions, usually port 1813; empty: none")},
		{name: "passwords.blocklist", value: file(&c.Passwords.Blocklist), about: text.M("File of passwords that are not taken, one a line, besides the built-in list")},
		{name: "identity.geo", value: file(&c.Identity.Geo), about: text.M("File of addresses and their countries in the MaxMind database format (.mmdb); read anew when it changes")},
		{name: "identity.mail_domains", value: domains(&c.Identity.MailDomains), about: text.M("Domains whose mail addresses are given out by the group itself, such as example.com; others pass for unverified")},
		{name: "cve.url", value: webURL(&c.CVE.URL, "http", "https"), about: text.M("URL of CVE Services, such as https://cveawg.mitre.org/api, or of the simulator")},
		{name: "cve.org", value: line(&c.CVE.Org), about: text.M("Short name of the organisation (CNA) at CVE Services")},
		{name: "cve.user", value: line(&c.CVE.User), about: text.M("User name at CVE Services; the account should be this program's alone")},
		{name: "cve.key", value: hiddenText(&c.CVE.Key), secret: true, about: text.M("API key of that user")},
		{name: "psirt.public.folder", value: path(&c.PSIRT.Folder), about: text.M("Folder of the public site of security advisories; without it none is made")},
		{name: "psirt.public.url", value: webURL(&c.PSIRT.URL, "https"), about: text.M("URL by which the world reaches that site, such as https://psirt.example.com")},
		{name: "psirt.public.listen", value: address(&c.PSIRT.Listen, false), about: text.M("Address and port at which this server answers for that site; empty where another web server serves the folder")},
		{name: "psirt.public.cert", value: file(&c.PSIRT.Cert), about: text.M("File of that address's certificate and its chain (PEM)")},
		{name: "psirt.public.key", value: file(&c.PSIRT.Key), about: text.M("File of that certificate's private key (PEM)")},
		{name: "psirt.public.access", value: file(&c.PSIRT.Access), about: text.M("File of who may read advisories that are TLP:GREEN, AMBER or RED (yagura csaf token)")},
		{name: "psirt.publisher.name", value: line(&c.PSIRT.Name), about: text.M("Name of who publishes advisories, as it stands in them")},
		{name: "psirt.publisher.namespace", value: webURL(&c.PSIRT.Namespace, "https", "http"), about: text.M("URL that names who publishes advisories, such as https://www.example.com")},
		{name: "psirt.publisher.contact", value: line(&c.PSIRT.Contact), about: text.M("Mail address for reports of vulnerabilities")},
		{name: "psirt.publisher.prefix", value: line(&c.PSIRT.Prefix), about: text.M("Beginning of the numbers of advisories, such as PSA")},
		{name: "session.idle", value: duration(&c.Session.Idle, minute, 7*day), about: text.M("After how long without activity a person is signed out, such as 30m")},
		{name: "session.longest", value: duration(&c.Session.Longest, 5*minute, 30*day), about: text.M("After how long a person must sign in again in any case, such as 12h")},
	}
}

// Default is the set-up of an installation that says nothing.
func Default() Config {
	c := Config{
		Listen:   "127.0.0.1:8420",
		Data:     "data",
		Role:     slices.Clone(Roles),
		Language: text.EN,
		Zone:     "UTC",
		origin:   map[string]Origin{},
	}
	c.Log.Format = "text"
	c.OTLP.Sample = 1
	c.Mail.Port, c.Mail.TLS = 587, "starttls"
	c.Telemetry.JournalLimit, c.Telemetry.Retention = 4<<30, []Class{{StandardClass, 400 * day}}
	c.Detection.Builtin = true
	c.Passkeys.Attestation = "none"
	c.Session.Idle, c.Session.Longest = 60*minute, 12*60*minute
	return c
}

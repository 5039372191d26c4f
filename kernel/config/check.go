package config

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yagura/kernel/text"
)

// finish fills in what follows from other settings and names what contradicts.
func (r *reader) finish() {
	c := r.config
	bad := map[string]bool{}
	for _, m := range r.mistakes {
		bad[strings.TrimSuffix(m.Setting, "_file")] = true
	}
	// A setting that is wrong by itself is not also said to contradict.
	against := func(name string, m text.Message, with ...string) {
		if bad[name] || slices.ContainsFunc(with, func(o string) bool { return bad[o] }) {
			return
		}
		r.wrong(c.origin[name], name, m)
	}
	if _, ok := c.origin["data"]; !ok {
		c.Data = absolute(".", c.Data)
	}
	if c.Keys == "" {
		if c.Postgres() {
			at := c.origin["database"]
			r.wrong(at, "keys", text.M("must be set with a PostgreSQL database: all its servers share the keys"))
		}
		c.Keys = filepath.Join(c.Data, "keys")
	}
	if c.Documents == "" {
		c.Documents = "file://" + (&url.URL{Path: filepath.ToSlash(filepath.Join(c.Data, "documents"))}).EscapedPath()
	}
	switch {
	case c.TLS.Cert != "" && c.TLS.Key == "":
		against("tls.cert", text.M("needs %s as well", "tls.key"), "tls.key")
	case c.TLS.Cert == "" && c.TLS.Key != "":
		against("tls.key", text.M("needs %s as well", "tls.cert"), "tls.cert")
	case c.TLS.Cert != "":
		if _, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key); err != nil {
			against("tls.cert", text.M("certificate and key do not fit: %s", strings.TrimPrefix(err.Error(), "tls: ")))
		}
	}
	r.addresses(against)
	if u, err := url.Parse(c.PublicURL); err == nil && c.PublicURL != "" && u.Scheme == "http" && !local(u.Hostname()) {
		against("public_url", text.M("must begin with https:// unless it is of this machine: browsers allow passkeys only there"))
	}
	if c.PublicURL == "" && !bad["public_url"] {
		scheme := "http"
		if c.TLS.Cert != "" {
			scheme = "https"
		}
		h, port, _ := net.SplitHostPort(c.Listen)
		if addr, err := netip.ParseAddr(h); h == "" || err == nil && (addr.IsUnspecified() || addr.IsLoopback()) {
			h = "localhost"
		}
		c.PublicURL = scheme + "://" + net.JoinHostPort(h, port)
	}
	if !c.Postgres() && len(c.Role) < len(Roles) {
		against("role", text.M("must be all of %s with SQLite: one process has the data folder to itself", strings.Join(Roles, ", ")), "database")
	} else if len(c.Role) < len(Roles) && len(c.Telemetry.Events) == 0 {
		against("role", text.M("needs %s as well", "telemetry.events"), "telemetry.events")
	}
	r.mail(against)
	r.cve(against)
	r.psirt(against)
	if c.OTLP.Headers.Set() {
		for pair := range strings.SplitSeq(c.OTLP.Headers.Reveal(), ",") {
			if name, _, ok := strings.Cut(pair, "="); !ok || strings.TrimSpace(name) == "" {
				against("otlp.headers", text.M("name=value, separated by commas, is expected"))
				break
			}
		}
		if c.OTLP.Endpoint == "" {
			against("otlp.headers", text.M("needs %s as well", "otlp.endpoint"), "otlp.endpoint")
		}
	}
	if c.Telemetry.SyslogTLS != "" && c.TLS.Cert == "" {
		against("telemetry.syslog_tls", text.M("needs %s as well", "tls.cert"), "tls.cert")
	}
	r.events(against)
	if c.Session.Idle > c.Session.Longest {
		against(r.set("session.idle", "session.longest"), text.M("%s is more than %s", "session.idle", "session.longest"), "session.idle", "session.longest")
	}
}

// set is the first of the settings that somebody set.
func (r *reader) set(names ...string) string {
	for _, n := range names {
		if _, ok := r.config.origin[n]; ok {
			return n
		}
	}
	return names[0]
}

// addresses refuses two doors at one address.
func (r *reader) addresses(against func(string, text.Message, ...string)) {
	c := r.config
	type door struct{ name, network, address string }
	doors := []door{
		{"listen", "tcp", c.Listen}, {"metrics.listen", "tcp", c.Metrics.Listen},
		{"telemetry.syslog_tcp", "tcp", c.Telemetry.SyslogTCP}, {"telemetry.syslog_tls", "tcp", c.Telemetry.SyslogTLS},
		{"telemetry.elastic", "tcp", c.Telemetry.Elastic}, {"telemetry.otlp", "tcp", c.Telemetry.OTLP},
		{"telemetry.syslog_udp", "udp", c.Telemetry.SyslogUDP},
		{"telemetry.relay_listen", "tcp", c.Telemetry.RelayListen},
		{"radius.listen", "udp", c.RADIUSListen}, {"radius.accounting", "udp", c.RADIUSAccounts},
		{"psirt.public.listen", "tcp", c.PSIRT.Listen},
	}
	for i, a := range doors {
		for _, b := range doors[:i] {
			if a.address != "" && a.address == b.address && a.network == b.network && !strings.HasSuffix(a.address, ":0") {
				against(a.name, text.M("is the same address as %s", b.name), b.name)
			}
		}
	}
}

// events looks at the event stores that are not ours.
func (r *reader) events(against func(string, text.Message, ...string)) {
	c := r.config
	t := c.Telemetry
	if len(t.Events) == 0 {
		if len(t.EventsClasses) > 0 {
			against("telemetry.events_classes", text.M("needs %s as well", "telemetry.events"), "telemetry.events")
		}
		for _, name := range []string{"telemetry.events_user", "telemetry.events_password", "telemetry.events_ca"} {
			if _, ok := c.origin[name]; ok {
				against(name, text.M("needs %s as well", "telemetry.events"), "telemetry.events")
			}
		}
		return
	}
	if (t.EventsUser == "") != !t.EventsPassword.Set() {
		if t.EventsUser == "" {
			against("telemetry.events_password", text.M("needs %s as well", "telemetry.events_user"), "telemetry.events_user")
		} else {
			against("telemetry.events_user", text.M("needs %s as well", "telemetry.events_password"), "telemetry.events_password")
		}
	}
	open := func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && u.Scheme == "http" && t.EventsPassword.Set() && !local(u.Hostname())
	}
	if slices.ContainsFunc(t.Events, open) {
		against("telemetry.events", text.M("must begin with https:// where a password is used: it would travel readable to all"))
	}
	r.eventsOfClasses(against, open)
	if t.EventsCA != "" {
		if pem, err := os.ReadFile(t.EventsCA); err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			against("telemetry.events_ca", text.M("%s holds no certificate", t.EventsCA))
		}
	}
}

// eventsOfClasses looks whether each class has its stores.
func (r *reader) eventsOfClasses(against func(string, text.Message, ...string), open func(string) bool) {
	t := r.config.Telemetry
	if len(t.Retention) < 2 {
		if len(t.EventsClasses) > 0 {
			against("telemetry.events_classes", text.M("needs several classes in %s", "telemetry.retention"), "telemetry.retention")
		}
		return
	}
	left := maps.Clone(t.EventsClasses)
	for _, c := range t.Retention {
		if len(left[c.Name]) != len(t.Events) {
			against("telemetry.events_classes", text.M("needs %d URLs for the class %s, as many as %s has", len(t.Events), c.Name, "telemetry.events"), "telemetry.events", "telemetry.retention")
			return
		}
		if slices.ContainsFunc(left[c.Name], open) {
			against("telemetry.events_classes", text.M("must begin with https:// where a password is used: it would travel readable to all"))
		}
		delete(left, c.Name)
	}
	for name := range left {
		against("telemetry.events_classes", text.M("%s has no class %s", "telemetry.retention", name), "telemetry.retention")
	}
}

// cve needs all or nothing, and no key on an open line.
func (r *reader) cve(against func(string, text.Message, ...string)) {
	c := r.config.CVE
	set := map[string]bool{"cve.url": c.URL != "", "cve.org": c.Org != "", "cve.user": c.User != "", "cve.key": c.Key.Set()}
	for _, name := range []string{"cve.url", "cve.org", "cve.user", "cve.key"} {
		for _, other := range []string{"cve.url", "cve.org", "cve.user", "cve.key"} {
			if set[name] && !set[other] {
				against(name, text.M("needs %s as well", other), other)
				return
			}
		}
	}
	if u, err := url.Parse(c.URL); err == nil && u.Scheme == "http" && !local(u.Hostname()) {
		against("cve.url", text.M("must begin with https:// unless it is of this machine: the key would travel readable to all"))
	}
}

// psirt needs to know who publishes, and no tokens on an open line.
func (r *reader) psirt(against func(string, text.Message, ...string)) {
	c := r.config.PSIRT
	set := map[string]bool{"psirt.public.folder": c.Folder != "", "psirt.public.url": c.URL != "", "psirt.publisher.name": c.Name != "",
		"psirt.publisher.namespace": c.Namespace != "", "psirt.publisher.contact": c.Contact != "", "psirt.public.listen": c.Listen != "",
		"psirt.public.cert": c.Cert != "", "psirt.public.key": c.Key != "", "psirt.public.access": c.Access != ""}
	needs := func(name string, others ...string) {
		for _, other := range others {
			if set[name] && !set[other] {
				against(name, text.M("needs %s as well", other), other)
				return
			}
		}
	}
	needs("psirt.public.folder", "psirt.public.url", "psirt.publisher.name", "psirt.publisher.namespace", "psirt.publisher.contact")
	needs("psirt.public.url", "psirt.public.folder")
	needs("psirt.public.listen", "psirt.public.folder")
	needs("psirt.public.cert", "psirt.public.key", "psirt.public.listen")
	needs("psirt.public.key", "psirt.public.cert")
	needs("psirt.public.access", "psirt.public.listen")
	if c.Cert != "" && c.Key != "" {
		if _, err := tls.LoadX509KeyPair(c.Cert, c.Key); err != nil {
			against("psirt.public.cert", text.M("certificate and key do not fit: %s", strings.TrimPrefix(err.Error(), "tls: ")))
		}
	}
	if h, _, err := net.SplitHostPort(c.Listen); err == nil && c.Access != "" && c.Cert == "" && !local(h) {
		against("psirt.public.access", text.M("needs %s as well", "psirt.public.cert"), "psirt.public.cert")
	}
}

func (r *reader) mail(against func(string, text.Message, ...string)) {
	c := r.config
	if c.Mail.Host == "" {
		for _, name := range []string{"mail.user", "mail.password", "mail.from"} {
			if _, ok := c.origin[name]; ok {
				against(name, text.M("needs %s as well", "mail.host"), "mail.host")
			}
		}
		return
	}
	if c.Mail.From == "" {
		against("mail.host", text.M("needs %s as well", "mail.from"), "mail.from")
	}
	if (c.Mail.User == "") != !c.Mail.Password.Set() {
		if c.Mail.User == "" {
			against("mail.password", text.M("needs %s as well", "mail.user"), "mail.user")
		} else {
			against("mail.user", text.M("needs %s as well", "mail.password"), "mail.password")
		}
	}
	if c.Mail.TLS == "none" && c.Mail.Password.Set() && !local(c.Mail.Host) {
		against("mail.tls", text.M("must not be none with a password: it would travel readable to all"))
	}
	if c.Mail.CA != "" {
		if pem, err := os.ReadFile(c.Mail.CA); err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			against("mail.ca", text.M("%s holds no certificate", c.Mail.CA))
		}
	}
}

// local tells whether a host is this machine.
func local(h string) bool {
	addr, err := netip.ParseAddr(h)
	return h == "localhost" || strings.HasSuffix(h, ".localhost") || err == nil && addr.IsLoopback()
}

package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/kernel/config"
	"yagura/kernel/text"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines are the mistakes without the folder of the file.
func lines(mistakes []config.Mistake, lang text.Lang) []string {
	var all []string
	for _, m := range mistakes {
		if m.File != "" {
			m.File = filepath.Base(m.File)
		}
		all = append(all, m.In(lang))
	}
	return all
}

func expect(t *testing.T, got []config.Mistake, want ...string) {
	t.Helper()
	if have := lines(got, text.EN); !slices.Equal(have, want) {
		t.Errorf("mistakes:\n%s\nwant:\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func certificate(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDefaultsHold(t *testing.T) {
	c, mistakes := config.Load("", nil)
	expect(t, mistakes)
	if c.Listen != "127.0.0.1:8420" || c.PublicURL != "http://localhost:8420" || c.Session.Longest != 12*time.Hour || !filepath.IsAbs(c.Data) ||
		c.Keys != filepath.Join(c.Data, "keys") || !strings.HasPrefix(c.Documents, "file:///") || c.OTLP.Endpoint != "" || c.DSN() != c.Data {
		t.Errorf("%+v", c)
	}
}

func TestWholeFile(t *testing.T) {
	path := write(t, "yagura.yaml", `
listen: 0.0.0.0:8443
public_url: https://yagura.example.com/
trusted_proxies: [10.1.2.3/8, "2001:db8::1"]
data: state
database: postgres://yagura:s3cret@db.example.com:5432/yagura?sslmode=verify-full
keys: keys
documents: s3://evidence?region=ap-northeast-1
language: ja
zone: Asia/Tokyo
tls:
  cert: cert.pem
  key: key.pem
log: {level: warn, format: json}
otlp:
  endpoint: http://collector:4318
  headers: authorization=Bearer abc
  sample: 0.25
mail:
  host: smtp.example.com
  user: yagura
  password_file: smtp-password
  from: 櫓 <yagura@example.com>
webhook: {allow_private: true}
identity: {mail_domains: [Example.com, example.co.jp]}
telemetry:
  syslog_udp: :514
  syslog_tls: :6514
  journal_limit: 8GiB
  retention: 2d12h
detection:
  rules: [rules]
  builtin: false
session: {idle: 30m, longest: 24h}
`)
	folder := filepath.Dir(path)
	certificate(t, folder)
	os.WriteFile(filepath.Join(folder, "smtp-password"), []byte("p4ssword\n"), 0o600)
	os.Mkdir(filepath.Join(folder, "rules"), 0o700)
	c, mistakes := config.Load(path, []string{"YAGURA_LOG_LEVEL=debug", "YAGURA_DETECTION_RULES=" + folder + "," + folder, "HOME=/root", "YAGURA_TEST_POSTGRES=x", "YAGURA_CONFIG=" + path})
	expect(t, mistakes)
	if c.Log.Level != slog.LevelDebug || c.Mail.Password.Reveal() != "p4ssword" || c.Data != filepath.Join(folder, "state") ||
		!slices.Equal(c.Telemetry.Retention, []config.Class{{Name: "standard", Keep: 60 * time.Hour}}) || c.Telemetry.JournalLimit != 8<<30 || c.PublicURL != "https://yagura.example.com" ||
		len(c.Detection.Rules) != 2 || !c.Postgres() || !slices.Equal(c.TrustedProxies, []string{"10.0.0.0/8", "2001:db8::1/128"}) || c.Detection.Builtin || !c.Webhook.AllowPrivate || c.Webhook.AllowLocal ||
		!slices.Equal(c.Identity.MailDomains, []string{"example.com", "example.co.jp"}) {
		t.Errorf("%+v", c)
	}
	// No way of printing shows a secret.
	asJSON, _ := json.Marshal(c)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.Mail.Password, c.Mail.Password, c.Mail.Password) + string(asJSON)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", c.Mail.Password, "all", c)
	printed += log.String()
	origin := false
	for _, l := range c.Describe() {
		printed += l.Setting + l.Value + l.Origin
		origin = origin || l.Setting == "log.level" && l.Origin == "YAGURA_LOG_LEVEL" && l.Value == "debug"
		if l.Setting == "database" && l.Value != "postgres://(hidden)@db.example.com:5432/yagura" {
			t.Errorf("database shown as %q", l.Value)
		}
	}
	for _, secret := range []string{"p4ssword", "s3cret", "Bearer", fmt.Sprintf("%x", "p4ssword")} {
		if strings.Contains(printed, secret) {
			t.Errorf("%q can be read in %s", secret, printed)
		}
	}
	if !origin {
		t.Error("the origin of log.level is not shown")
	}
}

func TestEveryMistakeAtOnceWithItsLine(t *testing.T) {
	path := write(t, "bad.yaml", `listen: 8420
public_url: ftp://x
lisen: :80
zone: Mars/Olympus
log:
  level: loud
  format: [json]
mail:
  port: 70000
  port: 25
  password: hunter2
  password_file: nowhere
telemetry:
  retention: 7 days
  journal_limit: 1TB
  syslog_tcp:
detection:
  rules: [/no/such/folder]
session: soon
tls: {cert: /no/cert.pem}
`)
	_, mistakes := config.Load(path, []string{"YAGURA_SESSION_IDLE=99x", "YAGURA_LISTENS=x", "YAGURA_WEBHOOK_ALLOW_PRIVATE=yes", "YAGURA_IDENTITY_MAIL_DOMAINS=example.com,@works"})
	expect(t, mistakes,
		`bad.yaml:1: listen: "8420" is not an address with a port, such as 0.0.0.0:8420 or [::1]:8420`,
		`bad.yaml:2: public_url: this is not a URL that begins with http:// / https://`,
		`bad.yaml:3: lisen: there is no such setting; perhaps listen is meant`,
		`bad.yaml:4: zone: "Mars/Olympus" is not the name of a time zone, such as Asia/Tokyo`,
		`bad.yaml:6: log.level: "loud" is none of: debug, info, warn, error`,
		`bad.yaml:7: log.format: a single value is expected`,
		`bad.yaml:9: mail.port: "70000" is not a whole number from 1 to 65535`,
		`bad.yaml:10: mail.port: is set a second time, first in line 9`,
		`bad.yaml:12: mail.password_file: mail.password and mail.password_file are both set; only one can be`,
		`bad.yaml:14: telemetry.retention: "7 days" is not a length of time, such as 90s, 30m, 24h or 7d`,
		`bad.yaml:15: telemetry.journal_limit: "1TB" is not a size, such as 512MiB or 4GiB`,
		`bad.yaml:16: telemetry.syslog_tcp: has no value`,
		`bad.yaml:18: detection.rules: there is no folder /no/such/folder`,
		`bad.yaml:19: session: settings by name are expected here`,
		`bad.yaml:20: tls.cert: there is no file /no/cert.pem`,
		`YAGURA_IDENTITY_MAIL_DOMAINS: identity.mail_domains: "@works" is not a domain such as example.com`,
		`YAGURA_LISTENS: there is no such setting; perhaps YAGURA_LISTEN is meant`,
		`YAGURA_SESSION_IDLE: session.idle: "99x" is not a length of time, such as 90s, 30m, 24h or 7d`,
		`YAGURA_WEBHOOK_ALLOW_PRIVATE: webhook.allow_private: "yes" is neither true nor false`,
	)
	ja := lines(mistakes, text.JA)
	if ja[2] != "bad.yaml:3: lisen: そのような設定はありません。listen の誤りではありませんか" {
		t.Error(ja[2])
	}
	for _, l := range lines(mistakes, text.EN) {
		if strings.Contains(l, "hunter2") {
			t.Errorf("a secret is printed: %s", l)
		}
	}
}

func TestContradictions(t *testing.T) {
	path := write(t, "c.yaml", `public_url: http://yagura.example.com
database: postgres://u:p@h/d
metrics: {listen: "127.0.0.1:8420"}
otlp: {headers: nonsense}
mail:
  host: smtp.example.com
  password: x
  tls: none
telemetry: {syslog_tls: ":6514"}
session: {idle: 13h}
`)
	_, mistakes := config.Load(path, nil)
	expect(t, mistakes,
		`c.yaml:2: keys: must be set with a PostgreSQL database: all its servers share the keys`,
		`c.yaml:3: metrics.listen: is the same address as listen`,
		`c.yaml:1: public_url: must begin with https:// unless it is of this machine: browsers allow passkeys only there`,
		`c.yaml:6: mail.host: needs mail.from as well`,
		`c.yaml:7: mail.password: needs mail.user as well`,
		`c.yaml:8: mail.tls: must not be none with a password: it would travel readable to all`,
		`c.yaml:4: otlp.headers: name=value, separated by commas, is expected`,
		`c.yaml:4: otlp.headers: needs otlp.endpoint as well`,
		`c.yaml:9: telemetry.syslog_tls: needs tls.cert as well`,
		`c.yaml:10: session.idle: session.idle is more than session.longest`,
	)
}

func TestUnreadable(t *testing.T) {
	for content, want := range map[string]string{
		"listen: [":                  `f.yaml:1: this is not YAML: did not find expected node content`,
		"- a\n- b\n":                 `f.yaml:1: settings by name are expected here`,
		"a: 1\n---\nb: 2\n":          `f.yaml:2: the file holds more than one document`,
		"listen: &a :80\nzone: *a\n": `f.yaml:2: zone: references (*name) are not allowed here`,
	} {
		_, mistakes := config.Load(write(t, "f.yaml", content), nil)
		if have := lines(mistakes, text.EN); len(have) == 0 || !slices.Contains(have, want) {
			t.Errorf("%q: %q, want %q", content, have, want)
		}
	}
	if _, mistakes := config.Load("/no/such.yaml", nil); len(mistakes) != 1 {
		t.Errorf("%v", mistakes)
	}
	if _, mistakes := config.Load(write(t, "empty.yaml", "# nothing\n"), nil); len(mistakes) != 0 {
		t.Errorf("%v", mistakes)
	}
}

func TestExampleIsAFile(t *testing.T) {
	for _, lang := range []text.Lang{text.EN, text.JA} {
		example := config.Example(lang)
		if _, mistakes := config.Load(write(t, "example.yaml", example), nil); len(mistakes) != 0 {
			t.Errorf("%v\n%s", mistakes, example)
		}
		// With every default written out it still says the same.
		var out []string
		for line := range strings.Lines(example) {
			if i := strings.Index(line, "# "); i >= 0 && strings.Contains(line, ": ") && !strings.Contains(line, "(YAGURA_") && !strings.Contains(line, "_file:") {
				if value := strings.TrimSpace(line[strings.Index(line, ": ")+1:]); value != "" {
					line = strings.Replace(line, "# ", "", 1)
				}
			}
			out = append(out, line)
		}
		if _, mistakes := config.Load(write(t, "full.yaml", strings.Join(out, "")), nil); len(mistakes) != 0 {
			t.Errorf("%v\n%s", lines(mistakes, text.EN), strings.Join(out, ""))
		}
	}
}

func TestDurations(t *testing.T) {
	for s, want := range map[string]time.Duration{"24h": 24 * time.Hour, "7d": 168 * time.Hour, "1d2h3m4s": 26*time.Hour + 3*time.Minute + 4*time.Second, "90s": 90 * time.Second} {
		if d, ok := config.ParseDuration(s); !ok || d != want {
			t.Errorf("%s: %s, %v", s, d, ok)
		}
		if d, ok := config.ParseDuration(config.FormatDuration(want)); !ok || d != want {
			t.Errorf("%s does not come back: %s", config.FormatDuration(want), d)
		}
	}
	for _, s := range []string{"", "7", "d", "1h1d", "1.5h", "-1h", "1w", "9999999999d", "1h 2m"} {
		if d, ok := config.ParseDuration(s); ok {
			t.Errorf("%q was read as %s", s, d)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: :80\nmail: {host: x}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "f.yaml")
		os.WriteFile(path, []byte(content), 0o600)
		_, mistakes := config.Load(path, nil)
		for _, m := range mistakes {
			if m.In(text.JA) == "" || strings.Contains(m.In(text.JA), "%!") {
				t.Errorf("%q: %s", content, m.In(text.JA))
			}
		}
	})
}

func TestClassesOfRetention(t *testing.T) {
	day := 24 * time.Hour
	want := []config.Class{{Name: "standard", Keep: 400 * day}, {Name: "short", Keep: 30 * day}, {Name: "long", Keep: 2557 * day}}
	remote := `telemetry:
  retention: {long: 2557d, short: 30d, standard: 400d}
  events: [https://a.example.com, https://b.example.com]
  events_classes: {short: [https://s1.example.com, https://s2.example.com], standard: [https://n1.example.com, https://n2.example.com], long: [https://l1.example.com, https://l2.example.com]}
`
	c, mistakes := config.Load(write(t, "classes.yaml", remote), nil)
	expect(t, mistakes)
	if !slices.Equal(c.Telemetry.Retention, want) || !slices.Equal(c.Telemetry.EventsClasses["long"], []string{"https://l1.example.com", "https://l2.example.com"}) {
		t.Errorf("%+v", c.Telemetry)
	}
	c, mistakes = config.Load("", []string{"YAGURA_TELEMETRY_RETENTION=short=30d,standard=400d, long=2557d"})
	expect(t, mistakes)
	if !slices.Equal(c.Telemetry.Retention, want) {
		t.Errorf("%+v", c.Telemetry.Retention)
	}
	for _, l := range c.Describe() {
		if l.Setting == "telemetry.retention" && l.Value != "standard=400d, short=30d, long=2557d" {
			t.Errorf("shown as %s", l.Value)
		}
	}
	for yaml, wrong := range map[string]string{
		"retention: {short: 30d}":                                                       "telemetry.retention: the class standard is missing, that of sources for which none is chosen",
		"retention: {standard: 30}":                                                     `telemetry.retention: "30" is not a length of time, such as 90s, 30m, 24h or 7d`,
		"retention: {standard: 30d, Short: 1d}":                                         `telemetry.retention: "Short" is not the name of a class: letters a to z, digits and hyphens are expected`,
		"retention: {standard: 30d, standard: 31d}":                                     `telemetry.retention: "standard" stands here twice`,
		"retention: {standard: {a: b}}":                                                 "telemetry.retention: single values by name are expected, or lists of them",
		"events: {a: b}":                                                                "telemetry.events: a list of single values is expected",
		"events_classes: {short: https://x.example}":                                    "telemetry.events_classes: needs telemetry.events as well",
		strings.ReplaceAll(remote[11:], "short: [", "shirt: ["):                         "telemetry.events_classes: needs 2 URLs for the class short, as many as telemetry.events has",
		strings.ReplaceAll(remote[11:], "short: [", "x: [https://x.example], short: ["): "telemetry.events_classes: telemetry.retention has no class x",
	} {
		_, mistakes := config.Load(write(t, "wrong.yaml", "telemetry:\n  "+strings.TrimSpace(yaml)+"\n"), nil)
		if len(mistakes) != 1 || !strings.HasSuffix(mistakes[0].Error(), wrong) {
			t.Errorf("%s: %v, want %s", yaml, mistakes, wrong)
		}
	}
}

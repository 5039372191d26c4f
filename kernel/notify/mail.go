package notify

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	gomail "github.com/wneessen/go-mail"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// mail sends one message, unless it was read or sent meanwhile.
func (s *Service) mail(ctx context.Context, j job.Job) error {
	if s.options.Mail.Host == "" {
		return nil
	}
	var ref reference
	if err := j.Into(&ref); err != nil {
		return err
	}
	var e Entry
	var p authz.Person
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if e, err = read(tx.QueryRow("SELECT "+columns+" FROM notify_inbox WHERE id = $1", ref.ID)); err == nil {
			p, err = authz.FindPerson(tx, e.To)
		}
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.mailed || !e.Seen.IsZero() || !p.Active || p.Email == "" {
		return nil
	}
	subject := e.Subject.In(p.Lang)
	if e.Urgent {
		subject = text.M("[Urgent] %s", e.Subject).In(p.Lang)
	}
	if err := s.deliver(ctx, p, e.ID, subject, e.At, []Entry{e}, e.Urgent); err != nil {
		return err
	}
	return s.mailed(ctx, e)
}

// perDigest bounds a daily mail; the inbox has them all.
const perDigest = 100

// digest sends what was collected for a person and is not yet read.
func (s *Service) digest(ctx context.Context, j job.Job) error {
	if s.options.Mail.Host == "" {
		return nil
	}
	var ref reference
	if err := j.Into(&ref); err != nil {
		return err
	}
	var p authz.Person
	var entries []Entry
	var now time.Time
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now
		if p, err = authz.FindPerson(tx, ref.ID); err != nil {
			return err
		}
		entries, err = store.Rows(tx, read, "SELECT "+columns+" FROM notify_inbox WHERE person = $1 AND digest = 1 AND seen = 0 AND mailed = 0 ORDER BY at DESC, id DESC LIMIT $2", ref.ID, perDigest)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil || len(entries) == 0 || !p.Active || p.Email == "" {
		return err
	}
	subject := text.M("%d new messages", len(entries))
	if len(entries) == 1 {
		subject = entries[0].Subject
	}
	if err := s.deliver(ctx, p, j.ID, subject.In(p.Lang), now, entries, false); err != nil {
		return err
	}
	return s.mailed(ctx, entries...)
}

func (s *Service) mailed(ctx context.Context, entries ...Entry) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		for _, e := range entries {
			if _, err := tx.Exec("UPDATE notify_inbox SET mailed = $1 WHERE id = $2", tx.Millis(), e.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliver speaks to the mail server. The message id is made of the reference,
// so that a mail sent twice, after a crash in between, is one to most readers.
func (s *Service) deliver(ctx context.Context, p authz.Person, ref, subject string, at time.Time, entries []Entry, urgent bool) error {
	plain, html, err := s.render(p, entries)
	if err != nil {
		return job.Permanent(err)
	}
	m, err := s.message(p.Label(p.Lang), p.Email, ref, subject, p.Lang)
	if err != nil {
		return err
	}
	m.SetDateWithValue(at.In(p.Location()))
	if urgent {
		m.SetImportance(gomail.ImportanceUrgent)
	}
	return s.hand(ctx, m, plain, html)
}

// host is the name under which people know this installation.
func (s *Service) host() string {
	if u, err := url.Parse(s.options.PublicURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// message begins a mail.
func (s *Service) message(name, address, ref, subject string, lang text.Lang) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	from, err := mail.ParseAddress(s.options.Mail.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	if err := m.FromFormat(from.Name, from.Address); err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	if err := m.AddToFormat(name, address); err != nil {
		return nil, job.Permanent(fmt.Errorf("address of %s: %w", ref, err))
	}
	m.SetMessageIDWithValue(ref + "@" + s.host())
	m.Subject(strings.Join(strings.Fields(subject), " "))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answers
	m.SetGenHeader("Content-Language", string(lang))
	return m, nil
}

// hand gives a mail to the server.
func (s *Service) hand(ctx context.Context, m *gomail.Msg, plain, html string) error {
	o := s.options.Mail
	m.SetBodyString(gomail.TypeTextPlain, plain)
	m.AddAlternativeString(gomail.TypeTextHTML, html)
	options := []gomail.Option{gomail.WithPort(o.Port), gomail.WithTLSConfig(s.tls()), gomail.WithTimeout(30 * time.Second), gomail.WithHELO(s.host())}
	switch o.TLS {
	case "implicit":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if o.User != "" {
		kind := gomail.SMTPAuthAutoDiscover
		if o.TLS == "none" { // the configuration allows it on this machine alone
			kind = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(kind), gomail.WithUsername(o.User), gomail.WithPassword(o.Password.Reveal()))
	}
	client, err := gomail.NewClient(o.Host, options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		var refused *gomail.SendError
		if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
			return job.Permanent(fmt.Errorf("mail server: %w", err))
		}
		return fmt.Errorf("mail server: %w", err)
	}
	return nil
}

// Letter sends one mail to a person at once and keeps nothing of it, for what
// must not lie in an inbox: a link that lets its holder in. The same ref is one
// mail to most readers. Without a mail server nothing is sent.
func (s *Service) Letter(ctx context.Context, to authz.Person, ref string, subject, body text.Message, href string) error {
	if s.options.Mail.Host == "" || to.Email == "" || !to.Active {
		return nil
	}
	now := s.db.Now()
	return s.deliver(ctx, to, ref, subject.In(to.Lang), now, []Entry{{Message: Message{To: to.ID, Subject: subject, Body: body, Href: href, Urgent: true}, At: now}}, true)
}

type letter struct {
	Lang     text.Lang
	Items    []item
	Open     string // words before the link of an item
	All      string // words before the link of the inbox
	Inbox    string // with more than one item
	Change   string // words before the link of the preferences
	Settings string
}

type item struct {
	Subject, Body, When, URL string
	Urgent                   bool
}

var plainLetter = texttemplate.Must(texttemplate.New("plain").Parse(`{{range .Items}}{{.Subject}}
{{.When}}
{{with .Body}}
{{.}}
{{end}}{{with .URL}}
{{$.Open}} {{.}}
{{end}}
{{end}}{{with .Inbox}}{{$.All}} {{.}}
{{end}}-- 
{{.Change}} {{.Settings}}
`))

var htmlLetter = template.Must(template.New("html").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>Yagura</title></head><body>
{{range .Items}}<h2>{{.Subject}}</h2>
<p><small>{{.When}}</small></p>
{{with .Body}}<p>{{.}}</p>
{{end}}{{with .URL}}<p>{{$.Open}} <a href="{{.}}">{{.}}</a></p>
{{end}}{{end}}{{with .Inbox}}<p>{{$.All}} <a href="{{.}}">{{.}}</a></p>
{{end}}<hr>
<p><small>{{.Change}} <a href="{{.Settings}}">{{.Settings}}</a></small></p>
</body></html>
`))

// render puts entries into words for a person: plain text and HTML.
func (s *Service) render(p authz.Person, entries []Entry) (plain, html string, err error) {
	l := letter{
		Lang:     p.Lang,
		Open:     text.T(p.Lang, "Open in Yagura:"),
		All:      text.T(p.Lang, "All messages:"),
		Change:   text.T(p.Lang, "Change how you are notified:"),
		Settings: s.options.PublicURL + s.options.Settings,
	}
	if len(entries) > 1 {
		l.Inbox = s.options.PublicURL + "/inbox"
	}
	for _, e := range entries {
		i := item{Subject: e.Subject.In(p.Lang), When: e.At.In(p.Location()).Format("2006-01-02 15:04 MST"), Urgent: e.Urgent}
		if !e.Body.IsZero() {
			i.Body = e.Body.In(p.Lang)
		}
		if e.Href != "" {
			i.URL = s.options.PublicURL + e.Href
		}
		l.Items = append(l.Items, i)
	}
	var a, b bytes.Buffer
	if err := plainLetter.Execute(&a, l); err != nil {
		return "", "", err
	}
	if err := htmlLetter.Execute(&b, l); err != nil {
		return "", "", err
	}
	return a.String(), b.String(), nil
}

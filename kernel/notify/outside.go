package notify

import (
	"bytes"
	"context"
	"html/template"
	"net/url"
	"strings"
	texttemplate "text/template"

	"yagura/kernel/job"
	"yagura/kernel/text"
)

// Outside is a mail to somebody who has no account here. Nothing is kept of it.
type Outside struct {
	Ref           string // the same one is one mail to most readers
	Name, Mail    string
	Lang          text.Lang
	Subject, Body text.Message // the body's addresses become links
	// Of a mailing list: its name, where a subscriber changes what he gets, and where he
	// leaves by one click (RFC 2919, RFC 2369, RFC 8058). Empty: it is of none.
	List, Manage, Leave string
}

// SendOutside sends it at once. Without a mail server nothing is sent.
func (s *Service) SendOutside(ctx context.Context, o Outside) error {
	if s.options.Mail.Host == "" || o.Mail == "" {
		return nil
	}
	m, err := s.message(o.Name, o.Mail, o.Ref, o.Subject.In(o.Lang), o.Lang)
	if err != nil {
		return err
	}
	m.SetDateWithValue(s.db.Now().UTC())
	if o.Leave != "" {
		m.SetGenHeader("List-Unsubscribe", "<"+o.Leave+">")
		m.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if u, err := url.Parse(o.Manage); err == nil && o.List != "" && u.Hostname() != "" {
		m.SetGenHeader("List-Id", "<"+o.List+"."+u.Hostname()+">")
	}
	plain, html, err := o.render()
	if err != nil {
		return job.Permanent(err)
	}
	if err := s.hand(ctx, m, plain, html); err != nil {
		return unnamed{err, o.Mail}
	}
	return nil
}

// unnamed is an error that a mail server worded, without the address: what failed is kept
// and shown, and the address of somebody outside is personal data.
type unnamed struct {
	error
	mail string
}

func (e unnamed) Error() string {
	return strings.ReplaceAll(e.error.Error(), e.mail, "…")
}

func (e unnamed) Unwrap() error { return e.error }

type outsideLetter struct {
	Lang            text.Lang
	Subject         string
	Paragraphs      [][]piece
	Change, End     string // words before the links
	Manage, LeaveAt string
}

// piece is a stretch of text; an address of the web is a link.
type piece struct {
	Text string
	Link bool
}

var plainOutside = texttemplate.Must(texttemplate.New("plain").Parse(`{{range .Paragraphs}}{{range .}}{{.Text}}{{end}}

{{end}}{{if .Manage}}-- 
{{.Change}} {{.Manage}}
{{end}}{{if .LeaveAt}}{{.End}} {{.LeaveAt}}
{{end}}`))

var htmlOutside = template.Must(template.New("html").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Subject}}</title></head><body>
{{range .Paragraphs}}<p>{{range .}}{{if .Link}}<a href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{end}}</p>
{{end}}{{if .Manage}}<hr>
<p><small>{{.Change}} <a href="{{.Manage}}">{{.Manage}}</a></small></p>
{{end}}{{if .LeaveAt}}<p><small>{{.End}} <a href="{{.LeaveAt}}">{{.LeaveAt}}</a></small></p>
{{end}}</body></html>
`))

func (o Outside) render() (plain, html string, err error) {
	l := outsideLetter{Lang: o.Lang, Subject: o.Subject.In(o.Lang), Manage: o.Manage, LeaveAt: o.Leave,
		Change: text.T(o.Lang, "See or change what you get:"), End: text.T(o.Lang, "Get no more of these mails:")}
	for p := range strings.SplitSeq(o.Body.In(o.Lang), "\n\n") {
		l.Paragraphs = append(l.Paragraphs, pieces(p))
	}
	var a, b bytes.Buffer
	if err := plainOutside.Execute(&a, l); err != nil {
		return "", "", err
	}
	if err := htmlOutside.Execute(&b, l); err != nil {
		return "", "", err
	}
	return a.String(), b.String(), nil
}

// pieces finds the addresses in a paragraph: from http to the next blank.
func pieces(s string) (list []piece) {
	for s != "" {
		i := strings.Index(s, "https://")
		if j := strings.Index(s, "http://"); j >= 0 && (i < 0 || j < i) {
			i = j
		}
		if i < 0 {
			return append(list, piece{Text: s})
		}
		if i > 0 {
			list = append(list, piece{Text: s[:i]})
		}
		s = s[i:]
		end := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
		if end < 0 {
			end = len(s)
		}
		list = append(list, piece{s[:end], true})
		s = s[end:]
	}
	return list
}

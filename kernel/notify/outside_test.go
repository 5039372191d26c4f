package notify_test

import (
	"strings"
	"testing"
	"time"

	"yagura/kernel/config"
	"yagura/kernel/notify"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

// TestMailOutside looks at the headers by which a mail program leaves a list.
func TestMailOutside(t *testing.T) {
	smtp := newSMTP(t)
	db, clk := storetest.SQLite(t, tables...)
	clk.Set(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
	s, err := notify.New(db, quiet, notify.Options{PublicURL: "https://yagura.example.com",
		Mail: config.Mail{Host: smtp.host, Port: smtp.port, User: "yagura", Password: config.NewSecret("s3cret"), From: "櫓 <yagura@example.com>", TLS: "starttls", CA: smtp.ca}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendOutside(ctx, notify.Outside{Ref: "a/b", Name: "Käufer", Mail: "kunde@b.example", Lang: text.JA, Subject: text.M("%s", "Advisory\r\nBcc: x@y.example"),
		Body: text.M("%s", "Read <b>https://psirt.example.com/ja/x.html</b>\n\nhttp://a.example/?q=1&w=2"), List: "advisories", Manage: "https://psirt.example.com/psirt/subscription/T", Leave: "https://psirt.example.com/psirt/subscription/T/leave"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SendOutside(ctx, notify.Outside{Ref: "c", Mail: "kunde@b.example", Lang: text.EN, Subject: text.M("%s", "Hello"), Body: text.M("%s", "There")}); err != nil {
		t.Fatal(err)
	}
	mails := smtp.received()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	h, subject, plain, html := parts(t, mails[0])
	for name, want := range map[string]string{"List-Unsubscribe": "<https://psirt.example.com/psirt/subscription/T/leave>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"List-Id": "<advisories.psirt.example.com>", "Auto-Submitted": "auto-generated", "Bcc": ""} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, h.Get(name), want)
		}
	}
	if subject != "Advisory Bcc: x@y.example" || strings.Contains(plain, "yagura.example.com") || !strings.Contains(plain, "/psirt/subscription/T/leave\n") {
		t.Errorf("%s\n%s", subject, plain)
	}
	if strings.Contains(html, "<b>") || !strings.Contains(html, `<a href="http://a.example/?q=1&amp;w=2">`) || !strings.Contains(html, `<html lang="ja">`) {
		t.Error(html)
	}
	if h, _, plain, _ := parts(t, mails[1]); h.Get("List-Unsubscribe")+h.Get("List-Id") != "" || strings.TrimSpace(plain) != "There" {
		t.Errorf("%v %q", h, plain)
	}
	// What failed is kept with the job, and its address is not.
	smtp.refusing("550 no such user kunde@b.example")
	err = s.SendOutside(ctx, notify.Outside{Ref: "d", Mail: "kunde@b.example", Lang: text.EN, Subject: text.M("%s", "Hello"), Body: text.M("%s", "There")})
	if err == nil || !strings.Contains(err.Error(), "550") || strings.Contains(err.Error(), "kunde") {
		t.Error(err)
	}
}

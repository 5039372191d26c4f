package notify_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/notify"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
	"yagura/kernel/text"
)

var (
	tables = []store.Migrations{authz.Migrations, ledger.Migrations, job.Migrations, notify.Migrations}
	quiet  = slog.New(slog.DiscardHandler)
	system = authz.System("test")
	ctx    = context.Background()
)

func init() {
	text.Add(text.Japanese{
		"%s was assigned to you":        "%s があなたに割り当てられました",
		"Respond within %d hours in %s": "%[2]s で %[1]d 時間以内に対応してください",
		"the works at Himeji":           "姫路製作所",
	})
}

type happened struct{}

func (happened) Heading() store.Heading { return store.Heading{Kind: "test.happened"} }

func change(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Change(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return tx.Record(system, happened{})
	}); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(ctx, fn); err != nil {
		t.Fatal(err)
	}
}

func people(t *testing.T, db *store.DB) {
	change(t, db, func(tx *store.Tx) error {
		return authz.PutPeople(tx,
			authz.Person{ID: "sato", Name: "Hanako Sato", NameJA: "佐藤 花子", Email: "sato@example.com", Lang: text.JA, Zone: "Asia/Tokyo", Active: true},
			authz.Person{ID: "jones", Name: "Alex Jones", Email: "jones@example.com", Lang: text.EN, Zone: "Europe/London", Active: true},
			authz.Person{ID: "left", Name: "Gone", Email: "left@example.com", Active: false})
	})
}

func assigned(to, key string) notify.Message {
	return notify.Message{To: to, Topic: "incident", Key: key, Href: "/incidents/INC-2026-0001",
		Subject: text.M("%s was assigned to you", "INC-2026-0001"),
		Body:    text.M("Respond within %d hours in %s", 24, text.M("the works at Himeji"))}
}

func send(t *testing.T, db *store.DB, messages ...notify.Message) {
	t.Helper()
	change(t, db, func(tx *store.Tx) error {
		for _, m := range messages {
			if err := notify.Send(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func drain(t *testing.T, q *job.Queue, want int) {
	t.Helper()
	if n, err := q.Drain(ctx); err != nil || n != want {
		t.Fatalf("drained %d, %v; want %d", n, err, want)
	}
}

func TestInbox(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		people(t, db)
		send(t, db, assigned("sato", "a"), assigned("sato", "a"), assigned("sato", "b"), assigned("jones", "a"), assigned("left", "a"), assigned("nobody", "a"))
		clk.Advance(time.Minute)
		send(t, db, assigned("sato", ""), assigned("sato", ""))
		var list []notify.Entry
		view(t, db, func(tx *store.Tx) (err error) {
			list, _, err = notify.Inbox(tx, "sato", notify.Filter{}, keyset.Page{})
			return err
		})
		if len(list) != 4 || list[0].At.Before(list[3].At) {
			t.Fatalf("%+v", list)
		}
		e := list[3]
		if got := e.Body.In(text.JA); got != "姫路製作所 で 24 時間以内に対応してください" {
			t.Error(got)
		}
		if got := e.Body.In(text.EN); got != "Respond within 24 hours in the works at Himeji" {
			t.Error(got)
		}
		unread := func(want int64) {
			t.Helper()
			view(t, db, func(tx *store.Tx) error {
				n, err := notify.Unread(tx, "sato")
				if n != want {
					t.Errorf("unread: %d, want %d", n, want)
				}
				some, _, err2 := notify.Inbox(tx, "sato", notify.Filter{Unread: true, Topic: "incident"}, keyset.Page{})
				if int64(len(some)) != want {
					t.Errorf("unread in the list: %d, want %d", len(some), want)
				}
				if err == nil {
					err = err2
				}
				return err
			})
		}
		unread(4)
		mark := func(person string, ids ...string) {
			if err := db.Operate(ctx, func(tx *store.Tx) error { return notify.MarkRead(tx, person, ids...) }); err != nil {
				t.Fatal(err)
			}
		}
		mark("jones", list[0].ID) // not his
		unread(4)
		mark("sato", list[0].ID, list[1].ID)
		unread(2)
		if err := db.Operate(ctx, func(tx *store.Tx) error { return notify.MarkAllRead(tx, "sato", tx.Now) }); err != nil {
			t.Fatal(err)
		}
		unread(0)
		view(t, db, func(tx *store.Tx) error {
			first, next, err := notify.Inbox(tx, "sato", notify.Filter{}, keyset.Page{Limit: 3})
			if err != nil {
				return err
			}
			rest, _, err := notify.Inbox(tx, "sato", notify.Filter{}, keyset.Page{Limit: 3, After: next})
			if len(first) != 3 || len(rest) != 1 || rest[0].ID != e.ID {
				t.Errorf("pages: %d, %d", len(first), len(rest))
			}
			return err
		})
		for _, href := range []string{"https://evil.example", "//evil.example", "x"} {
			m := assigned("sato", "c")
			m.Href = href
			if err := db.Change(ctx, func(tx *store.Tx) error { return notify.Send(tx, m) }); err == nil {
				t.Errorf("%q is a path?", href)
			}
		}
	})
}

func service(t *testing.T, db *store.DB, s *smtpServer) *job.Queue {
	t.Helper()
	o := notify.Options{PublicURL: "https://yagura.example.com", Reach: peer.Reach{Private: true, Local: true}}
	if s != nil {
		o.Mail = config.Mail{Host: s.host, Port: s.port, User: "yagura", Password: config.NewSecret("s3cret"), From: "櫓 <yagura@example.com>", TLS: "starttls", CA: s.ca}
	}
	n, err := notify.New(db, quiet, o)
	if err != nil {
		t.Fatal(err)
	}
	q := job.New(db, quiet)
	n.Register(q)
	return q
}

// parts reads a mail as a mail program does.
func parts(t *testing.T, raw string) (h mail.Header, subject, plain, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, subject, plain, html
		}
		if err != nil {
			t.Fatal(err)
		}
		var in io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			in = quotedprintable.NewReader(p)
		case "base64":
			in = base64.NewDecoder(base64.StdEncoding, p)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(content)
		} else {
			plain = strings.ReplaceAll(string(content), "\r\n", "\n")
		}
	}
}

func TestMail(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		smtp := newSMTP(t)
		q := service(t, db, smtp)
		people(t, db)
		clk.Set(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)) // 10:00 in Tokyo
		urgent := assigned("jones", "b")                       // 1:00 in London: quiet, but it is urgent
		urgent.Urgent = true
		urgent.Body = text.M("%s", "<script>alert(1)</script>\nBcc: x@example.com")
		send(t, db, assigned("sato", "a"), assigned("jones", "a"), urgent)
		drain(t, q, 2)
		mails := smtp.received()
		if len(mails) != 2 {
			t.Fatalf("%d mails", len(mails))
		}
		h, subject, plain, html := parts(t, mails[0])
		to, _ := h.AddressList("To")
		from, _ := h.AddressList("From")
		if subject != "INC-2026-0001 があなたに割り当てられました" || len(to) != 1 || to[0].Name != "佐藤 花子" || to[0].Address != "sato@example.com" || from[0].Name != "櫓" ||
			h.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(h.Get("Message-Id"), "@yagura.example.com") || h.Get("Date") != "Tue, 24 Nov 2026 10:00:00 +0900" {
			t.Errorf("%s\n%v %v", subject, h, from)
		}
		for _, want := range []string{"姫路製作所 で 24 時間以内に対応してください", "2026-11-24 10:00 JST", "Yagura で開く: https://yagura.example.com/incidents/INC-2026-0001", "https://yagura.example.com/inbox/settings"} {
			if !strings.Contains(plain, want) {
				t.Errorf("no %q in\n%s", want, plain)
			}
		}
		if !strings.Contains(html, `<a href="https://yagura.example.com/incidents/INC-2026-0001">`) || !strings.Contains(html, `<html lang="ja">`) {
			t.Error(html)
		}
		h, subject, _, html = parts(t, mails[1])
		if subject != "[Urgent] INC-2026-0001 was assigned to you" || strings.Contains(html, "<script") || h.Get("Bcc") != "" {
			t.Errorf("%s\n%s", subject, html)
		}
		// The one that waits for the end of the quiet hours, 7:00 in London, is not
		// sent if it was read meanwhile.
		send(t, db, assigned("jones", "c"))
		clk.Set(time.Date(2026, 11, 24, 6, 59, 0, 0, time.UTC))
		drain(t, q, 0)
		var list []notify.Entry
		view(t, db, func(tx *store.Tx) (err error) {
			list, _, err = notify.Inbox(tx, "jones", notify.Filter{}, keyset.Page{})
			return err
		})
		if err := db.Operate(ctx, func(tx *store.Tx) error { return notify.MarkRead(tx, "jones", list[2].ID) }); err != nil {
			t.Fatal(err)
		}
		clk.Set(time.Date(2026, 11, 24, 7, 0, 1, 0, time.UTC))
		drain(t, q, 2)
		if got := len(smtp.received()); got != 3 {
			t.Errorf("%d mails", got)
		}
	})
}

func TestMailFailures(t *testing.T) {
	db, clk := storetest.SQLite(t, tables...)
	people(t, db)
	clk.Set(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
	state := func(want job.State, contains string) {
		t.Helper()
		view(t, db, func(tx *store.Tx) error {
			list, _, err := job.List(tx, system, job.Filter{Kind: "notify.mail"}, keyset.Page{Sort: "created", Desc: true})
			if err == nil && (list[0].State != want || !strings.Contains(list[0].Error, contains) || strings.Contains(list[0].Error, "s3cret")) {
				t.Errorf("%+v, want %s with %q", list[0], want, contains)
			}
			return err
		})
	}
	smtp := newSMTP(t)
	smtp.refusing("450 later")
	send(t, db, assigned("sato", "a"))
	drain(t, service(t, db, smtp), 1)
	state(job.Waiting, "450")
	clk.Advance(time.Hour)
	smtp.refusing("550 no such user")
	drain(t, service(t, db, smtp), 1)
	state(job.Dead, "550")

	clk.Advance(time.Second)
	open := newSMTP(t)
	open.noTLS = true
	send(t, db, assigned("sato", "b"))
	drain(t, service(t, db, open), 1)
	state(job.Waiting, "STARTTLS")
	if open.plainly != 0 || len(open.received()) != 0 {
		t.Error("it spoke without encryption")
	}
	other := newSMTP(t)
	other.ca = smtp.ca // not the certificate's
	clk.Advance(time.Hour)
	drain(t, service(t, db, other), 1)
	state(job.Waiting, "certificate")

	clk.Advance(2 * time.Hour)
	drain(t, service(t, db, nil), 1) // no mail server: nothing to do
	state(job.Done, "")
}

func TestDigest(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		smtp := newSMTP(t)
		q := service(t, db, smtp)
		people(t, db)
		clk.Set(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)) // Tuesday 10:00 in Tokyo
		sato := authz.Actor{Person: "sato"}
		if err := db.Change(ctx, func(tx *store.Tx) error {
			return notify.SetPreferences(tx, sato, notify.Preferences{Mail: "sometimes", DigestAt: -1, QuietDays: []time.Weekday{0, 1, 2, 3, 4, 5, 6}})
		}); len(fault.FieldsOf(err)) != 3 {
			t.Errorf("%v", err)
		}
		if err := db.Change(ctx, func(tx *store.Tx) error {
			return notify.SetPreferences(tx, sato, notify.Preferences{Mail: notify.DailyMail, DigestAt: 9*60 + 30, QuietDays: []time.Weekday{time.Wednesday}})
		}); err != nil {
			t.Fatal(err)
		}
		send(t, db, assigned("sato", "a"), assigned("sato", "b"))
		clk.Advance(time.Hour)
		send(t, db, assigned("sato", "c"))
		clk.Set(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)) // Wednesday is quiet
		drain(t, q, 0)
		clk.Set(time.Date(2026, 11, 26, 0, 31, 0, 0, time.UTC)) // Thursday 9:31
		drain(t, q, 1)
		mails := smtp.received()
		if len(mails) != 1 {
			t.Fatalf("%d mails", len(mails))
		}
		_, subject, plain, _ := parts(t, mails[0])
		if subject != "新しい通知が 3 件あります" || strings.Count(plain, "割り当てられました") != 3 || !strings.Contains(plain, "すべての通知: https://yagura.example.com/inbox\n") {
			t.Errorf("%s\n%s", subject, plain)
		}
		send(t, db, assigned("sato", "d"))
		clk.Advance(24 * time.Hour)
		drain(t, q, 1)
		if _, subject, _, _ := parts(t, smtp.received()[1]); subject != "INC-2026-0001 があなたに割り当てられました" {
			t.Error(subject)
		}
	})
}

func TestWebhook(t *testing.T) {
	storetest.Each(t, tables, func(t *testing.T, db *store.DB, clk *clock.Movable) {
		people(t, db)
		type call struct {
			header http.Header
			body   []byte
		}
		var calls []call
		status, retry := 200, ""
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			calls = append(calls, call{r.Header.Clone(), body})
			if retry != "" {
				w.Header().Set("Retry-After", retry)
			}
			if status == 302 {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(status)
		}))
		defer receiver.Close()
		s, err := notify.New(db, quiet, notify.Options{PublicURL: "https://yagura.example.com/", Reach: peer.Reach{Private: true, Local: true}})
		if err != nil {
			t.Fatal(err)
		}
		q := job.New(db, quiet)
		s.Register(q)
		var target notify.Target
		var secret string
		if err := db.Change(ctx, func(tx *store.Tx) (err error) {
			target, secret, err = s.AddTarget(tx, system, notify.Target{Name: "chat", URL: receiver.URL + "/hook/token", Topics: []string{"incident"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		view(t, db, func(tx *store.Tx) error {
			var kept string
			err := tx.QueryRow("SELECT secret FROM notify_target").Scan(&kept)
			if strings.Contains(kept, secret) {
				t.Error("the secret stands in the database")
			}
			history, err2 := ledger.History(tx, authz.Everything(), target.ID)
			if len(history) != 1 || strings.Contains(string(history[0].Body), "token") {
				t.Errorf("%v, %v", history, err2)
			}
			return err
		})
		other := assigned("sato", "x")
		other.Topic = "psirt"
		send(t, db, assigned("sato", "a"), assigned("jones", "a"), other) // one key: one call
		drainHooks := func(want int) {
			t.Helper()
			calls = nil
			if _, err := q.Drain(ctx); err != nil {
				t.Fatal(err)
			}
			if len(calls) != want {
				t.Fatalf("%d calls, want %d", len(calls), want)
			}
		}
		drainHooks(1)
		c := calls[0]
		header := c.header.Get(notify.SignatureHeader)
		if err := notify.Check(secret, header, c.body, db.Now(), notify.ReplayWindow); err != nil {
			t.Errorf("%s: %v", header, err)
		}
		for name, err := range map[string]error{
			"another body":   notify.Check(secret, header, append(c.body, ' '), db.Now(), notify.ReplayWindow),
			"another secret": notify.Check("x", header, c.body, db.Now(), notify.ReplayWindow),
			"another time":   notify.Check(secret, "t=1,v1="+header[len(header)-64:], c.body, time.Unix(1, 0), notify.ReplayWindow),
			"late":           notify.Check(secret, header, c.body, db.Now().Add(6*time.Minute), notify.ReplayWindow),
			"none":           notify.Check(secret, "", c.body, db.Now(), notify.ReplayWindow),
		} {
			if err == nil {
				t.Errorf("%s passes", name)
			}
		}
		var d notify.Delivery
		if err := json.Unmarshal(c.body, &d); err != nil || d.Key != "a" || d.Subject[text.JA] != "INC-2026-0001 があなたに割り当てられました" ||
			d.URL != "https://yagura.example.com/incidents/INC-2026-0001" || strings.Contains(string(c.body), "sato") {
			t.Errorf("%s, %v", c.body, err)
		}
		status, retry = 429, "7200"
		send(t, db, assigned("sato", "b"))
		drainHooks(1)
		first := calls[0].header.Get(notify.DeliveryHeader)
		clk.Advance(time.Hour)
		drainHooks(0)
		clk.Advance(time.Hour + time.Second)
		status, retry = 204, ""
		drainHooks(1)
		if again := calls[0].header.Get(notify.DeliveryHeader); again != first || first == "" {
			t.Errorf("deliveries %q and %q", first, again)
		}
		status = 302
		if err := db.Change(ctx, func(tx *store.Tx) error { return s.TestTarget(tx, system, target.ID) }); err != nil {
			t.Fatal(err)
		}
		drainHooks(1)
		view(t, db, func(tx *store.Tx) error {
			dead, _, err := job.List(tx, system, job.Filter{State: job.Dead}, keyset.Page{})
			if err == nil && (len(dead) != 1 || !strings.Contains(dead[0].Error, "redirections are not followed")) {
				t.Errorf("%+v", dead)
			}
			return err
		})
		send(t, db, assigned("sato", "c"))
		if err := db.Change(ctx, func(tx *store.Tx) error { return s.RemoveTarget(tx, system, target.ID) }); err != nil {
			t.Fatal(err)
		}
		drainHooks(0)
		if err := db.Change(ctx, func(tx *store.Tx) error { return s.RemoveTarget(tx, system, target.ID) }); !fault.Is(err, fault.KindNotFound) {
			t.Error(err)
		}
		if err := db.Change(ctx, func(tx *store.Tx) error { return s.RemoveTarget(tx, authz.Actor{Person: "sato"}, target.ID) }); !fault.Is(err, fault.KindDenied) {
			t.Error(err)
		}
	})
}

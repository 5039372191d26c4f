// Package notify tells people what concerns them: in their inbox in the
// console, by mail and, for other systems, by signed webhooks. A message is
// sent in the transaction of what it is about, so it exists exactly if that
// happened, and once for each person and key. It is kept as a sentence, not as
// text, and is put into words in the language of whoever reads it. Mails
// respect a person's quiet hours and can be collected to one a day; urgent ones
// pass.
package notify

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of notifications.
var Migrations = store.Migrations{Area: "notify", SQL: schema}

// Message is what a person is to be told.
type Message struct {
	To      string       // id of a person
	Subject text.Message // one line
	Body    text.Message // a few sentences; may be zero
	Href    string       // path of the page it is about, beginning with "/"; may be empty
	Key     string       // the same key reaches the same person once; empty: every Send is a message
	Topic   string       // area it belongs to, such as "incident"; webhooks choose by it
	Urgent  bool         // passes quiet hours and is never collected
}

// Send puts the message into the person's inbox and asks for the mail and the
// webhooks. It belongs inside Change. A person who has left, or is not known,
// is not told.
func Send(tx *store.Tx, m Message) error {
	if m.To == "" || m.Subject.IsZero() {
		return errors.New("notify: a message needs a person and a subject")
	}
	if m.Href != "" && (!strings.HasPrefix(m.Href, "/") || strings.HasPrefix(m.Href, "//")) {
		return fmt.Errorf("notify: %q is not a path of the console", m.Href)
	}
	p, err := authz.FindPerson(tx, m.To)
	if fault.Is(err, fault.KindNotFound) || err == nil && !p.Active {
		return nil
	}
	if err != nil {
		return err
	}
	e := Entry{ID: id.New(), Message: m, At: tx.Now}
	if e.Key == "" {
		e.Key = e.ID
	}
	subject, err := json.Marshal(m.Subject)
	if err != nil {
		return fmt.Errorf("notify: subject %q: %w", m.Subject.Key, err)
	}
	body, err := json.Marshal(m.Body)
	if err != nil {
		return fmt.Errorf("notify: body %q: %w", m.Body.Key, err)
	}
	prefs, err := PreferencesOf(tx, p.ID)
	if err != nil {
		return err
	}
	way, due := prefs.route(m.Urgent, tx.Now, p.Location())
	n, err := tx.Exec(`INSERT INTO notify_inbox (id, person, at, topic, key, subject, body, href, urgent, digest)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT (person, key) DO NOTHING`,
		e.ID, e.To, tx.Millis(), e.Topic, e.Key, string(subject), string(body), e.Href, flag(e.Urgent), flag(way == byDigest))
	if err != nil || n == 0 {
		return err
	}
	switch {
	case p.Email == "":
	case way == byMail:
		_, err = job.Enqueue(tx, job.Job{Kind: mailKind, Key: e.ID, Due: due, Body: job.Body(reference{e.ID})})
	case way == byDigest:
		_, err = job.Enqueue(tx, job.Job{Kind: digestKind, Key: fmt.Sprintf("%s/%d", p.ID, store.Millis(due)), Due: due, Body: job.Body(reference{p.ID})})
	}
	if err != nil {
		return err
	}
	return callTargets(tx, e)
}

type reference struct {
	ID string `json:"id"`
}

const (
	mailKind    = "notify.mail"
	digestKind  = "notify.digest"
	webhookKind = "notify.webhook"
)

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Entry is a message in an inbox.
type Entry struct {
	ID string
	Message
	At   time.Time
	Seen time.Time // zero: not yet read

	mailed bool
}

const columns = "id, person, at, topic, key, subject, body, href, urgent, seen, mailed"

func read(r store.Scanner) (e Entry, err error) {
	var at, seen, mailed int64
	var urgent int
	var subject, body string
	if err = r.Scan(&e.ID, &e.To, &at, &e.Topic, &e.Key, &subject, &body, &e.Href, &urgent, &seen, &mailed); err != nil {
		return e, err
	}
	e.At, e.Seen, e.Urgent, e.mailed = store.Time(at), store.Time(seen), urgent != 0, mailed != 0
	if err = json.Unmarshal([]byte(subject), &e.Subject); err == nil {
		err = json.Unmarshal([]byte(body), &e.Body)
	}
	return e, err
}

// Filter narrows an inbox; empty fields do not.
type Filter struct {
	Unread bool
	Topic  string
}

// Inbox returns a page of a person's messages, newest first, and where the next
// page begins.
func Inbox(tx *store.Tx, person string, f Filter, p keyset.Page) ([]Entry, *keyset.Position, error) {
	p.Sort, p.Desc = "at", true
	after, args, order, err := p.SQL(keyset.Columns{"at": keyset.Int("at")}, "id", 4)
	if err != nil {
		return nil, nil, err
	}
	entries, err := store.Rows(tx, read, "SELECT "+columns+" FROM notify_inbox WHERE person = $1 AND ($2 = 0 OR seen = 0) AND ($3 = '' OR topic = $3) AND "+after+order,
		append([]any{person, flag(f.Unread), f.Topic}, args...)...)
	if err != nil {
		return nil, nil, err
	}
	shown, next := keyset.Cut(p, entries, func(e Entry) keyset.Position { return keyset.At(store.Millis(e.At), e.ID) })
	return shown, next, nil
}

// Unread is how many messages a person has not read.
func Unread(tx *store.Tx, person string) (n int64, err error) {
	err = tx.QueryRow("SELECT COUNT(*) FROM notify_inbox WHERE person = $1 AND seen = 0", person).Scan(&n)
	return n, err
}

// MarkRead notes that a person has read messages of his; others' are left
// alone. It belongs inside Operate.
func MarkRead(tx *store.Tx, person string, ids ...string) error {
	for _, id := range ids {
		if _, err := tx.Exec("UPDATE notify_inbox SET seen = $1 WHERE id = $2 AND person = $3 AND seen = 0", tx.Millis(), id, person); err != nil {
			return err
		}
	}
	return nil
}

// MarkAllRead notes that a person has read all that came up to a time. It
// belongs inside Operate.
func MarkAllRead(tx *store.Tx, person string, until time.Time) error {
	_, err := tx.Exec("UPDATE notify_inbox SET seen = $1 WHERE person = $2 AND seen = 0 AND at <= $3", tx.Millis(), person, store.Millis(until))
	return err
}

package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/peer"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// SignatureHeader carries the signature of a webhook:
//
//	Yagura-Signature: t=1795424400,v1=5257a869e7ec…
//
// t is the time of sending in seconds since 1970. v1 is the HMAC-SHA256, in
// lower-case hexadecimal, of the text of t, a full stop and the body as it was
// sent, under the target's secret. The receiver computes it anew, compares in
// constant time, and refuses what is more than five minutes old. The header
// Yagura-Delivery names the delivery; it is the same when one is repeated.
const SignatureHeader = "Yagura-Signature"

// DeliveryHeader names the delivery.
const DeliveryHeader = "Yagura-Delivery"

// ReplayWindow is how old a webhook may be for its receiver.
const ReplayWindow = 5 * time.Minute

// Sign is the value of SignatureHeader.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + mac(secret, t, body)
}

func mac(secret, t string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// Check is what a receiver does: it returns nil where the header was made with
// the secret for this body within the window around now. During a change of
// secrets a header may hold several v1.
func Check(secret, header string, body []byte, now time.Time, window time.Duration) error {
	var t string
	var marks []string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			t = value
		case "v1":
			marks = append(marks, value)
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || len(marks) == 0 {
		return errors.New("webhook: the signature can't be read")
	}
	want := []byte(mac(secret, t, body))
	if !slices.ContainsFunc(marks, func(m string) bool { return hmac.Equal([]byte(m), want) }) {
		return errors.New("webhook: the signature does not fit")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > window || age < -window {
		return fmt.Errorf("webhook: sent %s ago, outside of %s", age.Round(time.Second), window)
	}
	return nil
}

// Delivery is the body of a webhook.
type Delivery struct {
	ID      string               `json:"id"` // of the message, the same when repeated
	Key     string               `json:"key"`
	At      time.Time            `json:"at"`
	Topic   string               `json:"topic"`
	Urgent  bool                 `json:"urgent"`
	Subject map[text.Lang]string `json:"subject"`
	Body    map[text.Lang]string `json:"body,omitempty"`
	URL     string               `json:"url,omitempty"`
}

func words(m text.Message) map[text.Lang]string {
	if m.IsZero() {
		return nil
	}
	return map[text.Lang]string{text.EN: m.In(text.EN), text.JA: m.In(text.JA)}
}

type callBody struct {
	Target string `json:"target"`
	Entry  string `json:"entry"`
}

// callTargets asks for the webhooks of a message. The same key to several
// people is one delivery.
func callTargets(tx *store.Tx, e Entry) error {
	targets, err := allTargets(tx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if !t.wants(e.Message) {
			continue
		}
		if _, err := job.Enqueue(tx, job.Job{Kind: webhookKind, Key: t.ID + "/" + e.Key, Body: job.Body(callBody{t.ID, e.ID})}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) call(ctx context.Context, j job.Job) error {
	var c callBody
	if err := j.Into(&c); err != nil {
		return err
	}
	var t Target
	var e Entry
	var secret string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if t, err = readTarget(tx.QueryRow("SELECT "+targetColumns+" FROM notify_target WHERE id = $1", c.Target)); err != nil {
			return err
		}
		if secret, err = tx.Unveil(t.subject(), t.veiled); err != nil {
			return err
		}
		if c.Entry == "" { // a test by a person
			e = Entry{ID: j.ID, At: tx.Now, Message: Message{Topic: "test", Key: j.ID, Subject: text.M("This is a test of the webhook %s", t.Name)}}
			return nil
		}
		e, err = read(tx.QueryRow("SELECT "+columns+" FROM notify_inbox WHERE id = $1", c.Entry))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, store.ErrForgotten) {
		return nil // the target was removed meanwhile
	}
	if err != nil {
		return err
	}
	d := Delivery{ID: e.ID, Key: e.Key, At: e.At, Topic: e.Topic, Urgent: e.Urgent, Subject: words(e.Subject), Body: words(e.Body)}
	if e.Href != "" {
		d.URL = s.options.PublicURL + e.Href
	}
	body, err := json.Marshal(d)
	if err != nil {
		return job.Permanent(err)
	}
	if wrong := checkURL(t.URL, s.options.Reach); wrong != nil {
		return job.Permanent(wrong)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return job.Permanent(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Yagura")
	r.Header.Set(DeliveryHeader, j.ID)
	r.Header.Set(SignatureHeader, Sign(secret, s.db.Now(), body))
	return s.post(r)
}

func (s *Service) post(r *http.Request) error {
	answer, err := s.caller.Do(r)
	if err != nil {
		if errors.Is(err, peer.ErrReach) {
			return job.Permanent(err)
		}
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	code := answer.StatusCode
	failure := fmt.Errorf("webhook: the receiver answered %s", answer.Status)
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return job.Permanent(fmt.Errorf("%w: redirections are not followed", failure))
	case code == http.StatusGone || code == http.StatusRequestEntityTooLarge:
		return job.Permanent(failure)
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		if after, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && after > 0 {
			return job.After(time.Duration(min(after, 24*3600))*time.Second, failure)
		}
	}
	return failure
}

// checkURL is the look at a target before anything is resolved: https unless
// private addresses are allowed, no user, and no address that is not as it stands.
func checkURL(s string, reach peer.Reach) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || len(s) > 2000 || u.Scheme != "https" && u.Scheme != "http" ||
		u.Scheme == "http" && reach == (peer.Reach{}) {
		return fault.Invalid(fault.F("url", "Give a URL that begins with https://, without a password"))
	}
	if !reach.Plain(u) {
		return fault.Invalid(fault.F("url", "Private and local addresses are not allowed for webhooks here"))
	}
	return nil
}

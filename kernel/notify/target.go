package notify

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// Acts upon webhooks.
const (
	ReadTargets   authz.Act = "notify.read"
	ManageTargets authz.Act = "notify.manage"
)

// Acts says who may handle webhooks.
var Acts = authz.Table{
	ReadTargets:   {authz.Admin},
	ManageTargets: {authz.Admin},
}

// Target is a system that is called for messages.
type Target struct {
	ID      string
	Name    string
	URL     string
	Topics  []string // empty: all
	Urgent  bool     // urgent messages only
	Created time.Time

	veiled string
}

func (t Target) wants(m Message) bool {
	return (!t.Urgent || m.Urgent) && (len(t.Topics) == 0 || slices.Contains(t.Topics, m.Topic))
}

// subject is under whose key the secret is veiled: destroying it with the
// target takes the secret out of backups too.
func (t Target) subject() string { return "webhook:" + t.ID }

// TargetAdded is recorded when a webhook is set up.
type TargetAdded struct {
	Target string   `json:"target"`
	Host   string   `json:"host"`
	Topics []string `json:"topics,omitempty"`
}

// Heading implements store.Fact.
func (f TargetAdded) Heading() store.Heading {
	return store.Heading{Kind: "notify.webhook-added", Subject: f.Target}
}

// TargetRemoved is recorded when a webhook is taken away.
type TargetRemoved struct {
	Target string `json:"target"`
}

// Heading implements store.Fact.
func (f TargetRemoved) Heading() store.Heading {
	return store.Heading{Kind: "notify.webhook-removed", Subject: f.Target}
}

// TargetTested is recorded when a person has a test sent.
type TargetTested TargetRemoved

// Heading implements store.Fact.
func (f TargetTested) Heading() store.Heading {
	return store.Heading{Kind: "notify.webhook-tested", Subject: f.Target}
}

const targetColumns = "id, name, url, secret, topics, urgent, created"

func readTarget(r store.Scanner) (t Target, err error) {
	var topics string
	var urgent int
	var created int64
	err = r.Scan(&t.ID, &t.Name, &t.URL, &t.veiled, &topics, &urgent, &created)
	t.Topics, t.Urgent, t.Created = strings.Fields(topics), urgent != 0, store.Time(created)
	return t, err
}

func allTargets(tx *store.Tx) ([]Target, error) {
	return store.Rows(tx, readTarget, "SELECT "+targetColumns+" FROM notify_target ORDER BY name, id")
}

// Targets lists the webhooks.
func Targets(tx *store.Tx, by authz.Actor) ([]Target, error) {
	if err := by.May(ReadTargets, ""); err != nil {
		return nil, err
	}
	return allTargets(tx)
}

// AddTarget sets up a webhook and returns its secret, which is shown this once.
// It belongs inside Change.
func (s *Service) AddTarget(tx *store.Tx, by authz.Actor, t Target) (Target, string, error) {
	if err := by.May(ManageTargets, ""); err != nil {
		return t, "", err
	}
	t.Name, t.URL = strings.TrimSpace(t.Name), strings.TrimSpace(t.URL)
	var wrong []fault.Field
	if t.Name == "" || len(t.Name) > 200 {
		wrong = append(wrong, fault.F("name", "Give the webhook a name of at most %d letters", 200))
	}
	wrong = append(wrong, fault.FieldsOf(checkURL(t.URL, s.options.Reach))...)
	for _, topic := range t.Topics {
		if topic == "" || strings.ContainsFunc(topic, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }) {
			wrong = append(wrong, fault.F("topics", "There is no topic %s", topic))
		}
	}
	if len(wrong) > 0 {
		return t, "", fault.Invalid(wrong...)
	}
	t.ID, t.Created = id.New(), tx.Now
	secret := id.Token()
	veiled, err := tx.Veil(t.subject(), secret)
	if err != nil {
		return t, "", err
	}
	if _, err := tx.Exec("INSERT INTO notify_target ("+targetColumns+") VALUES ($1,$2,$3,$4,$5,$6,$7)",
		t.ID, t.Name, t.URL, veiled, strings.Join(t.Topics, " "), flag(t.Urgent), tx.Millis()); err != nil {
		return t, "", err
	}
	// A URL may hold a token in its path: the ledger gets the host alone.
	return t, secret, tx.Record(by, TargetAdded{t.ID, hostOf(t.URL), t.Topics})
}

func hostOf(s string) string {
	_, rest, _ := strings.Cut(s, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func findTarget(tx *store.Tx, by authz.Actor, target string) (Target, error) {
	if err := by.May(ManageTargets, ""); err != nil {
		return Target{}, err
	}
	t, err := readTarget(tx.QueryRow("SELECT "+targetColumns+" FROM notify_target WHERE id = $1", target))
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.NotFound("There is no such webhook")
	}
	return t, err
}

// RemoveTarget takes a webhook away and destroys its secret. It belongs inside
// Change.
func (s *Service) RemoveTarget(tx *store.Tx, by authz.Actor, target string) error {
	t, err := findTarget(tx, by, target)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM notify_target WHERE id = $1", t.ID); err != nil {
		return err
	}
	if err := tx.Forget(t.subject()); err != nil {
		return err
	}
	return tx.Record(by, TargetRemoved{t.ID})
}

// TestTarget sends a test to a webhook. It belongs inside Change.
func (s *Service) TestTarget(tx *store.Tx, by authz.Actor, target string) error {
	t, err := findTarget(tx, by, target)
	if err != nil {
		return err
	}
	if _, err := job.Enqueue(tx, job.Job{Kind: webhookKind, Body: job.Body(callBody{Target: t.ID})}); err != nil {
		return err
	}
	return tx.Record(by, TargetTested{t.ID})
}

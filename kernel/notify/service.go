package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"yagura/kernel/config"
	"yagura/kernel/job"
	"yagura/kernel/peer"
	"yagura/kernel/store"
)

// Options are what the installation sets.
type Options struct {
	PublicURL string // links begin with it
	Mail      config.Mail
	Reach     peer.Reach // which addresses webhooks may call
	Settings  string     // path of the page of preferences, named at the end of each mail; default "/inbox/settings"
}

// Service brings messages out of the house: by mail and by webhook.
type Service struct {
	db      *store.DB
	log     *slog.Logger
	options Options
	trust   *x509.CertPool // nil: the system's
	caller  *http.Client
}

// New returns a service. It fails where the mail server's certificates can't be
// read.
func New(db *store.DB, log *slog.Logger, o Options) (*Service, error) {
	if o.Settings == "" {
		o.Settings = "/inbox/settings"
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	s := &Service{db: db, log: log, options: o, caller: o.Reach.Client(20 * time.Second)}
	if o.Mail.CA != "" {
		pem, err := os.ReadFile(o.Mail.CA)
		if err != nil {
			return nil, fmt.Errorf("notify: %w", err)
		}
		if s.trust, err = x509.SystemCertPool(); err != nil {
			s.trust = x509.NewCertPool()
		}
		if !s.trust.AppendCertsFromPEM(pem) {
			return nil, errors.New("notify: " + o.Mail.CA + " holds no certificate")
		}
	}
	return s, nil
}

func (s *Service) tls() *tls.Config {
	return &tls.Config{ServerName: s.options.Mail.Host, RootCAs: s.trust, MinVersion: tls.VersionTLS12}
}

// Register gives the service's work to the queue.
func (s *Service) Register(q *job.Queue) {
	patient := job.Options{Attempts: 30, Backoff: 15 * time.Second, Timeout: 2 * time.Minute} // about a day
	q.Register(mailKind, patient, s.mail)
	q.Register(digestKind, patient, s.digest)
	q.Register(webhookKind, job.Options{Attempts: 30, Backoff: 15 * time.Second, Timeout: 30 * time.Second}, s.call)
	q.Every("notify.purge", 6*time.Hour, s.purge)
}

const keep = 400 * 24 * time.Hour

// purge forgets messages of more than 400 days ago.
func (s *Service) purge(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM notify_inbox WHERE at < $1", store.Millis(tx.Now.Add(-keep)))
		return err
	})
}

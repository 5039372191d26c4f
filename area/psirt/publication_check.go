package psirt

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/site"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// SiteCheck is what the last inspection of the public site found.
type SiteCheck struct {
	At        time.Time
	Documents int
	Findings  []site.Finding
}

// LastSiteCheck is the last inspection; false where there was none yet.
func (s *Service) LastSiteCheck(ctx context.Context, by authz.Actor) (c SiteCheck, ok bool, err error) {
	if !by.CanAnywhere(Handle) {
		return c, false, by.May(Handle, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := store.Rows(tx, func(r store.Scanner) (c SiteCheck, err error) {
			var at int64
			var found string
			if err = r.Scan(&at, &c.Documents, &found); err == nil {
				c.At, err = store.Time(at), json.Unmarshal([]byte(found), &c.Findings)
			}
			return c, err
		}, "SELECT at, documents, findings FROM psirt_publication_check WHERE id = 'last'")
		if len(all) > 0 {
			c, ok = all[0], true
		}
		return err
	})
	return c, ok, err
}

// SiteConfigured tells whether there is a public site, and where.
func (s *Service) SiteConfigured() (url string, ok bool) { return s.pub.URL, s.pub.Site != nil }

// CheckSite inspects the public site as a client would, on the disk.
func (s *Service) CheckSite(ctx context.Context, by authz.Actor) (c SiteCheck, err error) {
	if !by.IsSystem() && !by.CanAnywhere(Handle) {
		return c, by.May(Handle, "")
	}
	c.At = s.db.Now()
	if c.Documents, c.Findings, err = site.Inspect(s.pub.Folder, c.At); errors.Is(err, fs.ErrNotExist) {
		c.Findings, err = []site.Finding{{Requirement: 7, Path: "/", Message: "nothing has been published yet"}}, nil
	} else if err != nil {
		return c, err
	}
	return c, s.db.Change(ctx, func(tx *store.Tx) error {
		found, err := json.Marshal(append([]site.Finding{}, c.Findings...))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO psirt_publication_check (id, at, documents, findings) VALUES ('last', $1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET at = excluded.at, documents = excluded.documents, findings = excluded.findings`, store.Millis(c.At), c.Documents, string(found)); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtSiteChecked{Documents: c.Documents, Findings: len(c.Findings)})
	})
}

const siteJob = "psirt.site"

// renewSite brings all that is public onto the site, once a day and after an import: what
// is there already stays as it is, a lost folder is made again, security.txt never
// expires, and what was configured anew is shown. Then the site is inspected.
func (s *Service) renewSite(ctx context.Context) error {
	if s.pub.Site == nil {
		return nil
	}
	var c site.Change
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		c.Put, err = store.Rows(tx, func(r store.Scanner) ([]byte, error) {
			var said string
			err := r.Scan(&said)
			return []byte(said), err
		}, "SELECT r.text FROM psirt_advisory_revision r JOIN psirt_advisory a ON a.id = r.advisory_id AND a.live = r.n WHERE a.live > 0")
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.pub.Site.Publish(s.db.Now(), c); err != nil {
		return err
	}
	_, err = s.CheckSite(ctx, authz.System("psirt"))
	return err
}

// Hint is a suggestion about a public advisory (CSAF 2.0, section 9.1.6).
type Hint struct {
	Advisory Advisory
	Kind     string // final: was interim for six weeks; interim: changes more often than every three weeks
	Since    time.Time
}

// Thresholds of the hints, as the standard proposes them.
const (
	often = 3 * 7 * 24 * time.Hour
	quiet = 6 * 7 * 24 * time.Hour
)

// AdvisoryHints suggest to end what is interim and quiet, and to call interim what
// changes often.
func (s *Service) AdvisoryHints(ctx context.Context, by authz.Actor) (hints []Hint, err error) {
	if !by.CanAnywhere(Handle) {
		return nil, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := store.Rows(tx, func(r store.Scanner) (Advisory, error) { return readAdvisory(r) },
			"SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.live > 0 AND a.state = 'published' AND a.imported = 0 AND (a.interim = 1 OR a.updated >= $1) ORDER BY a.updated DESC", store.Millis(tx.Now.Add(-often)))
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Interim {
				if tx.Now.Sub(a.Updated) >= quiet {
					hints = append(hints, Hint{publicOnly(a), "final", a.Updated})
				}
				continue
			}
			v, err := revision(tx, a.ID, a.Live)
			if err != nil {
				return err
			}
			d, err := csaf.Parse(v.Text)
			if err != nil {
				return err
			}
			history := d.Get("document", "tracking", "revision_history").Items()
			if len(history) < 2 {
				continue
			}
			before, ok := csaf.Instant(history[len(history)-2].Get("date").Text())
			if ok && a.Updated.Sub(before) < often {
				hints = append(hints, Hint{publicOnly(a), "interim", before})
			}
		}
		return nil
	})
	return hints, err
}

func publicOnly(a Advisory) Advisory {
	a.Title, a.TLP, a.Stage, a.Draft = a.liveTitle, a.liveTLP, "", 0
	return a
}

// TestsOf runs all tests on a text, as it would be published now.
func (s *Service) TestsOf(ctx context.Context, by authz.Actor, advisory string, raw []byte) (report *csaf.Report, changes []csaf.Change, records []RecordView, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, err := findAdvisory(tx, by, advisory)
		if err != nil {
			return err
		}
		if !a.Member {
			return missing()
		}
		d, err := parseAdvisory(a.Number, raw)
		if err != nil {
			return err
		}
		if a.Live > 0 {
			v, err := revision(tx, a.ID, a.Live)
			if err != nil {
				return err
			}
			public, err := csaf.Parse(v.Text)
			if err != nil {
				return err
			}
			changes = csaf.Diff(public, d)
		}
		stamped := s.stamp(a, d, tx.Now)
		report = stamped.Validate(csaf.Options{Level: csaf.Full, Now: tx.Now})
		records = s.records(stamped, strings.ToUpper(a.TLP), tx.Now)
		return nil
	})
	return report, changes, records, err
}

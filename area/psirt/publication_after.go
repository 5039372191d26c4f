package psirt

import (
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/site"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// after is what follows from a step that is done, in the transaction that says so.
func (s *Service) after(tx *store.Tx, p Publication, st Step, d *csaf.Document) error {
	a, err := readAdvisory(tx.QueryRow("SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.id = $1", p.Advisory))
	if err != nil {
		return err
	}
	switch st.Kind {
	case "site":
		return s.isPublic(tx, a, p.N, d)
	case "cve":
		if _, err := tx.Exec("UPDATE psirt_cve_id SET state = $2 WHERE id = $1", st.Target, string(cve.Published)); err != nil {
			return err
		}
		return s.recordOfCase(tx, a, cve.ID(st.Target))
	case "notices":
		return s.notices(tx, a)
	case "mails":
		return s.mails(tx, p, a, d)
	}
	return nil
}

// isPublic notes that a revision is public now.
func (s *Service) isPublic(tx *store.Tx, a Advisory, n int64, d *csaf.Document) error {
	tracking := d.Get("document", "tracking")
	title, tlp, haystack := aboutDocument(d)
	a.Title, a.TLP, a.liveTitle, a.liveTLP = title, tlp, title, tlp
	a.Live, a.Draft, a.Stage, a.State = n, 0, "", AdvisoryPublished
	a.Interim = tracking.Get("status").Text() == "interim"
	if site.Withdrawn(d) {
		a.State = AdvisoryWithdrawn
		for _, r := range d.Get("document", "references").Items() {
			if strings.HasPrefix(r.Get("summary").Text(), "Superseding Document") {
				a.State = AdvisorySuperseded
			}
		}
	}
	if at, ok := csaf.Instant(tracking.Get("initial_release_date").Text()); ok {
		a.Released = at
	}
	if at, ok := csaf.Instant(tracking.Get("current_release_date").Text()); ok {
		a.Updated = at
	}
	if err := saveAdvisory(tx, &a); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE psirt_advisory SET haystack = $2 WHERE id = $1", a.ID, haystack); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE psirt_advisory_revision SET published = $3 WHERE advisory_id = $1 AND n = $2", a.ID, n, tx.Millis()); err != nil {
		return err
	}
	if a.Case != "" {
		if err := s.Publicised(tx, authz.System("psirt"), a.Case, a.Number, tx.Now); err != nil {
			return err
		}
	}
	f := fact.PsirtAdvisoryPublished{Advisory: a.ID, Version: tracking.Get("version").Text(), State: a.State}
	if forEveryone(tlp) {
		if err := offerNamed(tx, d); err != nil {
			return err
		}
		f.Number = a.Number
		for _, v := range d.Get("vulnerabilities").Items() {
			if c := v.Get("cve").Text(); c != "" {
				f.CVEs = append(f.CVEs, c)
			}
		}
	}
	if err := s.indexAdvisory(tx, a, haystack); err != nil {
		return err
	}
	return tx.Record(authz.System("psirt"), f)
}

// indexAdvisory puts what everyone may read into the search over everything, and takes
// the rest out.
func (s *Service) indexAdvisory(tx *store.Tx, a Advisory, words string) error {
	if s.p.Index == nil {
		return nil
	}
	if !forEveryone(a.liveTLP) {
		return s.p.Index.Drop(tx, "advisory", a.ID)
	}
	return s.p.Index.Put(tx, Found{Kind: "advisory", Ref: a.ID, Title: a.Number + " " + a.liveTitle, Text: words, Href: AdvisoryHref(a.ID)})
}

// notices tell those who handle cases, and through them webhooks, what everyone may know
// now.
func (s *Service) notices(tx *store.Tx, a Advisory) error {
	if s.p.Notifier == nil || s.p.Directory == nil || !forEveryone(a.liveTLP) {
		return nil
	}
	who, err := s.p.Directory.Holders(tx, Handle, "")
	if err != nil {
		return err
	}
	for _, p := range who {
		if err := s.p.Notifier.Notify(tx, Notice{To: p, Subject: text.M("Advisory %s is public", a.Number), Body: text.Literal(a.liveTitle), Href: AdvisoryHref(a.ID),
			Key: "psirt-public:" + a.ID + ":" + store.Time(store.Millis(a.Updated)).Format(time.RFC3339) + ":" + p}); err != nil {
			return err
		}
	}
	return nil
}

package psirt

import (
	"context"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/site"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
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
		return s.mails(tx, p, a)
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

// Subscriber is somebody outside who gets a mail about every advisory that he may read.
type Subscriber struct {
	ID, Name, Mail string
	Lang           text.Lang
	TLP            string // the highest label
	Since          time.Time
}

func readSubscriber(r store.Scanner) (x Subscriber, err error) {
	var since int64
	err = r.Scan(&x.ID, &x.Name, &x.Mail, &x.Lang, &x.TLP, &since)
	x.Since = store.Time(since)
	return x, err
}

// Subscribers are all of them.
func (s *Service) Subscribers(ctx context.Context, by authz.Actor) (all []Subscriber, err error) {
	if !by.CanAnywhere(Handle) {
		return nil, by.May(Handle, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err = store.Rows(tx, readSubscriber, "SELECT id, name, mail, lang, tlp, since FROM psirt_publication_subscriber ORDER BY name, id")
		return err
	})
	return all, err
}

// Subscribe puts somebody on the list.
func (s *Service) Subscribe(ctx context.Context, by authz.Actor, x Subscriber) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.CanAnywhere(Handle) {
			return by.May(Handle, "")
		}
		x.Name, x.Mail = strings.TrimSpace(x.Name), strings.TrimSpace(x.Mail)
		at := strings.LastIndexByte(x.Mail, '@')
		if x.Name == "" || strings.ContainsAny(x.Name, "\r\n") {
			return fault.Invalid(fault.F("name", "Say who it is"))
		}
		if at < 1 || at == len(x.Mail)-1 || strings.ContainsAny(x.Mail, " \t\r\n<>,;\"") || len(x.Mail) > 254 {
			return fault.Invalid(fault.F("mail", "This is no mail address"))
		}
		if levelOf(x.TLP) == 0 {
			return fault.Invalid(fault.F("tlp", "Choose with whom it may be shared"))
		}
		if x.Lang != text.JA {
			x.Lang = text.EN
		}
		x.ID = id.New()
		if _, err := tx.Exec("INSERT INTO psirt_publication_subscriber (id, name, mail, lang, tlp, since, added_by) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			x.ID, x.Name, x.Mail, string(x.Lang), x.TLP, tx.Millis(), by.Who()); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtSubscriberChanged{Subscriber: x.ID})
	})
}

// Unsubscribe takes somebody off the list.
func (s *Service) Unsubscribe(ctx context.Context, by authz.Actor, subscriber string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.CanAnywhere(Handle) {
			return by.May(Handle, "")
		}
		n, err := tx.Exec("DELETE FROM psirt_publication_subscriber WHERE id = $1", subscriber)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing()
		}
		return tx.Record(by, fact.PsirtSubscriberChanged{Subscriber: subscriber, Removed: true})
	})
}

// levelOf orders labels by how few may read.
func levelOf(tlp string) int {
	for i, l := range AdvisoryLabels {
		if l == tlp {
			return i + 1
		}
	}
	if tlp == "UNLABELED" {
		return 1
	}
	return 0
}

const letterJob = "psirt.letter"

type letterBody struct {
	Publication string `json:"publication"`
	Subscriber  string `json:"subscriber"`
}

// mails asks for a mail to each subscriber who may read the advisory.
func (s *Service) mails(tx *store.Tx, p Publication, a Advisory) error {
	if s.pub.Letters == nil || p.Rehearsal {
		return nil // a rehearsal troubles nobody outside
	}
	all, err := store.Rows(tx, readSubscriber, "SELECT id, name, mail, lang, tlp, since FROM psirt_publication_subscriber ORDER BY id")
	if err != nil {
		return err
	}
	for _, x := range all {
		if levelOf(x.TLP) < levelOf(a.liveTLP) {
			continue
		}
		if _, err := job.Enqueue(tx, job.Job{Kind: letterJob, Key: p.ID + "/" + x.ID, Body: job.Body(letterBody{p.ID, x.ID})}); err != nil {
			return err
		}
	}
	return nil
}

// letter sends one of them. Of what is not for everyone it says no more than that there
// is something, since mails are read on the way.
func (s *Service) letter(ctx context.Context, j job.Job) error {
	var b letterBody
	if err := j.Into(&b); err != nil {
		return err
	}
	var x Subscriber
	var a Advisory
	gone := false
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := store.Rows(tx, readSubscriber, "SELECT id, name, mail, lang, tlp, since FROM psirt_publication_subscriber WHERE id = $1", b.Subscriber)
		if gone = len(all) == 0; err != nil || gone {
			return err
		}
		x = all[0]
		p, err := findPublication(tx, b.Publication)
		if err != nil {
			return err
		}
		a, err = readAdvisory(tx.QueryRow("SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.id = $1", p.Advisory))
		return err
	})
	if err != nil || gone || s.pub.Letters == nil {
		return err
	}
	l := OutsideLetter{Ref: b.Publication + "/" + x.ID, Name: x.Name, Mail: x.Mail, Lang: x.Lang, Subject: text.M("Security advisory %s: %s", a.Number, a.liveTitle),
		URL: s.pub.URL + "/" + string(x.Lang) + "/advisories/" + strings.TrimSuffix(csaf.Filename(a.Number), ".json") + ".html"}
	if !forEveryone(a.liveTLP) {
		l.Subject, l.URL = text.M("A security advisory for you"), s.selfURL(a.Number, a.liveTLP, a.Released)
	}
	l.Body = text.M("A security advisory about our products was published or updated. Read it here: %s", l.URL)
	return s.pub.Letters.Send(ctx, l)
}

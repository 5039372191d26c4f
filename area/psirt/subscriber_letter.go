package psirt

import (
	"context"
	"errors"
	"strings"

	"yagura/area/psirt/csaf"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

const (
	letterJob = "psirt.letter"
	wishJob   = "psirt.wish"
)

type letterBody struct {
	Publication string `json:"publication"`
	Subscriber  string `json:"subscriber"`
}

// The job knows the wish by its id: the address stands in its row alone.
type wishBody struct {
	Wish string `json:"wish"`
}

// mails asks for a mail to each subscriber who may read the advisory and wants to hear of
// one of its products. It comes after the text is public.
func (s *Service) mails(tx *store.Tx, p Publication, a Advisory, d *csaf.Document) error {
	if s.pub.Letters == nil || p.Rehearsal {
		return nil // a rehearsal troubles nobody outside
	}
	all, err := subscribers(tx, "1=1")
	if err != nil {
		return err
	}
	of, err := concerned(tx, d)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, x := range all {
		if levelOf(x.TLP) < levelOf(a.liveTLP) || told[mailKey(x.Mail)] || !x.hears(of) {
			continue
		}
		told[mailKey(x.Mail)] = true
		if _, err := job.Enqueue(tx, job.Job{Kind: letterJob, Key: p.ID + "/" + x.ID, Body: job.Body(letterBody{p.ID, x.ID})}); err != nil {
			return err
		}
	}
	return nil
}

// hears tells whether somebody wants to hear of one of some products. Of an advisory
// whose products the registry does not know everybody hears, rather than nobody.
func (x Subscriber) hears(of map[string]bool) bool {
	if x.Everything || len(of) == 0 {
		return true
	}
	for _, p := range x.Products {
		if of[p] {
			return true
		}
	}
	return false
}

// concerned are the products of the registry that a text is about: those whose name
// stands in a name of its product tree; where a family is named without any of its
// products, all of these.
func concerned(tx *store.Tx, d *csaf.Document) (map[string]bool, error) {
	var names []string
	for _, n := range productNamesOf(d) {
		names = append(names, foldName(n))
	}
	in := func(name string, whole bool) bool {
		name = foldName(name)
		if name == "" {
			return false
		}
		for _, n := range names {
			if n == name || !whole && strings.Contains(n, name) {
				return true
			}
		}
		return false
	}
	type entry struct{ id, name, nameJA, family, familyName, familyJA string }
	all, err := store.Rows(tx, func(r store.Scanner) (e entry, err error) {
		return e, r.Scan(&e.id, &e.name, &e.nameJA, &e.family, &e.familyName, &e.familyJA)
	}, "SELECT p.id, p.name, p.name_ja, p.family, COALESCE(f.name, ''), COALESCE(f.name_ja, '') FROM "+productTables)
	if err != nil {
		return nil, err
	}
	found, families := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		if in(e.name, false) || in(e.nameJA, false) {
			found[e.id], families[e.family] = true, true
		}
	}
	for _, e := range all {
		if e.family != "" && !families[e.family] && (in(e.familyName, true) || in(e.familyJA, true)) {
			found[e.id] = true
		}
	}
	return found, nil
}

// offerNamed lets customers choose the products that a text for everyone names: nobody is
// told anything by it that is not public.
func offerNamed(tx *store.Tx, d *csaf.Document) error {
	names := productNamesOf(d)
	if len(names) == 0 {
		return nil
	}
	args := make([]any, len(names))
	for i, n := range names {
		args[i] = n
	}
	marks := productMarks(1, len(args))
	_, err := tx.Exec("UPDATE psirt_product SET offered = 1 WHERE offered = 0 AND (name IN ("+marks+") OR name_ja <> '' AND name_ja IN ("+marks+"))", args...)
	return err
}

// outside is an address of ours that somebody outside can open.
func (s *Service) outside(path string) string {
	base := s.pub.Forms
	if base == "" {
		base = s.p.PublicURL
	}
	return strings.TrimSuffix(base, "/") + path
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
	gone, path := false, ""
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := subscribers(tx, "s.id = $1", b.Subscriber)
		if gone = len(all) == 0; err != nil || gone {
			return err
		}
		x, path = all[0], s.subscriptionPath(all[0].ID, tx.Now)
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
		URL:    s.pub.URL + "/" + string(x.Lang) + "/advisories/" + strings.TrimSuffix(csaf.Filename(a.Number), ".json") + ".html",
		Manage: s.outside(path), Leave: s.outside(LeavePath(path))}
	if !forEveryone(a.liveTLP) {
		l.Subject, l.URL = text.M("A security advisory for you"), s.selfURL(a.Number, a.liveTLP, a.Released)
	}
	l.Body = text.M("A security advisory about our products was published or updated. Read it here: %s", l.URL)
	return s.pub.Letters.Send(ctx, l)
}

// askBack sends the mail that asks whether a wish is meant.
func (s *Service) askBack(ctx context.Context, j job.Job) error {
	var b wishBody
	if err := j.Into(&b); err != nil {
		return err
	}
	var l OutsideLetter
	err := s.db.View(ctx, func(tx *store.Tx) error {
		w, made, err := findWish(tx, b.Wish)
		if err != nil {
			return err
		}
		there, err := subscribers(tx, "s.mail_key = $1 AND s.own = 1", mailKey(w.Mail))
		if err != nil {
			return err
		}
		confirm := s.outside(SubscribePath + "/confirm/" + s.tickets().Sign(forWish, b.Wish, made.Add(wishLasts)))
		l = OutsideLetter{Ref: "wish/" + b.Wish, Mail: w.Mail, Lang: w.Lang, URL: confirm, Subject: text.M("Do you want our security advisories?"),
			Body: text.M("Somebody, you we hope, asked that security advisories about our products be mailed to this address. Confirm it within 24 hours: %s\n\nIf it was not you, do nothing: you hear no more of it, and we forget your address within a day.", confirm)}
		if len(there) > 0 {
			path := s.subscriptionPath(there[0].ID, tx.Now)
			l.Subject, l.Manage, l.Leave = text.M("You get our security advisories already"), s.outside(path), s.outside(LeavePath(path))
			l.Body = text.M("Somebody, you we hope, asked that security advisories about our products be mailed to this address. They are already. To take over the new choice of products and language, confirm it within 24 hours: %s", confirm)
		}
		return nil
	})
	if errors.Is(err, errLink) || s.pub.Letters == nil {
		return nil // too late, or settled meanwhile
	}
	if err != nil {
		return err
	}
	return s.pub.Letters.Send(ctx, l)
}

package psirt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Somebody outside subscribes in two steps: he writes his address into a public form,
// and follows the link of the mail that comes to it. Until then there is a wish, which
// nobody is asked about and which is forgotten after a day. The form does the same
// whatever the address: who is on the list is told to that address alone.

const (
	wishLasts      = 24 * time.Hour
	wishesOfOne    = 3   // of one address a day: more mails would be a nuisance
	wishesPerHour  = 300 // of all
	mailLinkLasts  = 2 * 365 * 24 * time.Hour
	forWish        = "subscribe"
	forSubscriber  = "subscription"
	subscriberName = "subscriber" // by which the ledger calls whoever subscribes

	// SubscribePath is where anybody subscribes, and below it confirms; SubscriptionPath
	// is above the pages of those who have.
	SubscribePath    = "/psirt/subscribe"
	SubscriptionPath = "/psirt/subscription"
)

// Wish is what somebody writes into the form.
type Wish struct {
	Mail       string
	Lang       text.Lang
	Everything bool
	Products   []string
}

// check says what is wrong with it. It knows nothing of who is on the list.
func (w *Wish) check(tx *store.Tx, mailToo bool) error {
	var wrong []fault.Field
	if w.Mail = strings.TrimSpace(w.Mail); mailToo {
		wrong = checkMail(w.Mail)
	}
	if w.Lang != text.JA {
		w.Lang = text.EN
	}
	if w.Everything {
		w.Products = nil
	} else {
		all, err := offered(tx)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, p := range all {
			known[p.ID] = true
		}
		slices.Sort(w.Products)
		w.Products = slices.Compact(w.Products)
		if len(w.Products) == 0 || slices.ContainsFunc(w.Products, func(p string) bool { return !known[p] }) {
			wrong = append(wrong, fault.F("which", "Choose all products, or at least one"))
		}
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// CanSubscribe tells whether mails leave this installation.
func (s *Service) CanSubscribe() bool { return s.pub.Letters != nil && s.pub.Mails }

// SubscribeURL is where anybody subscribes.
func (s *Service) SubscribeURL() string { return s.outside(SubscribePath) }

// AskToSubscribe notes a wish and has the mail sent that asks whether it is meant.
func (s *Service) AskToSubscribe(ctx context.Context, w Wish) error {
	if !s.CanSubscribe() {
		return fault.Conflict("This installation sends no mail, so nobody can subscribe here")
	}
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		if err := w.check(tx, true); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM psirt_publication_wish WHERE made <= $1", store.Millis(tx.Now.Add(-wishLasts))); err != nil {
			return err
		}
		var lately, own int
		if err := tx.QueryRow("SELECT (SELECT COUNT(*) FROM psirt_publication_wish WHERE made > $1), (SELECT COUNT(*) FROM psirt_publication_wish WHERE mail_key = $2)",
			store.Millis(tx.Now.Add(-time.Hour)), mailKey(w.Mail)).Scan(&lately, &own); err != nil {
			return err
		}
		if lately >= wishesPerHour {
			return fault.TooBusy(10*time.Minute, "Too many requests came in a short time. Please try again later")
		}
		if own >= wishesOfOne {
			return nil // the same answer as ever
		}
		wish := id.New()
		if _, err := tx.Exec("INSERT INTO psirt_publication_wish (id, mail, mail_key, lang, everything, products, made) VALUES ($1,$2,$3,$4,$5,$6,$7)",
			wish, w.Mail, mailKey(w.Mail), string(w.Lang), flag(w.Everything), strings.Join(w.Products, " "), tx.Millis()); err != nil {
			return err
		}
		_, err := job.Enqueue(tx, job.Job{Kind: wishJob, Key: wish, Body: job.Body(wishBody{wish})})
		return err
	})
}

var errLink = errors.New("psirt: no such link")

func badLink() error {
	return fault.NotFound("This link is not valid, or no longer. Ask for a new one")
}

func findWish(tx *store.Tx, wish string) (w Wish, made time.Time, err error) {
	type row struct {
		Wish
		made time.Time
	}
	all, err := store.Rows(tx, func(r store.Scanner) (x row, err error) {
		var products string
		var made int64
		err = r.Scan(&x.Mail, &x.Lang, &x.Everything, &products, &made)
		x.Products, x.made = strings.Fields(products), store.Time(made)
		return x, err
	}, "SELECT mail, lang, everything, products, made FROM psirt_publication_wish WHERE id = $1 AND made > $2", wish, store.Millis(tx.Now.Add(-wishLasts)))
	if err == nil && len(all) == 0 {
		err = errLink
	}
	if err != nil {
		return w, made, err
	}
	return all[0].Wish, all[0].made, nil
}

// Wished is the wish of a link, to be confirmed.
func (s *Service) Wished(ctx context.Context, token string) (w Wish, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		wish, ok := s.tickets().Subject(forWish, token, tx.Now)
		if !ok {
			return badLink()
		}
		if w, _, err = findWish(tx, wish); errors.Is(err, errLink) {
			return badLink()
		}
		return err
	})
	return w, err
}

// Confirm makes a wish a subscription, or changes the one there is, and returns the
// path on which it is looked after.
func (s *Service) Confirm(ctx context.Context, token string) (path string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		wish, ok := s.tickets().Subject(forWish, token, tx.Now)
		if !ok {
			return badLink()
		}
		w, _, err := findWish(tx, wish)
		if errors.Is(err, errLink) {
			return badLink()
		}
		if err != nil {
			return err
		}
		by := authz.Outsider(subscriberName)
		x := Subscriber{ID: id.New(), Mail: w.Mail, Lang: w.Lang, TLP: "WHITE", Since: tx.Now, Own: true, Everything: w.Everything, Products: w.Products}
		there, err := subscribers(tx, "s.mail_key = $1 AND s.own = 1", mailKey(w.Mail))
		if err != nil {
			return err
		}
		if len(there) > 0 {
			x.ID = there[0].ID
			err = changeSubscriber(tx, x)
		} else {
			err = addSubscriber(tx, by, x)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM psirt_publication_wish WHERE mail_key = $1", mailKey(w.Mail)); err != nil {
			return err
		}
		path = s.subscriptionPath(x.ID, tx.Now)
		return tx.Record(by, fact.PsirtSubscriberChanged{Subscriber: x.ID})
	})
	return path, err
}

func changeSubscriber(tx *store.Tx, x Subscriber) error {
	if _, err := tx.Exec("UPDATE psirt_publication_subscriber SET lang = $2, everything = $3 WHERE id = $1", x.ID, string(x.Lang), flag(x.Everything)); err != nil {
		return err
	}
	return wants(tx, x)
}

// subscriptionPath is where a subscriber sees and changes what he gets. Every mail
// carries one; each lasts for two years.
func (s *Service) subscriptionPath(subscriber string, now time.Time) string {
	return SubscriptionPath + "/" + s.tickets().Sign(forSubscriber, subscriber, now.Add(mailLinkLasts))
}

// LeavePath is where the holder of a subscription's link leaves by one click.
func LeavePath(path string) string { return path + "/leave" }

// Subscription is that of a link.
func (s *Service) Subscription(ctx context.Context, token string) (x Subscriber, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		x, err = s.subscription(tx, token)
		return err
	})
	return x, err
}

func (s *Service) subscription(tx *store.Tx, token string) (x Subscriber, err error) {
	subscriber, ok := s.tickets().Subject(forSubscriber, token, tx.Now)
	if !ok {
		return x, badLink()
	}
	all, err := subscribers(tx, "s.id = $1", subscriber)
	if err == nil && len(all) == 0 {
		err = badLink()
	}
	if err != nil {
		return x, err
	}
	return all[0], nil
}

// ChangeSubscription changes what the holder of a link gets.
func (s *Service) ChangeSubscription(ctx context.Context, token string, w Wish) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		x, err := s.subscription(tx, token)
		if err != nil {
			return err
		}
		if err := w.check(tx, false); err != nil {
			return err
		}
		if x.Lang == w.Lang && x.Everything == w.Everything && slices.Equal(x.Products, w.Products) {
			return nil
		}
		x.Lang, x.Everything, x.Products = w.Lang, w.Everything, w.Products
		if err := changeSubscriber(tx, x); err != nil {
			return err
		}
		return tx.Record(authz.Outsider(subscriberName), fact.PsirtSubscriberChanged{Subscriber: x.ID})
	})
}

// Leave takes the holder of a link off the list, and forgets him. Who is off it already
// has left.
func (s *Service) Leave(ctx context.Context, token string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		subscriber, ok := s.tickets().Subject(forSubscriber, token, tx.Now)
		if !ok {
			return badLink()
		}
		_, err := forgetSubscriber(tx, authz.Outsider(subscriberName), subscriber)
		return err
	})
}

// forgetWishes drops what nobody confirmed.
func (s *Service) forgetWishes(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM psirt_publication_wish WHERE made <= $1", store.Millis(tx.Now.Add(-wishLasts)))
		return err
	})
}

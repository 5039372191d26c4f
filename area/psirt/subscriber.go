package psirt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Subscriber is somebody outside who gets a mail about advisories that he may read.
type Subscriber struct {
	ID, Name, Mail string
	Lang           text.Lang
	TLP            string // the highest label
	Since          time.Time
	Own            bool     // he put himself on the list, and confirmed it
	Everything     bool     // else about Products alone
	Products       []string // ids
}

const subscriberColumns = "s.id, s.name, s.mail, s.lang, s.tlp, s.since, s.own, s.everything"

func readSubscriber(r store.Scanner) (x Subscriber, err error) {
	var since int64
	err = r.Scan(&x.ID, &x.Name, &x.Mail, &x.Lang, &x.TLP, &since, &x.Own, &x.Everything)
	x.Since = store.Time(since)
	return x, err
}

// subscribers are those that a condition holds for, with what they want to hear of.
func subscribers(tx *store.Tx, cond string, args ...any) ([]Subscriber, error) {
	all, err := store.Rows(tx, readSubscriber, "SELECT "+subscriberColumns+" FROM psirt_publication_subscriber s WHERE "+cond+" ORDER BY s.name, s.mail_key, s.id", args...)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, x := range all {
		at[x.ID] = i
	}
	return all, each(tx, func(r store.Scanner) error {
		var of, product string
		if err := r.Scan(&of, &product); err != nil {
			return err
		}
		if i, ok := at[of]; ok {
			all[i].Products = append(all[i].Products, product)
		}
		return nil
	}, "SELECT i.subscriber, i.product FROM psirt_publication_interest i JOIN psirt_publication_subscriber s ON s.id = i.subscriber WHERE "+cond+" ORDER BY i.product", args...)
}

// Audience is how many people hear of advisories.
type Audience struct {
	Addresses bool // the reader may see who they are
	People    int
	All       int // who wants to hear of everything
	ByProduct []ProductAudience
}

// ProductAudience is how many people asked for one product by name.
type ProductAudience struct {
	Product Product
	Count   int
}

// Audience counts who hears of advisories.
func (s *Service) Audience(ctx context.Context, by authz.Actor) (a Audience, err error) {
	if !by.CanAnywhere(Handle) {
		return a, by.May(Handle, "")
	}
	a.Addresses = mayAddresses(by)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow("SELECT COUNT(*), COALESCE(SUM(everything), 0) FROM psirt_publication_subscriber").Scan(&a.People, &a.All); err != nil {
			return err
		}
		counts, ids := map[string]int{}, []string{}
		if err := each(tx, func(r store.Scanner) error {
			var id string
			var n int
			err := r.Scan(&id, &n)
			counts[id], ids = n, append(ids, id)
			return err
		}, "SELECT product, COUNT(*) FROM psirt_publication_interest GROUP BY product"); err != nil || len(ids) == 0 {
			return err
		}
		entries, err := entriesOf(tx, ids...)
		a.ByProduct = nil
		for _, p := range entries {
			a.ByProduct = append(a.ByProduct, ProductAudience{p, counts[p.ID]})
		}
		slices.SortStableFunc(a.ByProduct, func(x, y ProductAudience) int { return cmp.Compare(y.Count, x.Count) })
		return err
	})
	return a, err
}

// mayAddresses tells whether somebody may see who is on the list: it is the group's.
func mayAddresses(by authz.Actor) bool { return by.IsSystem() || by.Can(Addresses, "") }

var subscriberSorts = keyset.Columns{"mail": keyset.Text("s.mail_key"), "since": keyset.Int("s.since")}

// SubscriberAt is the position of a subscriber in a list.
func SubscriberAt(x Subscriber, sort string) keyset.Position {
	if sort == "since" {
		return keyset.At(store.Millis(x.Since), x.ID)
	}
	return keyset.At(mailKey(x.Mail), x.ID)
}

// Subscribers are who is on the list, for those who may see addresses: personal data.
func (s *Service) Subscribers(ctx context.Context, by authz.Actor, query string, page keyset.Page) (all []Subscriber, total int, err error) {
	if !mayAddresses(by) {
		return nil, 0, by.May(Addresses, "")
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		const cond = `(LOWER(s.name) LIKE $1 ESCAPE '\' OR s.mail_key LIKE $1 ESCAPE '\')`
		args := []any{likeName(query)}
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_publication_subscriber s WHERE "+cond, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := page.SQL(subscriberSorts, "s.id", 2)
		if err != nil {
			return err
		}
		all, err = store.Rows(tx, readSubscriber, "SELECT "+subscriberColumns+" FROM psirt_publication_subscriber s WHERE "+cond+" AND "+after+order, append(args, more...)...)
		for i := range all {
			if err == nil {
				all[i].Products, err = store.Texts(tx, "SELECT product FROM psirt_publication_interest WHERE subscriber = $1 ORDER BY product", all[i].ID)
			}
		}
		return err
	})
	return all, total, err
}

// mailKey makes addresses comparable.
func mailKey(mail string) string { return strings.ToLower(mail) }

// checkMail says what is wrong with an address.
func checkMail(mail string) (wrong []fault.Field) {
	at := strings.LastIndexByte(mail, '@')
	if at < 1 || at == len(mail)-1 || len(mail) > 254 || strings.ContainsFunc(mail, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>,;:"()[]\|`, r) }) {
		wrong = append(wrong, fault.F("mail", "This is no mail address"))
	}
	return wrong
}

// Subscribe puts somebody on the list who agreed otherwise: a coordinator, a customer
// with a contract. He hears of everything that his label lets him read.
func (s *Service) Subscribe(ctx context.Context, by authz.Actor, x Subscriber) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !mayAddresses(by) {
			return by.May(Addresses, "")
		}
		x.Name, x.Mail = strings.TrimSpace(x.Name), strings.TrimSpace(x.Mail)
		wrong := checkMail(x.Mail)
		if x.Name == "" || len(x.Name) > 200 || strings.ContainsAny(x.Name, "\r\n") {
			wrong = append(wrong, fault.F("name", "Say who it is"))
		}
		if levelOf(x.TLP) == 0 {
			wrong = append(wrong, fault.F("tlp", "Choose with whom it may be shared"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		x.ID, x.Own, x.Everything, x.Since = id.New(), false, true, tx.Now
		if err := addSubscriber(tx, by, x); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtSubscriberChanged{Subscriber: x.ID})
	})
}

// SeedSubscriber puts somebody of a played story on the list.
func (s *Service) SeedSubscriber(tx *store.Tx, system authz.Actor, x Subscriber) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	x.ID, x.Since = id.New(), tx.Now
	if err := addSubscriber(tx, system, x); err != nil {
		return err
	}
	return tx.Record(system, fact.PsirtSubscriberChanged{Subscriber: x.ID})
}

func addSubscriber(tx *store.Tx, by authz.Actor, x Subscriber) error {
	if x.Lang != text.JA {
		x.Lang = text.EN
	}
	if _, err := tx.Exec("INSERT INTO psirt_publication_subscriber (id, name, mail, mail_key, lang, tlp, since, added_by, own, everything) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
		x.ID, x.Name, x.Mail, mailKey(x.Mail), string(x.Lang), x.TLP, store.Millis(x.Since), by.Who(), flag(x.Own), flag(x.Everything)); err != nil {
		return err
	}
	return wants(tx, x)
}

// wants notes of which products somebody wants to hear.
func wants(tx *store.Tx, x Subscriber) error {
	if _, err := tx.Exec("DELETE FROM psirt_publication_interest WHERE subscriber = $1", x.ID); err != nil || x.Everything {
		return err
	}
	for _, p := range x.Products {
		if _, err := tx.Exec("INSERT INTO psirt_publication_interest (subscriber, product) VALUES ($1,$2) ON CONFLICT (subscriber, product) DO NOTHING", x.ID, p); err != nil {
			return err
		}
	}
	return nil
}

// Unsubscribe takes somebody off the list.
func (s *Service) Unsubscribe(ctx context.Context, by authz.Actor, subscriber string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if !mayAddresses(by) {
			return by.May(Addresses, "")
		}
		gone, err := forgetSubscriber(tx, by, subscriber)
		if err == nil && !gone {
			return missing()
		}
		return err
	})
}

// forgetSubscriber deletes all that is known of somebody; false: there was nobody.
func forgetSubscriber(tx *store.Tx, by authz.Actor, subscriber string) (bool, error) {
	for _, query := range []string{
		"DELETE FROM psirt_publication_wish WHERE mail_key IN (SELECT mail_key FROM psirt_publication_subscriber WHERE id = $1)",
		"DELETE FROM psirt_publication_interest WHERE subscriber = $1",
	} {
		if _, err := tx.Exec(query, subscriber); err != nil {
			return false, err
		}
	}
	n, err := tx.Exec("DELETE FROM psirt_publication_subscriber WHERE id = $1", subscriber)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Record(by, fact.PsirtSubscriberChanged{Subscriber: subscriber, Removed: true})
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

// Offered are the products that anybody may choose, by family and name. Of each only
// what its label says is for everyone.
func (s *Service) Offered(ctx context.Context) (all []Product, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err = offered(tx)
		return err
	})
	return all, err
}

// mostOffered bounds the page on which products are chosen.
const mostOffered = 3000

func offered(tx *store.Tx) ([]Product, error) {
	return store.Rows(tx, readProduct, fmt.Sprintf("SELECT %s FROM %s WHERE p.offered = 1 ORDER BY COALESCE(f.name, ''), p.name, p.id LIMIT %d", productColumns, productTables, mostOffered))
}

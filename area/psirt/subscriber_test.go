package psirt_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt"
	"yagura/area/psirt/csaf"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

var anAddress = regexp.MustCompile(`https://psirt\.example\.com(/[!-~]+)`)

// mailed runs what waits and returns the one mail to an address that it led to.
func (d *desk) mailed(to string) psirt.OutsideLetter {
	d.t.Helper()
	clear(d.letters.sent)
	d.run()
	var found []psirt.OutsideLetter
	for _, l := range d.letters.sent {
		if l.Mail == to {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		d.t.Fatalf("%d mails to %s: %v", len(found), to, d.letters.sent)
	}
	return found[0]
}

// token is the last part of the path of an address.
func token(address, above string) string {
	u, _ := url.Parse(address)
	return strings.TrimSuffix(strings.TrimPrefix(u.Path, above+"/"), "/leave")
}

func (d *desk) product(name string, open bool) string {
	d.t.Helper()
	p, err := d.s.AddProduct(d.ctx, d.people["writer"], psirt.ProductDraft{Vendor: "Aoba", Name: name, Unit: "group", Offered: open})
	d.ok(err)
	return p
}

// join subscribes an address and returns its link.
func (d *desk) join(mail string, products ...string) string {
	d.t.Helper()
	d.ok(d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: mail, Everything: len(products) == 0, Products: products}))
	letter := d.mailed(mail)
	path, err := d.s.Confirm(d.ctx, token(letter.URL, psirt.SubscribePath+"/confirm"))
	d.ok(err)
	return token(path, psirt.SubscriptionPath)
}

func TestSubscribe(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		one, secret := d.product("AE-5 Zebra", true), d.product("AE-9 Unannounced", false)
		offered, err := d.s.Offered(d.ctx)
		if err != nil || len(offered) != 1 || offered[0].ID != one {
			t.Errorf("anybody may choose %+v: %v", offered, err)
		}
		for why, w := range map[string]psirt.Wish{
			"no address":                  {Mail: "nobody", Everything: true},
			"two addresses":               {Mail: "a@b.example, c@d.example", Everything: true},
			"a header":                    {Mail: "a@b.example\r\nBcc:x@y.example", Everything: true},
			"nothing is chosen":           {Mail: "a@b.example"},
			"a product nobody knows of":   {Mail: "a@b.example", Products: []string{secret}},
			"a product that is not there": {Mail: "a@b.example", Products: []string{one, "zzz"}},
		} {
			if err := d.s.AskToSubscribe(d.ctx, w); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", why, err)
			}
		}
		// Until he confirms nobody is on the list, and a link is worth a day.
		d.ok(d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: "Kunde@b.example", Lang: text.JA, Products: []string{one}}))
		letter := d.mailed("Kunde@b.example")
		if letter.Leave != "" || letter.Lang != text.JA || !anAddress.MatchString(letter.Body.In(text.JA)) || !strings.Contains(letter.Body.In(text.JA), letter.URL) {
			t.Errorf("%+v", letter)
		}
		confirm := token(letter.URL, psirt.SubscribePath+"/confirm")
		all := func() []psirt.Subscriber {
			t.Helper()
			list, total, err := d.s.Subscribers(d.ctx, d.people["writer"], "", keyset.Page{Sort: "mail", Limit: 50})
			d.ok(err)
			if total != len(list) {
				t.Errorf("%d of %d", len(list), total)
			}
			return list
		}
		if w, err := d.s.Wished(d.ctx, confirm); err != nil || w.Mail != "Kunde@b.example" || len(all()) != 0 {
			t.Errorf("before he confirms: %+v %v %v", w, all(), err)
		}
		for _, bad := range []string{"", confirm + "x", confirm[1:], "a.b"} {
			if _, err := d.s.Confirm(d.ctx, bad); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("confirmed by %q: %v", bad, err)
			}
		}
		path, err := d.s.Confirm(d.ctx, confirm)
		d.ok(err)
		mine := token(path, psirt.SubscriptionPath)
		if _, err := d.s.Confirm(d.ctx, confirm); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a link confirms twice: %v", err)
		}
		if list := all(); len(list) != 1 || list[0].Mail != "Kunde@b.example" || list[0].TLP != "WHITE" || !list[0].Own || !slices.Equal(list[0].Products, []string{one}) {
			t.Errorf("%+v", list)
		}
		// A link for one thing is none for another.
		if _, err := d.s.Subscription(d.ctx, confirm); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a link to confirm shows a subscription: %v", err)
		}
		if _, err := d.s.Wished(d.ctx, mine); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the link of a subscription shows a wish: %v", err)
		}
		// The form answers the same to who is on the list; he alone is told, and nothing
		// changes before he confirms.
		d.ok(d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: "kunde@B.example", Everything: true}))
		again := d.mailed("kunde@B.example")
		if again.Manage == "" || again.Leave == "" || all()[0].Everything {
			t.Errorf("%+v, %+v", again, all())
		}
		if _, err := d.s.Confirm(d.ctx, token(again.URL, psirt.SubscribePath+"/confirm")); err != nil || len(all()) != 1 || !all()[0].Everything || len(all()[0].Products) != 0 {
			t.Errorf("%+v %v", all(), err)
		}
		d.ok(d.s.ChangeSubscription(d.ctx, mine, psirt.Wish{Lang: text.EN, Products: []string{one}}))
		if x, err := d.s.Subscription(d.ctx, mine); err != nil || x.Lang != text.EN || x.Everything || len(x.Products) != 1 {
			t.Errorf("%+v %v", x, err)
		}
		if err := d.s.ChangeSubscription(d.ctx, mine, psirt.Wish{Products: []string{secret}}); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("chooses what nobody knows of: %v", err)
		}
		// One click, and once more: it is no secret to the holder of the link.
		for range 2 {
			d.ok(d.s.Leave(d.ctx, mine))
		}
		if _, err := d.s.Subscription(d.ctx, mine); !fault.Is(err, fault.KindNotFound) || len(all()) != 0 {
			t.Errorf("after leaving: %v %v", err, all())
		}
		if err := d.s.Leave(d.ctx, mine+"x"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("leaves by a wrong link: %v", err)
		}
		// Nothing of him is left, and nothing of his address stands in the ledger or in jobs.
		d.ok(d.db.View(d.ctx, func(tx *store.Tx) error {
			for _, query := range []string{"SELECT COUNT(*) FROM psirt_publication_subscriber", "SELECT COUNT(*) FROM psirt_publication_interest", "SELECT COUNT(*) FROM psirt_publication_wish",
				"SELECT COUNT(*) FROM ledger_pending WHERE LOWER(body) LIKE '%kunde%' OR LOWER(subject) LIKE '%kunde%'", "SELECT COUNT(*) FROM job WHERE LOWER(body) LIKE '%kunde%'"} {
				var n int
				if err := tx.QueryRow(query).Scan(&n); err != nil || n != 0 {
					t.Errorf("%d rows: %s: %v", n, query, err)
				}
			}
			return nil
		}))
	})
}

func TestSubscribingIsBounded(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for range 5 {
			d.ok(d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: "victim@b.example", Everything: true}))
		}
		d.run()
		if len(d.letters.sent) != 3 {
			t.Errorf("%d mails to one address in a day", len(d.letters.sent))
		}
		var late string
		for _, l := range d.letters.sent {
			late = token(l.URL, psirt.SubscribePath+"/confirm")
		}
		d.clk.Advance(24*time.Hour + time.Minute)
		if _, err := d.s.Confirm(d.ctx, late); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("confirmed after a day: %v", err)
		}
		d.ok(d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: "victim@b.example", Everything: true}))
		var rows int
		d.ok(d.db.View(d.ctx, func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM psirt_publication_wish").Scan(&rows)
		}))
		if rows != 1 {
			t.Errorf("%d wishes are kept: those of yesterday too", rows)
		}
		for i := 0; ; i++ {
			err := d.s.AskToSubscribe(d.ctx, psirt.Wish{Mail: string(rune('a'+i%26)) + strings.Repeat("x", i) + "@b.example", Everything: true})
			if fault.Is(err, fault.KindTooBusy) || i > 240 {
				break
			}
			d.ok(err)
		}
	})
}

// TestWhoHears publishes advisories about products and looks who is written to, and when.
func TestWhoHears(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		zebra, lion := d.product("AE-5 Zebra", true), d.product("AE-7 Lion", true)
		d.join("all@b.example")
		d.join("zebra@b.example", zebra)
		link := d.join("lion@b.example", lion)
		d.ok(d.s.Subscribe(d.ctx, d.people["writer"], psirt.Subscriber{Name: "Coordinator", Mail: "amber@b.example", TLP: "AMBER"}))
		clear(d.letters.sent)
		publish := func(tlp, product string) []string {
			t.Helper()
			a, err := d.s.DraftAdvisory(d.ctx, d.people["writer"], psirt.NewAdvisory{Title: "Out-of-bounds write", TLP: tlp})
			d.ok(err)
			a = d.through(a, func(raw []byte) []byte {
				doc, err := csaf.Parse(complete(t, raw, "CVE-1900-1", strings.TrimPrefix(product, "AE-5 ")))
				d.ok(err)
				root := doc.Edit()
				root.Get("vulnerabilities").Items()[0].Delete("cve") // without an ID it is no rehearsal
				root.Get("product_tree", "branches").Items()[0].Get("branches").Items()[0].SetText("name", product)
				return doc.Bytes()
			})
			at := d.clk.Now().Add(time.Hour)
			_, err = d.s.ScheduleAdvisory(d.ctx, d.people["chief"], a.ID, 0, at, false)
			d.ok(err)
			clear(d.letters.sent)
			d.run()
			if len(d.letters.sent) != 0 {
				t.Errorf("before it is public %d people hear of it", len(d.letters.sent))
			}
			d.clk.Set(at.Add(time.Second))
			d.run()
			var who []string
			for _, l := range d.letters.sent {
				who = append(who, strings.TrimSuffix(l.Mail, "@b.example"))
				if l.Leave == "" || l.Manage == "" || l.Leave != psirt.LeavePath(l.Manage) {
					t.Errorf("no way out of %+v", l)
				}
				if tlp == "AMBER" && (strings.Contains(l.Subject.In(text.EN)+l.Body.In(text.EN), "Zebra") || strings.Contains(l.Subject.In(text.EN), "write")) {
					t.Errorf("a mail tells what is AMBER: %+v", l)
				}
			}
			slices.Sort(who)
			return who
		}
		for _, c := range []struct {
			tlp, product string
			want         []string
		}{
			{"WHITE", "AE-5 Zebra", []string{"all", "amber", "zebra"}},
			{"WHITE", "Aoba Electric AE-7 Lion controller", []string{"all", "amber", "lion"}},
			{"WHITE", "Something the registry does not know", []string{"all", "amber", "lion", "zebra"}},
			{"AMBER", "AE-5 Zebra", []string{"amber"}},
		} {
			if who := publish(c.tlp, c.product); !slices.Equal(who, c.want) {
				t.Errorf("of %s (%s) %v hear, not %v", c.product, c.tlp, who, c.want)
			}
		}
		// What an advisory for everyone names may be chosen from then on, and nothing else.
		tiger, lynx := d.product("AE-8 Tiger", false), d.product("AE-9 Lynx", false)
		publish("AMBER", "AE-9 Lynx")
		publish("WHITE", "AE-8 Tiger")
		offered, err := d.s.Offered(d.ctx)
		d.ok(err)
		has := func(id string) bool {
			return slices.ContainsFunc(offered, func(p psirt.Product) bool { return p.ID == id })
		}
		if !has(tiger) || has(lynx) {
			t.Errorf("anybody may choose %+v", offered)
		}
		d.ok(d.s.Leave(d.ctx, link))
		if who := publish("WHITE", "AE-7 Lion"); !slices.Equal(who, []string{"all", "amber"}) {
			t.Errorf("after leaving %v hear", who)
		}
	})
}

// TestAudience asks who subscribed, as people with and without the right to addresses.
func TestAudience(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		zebra := d.product("AE-5 Zebra", true)
		d.join("a@b.example", zebra)
		d.join("b@b.example")
		for who, addresses := range map[string]bool{"writer": true, "chief": false} {
			counts, err := d.s.Audience(d.ctx, d.people[who])
			if err != nil || counts.Addresses != addresses || counts.People != 2 || counts.All != 1 || len(counts.ByProduct) != 1 || counts.ByProduct[0].Count != 1 || counts.ByProduct[0].Product.ID != zebra {
				t.Errorf("%s: %+v %v", who, counts, err)
			}
		}
		page := keyset.Page{Sort: "mail", Limit: 1}
		list, total, err := d.s.Subscribers(d.ctx, d.people["writer"], "B.example", page)
		if err != nil || total != 2 || len(list) != 2 || list[0].Mail != "a@b.example" {
			t.Errorf("%+v %d %v", list, total, err)
		}
		at := psirt.SubscriberAt(list[0], "mail")
		page.After = &at
		if next, _, err := d.s.Subscribers(d.ctx, d.people["writer"], "", page); err != nil || len(next) != 1 || next[0].Mail != "b@b.example" {
			t.Errorf("the next page: %+v %v", next, err)
		}
		if none, total, err := d.s.Subscribers(d.ctx, d.people["writer"], "%", page); err != nil || total != 0 || len(none) != 0 {
			t.Errorf("%%: %+v %v", none, err)
		}
		for _, who := range []string{"chief", "officer", "clerk"} {
			if _, _, err := d.s.Subscribers(d.ctx, d.people[who], "", page); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s sees addresses: %v", who, err)
			}
			if err := d.s.Unsubscribe(d.ctx, d.people[who], list[0].ID); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s removes somebody: %v", who, err)
			}
			if err := d.s.Subscribe(d.ctx, d.people[who], psirt.Subscriber{Name: "x", Mail: "x@b.example", TLP: "RED"}); !fault.Is(err, fault.KindDenied) {
				t.Errorf("%s puts somebody on the list: %v", who, err)
			}
		}
		if _, err := d.s.Audience(d.ctx, d.people["officer"]); !fault.Is(err, fault.KindDenied) {
			t.Errorf("the officer counts: %v", err)
		}
		d.ok(d.s.Unsubscribe(d.ctx, d.people["writer"], list[0].ID))
		if list, _, err := d.s.Subscribers(d.ctx, authz.System("test"), "", keyset.Page{Sort: "since", Limit: 9}); err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
	})
}

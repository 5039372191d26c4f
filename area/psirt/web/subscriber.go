package web

import (
	"strings"

	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// subscriptions adds the pages of those who get advisories by mail: the public ones,
// which nobody signs in for, and the PSIRT's list.
func (p *pages) subscriptions(a *console.Area) {
	subscribe, mine, list := text.M("Advisories by mail"), text.M("Your subscription"), text.M("Subscribers§advisories")
	public := func(method, path string, title text.Message, handle func(*console.Context) error) console.Page {
		return console.Page{Method: method, Path: path, Public: true, Bare: true, Title: title, MaxBody: 256 << 10, Handle: handle}
	}
	a.Pages = append(a.Pages,
		public("GET", psirt.SubscribePath, subscribe, p.subscribeForm),
		public("POST", psirt.SubscribePath, subscribe, p.subscribe),
		public("GET", psirt.SubscribePath+"/confirm/{token}", subscribe, p.confirmForm),
		public("POST", psirt.SubscribePath+"/confirm/{token}", subscribe, p.confirm),
		public("GET", psirt.SubscriptionPath+"/{token}", mine, p.subscription),
		public("POST", psirt.SubscriptionPath+"/{token}", mine, p.changeSubscription),
		public("GET", psirt.SubscriptionPath+"/{token}/leave", mine, p.leaveForm),
		public("POST", psirt.SubscriptionPath+"/{token}/leave", mine, p.leave),
		get("/psirt/subscribers", psirt.Handle, list, p.subscribers),
		post("/psirt/subscribers", psirt.Addresses, list, p.keepSubscribers),
	)
	a.Commands = append(a.Commands, console.Command{Label: list, Href: "/psirt/subscribers", Icon: "mail", Act: psirt.Handle})
}

// choice is a form on which products are chosen.
type choice struct {
	psirt.Wish
	Which   string
	Ways    []console.Option
	Langs   []console.Option
	Series  []series
	Closed  bool // no mail leaves this installation
	Token   string
	Address string // of a subscription, for whoever has its link
}

// series are the products of a family.
type series struct {
	Name     string
	Chosen   int
	Products []console.Option
}

// choose fills in what there is to choose from.
func (p *pages) choose(c *console.Context, w psirt.Wish) (d choice, err error) {
	d = choice{Wish: w, Which: "some", Closed: !p.s.CanSubscribe(), Token: c.Path("token"),
		Ways:  []console.Option{{Value: "all", Label: text.M("All products")}, {Value: "some", Label: text.M("The products chosen below")}},
		Langs: []console.Option{{Value: "en", Label: text.Literal("English")}, {Value: "ja", Label: text.Literal("日本語")}}}
	if w.Everything {
		d.Which = "all"
	}
	if d.Lang == "" {
		d.Lang = c.Lang
	}
	all, err := p.s.Offered(c.Context())
	chosen := map[string]bool{}
	for _, id := range w.Products {
		chosen[id] = true
	}
	for _, one := range all {
		name := one.InFamily(c.Lang)
		if n := len(d.Series); n == 0 || d.Series[n-1].Name != name {
			d.Series = append(d.Series, series{Name: name})
		}
		s := &d.Series[len(d.Series)-1]
		s.Products = append(s.Products, console.Option{Value: one.ID, Label: text.Literal(one.Label(c.Lang))})
		if chosen[one.ID] {
			s.Chosen++
		}
	}
	return d, err
}

// wishIn is what a form asks for.
func wishIn(c *console.Context) psirt.Wish {
	return psirt.Wish{Mail: c.Value("mail"), Lang: text.Lang(c.Value("lang")), Everything: c.Value("which") == "all", Products: c.Values("product")}
}

func (p *pages) subscribeForm(c *console.Context) error {
	d, err := p.choose(c, psirt.Wish{Everything: true})
	if err != nil {
		return err
	}
	return c.Render("subscribe", d)
}

// subscribe answers the same whatever the address is.
func (p *pages) subscribe(c *console.Context) error {
	if err := p.asks.TakeRequest(c); err != nil {
		return err
	}
	w := wishIn(c)
	if err := p.s.AskToSubscribe(c.Context(), w); err != nil {
		if !fault.Is(err, fault.KindInvalid) {
			return err
		}
		d, bad := p.choose(c, w)
		if bad != nil {
			return bad
		}
		return c.Invalid("subscribe", d, err)
	}
	return c.Render("subscribe-asked", nil)
}

// confirmForm waits for a button: programs that look at the links of mails confirm
// nothing.
func (p *pages) confirmForm(c *console.Context) error {
	w, err := p.s.Wished(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	return c.Render("subscribe-confirm", w)
}

func (p *pages) confirm(c *console.Context) error {
	if err := p.asks.TakeRequest(c); err != nil {
		return err
	}
	path, err := p.s.Confirm(c.Context(), c.Path("token"))
	if err != nil {
		return err
	}
	c.Flash(text.M("You are on the list. From the next publication on you hear of what you chose."))
	return c.Redirect(path)
}

// masked hides an address from whoever a mail was passed on to.
func masked(mail string) string {
	name, host, _ := strings.Cut(mail, "@")
	first := ""
	for _, r := range name {
		first = string(r)
		break
	}
	return first + "…@" + host
}

func (p *pages) subscriptionPage(c *console.Context) (d choice, err error) {
	x, err := p.s.Subscription(c.Context(), c.Path("token"))
	if err != nil {
		return d, err
	}
	d, err = p.choose(c, psirt.Wish{Lang: x.Lang, Everything: x.Everything, Products: x.Products})
	d.Address = masked(x.Mail)
	return d, err
}

func (p *pages) subscription(c *console.Context) error {
	d, err := p.subscriptionPage(c)
	if err != nil {
		return err
	}
	return c.Render("subscription", d)
}

func (p *pages) changeSubscription(c *console.Context) error {
	d, err := p.subscriptionPage(c)
	if err != nil {
		return err
	}
	w := wishIn(c)
	if err := p.s.ChangeSubscription(c.Context(), c.Path("token"), w); err != nil {
		if d.Wish, d.Which = w, "some"; w.Everything {
			d.Which = "all"
		}
		return c.Invalid("subscription", d, err)
	}
	c.Flash(text.M("Saved§subscription"))
	return c.Redirect(psirt.SubscriptionPath + "/" + c.Path("token"))
}

func (p *pages) leaveForm(c *console.Context) error { return c.Render("subscription-leave", nil) }

// leave is also what a mail program sends by itself (RFC 8058): one request, nothing
// asked, and no redirection.
func (p *pages) leave(c *console.Context) error {
	if err := p.s.Leave(c.Context(), c.Path("token")); err != nil {
		return err
	}
	c.W.Header().Set("Cache-Control", "no-store")
	return c.Render("subscription-left", nil)
}

// audiencePage is what the PSIRT sees of the list besides its rows.
type audiencePage struct {
	psirt.Audience
	Products *console.Table
	Labels   []console.Option
	Langs    []console.Option
	Closed   bool
	Form     string // where anybody subscribes
}

// subscriberColumns is the list of addresses. It has no export: they stay here.
var subscriberColumns = console.List[psirt.Subscriber]{
	Name: "subscribers", Caption: text.M("Subscribers§advisories"), Sort: "mail", NoExport: true,
	Columns: []console.Column[psirt.Subscriber]{
		{Key: "mail", Head: text.M("Address§mail"), Sort: true, Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell {
			return console.Stack(console.Text(r.Mail), console.Text(r.Name))
		}},
		{Key: "how", Head: text.M("How§subscriber"), Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell {
			if r.Own {
				return console.Say(text.M("subscribed by mail"))
			}
			return console.Say(text.M("put on the list here"))
		}},
		{Key: "tlp", Head: text.M("May read up to"), Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell { return console.Text("TLP:" + r.TLP) }},
		{Key: "lang", Head: text.M("Language"), Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell { return console.Text(string(r.Lang)) }},
		{Key: "products", Head: text.M("Products§subscriber"), Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell {
			if r.Everything {
				return console.Say(text.M("All products"))
			}
			return console.Num(len(r.Products))
		}},
		{Key: "since", Head: text.M("Since§subscriber"), Sort: true, Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell { return console.When(r.Since) }},
		{Key: "do", Head: text.M("Do§order"), Cell: func(_ *console.Context, r psirt.Subscriber) console.Cell {
			return console.Press("remove", "remove", r.ID, "", text.M("Remove§subscriber"))
		}},
	},
	Filters: []console.Filter{{Name: "q", Label: text.M("Search")}},
	At:      psirt.SubscriberAt,
	Empty:   console.Empty{Title: text.M("Nobody is on the list")},
}

func (p *pages) audiencePage(c *console.Context) (d audiencePage, err error) {
	c.Crumb(text.M("Advisories"), "/psirt/advisories")
	if d.Audience, err = p.s.Audience(c.Context(), c.Actor); err != nil {
		return d, err
	}
	d.Labels, d.Closed, d.Form = labelOptions(), !p.s.CanSubscribe(), p.s.SubscribeURL()
	d.Langs = []console.Option{{Value: "en", Label: text.Literal("English")}, {Value: "ja", Label: text.Literal("日本語")}}
	d.Products = console.NewTable(text.M("Products that were asked for by name"), text.M("Product§registry"), text.M("Family of products"), text.M("Subscribers§advisories"))
	for _, x := range d.ByProduct {
		name := console.Text(x.Product.Label(c.Lang))
		if c.Actor.Can(psirt.Read, x.Product.Unit) {
			name = console.Strong(psirt.ProductHref(x.Product.ID), x.Product.Label(c.Lang))
		}
		d.Products.Row(name, console.Text(x.Product.InFamily(c.Lang)), console.Num(x.Count))
	}
	d.Products.Empty = console.Empty{Title: text.M("Nobody asked for single products")}
	return d, nil
}

func (p *pages) subscribers(c *console.Context) error {
	d, err := p.audiencePage(c)
	if err != nil {
		return err
	}
	return subscriberColumns.Serve(c, "subscribers", func(q console.Query) ([]psirt.Subscriber, int, error) {
		if !d.Addresses {
			return nil, 0, nil
		}
		return p.s.Subscribers(c.Context(), c.Actor, q.Get("q"), q.Page)
	}, d)
}

func (p *pages) keepSubscribers(c *console.Context) error {
	if x := c.Value("remove"); x != "" {
		if err := p.s.Unsubscribe(c.Context(), c.Actor, x); err != nil {
			return err
		}
		c.Flash(text.M("Removed, with all that was known of this address."))
		return c.Redirect("/psirt/subscribers")
	}
	err := p.s.Subscribe(c.Context(), c.Actor, psirt.Subscriber{Name: c.Value("name"), Mail: c.Value("mail"), Lang: text.Lang(c.Value("lang")), TLP: c.Value("tlp")})
	if err != nil {
		d, bad := p.audiencePage(c)
		if bad != nil {
			return bad
		}
		return c.Invalid("subscribers", console.ListView{Extra: d}, err)
	}
	c.Flash(text.M("On the list."))
	return c.Redirect("/psirt/subscribers")
}

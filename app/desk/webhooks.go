package desk

import (
	"yagura/console"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// topics are what messages are about, as the areas name it when they send one.
func topics() []console.Option {
	return []console.Option{
		{Value: "incident", Label: text.M("Incidents")},
		{Value: "psirt", Label: text.M("Products' security")},
		{Value: "detect", Label: text.M("Detection")},
		{Value: "telemetry", Label: text.M("Telemetry")},
		{Value: "cmmc", Label: text.M("CMMC")},
	}
}

type webhooks struct {
	Targets []notify.Target
	Topics  []console.Option
	Secret  string // of the one just added, shown once
}

// Labels are what a webhook's topics are called; none where it gets all.
func (w webhooks) Labels(t notify.Target) []text.Message {
	var labels []text.Message
	for _, code := range t.Topics {
		label := text.Literal(code)
		for _, o := range w.Topics {
			if o.Value == code {
				label = o.Label
			}
		}
		labels = append(labels, label)
	}
	return labels
}

func (d *Desk) loadWebhooks(c *console.Context) (v webhooks, err error) {
	c.Crumb(text.M("System"), "/system")
	v.Topics = topics()
	err = d.DB.View(c.Context(), func(tx *store.Tx) error {
		v.Targets, err = notify.Targets(tx, c.Actor)
		return err
	})
	return v, err
}

func (d *Desk) webhooks(c *console.Context) error {
	v, err := d.loadWebhooks(c)
	if err != nil {
		return err
	}
	return c.Render("webhooks", v)
}

func (d *Desk) addWebhook(c *console.Context) error {
	var secret string
	wanted := notify.Target{Name: c.Value("name"), URL: c.Value("url"), Topics: c.Values("topics"), Urgent: c.Bool("urgent")}
	err := d.DB.Change(c.Context(), func(tx *store.Tx) (err error) {
		_, secret, err = d.Notify.AddTarget(tx, c.Actor, wanted)
		return err
	})
	v, loadErr := d.loadWebhooks(c)
	if loadErr != nil {
		return loadErr
	}
	if err != nil {
		return c.Invalid("webhooks", v, err)
	}
	v.Secret = secret
	return c.Render("webhooks", v)
}

func (d *Desk) removeWebhook(c *console.Context) error {
	if err := d.DB.Change(c.Context(), func(tx *store.Tx) error {
		return d.Notify.RemoveTarget(tx, c.Actor, c.Value("id"))
	}); err != nil {
		return err
	}
	c.Flash(text.M("The webhook is removed, and its secret destroyed."))
	return c.Redirect("/system/webhooks")
}

func (d *Desk) testWebhook(c *console.Context) error {
	if err := d.DB.Change(c.Context(), func(tx *store.Tx) error {
		return d.Notify.TestTarget(tx, c.Actor, c.Value("id"))
	}); err != nil {
		return err
	}
	c.Flash(text.M("A test is on its way. If it does not arrive, it is tried again for a while, then stands among the jobs that were given up."))
	return c.Redirect("/system/webhooks")
}

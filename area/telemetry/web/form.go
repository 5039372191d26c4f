package web

import (
	"strings"
	"time"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// formPage is the form of a source.
type formPage struct {
	New     bool
	Source  telemetry.Source
	Action  string
	Back    string
	Kinds   []console.Option
	Units   []console.Option
	Silence []console.Option
	After   string
	Nets    string
	Hosts   string
	Masks   string
	Modes   []console.Option
	Classes []console.Option // none: there is one
	Product []console.Option
	Service []console.Option
	Cat     []console.Option
}

func (p *pages) form(c *console.Context, s telemetry.Source, fresh bool) formPage {
	f := formPage{New: fresh, Source: s, Action: sourceHref(s.ID) + "/edit", Back: sourceHref(s.ID), Kinds: kindOptions(), After: s.SilentAfter.String(),
		Hosts: strings.Join(s.Hosts, "\n"), Masks: strings.Join(s.Masks, "\n"),
		Modes: []console.Option{{Value: "", Label: text.M("Nothing is masked")}, {Value: string(telemetry.Pseudonym), Label: text.M("By pseudonyms: the same value has the same one")}, {Value: string(telemetry.Removal), Label: text.M("By removal")}}}
	if fresh {
		f.Action, f.Back = "/telemetry/sources/new", "/telemetry/sources"
	}
	if all := p.s.Classes(); len(all) > 1 {
		for _, k := range all {
			f.Classes = append(f.Classes, console.Option{Value: k.Name, Label: text.M("%s, %s§class", k.Name, length(k.Keep))})
		}
	}
	for _, o := range c.UnitOptions(telemetry.Manage) {
		if !c.Actor.Units().IsRegion(o.Value) {
			f.Units = append(f.Units, o)
		}
	}
	var nets []string
	for _, n := range s.Networks {
		nets = append(nets, n.String())
	}
	f.Nets = strings.Join(nets, "\n")
	f.Silence = append(f.Silence, console.Option{Value: "0s", Label: text.M("No alarm")})
	for _, d := range []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour} {
		f.Silence = append(f.Silence, console.Option{Value: d.String(), Label: length(d)})
	}
	suggest := func(words ...string) (opts []console.Option) {
		for _, w := range words {
			opts = append(opts, console.Option{Value: w, Label: text.Literal(w)})
		}
		return opts
	}
	f.Product = suggest("windows", "linux", "macos", "aws", "azure", "gcp", "m365", "okta", "cisco", "fortios", "paloalto", "identity")
	f.Service = suggest("security", "system", "sysmon", "powershell", "sshd", "auditd", "auth", "cron", "cloudtrail", "signinlogs", "signin")
	f.Cat = suggest("process_creation", "network_connection", "dns", "firewall", "proxy", "webserver", "antivirus")
	return f
}

func (p *pages) newForm(c *console.Context) error {
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	s := telemetry.Source{Kind: "windows", Unit: c.Unit, SilentAfter: time.Hour, Name: c.Query("name")}
	f := p.form(c, s, true)
	if n := c.Query("networks"); n != "" {
		f.Nets = n
		f.Source.Kind = "syslog"
	}
	return c.Render("form", f)
}

// read takes the form into a source. What cannot be read is named with the
// rest of what is wrong.
func read(c *console.Context, s telemetry.Source) (telemetry.Source, error) {
	s.Name, s.NameJA, s.Kind, s.Unit = c.Value("name"), c.Value("name_ja"), telemetry.Kind(c.Value("kind")), c.Value("unit")
	s.Product, s.Category, s.Service = strings.ToLower(c.Value("product")), strings.ToLower(c.Value("category")), strings.ToLower(c.Value("service"))
	s.Hosts, s.Zone = telemetry.ParseHosts(c.Value("hosts")), c.Value("zone")
	if k := c.Value("class"); k != "" {
		s.Class = k
	}
	s.Masks, s.MaskMode = telemetry.ParseMasks(c.Value("masks")), telemetry.MaskMode(c.Value("mask_mode"))
	var err error
	if s.Networks, err = telemetry.ParseNetworks(c.Value("networks")); err != nil {
		return s, err
	}
	if s.SilentAfter, err = time.ParseDuration(c.Value("silent_after")); err != nil {
		return s, fault.Invalid(fault.F("silent_after", "Choose a time from 30 seconds to 30 days, or none"))
	}
	return s, nil
}

func (p *pages) add(c *console.Context) error {
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	s, err := read(c, telemetry.Source{ID: strings.ToLower(c.Value("id"))})
	if err == nil {
		err = p.s.Add(c.Context(), c.Actor, s)
	}
	if err != nil {
		return c.Invalid("form", p.form(c, s, true), err)
	}
	c.Flash(text.M("The source is there. Give it a token, or point its syslog here."))
	return c.Redirect(sourceHref(s.ID))
}

func (p *pages) editForm(c *console.Context) error {
	d, err := p.s.Source(c.Context(), c.Actor, c.Path("id"), "hour")
	if err != nil {
		return err
	}
	if err := c.Actor.May(telemetry.Manage, d.Unit); err != nil {
		return err
	}
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	c.Crumb(text.Literal(d.Label(c.Lang)), sourceHref(d.ID))
	return c.Render("form", p.form(c, d.Source, false))
}

func (p *pages) edit(c *console.Context) error {
	d, err := p.s.Source(c.Context(), c.Actor, c.Path("id"), "hour")
	if err != nil {
		return err
	}
	c.Crumb(text.M("Sources"), "/telemetry/sources")
	c.Crumb(text.Literal(d.Label(c.Lang)), sourceHref(d.ID))
	s, err := read(c, d.Source)
	if err == nil {
		err = p.s.Change(c.Context(), c.Actor, s)
	}
	if err != nil {
		return c.Invalid("form", p.form(c, s, false), err)
	}
	c.Flash(text.M("The source is changed."))
	return c.Redirect(sourceHref(s.ID))
}

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/kernel/clock"
	"yagura/kernel/config"
	"yagura/kernel/text"
)

// cveService is the client by the configuration that the flags name.
func (c *call) cveService(load func() (config.Config, bool)) (*services.Client, int) {
	cfg, ok := load()
	if !ok {
		return nil, failed
	}
	if cfg.CVE.URL == "" {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: no CVE Services are configured: set cve.url, cve.org, cve.user and cve.key (or cve.key_file)"))
		return nil, failed
	}
	client, err := services.New(services.Options{URL: cfg.CVE.URL, Org: cfg.CVE.Org, User: cfg.CVE.User, Key: cfg.CVE.Key})
	if err != nil {
		return nil, c.fail(err)
	}
	return client, done
}

// cveFail tells a refusal, which is final, from a service that can't be reached.
func (c *call) cveFail(err error) int {
	c.fail(err)
	var refused *services.Refusal
	var uncertain *services.Uncertain
	var unanswered *services.Unanswered
	if errors.As(err, &uncertain) || errors.As(err, &unanswered) || !errors.As(err, &refused) && services.Unreached(err) {
		return unavailable
	}
	return failed
}

func cveReserve(c *call) int {
	set := flag.NewFlagSet("yagura cve reserve", flag.ContinueOnError)
	load := settings(c, set)
	amount := set.Int("amount", 1, "how many `IDs`")
	year := set.Int("year", clock.System().Now().Year(), "`year` of the IDs: that of the planned disclosure")
	scattered := set.Bool("scattered", false, "several IDs that do not follow one another (10 at most)")
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) > 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve reserve [-amount N] [-year YEAR] [-scattered] [-json]"))
		return failed
	}
	client, code := c.cveService(load)
	if client == nil {
		return code
	}
	batch := services.Batch("")
	if *amount > 1 {
		batch = services.InRow
	}
	if *scattered {
		batch = services.Scattered
	}
	order, err := client.Prepare(c.ctx, *amount, *year, batch)
	var r services.Reservation
	if err == nil {
		r, err = client.Reserve(c.ctx, order)
	}
	if err != nil {
		return c.cveFail(err)
	}
	c.printIDs(r.IDs, *asJSON)
	if r.Partial {
		fmt.Fprintln(c.err, text.T(c.lang, "The service had only %d of %d IDs.", len(r.IDs), *amount))
		return findings
	}
	return done
}

func (c *call) printIDs(ids []services.ID, asJSON bool) {
	e := json.NewEncoder(c.out)
	for _, id := range ids {
		if asJSON {
			_ = e.Encode(id)
		} else {
			fmt.Fprintf(c.out, "%-18s %-9s %s %s\n", id.CVE, id.State, id.Reserved.UTC().Format("2006-01-02T15:04Z"), id.RequestedBy.User)
		}
	}
}

func cveList(c *call) int {
	set := flag.NewFlagSet("yagura cve list", flag.ContinueOnError)
	load := settings(c, set)
	state := set.String("state", "", "only those in this `state`: RESERVED, PUBLISHED or REJECTED")
	year := set.Int("year", 0, "only those of this `year`")
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) > 0 || *state != "" && !slices.Contains([]cve.State{cve.Reserved, cve.Published, cve.Rejected}, cve.State(*state)) {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve list [-state RESERVED|PUBLISHED|REJECTED] [-year YEAR] [-json]"))
		return failed
	}
	client, code := c.cveService(load)
	if client == nil {
		return code
	}
	ids, err := client.List(c.ctx, services.Filter{State: cve.State(*state), Year: *year})
	if err != nil {
		return c.cveFail(err)
	}
	c.printIDs(ids, *asJSON)
	return done
}

func cveQuota(c *call) int {
	set := flag.NewFlagSet("yagura cve quota", flag.ContinueOnError)
	load := settings(c, set)
	asJSON := set.Bool("json", false, "a JSON object")
	if code, ok := c.flags(set); !ok {
		return code
	}
	client, code := c.cveService(load)
	if client == nil {
		return code
	}
	q, err := client.Quota(c.ctx)
	switch {
	case err != nil:
		return c.cveFail(err)
	case *asJSON:
		_ = json.NewEncoder(c.out).Encode(q)
	default:
		fmt.Fprintln(c.out, text.T(c.lang, "%d of %d IDs are reserved, %d more can be.", q.Reserved, q.Quota, q.Available))
	}
	return done
}

// accepted are the clauses whose findings somebody answers for.
type accepted []string

func (a *accepted) String() string { return strings.Join(*a, ",") }
func (a *accepted) Set(s string) error {
	*a = append(*a, strings.Split(s, ",")...)
	return nil
}

// ready reads a container, fills in who provides it, and judges it as lint does.
// What breaks the format or a MUST does not leave the house, unless a person
// accepts the clause by name.
func (c *call) ready(client *services.Client, id cve.ID, d *cve.Document, name string, accept accepted) (*cve.Node, int) {
	if own := d.ID(); own != "" && own != id {
		fmt.Fprintln(c.err, text.T(c.lang, "yagura: %s is the record of %s, not of %s", name, string(own), string(id)))
		return nil, failed
	}
	container := d.CNA()
	if container != nil && container.Kind == cve.Object && container.Get("providerMetadata") == nil {
		org, err := client.Organisation(c.ctx)
		if err != nil {
			return nil, c.cveFail(err)
		}
		provider, err := cve.ParseJSON(fmt.Appendf(nil, `{"orgId":%q,"shortName":%q}`, org.UUID, org.ShortName))
		if err != nil {
			return nil, c.fail(err)
		}
		container.Set("providerMetadata", provider)
	}
	v, _ := judgeCVE(d, c.lang)
	v.File = name
	stop := !v.Valid
	for _, f := range v.Findings {
		stop = stop || f.Level.Binding() && !slices.Contains(accept, f.Clause)
	}
	if len(v.Problems)+len(v.Findings) > 0 {
		v.print(c.err, c.lang)
	}
	if stop {
		fmt.Fprintln(c.err, text.T(c.lang, "Nothing was sent. A finding that is no mistake can be accepted by its clause: -accept 5.2.4"))
		return nil, findings
	}
	return container, done
}

func (c *call) outcome(id cve.ID, o services.Outcome, err error) int {
	if err != nil {
		return c.cveFail(err)
	}
	fmt.Fprintf(c.out, "%s %s %s\n", id, o.Record.State(), o.Did)
	return done
}

func cvePublish(c *call, update bool) int {
	name := "publish"
	if update {
		name = "update"
	}
	set := flag.NewFlagSet("yagura cve "+name, flag.ContinueOnError)
	load := settings(c, set)
	var accept accepted
	set.Var(&accept, "accept", "`clauses` of the CNA rules whose findings are no mistake, separated by commas")
	revive := false
	if update {
		set.BoolVar(&revive, "revive", false, "publish an ID again that is rejected")
	}
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 2 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve publish|update [-accept CLAUSES] ID FILE (update: [-revive])"))
		return failed
	}
	id, err := cve.ParseID(c.args[0])
	var d *cve.Document
	if err == nil {
		d, err = readCVE(c.args[1])
	}
	if err == nil && d.Rejects() {
		err = errors.New(text.T(c.lang, "%s says why an ID is rejected: that is for reject", c.args[1]))
	}
	if err != nil {
		return c.fail(err)
	}
	client, code := c.cveService(load)
	if client == nil {
		return code
	}
	container, code := c.ready(client, id, d, c.args[1], accept)
	if container == nil {
		return code
	}
	var o services.Outcome
	if update {
		o, err = client.Update(c.ctx, id, container, revive)
	} else {
		o, err = client.Publish(c.ctx, id, container)
	}
	return c.outcome(id, o, err)
}

func readCVE(name string) (*cve.Document, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	d, err := cve.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// cveReject rejects an ID for a reason on the command line, or by a container.
func cveReject(c *call) int {
	set := flag.NewFlagSet("yagura cve reject", flag.ContinueOnError)
	load := settings(c, set)
	reason := set.String("reason", "", "why, in English, for `everybody` to read")
	replaced := set.String("replaced-by", "", "`IDs` that are meant instead, separated by commas")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) < 1 || len(c.args) > 2 || (len(c.args) == 2) == (*reason != "") {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura cve reject -reason TEXT [-replaced-by IDS] ID, or: yagura cve reject ID FILE"))
		return failed
	}
	id, err := cve.ParseID(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	var d *cve.Document
	name := "-reason"
	if len(c.args) == 2 {
		name = c.args[1]
		d, err = readCVE(name)
	} else {
		said := map[string]any{"rejectedReasons": []map[string]string{{"lang": "en", "value": *reason}}}
		if *replaced != "" {
			said["replacedBy"] = strings.Split(*replaced, ",")
		}
		var raw []byte
		if raw, err = json.Marshal(said); err == nil {
			d, err = cve.Parse(raw)
		}
	}
	if err == nil && !d.Rejects() {
		err = errors.New(text.T(c.lang, "%s does not say why an ID is rejected", name))
	}
	if err != nil {
		return c.fail(err)
	}
	client, code := c.cveService(load)
	if client == nil {
		return code
	}
	container, code := c.ready(client, id, d, name, nil)
	if container == nil {
		return code
	}
	o, err := client.Reject(c.ctx, id, container)
	return c.outcome(id, o, err)
}

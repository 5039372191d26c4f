package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/clock"
	"yagura/kernel/text"
)

// advisory reads one advisory from a file.
func advisory(name string) (*csaf.Document, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	d, err := csaf.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// csafDiff tells what a newer version changed; it ends with 1 where something is
// different.
func csafDiff(c *call) int {
	set := flag.NewFlagSet("yagura csaf diff", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 2 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf diff [--json] OLDER NEWER"))
		return failed
	}
	older, err := advisory(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	newer, err := advisory(c.args[1])
	if err != nil {
		return c.fail(err)
	}
	changes := csaf.Diff(older, newer)
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	for _, change := range changes {
		switch {
		case *asJSON:
			_ = e.Encode(change)
		case change.Kind == csaf.Added:
			fmt.Fprintf(c.out, "+ %s: %s\n", change.Path, change.After)
		case change.Kind == csaf.Removed:
			fmt.Fprintf(c.out, "- %s: %s\n", change.Path, change.Before)
		default:
			fmt.Fprintf(c.out, "~ %s: %s → %s\n", change.Path, change.Before, change.After)
		}
	}
	if len(changes) > 0 {
		return findings
	}
	return done
}

// csafConvert writes an advisory of 2.0 as one of 2.1 and tells on the error output
// what was changed beyond the form. It ends with 1 where the result is not valid.
func csafConvert(c *call) int {
	set := flag.NewFlagSet("yagura csaf convert", flag.ContinueOnError)
	to := set.String("to", "2.1", "`version` to make")
	how := csaf.Conversion{Now: clock.System().Now()}
	set.BoolVar(&how.Multiplier, "multiplier", false, "a publisher of the category other is a multiplier")
	set.BoolVar(&how.TLPFromText, "tlp-from-text", false, "take the label from a text with \"TLP v2.0: TLP:…\"")
	set.BoolVar(&how.Complete, "complete", false, "model numbers, serial numbers and SKUs are written in full: add no star")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 || *to != string(csaf.V21) {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf convert [--to 2.1] [--multiplier] [--tlp-from-text] [--complete] FILE"))
		return failed
	}
	d, err := advisory(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	out, warnings, err := d.Convert(how)
	if err != nil {
		return c.fail(err)
	}
	if _, err := c.out.Write(out.Bytes()); err != nil {
		return c.fail(err)
	}
	for _, w := range warnings {
		fmt.Fprintf(c.err, "%s %s: %s\n", text.T(c.lang, "warning"), w.Path, w.Message)
	}
	code := done
	report := out.Validate(csaf.Options{})
	for _, p := range report.Schema {
		fmt.Fprintf(c.err, "%s %s: %s\n", text.T(c.lang, "error"), p.Path, p.Message)
		code = findings
	}
	for _, r := range report.Results {
		for _, p := range r.Errors {
			fmt.Fprintf(c.err, "%s %s %s: %s\n", text.T(c.lang, "error"), r.Test.ID, p.Path, p.Message)
			code = findings
		}
	}
	return code
}

// csafRender writes an advisory as a page or as Markdown.
func csafRender(c *call) int {
	set := flag.NewFlagSet("yagura csaf render", flag.ContinueOnError)
	lang := set.String("lang", string(c.lang), "`language` of the headings: en or ja")
	format := set.String("format", "html", "`format`: html or markdown")
	zone := set.String("zone", "UTC", "`time zone` of the dates, such as Asia/Tokyo")
	if code, ok := c.flags(set); !ok {
		return code
	}
	l, known := text.Parse(*lang)
	if len(c.args) != 1 || !known || *format != "html" && *format != "markdown" {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf render [--lang en|ja] [--format html|markdown] [--zone ZONE] FILE"))
		return failed
	}
	where, err := time.LoadLocation(*zone)
	if err != nil {
		return c.fail(err)
	}
	d, err := advisory(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	if *format == "markdown" {
		err = d.Markdown(c.out, l, where)
	} else {
		err = d.HTML(c.out, l, where, "")
	}
	if err != nil {
		return c.fail(err)
	}
	return done
}

// csafVEX writes what an advisory says of some products as a VEX document.
func csafVEX(c *call) int {
	set := flag.NewFlagSet("yagura csaf vex", flag.ContinueOnError)
	id := set.String("id", "", "tracking `id` of the statement instead of the advisory's")
	title := set.String("title", "", "`title` of the statement instead of the advisory's")
	var products []string
	set.Func("product", "product `id`; may be given more than once", func(p string) error {
		products = append(products, p)
		return nil
	})
	if code, ok := c.flags(set); !ok {
		return code
	}
	if len(c.args) != 1 || len(products) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura csaf vex --product ID [--id ID] [--title TITLE] FILE"))
		return failed
	}
	d, err := advisory(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	out, err := d.VEX(*id, *title, products...)
	if err != nil {
		return c.fail(err)
	}
	if _, err := c.out.Write(out.Bytes()); err != nil {
		return c.fail(err)
	}
	return done
}

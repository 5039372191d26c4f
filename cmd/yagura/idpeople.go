package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"yagura/app"
	"yagura/kernel/text"
)

// largestPeople bounds a file of people.
const largestPeople = 64 << 20

// personImport takes people over from a CSV file. It ends with findings where the
// file has mistakes, and then nothing was changed.
func personImport(c *call) int {
	set := flag.NewFlagSet("yagura id person import", flag.ContinueOnError)
	load := settings(c, set)
	dry := set.Bool("dry-run", false, "look the file through and change nothing")
	file, code, ok := c.onePerson(set)
	if !ok {
		return code
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	raw, err := readFile(c.in, file, largestPeople)
	if err != nil {
		return c.fail(err)
	}
	p, applied, err := app.ImportPeople(c.ctx, cfg, raw, *dry)
	if err != nil {
		return c.fail(err)
	}
	for _, w := range p.Wrong {
		fmt.Fprintf(c.err, "%s:%d: %s: %s\n", file, w.Line, w.Column, w.Message.In(c.lang))
	}
	switch {
	case p.WrongCount > 0:
		fmt.Fprintln(c.err, text.T(c.lang, "Nothing was changed: the file has %d mistakes.", p.WrongCount))
		return findings
	case applied:
		fmt.Fprintln(c.out, text.T(c.lang, "%d people added, %d changed.", p.Added, p.Changed))
	case *dry:
		fmt.Fprintln(c.out, text.T(c.lang, "Would add %d people and change %d.", p.Added, p.Changed))
	default:
		fmt.Fprintln(c.out, text.T(c.lang, "The file changes nothing."))
	}
	return done
}

func readFile(in io.Reader, path string, most int64) ([]byte, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("%s: the file is larger than %d bytes", path, most)
	}
	return raw, err
}

// tripAdd asks for a business trip in the name of a person. It approves nothing.
func tripAdd(c *call) int {
	set := flag.NewFlagSet("yagura id trip add", flag.ContinueOnError)
	load := settings(c, set)
	n := app.NewTrip{}
	set.StringVar(&n.Countries, "countries", "", "`names` or codes of countries, with commas between them")
	from := set.String("from", "", "`time` at which it begins, such as 2026-12-01T09:00:00+09:00")
	to := set.String("to", "", "`time` at which it ends")
	set.StringVar(&n.Device, "device", "", "id or inventory `number` of the device that goes along; without it, any")
	set.StringVar(&n.Purpose, "purpose", "", "what it is for, in a `sentence`; the manager reads it")
	person, code, ok := c.onePerson(set)
	if !ok {
		return code
	}
	n.Person = person
	for _, t := range []struct {
		said string
		at   *time.Time
	}{{*from, &n.From}, {*to, &n.To}} {
		var err error
		if *t.at, err = time.Parse(time.RFC3339, t.said); err != nil {
			fmt.Fprintln(c.err, text.T(c.lang, "%s is no time; one such as 2026-11-23T09:00:00Z is needed", t.said))
			return failed
		}
	}
	cfg, ok := load()
	if !ok {
		return failed
	}
	id, err := app.AddTrip(c.ctx, cfg, n)
	if err != nil {
		return c.refusal(err)
	}
	fmt.Fprintln(c.out, text.T(c.lang, "The trip %s is asked for. It counts once the manager of %s has approved it.", id, person))
	return done
}

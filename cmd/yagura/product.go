package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/product"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// productCommand is what works on products in files.
func productCommand(c *call) int {
	verbs := map[string]func(*call) int{"tree": productTree, "affected": productAffected, "import": productImport}
	if len(c.args) > 0 {
		if run := verbs[c.args[0]]; run != nil {
			c.args = c.args[1:]
			return run(c)
		}
	}
	fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura product tree|affected|import [flags] FILE…"))
	return failed
}

// wrong tells why a file can't be used.
func (c *call) wrong(file string, err error) int {
	if m := fault.MessageOf(err); !m.IsZero() {
		fmt.Fprintf(c.err, "yagura: %s: %s\n", file, m.In(c.lang))
		return failed
	}
	return c.fail(fmt.Errorf("%s: %w", file, err))
}

// selection is a file for `yagura product tree`: a catalog and what of it is meant.
type selection struct {
	product.Catalog
	Ranges []product.Range `json:"ranges"`
}

// productTree makes the product tree of an advisory from a catalog and ranges.
func productTree(c *call) int {
	set := flag.NewFlagSet("yagura product tree", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "one object with the tree and the product ids of each range")
	lang := set.String("lang", "en", "`language` of the names: en or ja")
	if code, ok := c.flags(set); !ok {
		return code
	}
	l, ok := text.Parse(*lang)
	if len(c.args) != 1 || !ok {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura product tree [--json] [--lang en|ja] FILE"))
		return failed
	}
	raw, err := os.ReadFile(c.args[0])
	if err != nil {
		return c.fail(err)
	}
	var s selection
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return c.wrong(c.args[0], err)
	}
	tree, err := s.Tree(s.Ranges, l)
	if err != nil {
		return c.wrong(c.args[0], err)
	}
	body := csaf.New(tree.Value).Encode()
	if !*asJSON {
		_, err = c.out.Write(body)
		if err != nil {
			return c.fail(err)
		}
		return done
	}
	ids := make([][]string, len(s.Ranges))
	for i, r := range s.Ranges {
		ids[i] = tree.Of(r)
	}
	return c.json(map[string]any{"file": c.args[0], "product_tree": json.RawMessage(body), "ids": ids}, done)
}

// applied is a line of `yagura product affected --json`.
type applied struct {
	File     string          `json:"file"`
	Advisory string          `json:"advisory"`
	ID       string          `json:"product_id"`
	Product  string          `json:"product"`
	Applies  product.Verdict `json:"applies"`
	CVE      string          `json:"cve"`
	Status   string          `json:"status"`
}

// productAffected tells what advisories say of a thing. It ends with 1 where it is
// affected, or may be.
func productAffected(c *call) int {
	set := flag.NewFlagSet("yagura product affected", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "a JSON object a line")
	var q product.Question
	set.StringVar(&q.Name, "product", "", "`number` of the model, or name of the product")
	set.StringVar(&q.Version, "version", "", "`version` of its firmware or software")
	set.StringVar(&q.Serial, "serial", "", "its serial `number`")
	cve := set.String("cve", "", "this vulnerability alone, as `CVE-…`")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if q.Name == "" || len(c.args) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura product affected [--json] --product NAME [--version V] [--serial S] [--cve ID] FILE…"))
		return failed
	}
	code, known := done, false
	for _, file := range c.args {
		raw, err := os.ReadFile(file)
		if err != nil {
			return c.fail(err)
		}
		d, err := csaf.Parse(raw)
		if err != nil {
			return c.wrong(file, err)
		}
		for _, a := range product.Ask(d, q) {
			known = true
			if a.Applies == product.No {
				continue
			}
			for _, s := range a.Statuses {
				if *cve != "" && !strings.EqualFold(*cve, s.CVE) {
					continue
				}
				if s.Status == "known_affected" || s.Status == "under_investigation" || s.Status == "first_affected" || s.Status == "last_affected" {
					code = findings
				}
				if *asJSON {
					c.json(applied{file, d.ID(), a.ID, a.Product, a.Applies, s.CVE, s.Status}, done)
				} else {
					fmt.Fprintf(c.out, "%s %s %s (%s): %s\n", d.ID(), s.CVE, s.Status, verdict1(c, a.Applies), a.Product)
				}
			}
		}
	}
	if !known {
		fmt.Fprintln(c.err, text.T(c.lang, "None of the advisories names %s.", q.Name))
	} else if code == done && !*asJSON {
		fmt.Fprintln(c.err, text.T(c.lang, "No advisory says that it is affected."))
	}
	return code
}

func verdict1(c *call, v product.Verdict) string {
	if v == product.Maybe {
		return text.T(c.lang, "if version and serial number are among those")
	}
	return text.T(c.lang, "applies§verdict")
}

// imported is a line of `yagura product import --json`.
type imported struct {
	File     string           `json:"file"`
	Families int              `json:"families"`
	Products int              `json:"products"`
	Models   int              `json:"models"`
	Versions int              `json:"versions"`
	Problems []importProblem  `json:"problems"`
	Catalog  *product.Catalog `json:"catalog"`
}

type importProblem struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// productImport looks through files that the registry would take. Taking them over needs
// the registry: that is what its page does.
func productImport(c *call) int {
	set := flag.NewFlagSet("yagura product import", flag.ContinueOnError)
	dry := set.Bool("dry-run", false, "look through alone")
	asJSON := set.Bool("json", false, "a JSON object a line")
	if code, ok := c.flags(set); !ok {
		return code
	}
	if !*dry || len(c.args) == 0 {
		fmt.Fprintln(c.err, text.T(c.lang, "usage: yagura product import --dry-run [--json] FILE… (files are taken over on the page of the registry)"))
		return failed
	}
	code := done
	for _, file := range c.args {
		in, err := readProducts(file)
		if err != nil {
			return c.wrong(file, err)
		}
		line := imported{File: file, Families: len(in.Catalog.Families), Products: len(in.Catalog.Products), Problems: []importProblem{}, Catalog: &in.Catalog}
		for _, p := range in.Catalog.Products {
			line.Models += len(p.Models)
			line.Versions += len(p.Firmware)
		}
		for _, p := range in.Problems {
			code = findings
			line.Problems = append(line.Problems, importProblem{p.Place, p.Message.In(c.lang)})
		}
		if *asJSON {
			c.json(line, done)
			continue
		}
		fmt.Fprintln(c.out, text.T(c.lang, "%s: %d families, %d products, %d models, %d versions", file, line.Families, line.Products, line.Models, line.Versions))
		for _, p := range line.Problems {
			fmt.Fprintf(c.out, "  %s: %s\n", p.Place, p.Message)
		}
	}
	return code
}

func readProducts(file string) (*product.Imported, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		d, err := csaf.Parse(raw)
		if err != nil {
			return nil, err
		}
		return product.ReadTree(d), nil
	}
	return product.ReadCSV(bytes.NewReader(raw))
}

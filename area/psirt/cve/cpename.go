package cve

import (
	"regexp"

	"yagura/kernel/text"
)

// The forms of CPE names: the formatted string of 2.3 (NISTIR 7695, 6.2), and the
// URI of 2.2 (6.1).
var (
	cpeWord  = `(?:(?:\?*|\*?)(?:[a-zA-Z0-9\-._]|\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~])+(?:\?*|\*?)|[*\-])`
	cpeLang  = `(?:[a-zA-Z]{2,3}(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?|[*\-])`
	cpe23    = regexp.MustCompile(`^cpe:2\.3:[aho*\-](?::` + cpeWord + `){5}:` + cpeLang + `(?::` + cpeWord + `){4}$`)
	cpe22    = regexp.MustCompile(`^[cC][pP][eE]:/[AHOaho]?(?::[A-Za-z0-9._\-~%]*){0,6}$`)
	cpeShape = "cpe:2.3:h:example:plc:-:*:*:*:*:*:*:*"
)

func cpeName(older bool) rule {
	return func(f *form, n *Node, path string) {
		before := len(f.problems)
		if length(1, 2048)(f, n, path); len(f.problems) > before {
			return
		}
		if !cpe23.MatchString(n.Text) && !(older && cpe22.MatchString(n.Text)) {
			f.wrong(path, text.M("%q does not look like %s", short(n.Text), cpeShape))
		}
	}
}

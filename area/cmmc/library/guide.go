package library

import (
	"regexp"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/kernel/text"
)

var (
	heading   = regexp.MustCompile(`^([A-Z]{2}\.L[23]-3\.\d+\.\d+)([eE]?) ?[–-] ?(.+)$`)
	lettered  = regexp.MustCompile(`^\[([a-z]|ODP\d+)\] ?(.*)$`)
	furniture = regexp.MustCompile(`^(\d+|NIST SP 800-17\S+, pp?\. .*|CMMC Assessment Guide .*)$`)
)

// readGuide reads the text of an assessment guide. A heading opens a requirement;
// page headers repeat it. Its text stands between the heading and ASSESSMENT
// OBJECTIVES, the objectives between that and POTENTIAL ASSESSMENT. Lines with dots
// are the table of contents. Where lines end with a space, one that does not was
// broken within a word.
func readGuide(g *gatherer, data []byte) error {
	var (
		q      *catalog.Requirement // whose page this is
		words  []string             // since its heading
		titles = map[*catalog.Requirement]string{}
		inside bool // among the objectives of q
		name   string
		begun  int
	)
	spaced := 2*strings.Count(string(data), " \n") > strings.Count(string(data), "\n")
	say := func(s, raw string) string {
		if spaced && !strings.HasSuffix(strings.TrimRight(raw, "\r\n"), " ") {
			return s
		}
		return s + " "
	}
	flush := func() {
		if name != "" {
			g.objective(begun, "", name, strings.Join(words, ""))
		}
		name, words = "", nil
	}
	n := 0
	for raw := range strings.Lines(string(data)) {
		n++
		line := squeeze(raw)
		h := heading.FindStringSubmatch(line)
		switch {
		case line == "" || strings.Contains(line, "....") || furniture.MatchString(line):
		case h != nil:
			found := catalog.Find(h[1] + strings.ToLower(h[2]))
			switch {
			case found == nil:
				g.wrong(n, "", text.M("there is no requirement %q", h[1]+h[2]))
			case found == q && inside: // the header of the next page
			default:
				if titles[found] == "" || titles[found] == strings.ToUpper(titles[found]) {
					titles[found] = h[3]
				}
				if inside {
					flush()
				}
				q, words, inside = found, nil, false
			}
		case strings.HasPrefix(line, "ASSESSMENT OBJECTIVES"):
			if q == nil || inside {
				g.wrong(n, "", text.M("objectives without a requirement"))
				continue
			}
			g.requirement(q, titles[q], strings.Join(words, ""))
			inside, words = true, nil
		case strings.HasPrefix(line, "POTENTIAL ASSESSMEN") && inside:
			flush()
			q, inside = nil, false
		case inside:
			switch m := lettered.FindStringSubmatch(line); {
			case m != nil:
				flush()
				name, words, begun = q.ID+"["+m[1]+"]", []string{say(m[2], raw)}, n
			case name != "":
				words = append(words, say(line, raw))
			}
		default:
			words = append(words, say(line, raw))
		}
	}
	if inside {
		g.wrong(n, "", text.M("the document ends too early"))
	}
	return nil
}

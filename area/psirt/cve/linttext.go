package cve

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"yagura/kernel/text"
)

var (
	cweInText   = regexp.MustCompile(`CWE-[1-9][0-9]*`)
	emptyReason = regexp.MustCompile(`(?i)\*\*\s*REJECT(ED)?\s*\*\*|rejected`)
	// thanks are phrases that credit somebody: a verb of finding, by somebody with a
	// capital letter who is no indefinite article.
	thanks = regexp.MustCompile(`(?i:\b(?:discovered|found|reported|identified|disclosed) (?:and reported )?by) (?:[B-Z]|A[a-mo-z]|An[a-z])|(?i:\bthanks to [A-Z]|\bcredits? (?:goes |go )?to\b|\bcredited to\b|\backnowledges?\b.{0,40}\bfor (?:reporting|finding|discovering))|報告者|発見者|謝意|感謝(?:し|い|申)`)
	// otherIDs are names of vulnerabilities that are not CVE IDs.
	otherIDs  = regexp.MustCompile(`\b(?:GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|ZDI-(?:CAN-)?\d{2,}(?:-\d+)?|JVNDB-\d{4}-\d{6}|ICS(?:A|MA)-\d{2}-\d{3}-\d{2}|RHSA-\d{4}:\d+|GO-\d{4}-\d{4}|CNVD-\d{4}-\d+|EUVD-\d{4}-\d+|BDU:\d{4}-\d+)\b|\bJVN(?:VU)?#\d{8}\b|\bVU#\d{6}\b`)
	onlyOther = regexp.MustCompile(`(?i)\bdifferent (?:vulnerability|issue|cve) (?:than|from) CVE-|\bunique from CVE-`)
	template  = regexp.MustCompile(`\[(?:PROBLEMTYPE|COMPONENT|VENDOR|PRODUCT|VERSION|PLATFORMS|ATTACKER|IMPACT|VECTOR)\]`)
)

func (l *lint) descriptions(c *Node) {
	at, tongues := l.path("descriptions"), map[string]int{}
	var everything strings.Builder
	for i, d := range c.List("descriptions") {
		said, here := d.Str("value"), member(index(at, i), "value")
		everything.WriteString(strings.ToLower(said) + "\n")
		tongue := strings.ToLower(d.Str("lang"))
		if first, twice := tongues[tongue]; twice && isEnglish(tongue) {
			l.say("5.2.5", Must, index(at, i), text.M("is a second description in %s, after %s", d.Str("lang"), index(at, first)))
		} else {
			tongues[tongue] = i
		}
		if isNameless(said) {
			l.say("5.1.9", Must, here, text.M("describes nothing"))
		} else if isEnglish(tongue) && len(strings.Fields(said)) < 5 {
			l.say("5.2.1", Should, here, text.M("is too short to sum the vulnerability up"))
		}
		if t := template.FindString(said); t != "" {
			l.say("5.2.1", Must, here, text.M("still holds %s of a template", t))
		}
		l.credits(c, said, here)
		for _, other := range otherIDs.FindAllString(said, -1) {
			l.say("5.2.11", ShouldNot, here, text.M("%s is not a CVE ID: give it as a reference, or in source", other))
		}
		if onlyOther.MatchString(said) {
			l.say("5.2.7", ShouldNot, here, text.M("tells the vulnerability apart from another and must say more than that"))
		}
	}
	l.markers(c, everything.String())
}

// credits may stand in their own field, not in the description.
func (l *lint) credits(c *Node, said, here string) {
	for _, cr := range c.List("credits") {
		name, _, _ := strings.Cut(cr.Str("value"), " of ")
		name, _, _ = strings.Cut(name, " (")
		if name = strings.TrimSpace(name); len([]rune(name)) >= 4 && strings.Contains(strings.ToLower(said), strings.ToLower(name)) && !l.isProduct(c, name) {
			l.say("5.2.4", MustNot, here, text.M("credits %q, who stands in credits already", short(name)))
			return
		}
	}
	if m := thanks.FindString(said); m != "" {
		l.say("5.2.4", MustNot, here, text.M("%q credits somebody: this belongs in credits", m))
	}
}

// isProduct: the maker that found the weakness itself is named rightly.
func (l *lint) isProduct(c *Node, name string) bool {
	return slices.ContainsFunc(c.List("affected"), func(p *Node) bool {
		return strings.Contains(strings.ToLower(p.Str("vendor")+" "+p.Str("product")), strings.ToLower(name))
	})
}

func hasTag(n *Node, tag string) bool {
	return slices.ContainsFunc(n.List("tags"), func(t *Node) bool { return t.Text == tag })
}

// markers are what stood in descriptions before there were tags.
func (l *lint) markers(c *Node, everything string) {
	if strings.Contains(everything, "** disputed **") && !hasTag(c, "disputed") {
		l.say("4.5.3.10", Must, l.path("descriptions"), text.M("is marked as disputed in words: use the tag %q", "disputed"))
	}
	if hasTag(c, "disputed") && !strings.Contains(everything, "disput") && !strings.Contains(everything, "争") && !strings.Contains(everything, "異議") {
		l.say("4.5.3.10", Must, l.path("descriptions"), text.M("does not explain why the record is disputed"))
	}
	if strings.Contains(everything, "unsupported when assigned") && !hasTag(c, "unsupported-when-assigned") {
		l.say("4.2.17.1", Must, l.path("descriptions"), text.M("is marked as unsupported in words: use the tag %q", "unsupported-when-assigned"))
	}
}

func (l *lint) tags(c *Node) {
	if !hasTag(c, "exclusively-hosted-service") {
		return
	}
	for i, p := range c.List("affected") {
		if slices.ContainsFunc(p.List("cpes"), func(n *Node) bool {
			return strings.HasPrefix(n.Text, "cpe:2.3:h:") || strings.HasPrefix(n.Text, "cpe:2.3:o:")
		}) {
			l.say("5.1.11.1", MustNot, index(l.path("affected"), i), text.M("is hardware or an operating system, and the tag %q says that all products are hosted services alone", "exclusively-hosted-service"))
		}
	}
}

func (l *lint) references(c *Node) {
	at := l.path("references")
	supporting, open := 0, 0
	for i, r := range c.List("references") {
		here := member(index(at, i), "url")
		u, err := url.Parse(r.Str("url"))
		if err != nil {
			continue
		}
		if u.User != nil {
			l.say("5.3.3.1", ShouldNot, here, text.M("holds a user name or password"))
		}
		switch {
		case itself(u):
			l.say("5.3.3.5", ShouldNot, here, text.M("is the record itself, which is no reference for it"))
			continue
		case !public(u):
			l.say("5.3.1", Should, here, text.M("can't be reached from the internet"))
			continue
		case hasTag(r, "broken-link"), hasTag(r, "not-applicable"):
			continue
		}
		supporting++
		if !hasTag(r, "permissions-required") && !hasTag(r, "customer-entitlement") {
			open++
		}
	}
	switch {
	case len(c.List("references")) == 0:
	case supporting == 0:
		l.say("5.1.10", Must, at, text.M("none is a public reference that supports the record"))
	case open == 0:
		l.say("5.3.3.1", ShouldNot, at, text.M("all need registration or an entitlement"))
	}
}

// itself tells whether an address is of a CVE record as the programme shows it.
func itself(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	path := strings.ToLower(u.Path)
	switch host {
	case "cve.org", "www.cve.org":
		return strings.HasPrefix(path, "/cverecord")
	case "cve.mitre.org":
		return strings.HasPrefix(path, "/cgi-bin/cvename.cgi")
	case "cveawg.mitre.org":
		return strings.HasPrefix(path, "/api/cve/")
	case "github.com", "raw.githubusercontent.com":
		return strings.HasPrefix(path, "/cveproject/cvelist")
	}
	return false
}

// public tells whether everybody could open an address, by its form alone.
func public(u *url.URL) bool {
	if s := strings.ToLower(u.Scheme); s != "https" && s != "http" && s != "ftp" && s != "ftps" {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsGlobalUnicast() && !a.IsPrivate()
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	return strings.Contains(host, ".") && !slices.Contains([]string{"local", "localhost", "internal", "intranet", "lan", "corp", "home", "test", "invalid", "example", "onion"}, top)
}

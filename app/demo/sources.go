package demo

import (
	"strings"
	"time"
)

// Source is one stream of events as telemetry knows it: who owns it, what it
// carries and how long it may be silent.
type Source struct {
	ID     string
	Name   Text
	Unit   string
	Format string // "ndjson" or "syslog"
	// Kind is windows, linux, firewall, proxy, dns, cloud or identity.
	// Product, Category and Service are the Sigma log source where the kind has
	// one; a windows or linux stream carries several, told apart by its fields.
	Kind, Product, Category, Service string
	SilentAfter                      time.Duration
}

// Sources returns every stream of the group: two to four a site, and those of
// the regions and of the whole group.
func Sources() []Source {
	var out []Source
	for _, u := range Units() {
		if u.Code == "" {
			continue
		}
		up := strings.ToUpper(u.Code)
		out = append(out,
			Source{"win-" + u.Code, Text{"Windows computers, " + u.Name.En, "Windows端末 " + u.Name.Ja}, u.ID, "ndjson", "windows", "windows", "", "", time.Hour},
			Source{"fw-" + u.Code, Text{"Firewall " + up + ", " + u.Name.En, "ファイアウォール" + up + " " + u.Name.Ja}, u.ID, "syslog", "firewall", "", "firewall", "", 30 * time.Minute})
		if hasLinux(u) {
			out = append(out, Source{"lnx-" + u.Code, Text{"Linux servers, " + u.Name.En, "Linuxサーバー " + u.Name.Ja}, u.ID, "syslog", "linux", "linux", "", "", time.Hour})
		}
	}
	for _, r := range []struct{ id, unit, en, ja string }{
		{"jp", "datacenter", "Japan", "日本"}, {"as", "office-asia", "Asia", "アジア"},
		{"eu", "office-europe", "Europe", "欧州"}, {"am", "office-americas", "Americas", "米州"},
	} {
		out = append(out,
			Source{"proxy-" + r.id, Text{"Web proxy, " + r.en, "ウェブプロキシ " + r.ja}, r.unit, "ndjson", "proxy", "", "proxy", "", 30 * time.Minute},
			Source{"dns-" + r.id, Text{"Name servers, " + r.en, "DNSサーバー " + r.ja}, r.unit, "ndjson", "dns", "", "dns", "", 30 * time.Minute})
	}
	return append(out,
		Source{"cloud-audit", Text{"Cloud audit log, whole group", "クラウド監査ログ(グループ全体)"}, "datacenter", "ndjson", "cloud", "aws", "", "cloudtrail", 2 * time.Hour},
		Source{"sign-in", Text{"Sign-in log, whole group", "サインインログ(グループ全体)"}, "datacenter", "ndjson", "identity", "identity", "", "signin", time.Hour})
}

func hasLinux(u Unit) bool {
	switch u.ID {
	case "datacenter", "research", "head-office", "software-fukuoka", "office-europe", "office-americas", "works-himeji", "works-nagoya", "automation-thailand":
		return true
	}
	return false
}

// desk is the id of the regional proxy and name server that a unit uses.
func desk(u Unit) string {
	switch {
	case u.Country == "JP":
		return "jp"
	case u.Region == "europe":
		return "eu"
	case u.Region == "americas":
		return "am"
	}
	return "as"
}

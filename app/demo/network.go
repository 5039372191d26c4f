package demo

import (
	"fmt"
	"time"
)

// flow is one line of a firewall.
type flow struct {
	action, from, to         string // action and zones
	source, target           string
	sourcePort, port         int
	proto, rule              string
	sent, received, duration int64
}

func (s *site) firewall(at time.Time, f flow) Event {
	message := fmt.Sprintf("action=%s src_zone=%s dst_zone=%s src_ip=%s src_port=%d dst_ip=%s dst_port=%d proto=%s rule=%s bytes_out=%d bytes_in=%d duration=%d",
		f.action, f.from, f.to, f.source, f.sourcePort, f.target, f.port, f.proto, f.rule, f.sent, f.received, f.duration)
	return Event{"fw-" + s.unit.Code, s.unit.ID, at, "syslog", old(at, 134, "fw-"+s.unit.Code, "filter", message)}
}

func (sc *scene) port() int { return 32768 + sc.r.IntN(28000) }

func connectionPassed(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	f := flow{"accept", "office", "wan", who.ip, outside(sc.r), sc.port(), 443, "tcp", "web-out", int64(sc.r.IntN(90000)), int64(sc.r.IntN(2000000)), int64(sc.r.IntN(120))}
	switch sc.r.IntN(8) {
	case 0:
		f.to, f.target, f.port, f.rule = "server", server(s.unit, sc.r.IntN(4)), 445, "office-files"
	case 1:
		f.to, f.target, f.port, f.proto, f.rule = "server", server(s.unit, 0), 53, "udp", "office-dns"
	case 2:
		f.to, f.target, f.port, f.rule = "server", server(s.unit, 1), 3389, "admin-rdp"
	case 3:
		f.from, f.source, f.target, f.port, f.rule = "server", server(s.unit, 1), outside(sc.r), 443, "update-out"
	}
	return s.firewall(at, f)
}

// connectionRefused is what the internet knocks at all day, and what nobody
// needs to hear of.
func connectionRefused(sc *scene, s *site, at time.Time) Event {
	f := flow{"deny", "wan", "server", outside(sc.r), server(s.unit, sc.r.IntN(30)), sc.port(), 0, "tcp", "default-deny", 0, 0, 0}
	f.port = []int{22, 23, 445, 3389, 5900, 8080, 1433, 5985}[sc.r.IntN(8)]
	if sc.r.IntN(6) == 0 {
		f.from, f.to, f.source, f.target, f.port = "office", "wan", pick(sc.r, s.users).ip, outside(sc.r), 445
	}
	if len(s.machines) > 0 && sc.r.IntN(8) == 0 {
		f.from, f.to, f.source, f.target, f.port = "office", "ot", pick(sc.r, s.users).ip, machine(s.unit, sc.r.IntN(len(s.machines))), 502
	}
	return s.firewall(at, f)
}

// cellTraffic stays inside a plant or takes the agreed ways out of it.
func cellTraffic(sc *scene, s *site, at time.Time) Event {
	n := sc.r.IntN(len(s.machines))
	f := flow{"accept", "ot", "ot", machine(s.unit, n), machine(s.unit, (n+1)%len(s.machines)), sc.port(), 5007, "tcp", "cell-to-cell", int64(sc.r.IntN(9000)), int64(sc.r.IntN(9000)), 5}
	switch sc.r.IntN(4) {
	case 0:
		f.to, f.target, f.port, f.proto, f.rule = "server", server(s.unit, 5), 123, "udp", "ot-ntp"
	case 1:
		f.from, f.to, f.source, f.target, f.port, f.rule = "server", "ot", server(s.unit, 6), machine(s.unit, n), 4840, "ot-historian"
	case 2:
		f.from, f.to, f.source, f.target, f.port, f.rule = "server", "ot", server(s.unit, 7), machine(s.unit, n), 3389, "ot-jump-eng"
	}
	return s.firewall(at, f)
}

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"

func (s *site) proxy(at time.Time, ip, who, method, host, uri, agent string, status, sent, received int64) Event {
	o := newObject().text("@timestamp", at.UTC().Format(isoMillis)).text("c-ip", ip).text("cs-username", who).text("cs-method", method).
		text("cs-host", host).text("c-uri", uri).text("c-useragent", agent).number("sc-status", status).number("cs-bytes", sent).number("sc-bytes", received)
	return Event{"proxy-" + desk(s.unit), s.unit.ID, at, "ndjson", o.line()}
}

var pages = []struct{ host, path string }{
	{"www.news.example", "/world/latest"}, {"maps.travel.example", "/route?from=office"}, {"cdn.office.example", "/js/app.js"}, {"teams.cloud.example", "/api/presence"},
	{"update.cloud.example", "/defs/latest.cab"}, {"download.vendor.example", "/release/setup.exe"}, {"login.kirishio.example", "/oidc/authorize"},
	{"parts.kirishio.example", "/catalog?id=4401"}, {"www.customer.example", "/portal/rfq/2231"}, {"weather.example", "/today"},
}

func pageFetched(sc *scene, s *site, at time.Time) Event {
	who, p := pick(sc.r, s.users), pick(sc.r, pages)
	method, agent, status := "GET", browser, int64(200)
	switch sc.r.IntN(12) {
	case 0:
		method = "POST"
	case 1:
		status = 304
	case 2:
		status = 403
	case 3:
		agent, p = "Microsoft BITS/7.8", pages[4]
		p.host = "au.download.windowsupdate.com"
	}
	return s.proxy(at, who.ip, who.login, method, p.host, "https://"+p.host+p.path, agent, status, int64(sc.r.IntN(4000)), int64(sc.r.IntN(400000)))
}

func (s *site) lookup(at time.Time, ip, query, kind, answer string) Event {
	o := newObject().text("@timestamp", at.UTC().Format(isoMillis)).text("src_ip", ip).text("query", query).text("record_type", kind).text("answer", answer).text("rcode", "NOERROR")
	return Event{"dns-" + desk(s.unit), s.unit.ID, at, "ndjson", o.line()}
}

func nameServed(sc *scene, s *site, at time.Time) Event {
	who := pick(sc.r, s.users)
	switch sc.r.IntN(10) {
	case 0:
		return s.lookup(at, who.ip, fmt.Sprintf("%d.1.%d.10.in-addr.arpa", sc.r.IntN(250), s.unit.Net), "PTR", "srv."+Domain)
	case 1:
		return s.lookup(at, who.ip, fmt.Sprintf("%016x%016x%016x.s3.eu-west-1.amazonaws.com", sc.r.Uint64(), sc.r.Uint64(), sc.r.Uint64()), "A", outside(sc.r))
	case 2:
		return s.lookup(at, who.ip, "_ldap._tcp."+s.unit.Code+"."+Domain, "SRV", s.domainController())
	}
	return s.lookup(at, who.ip, pick(sc.r, names), "A", outside(sc.r))
}

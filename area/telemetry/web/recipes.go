package web

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"yagura/area/telemetry"
	"yagura/console"
	"yagura/kernel/text"
)

// recipe is what to copy into a shipper's configuration.
type recipe struct {
	Title text.Message
	Note  text.Message
	Text  string
	Open  bool
}

// base is where senders reach this server.
func (p *pages) base(c *console.Context) string {
	if p.o.PublicURL != "" {
		return strings.TrimSuffix(p.o.PublicURL, "/")
	}
	scheme := "http"
	if c.R.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.R.Host
}

// recipes are examples for a source, with its token where it was just made.
func (p *pages) recipes(c *console.Context, s telemetry.Source, secret string) []recipe {
	if s.IsQuarantine() {
		return nil
	}
	token := secret
	if token == "" {
		token = "TOKEN"
	}
	base := p.base(c)
	host, port, tls := "localhost", "443", "On"
	if u, err := url.Parse(base); err == nil {
		host = u.Hostname()
		if u.Scheme == "http" {
			port, tls = "80", "Off"
		}
		if u.Port() != "" {
			port = u.Port()
		}
	}
	curl := recipe{Title: text.M("Try it with curl"), Note: text.M("The answer says how many events were taken. It comes when they are on disk."),
		Text: fmt.Sprintf(`curl --fail-with-body -H 'Authorization: Bearer %s' \
  -H 'Content-Type: application/x-ndjson' \
  --data-binary '{"@timestamp":"%s","host":"test","message":"hello"}' \
  %s/intake/ndjson`, token, c.Now.UTC().Format("2006-01-02T15:04:05Z"), base)}
	fluent := func(input string) string {
		return fmt.Sprintf(`[INPUT]
%s

[OUTPUT]
    Name             http
    Match            *
    Host             %s
    Port             %s
    tls              %s
    URI              /intake/ndjson
    Format           json_lines
    Json_date_key    @timestamp
    Json_date_format iso8601
    Compress         gzip
    Header           Authorization Bearer %s
    Retry_Limit      no_limits`, input, host, port, tls, token)
	}
	windows := recipe{Title: text.M("Windows computers: Fluent Bit"), Note: text.M("On each computer, or on the collector to which Windows Event Forwarding brings them (channel ForwardedEvents)."),
		Text: fluent(`    Name             winevtlog
    Channels         Security,System,Microsoft-Windows-Sysmon/Operational,Microsoft-Windows-PowerShell/Operational
    Interval_Sec     1
    DB               C:\ProgramData\fluent-bit\yagura.sqlite`)}
	vector := recipe{Title: text.M("Vector, for anything it can read"), Text: fmt.Sprintf(`[sinks.yagura]
type = "http"
inputs = ["*"]
uri = "%s/intake/ndjson"
encoding.codec = "json"
framing.method = "newline_delimited"
compression = "zstd"
auth.strategy = "bearer"
auth.token = "%s"
buffer.type = "disk"
buffer.max_size = 1073741824
acknowledgements.enabled = true`, base, token)}
	var rs []recipe
	addr := func(a, standard string) (string, string) {
		h, prt, err := net.SplitHostPort(a)
		if err != nil || h == "" {
			h = host
		}
		if prt == "" {
			prt = standard
		}
		return h, prt
	}
	var sys []recipe
	if p.o.SyslogTLS != "" {
		h, prt := addr(p.o.SyslogTLS, "6514")
		sys = append(sys, recipe{Title: text.M("rsyslog over TLS"), Note: text.M("Waits and keeps on disk while this server does not take anything."), Text: fmt.Sprintf(`global(DefaultNetstreamDriverCAFile="/etc/ssl/certs/ca-certificates.crt")
action(type="omfwd" target="%s" port="%s" protocol="tcp"
       StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="%s"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
       queue.type="LinkedList" queue.filename="yagura" queue.maxDiskSpace="1g" queue.saveOnShutdown="on"
       action.resumeRetryCount="-1")`, h, prt, h)})
	}
	if p.o.SyslogTCP != "" {
		h, prt := addr(p.o.SyslogTCP, "514")
		sys = append(sys, recipe{Title: text.M("rsyslog over TCP"), Note: text.M("Within a network that nobody else can read."), Text: fmt.Sprintf(`action(type="omfwd" target="%s" port="%s" protocol="tcp"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
       queue.type="LinkedList" queue.filename="yagura" queue.maxDiskSpace="1g" queue.saveOnShutdown="on"
       action.resumeRetryCount="-1")`, h, prt)})
	}
	if p.o.SyslogUDP != "" {
		h, prt := addr(p.o.SyslogUDP, "514")
		sys = append(sys, recipe{Title: text.M("Devices over UDP"), Note: text.M("Only for devices that can do nothing else: UDP loses events, and the sender does not know."), Text: fmt.Sprintf(`*.* @%s:%s`, h, prt)})
	}
	linux := recipe{Title: text.M("Linux servers: Fluent Bit"), Text: fluent(`    Name             systemd
    Tag              host.*
    DB               /var/lib/fluent-bit/yagura.sqlite
    Strip_Underscores On`)}
	more := p.shippers(s.Kind, place{base, host, port, token, tls == "On"}, func() (string, string) {
		if p.o.SyslogTCP == "" {
			return "", ""
		}
		return addr(p.o.SyslogTCP, "514")
	})
	for i := range more {
		more[i].Text = strings.ReplaceAll(more[i].Text, "-source SOURCE", "-source "+s.ID)
	}
	switch s.Kind {
	case "windows":
		rs = append(rs, windows, curl, vector)
	case "linux":
		rs = append(append(rs, sys...), linux, curl, vector)
	case "firewall", "syslog", "dns", "ot":
		rs = append(append(rs, sys...), curl, vector)
	default:
		rs = append(append(rs, vector, curl), sys...)
	}
	rs = append(rs[:len(rs):len(rs)], more...)
	if len(rs) > 0 {
		rs[0].Open = true
	}
	return rs
}

package web

import (
	"fmt"
	"strings"

	"yagura/area/telemetry"
	"yagura/kernel/text"
)

// place is where a shipper is to send to, and what it shows.
type place struct {
	base, host, port, token string
	tls                     bool
}

func (a place) scheme() string {
	if a.tls {
		return "https"
	}
	return "http"
}

// shippers are the recipes for programs that speak the interfaces of others:
// Elasticsearch's, OpenTelemetry's, the journal's.
func (p *pages) shippers(kind telemetry.Kind, a place, tcp func() (host, port string)) (rs []recipe) {
	beats := recipe{Title: text.M("Winlogbeat and Filebeat"), Note: text.M("As to Elasticsearch. Logstash takes the same settings in its output elasticsearch. What cannot be read is answered with 400 and kept all the same."),
		Text: fmt.Sprintf(`output.elasticsearch:
  hosts: ["%s://%s:%s"]
  path: /intake/elastic
  username: beats
  password: "%s"
  compression_level: 3
  bulk_max_size: 2000
setup.template.enabled: false
setup.ilm.enabled: false`, a.scheme(), a.host, a.port, a.token)}
	omelastic := recipe{Title: text.M("rsyslog, acknowledged (omelasticsearch)"), Note: text.M("Other than plain syslog each message is acknowledged when it is on disk. Package rsyslog-elasticsearch. Write the port into the address even where it is the usual one."),
		Text: fmt.Sprintf(`module(load="omelasticsearch")
template(name="yagura" type="list" option.jsonf="on") {
    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="host" name="hostname" format="jsonf")
    property(outname="app" name="programname" format="jsonf")
    property(outname="procid" name="procid" format="jsonf")
    property(outname="facility_name" name="syslogfacility-text" format="jsonf")
    property(outname="severity_name" name="syslogseverity-text" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
}
action(type="omelasticsearch" server="%s://%s:%s/intake/elastic/" uid="rsyslog" pwd="%s"
       searchIndex="syslog" searchType="" template="yagura" bulkmode="on" maxbytes="4m"
       queue.type="LinkedList" queue.filename="yagura" queue.maxDiskSpace="1g" queue.saveOnShutdown="on"
       action.resumeRetryCount="-1")`, a.scheme(), a.host, a.port, a.token)}
	otel := recipe{Title: text.M("OpenTelemetry Collector and SDKs"), Note: text.M("An SDK takes the same endpoint and header from OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS."),
		Text: fmt.Sprintf(`exporters:
  otlphttp/yagura:
    endpoint: %s/intake/otlp
    headers: {Authorization: "Bearer %s"}
    compression: gzip
    retry_on_failure: {enabled: true, max_elapsed_time: 0}
    sending_queue: {enabled: true, storage: file_storage}
service:
  pipelines:
    logs: {receivers: [filelog], exporters: [otlphttp/yagura]}`, a.base, a.token)}
	if p.o.OTLP != "" {
		_, port, _ := strings.Cut(p.o.OTLP, ":")
		if i := strings.LastIndexByte(p.o.OTLP, ':'); i >= 0 {
			port = p.o.OTLP[i+1:]
		}
		otel.Text += fmt.Sprintf(`

# the same over gRPC
exporters:
  otlp/yagura:
    endpoint: %s:%s
    tls: {insecure: %t}
    headers: {Authorization: "Bearer %s"}`, a.host, port, !p.o.TLS, a.token)
	}
	journal := recipe{Title: text.M("systemd-journal-upload"), Note: text.M("Package systemd-journal-remote, in /etc/systemd/journal-upload.conf, which only root may read then. Without user and token in the address, the sender is known by its network."),
		Text: fmt.Sprintf(`[Upload]
URL=%s://journal:%s@%s:%s/intake/journal
TrustedCertificateFile=/etc/ssl/certs/ca-certificates.crt`, a.scheme(), a.token, a.host, a.port)}
	auditd := recipe{Title: text.M("Linux audit system (auditd)"), Note: text.M("With one of the ways of rsyslog above. The records of one event become one event here."),
		Text: `# /etc/audit/plugins.d/syslog.conf
active = yes
direction = out
path = /sbin/audisp-syslog
type = always
args = LOG_LOCAL6
format = string`}
	switch kind {
	case "windows":
		rs = append(rs, beats)
		if host, port := tcp(); port != "" {
			rs = append(rs, recipe{Title: text.M("OpenWEC, a collector of Windows Event Forwarding"), Note: text.M("In the file of a subscription. Computers send to OpenWEC with what Windows has; nothing is installed on them."), Text: fmt.Sprintf(`[[outputs]]
driver = "Tcp"
format = "Json"
config = { addr = "%s", port = %s }`, host, port)})
		}
		rs = append(rs, recipe{Title: text.M("Events as XML, one or many"), Text: fmt.Sprintf(`wevtutil query-events Security /format:XML /count:100 > events.xml
curl --fail-with-body -H 'Authorization: Bearer %s' -H 'Content-Type: application/xml' \
  --data-binary @events.xml %s/intake/ndjson`, a.token, a.base)}, otel)
	case "linux":
		rs = append(rs, omelastic, auditd, journal, beats, otel)
	case "cloud", "identity":
		rs = append(rs, recipe{Title: text.M("Files of audit logs"), Note: text.M("CloudTrail, Azure and Entra, Google Cloud, Microsoft 365 (JSON, or the table with AuditData), Okta; plain, or packed with gzip. What a file is shows in its content, and each file is taken once."),
			Text: fmt.Sprintf("yagura telemetry import -source %s *.json.gz", "SOURCE")}, otel, beats)
	case "firewall", "syslog", "dns", "ot":
		rs = append(rs, omelastic)
	default:
		rs = append(rs, otel, beats, omelastic)
	}
	return rs
}

package intake

import (
	"strings"
	"time"
)

// Names that firewalls give to what Sigma calls src_ip and so on.
var firewallNames = map[string]string{
	"SRC": "src_ip", "src": "src_ip", "srcip": "src_ip", "src_ip": "src_ip", "source_ip": "src_ip", "sip": "src_ip", "source": "src_ip",
	"DST": "dst_ip", "dst": "dst_ip", "dstip": "dst_ip", "dst_ip": "dst_ip", "destination_ip": "dst_ip", "dest_ip": "dst_ip", "dip": "dst_ip", "destination": "dst_ip",
	"SPT": "src_port", "spt": "src_port", "srcport": "src_port", "src_port": "src_port", "sport": "src_port", "s_port": "src_port",
	"DPT": "dst_port", "dpt": "dst_port", "dstport": "dst_port", "dst_port": "dst_port", "dport": "dst_port", "d_port": "dst_port",
	"PROTO": "proto", "proto": "proto", "protocol": "proto",
	"action": "action", "act": "action", "ACTION": "action", "disposition": "action",
}

// firewall reads iptables and nftables lines, FortiGate and similar key=value
// lines, and CEF. All their fields are kept; src_ip, dst_ip, src_port,
// dst_port, proto and action are added under these names.
func firewall(o *object, h header, line string, zone *time.Location) (device, bool) {
	var list []pair
	kind := ""
	switch cef := strings.Index(line, "CEF:"); {
	case cef >= 0:
		if list = cefFields(o, line[cef+4:]); list == nil {
			return device{}, false
		}
		kind = "cef"
	case strings.Count(h.message, "=") >= 4:
		list = pairs(h.message)
	default:
		return device{}, false
	}
	found := map[string]string{}
	var date, clock, offset, host, logid, devid string
	for _, p := range list {
		if name := firewallNames[p.key]; name != "" && found[name] == "" {
			found[name] = p.value
		}
		switch p.key {
		case "date":
			date = p.value
		case "time":
			clock = p.value
		case "tz":
			offset = p.value
		case "logid":
			logid = p.value
		case "devid":
			devid = p.value
		case "devname", "dvchost", "dvc":
			if host == "" {
				host = p.value
			}
		}
	}
	if found["src_ip"] != "" && found["dst_ip"] != "" {
		kind = "firewall"
	}
	if kind == "" && logid != "" && devid != "" {
		kind = "fortigate" // what it says of itself: sign-ins, changes, tunnels
	}
	if kind == "" {
		return device{}, false
	}
	if found["action"] == "" {
		found["action"] = verb(h.message, list)
	}
	address(o, "src_ip", found["src_ip"])
	address(o, "dst_ip", found["dst_ip"])
	portField(o, "src_port", found["src_port"])
	portField(o, "dst_port", found["dst_port"])
	o.some("proto", protocol(found["proto"]))
	o.some("action", strings.ToLower(found["action"]))
	for _, p := range list {
		if p.key == firewallNames[p.key] {
			continue // said already, under this very name
		}
		o.own(prefixOf(kind), p.key, p.value)
	}
	d := device{kind: kind, host: host}
	if date != "" && clock != "" {
		d.time, _ = ParseTime(date+" "+clock+spaced(offset), zone)
	}
	return d, true
}

func prefixOf(kind string) string {
	if kind == "cef" {
		return "cef_"
	}
	return "fw_"
}

func spaced(offset string) string {
	if offset == "" {
		return ""
	}
	return " " + offset
}

// cefFields reads CEF:version|vendor|product|device version|class|name|severity|extension.
func cefFields(o *object, s string) []pair {
	var parts []string
	for len(parts) < 7 {
		at := unescaped(s, '|')
		if at < 0 {
			return nil
		}
		parts = append(parts, strings.NewReplacer(`\|`, "|", `\\`, `\`).Replace(s[:at]))
		s = s[at+1:]
	}
	for i, name := range []string{"cef_version", "cef_vendor", "cef_product", "cef_device_version", "cef_class", "cef_name", "cef_severity"} {
		o.some(name, parts[i])
	}
	if list := extension(s); list != nil {
		return list
	}
	return []pair{}
}

// protocol names the numbers of IANA's list that firewalls log most.
func protocol(v string) string {
	switch v {
	case "1":
		return "icmp"
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "47":
		return "gre"
	case "50":
		return "esp"
	case "58":
		return "icmpv6"
	}
	return strings.ToLower(v)
}

// verb is what the prefix of an iptables rule says was done.
func verb(message string, list []pair) string {
	if len(list) == 0 {
		return ""
	}
	head, _, _ := strings.Cut(message, list[0].key+"=")
	words := strings.FieldsFunc(strings.ToUpper(head), func(r rune) bool { return r < 'A' || r > 'Z' })
	for _, w := range words {
		switch w {
		case "BLOCK", "BLOCKED", "DROP", "DROPPED", "DENY", "DENIED", "REJECT", "REJECTED", "ACCEPT", "ACCEPTED", "ALLOW", "ALLOWED", "PASS":
			return strings.ToLower(w)
		}
	}
	return ""
}

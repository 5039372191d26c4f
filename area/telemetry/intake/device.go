package intake

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// device is what the text of a message says about itself.
type device struct {
	kind string
	time time.Time
	host string

	group string // of records that are one event
	ends  bool
}

// deviceFields finds out what wrote the message and adds its fields.
func deviceFields(o *object, h header, line string, zone *time.Location) device {
	switch {
	case h.app == "sshd" || strings.HasPrefix(h.app, "sshd-"):
		sshd(o, h.message)
		return device{kind: "sshd"}
	case strings.Contains(line, "audit("):
		if d, ok := auditd(o, line); ok {
			return d
		}
	}
	cisco(o, h)
	if d, ok := firewall(o, h, line, zone); ok {
		return d
	}
	return device{}
}

// sshd adds user, src_ip, src_port, method and outcome. Names come from the
// other side and may look like the rest of the message, so what follows a name
// is looked for from the end.
func sshd(o *object, msg string) {
	if rest, ok := strings.CutPrefix(msg, "message repeated "); ok {
		if n, inner, ok := strings.Cut(rest, " times: ["); ok {
			if c, err := strconv.ParseInt(n, 10, 64); err == nil {
				o.number("repeated", c)
			}
			msg = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(inner), "]"))
		}
	}
	set := func(user, source, method, outcome string) {
		o.some("user", strings.TrimSpace(user))
		ip, port, _ := strings.Cut(source, " port ")
		address(o, "src_ip", ip)
		number, _, _ := strings.Cut(port, " ")
		portField(o, "src_port", strings.TrimRight(number, ":"))
		o.some("method", method)
		o.some("outcome", outcome)
	}
	first, rest, _ := strings.Cut(msg, " ")
	switch first {
	case "Failed", "Accepted", "Postponed", "Partial":
		method, who, ok := strings.Cut(rest, " for ")
		at := strings.LastIndex(who, " from ")
		if !ok || at < 0 {
			return
		}
		outcome := map[string]string{"Failed": "failure", "Accepted": "success"}[first]
		user, invalid := strings.CutPrefix(who[:at], "invalid user ")
		set(user, who[at+6:], method, outcome)
		if invalid {
			o.text("invalid_user", "true")
		}
	case "Invalid", "Illegal":
		who := strings.TrimPrefix(rest, "user ")
		at := strings.LastIndex(who, " from ")
		if strings.HasPrefix(who, "from ") { // an empty name
			at = 0
			who = " " + who
		}
		if at >= 0 {
			set(who[:at], who[at+6:], "", "failure")
			o.text("invalid_user", "true")
		}
	case "Connection", "Disconnected", "Received", "Disconnecting":
		who := strings.TrimSuffix(strings.TrimSpace(rest), " [preauth]")
		for _, word := range []string{"closed by ", "reset by ", "from ", "disconnect from ", "authenticating user ", "invalid user ", "user "} {
			who = strings.TrimPrefix(who, word)
		}
		if at := strings.LastIndex(who, " port "); at >= 0 {
			source := who[strings.LastIndexByte(who[:at], ' ')+1:]
			set(strings.TrimSuffix(who, source), source, "", "")
		} else {
			ip, _, _ := strings.Cut(who, " ")
			set("", strings.TrimRight(ip, ":"), "", "")
		}
	case "error:", "fatal:":
		if at := strings.LastIndex(rest, " from "); at >= 0 {
			_, who, _ := strings.Cut(rest[:at], " for ")
			set(strings.TrimPrefix(who, "invalid user "), rest[at+6:], "", "failure")
		}
	case "User":
		if user, source, ok := strings.Cut(rest, " from "); ok && strings.Contains(source, " not allowed") {
			ip, _, _ := strings.Cut(source, " ")
			set(user, ip, "", "failure")
		}
	case "Did":
		if _, source, ok := strings.Cut(rest, " from "); ok {
			set("", source, "", "")
		}
	case "PAM", "pam_unix(sshd:auth):", "pam_sss(sshd:auth):":
		if !strings.Contains(rest, "authentication failure") {
			return
		}
		var user, source string
		for _, p := range pairs(rest) {
			switch p.key {
			case "rhost":
				source = p.value
			case "user":
				user = p.value
			}
		}
		set(user, source, "pam", "failure")
	case "pam_unix(sshd:session):":
		if who, ok := strings.CutPrefix(rest, "session opened for user "); ok {
			user, _, _ := strings.Cut(who, " by ")
			user, _, _ = strings.Cut(user, "(")
			set(user, "", "session", "success")
		}
	}
}

// address adds an IP address, a host name where it is none.
func address(o *object, name, v string) {
	v = strings.Trim(strings.TrimSpace(v), "[]")
	if a, err := netip.ParseAddr(v); err == nil {
		o.text(name, a.Unmap().String())
		return
	}
	if a, err := netip.ParseAddrPort(v); err == nil {
		o.text(name, a.Addr().Unmap().String())
		return
	}
	if v != "" && v != "?" && v != "-" && name == "src_ip" {
		o.text("src_host", v)
	}
}

func portField(o *object, name, v string) {
	if n, err := strconv.ParseUint(v, 10, 16); err == nil {
		o.number(name, int64(n))
	}
}

package intake

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// auditd reads a record of the Linux audit system,
//
//	type=EXECVE msg=audit(1364481363.243:24287): argc=2 a0="cat" a1=2F657463
//
// flattens it (what user programs put into msg='…' included) and decodes
// values that the kernel wrote in hexadecimal because they hold spaces or
// quotes.
func auditd(o *object, line string) (device, bool) {
	at := strings.Index(line, "audit(")
	stamp, rest, ok := strings.Cut(line[at+len("audit("):], ")")
	if !ok || len(stamp) > 40 {
		return device{}, false
	}
	seconds, serial, ok := strings.Cut(stamp, ":")
	if !ok {
		return device{}, false
	}
	d := device{kind: "auditd"}
	if t, ok := epoch(seconds); ok {
		d.time = t
	} else if t, err := time.Parse("01/02/2006 15:04:05.000", seconds); err == nil {
		d.time = t // ausearch -i; it has no zone
	} else {
		return device{}, false
	}
	typ := ""
	for _, p := range pairs(line[:at]) {
		switch p.key {
		case "type":
			typ = p.value
		case "node":
			d.host = p.value
		}
	}
	if name := auditTypes[typ]; name != "" {
		typ = name
	}
	o.some("type", typ)
	o.some("audit_serial", serial)
	if !alone(typ) {
		d.group, d.ends = stamp+"/"+d.host, typ == "EOE" || typ == "PROCTITLE"
	}
	argv := map[int]string{}
	argc := 0
	rest = strings.TrimPrefix(rest, ":")
	rest, interpreted, _ := strings.Cut(rest, "\x1d") // log_format = ENRICHED
	auditFields(o, pairs(rest), argv, &argc)
	for _, p := range pairs(interpreted) {
		o.own("audit_", p.key, p.value)
	}
	if typ == "PATH" && created(rest) {
		for _, p := range pairs(rest) {
			if p.key == "name" {
				v := p.value
				if !p.quoted {
					v = unhex(p.key, v)
				}
				o.some("created", v)
			}
		}
	}
	if typ == "EXECVE" && len(argv) > 0 {
		var words []string
		for i := range min(argc, maxPairs) {
			word, ok := argv[i]
			if !ok {
				break
			}
			words = append(words, word)
		}
		o.some("command_line", strings.Join(words, " "))
	}
	return d, true
}

// created tells whether a PATH record is of a file that was made.
func created(rest string) bool { return strings.Contains(rest, "nametype=CREATE") }

func auditFields(o *object, list []pair, argv map[int]string, argc *int) {
	for _, p := range list {
		if p.key == "msg" && p.quoted {
			auditFields(o, pairs(p.value), argv, argc)
			continue
		}
		v := p.value
		if !p.quoted && encoded(p.key) {
			v = unhex(p.key, v)
		}
		if p.key == "argc" {
			*argc, _ = strconv.Atoi(v)
		}
		if n, ok := argument(p.key); ok {
			argv[n] += v // a1[0], a1[1], … are pieces of one argument
		}
		switch {
		case p.key == "addr" && v != "?":
			address(o, "src_ip", v)
		case p.key == "acct":
			o.own("audit_", "user", v)
		case p.key == "res":
			outcome := map[string]string{"success": "success", "1": "success", "failed": "failure", "0": "failure"}[v]
			if outcome != "" {
				o.own("audit_", "outcome", outcome)
			}
		}
		o.own("audit_", p.key, v)
	}
}

// argument is the number of aN or aN[i].
func argument(key string) (int, bool) {
	if len(key) < 2 || key[0] != 'a' {
		return 0, false
	}
	digits, _, _ := strings.Cut(key[1:], "[")
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// encoded tells which fields the kernel writes in hexadecimal when they hold
// bytes that would break the line. Others, such as the arguments of a SYSCALL,
// are numbers.
func encoded(key string) bool {
	switch key {
	case "name", "comm", "exe", "cwd", "proctitle", "cmd", "data", "acct", "path", "key", "dir", "file", "vm", "watch", "op", "ocomm", "root_dir":
		return true
	}
	_, ok := argument(key)
	return ok
}

// unhex decodes a value that is hexadecimal throughout. Zeros separate the
// words of a proctitle.
func unhex(key, v string) string {
	if len(v) < 2 || len(v)%2 != 0 {
		return v
	}
	b, err := hex.DecodeString(v)
	if err != nil {
		return v
	}
	s := strings.TrimRight(string(b), "\x00")
	if key == "proctitle" {
		s = strings.ReplaceAll(s, "\x00", " ")
	}
	return s
}

// auditTypes are names of the record types that the kernel writes as numbers
// when no audit daemon runs (linux/audit.h).
var auditTypes = map[string]string{
	"1100": "USER_AUTH", "1101": "USER_ACCT", "1103": "CRED_ACQ", "1105": "USER_START", "1106": "USER_END", "1112": "USER_LOGIN",
	"1113": "USER_LOGOUT", "1123": "USER_CMD", "1300": "SYSCALL", "1302": "PATH", "1305": "CONFIG_CHANGE", "1306": "SOCKADDR",
	"1307": "CWD", "1309": "EXECVE", "1320": "EOE", "1326": "SECCOMP", "1327": "PROCTITLE", "1400": "AVC", "1701": "ANOM_ABEND",
}

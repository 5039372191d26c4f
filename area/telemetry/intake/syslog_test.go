package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fields is the JSON object of an event.
func fields(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return m
}

// check compares some fields; a want of nil means that there must be none.
func check(t *testing.T, name string, raw []byte, want map[string]any) {
	t.Helper()
	got := fields(t, raw)
	for k, w := range want {
		g, ok := got[k]
		if w == nil && !ok {
			continue
		}
		if fmt.Sprint(g) != fmt.Sprint(w) || !ok {
			t.Errorf("%s: %s = %v, want %v\n%s", name, k, g, w, raw)
		}
	}
}

func TestSyslogForms(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct {
		name, line string
		zone       *time.Location
		kind       string
		want       map[string]any
	}{
		{"RFC 5424", `<165>1 2026-03-01T22:14:15.003Z hmi-04 evntslog 812 ID47 [ex@32473 iut="3" src="a\]b"][meta seq="9"] ` + "\uFEFF" + `An entry`, nil, "syslog",
			map[string]any{"timestamp": "2026-03-01T22:14:15.003Z", "host": "hmi-04", "app": "evntslog", "procid": "812", "msgid": "ID47",
				"severity": 5, "severity_name": "notice", "facility": 20, "facility_name": "local4", "message": "An entry"}},
		{"RFC 5424 with nothing", `<34>1 - - - - - -`, nil, "syslog", map[string]any{"host": nil, "severity": 2, "facility": 4}},
		{"RFC 5424 with an offset", `<34>1 2026-03-02T07:14:15+09:00 h a - - - x`, nil, "syslog", map[string]any{"timestamp": "2026-03-01T22:14:15Z", "message": "x"}},
		{"RFC 3164", `<34>Oct 11 22:14:15 mymachine su[77]: 'su root' failed for lonvick`, nil, "syslog",
			map[string]any{"timestamp": "2025-10-11T22:14:15Z", "host": "mymachine", "app": "su", "procid": "77", "severity": 2, "message": "'su root' failed for lonvick"}},
		{"in a zone", `<34>Mar  2 17:30:00 plc-gw kernel: up`, tokyo, "syslog", map[string]any{"timestamp": "2026-03-02T08:30:00Z"}},
		{"new year's eve", `<34>Dec 31 23:59:59 h a: x`, nil, "syslog", map[string]any{"timestamp": "2025-12-31T23:59:59Z"}},
		{"a day of leeway", `<34>Mar  2 20:00:00 h a: x`, nil, "syslog", map[string]any{"timestamp": "2026-03-02T20:00:00Z"}},
		{"29 February", `<34>Feb 29 01:00:00 h a: x`, nil, "syslog", map[string]any{"timestamp": "2024-02-29T01:00:00Z"}},
		{"no priority, as in files", `Dec 10 06:55:46 LabSZ cron[24200]: done`, nil, "syslog",
			map[string]any{"host": "LabSZ", "app": "cron", "severity": nil, "message": "done"}},
		{"RFC 3339 in a file", `2026-03-01T10:00:00.5+09:00 web1 nginx: started`, nil, "syslog",
			map[string]any{"timestamp": "2026-03-01T01:00:00.5Z", "host": "web1", "app": "nginx"}},
		{"RFC 5424 broken in the middle", `<165>1 2026-03-01T22:14:15Z hmi-04 app - - [ex iut=3] text`, nil, "syslog",
			map[string]any{"host": "hmi-04", "message": `1 2026-03-01T22:14:15Z hmi-04 app - - [ex iut=3] text`}},
		{"only a priority", `<13>hello there`, nil, "syslog", map[string]any{"message": "hello there", "severity": 5}},
		{"only text", `something happened`, nil, "text", map[string]any{"message": "something happened", "severity": nil, "original": "something happened"}},
		{"an application's line", `2026-04-17 05:24:53,079 INFO started`, nil, "text", map[string]any{"timestamp": "2026-04-17T05:24:53.079Z"}},
		{"a priority too high", `<999>x y`, nil, "text", map[string]any{"message": "<999>x y"}},
		{"embedded JSON", `<14>1 2026-03-01T22:14:15Z dc1 nxlog - - - {"EventID":4624,"Channel":"Security","EventTime":"2026-03-01 22:14:10"}`, nil, "windows",
			map[string]any{"EventID": 4624, "Channel": "Security"}},
		{"@cee", `<14>Mar  1 22:14:15 h app: @cee: {"user":"a"}`, nil, "json", map[string]any{"user": "a"}},
		{"Japanese", `<14>Mar  1 22:14:15 h app: 溶接ライン停止`, nil, "syslog", map[string]any{"message": "溶接ライン停止"}},
	} {
		e := NewSyslog(c.zone).Parse([]byte(c.line), now)
		if e.Kind != c.kind || e.Problem != "" || string(e.Original) != c.line {
			t.Errorf("%s: kind %q, problem %q", c.name, e.Kind, e.Problem)
		}
		check(t, c.name, e.Raw, c.want)
		check(t, c.name, e.Raw, map[string]any{"original": c.line})
	}
	e := NewSyslog(nil).Parse([]byte(`<165>1 2026-03-01T22:14:15.003Z h a - - [ex@32473 iut="3"] x`), now)
	if got := fmt.Sprint(fields(t, e.Raw)["structured_data"]); got != "map[ex@32473:map[iut:3]]" {
		t.Error(got)
	}
}

func TestSSHD(t *testing.T) {
	for _, c := range []struct {
		msg  string
		want map[string]any
	}{
		{"Failed password for root from 183.62.140.253 port 60900 ssh2",
			map[string]any{"user": "root", "src_ip": "183.62.140.253", "src_port": 60900, "method": "password", "outcome": "failure", "invalid_user": nil}},
		{"Failed password for invalid user web master from 2001:db8::7 port 22 ssh2",
			map[string]any{"user": "web master", "src_ip": "2001:db8::7", "outcome": "failure", "invalid_user": "true"}},
		{"Failed password for invalid user x from 10.0.0.1 port 1 ssh2 from 203.0.113.9 port 4 ssh2", // a name made to mislead
			map[string]any{"user": "x from 10.0.0.1 port 1 ssh2", "src_ip": "203.0.113.9", "src_port": 4}},
		{"Accepted publickey for deploy from 192.0.2.4 port 55022 ssh2: RSA SHA256:abc",
			map[string]any{"user": "deploy", "src_ip": "192.0.2.4", "src_port": 55022, "method": "publickey", "outcome": "success"}},
		{"Invalid user admin from 192.0.2.4", map[string]any{"user": "admin", "src_ip": "192.0.2.4", "outcome": "failure"}},
		{"Invalid user  from 192.0.2.4 port 9", map[string]any{"user": nil, "src_ip": "192.0.2.4", "src_port": 9}},
		{"Received disconnect from 192.0.2.4: 11: Bye Bye [preauth]", map[string]any{"src_ip": "192.0.2.4", "user": nil}},
		{"Connection closed by authenticating user root 192.0.2.4 port 8 [preauth]", map[string]any{"user": "root", "src_ip": "192.0.2.4", "src_port": 8}},
		{"Disconnected from 192.0.2.4 port 7:11: bye", map[string]any{"src_ip": "192.0.2.4"}},
		{"error: maximum authentication attempts exceeded for invalid user pi from 192.0.2.4 port 3 ssh2 [preauth]", map[string]any{"user": "pi", "src_ip": "192.0.2.4", "outcome": "failure"}},
		{"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.4  user=root", map[string]any{"user": "root", "src_ip": "192.0.2.4"}},
		{"message repeated 5 times: [ Failed password for root from 192.0.2.4 port 3 ssh2]", map[string]any{"repeated": 5, "user": "root", "src_port": 3}},
		{"User sato from 192.0.2.4 not allowed because not listed in AllowUsers", map[string]any{"user": "sato", "src_ip": "192.0.2.4", "outcome": "failure"}},
		{"Did not receive identification string from 192.0.2.4", map[string]any{"src_ip": "192.0.2.4"}},
		{"Failed password for root from bastion.example port 3 ssh2", map[string]any{"src_ip": nil, "src_host": "bastion.example"}},
		{"Server listening on 0.0.0.0 port 22.", map[string]any{"src_ip": nil}},
	} {
		e := NewSyslog(nil).Parse([]byte("Dec 10 06:55:46 LabSZ sshd[24200]: "+c.msg), now)
		if e.Kind != "sshd" {
			t.Errorf("%s: kind %q", c.msg, e.Kind)
		}
		check(t, c.msg, e.Raw, c.want)
	}
}

func TestAuditd(t *testing.T) {
	for _, c := range []struct {
		line string
		want map[string]any
	}{
		{`type=EXECVE msg=audit(1364481363.243:24287): argc=3 a0="cat" a1=2F6574632F706173737764 a2="-n"`,
			map[string]any{"type": "EXECVE", "a0": "cat", "a1": "/etc/passwd", "a2": "-n", "command_line": "cat /etc/passwd -n", "timestamp": "2013-03-28T14:36:03.243Z"}},
		{`type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 a0=7fffd19c5592 a1=0 items=1 ppid=2686 pid=3538 auid=1000 comm="cat" exe="/bin/cat" key="sshd_config"`,
			map[string]any{"type": "SYSCALL", "syscall": "2", "comm": "cat", "exe": "/bin/cat", "key": "sshd_config", "pid": "3538"}},
		{`type=PROCTITLE msg=audit(1364481363.243:24287): proctitle=636174002F6574632F706173737764`, map[string]any{"proctitle": "cat /etc/passwd"}},
		{`type=PATH msg=audit(1364481363.243:24287): item=0 name=2F746D702F61206220 inode=1`, map[string]any{"name": "/tmp/a b "}},
		{`type=USER_LOGIN msg=audit(1364481363.243:1): pid=1 uid=0 msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.9 terminal=ssh res=failed'`,
			map[string]any{"type": "USER_LOGIN", "acct": "root", "user": "root", "src_ip": "192.0.2.9", "outcome": "failure", "terminal": "ssh"}},
		{`<13>Mar  1 10:00:00 web1 audispd: node=db7 type=CWD msg=audit(1364481363.243:1): cwd="/root"`, map[string]any{"type": "CWD", "cwd": "/root", "host": "web1"}},
		{`<5>Mar  1 10:00:00 web1 kernel: audit: type=1327 audit(1364481363.243:1): proctitle="ls"`, map[string]any{"type": "PROCTITLE", "proctitle": "ls"}},
	} {
		e := NewSyslog(nil).Parse([]byte(c.line), now)
		if e.Kind != "auditd" || e.Time.Year() != 2013 {
			t.Errorf("%s: kind %q time %v", c.line, e.Kind, e.Time)
		}
		check(t, c.line, e.Raw, c.want)
	}
}

func TestFirewall(t *testing.T) {
	for _, c := range []struct {
		line, kind string
		want       map[string]any
	}{
		{`<4>Mar  1 10:00:00 gw kernel: [123.4] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=192.0.2.1 DST=198.51.100.2 LEN=40 PROTO=TCP SPT=50000 DPT=502 WINDOW=1024 SYN URGP=0`, "firewall",
			map[string]any{"src_ip": "192.0.2.1", "dst_ip": "198.51.100.2", "src_port": 50000, "dst_port": 502, "proto": "tcp", "action": "block", "IN": "eth0"}},
		{`<189>date=2026-03-01 time=10:00:00 devname="fw-himeji" devid="FG1" tz="+0900" type="traffic" subtype="forward" level="notice" srcip=192.0.2.1 srcport=50000 dstip=198.51.100.2 dstport=443 proto=6 action="deny" msg="a \"b\" c"`, "firewall",
			map[string]any{"src_ip": "192.0.2.1", "dst_port": 443, "proto": "tcp", "action": "deny", "host": "fw-himeji", "timestamp": "2026-03-01T01:00:00Z", "msg": `a "b" c`}},
		{`<14>Mar  1 10:00:00 fw CEF:0|Maker|Wall|1.0|100|Denied \| dropped|7|src=192.0.2.1 dst=198.51.100.2 spt=1 dpt=445 proto=TCP act=blocked msg=a value with spaces a\=b cs1Label=Rule cs1=deny all`, "firewall",
			map[string]any{"src_ip": "192.0.2.1", "dst_ip": "198.51.100.2", "dst_port": 445, "proto": "tcp", "action": "blocked", "msg": "a value with spaces a=b", "cs1": "deny all", "cef_name": "Denied | dropped", "cef_severity": "7"}},
		{`CEF:0|Maker|Agent|1.0|5|Login|3|suser=sato outcome=ok`, "cef", map[string]any{"suser": "sato", "cef_vendor": "Maker"}},
		{`<14>Mar  1 10:00:00 h app: a=1 b=2 c=3 d=4`, "syslog", map[string]any{"a": nil}},
	} {
		e := NewSyslog(nil).Parse([]byte(c.line), now)
		if e.Kind != c.kind {
			t.Errorf("%s: kind %q", c.line, e.Kind)
		}
		check(t, c.line, e.Raw, c.want)
	}
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		name, in string
		want     []string
		problems string
		cut      int64
	}{
		{"lines", "<13>a\n<14>b\r\n\n<15>c", []string{"<13>a", "<14>b", "<15>c"}, "", 0},
		{"both", "6 <13>aa<13>b\n7 <13>ccc<13>d", []string{"<13>aa", "<13>b", "<13>ccc", "<13>d"}, "", 0},
		{"ended by zero", "<13>a\x00<13>b\x00", []string{"<13>a", "<13>b"}, "", 0},
		{"a line break within", "9 <13>a\nbcd<13>e\n", []string{"<13>a\nbcd", "<13>e"}, "", 0},
		{"a date is no length", "2026 was a year\n<13>a\n", []string{"2026 was a year", "<13>a"}, "", 0},
		{"a length nobody means", "9999999999 <13>a\n<13>b\n", []string{"9999999999 <13>a", "<13>b"}, "", 0},
		{"cut off", "20 <13>abc", []string{"<13>abc"}, ProblemFrame, 0},
		{"counted too long", "104 <13>" + long + "<13>b\n", []string{"<13>" + long[:60], "<13>b"}, ProblemLong, 40},
		{"a line too long", "<13>" + long + "\n<13>b\n", []string{"<13>" + long[:60], "<13>b"}, ProblemLong, 40},
		{"nothing", "", nil, "", 0},
	} {
		for _, slow := range []bool{false, true} {
			f := Framer{Max: 64}
			in := iotest.OneByteReader(strings.NewReader(c.in))
			if !slow {
				in = strings.NewReader(c.in)
			}
			var got []string
			problem, cut := "", int64(0)
			for fr, err := range f.Frames(in) {
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				got = append(got, string(fr.Data))
				problem += fr.Problem
				cut += fr.Cut
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) || problem != c.problems || cut != c.cut || (cut > 0) != (f.Long == 1) {
				t.Errorf("%s: %q %q cut %d long %d", c.name, got, problem, cut, f.Long)
			}
		}
	}
}

// One message or line of megabytes takes time in proportion.
func TestSyslogLinear(t *testing.T) {
	big := strings.Repeat("a=\"b\\\" ", 150_000)
	for _, line := range []string{
		"<13>Mar  1 10:00:00 h sshd[1]: Failed password for " + strings.Repeat(" from ", 170_000),
		"<13>1 2026-03-01T22:14:15Z h a - - [x " + big,
		"type=EXECVE msg=audit(1364481363.243:1): " + strings.Repeat("a1[0]=41 ", 110_000),
		"CEF:0|a|b|c|d|e|f|" + strings.Repeat("k=v w ", 170_000),
		"<13>Mar  1 10:00:00 h fw: SRC=1.1.1.1 DST=2.2.2.2 " + big,
		"<13>Mar  1 10:00:00 h a: " + strings.Repeat("\xff", 1<<20),
		"<13>Mar  1 10:00:00 h a: " + strings.Repeat("[", 1<<20),
		"<13>Mar  1 10:00:00 h a: {" + strings.Repeat(`"a":[`, 200_000),
	} {
		start := time.Now()
		e := NewSyslog(nil).Parse([]byte(line), now)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%.40s: %v", line, d)
		}
		if !json.Valid(e.Raw) {
			t.Errorf("%.40s: not JSON", line)
		}
	}
}

func FuzzSyslog(f *testing.F) {
	for _, s := range []string{
		`<165>1 2026-03-01T22:14:15.003Z hmi-04 evntslog 812 ID47 [ex@32473 iut="3"] An entry`,
		`<34>Oct 11 22:14:15 m sshd[7]: Failed password for invalid user a from 1.2.3.4 port 5 ssh2`,
		`type=EXECVE msg=audit(1364481363.243:24287): argc=2 a0="cat" a1=2F`,
		`CEF:0|a|b|c|d|e|f|src=1.1.1.1 dst=2.2.2.2 msg=a\=b`,
		`<189>date=2026-03-01 time=10:00:00 tz="+0900" srcip=1.1.1.1 dstip=2.2.2.2`,
		`<14>1 - - - - - {"a":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e := NewSyslog(nil).Parse(line, now)
		if !json.Valid(e.Raw) || e.Raw[0] != '{' {
			t.Fatalf("not a JSON object: %s", e.Raw)
		}
		for fr, err := range (&Framer{Max: 32}).Frames(bytes.NewReader(line)) {
			if err != nil || len(fr.Data) > 32 {
				t.Fatal(err, len(fr.Data))
			}
		}
	})
}

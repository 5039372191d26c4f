package mask

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry/intake"
)

func TestTheClearValueIsNowhere(t *testing.T) {
	key := []byte("a key of the installation")
	syslog := intake.NewSyslog(nil)
	line := func(s string) intake.Event {
		return syslog.Parse([]byte(s), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	}
	object := func(s string) intake.Event {
		return intake.FromElement(intake.Element{Raw: []byte(s)}, nil)
	}
	for name, c := range map[string]struct {
		e     intake.Event
		rules []string
		gone  []string
		stays []string
	}{
		"windows":  {object(`{"EventID":1,"User":"CORP\\alice","Image":"C:\\Users\\Alice\\x.exe","CommandLine":"x /u:alice","n":7.10}`), []string{"User"}, []string{"alice", "Alice"}, []string{"CORP", `"n":7.10`}},
		"nested":   {object(`{"user":{"name":"山田太郎","full":["山田太郎さん"]},"text":"山田太郎がログイン"}`), []string{"user.name"}, []string{"山田太郎"}, []string{"ログイン"}},
		"mail":     {object(`{"to":"alice@corp.example","Parameters":[{"Name":"x","Value":"alice@corp.example"}],"escaped":"a\u006cice"}`), []string{"to"}, []string{"alice", `a\u006c`}, []string{"@corp.example"}},
		"short":    {object(`{"user":"al","text":"al also talks to al."}`), []string{"user"}, []string{`"al `, " al."}, []string{"also talks"}},
		"system":   {object(`{"User":"NT AUTHORITY\\SYSTEM","Subject":"PC01$"}`), []string{"User", "Subject"}, nil, []string{"SYSTEM", "PC01$"}},
		"pattern":  {object(`{"a":"card 1234-5678-9012-3456 used","b":[{"c":"1234-5678-9012-3456"}]}`), []string{`/\d{4}-\d{4}-\d{4}-\d{4}/`}, []string{"1234-5678"}, []string{"card "}},
		"wildcard": {object(`{"x":{"userPhone":"0312345678","UserPhone":90312}}`), []string{"*phone"}, []string{"0312345678", "90312"}, nil},
		"sshd":     {line("<38>Nov 25 10:00:00 web1 sshd[77]: Failed password for invalid user mallory from 192.0.2.7 port 22 ssh2"), []string{"user", "src_ip"}, []string{"mallory", "192.0.2.7"}, []string{"Failed password", "web1"}},
		"auditd":   {line(`type=USER_LOGIN msg=audit(1364481363.243:1): pid=1 msg='op=login acct=616C69636520736D697468 exe="/usr/sbin/sshd" addr=192.0.2.9 res=failed'`), []string{"acct", "user"}, []string{"616C69636520736D697468", "alice smith"}, []string{"op=login"}},
		"host":     {line("<38>Nov 25 10:00:00 alice-laptop app: hello"), []string{"host"}, []string{"alice-laptop"}, []string{"hello"}},
		"bytes":    {line("<38>Nov 25 10:00:00 h app: \xff user=alicia"), []string{"host", `/alici\w/`}, []string{"alicia"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for mode, k := range map[string][]byte{"pseudonym": key, "removal": nil} {
				m, err := New(c.rules, k)
				if err != nil {
					t.Fatal(err)
				}
				e := m.Event(c.e)
				if !json.Valid(e.Raw) {
					t.Fatalf("%s: not JSON: %s", mode, e.Raw)
				}
				all := string(e.Raw) + string(e.Original) + e.Host
				for _, g := range c.gone {
					if strings.Contains(all, g) {
						t.Errorf("%s: %q is still in %s", mode, g, all)
					}
				}
				for _, s := range c.stays {
					if !strings.Contains(all, s) && !(mode == "removal" && strings.Contains(s, "CORP")) && !(mode == "removal" && s[0] == '@') {
						t.Errorf("%s: %q is lost in %s", mode, s, all)
					}
				}
			}
		})
	}
	m, _ := New([]string{"u"}, key)
	a, b := m.Event(object(`{"u":"CORP\\Alice"}`)), m.Event(object(`{"u":"alice@x"}`))
	if p := m.pseudonym("alice"); !strings.Contains(string(a.Raw), p) || !strings.Contains(string(b.Raw), p) {
		t.Errorf("%s and %s are not the same person", a.Raw, b.Raw)
	}
	other, _ := New([]string{"u"}, []byte("another"))
	if string(other.Event(object(`{"u":"alice"}`)).Raw) == string(m.Event(object(`{"u":"alice"}`)).Raw) {
		t.Error("another key gives the same pseudonym")
	}
	bad := m.Event(intake.FromElement(intake.Element{Raw: []byte("alice, half a lin"), Problem: intake.ProblemNotJSON}, nil))
	if strings.Contains(string(bad.Raw)+string(bad.Original), "alice") || bad.Problem == "" {
		t.Errorf("what cannot be read is kept: %s", bad.Raw)
	}
	same := object(`{"u":"-","v":"\u0041"}`)
	if got := m.Event(same); string(got.Raw) != string(same.Raw) {
		t.Errorf("changed without need: %s", got.Raw)
	}
	for _, rule := range []string{"*", "/(/", "/x*/"} {
		if _, err := New([]string{rule}, nil); err == nil {
			t.Errorf("%s is taken", rule)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"user":"alice","m":["alice",{"x":"al\u0069ce"}]}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 500) + `"alice"` + strings.Repeat(`]}`, 500)))
	m, _ := New([]string{"user", `/\d{4}/`}, []byte("k"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := intake.FromElement(intake.Element{Raw: b}, nil)
		out := m.Event(e)
		if json.Valid(e.Raw) && !json.Valid(out.Raw) {
			t.Errorf("%q became %q", b, out.Raw)
		}
	})
}

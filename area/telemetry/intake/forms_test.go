package intake

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// all reads a stream as a file.
func all(t testing.TB, name string, r io.Reader) ([]Event, error) {
	var got []Event
	s := Source{Zone: time.UTC, Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), MaxBytes: 64 << 20}
	for e, err := range s.Stream(name, r) {
		if err != nil {
			return got, err
		}
		if !json.Valid(e.Raw) && !strings.Contains(e.Problem, "deep") {
			t.Fatalf("not JSON: %.300q", e.Raw)
		}
		got = append(got, e)
	}
	return got, nil
}

func members(t testing.TB, e Event) map[string]any { return fields(t, e.Raw) }

func asText(v any) string { return string(must(json.Marshal(v))) }

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

const xmlEvent = `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System><Provider Name="Service Control Manager" Guid="{555908d1-a6d7-4695-8e1e-26931d2012f4}" EventSourceName="Service Control Manager"/><EventID Qualifiers="16384">7045</EventID><Version>0</Version><Correlation/><Channel>System</Channel><Computer>pc-01.corp.example</Computer><TimeCreated SystemTime="2026-04-17T05:24:53.0920510Z"/></System>
  <EventData><Data Name="ServiceName">機器 &lt;監視&gt; &amp; "x"</Data><Data Name="ImagePath">C:\a b.exe</Data><Data Name="Empty"></Data><Data Name="ImagePath">again</Data><Data>one</Data><Data><![CDATA[</Event> two]]></Data><Binary>00ff</Binary></EventData></Event>`

func TestWindowsEventsAsXML(t *testing.T) {
	for name, body := range map[string]string{
		"one": xmlEvent, "wrapped": `<?xml version="1.0"?><Events>` + xmlEvent + "\n" + xmlEvent + "</Events>", "one after the other": xmlEvent + xmlEvent,
		"with a mark": "\xef\xbb\xbf" + xmlEvent,
	} {
		got, err := all(t, name+".xml", strings.NewReader(body))
		if err != nil || len(got) != strings.Count(body, "<System>") {
			t.Fatalf("%s: %d events, %v", name, len(got), err)
		}
		for _, e := range got {
			if e.Problem != "" || e.Kind != "windows" || e.Host != "pc-01.corp.example" || e.Time.Format(time.RFC3339Nano) != "2026-04-17T05:24:53.092051Z" || string(e.Original) != xmlEvent {
				t.Fatalf("%s: %+v", name, e)
			}
			ev := members(t, e)["Event"].(map[string]any)
			want := `{"#attributes":{"Qualifiers":"16384"},"#text":"7045"}`
			if got := asText(ev["System"].(map[string]any)["EventID"]); got != want {
				t.Errorf("EventID %s", got)
			}
			want = `{"Binary":"00ff","Data":{"#text":["one","\u003c/Event\u003e two"]},"Empty":"","ImagePath":"C:\\a b.exe","ImagePath_1":"again","ServiceName":"機器 \u003c監視\u003e \u0026 \"x\""}`
			if got := asText(ev["EventData"]); got != want {
				t.Errorf("EventData %s", got)
			}
			if c, ok := ev["System"].(map[string]any)["Correlation"]; !ok || c != nil {
				t.Errorf("Correlation %v", c)
			}
		}
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(xmlEvent + "𠮷")) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	if got, err := all(t, "w.xml", bytes.NewReader(wide)); err != nil || len(got) != 1 || !strings.Contains(string(got[0].Raw), "機器") {
		t.Errorf("UTF-16: %d %v", len(got), err)
	}
	for name, c := range map[string]struct {
		body, problem string
	}{
		"cut":        {xmlEvent[:300], ProblemEnds},
		"unbalanced": {"<Event><System></EventData></Event>", ProblemXML},
		"deep":       {"<Event>" + strings.Repeat("<a>", 20_000) + strings.Repeat("</a>", 20_000) + "</Event>", ProblemXML},
		"entities":   {`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Event><System>&b;</System></Event>`, ProblemXML},
		"charset":    {"<Event>\xff</Event>", ""},
	} {
		got, err := all(t, "x.xml", strings.NewReader(c.body))
		if err != nil || len(got) != 1 || got[0].Problem != c.problem {
			t.Errorf("%s: %d events, %v: %+v", name, len(got), err, got)
		}
	}
	// One that cannot be read does not take the next with it.
	got, err := all(t, "x.xml", strings.NewReader("<Event><b></Event>"+xmlEvent))
	if err != nil || len(got) != 2 || got[0].Problem == "" || got[1].Problem != "" {
		t.Errorf("%d %v", len(got), err)
	}
	long := "<Event><Data>" + strings.Repeat("x", 17<<20) + "</Data></Event>" + xmlEvent
	if got, err = all(t, "x.xml", strings.NewReader(long)); err != nil || len(got) != 2 || got[0].Problem != ProblemLong || got[1].Problem != "" {
		t.Errorf("long: %d %v", len(got), err)
	}
}

// entry writes one of the journal's export format.
func entry(pairs ...string) []byte {
	var b bytes.Buffer
	for i := 0; i < len(pairs); i += 2 {
		if !utf8.ValidString(pairs[i+1]) || strings.ContainsAny(pairs[i+1], "\n\x00") {
			b.WriteString(pairs[i] + "\n")
			b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(pairs[i+1]))))
			b.WriteString(pairs[i+1] + "\n")
		} else {
			b.WriteString(pairs[i] + "=" + pairs[i+1] + "\n")
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func TestJournalExport(t *testing.T) {
	first := entry("__CURSOR", "s=1;i=1", "__REALTIME_TIMESTAMP", "1776403493092051", "_HOSTNAME", "web1", "SYSLOG_IDENTIFIER", "sshd", "_PID", "77", "PRIORITY", "6",
		"MESSAGE", "Failed password for root from 192.0.2.7 port 4711 ssh2")
	second := entry("__CURSOR", "s=1;i=2", "__REALTIME_TIMESTAMP", "1776403494000000", "MESSAGE", "二行\nの文", "CODE", "a", "CODE", "b", "COREDUMP", "\x00\xff\n")
	got, err := all(t, "journal", bytes.NewReader(append(bytes.Clone(first), second...)))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d %v", len(got), err)
	}
	if e := got[0]; e.Host != "web1" || e.Kind != "sshd" || e.Time.UnixMicro() != 1776403493092051 || !bytes.Equal(e.Original, bytes.TrimSuffix(first, []byte("\n"))) {
		t.Errorf("%+v", e)
	}
	m := members(t, got[0])
	for k, want := range map[string]string{"src_ip": `"192.0.2.7"`, "user": `"root"`, "SYSLOG_IDENTIFIER": `"sshd"`, "app": `"sshd"`, "severity": "6", "__CURSOR": `"s=1;i=1"`} {
		if asText(m[k]) != want {
			t.Errorf("%s is %s", k, asText(m[k]))
		}
	}
	m = members(t, got[1])
	for k, want := range map[string]string{"MESSAGE": `"二行\nの文"`, "CODE": `["a","b"]`, "COREDUMP_base64": asText(base64.StdEncoding.EncodeToString([]byte("\x00\xff\n")))} {
		if asText(m[k]) != want {
			t.Errorf("%s is %s", k, asText(m[k]))
		}
	}
	whole := append(bytes.Clone(first), second...)
	for n := range len(whole) {
		got, err := all(t, "journal", bytes.NewReader(whole[:n]))
		if n > len(first) && len(got) < 1 || len(got) > 2 {
			t.Fatalf("cut at %d: %d events, %v", n, len(got), err)
		}
		if len(got) == 2 && err == nil && n < len(whole)-2 && !bytes.HasSuffix(whole[:n], []byte("\n")) {
			t.Fatalf("cut at %d: half an entry was taken: %s", n, got[1].Raw)
		}
	}
	// A length that is only announced takes no memory.
	huge := append([]byte("__CURSOR=x\nBIG\n"), binary.LittleEndian.AppendUint64(nil, 1<<39)...)
	if got, err := all(t, "journal", bytes.NewReader(huge)); len(got) != 0 || !errors.Is(err, ErrJournal) {
		t.Errorf("%d %v", len(got), err)
	}
}

func TestAuditRecordsBecomeOneEvent(t *testing.T) {
	log := []string{
		`type=SYSCALL msg=audit(1776403493.092:501): arch=c000003e syscall=59 success=yes exit=0 a0=55d a1=55e a2=55f items=2 ppid=10 pid=11 auid=1000 uid=0 comm="curl" exe="/usr/bin/curl" key="exec"` + "\x1dARCH=x86_64 SYSCALL=execve AUID=\"taro\" UID=\"root\"",
		`type=USER_LOGIN msg=audit(1776403493.100:502): pid=1 uid=0 msg='op=login acct="root" exe="/usr/sbin/sshd" addr=192.0.2.9 res=failed'`,
		`type=EXECVE msg=audit(1776403493.092:501): argc=3 a0="curl" a1="-o" a2=2F746D702F612062`,
		`type=CWD msg=audit(1776403493.092:501): cwd="/root"`,
		`type=PATH msg=audit(1776403493.092:501): item=0 name="/usr/bin/curl" inode=1 nametype=NORMAL`,
		`type=PATH msg=audit(1776403493.092:501): item=1 name="out.bin" inode=2 nametype=CREATE`,
		`type=PROCTITLE msg=audit(1776403493.092:501): proctitle=6375726C002D6F`,
		`type=SYSCALL msg=audit(1776403494.000:503): arch=c000003e syscall=2 exe="/bin/cat"`,
	}
	for name, prefix := range map[string]string{"audit.log": "", "syslog": "<181>Apr 17 05:24:53 db7 audispd: "} {
		var body strings.Builder
		for _, l := range log {
			body.WriteString(prefix + l + "\n")
		}
		got, err := all(t, name, strings.NewReader(body.String()))
		if err != nil || len(got) != 3 {
			t.Fatalf("%s: %d %v", name, len(got), err)
		}
		m := members(t, got[0])
		for k, want := range map[string]string{
			"type": `["SYSCALL","EXECVE","CWD","PATH","PROCTITLE"]`, "command_line": `"curl -o /tmp/a b"`, "exe": `"/usr/bin/curl"`, "name": `["/usr/bin/curl","out.bin"]`,
			"proctitle": `"curl -o"`, "cwd": `"/root"`, "audit_serial": `"501"`, "created_path": `["/root/out.bin"]`, "a0": `["55d","curl"]`, "AUID": `"taro"`,
		} {
			if asText(m[k]) != want {
				t.Errorf("%s: %s is %s, want %s", name, k, asText(m[k]), want)
			}
		}
		var lines []string
		for _, l := range append([]string{log[0]}, log[2:7]...) {
			lines = append(lines, prefix+l)
		}
		if string(got[0].Original) != strings.Join(lines, "\n") {
			t.Errorf("%s: original %s", name, got[0].Original)
		}
		if members(t, got[1])["type"] != "USER_LOGIN" || members(t, got[2])["audit_serial"] != "503" {
			t.Errorf("%s: %s %s", name, got[1].Raw, got[2].Raw)
		}
	}
	p := NewSyslog(nil)
	var events []Event
	for _, l := range log {
		events = append(events, p.Parse([]byte(l), time.Time{}))
	}
	if Open(events) != 7 || Open(events[:7]) != 7 || Open(events[:6]) != 2 || Open(events[:2]) != 2 {
		t.Errorf("open: %d %d %d %d", Open(events), Open(events[:7]), Open(events[:6]), Open(events[:2]))
	}
}

func TestCloudFiles(t *testing.T) {
	trail := `{"eventVersion":"1.08","eventTime":"2026-04-17T05:24:53Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestParameters":{"value":[{"a":1}]}}`
	azure := `{"time":"2026-04-17T05:24:53Z","resourceId":"/x","operationName":"Sign-in activity","category":"SignInLogs","resultType":"50126"}`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintf(z, `{"Records":[%s,%s]}`, trail, trail)
	z.Close()
	for name, c := range map[string]struct {
		body string
		n    int
		one  string
	}{
		"trail.json.gz": {packed.String(), 2, trail},
		"trail.json":    {"{ \"Records\" :\n[ " + trail + " ,\n" + trail + " ] }", 2, trail},
		"azure.json":    {`{"records":[` + azure + `]}` + "\n" + `{"records":[` + azure + "," + azure + `],"x":{"y":"]}"}}` + "\n", 3, azure},
		"graph.json":    {`{"@odata.context":"https://x","@odata.count":1,"value":[` + azure + `],"@odata.nextLink":"https://y"}`, 1, ""},
		"graph2.json":   {`{"@odata.context":"https://x","value":[` + azure + `],"@odata.nextLink":"https://y"}`, 1, azure},
		"lines.json":    {azure + "\n" + azure + "\n", 2, azure},
		"array.json":    {"[" + azure + "," + azure + "]", 2, azure},
		"empty.json":    {`{"Records":[]}`, 0, ""},
		"no list":       {`{"records":"x"}`, 1, `{"records":"x"}`},
		"numbers":       {`{"records":[1,2]}`, 1, `{"records":[1,2]}`},
		"key inside":    {trail, 1, trail},
	} {
		got, err := all(t, name, strings.NewReader(c.body))
		if err != nil || len(got) != c.n {
			t.Errorf("%s: %d %v", name, len(got), err)
			continue
		}
		for _, e := range got {
			if c.one != "" && string(e.Raw) != c.one {
				t.Errorf("%s: %s", name, e.Raw)
			}
		}
	}
	csv := "\ufeffRecordId,CreationDate,AuditData,\"User, name\"\r\n1,2026-04-17,\"{\"\"CreationTime\"\":\"\"2026-04-17T05:24:53\"\",\"\"Operation\"\":\"\"New-InboxRule\"\",\"\"Workload\"\":\"\"Exchange\"\",\"\"RecordType\"\":1,\"\"n\"\":7.10}\",太郎\r\n2,x,not json,y\r\n"
	got, err := all(t, "audit.csv", strings.NewReader(csv))
	if err != nil || len(got) != 2 || got[1].Problem != ProblemNotJSON {
		t.Fatalf("%d %v %+v", len(got), err, got)
	}
	if m := members(t, got[0]); m["Operation"] != "New-InboxRule" || asText(m["n"]) != "7.10" || asText(m["csv"]) != `{"CreationDate":"2026-04-17","RecordId":"1","User, name":"太郎"}` || got[0].Time.Year() != 2026 {
		t.Errorf("%s %s", got[0].Raw, got[0].Time)
	}
	// A list in an object that breaks off gives what is whole.
	if got, err := all(t, "x.json", strings.NewReader(`{"Records":[`+trail+`,{"eventName":"half`)); err != nil || len(got) != 2 || got[1].Problem != ProblemEnds {
		t.Errorf("%d %v", len(got), err)
	}
}

func TestHostileForms(t *testing.T) {
	mega := strings.Repeat("あ", 1<<20/3)
	deep := strings.Repeat(`{"a":[`, 20_000)
	for name, body := range map[string]string{
		"xml 1 MB":     "<Event><EventData><Data Name='x'>" + mega + "</Data></EventData></Event>",
		"journal 1 MB": string(entry("__CURSOR", "x", "MESSAGE", mega)),
		"audit 1 MB":   `type=EXECVE msg=audit(1.0:1): a0="` + mega + `"`,
		"records deep": `{"Records":[` + deep,
		"csv 1 MB":     "AuditData\n\"{\"\"a\"\":\"\"" + mega + "\"\"}\"\n",
		"many opens":   strings.Repeat("<Event>", 100_000),
		"many angles":  "<Event>" + strings.Repeat("<", 1_000_000),
		"many serials": strings.Repeat("type=PATH msg=audit(1776403493.092:501): name=\"x\"\n", 20_000),
	} {
		began := time.Now()
		if _, err := all(t, name, strings.NewReader(body)); err != nil {
			t.Logf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	// Unpacked in memory the limit holds.
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 80 {
		z.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	z.Close()
	if _, err := all(t, "x.json.gz", &b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("bomb: %v", err)
	}
}

func fuzzStream(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		all(t, name, bytes.NewReader(b))
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(xmlEvent))
	f.Add([]byte("<Events>" + xmlEvent + "<Event/>"))
	f.Add([]byte("<Event><![CDATA[</Event>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for e, err := range XML(bytes.NewReader(b), nil, Limits{Element: 4096}) {
			if err == nil && !json.Valid(e.Raw) {
				t.Fatalf("not JSON: %q", e.Raw)
			}
		}
	})
}

func FuzzJournald(f *testing.F) {
	fuzzStream(f, "journal", string(entry("__CURSOR", "s", "MESSAGE", "a\nb", "PRIORITY", "3")), "__CURSOR=x\nA\n\x01\x00\x00\x00\x00\x00\x00\x00b\n\n")
}

func FuzzAuditd(f *testing.F) {
	fuzzStream(f, "audit.log", "type=SYSCALL msg=audit(1.1:2): a0=1 exe=\"/bin/x\"\ntype=EXECVE msg=audit(1.1:2): argc=1 a0=2F62\ntype=PATH msg=audit(1.1:2): name=\"a\" nametype=CREATE\ntype=EOE msg=audit(1.1:2):\n")
}

func FuzzCloud(f *testing.F) {
	fuzzStream(f, "x.json", `{"Records":[{"a":1},{"b":[{}]}],"c":"]}"}`, `{"@odata.context":"x","value":[{}]}`, "AuditData,x\n\"{\"\"a\"\":1}\",y\n", "\xff\xfe{\x00}\x00")
}

func FuzzBulk(f *testing.F) {
	f.Add([]byte("{\"create\":{\"_index\":\"a\"}}\n{\"a\":1}\n{\"delete\":{}}\n{\"index\":{\"_id\":1}}\nnot json\n"))
	f.Add([]byte("{\"update\":{}}\n\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		Bulks(b, "i", nil, Limits{Element: 4096, Depth: 50}, func(it Bulk) error {
			if it.Refuse == "" && !json.Valid(it.Event.Raw) {
				t.Fatalf("not JSON: %q", it.Event.Raw)
			}
			return nil
		})
	})
}

package normalise

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBuiltinIsReadable(t *testing.T) {
	m := Builtin()
	if len(m.shapes) < 20 || m.slots < 200 {
		t.Fatalf("%d shapes, %d slots", len(m.shapes), m.slots)
	}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		in, source, kind string
		want             map[string]string // the text of each in the result
	}{
		"nothing to add": {in: `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"a"}`},
		"empty":          {in: `{}`},
		"ECS nested": {in: ` {"ecs":{"version":"8.0"},"host":{"os":{"type":"linux"}},"event":{"category":["process"],"type":["start"]},"process":{"executable":"/bin/ls","args":["ls","-l"],"pid":7.10}}`,
			source: "linux/process_creation/", want: map[string]string{"Image": `"/bin/ls"`, "CommandLine": `"ls -l"`, "ProcessId": `7.10`}},
		"ECS dotted": {in: `{"ecs.version":"8","event.category":"process","event.type":"start","process.executable":"C:\\a.exe","process.command_line":"a \"b\"","user.domain":"D","user.name":"u"}`,
			source: "windows/process_creation/", want: map[string]string{"CommandLine": `"a \"b\""`, "User": `"D\\u"`}},
		"what is there stays": {in: `{"ecs.version":"8","event.category":"process","event.type":"start","process.executable":"new","Image":"old"}`,
			source: "windows/process_creation/", want: map[string]string{"Image": `"old"`}},
		"OCSF": {in: `{"class_uid":1007,"activity_id":1,"metadata":{"version":"1.3"},"device":{"os":{"type":"Windows"}},"process":{"cmd_line":"x","file":{"path":"C:\\x.exe","hashes":[{"algorithm":"SHA-256","value":"aa"},{"algorithm":"MD5","value":"bb"}]}},"unmapped":{"LogonId":"0x1"}}`,
			source: "windows/process_creation/", kind: "ocsf", want: map[string]string{"Hashes": `"SHA256=AA,MD5=BB"`, "LogonId": `"0x1"`, "Image": `"C:\\x.exe"`}},
		"NXLog": {source: "windows//", in: `{"EventReceivedTime":"2026-01-01 00:00:00","EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","EventType":"INFO","Hostname":"h","Message":"Registry value set:\r\nEventType: SetValue\r\nImage: C:\\reg.exe"}`,
			kind: "windows", want: map[string]string{"EventData": `{"EventType":"SetValue"}`, "EventType": `"INFO"`, "Computer": `"h"`, "Image": `"C:\\reg.exe"`}},
		"proxy": {in: `{"event":{"dataset":"squid.log"},"url":{"full":"http://x/y?z"},"http":{"request":{"method":"GET"},"response":{"status_code":200}},"user_agent":{"original":"curl"}}`,
			source: "/proxy/", want: map[string]string{"c-uri": `"http://x/y?z"`, "sc-status": "200", "c-useragent": `"curl"`}},
		"firewall": {in: `{"event":{"category":"network","action":"Deny"},"source":{"ip":"1.1.1.1"},"destination":{"ip":"2.2.2.2","port":445}}`,
			source: "/firewall/", want: map[string]string{"dst_port": "445", "action": `"deny"`}},
	} {
		t.Run(name, func(t *testing.T) {
			out, kind := Builtin().Apply([]byte(c.in))
			if !json.Valid(out) {
				t.Fatalf("not JSON: %s", out)
			}
			l := LogSourceOf(out)
			if got := l.Product + "/" + l.Category + "/" + l.Service; got != c.source && !(c.source == "" && got == "//") {
				t.Errorf("log source %s, want %s", got, c.source)
			}
			if c.kind != kind {
				t.Errorf("kind %q", kind)
			}
			var got map[string]json.RawMessage
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			for k, want := range c.want {
				if string(got[k]) != want {
					t.Errorf("%s is %s, want %s\n%s", k, got[k], want, out)
				}
			}
			if in := strings.TrimSpace(c.in); !strings.HasSuffix(string(out), in[1:]) {
				t.Errorf("what came is not there any more: %s", out)
			}
			if again, _ := Builtin().Apply(out); string(again) != string(out) && l != (LogSource{}) {
				t.Errorf("a second time adds more: %s", again)
			}
		})
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(`{"ecs.version":"8","event":{"category":["process"],"type":"start"},"process":{"executable":"x","args":["a",[1]]}}`))
	f.Add([]byte(`{"class_uid":1007,"activity_id":1,"metadata":{"version":"1"},"unmapped":{"a.b":{"c":1}},"process":{"file":{"hashes":[{"algorithm":"MD5"}]}}}`))
	f.Add([]byte(`{"StringInserts":["a","b"],"Channel":"Security","EventID":4688,"Message":"a: b\nc: d"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, _ := Builtin().Apply(b)
		LogSourceOf(out)
		if json.Valid(b) && !json.Valid(out) {
			t.Errorf("%q became %q", b, out)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	doc := []byte(`{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"PC-4000.corp.example","User":"CORP\\user02","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c dir C:\\Users\\user02\\Documents","Hashes":"MD5=00,SHA256=11","ParentImage":"C:\\Windows\\explorer.exe","UtcTime":"2026-01-01 00:00:00.000"}`)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		Builtin().Apply(doc)
	}
}

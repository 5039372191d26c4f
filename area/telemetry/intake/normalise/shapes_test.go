package normalise_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/detect/sigma"
	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/intake/normalise"
)

// One event, the same rules, however it was shipped: each event of the public
// regression cases is written in every shape in which forwarders hand such
// events on, taken in, and must fire exactly the rules that it fires as it is.

type pair struct{ name, value string }

// told is what a Windows event says, without any shape.
type told struct {
	channel, id, provider, guid, computer, time, record, message string
	data                                                         []pair
}

func (e told) get(name string) string {
	for _, p := range e.data {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

func tell(t *testing.T, raw []byte) told {
	var v struct {
		Event struct {
			System struct {
				Provider struct {
					A struct{ Name, Guid string } `json:"#attributes"`
				}
				EventID     json.RawMessage
				Channel     string
				Computer    string
				TimeCreated struct {
					A struct{ SystemTime string } `json:"#attributes"`
				}
				EventRecordID json.Number
			}
			EventData json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	s := v.Event.System
	e := told{channel: s.Channel, provider: s.Provider.A.Name, guid: s.Provider.A.Guid, computer: s.Computer, time: s.TimeCreated.A.SystemTime, record: s.EventRecordID.String()}
	e.id = string(s.EventID)
	d := json.NewDecoder(bytes.NewReader(v.Event.EventData))
	d.UseNumber()
	d.Token()
	for d.More() {
		k, _ := d.Token()
		var val any
		if d.Decode(&val) != nil {
			break
		}
		text := fmt.Sprint(val)
		if val == nil {
			text = ""
		}
		e.data = append(e.data, pair{k.(string), text})
	}
	lines := []string{"What happened:"}
	for _, p := range e.data {
		lines = append(lines, p.name+": "+p.value)
	}
	e.message = strings.Join(lines, "\r\n")
	return e
}

type obj = map[string]any

func js(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
	return bytes.TrimSpace(b.Bytes())
}

func escaped(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

func asXML(e told) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s' Guid='{%s}'/><EventID>%s</EventID><Version>5</Version><Level>4</Level><TimeCreated SystemTime='%s'/><EventRecordID>%s</EventRecordID><Correlation/><Channel>%s</Channel><Computer>%s</Computer></System><EventData>",
		escaped(e.provider), e.guid, e.id, e.time, e.record, escaped(e.channel), escaped(e.computer))
	for _, p := range e.data {
		fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", escaped(p.name), escaped(p.value))
	}
	return b.String() + "</EventData><RenderingInfo Culture='ja-JP'><Message>" + escaped(e.message) + "</Message><Level>情報</Level></RenderingInfo></Event>"
}

func (e told) rest(without ...string) obj {
	o := obj{}
	for _, p := range e.data {
		if !slices.Contains(without, p.name) {
			o[p.name] = p.value
		}
	}
	return o
}

func hashes(s string) obj {
	o := obj{}
	for part := range strings.SplitSeq(s, ",") {
		if k, v, ok := strings.Cut(part, "="); ok {
			o[strings.ToLower(k)] = strings.ToLower(v)
		}
	}
	return o
}

func put(o obj, path string, v string) {
	if v == "" || v == "-" {
		return
	}
	parts := strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		next, ok := o[p].(obj)
		if !ok {
			next = obj{}
			o[p] = next
		}
		o = next
	}
	o[parts[len(parts)-1]] = v
}

// ecs writes what Elastic's common schema has names for, and says which of the
// event's own fields that were.
func ecs(e told) (obj, []string) {
	o := obj{"ecs": obj{"version": "8.11.0"}, "@timestamp": e.time}
	var used []string
	move := func(path string, names ...string) {
		for _, n := range names {
			if v := e.get(n); v != "" {
				put(o, path, v)
				used = append(used, n)
				return
			}
		}
	}
	put(o, "event.code", e.id)
	put(o, "event.provider", e.provider)
	put(o, "host.name", e.computer)
	put(o, "host.os.type", "windows")
	kind := func(category, typ string) {
		o["event"].(obj)["category"], o["event"].(obj)["type"] = []string{category}, []string{typ}
	}
	actor := func() {
		move("process.executable", "Image")
		move("process.pid", "ProcessId")
		move("process.entity_id", "ProcessGuid")
		if d, n, ok := strings.Cut(e.get("User"), `\`); ok {
			put(o, "user.domain", d)
			put(o, "user.name", n)
			used = append(used, "User")
		}
	}
	if !strings.HasSuffix(e.channel, "Sysmon/Operational") {
		return o, nil
	}
	switch e.id {
	case "1":
		kind("process", "start")
		actor()
		move("process.command_line", "CommandLine")
		move("process.working_directory", "CurrentDirectory")
		move("process.parent.executable", "ParentImage")
		move("process.parent.command_line", "ParentCommandLine")
		move("process.parent.pid", "ParentProcessId")
		move("process.pe.original_file_name", "OriginalFileName")
		move("process.pe.description", "Description")
		move("process.pe.product", "Product")
		move("process.pe.company", "Company")
		move("process.pe.file_version", "FileVersion")
		for k, v := range hashes(e.get("Hashes")) {
			if k == "imphash" {
				put(o, "process.pe.imphash", v.(string))
			} else {
				put(o, "process.hash."+k, v.(string))
			}
		}
		used = append(used, "Hashes")
		if d, n, ok := strings.Cut(e.get("ParentUser"), `\`); ok {
			put(o, "process.parent.user.domain", d)
			put(o, "process.parent.user.name", n)
			used = append(used, "ParentUser")
		}
		put(o, "process.Ext.token.integrity_level_name", strings.ToLower(e.get("IntegrityLevel")))
	case "7":
		kind("library", "start")
		actor()
		move("file.path", "ImageLoaded")
		move("file.pe.original_file_name", "OriginalFileName")
		move("file.pe.description", "Description")
		move("file.pe.product", "Product")
		move("file.pe.company", "Company")
		move("file.code_signature.subject_name", "Signature")
		move("file.code_signature.status", "SignatureStatus")
		if s := e.get("Signed"); s != "" {
			o["file"].(obj)["code_signature"].(obj)["signed"] = s == "true"
			used = append(used, "Signed")
		}
	case "11":
		kind("file", "creation")
		actor()
		move("file.path", "TargetFilename")
	case "12", "13":
		kind("registry", map[string]string{"12": "creation", "13": "change"}[e.id])
		if strings.HasPrefix(e.get("EventType"), "Delete") {
			kind("registry", "deletion")
		}
		actor()
		move("registry.path", "TargetObject")
		if d := e.get("Details"); d != "" {
			r := o["registry"].(obj)
			if n, ok := strings.CutPrefix(d, "DWORD ("); ok {
				r["data"] = obj{"type": "SZ_DWORD", "strings": []string{strings.TrimSuffix(n, ")")}}
			} else {
				r["data"] = obj{"type": "REG_SZ", "strings": []string{d}}
			}
			used = append(used, "Details")
		}
	}
	return o, used
}

func winlogbeat(e told) []byte {
	o, used := ecs(e)
	o["winlog"] = obj{"channel": e.channel, "event_id": e.id, "provider_name": e.provider, "computer_name": e.computer, "record_id": e.record, "event_data": e.rest(used...)}
	o["agent"] = obj{"type": "winlogbeat", "version": "8.11.0"}
	o["message"] = e.message
	return js(o)
}

func nxlog(e told) []byte {
	o := e.rest("EventType")
	for k, v := range (obj{"EventTime": "2026-04-17T05:24:53.092051+00:00", "Hostname": e.computer, "EventID": json.Number(e.id), "SourceName": e.provider, "ProviderGuid": "{" + e.guid + "}", "Channel": e.channel,
		"EventType": "INFO", "SeverityValue": 2, "Severity": "INFO", "Task": 1, "RecordNumber": 7, "Message": e.message, "EventReceivedTime": "2026-04-17T05:24:54.0+00:00", "SourceModuleName": "in", "SourceModuleType": "im_msvistalog"}) {
		o[k] = v
	}
	return js(o)
}

func openwec(e told) []byte {
	return js(obj{"System": obj{"Provider": obj{"Name": e.provider, "Guid": e.guid}, "EventID": json.Number(e.id), "Channel": e.channel, "Computer": e.computer, "TimeCreated": e.time, "EventRecordID": 7, "Level": 4},
		"EventData": e.rest(), "OpenWEC": obj{"IpAddress": "192.0.2.7", "Principal": "PC$@CORP"}})
}

func fluentBit(e told, message bool) []byte {
	var inserts []string
	for _, p := range e.data {
		inserts = append(inserts, p.value)
	}
	o := obj{"ProviderName": e.provider, "ProviderGuid": "{" + e.guid + "}", "EventID": json.Number(e.id), "Channel": e.channel, "Computer": e.computer, "TimeCreated": "2026-04-17 05:24:53 +0000", "EventRecordID": 7, "StringInserts": inserts}
	if message {
		o["Message"] = e.message
	}
	return js(o)
}

func otelCollector(e told) []byte {
	var list []obj
	for _, p := range e.data {
		list = append(list, obj{p.name: p.value})
	}
	return js(obj{"channel": e.channel, "computer": e.computer, "event_id": obj{"id": json.Number(e.id), "qualifiers": 0}, "provider": obj{"name": e.provider, "guid": e.guid}, "event_data": obj{"data": list}, "message": e.message, "system_time": e.time})
}

func ocsf(e told) []byte {
	o := obj{"metadata": obj{"version": "1.3.0", "event_code": e.id, "log_name": e.channel, "log_provider": e.provider, "product": obj{"name": "Microsoft Windows"}}, "time": 1776403493092, "device": obj{"hostname": e.computer, "os": obj{"name": "Windows", "type_id": 100, "type": "Windows"}}, "class_uid": 0, "category_uid": 1}
	var used []string
	move := func(path, name string) {
		if v := e.get(name); v != "" {
			put(o, path, v)
			used = append(used, name)
		}
	}
	class := func(uid, activity int) {
		o["class_uid"], o["activity_id"], o["type_uid"] = uid, activity, uid*100+activity
	}
	user := func(path string) {
		if d, n, ok := strings.Cut(e.get("User"), `\`); ok {
			put(o, path+".domain", d)
			put(o, path+".name", n)
			used = append(used, "User")
		}
	}
	switch {
	case !strings.HasSuffix(e.channel, "Sysmon/Operational"):
	case e.id == "1":
		class(1007, 1)
		move("process.file.path", "Image")
		move("process.cmd_line", "CommandLine")
		move("process.working_directory", "CurrentDirectory")
		move("process.pid", "ProcessId")
		move("process.integrity", "IntegrityLevel")
		move("process.file.internal_name", "OriginalFileName")
		move("process.file.desc", "Description")
		move("process.file.company_name", "Company")
		move("process.file.product.name", "Product")
		move("process.file.version", "FileVersion")
		move("actor.process.file.path", "ParentImage")
		move("actor.process.cmd_line", "ParentCommandLine")
		user("process.user")
		var list []obj
		for part := range strings.SplitSeq(e.get("Hashes"), ",") {
			if k, v, ok := strings.Cut(part, "="); ok {
				list = append(list, obj{"algorithm": map[string]string{"SHA256": "SHA-256", "SHA1": "SHA-1"}[k] + map[bool]string{true: k}[k != "SHA256" && k != "SHA1"], "value": v})
			}
		}
		if f, ok := o["process"].(obj)["file"].(obj); ok && list != nil {
			f["hashes"] = list
			used = append(used, "Hashes")
		}
	case e.id == "7":
		class(1005, 1)
		move("actor.process.file.path", "Image")
		move("module.file.path", "ImageLoaded")
		move("module.file.internal_name", "OriginalFileName")
		move("module.file.desc", "Description")
		user("actor.user")
	case e.id == "10":
		class(1007, 3)
		move("actor.process.file.path", "SourceImage")
		move("process.file.path", "TargetImage")
		move("requested_permissions", "GrantedAccess")
	case e.id == "11":
		class(1001, 1)
		move("actor.process.file.path", "Image")
		move("file.path", "TargetFilename")
		user("actor.user")
	case e.id == "12":
		class(201001, map[bool]int{true: 1, false: 4}[e.get("EventType") == "CreateKey"])
		if e.get("EventType") == "DeleteValue" {
			class(201002, 4)
			move("reg_value.path", "TargetObject")
		} else {
			move("reg_key.path", "TargetObject")
		}
		used = append(used, "EventType")
		move("actor.process.file.path", "Image")
		user("actor.user")
	case e.id == "13":
		class(201002, 2)
		at := strings.LastIndexByte(e.get("TargetObject"), '\\')
		put(o, "reg_value.path", e.get("TargetObject")[:at])
		put(o, "reg_value.name", e.get("TargetObject")[at+1:])
		move("reg_value.data", "Details")
		used = append(used, "TargetObject", "EventType")
		move("actor.process.file.path", "Image")
		user("actor.user")
	}
	o["unmapped"] = e.rest(used...)
	return js(o)
}

func TestEveryShapeFiresTheSameRules(t *testing.T) {
	rules, events := cases(t)
	engine, _ := sigma.Compile(rules, sigma.DefaultMapping(), sigma.Options{})
	m := engine.NewMatcher()
	fired := func(doc []byte) string {
		l := normalise.LogSourceOf(doc)
		hits, err := m.Match(doc, sigma.LogSource{Product: l.Product, Category: l.Category, Service: l.Service})
		if err != nil {
			t.Fatalf("%v: %s", err, doc)
		}
		var ids []string
		for _, h := range hits {
			ids = append(ids, h.Rule.Title)
		}
		slices.Sort(ids)
		return strings.Join(ids, "\n")
	}
	files := intake.Source{Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	take := func(b []byte) intake.Event {
		var got []intake.Event
		for e, err := range files.Stream("", bytes.NewReader(b)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if len(got) != 1 || got[0].Problem != "" {
			t.Fatalf("%d events, %s: %s", len(got), got[0].Problem, b)
		}
		return got[0]
	}
	shapes := []struct {
		name  string
		write func(told) []byte
		only  func(told) bool
	}{
		{"XML", func(e told) []byte { return []byte(asXML(e)) }, nil},
		{"XML in syslog", func(e told) []byte {
			return []byte("<14>1 2026-04-17T05:24:53Z collector NXLOG 1 - - " + asXML(e))
		}, func(e told) bool { return !strings.Contains(asXML(e), "\n") }},
		{"Winlogbeat", winlogbeat, nil},
		{"NXLog", nxlog, nil},
		{"NXLog in syslog", func(e told) []byte {
			return append([]byte("<14>Apr 17 05:24:53 "+e.computer+" Microsoft-Windows-Sysmon[1]: "), nxlog(e)...)
		}, nil},
		{"OpenWEC", openwec, nil},
		{"Fluent Bit", func(e told) []byte { return fluentBit(e, true) }, sysmon},
		{"Fluent Bit without messages", func(e told) []byte { return fluentBit(e, false) }, func(e told) bool { return sysmon(e) || e.channel == "Security" }},
		{"OpenTelemetry Collector", otelCollector, nil},
		{"OCSF", ocsf, nil},
		{"ECS without winlog", func(e told) []byte { o, _ := ecs(e); return js(o) }, func(e told) bool {
			return sysmon(e) && slices.Contains([]string{"1", "7", "11", "12", "13"}, e.id)
		}},
	}
	for _, s := range shapes {
		same, all, fires := 0, 0, 0
		for _, raw := range events {
			e := tell(t, raw)
			if s.only != nil && !s.only(e) {
				continue
			}
			want := fired(raw)
			if want != "" {
				fires++
			}
			in := take(s.write(e))
			doc, _ := normalise.Builtin().Apply(in.Raw)
			all++
			if got := fired(doc); got != want {
				t.Errorf("%s, event %s of %s fires\n%s\nand not\n%s\n%s", s.name, e.id, e.channel, got, want, doc)
			} else {
				same++
			}
			if in.Host != e.computer {
				t.Errorf("%s: host %q, not %q", s.name, in.Host, e.computer)
			}
		}
		t.Logf("%s: %d of %d events fire the same rules, %d of them some", s.name, same, all, fires)
		if fires < 15 {
			t.Errorf("%s: only %d events fire any rule", s.name, fires)
		}
	}
}

func sysmon(e told) bool { return strings.HasSuffix(e.channel, "Sysmon/Operational") }

// cases are the events of the regression cases, and the rules they are for.
func cases(t *testing.T) (rules []*sigma.Rule, events [][]byte) {
	root, _ := filepath.Abs("../../../../../shared/data/sigma")
	index, err := os.ReadFile(filepath.Join(root, "regression-index.tsv"))
	if err != nil {
		t.Skip("reference data not present: sigma/regression-index.tsv")
	}
	byID := map[string]string{}
	for _, folder := range []string{"rules/windows", "rules-emerging-threats", "rules-threat-hunting/windows"} {
		filepath.WalkDir(filepath.Join(root, folder), func(path string, d os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".yml") {
				b, _ := os.ReadFile(path)
				if _, rest, ok := bytes.Cut(b, []byte("\nid: ")); ok && len(rest) > 36 {
					byID[string(rest[:36])] = path
				}
			}
			return nil
		})
	}
	for _, l := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		f := strings.Split(strings.TrimRight(l, "\r"), "\t")
		path := byID[f[0]]
		rule, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set := sigma.Parse(path, rule)
		rules = append(rules, set.Rules...)
		data, err := os.ReadFile(filepath.Join(root, f[4]))
		if err != nil {
			t.Fatal(err)
		}
		for el, err := range intake.Elements(bytes.NewReader(data), intake.Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, el.Raw)
		}
	}
	return rules, events
}

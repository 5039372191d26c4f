package telemetry

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child/childtest"
)

// TestWordsOfTheLineStandInItsFields looks for parts of lines, of all kinds, in
// the column of lines and as a question does: what stands there is found, and
// what is found stands in a value.
func TestWordsOfTheLineStandInItsFields(t *testing.T) {
	lines := []string{
		`{"EventID":4625,"Channel":"Security","User":"CORP\\kei","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c whoami /all","RuleName":"","Hashes":"SHA256=AB12,IMPHASH=00FF"}`,
		`{"EventID":4625,"Event":{"EventData":{"Image":"x.exe","Empty":null,"Text":"one\ntwo\tthree \"four\" five"},"System":{"Computer":"pc-1"}}}`,
		`{"n":-7,"f":-7.5,"g":7.10,"h":0.25,"big":100000000000000000000000,"e":1e5,"v":"7.10","ip":"10.1.2.3","t":"2026-11-26T00:31:05.120Z"}`,
		`{"n":7,"f":7.5,"g":1.5,"h":-0.25,"e":12,"v":"7.1","ip":"10.1.2.30","t":"2026-11-26T00:31:06Z"}`,
		`{"n":46,"list":["a b","漏洩の疑い",3,true,null,{"deep":["x-y"]}],"none":[],"void":{},"host":"web-1","unit":"u"}`,
		`{"message":"資料が漏洩した \u6f0f\u6d29 名古屋","path":"\/srv\/data","odd \" name":"v","名前":"敬","a.b":{"c.d":"dotted"}}`,
		`{"Event.EventData.Image":"flat.exe","Event.System.Computer":"pc-2","winlog.event_data.User":"kei"}`,
		`{"logsource":{"product":"windows","service":"sysmon"},"Image":"C:\\tools\\psexec.exe","x":"windows update"}`,
		`{"logsource":"theirs","c-uri":"/login.php?user=kei&x=1","cs(User-Agent)":"Mozilla/5.0 (X11; Linux)"}`,
		`{"half":"\ud800 tail","p":"𠮷野家 \ud842\udfb7","q":"it's 'quoted'","r":"'7","s":"a: b","u":"x:y","w":"a, b"}`,
		`{"long":"` + strings.Repeat("filler ", 6000) + `needle","after":"end"}`,
		`<134>Nov 26 00:31:05 fw-9 deny: src=10.1.2.3 dst=10.9.9.9 whoami EventID 4625`,
	}
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	var docs [][]byte
	for _, l := range lines {
		docs = append(docs, []byte(l))
	}
	batches := []Batch{batchOf(at, docs...)}
	// The same with fields at the front, each in a block of its own kind.
	more := batchOf(at.Add(time.Hour), docs...)
	more.Source = "win-4"
	for i := range more.Events {
		e := &more.Events[i]
		e.Source = more.Source
		if e.Original == nil {
			e.Original = e.Doc
			e.Doc = append([]byte(`{"logsource":{"product":"windows","category":"process_creation"},"Added":"whoami",`), e.Doc[1:]...)
		}
	}
	for i, l := range lines { // numbers alike lie together
		if i < 5 {
			b := batchOf(at.Add(2*time.Hour), []byte(l), []byte(l), []byte(l))
			b.Source = fmt.Sprintf("alone-%d", i)
			for k := range b.Events {
				b.Events[k].Source = b.Source
			}
			batches = append(batches, b)
		}
	}
	batches = append(batches, more)
	s := NewVictoria(childtest.Node(t))
	if err := s.Append(context.Background(), batches); err != nil {
		t.Fatal(err)
	}
	whole := map[string]string{}
	values := map[string]string{}
	for _, b := range batches {
		for i := range b.Events {
			e := &b.Events[i]
			whole[e.ID()] = lineText(e)
			Flatten(e.Doc, func(name, v string) bool {
				if e.Original == nil || !strings.HasPrefix(name, sourcePrefix) {
					values[e.ID()] += v + "\n"
				}
				return true
			})
		}
	}
	texts := []string{"null", "7", "46", "4625", "7.1", "25", "-7", ".5", "windows", "sysmon", "process_creation", "Added", "RuleName", "Empty", "Event", "EventData.Image", "two", "漏洩", "疑", "名", "theirs", "tail", "needle", "whoami /all", "a: b", "x:y", "a, b", "SHA256=AB12"}
	parts := regexp.MustCompile(`[\pL\pN_]+|[^\pL\pN_]+`)
	r := rand.New(rand.NewPCG(4, 7))
	for _, l := range lines {
		p := parts.FindAllString(l[:min(len(l), 600)], -1)
		for range 25 {
			i := r.IntN(len(p))
			texts = append(texts, strings.Join(p[i:min(len(p), i+1+r.IntN(6))], ""))
		}
	}
	slices.Sort(texts)
	spread := 0
	for _, text := range slices.Compact(texts) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		quoted := strconv.Quote(text)
		for _, form := range []string{quoted, quoted + "*", "i(" + quoted + ")", "i(" + quoted + "*)", "!" + quoted} {
			q := everything()
			q.Text = form
			a, err := s.ask(context.Background(), &q, false)
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if !strings.Contains(a.filter, fieldRest) {
				continue
			}
			spread++
			find := func(filter string) map[string]bool {
				found := map[string]bool{}
				err := s.node.Query(context.Background(), victoria.Ask{Project: rowsProject, Query: filter + " | fields batch, ordinal"}, func(r *victoria.Row) bool {
					n, _ := strconv.Atoi(string(r.Get(fieldOrdinal)))
					found[EventID(string(r.Get(fieldBatch)), n)] = true
					return true
				})
				if err != nil {
					t.Fatalf("%s: %v", filter, err)
				}
				return found
			}
			got := find(a.filter)
			in, not := form, false
			if form[0] == '!' {
				in, not = form[1:], true
				all := maps.Clone(whole)
				for id := range got {
					delete(all, id)
				}
				got = map[string]bool{}
				for id := range all {
					got[id] = true
				}
			}
			if in[0] == '"' && strings.IndexFunc(text, func(r rune) bool { return r > 0x2000 }) >= 0 { // as Encode writes it
				in = "~" + quoted
			}
			want := find("_msg:" + in)
			for id := range want {
				if !got[id] && !strings.Contains(whole[id], `\`+text[:1]) {
					t.Errorf("%s (not: %v) does not find %.200s", form, not, whole[id])
				}
			}
			for id := range got {
				if !want[id] && !strings.Contains(strings.ToLower(values[id]), strings.ToLower(text)) {
					t.Errorf("%s finds %.200s", form, whole[id])
				}
			}
		}
	}
	if spread < 100 {
		t.Errorf("%d questions were spread", spread)
	}
	t.Logf("%d questions spread", spread)
}

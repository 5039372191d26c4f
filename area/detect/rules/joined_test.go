package rules

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"yagura/area/detect/correlate"
	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
	"yagura/area/detect/sigma/head"
)

// TestSequences is the promise for correlations: each fires on its firing
// sequences and on none of its silent ones, and nothing else of the pack above
// medium fires on those.
func TestSequences(t *testing.T) {
	set, err := sigma.ParseFS(Joined)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Error(p)
	}
	linked, problems := sigma.Link(set.Rules, set.Correlations)
	e, more := sigma.Compile(set.Rules, nil, sigma.Options{})
	for _, p := range append(problems, more...) {
		t.Error(p)
	}
	if len(linked) < 10 || len(set.Filters) != 0 {
		t.Fatalf("%d correlations", len(linked))
	}
	for _, r := range e.Unrouted() {
		t.Errorf("%s: no event is ever routed to %s", r.Title, r.LogSource)
	}
	j, m := of.New(linked, nil), e.NewMatcher()
	silent := j.Silent()
	for _, r := range set.Rules {
		if !silent[r] {
			t.Errorf("%s is joined by nothing and would raise alerts", r.Title)
		}
		if c, err := SequencesOf(r.ID); err != nil || len(c.Fires) > 0 {
			t.Errorf("%s: %v, cases of its own", r.Title, err)
		}
	}
	play := func(events []string) (fired []correlate.Firing) {
		run := j.Begin()
		rd := j.Reader()
		defer j.PutBack(rd)
		for i, ev := range events {
			hits, err := m.Match([]byte(ev), sigma.LogSource{})
			if err != nil {
				t.Fatalf("%s: %v", ev, err)
			}
			when, ok := head.Time([]byte(ev))
			if !ok {
				t.Fatalf("no time in %s", ev)
			}
			if err := rd.Read([]byte(ev)); err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				for _, p := range j.Parts(h.Rule, rd) {
					run.Feed(p, when.UnixMilli(), fmt.Sprintf("%06d", i))
				}
			}
		}
		return run.End()
	}
	fires, stays := 0, 0
	for i, c := range linked {
		s, err := SequencesOf(c.ID)
		if err != nil || len(s.Fires) == 0 || len(s.Silent) == 0 {
			t.Errorf("%s: %d firing and %d silent sequences, %v", c.Title, len(s.Fires), len(s.Silent), err)
			continue
		}
		hit := func(events []string) bool {
			for _, f := range play(events) {
				if f.Rule == i {
					if len(f.Samples) == 0 {
						t.Errorf("%s fires of nothing", c.Title)
					}
					return true
				}
			}
			return false
		}
		for n, seq := range s.Fires {
			if fires++; !hit(seq) {
				t.Errorf("%s stays silent on its firing sequence %d", c.Title, n)
			}
		}
		for n, seq := range s.Silent {
			if stays++; hit(seq) {
				t.Errorf("%s fires on its silent sequence %d", c.Title, n)
			}
		}
	}
	t.Logf("%d correlations, %d firing and %d silent sequences", len(linked), fires, stays)
}

// TestJoinedDocuments: like every rule of the pack, correlations and the rules
// they join have an id, both languages, a level and techniques.
func TestJoinedDocuments(t *testing.T) {
	seen := map[string]string{}
	pack, _ := Pack()
	for _, r := range pack {
		seen[r.ID] = r.Slug
	}
	fs.WalkDir(Joined, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, _ := Joined.ReadFile(path)
		for _, doc := range strings.Split(string(raw), "\n---\n") {
			id := regexp.MustCompile(`(?m)^id: ([0-9a-f-]{36})$`).FindStringSubmatch(doc)
			if id == nil || seen[id[1]] != "" {
				t.Errorf("%s: id %v (%s)", path, id, seen[id[1]])
				continue
			}
			seen[id[1]] = path
			for _, want := range []string{`(?m)^title: .+`, `(?m)^description: .+`, `(?m)^level: (informational|low|medium|high|critical)$`, `(?m)^  - attack\.t[0-9]+`, `(?m)^    title: .*[ぁ-んァ-ヶ一-龠].*`, `(?m)^    description: .*。`, `(?m)^date: \d{4}-\d\d-\d\d$`, `(?m)^status: stable$`, `(?m)^author: Yagura$`} {
				if !regexp.MustCompile(want).MatchString(doc) {
					t.Errorf("%s: %s: %s does not hold", path, id[1], want)
				}
			}
		}
		return nil
	})
}

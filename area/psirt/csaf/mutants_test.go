package csaf

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yagura/kernel/text"
)

// TestMutants: documents of the suite in which values were replaced by others of any
// kind are tested, converted, compared and shown without a panic.
func TestMutants(t *testing.T) {
	need(t, "2.1/suite")
	files, _ := filepath.Glob(filepath.Join(shared, "2.*/suite/*/*.json"))
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "é", "2.1", "60", "2026-01-01T00:00:60Z", "vers:", "|", "cpe:/", "a/b#c"}
	for range 400 {
		data, err := os.ReadFile(files[r.IntN(len(files))])
		if err != nil {
			t.Fatal(err)
		}
		d := read(t, string(data))
		for range 1 + r.IntN(4) {
			var all []*Value
			var walk func(v *Value)
			walk = func(v *Value) {
				all = append(all, v)
				for _, m := range v.members {
					walk(m.Value)
				}
				for _, item := range v.items {
					walk(item)
				}
			}
			walk(d.Edit())
			*all[1+r.IntN(len(all)-1)] = *[]*Value{{kind: Null, text: "null"}, NewNumber("17"), NewText(texts[r.IntN(len(texts))]),
				NewArray(), NewObject(), all[r.IntN(len(all))].Clone()}[r.IntN(6)]
		}
		for _, v := range []Version{V20, V21} {
			d.Validate(Options{Level: Full, Version: v, Now: suiteNow})
		}
		_, _, _ = d.Convert(Conversion{Now: suiteNow})
		_, _ = d.VEX("", "", "CSAFPID-9080700")
		Diff(d, New(d.root.Clone()))
		_ = d.HTML(io.Discard, text.JA, time.UTC, "")
		_ = d.Markdown(io.Discard, text.EN, time.UTC)
	}
}

package csaf

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// advisories reads the 232 real advisories once.
var advisories = sync.OnceValue(func() map[string][]byte {
	all := map[string][]byte{}
	_ = filepath.WalkDir(filepath.Join(shared, "advisories"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".json") {
			data, err := os.ReadFile(path)
			all[filepath.Base(path)] = data
			return err
		}
		return err
	})
	return all
})

// TestAdvisories: real advisories follow the schema, fail no mandatory test but the
// names of weaknesses, and are written as they came.
func TestAdvisories(t *testing.T) {
	need(t, "advisories")
	names := 0
	for name, data := range advisories() {
		d, err := Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(d.Bytes(), data) {
			t.Errorf("%s is not written as it came", name)
		}
		again, err := Parse(d.Encode())
		if err != nil || !again.Root().Equal(d.Root()) {
			t.Errorf("%s changes its value: %v", name, err)
		}
		report := d.Validate(Options{Level: Full})
		if !report.SchemaOK {
			t.Errorf("%s: schema %v", name, report.Schema)
		}
		for _, r := range report.Results {
			if r.Test.Group != Mandatory || r.OK {
				continue
			}
			if r.Test.ID != "6.1.11" {
				t.Errorf("%s: %s %v", name, r.Test.ID, r.Errors)
				continue
			}
			names++
			t.Logf("%s: %v", name, r.Errors)
		}
		if Filename(d.ID()) != name {
			t.Errorf("%s should be called %s", name, Filename(d.ID()))
		}
	}
	if len(advisories()) < 200 {
		t.Errorf("only %d advisories", len(advisories()))
	}
	t.Logf("%d advisories, %d with names that CWE %s does not have", len(advisories()), names, CWEVersion())
}

// BenchmarkFull reads and validates the real advisories on all processors; the
// figure is documents a second.
func BenchmarkFull(b *testing.B) {
	need(b, "advisories")
	var docs [][]byte
	for _, data := range advisories() {
		docs = append(docs, data)
	}
	b.ResetTimer()
	var next sync.Mutex
	i := 0
	b.SetParallelism(1)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			next.Lock()
			data := docs[i%len(docs)]
			i++
			next.Unlock()
			d, err := Parse(data)
			if err != nil {
				b.Error(err)
				return
			}
			d.Validate(Options{Level: Full})
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
}

package evtx

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// shared is a folder of reference material beside the repository.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	path := filepath.Join(append([]string{dir, "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("reference data not present: " + filepath.Join(parts...))
	}
	return path
}

func logs(t testing.TB) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(shared(t, "sigma", "regression_data"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".evtx") {
			out = append(out, p)
		}
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	return out
}

func values(t testing.TB, b []byte) []any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\uFEFF"))))
	d.UseNumber()
	var out []any
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if list, ok := v.([]any); ok {
			out = append(out, list...)
		} else {
			out = append(out, v)
		}
	}
}

// publicCases is how many published logs there are.
const publicCases = 101

// Every published log reads as its published JSON twin, field by field.
func TestTwins(t *testing.T) {
	equal, records := 0, 0
	for _, path := range logs(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		twin, err := os.ReadFile(strings.TrimSuffix(path, ".evtx") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		want := values(t, twin)
		var got []any
		r, err := NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for rec, err := range r.Records() {
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			j, err := rec.JSON()
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			got = append(got, values(t, j)...)
			if !rec.Verified {
				t.Errorf("%s: record %d is not verified", path, rec.ID)
			}
			x, err := rec.XML()
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if err := xml.Unmarshal(x, new(struct{ XMLName xml.Name })); err != nil {
				t.Errorf("%s: %v in %s", path, err, x)
			}
		}
		records += len(got)
		if len(got) != len(want) {
			t.Errorf("%s: %d records, want %d", path, len(got), len(want))
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s", filepath.Base(path), difference("", got, want))
			continue
		}
		equal++
	}
	// One that is lost is no case that is equal.
	if equal != publicCases {
		t.Errorf("%d cases are equal, %d are known", equal, publicCases)
	}
	t.Logf("%d of %d cases equal, %d records", equal, len(logs(t)), records)
}

func BenchmarkJSON(b *testing.B) {
	var all [][]byte
	for _, p := range logs(b) {
		d, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, d)
	}
	n := 0
	for b.Loop() {
		for _, d := range all {
			for j, err := range Events(bytes.NewReader(d), int64(len(d))) {
				if err != nil || len(j) == 0 {
					b.Fatal(err)
				}
				n++
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

// difference names the first place where two JSON values differ.
func difference(at string, got, want any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, want %v", at, got, want)
		}
		for k := range w {
			if d := difference(at+"/"+k, g[k], w[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, want %v", at, got, want)
		}
		for i := range w {
			if d := difference(fmt.Sprint(at, "/", i), g[i], w[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("%s: got %#v, want %#v", at, got, want)
}

// A full log of one template, as servers write them.
func BenchmarkFull(b *testing.B) {
	w := newBuilder(1)
	for len(w.data) < chunkSize-600 {
		w.add(logonEvent("operator", strings.Repeat("C:\\Windows\\System32 ", 8)))
	}
	log := file(0, w.chunk(), w.chunk(), w.chunk(), w.chunk())
	b.SetBytes(int64(len(log)))
	n := 0
	for b.Loop() {
		for _, err := range Events(bytes.NewReader(log), int64(len(log))) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

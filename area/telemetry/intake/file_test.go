package intake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func packed(t testing.TB, with string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if with == "zstd" {
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFile(t *testing.T) {
	log := []byte("ElfFile\x00....")
	source := Source{Now: now, EventLog: func(r io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			b := make([]byte, size)
			if _, err := r.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(b, log) {
				t.Errorf("event log: %q %v", b, err)
			}
			_ = yield([]byte(`{"Event":{"System":{"EventID":1,"Channel":"c","Computer":"pc","TimeCreated":{"#attributes":{"SystemTime":"2026-01-02T03:04:05.678901Z"}}}}}`), nil) &&
				yield(nil, errors.New("chunk 0, offset 12: torn"))
		}
	}}
	for _, c := range []struct {
		name string
		data []byte
		want []string // kind host problem
	}{
		{"a.ndjson", []byte("{\"Computer\":\"pc\"}\n{\n"), []string{"json pc ", "text  " + ProblemEnds}},
		{"a.json", []byte("[{\"a\":1}]"), []string{"json  "}},
		{"nonsense.json", []byte("hello\n"), []string{"text  " + ProblemNotJSON}},
		{"a.log", []byte("Dec 10 06:55:46 LabSZ sshd[1]: x\n\n{\"hostname\":\"h\"}\nfree text\n"), []string{"sshd LabSZ ", "json h ", "text  "}},
		{"json inside.log", []byte("{\"a\":1}\n"), []string{"json  "}},
		{"dmesg.log", []byte("[12.3] kernel: up\n"), []string{"text  "}},
		{"a.ndjson.gz", packed(t, "gzip", []byte("{\"a\":1}\n")), []string{"json  "}},
		{"a.log.zst", packed(t, "zstd", []byte("Dec 10 06:55:46 h cron: x\n")), []string{"syslog h "}},
		{"twice.gz", packed(t, "gzip", packed(t, "zstd", []byte("{\"a\":1}\n"))), []string{"json  "}},
		{"a.evtx", log, []string{"windows pc ", "text  chunk 0, offset 12: torn"}},
		{"a.evtx.gz", packed(t, "gzip", log), []string{"windows pc ", "text  chunk 0, offset 12: torn"}},
		{"renamed.log", log, []string{"windows pc ", "text  chunk 0, offset 12: torn"}},
		{"empty.json", nil, nil},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range source.File(path) {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if e.Line != len(got) || !json.Valid(e.Raw) {
				t.Errorf("%s: line %d, %s", c.name, e.Line, e.Raw)
			}
			got = append(got, e.Kind+" "+e.Host+" "+e.Problem)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		source Source
		data   []byte
		want   error
		events int
	}{
		"no event log reader": {Source{}, log, ErrNoEventLog, 0},
		"bomb":                {Source{MaxBytes: 1 << 20}, packed(t, "gzip", bytes.Repeat([]byte("{\"a\":1}\n"), 1<<18)), ErrTooLarge, 1 << 17},
		"torn gzip":           {Source{}, packed(t, "gzip", bytes.Repeat([]byte("{\"a\":1}\n"), 1<<12))[:60], io.ErrUnexpectedEOF, -1},
	} {
		var last error
		n := 0
		for _, err := range c.source.Stream("x", bytes.NewReader(c.data)) {
			if err != nil {
				last = err
			} else {
				n++
			}
		}
		if !errors.Is(last, c.want) || c.events >= 0 && n != c.events {
			t.Errorf("%s: %v after %d events", name, last, n)
		}
	}
	for _, err := range source.File(filepath.Join(t.TempDir(), "none")) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

func TestFileLongLine(t *testing.T) {
	in := "Dec 10 06:55:46 h app: " + strings.Repeat("x", 1000) + "\nDec 10 06:55:46 h app: y\n"
	var got []Event
	for e, err := range (Source{Now: now, Limits: Limits{Line: 100}}).Stream("a.log", strings.NewReader(in)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 2 || got[0].Problem != ProblemLong || got[0].Host != "h" || len(got[0].Original) != 100 || got[1].Problem != "" {
		t.Errorf("%+v", got)
	}
	check(t, "long", got[0].Raw, map[string]any{"problem": ProblemLong})
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 4, 17, 5, 24, 53, 79_000_000, time.UTC)
	tokyo := time.FixedZone("JST", 9*3600)
	for _, s := range []string{"2026-04-17T05:24:53.079Z", "2026-04-17T14:24:53.079+09:00", "2026-04-17T14:24:53.079+0900", "2026-04-17 05:24:53.079Z",
		"1776403493079", "1776403493.079", "1776403493079000", "1776403493079000000", "/Date(1776403493079)/", "2026-04-17 05:24:53.079 UTC"} {
		if got, ok := ParseTime(s, tokyo); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"2026-04-17 14:24:53.079", "2026-04-17T14:24:53.079", "4/17/2026, 2:24:53.079 PM", "2026/04/17 14:24:53.079"} {
		if got, ok := ParseTime(s, tokyo); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "-", "12345678", "yesterday", "2026-13-45 00:00:00", "99999999999999999999", "1e400", "0001-01-01T00:00:00Z", "1.2.3.4.5.6"} {
		if got, ok := ParseTime(s, nil); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestLook(t *testing.T) {
	for _, c := range []struct{ raw, time, host, kind string }{
		{`{"Event":{"System":{"Provider":{"#attributes":{"Name":"p"}},"EventID":1,"TimeCreated":{"#attributes":{"SystemTime":"2026-04-17T05:24:53.092051Z"}},"Computer":"pc"},"EventData":{"UtcTime":"2026-04-17 05:24:53.079"}}}`,
			"2026-04-17T05:24:53.092051Z", "pc", "windows"},
		{`{"@timestamp":"2020-06-10T02:50:56.539Z","EventTime":"2020-06-09 22:50:54","EventID":10,"Channel":"s","Hostname":"w6","host":"beat"}`, "2020-06-10T02:50:56.539Z", "w6", "windows"},
		{`{"EventTime":"2020-06-09 22:50:54","Hostname":"a\"b"}`, "2020-06-09T22:50:54Z", `a"b`, "json"},
		{`{"UtcTime":"2020-06-10 02:50:54.123"}`, "2020-06-10T02:50:54.123Z", "", "json"},
		{`{"eventTime":"2023-07-10T11:54:38Z","eventName":"GetObject","eventSource":"s3"}`, "2023-07-10T11:54:38Z", "", "cloudtrail"},
		{`{"ts":1591751454.5,"id.orig_h":"10.0.0.1"}`, "2020-06-10T01:10:54.5Z", "", "json"},
		{`{"host":{"name":"h1","os":{"name":"linux"}},"timestamp":1591751454123}`, "2020-06-10T01:10:54.123Z", "h1", "json"},
		{`{"winlog":{"event_id":4624,"channel":"Security","computer_name":"dc1"},"time":"2026-01-01T00:00:00Z"}`, "2026-01-01T00:00:00Z", "dc1", "windows"},
		{`{"a":{"b":[{"SystemTime":"2026-01-01T00:00:00Z"}]},"x":"\\","y":[1,"]"],"time":"nonsense"}`, "", "", "json"},
		{`{}`, "", "", "json"},
	} {
		f := Look([]byte(c.raw), nil)
		got := ""
		if !f.Time.IsZero() {
			got = f.Time.Format(time.RFC3339Nano)
		}
		if got != c.time || f.Host != c.host || f.Kind != c.kind {
			t.Errorf("%s: %s %s %s", c.raw, got, f.Host, f.Kind)
		}
	}
}

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

// Published events of every kind: each line is read, knows its time and host.
func TestPublishedEvents(t *testing.T) {
	for _, name := range []string{"mix.ndjson.gz", "process-creation.ndjson.gz"} {
		n, timeless, hostless, other := 0, 0, 0, 0
		for e, err := range (Source{}).File(shared(t, "sigma", "events", name)) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Problem != "" {
				t.Errorf("%s line %d: %s", name, e.Line, e.Problem)
			}
			n++
			if e.Time.IsZero() {
				timeless++
			}
			if e.Host == "" {
				hostless++
			}
			if e.Kind != "windows" {
				other++
			}
		}
		t.Logf("%s: %d events, %d without time, %d without host, %d not of Windows", name, n, timeless, hostless, other)
		if n == 0 || timeless > 0 || hostless > n/100 {
			t.Errorf("%s: %d events, %d without time, %d without host", name, n, timeless, hostless)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n"))
	f.Add([]byte("Dec 10 06:55:46 h cron: x\n{\"b\":2}\n"))
	f.Add(packed(f, "gzip", []byte("{\"a\":1}\n")))
	f.Fuzz(func(t *testing.T, in []byte) {
		for e, err := range (Source{Now: now, Limits: Limits{Line: 64, Element: 64}, MaxBytes: 1 << 16}).Stream("", bytes.NewReader(in)) {
			if err == nil && !json.Valid(e.Raw) {
				t.Fatalf("%q", e.Raw)
			}
		}
	})
}

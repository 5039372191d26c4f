package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// BenchmarkArchive stores YAGURA_BENCH_EVENTS events (a million where nothing is
// said) of a day, then runs what "yagura detect backtest" does, from opening the
// installation to closing it, and asks why a rule did not fire on single ones.
// CPU is that of all processes, the event store's included. Run it with
// -benchtime 1x -run xxx.
func BenchmarkArchive(b *testing.B) {
	total := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("YAGURA_BENCH_EVENTS")); err == nil {
		total = n
	}
	ctx := context.Background()
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + b.TempDir()})
	for _, m := range mistakes {
		b.Fatal(m)
	}
	quiet := slog.New(slog.DiscardHandler)
	a, err := Open(ctx, cfg, Options{Log: quiet, Workers: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { a.Close() }()
	if err := a.DB.Change(ctx, func(tx *store.Tx) error {
		usual := org.Usual()
		return a.Org.Seed(tx, player, org.Founding{Calendars: []org.Calendar{usual}, Units: []org.Unit{
			{ID: "group", Kind: org.Group, Name: "Group", Region: "world"},
			{ID: "world", Kind: org.Region, Name: "World", Parent: "group", Lang: "en", Zone: "UTC", Calendar: usual.ID},
		}})
	}); err != nil {
		b.Fatal(err)
	}
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	step := 24 * time.Hour / time.Duration(total)
	const rule = `title: Everything of a user that is asked for
id: 6f2c1d50-0000-4000-8000-000000000001
status: experimental
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    CommandLine|contains|all: ['whoami', '/all']
  filter:
    ParentImage|endswith: '\admin.exe'
  condition: selection and not filter
level: low
`
	file := filepath.Join(b.TempDir(), "rule.yml")
	if err := os.WriteFile(file, []byte(rule), 0o600); err != nil {
		b.Fatal(err)
	}
	own, _, err := a.Detect.WriteRule(ctx, authz.System("command-line"), rule, "to be measured")
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	var some []string
	for from := 0; from < total; from += 8000 {
		var batches []telemetry.Batch
		for k := range 16 {
			bt := telemetry.Batch{ID: id.New(), Source: fmt.Sprintf("src-%d", (from/8000+k)%20), Unit: "world", Received: time.Now()}
			for n := range 500 {
				i := from + k*500 + n
				cmd := "svchost.exe -k netsvcs"
				if i%10_000 == 7 {
					cmd = "cmd.exe /c whoami /all"
				}
				e := telemetry.Event{Batch: bt.ID, Ordinal: n, Source: bt.Source, Unit: bt.Unit, Received: bt.Received, Product: "windows",
					Time: start.Add(step * time.Duration(i)).Truncate(time.Millisecond), Kind: "windows", Host: fmt.Sprintf("pc-%d", i%30000),
					Doc: fmt.Appendf(nil, `{"EventID":%d,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-%d","User":"CORP\\user%d","Image":"C:\\Windows\\System32\\svchost.exe","CommandLine":"%s","ParentImage":"C:\\Windows\\System32\\services.exe","ProcessId":%d,"Hashes":"SHA256=%032x"}`,
						[]int{3, 1, 11, 1}[i%4], i%30000, i%100000, cmd, i%65000, i*2654435761)}
				size += len(e.Doc)
				bt.Events = append(bt.Events, e)
			}
			batches = append(batches, bt)
			some = append(some, telemetry.EventID(bt.ID, 250))
		}
		if err := a.Events.Append(ctx, batches); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	for range 5 {
		took, cpu := time.Now(), spentInAll()
		r, err := Backtest(ctx, cfg, file, "", start, start.Add(24*time.Hour), nil)
		if err != nil || r.Events < int64(total) || r.Hits == 0 || r.Partial {
			b.Fatal(r, err)
		}
		b.Logf("backtest: %d events of %d bytes, %d hits: %s, CPU %s", r.Events, size/total, r.Hits, time.Since(took).Round(10*time.Millisecond), (spentInAll() - cpu).Round(10*time.Millisecond))
	}
	if a, err = Open(ctx, cfg, Options{Log: quiet, Workers: -1}); err != nil {
		b.Fatal(err)
	}
	var times []time.Duration
	for n := range 100 {
		took := time.Now()
		w, err := a.Detect.WhyNot(ctx, authz.System("command-line"), own, some[n*len(some)/100])
		if err != nil || w.Outcome == "" {
			b.Fatal(w, err)
		}
		times = append(times, time.Since(took))
	}
	slices.Sort(times)
	b.Logf("why not, one of %d events: p50 %.1f ms, at most %.1f ms", total, times[50].Seconds()*1000, times[99].Seconds()*1000)
}

// spentInAll is the processor time of this process and of those below it that
// have ended.
func spentInAll() (d time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		syscall.Getrusage(who, &u)
		d += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return d
}

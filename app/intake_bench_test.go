package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"yagura/area/org"
	"yagura/area/telemetry"
	"yagura/kernel/config"
	"yagura/kernel/store"
)

// The whole way of events with the built-in rules: taken in by _bulk, on disk,
// looked at, stored, marked. What HTTP and TLS cost is measured by TestLoad.
func BenchmarkIntakeWithRules(b *testing.B) {
	ctx := context.Background()
	cfg, mistakes := config.Load("", []string{"YAGURA_DATA=" + b.TempDir()})
	for _, m := range mistakes {
		b.Fatal(m)
	}
	a, err := Open(ctx, cfg, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	if err := a.DB.Change(ctx, func(tx *store.Tx) error {
		usual := org.Usual()
		if err := a.Org.Seed(tx, player, org.Founding{Calendars: []org.Calendar{usual}, Units: []org.Unit{
			{ID: "group", Kind: org.Group, Name: "Group", Region: "world"},
			{ID: "world", Kind: org.Region, Name: "World", Parent: "group", Lang: "en", Zone: "UTC", Calendar: usual.ID},
		}}); err != nil {
			return err
		}
		return a.Telemetry.AddIn(tx, player, telemetry.Source{ID: "sensors", Name: "Sensors", Kind: "windows", Unit: "group", Product: "windows"})
	}); err != nil {
		b.Fatal(err)
	}
	if err := a.Telemetry.Start(ctx); err != nil {
		b.Fatal(err)
	}
	src := &telemetry.Source{ID: "sensors", Unit: "group", Kind: "windows", Product: "windows"}
	const batch = 500
	line := func(buf *bytes.Buffer, n int) {
		i := n % 5000
		fmt.Fprintf(buf, `{"@timestamp":"%s","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":%d,"Computer":"ws-%04d.corp.example","User":"CORP\\u%03d","Image":"C:\\Program Files\\Vendor\\App%d\\app.exe","CommandLine":"\"C:\\Program Files\\Vendor\\App%d\\app.exe\" --profile %d --quiet","ParentImage":"C:\\Windows\\explorer.exe","ProcessId":%d,"DestinationIp":"10.%d.%d.7","n":%d}`+"\n",
			time.Now().UTC().Format(time.RFC3339), []int{1, 3, 11, 3, 10}[i%5], i%997, i%311, i%17, i%17, i%97, 1000+i, i%200, i%250, n)
	}
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		var buf bytes.Buffer
		for i := range batch {
			line(&buf, n+i)
		}
		events, err := telemetry.Events(buf.Bytes(), time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err = a.Telemetry.Submit(ctx, src, events, ""); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for a.Telemetry.Waiting() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	if err := a.Telemetry.Close(); err != nil {
		b.Fatal(err)
	}
}

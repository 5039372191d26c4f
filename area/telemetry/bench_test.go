package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"yagura/kernel/store/storetest"
)

// BenchmarkDurableIntake measures events from the request to the event store on
// SQLite: parsed, journaled with a commit on disk, acknowledged, worked on,
// stored, marked. Detection finds nothing here; what it costs is its own
// benchmark. Eight senders post 500 events of 500 bytes at a time.
func BenchmarkDurableIntake(b *testing.B) {
	db, clk := storetest.SQLite(b, sets...)
	w := newWorld(b, db, clk)
	w.Service.detector = blind{}
	token := w.token("win-3")
	w.start()
	var body bytes.Buffer
	for n := range 500 {
		fmt.Fprintf(&body, `{"@timestamp":"2026-11-23T08:59:%02d.%03dZ","EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"pc-%04d.corp.example","User":"CORP\\user%d","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c dir C:\\Users\\user%d\\Documents\\report-%d.docx","ParentImage":"C:\\Windows\\explorer.exe","ProcessId":%d,"Hashes":"SHA256=%064x"}`+"\n",
			n/9%60, n, n*7%300, n*13%200, n*13%200, n, 1000+n*3, n*2654435761)
	}
	b.ResetTimer()
	elapsed := time.Now()
	var wg sync.WaitGroup
	posts := make(chan int)
	for range 8 {
		wg.Go(func() {
			for range posts {
				for {
					_, err := w.Receive(context.Background(), Delivery{Token: token, Body: strings.NewReader(body.String())})
					if err == nil {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	for n := range b.N {
		posts <- n
	}
	close(posts)
	wg.Wait()
	acknowledged := time.Since(elapsed)
	if err := w.Drain(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(500*b.N)/time.Since(elapsed).Seconds(), "events/s")
	b.ReportMetric(float64(500*b.N)/acknowledged.Seconds(), "acknowledged/s")
	size, err := w.store.Size(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if size.Events != int64(500*b.N) {
		b.Fatalf("%d events stored of %d", size.Events, 500*b.N)
	}
	b.ReportMetric(float64(size.Bytes)/float64(size.Events), "bytes/event")
}

// BenchmarkSearch measures one question over 200,000 stored events.
func BenchmarkSearch(b *testing.B) {
	db, clk := storetest.SQLite(b, sets...)
	w := newWorld(b, db, clk)
	w.Service.detector = blind{}
	token := w.token("win-3")
	w.start()
	for k := range 20 {
		var body bytes.Buffer
		for n := range 10_000 {
			body.WriteString(line(k*10_000+n) + "\n")
		}
		if _, err := w.send(token, body.String()); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Drain(context.Background()); err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]Query{
		"everything": {}, "word": {Text: `"echo 77777"`}, "field": {Text: `n:="77777"`}, "not": {Text: `!Computer:="PC-1"`},
	} {
		q.From, q.To = clk.Now().Add(-24*time.Hour), clk.Now()
		b.Run(name, func(b *testing.B) {
			began := time.Now()
			for range b.N {
				if _, err := w.Search(context.Background(), w.actor("ana"), "", q, SurveyOptions{Buckets: 60, Sample: 5000}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(200_000*float64(b.N)/time.Since(began).Seconds(), "events/s")
		})
	}
}

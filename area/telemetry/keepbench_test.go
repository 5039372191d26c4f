package telemetry

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/child"
	"yagura/kernel/authz"
	"yagura/kernel/id"
)

// BenchmarkEventStore stores YAGURA_BENCH_EVENTS events (10 million where
// nothing is said) of a day and measures what questions take. Run it with
// -benchtime 1x -run xxx. In the folder YAGURA_BENCH_FOLDER they stay, and are
// asked again the next time.
func BenchmarkEventStore(b *testing.B) {
	total := 10_000_000
	if v, err := strconv.Atoi(os.Getenv("YAGURA_BENCH_EVENTS")); err == nil {
		total = v
	}
	folder := os.Getenv("YAGURA_BENCH_FOLDER")
	if folder == "" {
		folder = b.TempDir()
	}
	c, err := child.Open(context.Background(), child.Options{Folder: filepath.Join(folder, "events"), Keep: 4000 * 24 * time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	node, err := victoria.Open(victoria.Options{Access: c.Access})
	if err != nil {
		b.Fatal(err)
	}
	s := NewVictoria(node)
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	there, err := s.Size(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if there.Events > 0 {
		start = there.Oldest.Truncate(24 * time.Hour)
	}
	step := 24 * time.Hour / time.Duration(total)
	began, cpu := time.Now(), spent(c.Process().Pid)
	work := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for from := range work {
				var batches []Batch
				for k := range 16 {
					bt := Batch{ID: id.New(), Source: fmt.Sprintf("src-%d", (from/8000+k)%20), Unit: "works3", Received: time.Now()}
					for n := range 500 {
						i := from + k*500 + n
						at := start.Add(step * time.Duration(i)).Truncate(time.Millisecond)
						cmd := "svchost.exe -k netsvcs"
						if i%1000 == 7 {
							cmd = "cmd.exe /c whoami /all"
						}
						if i%1_000_000 == 11 {
							cmd = "certutil.exe -urlcache -f payload"
						}
						bt.Events = append(bt.Events, Event{Batch: bt.ID, Ordinal: n, Source: bt.Source, Unit: bt.Unit, Received: bt.Received, Time: at, Kind: "windows", Host: fmt.Sprintf("pc-%d", i%30000),
							Doc: fmt.Appendf(nil, `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-%d","User":"CORP\\user%d","Image":"C:\\Windows\\System32\\svchost.exe","CommandLine":"%s","ProcessId":%d,"SourceIp":"10.%d.%d.%d","Hashes":"SHA256=%032x"}`,
								i%30000, i%100000, cmd, i%65000, i%7, i%251, i%253, i*2654435761)})
					}
					batches = append(batches, bt)
				}
				if err := s.Append(context.Background(), batches); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for from := int(there.Events); from < total; from += 8000 {
		work <- from
	}
	close(work)
	wg.Wait()
	if err := s.findable(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d events stored in %s, %.0f a second; the store spent %s of CPU", total, time.Since(began).Round(time.Second), float64(total)/time.Since(began).Seconds(), spent(c.Process().Pid)-cpu)
	z, err := s.Size(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d events take %.0f bytes each on disk", z.Events, float64(z.Bytes)/float64(z.Events))
	day := Query{Scope: authz.Everything(), From: start, To: start.Add(24 * time.Hour), Budget: time.Minute}
	rows := func(text string) func() int {
		return func() int {
			q := day
			q.Text = text
			n := 0
			for _, err := range s.Rows(context.Background(), q, 1000, nil) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			return n
		}
	}
	survey := func(q Query, o SurveyOptions) func() int {
		return func() int {
			v, err := s.Survey(context.Background(), q, o)
			if err != nil {
				b.Fatal(err)
			}
			return int(v.Total)
		}
	}
	is := day
	is.Text = `User:~"(?i)^corp\\\\USER4711$"`
	word := day
	word.Text = `i(whoami)`
	explore := SurveyOptions{Buckets: 60, Sample: 5000, Values: 6}
	for _, x := range []struct {
		name string
		do   func() int
	}{
		{"exact field", rows(`User:="CORP\\user4711"`)},
		{"phrase and top 10", rows(`"cmd.exe /c whoami" | top 10 by (SourceIp)`)},
		{"the same in the line", rows(`_msg:~"cmd\\.exe /c whoami" | top 10 by (SourceIp)`)},
		{"rare phrase and top 10", rows(`"certutil.exe -urlcache" | top 10 by (SourceIp)`)},
		{"word, any case", rows(`i(WHOAMI) | stats count() n`)},
		{"phrase in a field, top", rows(`CommandLine:"cmd.exe /c whoami" | top 10 by (SourceIp)`)},
		{"field of Sigma", rows(`CommandLine:whoami | stats count() n`)},
		{"count of all", rows(`* | stats count() n`)},
		{"condition, any case", survey(is, SurveyOptions{})},
		{"word, any case", survey(word, SurveyOptions{})},
		{"explorer, all events", survey(day, explore)},
	} {
		var took []time.Duration
		n, used := 0, spent(c.Process().Pid)
		for range 7 {
			t := time.Now()
			n = x.do()
			took = append(took, time.Since(t))
		}
		slices.Sort(took)
		b.Logf("%-22s p50 %4d ms, CPU %4d ms (%d rows or hits)", x.name, took[len(took)/2].Milliseconds(), (spent(c.Process().Pid)-used).Milliseconds()/7, n)
	}
	one := func(n int) time.Duration { // of all that there is
		q := day
		q.Text = fmt.Sprintf(`ProcessId:=%d`, n*641%65000)
		q.From, q.To, q.Limit = start.Add(time.Duration(n)*28*time.Minute), start.Add(time.Duration(n+1)*28*time.Minute), 1
		at := ""
		for e, err := range s.Query(context.Background(), q, nil) {
			if err != nil {
				b.Fatal(err)
			}
			at = e.ID()
		}
		t := time.Now()
		if e, err := s.Find(context.Background(), authz.Everything(), at); err != nil || e.ID() != at {
			b.Fatal(at, err)
		}
		return time.Since(t)
	}
	var took []time.Duration
	for n := range 50 {
		took = append(took, one(n))
	}
	slices.Sort(took)
	b.Logf("one event by its id        p50 %4d ms, at most %d ms", took[25].Milliseconds(), took[49].Milliseconds())
	for range 3 {
		q := day
		q.Limit, q.MaxScan = min(1_000_000, total), 1<<40
		t, ours, theirs := time.Now(), spent(os.Getpid()), spent(c.Process().Pid)
		n, size := 0, 0
		for e, err := range s.Query(context.Background(), q, nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
			size += len(e.Doc)
		}
		b.Logf("%d events with their documents (%d MB) read in %s; CPU: %s here, %s in the store", n, size>>20, time.Since(t).Round(time.Millisecond), spent(os.Getpid())-ours, spent(c.Process().Pid)-theirs)
	}
}

// spent is how much CPU time a process has used.
func spent(pid int) time.Duration {
	if pid == os.Getpid() {
		var u syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Round(10 * time.Millisecond)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	var f [52]string
	fmt.Sscan(string(b[slices.Index(b, ')')+2:]), &f[0], &f[1], &f[2], &f[3], &f[4], &f[5], &f[6], &f[7], &f[8], &f[9], &f[10], &f[11], &f[12])
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

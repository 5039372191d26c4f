package detect

import (
	"context"
	"testing"
	"time"

	"yagura/kernel/store/storetest"
)

// How long it takes to say why a rule did not fire on a stored event, and how
// many events a second a backtest looks at once the store has handed them over.
func BenchmarkWhyNot(b *testing.B) {
	db, clk := storetest.SQLite(b, migrations...)
	w := open(b, db, clk, Options{Archive: &shelf{events: []Event{lsass("b", 0, "himeji", "PC", `C:\Temp\x.exe`, clk.Now())}}})
	ana := w.actor("ana")
	for b.Loop() {
		if _, err := w.s.WhyNot(context.Background(), ana, lsassRule, "b.0"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBacktestMatching(b *testing.B) {
	db, clk := storetest.SQLite(b, migrations...)
	a := &shelf{}
	now := clk.Now()
	for i := range 100_000 {
		image := `C:\Windows\explorer.exe`
		if i%1000 == 0 {
			image = `C:\Music\a.exe`
		}
		e := music("m", i, "himeji", now.Add(-time.Duration(i)*time.Second))
		e.Doc = []byte(`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"` + escape(image) + `","CommandLine":"x","User":"kei","Computer":"PC-1","ParentImage":"C:\\Windows\\System32\\svchost.exe"}`)
		a.events = append(a.events, e)
	}
	w := open(b, db, clk, Options{Archive: a})
	ana := w.actor("ana")
	for b.Loop() {
		r, err := w.s.TryNow(context.Background(), ana, BacktestRequest{Text: ownText, From: now.AddDate(0, 0, -30), To: now.Add(time.Hour)}, nil)
		if err != nil || r.Events != 100_000 {
			b.Fatal(r.Events, err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func escape(s string) string {
	out := ""
	for _, r := range s {
		if r == '\\' {
			out += `\`
		}
		out += string(r)
	}
	return out
}

// Command bench measures the detection engine beside the two Sigma libraries
// for Go that there are, on the same rules, events and routing, in one run:
//
//	go run -C bench . -data ../../shared/data/sigma
//
// The data are the folders rules*, tests/thor.yml and events/ of the reference
// material. Yagura is measured as the whole process "yagura detect scan",
// reading JSON from a file and writing findings included. The others are given
// events that are decoded already and only the rules whose log source fits, so
// that what is compared is in their favour. Time is processor time (user and
// system), so that other work on the machine matters little.
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"yagura/area/detect/sigma"
)

func main() {
	data := flag.String("data", "../../shared/data/sigma", "folder of the reference data")
	root := flag.String("root", "..", "folder of Yagura's sources")
	limit := flag.Duration("limit", 60*time.Second, "processor time for each rival and set of events")
	only := flag.String("only", "", "measure of the rivals those with this in their name; none: none")
	flag.Parse()
	if err := run(*data, *root, *limit, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// workload is one set of events with what must be found in it.
type workload struct {
	name    string
	file    string
	repeats int // for Yagura, so that reading rules does not decide
	lines   [][]byte
	truth   map[finding]bool
}

type finding struct {
	line int
	rule string
}

var folders = []string{"rules", "rules-emerging-threats", "rules-threat-hunting"}

func run(data, root string, limit time.Duration, only string) error {
	rules, mapping, err := load(data)
	if err != nil {
		return err
	}
	loads := []*workload{
		{name: "mix", file: "mix", repeats: 10},
		{name: "process creations", file: "process-creation", repeats: 50},
	}
	for _, w := range loads {
		if err := w.read(data); err != nil {
			return err
		}
	}
	fmt.Println(machine())
	fmt.Printf("%d rules of product windows in %s; routed by tests/thor.yml\n", len(rules), strings.Join(folders, ", "))
	for _, w := range loads {
		size := 0
		for _, l := range w.lines {
			size += len(l)
		}
		fmt.Printf("%s: %d events, %d bytes each on average, %d matches are true\n", w.name, len(w.lines), size/len(w.lines), len(w.truth))
	}
	fmt.Println()
	fmt.Printf("%-34s %-18s %9s %11s %9s %7s %7s\n", "engine", "events", "loaded", "events/s", "missed", "extra", "memory")
	own := map[string]float64{}
	y, err := newYagura(data, root, rules)
	if err != nil {
		return err
	}
	defer os.RemoveAll(y.dir)
	for _, w := range loads {
		r, err := y.measure(w)
		if err != nil {
			return err
		}
		own[w.name] = r.rate
		r.print("yagura detect scan (from JSON)", w)
		fmt.Printf("%-34s %.2f s of processor time for %d events, %.2f s of it before the first; with it %.0f events/s\n", "", r.all.Seconds(), r.events, y.load.Seconds(), float64(r.events)/r.all.Seconds())
	}
	if only == "none" {
		return nil
	}
	route := newRoutes(rules, mapping)
	var ratios []string
	for _, rival := range []func(string, []*sigma.Rule) (rival, error){newSigmaGo, newSigmaGoBundle, newGoSigma} {
		for _, w := range loads {
			e, err := rival(data, rules) // each set of events meets a fresh engine
			if err != nil {
				return err
			}
			if !strings.Contains(e.name(), only) {
				continue
			}
			r := measure(e, route, w, limit)
			r.print(e.name(), w)
			ratios = append(ratios, fmt.Sprintf("%-34s %-18s yagura is %.0f times as fast", e.name(), w.name, own[w.name]/r.rate))
			runtime.GC()
		}
	}
	fmt.Println()
	fmt.Println(strings.Join(ratios, "\n"))
	return nil
}

// load reads the rules for Windows and the official mapping.
func load(data string) ([]*sigma.Rule, *sigma.Mapping, error) {
	var rules []*sigma.Rule
	for _, f := range folders {
		set, err := sigma.ParseDir(filepath.Join(data, f))
		if err != nil {
			return nil, nil, err
		}
		for _, r := range set.Rules {
			if r.LogSource.Product == "windows" {
				rules = append(rules, r)
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(data, "tests", "thor.yml"))
	if err != nil {
		return nil, nil, err
	}
	m, err := sigma.ParseMapping(raw)
	return rules, m, err
}

func (w *workload) read(data string) error {
	f, err := os.Open(filepath.Join(data, "events", w.file+".ndjson.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(all)) {
		w.lines = append(w.lines, []byte(strings.TrimSpace(line)))
	}
	raw, err := os.ReadFile(filepath.Join(data, "events", w.file+".truth.tsv"))
	if err != nil {
		return err
	}
	w.truth = map[finding]bool{}
	for line := range strings.Lines(string(raw)) {
		var k finding
		if _, err := fmt.Sscanf(line, "%d\t%s", &k.line, &k.rule); err != nil {
			return fmt.Errorf("%s.truth.tsv: %q: %w", w.file, line, err)
		}
		w.truth[k] = true
	}
	return nil
}

// result is what was measured of one engine on one set of events.
type result struct {
	loaded        int
	rate          float64 // events for each second of processor time
	events        int
	all           time.Duration
	missed, extra int
	memory        int64 // KiB at most
}

func (r result) print(name string, w *workload) {
	memory := ""
	if r.memory > 0 {
		memory = fmt.Sprintf("%d MB", r.memory>>10)
	}
	fmt.Printf("%-34s %-18s %9d %11.0f %9d %7d %7s\n", name, w.name, r.loaded, r.rate, r.missed, r.extra, memory)
}

// compare counts what was missed and what was found beyond the truth, among the
// lines that were looked at.
func (r *result) compare(w *workload, found map[finding]bool, looked func(int) bool) {
	for k := range w.truth {
		if looked(k.line) && !found[k] {
			r.missed++
		}
	}
	for k := range found {
		if !w.truth[k] {
			r.extra++
		}
	}
}

// used is the processor time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func machine() string {
	cpu := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				cpu = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s/%s, %d cores of %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpu, runtime.Version())
}

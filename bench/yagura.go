package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"yagura/area/detect/sigma"
)

// yagura is the program built from the sources beside this folder.
type yagura struct {
	dir, program, data string
	load               time.Duration // to read and compile the rules
	rules              map[string]bool
}

func newYagura(data, root string, rules []*sigma.Rule) (*yagura, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	y := &yagura{dir: dir, program: filepath.Join(dir, "yagura"), data: data, rules: map[string]bool{}}
	e, _ := sigma.Compile(rules, nil, sigma.Options{})
	for _, r := range e.Rules() {
		y.rules[r.ID] = true
	}
	build := exec.Command("go", "build", "-o", y.program, "./cmd/yagura")
	build.Dir, build.Stderr = root, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building yagura: %w", err)
	}
	empty := filepath.Join(dir, "empty.ndjson")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return nil, err
	}
	for range 3 { // the first run reads the disk
		_, u, err := y.scan(empty)
		if err != nil {
			return nil, err
		}
		if y.load == 0 || u.all < y.load {
			y.load = u.all
		}
	}
	return y, nil
}

type usage struct {
	all    time.Duration
	memory int64
}

func (y *yagura) scan(file string) ([]byte, usage, error) {
	args := []string{"detect", "scan", "--workers", "1", "--logsources", filepath.Join(y.data, "tests", "thor.yml")}
	for _, f := range folders {
		args = append(args, "--rules", filepath.Join(y.data, f))
	}
	c := exec.Command(y.program, append(args, file)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		return nil, usage{}, err
	}
	done := make(chan int64)
	go func() { done <- most(c.Process.Pid) }()
	err := c.Wait()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // 1: something was found
		return nil, usage{}, fmt.Errorf("yagura detect scan: %w: %s", err, errs.String())
	}
	return out.Bytes(), usage{c.ProcessState.UserTime() + c.ProcessState.SystemTime(), <-done}, nil
}

// most is the largest memory of a process in KiB, looked at until it ends. What
// the system says of an ended one counts the memory of this process too.
func most(pid int) int64 {
	kib := int64(0)
	for {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return kib
		}
		_, rest, ok := strings.Cut(string(raw), "VmHWM:")
		if !ok {
			return kib
		}
		var now int64
		if _, err := fmt.Sscan(rest, &now); err == nil {
			kib = max(kib, now)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// measure scans the events, repeated, and compares what is found in the first
// round.
func (y *yagura) measure(w *workload) (result, error) {
	file := filepath.Join(y.dir, w.file+".ndjson")
	once := append(bytes.Join(w.lines, []byte("\n")), '\n')
	if err := os.WriteFile(file, bytes.Repeat(once, w.repeats), 0o600); err != nil {
		return result{}, err
	}
	defer os.Remove(file)
	r := result{loaded: len(y.rules), events: w.repeats * len(w.lines)}
	for range 3 { // the best of three
		out, u, err := y.scan(file)
		if err != nil {
			return result{}, err
		}
		if r.all > 0 && u.all >= r.all {
			continue
		}
		r.all, r.memory = u.all, u.memory
		r.missed, r.extra = 0, 0
		found := map[finding]bool{}
		for line := range strings.Lines(string(out)) {
			var f struct {
				Line int    `json:"line"`
				Rule string `json:"rule_id"`
			}
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				return result{}, err
			}
			if f.Line < len(w.lines) && y.rules[f.Rule] {
				found[finding{f.Line, f.Rule}] = true
			}
		}
		r.compare(w, found, func(int) bool { return true })
	}
	r.rate = float64(r.events) / (r.all - y.load).Seconds()
	return r, nil
}

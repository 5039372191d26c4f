package csaf

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const shared = "../../../../shared/data/csaf"

func need(t testing.TB, path string) string {
	t.Helper()
	path = filepath.Join(shared, path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here", path)
	}
	return path
}

type suiteCase struct {
	Name  string
	Valid bool
}

type suiteTest struct {
	ID              string
	Group           string
	Failures, Valid []suiteCase
}

// suiteNow is after every date in the suite but those far ahead.
var suiteNow = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// answers is the network of the suite's documents: one page is not there.
func answers(url string) (int, error) {
	if strings.HasSuffix(url, "/not-available") {
		return 404, nil
	}
	return 200, nil
}

// suite runs the cases of a version and compares per test and overall. misses are
// the documents that are known to be judged otherwise, with the reason in
// docs/psirt.md.
func suite(t *testing.T, v Version, misses map[string]bool) {
	dir := need(t, string(v)+"/suite")
	data, err := os.ReadFile(filepath.Join(dir, "testcases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Tests []suiteTest }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	type count struct{ right, total, overall int }
	var (
		mu     sync.Mutex
		counts = map[string]*count{}
		wg     sync.WaitGroup
		gate   = make(chan bool, 4)
	)
	one := func(test suiteTest, c suiteCase, passes bool) {
		data, err := os.ReadFile(filepath.Join(dir, c.Name))
		if err != nil {
			t.Error(err)
			return
		}
		d, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			return
		}
		before := string(d.Encode())
		report := d.Validate(Options{Level: Full, Now: suiteNow, Fetch: answers})
		if string(d.Encode()) != before {
			t.Errorf("%s was changed by the tests", c.Name)
		}
		mu.Lock()
		defer mu.Unlock()
		n := counts[test.Group]
		if n == nil {
			n = &count{}
			counts[test.Group] = n
		}
		n.total++
		base := filepath.Base(c.Name)
		for _, r := range report.Results {
			if r.Test.ID == test.ID {
				if r.OK == passes {
					n.right++
				} else if !misses[base] {
					t.Errorf("%s: test %s passes %v, want %v: %v", base, test.ID, r.OK, passes, r.Errors)
				}
			}
		}
		if _, ok := Find(v, test.ID); !ok {
			t.Errorf("there is no test %s", test.ID)
		}
		if report.Valid() == c.Valid {
			n.overall++
		} else if !misses[base] {
			t.Errorf("%s: valid %v, want %v: schema %v", base, report.Valid(), c.Valid, report.Schema)
			for _, r := range report.Results {
				if r.Test.Group == Mandatory && !r.OK {
					t.Logf("\t%s %v", r.Test.ID, r.Errors)
				}
			}
		}
	}
	for _, test := range all.Tests {
		for i, c := range append(test.Failures, test.Valid...) {
			wg.Add(1)
			go func() {
				gate <- true
				defer func() { <-gate; wg.Done() }()
				one(test, c, i >= len(test.Failures))
			}()
		}
	}
	wg.Wait()
	for group, n := range counts {
		t.Logf("%s %s: %d of %d per test, %d of %d overall", v, group, n.right, n.total, n.overall, n.total)
	}
}

// contradictory are documents that the suite's list calls valid although they break a
// mandatory test or the schema; docs/psirt.md has the reason for each.
var contradictory = map[string]bool{
	"oasis_csaf_tc-csaf_2_0-2021-6-2-08-02.json": true, "oasis_csaf_tc-csaf_2_0-2021-6-2-09-02.json": true,

	"oasis_csaf_tc-csaf_2_1-2024-6-1-50-14.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-1-50-15.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-2-08-02.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-2-09-02.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-2-20-02.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-2-21-02.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-2-39-02-01.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-2-39-03-01.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-2-42-02.json": true,

	// These use extensions whose schemas are not here.
	"oasis_csaf_tc-csaf_2_1-2024-6-1-60-02-01.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-1-60-02-02.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-1-60-03-01.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-1-60-03-02.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-2-54-03-01.json": true, "oasis_csaf_tc-csaf_2_1-2024-6-3-21-01-02.json": true,
	"oasis_csaf_tc-csaf_2_1-2024-6-3-21-01-12.json": true,
}

func TestSuite20(t *testing.T) { suite(t, V20, contradictory) }

func TestSuite21(t *testing.T) { suite(t, V21, contradictory) }

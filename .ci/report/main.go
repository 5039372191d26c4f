// Command report reads `go test -json` and prints it for people: the line of
// each package, the output of each test that failed, and at the end how many
// tests ran and which were skipped, with the reasons. It exits 1 where
// anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
}

func main() {
	output := map[string][]string{} // of tests, until they end
	skipped := map[string]string{}
	counts := map[string]int{}
	broken := false
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Print(line) // of the compiler
				continue
			}
			key := e.Package + " " + e.Test
			switch e.Action {
			case "output", "build-output":
				if e.Test != "" {
					output[key] = append(output[key], e.Output)
				} else {
					fmt.Print(e.Output)
				}
			case "build-fail":
				broken = true
			case "pass", "fail", "skip":
				if e.Action == "fail" {
					broken = true
				}
				if e.Test == "" {
					continue
				}
				counts[e.Action]++
				if e.Action == "fail" {
					fmt.Print(strings.Join(output[key], ""))
				}
				if e.Action == "skip" {
					skipped[key] = reason(output[key])
				}
				delete(output, key)
			}
		}
		if err != nil {
			break
		}
	}
	for key, said := range output { // a test that was cut off, by a panic or a time limit
		if len(said) > 0 && broken {
			fmt.Printf("%s did not end:\n%s", key, strings.Join(said[max(0, len(said)-40):], ""))
		}
	}
	fmt.Printf("%d tests passed, %d failed, %d skipped\n", counts["pass"], counts["fail"], counts["skip"])
	var keys []string
	for key := range skipped {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Printf("skipped: %s: %s\n", key, skipped[key])
		if skipped[key] == "" {
			fmt.Println("  a skipped test says why")
			broken = true
		}
	}
	if broken || counts["pass"] == 0 {
		os.Exit(1)
	}
}

// reason is what a test said when it was skipped.
func reason(said []string) string {
	var words []string
	for _, s := range said {
		s = strings.TrimSpace(s)
		if s != "" && !strings.HasPrefix(s, "===") && !strings.HasPrefix(s, "---") {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}

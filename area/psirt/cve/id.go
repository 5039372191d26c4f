package cve

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ID is a CVE ID, such as CVE-2026-01234. Its number is text: it has four to
// nineteen digits, more than an int64 holds.
type ID string

var idPattern = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// ParseID checks the form of an ID.
func ParseID(s string) (ID, error) {
	if !idPattern.MatchString(s) {
		return "", fmt.Errorf("cve: %q is no CVE ID: CVE, a year of four digits and a number of 4 to 19 digits are expected, joined by hyphens", s)
	}
	return ID(s), nil
}

// RehearsalYear is the year of IDs for examples and tests (CNA Rules 5.4).
const RehearsalYear = 1900

// Year is the year part of a valid ID.
func (id ID) Year() int {
	if len(id) < 8 {
		return 0
	}
	y, _ := strconv.Atoi(string(id[4:8]))
	return y
}

// Rehearsal tells whether the ID is for tests and must never reach the public
// (CNA Rules 5.4.2).
func (id ID) Rehearsal() bool { return id.Year() == RehearsalYear }

// Compare orders IDs by year and number.
func (id ID) Compare(o ID) int {
	number := func(id ID) string {
		_, n, _ := strings.Cut(strings.TrimPrefix(string(id), "CVE-"), "-")
		return strings.TrimLeft(n, "0")
	}
	a, b := number(id), number(o)
	return cmp.Or(cmp.Compare(id.Year(), o.Year()), cmp.Compare(len(a), len(b)), strings.Compare(a, b), strings.Compare(string(id), string(o)))
}

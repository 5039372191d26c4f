package ssvc

import (
	"fmt"
	"slices"
	"strings"

	"yagura/area/psirt/cvss"
)

// The namespace cvss has a decision point for each metric of every version of CVSS,
// numbered by its own changes. Their values are those of the metrics.
var cvssVersions = map[string]string{
	"AC": "1.0.0 2.0.0 3.0.0 3.0.1", "AV": "1.0.0 2.0.0 3.0.0 3.0.1", "AT": "1.0.0", "Au": "1.0.0 2.0.0", "AU": "1.0.0",
	"A": "1.0.0 2.0.0 2.0.1", "C": "1.0.0 2.0.0 2.0.1", "I": "1.0.0 2.0.0 2.0.1", "VA": "3.0.0", "VC": "3.0.0", "VI": "3.0.0",
	"SA": "1.0.0", "SC": "1.0.0", "SI": "1.0.0", "AR": "1.0.0 1.1.0 1.1.1", "CR": "1.0.0 1.1.0 1.1.1", "IR": "1.0.0 1.0.1 1.1.0 1.1.1",
	"CDP": "1.0.0 2.0.0", "E": "1.0.0 1.1.0 1.2.0 2.0.0", "IB": "1.0.0", "MAC": "3.0.0 3.0.1", "MAV": "3.0.0 3.0.1", "MAT": "1.0.0",
	"MA": "2.0.0 2.0.1", "MC": "2.0.0 2.0.1", "MI": "2.0.0 2.0.1", "MVA": "3.0.0", "MVC": "3.0.0", "MVI": "3.0.0",
	"MSA": "1.0.0 1.0.1", "MSC": "1.0.0 1.0.1", "MSI": "1.0.0 1.0.1", "MPR": "1.0.0 1.0.1", "MS": "1.0.0", "MUI": "1.0.0 2.0.0",
	"PR": "1.0.0 1.0.1", "U": "1.0.0", "R": "1.0.0", "RL": "1.0.0 1.1.0", "RC": "1.0.0 1.1.0 2.0.0", "SF": "1.0.0", "S": "1.0.0",
	"TD": "1.0.0 1.1.0", "UI": "1.0.0 2.0.0", "V": "1.0.0", "RE": "1.0.0", "CVSS": "1.0.0",
	"EQ1": "1.0.0", "EQ2": "1.0.0", "EQ3": "1.0.0", "EQ4": "1.0.0", "EQ5": "1.0.0", "EQ6": "1.0.0",
}

// checkCVSS knows which points there are and which values a metric has in any
// version; the order of values is not checked.
func (s Selection) checkCVSS() string {
	versions, ok := cvssVersions[s.Key]
	if !ok {
		key, _, _ := strings.Cut(s.Key, "_") // variants without "not defined"
		if versions, ok = cvssVersions[key]; !ok {
			return fmt.Sprintf("there is no decision point %s", s.Key)
		}
	}
	if !slices.Contains(strings.Fields(versions), s.Version) {
		return fmt.Sprintf("%s has no version %s", s.Key, s.Version)
	}
	known := map[string]bool{}
	for _, v := range []cvss.Version{cvss.V2, cvss.V30, cvss.V31, cvss.V4} {
		for _, m := range cvss.Metrics(v) {
			if m.Key == s.Key {
				for _, value := range m.Values {
					known[value.Key] = true
				}
			}
		}
	}
	if len(known) == 0 {
		return ""
	}
	switch s.Key { // two that SSVC writes otherwise
	case "E":
		known["POC"] = true
	case "U":
		known = map[string]bool{"X": true, "R": true, "A": true, "G": true, "C": true}
	}
	for _, v := range s.Values {
		if !known[v.Key] {
			return fmt.Sprintf("%s %s has no value %s", s.Key, s.Version, v.Key)
		}
	}
	return ""
}

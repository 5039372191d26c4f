package cve

import (
	"math/big"
	"slices"
	"strings"

	"yagura/area/psirt/cvss"
	"yagura/kernel/text"
)

// metrics are scores of one or several scenarios, by CVSS or another scheme.
var metrics = array(1, 0, true, object{fields: fields{
	"format":    length(1, 64),
	"scenarios": array(1, 0, true, object{needs: "lang value", fields: fields{"lang": lang, "value": length(1, 4096)}}.rule),
	"cvssV4_0":  scored(cvss.V4), "cvssV3_1": scored(cvss.V31), "cvssV3_0": scored(cvss.V30), "cvssV2_0": scored(cvss.V2),
	"other": object{needs: "type content", fields: fields{"type": length(1, 128), "content": func(f *form, n *Node, path string) {
		if is(f, n, path, Object) && len(n.Members) == 0 {
			f.wrong(path, text.M("is empty"))
		}
	}}}.rule,
}, also: func(f *form, n *Node, path string) {
	if !slices.ContainsFunc(scoreFields, func(name string) bool { return n.Get(name) != nil }) && n.Get("other") == nil {
		f.wrong(path, text.M("holds none of: %s", strings.Join(scoreFields, ", ")+", other"))
	}
}}.rule)

// scoreFields are the members of a metric that hold a CVSS score, newest first.
var scoreFields = []string{"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"}

func scoreField(v cvss.Version) string { return "cvssV" + strings.ReplaceAll(string(v), ".", "_") }

// spelled is a metric in the JSON form of CVSS: its name there, its key in a
// vector, and for each value its letters in a vector and its word.
type spelled struct{ name, key, values string }

const undefined = " X:NOT_DEFINED"

var (
	ratings  = []string{"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"}
	require3 = "L:LOW M:MEDIUM H:HIGH" + undefined
	require2 = "L:LOW M:MEDIUM H:HIGH ND:NOT_DEFINED"
	hln      = "N:NONE L:LOW H:HIGH"
	reach3   = "N:NETWORK A:ADJACENT_NETWORK L:LOCAL P:PHYSICAL"
	reach4   = "N:NETWORK A:ADJACENT L:LOCAL P:PHYSICAL"
	partial  = "N:NONE P:PARTIAL C:COMPLETE"
	spelled4 = []spelled{
		{"attackVector", "AV", reach4}, {"attackComplexity", "AC", "L:LOW H:HIGH"}, {"attackRequirements", "AT", "N:NONE P:PRESENT"},
		{"privilegesRequired", "PR", hln}, {"userInteraction", "UI", "N:NONE P:PASSIVE A:ACTIVE"},
		{"vulnConfidentialityImpact", "VC", hln}, {"vulnIntegrityImpact", "VI", hln}, {"vulnAvailabilityImpact", "VA", hln},
		{"subConfidentialityImpact", "SC", hln}, {"subIntegrityImpact", "SI", hln}, {"subAvailabilityImpact", "SA", hln},
		{"exploitMaturity", "E", "U:UNREPORTED P:PROOF_OF_CONCEPT A:ATTACKED" + undefined},
		{"confidentialityRequirement", "CR", require3}, {"integrityRequirement", "IR", require3}, {"availabilityRequirement", "AR", require3},
		{"modifiedAttackVector", "MAV", reach4 + undefined}, {"modifiedAttackComplexity", "MAC", "L:LOW H:HIGH" + undefined},
		{"modifiedAttackRequirements", "MAT", "N:NONE P:PRESENT" + undefined}, {"modifiedPrivilegesRequired", "MPR", hln + undefined},
		{"modifiedUserInteraction", "MUI", "N:NONE P:PASSIVE A:ACTIVE" + undefined},
		{"modifiedVulnConfidentialityImpact", "MVC", hln + undefined}, {"modifiedVulnIntegrityImpact", "MVI", hln + undefined},
		{"modifiedVulnAvailabilityImpact", "MVA", hln + undefined}, {"modifiedSubConfidentialityImpact", "MSC", hln + undefined},
		{"modifiedSubIntegrityImpact", "MSI", hln + " S:SAFETY" + undefined}, {"modifiedSubAvailabilityImpact", "MSA", hln + " S:SAFETY" + undefined},
		{"Safety", "S", "N:NEGLIGIBLE P:PRESENT" + undefined}, {"Automatable", "AU", "N:NO Y:YES" + undefined},
		{"Recovery", "R", "A:AUTOMATIC U:USER I:IRRECOVERABLE" + undefined}, {"valueDensity", "V", "D:DIFFUSE C:CONCENTRATED" + undefined},
		{"vulnerabilityResponseEffort", "RE", "L:LOW M:MODERATE H:HIGH" + undefined},
		{"providerUrgency", "U", "Clear:CLEAR Green:GREEN Amber:AMBER Red:RED" + undefined},
	}
	spelled3 = []spelled{
		{"attackVector", "AV", reach3}, {"attackComplexity", "AC", "L:LOW H:HIGH"}, {"privilegesRequired", "PR", hln},
		{"userInteraction", "UI", "N:NONE R:REQUIRED"}, {"scope", "S", "U:UNCHANGED C:CHANGED"},
		{"confidentialityImpact", "C", hln}, {"integrityImpact", "I", hln}, {"availabilityImpact", "A", hln},
		{"exploitCodeMaturity", "E", "U:UNPROVEN P:PROOF_OF_CONCEPT F:FUNCTIONAL H:HIGH" + undefined},
		{"remediationLevel", "RL", "O:OFFICIAL_FIX T:TEMPORARY_FIX W:WORKAROUND U:UNAVAILABLE" + undefined},
		{"reportConfidence", "RC", "U:UNKNOWN R:REASONABLE C:CONFIRMED" + undefined},
		{"confidentialityRequirement", "CR", require3}, {"integrityRequirement", "IR", require3}, {"availabilityRequirement", "AR", require3},
		{"modifiedAttackVector", "MAV", reach3 + undefined}, {"modifiedAttackComplexity", "MAC", "L:LOW H:HIGH" + undefined},
		{"modifiedPrivilegesRequired", "MPR", hln + undefined}, {"modifiedUserInteraction", "MUI", "N:NONE R:REQUIRED" + undefined},
		{"modifiedScope", "MS", "U:UNCHANGED C:CHANGED" + undefined}, {"modifiedConfidentialityImpact", "MC", hln + undefined},
		{"modifiedIntegrityImpact", "MI", hln + undefined}, {"modifiedAvailabilityImpact", "MA", hln + undefined},
	}
	spelled2 = []spelled{
		{"accessVector", "AV", "N:NETWORK A:ADJACENT_NETWORK L:LOCAL"}, {"accessComplexity", "AC", "H:HIGH M:MEDIUM L:LOW"},
		{"authentication", "Au", "M:MULTIPLE S:SINGLE N:NONE"}, {"confidentialityImpact", "C", partial}, {"integrityImpact", "I", partial}, {"availabilityImpact", "A", partial},
		{"exploitability", "E", "U:UNPROVEN POC:PROOF_OF_CONCEPT F:FUNCTIONAL H:HIGH ND:NOT_DEFINED"},
		{"remediationLevel", "RL", "OF:OFFICIAL_FIX TF:TEMPORARY_FIX W:WORKAROUND U:UNAVAILABLE ND:NOT_DEFINED"},
		{"reportConfidence", "RC", "UC:UNCONFIRMED UR:UNCORROBORATED C:CONFIRMED ND:NOT_DEFINED"},
		{"collateralDamagePotential", "CDP", "N:NONE L:LOW LM:LOW_MEDIUM MH:MEDIUM_HIGH H:HIGH ND:NOT_DEFINED"},
		{"targetDistribution", "TD", "N:NONE L:LOW M:MEDIUM H:HIGH ND:NOT_DEFINED"},
		{"confidentialityRequirement", "CR", require2}, {"integrityRequirement", "IR", require2}, {"availabilityRequirement", "AR", require2},
	}
)

func spelling(v cvss.Version) []spelled {
	switch v {
	case cvss.V4:
		return spelled4
	case cvss.V2:
		return spelled2
	}
	return spelled3
}

// words are the values of a metric by their letters.
func (s spelled) words() map[string]string {
	m := map[string]string{}
	for pair := range strings.FieldsSeq(s.values) {
		letter, word, _ := strings.Cut(pair, ":")
		m[letter] = word
	}
	return m
}

// scored is a score of one version of CVSS: a valid vector, a score and a rating
// that belong together, and metrics by name that agree with the vector.
func scored(v cvss.Version) rule {
	f := fields{"version": oneOf(string(v)), "vectorString": vector(v), "baseScore": tenth(v)}
	needs := "version vectorString baseScore baseSeverity"
	switch v {
	case cvss.V2:
		needs = "version vectorString baseScore"
	default:
		f["baseSeverity"] = oneOf(ratings...)
	}
	if v != cvss.V4 {
		f["temporalScore"], f["environmentalScore"] = tenth(v), tenth(v)
	}
	if v == cvss.V30 || v == cvss.V31 {
		f["temporalSeverity"], f["environmentalSeverity"] = oneOf(ratings...), oneOf(ratings...)
	}
	for _, s := range spelling(v) {
		var words []string
		for pair := range strings.FieldsSeq(s.values) {
			_, word, _ := strings.Cut(pair, ":")
			words = append(words, word)
		}
		f[s.name] = oneOf(words...)
	}
	return object{needs: needs, fields: f, also: func(f *form, n *Node, path string) {
		if score, ok := number(n.Get("baseScore")); ok && v != cvss.V2 && n.Str("baseSeverity") != "" {
			s, _ := score.Float64()
			if want := cvss.Severity(v, s); n.Str("baseSeverity") != want {
				f.wrong(member(path, "baseSeverity"), text.M("is %s, and a score of %s is %s", n.Str("baseSeverity"), score.FloatString(1), want))
			}
		}
	}}.rule
}

func vector(v cvss.Version) rule {
	return func(f *form, n *Node, path string) {
		if !is(f, n, path, String) {
			return
		}
		parsed, err := cvss.Parse(n.Text)
		if err != nil {
			f.wrong(path, text.M("is no vector: %s", strings.TrimPrefix(err.Error(), "cvss: ")))
		} else if parsed.Version() != v {
			f.wrong(path, text.M("is a vector of version %s", string(parsed.Version())))
		}
	}
}

// tenth is a score: 0 to 10 in tenths; version 2 has any number between.
func tenth(v cvss.Version) rule {
	return func(f *form, n *Node, path string) {
		if !is(f, n, path, Number) {
			return
		}
		r, ok := number(n)
		if !ok || r.Cmp(big.NewRat(10, 1)) > 0 || v != cvss.V2 && !new(big.Rat).Mul(r, big.NewRat(10, 1)).IsInt() {
			f.wrong(path, text.M("%s is no score from 0.0 to 10.0", short(n.Text)))
		}
	}
}

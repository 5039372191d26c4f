package cvss

import "math"

var (
	attack3 = []Value{{"N", "Network"}, {"A", "Adjacent"}, {"L", "Local"}, {"P", "Physical"}}
	low3    = []Value{{"L", "Low"}, {"H", "High"}}
	right3  = []Value{{"N", "None"}, {"L", "Low"}, {"H", "High"}}
	user3   = []Value{{"N", "None"}, {"R", "Required"}}
	scope3  = []Value{{"C", "Changed"}, {"U", "Unchanged"}}
	impact3 = []Value{{"H", "High"}, {"L", "Low"}, {"N", "None"}}
	wanted3 = undefined([]Value{{"H", "High"}, {"M", "Medium"}, {"L", "Low"}})

	metrics3 = []Metric{
		{"AV", "Attack Vector", Base, attack3, ""},
		{"AC", "Attack Complexity", Base, low3, ""},
		{"PR", "Privileges Required", Base, right3, ""},
		{"UI", "User Interaction", Base, user3, ""},
		{"S", "Scope", Base, scope3, ""},
		{"C", "Confidentiality", Base, impact3, ""},
		{"I", "Integrity", Base, impact3, ""},
		{"A", "Availability", Base, impact3, ""},
		{"E", "Exploit Code Maturity", Temporal, undefined([]Value{{"H", "High"}, {"F", "Functional"}, {"P", "Proof-of-Concept"}, {"U", "Unproven"}}), "X"},
		{"RL", "Remediation Level", Temporal, undefined([]Value{{"U", "Unavailable"}, {"W", "Workaround"}, {"T", "Temporary Fix"}, {"O", "Official Fix"}}), "X"},
		{"RC", "Report Confidence", Temporal, undefined([]Value{{"C", "Confirmed"}, {"R", "Reasonable"}, {"U", "Unknown"}}), "X"},
		{"CR", "Confidentiality Requirement", Environmental, wanted3, "X"},
		{"IR", "Integrity Requirement", Environmental, wanted3, "X"},
		{"AR", "Availability Requirement", Environmental, wanted3, "X"},
		{"MAV", "Modified Attack Vector", Environmental, undefined(attack3), "X"},
		{"MAC", "Modified Attack Complexity", Environmental, undefined(low3), "X"},
		{"MPR", "Modified Privileges Required", Environmental, undefined(right3), "X"},
		{"MUI", "Modified User Interaction", Environmental, undefined(user3), "X"},
		{"MS", "Modified Scope", Environmental, undefined(scope3), "X"},
		{"MC", "Modified Confidentiality", Environmental, undefined(impact3), "X"},
		{"MI", "Modified Integrity", Environmental, undefined(impact3), "X"},
		{"MA", "Modified Availability", Environmental, undefined(impact3), "X"},
	}
)

// undefined adds the value that says nothing.
func undefined(values []Value) []Value {
	return append([]Value{{"X", "Not Defined"}}, values...)
}

// weights3 are the numbers of section 7.4 of version 3.1, which are those of
// section 8.4 of 3.0. Privileges weigh more where the scope changes.
var (
	weights3 = map[string]map[string]float64{
		"AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}, "AC": {"L": 0.77, "H": 0.44}, "UI": {"N": 0.85, "R": 0.62},
		"PR": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"H": 0.56, "L": 0.22, "N": 0}, "I": {"H": 0.56, "L": 0.22, "N": 0}, "A": {"H": 0.56, "L": 0.22, "N": 0},
		"E": {"X": 1, "H": 1, "F": 0.97, "P": 0.94, "U": 0.91}, "RL": {"X": 1, "U": 1, "W": 0.97, "T": 0.96, "O": 0.95}, "RC": {"X": 1, "C": 1, "R": 0.96, "U": 0.92},
		"CR": {"X": 1, "H": 1.5, "M": 1, "L": 0.5}, "IR": {"X": 1, "H": 1.5, "M": 1, "L": 0.5}, "AR": {"X": 1, "H": 1.5, "M": 1, "L": 0.5},
	}
	changed3 = map[string]float64{"N": 0.85, "L": 0.68, "H": 0.5}
)

func (v Vector) score3() float64 {
	modified := v.has(Environmental)
	get := func(metric string) string {
		if m := v.Get("M" + metric); modified && m != "" && m != "X" {
			return m
		}
		return v.Get(metric)
	}
	w := func(metric string) float64 { return weights3[metric][get(metric)] }
	changed := get("S") == "C"
	rights := w("PR")
	if changed {
		rights = changed3[get("PR")]
	}
	exploit := 8.22 * w("AV") * w("AC") * rights * w("UI")
	var impact float64
	switch lost := 1 - (1-w("C"))*(1-w("I"))*(1-w("A")); {
	case !modified && changed:
		impact = 7.52*(lost-0.029) - 3.25*math.Pow(lost-0.02, 15)
	case !modified:
		impact = 6.42 * lost
	default:
		lost = math.Min(0.915, 1-(1-w("C")*weights3["CR"][v.Get("CR")])*(1-w("I")*weights3["IR"][v.Get("IR")])*(1-w("A")*weights3["AR"][v.Get("AR")]))
		switch {
		case !changed:
			impact = 6.42 * lost
		case v.version == V30:
			impact = 7.52*(lost-0.029) - 3.25*math.Pow(lost-0.02, 15)
		default:
			impact = 7.52*(lost-0.029) - 3.25*math.Pow(lost*0.9731-0.02, 13)
		}
	}
	if impact <= 0 {
		return 0
	}
	score := impact + exploit
	if changed {
		score *= 1.08
	}
	score = v.up3(math.Min(score, 10))
	if modified || v.has(Temporal) {
		score = v.up3(score * w("E") * w("RL") * w("RC"))
	}
	return score
}

// up3 is Roundup: of 3.1 as its appendix A has it, which regards five decimals.
func (v Vector) up3(x float64) float64 {
	if v.version == V30 {
		return up(x)
	}
	n := int64(math.Round(x * 100000))
	if n%10000 == 0 {
		return float64(n) / 100000
	}
	return float64(n/10000+1) / 10
}

package cvss

import "math"

var (
	high2    = []Value{{"C", "Complete"}, {"P", "Partial"}, {"N", "None"}}
	wanted2  = []Value{{"H", "High"}, {"M", "Medium"}, {"L", "Low"}, {"ND", "Not Defined"}}
	metrics2 = []Metric{
		{"AV", "Access Vector", Base, []Value{{"N", "Network"}, {"A", "Adjacent Network"}, {"L", "Local"}}, ""},
		{"AC", "Access Complexity", Base, []Value{{"L", "Low"}, {"M", "Medium"}, {"H", "High"}}, ""},
		{"Au", "Authentication", Base, []Value{{"N", "None"}, {"S", "Single"}, {"M", "Multiple"}}, ""},
		{"C", "Confidentiality Impact", Base, high2, ""},
		{"I", "Integrity Impact", Base, high2, ""},
		{"A", "Availability Impact", Base, high2, ""},
		{"E", "Exploitability", Temporal, []Value{{"H", "High"}, {"F", "Functional"}, {"POC", "Proof-of-Concept"}, {"U", "Unproven"}, {"ND", "Not Defined"}}, "ND"},
		{"RL", "Remediation Level", Temporal, []Value{{"U", "Unavailable"}, {"W", "Workaround"}, {"TF", "Temporary Fix"}, {"OF", "Official Fix"}, {"ND", "Not Defined"}}, "ND"},
		{"RC", "Report Confidence", Temporal, []Value{{"C", "Confirmed"}, {"UR", "Uncorroborated"}, {"UC", "Unconfirmed"}, {"ND", "Not Defined"}}, "ND"},
		{"CDP", "Collateral Damage Potential", Environmental, []Value{{"H", "High"}, {"MH", "Medium-High"}, {"LM", "Low-Medium"}, {"L", "Low"}, {"N", "None"}, {"ND", "Not Defined"}}, "ND"},
		{"TD", "Target Distribution", Environmental, []Value{{"H", "High"}, {"M", "Medium"}, {"L", "Low"}, {"N", "None"}, {"ND", "Not Defined"}}, "ND"},
		{"CR", "Confidentiality Requirement", Environmental, wanted2, "ND"},
		{"IR", "Integrity Requirement", Environmental, wanted2, "ND"},
		{"AR", "Availability Requirement", Environmental, wanted2, "ND"},
	}
)

// weights2 are the numbers of section 3.2 of version 2.
var weights2 = map[string]map[string]float64{
	"AV": {"L": 0.395, "A": 0.646, "N": 1}, "AC": {"H": 0.35, "M": 0.61, "L": 0.71}, "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
	"C": {"N": 0, "P": 0.275, "C": 0.66}, "I": {"N": 0, "P": 0.275, "C": 0.66}, "A": {"N": 0, "P": 0.275, "C": 0.66},
	"E": {"U": 0.85, "POC": 0.9, "F": 0.95, "H": 1, "ND": 1}, "RL": {"OF": 0.87, "TF": 0.9, "W": 0.95, "U": 1, "ND": 1},
	"RC": {"UC": 0.9, "UR": 0.95, "C": 1, "ND": 1}, "CDP": {"N": 0, "L": 0.1, "LM": 0.3, "MH": 0.4, "H": 0.5, "ND": 0},
	"TD": {"N": 0, "L": 0.25, "M": 0.75, "H": 1, "ND": 1}, "CR": {"L": 0.5, "M": 1, "H": 1.51, "ND": 1},
	"IR": {"L": 0.5, "M": 1, "H": 1.51, "ND": 1}, "AR": {"L": 0.5, "M": 1, "H": 1.51, "ND": 1},
}

func (v Vector) score2() float64 {
	w := func(metric string) float64 { return weights2[metric][v.Get(metric)] }
	impact := 10.41 * (1 - (1-w("C"))*(1-w("I"))*(1-w("A")))
	adjusted := v.has(Environmental)
	if adjusted {
		impact = math.Min(10, 10.41*(1-(1-w("C")*w("CR"))*(1-w("I")*w("IR"))*(1-w("A")*w("AR"))))
	}
	factor := 1.176
	if impact == 0 {
		factor = 0
	}
	score := half((0.6*impact + 0.4*20*w("AV")*w("AC")*w("Au") - 1.5) * factor)
	if adjusted || v.has(Temporal) {
		score = half(score * w("E") * w("RL") * w("RC"))
	}
	if adjusted {
		score = half((score + (10-score)*w("CDP")) * w("TD"))
	}
	return math.Max(0, score)
}

// tiny is what floating point may have lost.
const tiny = 1e-9

// half rounds to one decimal, half up.
func half(x float64) float64 { return math.Floor(x*10+0.5+tiny) / 10 }

// up is the smallest number with one decimal that is not below.
func up(x float64) float64 { return math.Ceil(x*10-tiny) / 10 }

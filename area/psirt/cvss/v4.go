package cvss

import "math"

var (
	impact4 = []Value{{"H", "High"}, {"L", "Low"}, {"N", "None"}}
	slight4 = undefined([]Value{{"H", "High"}, {"L", "Low"}, {"N", "Negligible"}})
	safety4 = undefined([]Value{{"S", "Safety"}, {"H", "High"}, {"L", "Low"}, {"N", "Negligible"}})
	needs4  = []Value{{"N", "None"}, {"P", "Present"}}
	user4   = []Value{{"N", "None"}, {"P", "Passive"}, {"A", "Active"}}

	metrics4 = []Metric{
		{"AV", "Attack Vector", Base, attack3, ""},
		{"AC", "Attack Complexity", Base, low3, ""},
		{"AT", "Attack Requirements", Base, needs4, ""},
		{"PR", "Privileges Required", Base, right3, ""},
		{"UI", "User Interaction", Base, user4, ""},
		{"VC", "Confidentiality Impact to the Vulnerable System", Base, impact4, ""},
		{"VI", "Integrity Impact to the Vulnerable System", Base, impact4, ""},
		{"VA", "Availability Impact to the Vulnerable System", Base, impact4, ""},
		{"SC", "Confidentiality Impact to the Subsequent System", Base, impact4, ""},
		{"SI", "Integrity Impact to the Subsequent System", Base, impact4, ""},
		{"SA", "Availability Impact to the Subsequent System", Base, impact4, ""},
		{"E", "Exploit Maturity", Threat, undefined([]Value{{"A", "Attacked"}, {"P", "Proof-of-Concept"}, {"U", "Unreported"}}), "X"},
		{"CR", "Confidentiality Requirement", Environmental, wanted3, "X"},
		{"IR", "Integrity Requirement", Environmental, wanted3, "X"},
		{"AR", "Availability Requirement", Environmental, wanted3, "X"},
		{"MAV", "Modified Attack Vector", Environmental, undefined(attack3), "X"},
		{"MAC", "Modified Attack Complexity", Environmental, undefined(low3), "X"},
		{"MAT", "Modified Attack Requirements", Environmental, undefined(needs4), "X"},
		{"MPR", "Modified Privileges Required", Environmental, undefined(right3), "X"},
		{"MUI", "Modified User Interaction", Environmental, undefined(user4), "X"},
		{"MVC", "Modified Confidentiality Impact to the Vulnerable System", Environmental, undefined(impact4), "X"},
		{"MVI", "Modified Integrity Impact to the Vulnerable System", Environmental, undefined(impact4), "X"},
		{"MVA", "Modified Availability Impact to the Vulnerable System", Environmental, undefined(impact4), "X"},
		{"MSC", "Modified Confidentiality Impact to the Subsequent System", Environmental, slight4, "X"},
		{"MSI", "Modified Integrity Impact to the Subsequent System", Environmental, safety4, "X"},
		{"MSA", "Modified Availability Impact to the Subsequent System", Environmental, safety4, "X"},
		{"S", "Safety", Supplemental, undefined([]Value{{"P", "Present"}, {"N", "Negligible"}}), "X"},
		{"AU", "Automatable", Supplemental, undefined([]Value{{"Y", "Yes"}, {"N", "No"}}), "X"},
		{"R", "Recovery", Supplemental, undefined([]Value{{"A", "Automatic"}, {"U", "User"}, {"I", "Irrecoverable"}}), "X"},
		{"V", "Value Density", Supplemental, undefined([]Value{{"D", "Diffuse"}, {"C", "Concentrated"}}), "X"},
		{"RE", "Vulnerability Response Effort", Supplemental, undefined([]Value{{"L", "Low"}, {"M", "Moderate"}, {"H", "High"}}), "X"},
		{"U", "Provider Urgency", Supplemental, undefined([]Value{{"Red", "Red"}, {"Amber", "Amber"}, {"Green", "Green"}, {"Clear", "Clear"}}), "X"},
	}
)

// depth4 is how many steps a value is below the most severe one of its metric
// (4.0, section 8.2).
var depth4 = map[string]map[string]int{
	"AV": {"N": 0, "A": 1, "L": 2, "P": 3}, "PR": {"N": 0, "L": 1, "H": 2}, "UI": {"N": 0, "P": 1, "A": 2},
	"AC": {"L": 0, "H": 1}, "AT": {"N": 0, "P": 1},
	"VC": {"H": 0, "L": 1, "N": 2}, "VI": {"H": 0, "L": 1, "N": 2}, "VA": {"H": 0, "L": 1, "N": 2},
	"SC": {"H": 1, "L": 2, "N": 3}, "SI": {"S": 0, "H": 1, "L": 2, "N": 3}, "SA": {"S": 0, "H": 1, "L": 2, "N": 3},
	"CR": {"H": 0, "M": 1, "L": 2}, "IR": {"H": 0, "M": 1, "L": 2}, "AR": {"H": 0, "M": 1, "L": 2},
}

// equivalent is one set of equivalent vectors (EQ): its metrics, and by level
// the most severe vectors of the level and how many steps it is deep.
type equivalent struct {
	metrics []string
	most    [][]string // a letter for each metric
	deep    []int
}

// The sets of section 8.3. EQ3 and EQ6 are joined, since they share metrics: the
// level is 2×EQ3+EQ6, and EQ3 = 2 with EQ6 = 0 can't be.
var (
	eq1  = equivalent{[]string{"AV", "PR", "UI"}, [][]string{{"NNN"}, {"ANN", "NLN", "NNP"}, {"PNN", "ALP"}}, []int{1, 4, 5}}
	eq2  = equivalent{[]string{"AC", "AT"}, [][]string{{"LN"}, {"HN", "LP"}}, []int{1, 2}}
	eq36 = equivalent{[]string{"VC", "VI", "VA", "CR", "IR", "AR"}, [][]string{
		{"HHHHHH"}, {"HHLMMH", "HHHMMM"},
		{"LHHHHH", "HLHHHH"}, {"LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"},
		nil, {"LLLHHH"},
	}, []int{7, 6, 8, 8, 0, 10}}
	eq4 = equivalent{[]string{"SC", "SI", "SA"}, [][]string{{"HSS"}, {"HHH"}, {"LLL"}}, []int{6, 5, 4}}
)

// effective is the value a metric has for the score: the modified one before
// the base, the worst where none is defined.
func (v Vector) effective(metric string) string {
	if m := v.Get("M" + metric); m != "" && m != "X" {
		return m
	}
	value := v.Get(metric)
	if value == "X" {
		if metric == "E" {
			return "A"
		}
		return "H"
	}
	return value
}

// macro is a macro vector: levels of EQ1 to EQ6.
type macro struct{ eq1, eq2, eq3, eq4, eq5, eq6 int }

// score is the tabled score in tenths; 0 where there is no such macro vector.
func (m macro) score() int {
	if m.eq1 > 2 || m.eq2 > 1 || m.eq3 > 2 || m.eq4 > 2 || m.eq5 > 2 || m.eq6 > 1 {
		return 0
	}
	return table4[m.eq1][m.eq2][m.eq3][m.eq4][m.eq5][m.eq6]
}

func (v Vector) macro() (m macro) {
	is := func(metric, value string) bool { return v.effective(metric) == value }
	switch n, p, u := is("AV", "N"), is("PR", "N"), is("UI", "N"); {
	case n && p && u:
		m.eq1 = 0
	case (n || p || u) && !is("AV", "P"):
		m.eq1 = 1
	default:
		m.eq1 = 2
	}
	if !is("AC", "L") || !is("AT", "N") {
		m.eq2 = 1
	}
	switch c, i, a := is("VC", "H"), is("VI", "H"), is("VA", "H"); {
	case c && i:
		m.eq3 = 0
	case c || i || a:
		m.eq3 = 1
	default:
		m.eq3 = 2
	}
	switch {
	case is("SI", "S") || is("SA", "S"):
		m.eq4 = 0
	case is("SC", "H") || is("SI", "H") || is("SA", "H"):
		m.eq4 = 1
	default:
		m.eq4 = 2
	}
	m.eq5 = map[string]int{"A": 0, "P": 1, "U": 2}[v.effective("E")]
	if !(is("CR", "H") && is("VC", "H") || is("IR", "H") && is("VI", "H") || is("AR", "H") && is("VA", "H")) {
		m.eq6 = 1
	}
	return m
}

// distance is how many steps the vector lies below a most severe one of its
// level: the first that is at least as severe in every metric.
func (v Vector) distance(eq equivalent, level int) int {
	for _, most := range eq.most[level] {
		sum, below := 0, true
		for i, metric := range eq.metrics {
			d := depth4[metric][v.effective(metric)] - depth4[metric][most[i:i+1]]
			sum, below = sum+d, below && d >= 0
		}
		if below {
			return sum
		}
	}
	return 0
}

// score4 takes the score of the macro vector, less the mean of what the vector
// lies below the top of each set, in proportion to the next lower macro vector
// (section 8.2).
func (v Vector) score4() float64 {
	harmless := true
	for _, metric := range []string{"VC", "VI", "VA", "SC", "SI", "SA"} {
		harmless = harmless && v.effective(metric) == "N"
	}
	if harmless {
		return 0
	}
	m := v.macro()
	top := m.score()
	lower := [5]macro{m, m, m, m, m}
	lower[0].eq1++
	lower[1].eq2++
	lower[2].eq3++
	if m.eq6 == 0 { // the more severe of the two ways down
		if down := (macro{m.eq1, m.eq2, m.eq3, m.eq4, m.eq5, 1}); down.score() > lower[2].score() || m.eq3 == 1 {
			lower[2] = down
		}
	}
	lower[3].eq4++
	lower[4].eq5++
	joined := 2*m.eq3 + m.eq6
	share := [5]float64{
		float64(v.distance(eq1, m.eq1)) / float64(eq1.deep[m.eq1]),
		float64(v.distance(eq2, m.eq2)) / float64(eq2.deep[m.eq2]),
		float64(v.distance(eq36, joined)) / float64(eq36.deep[joined]),
		float64(v.distance(eq4, m.eq4)) / float64(eq4.deep[m.eq4]),
		0, // EQ5 has one metric, so each level is one step
	}
	var sum float64
	count := 0
	for i, next := range lower {
		if s := next.score(); s > 0 {
			sum += float64(top-s) / 10 * share[i]
			count++
		}
	}
	score := float64(top) / 10
	if count > 0 {
		score -= sum / float64(count)
	}
	return math.Min(10, math.Max(0, half(score)))
}

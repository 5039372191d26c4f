package csaf

import (
	"math"
	"strings"

	"yagura/area/psirt/cvss"
)

// The CVSS objects that an advisory carries (the JSON representations of FIRST):
// a vector, scores, and a property for each metric.

// properties are the names of metrics in a CVSS object.
var properties = map[cvss.Version]map[string]string{
	cvss.V2: {"AV": "accessVector", "AC": "accessComplexity", "Au": "authentication", "C": "confidentialityImpact",
		"I": "integrityImpact", "A": "availabilityImpact", "E": "exploitability", "RL": "remediationLevel",
		"RC": "reportConfidence", "CDP": "collateralDamagePotential", "TD": "targetDistribution",
		"CR": "confidentialityRequirement", "IR": "integrityRequirement", "AR": "availabilityRequirement"},
	cvss.V30: properties3, cvss.V31: properties3,
	cvss.V4: {"AV": "attackVector", "AC": "attackComplexity", "AT": "attackRequirements", "PR": "privilegesRequired",
		"UI": "userInteraction", "VC": "vulnConfidentialityImpact", "VI": "vulnIntegrityImpact",
		"VA": "vulnAvailabilityImpact", "SC": "subConfidentialityImpact", "SI": "subIntegrityImpact",
		"SA": "subAvailabilityImpact", "E": "exploitMaturity", "CR": "confidentialityRequirement",
		"IR": "integrityRequirement", "AR": "availabilityRequirement", "MAV": "modifiedAttackVector",
		"MAC": "modifiedAttackComplexity", "MAT": "modifiedAttackRequirements", "MPR": "modifiedPrivilegesRequired",
		"MUI": "modifiedUserInteraction", "MVC": "modifiedVulnConfidentialityImpact",
		"MVI": "modifiedVulnIntegrityImpact", "MVA": "modifiedVulnAvailabilityImpact",
		"MSC": "modifiedSubConfidentialityImpact", "MSI": "modifiedSubIntegrityImpact",
		"MSA": "modifiedSubAvailabilityImpact", "S": "Safety", "AU": "Automatable", "R": "Recovery",
		"V": "valueDensity", "RE": "vulnerabilityResponseEffort", "U": "providerUrgency"},
}

var properties3 = map[string]string{"AV": "attackVector", "AC": "attackComplexity", "PR": "privilegesRequired",
	"UI": "userInteraction", "S": "scope", "C": "confidentialityImpact", "I": "integrityImpact", "A": "availabilityImpact",
	"E": "exploitCodeMaturity", "RL": "remediationLevel", "RC": "reportConfidence", "CR": "confidentialityRequirement",
	"IR": "integrityRequirement", "AR": "availabilityRequirement", "MAV": "modifiedAttackVector",
	"MAC": "modifiedAttackComplexity", "MPR": "modifiedPrivilegesRequired", "MUI": "modifiedUserInteraction",
	"MS": "modifiedScope", "MC": "modifiedConfidentialityImpact", "MI": "modifiedIntegrityImpact", "MA": "modifiedAvailabilityImpact"}

// property is how a CVSS object writes a value: "Adjacent" is ADJACENT_NETWORK
// before 4.0, everything else its name in capitals.
func property(v cvss.Version, value cvss.Value) string {
	if value.Name == "Adjacent" && v != cvss.V4 {
		return "ADJACENT_NETWORK"
	}
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(value.Name))
}

// written is property for each metric and value, since it is asked often.
var written = func() map[cvss.Version]map[string]map[string]string {
	all := map[cvss.Version]map[string]map[string]string{}
	for v := range properties {
		all[v] = map[string]map[string]string{}
		for _, m := range cvss.Metrics(v) {
			all[v][m.Key] = map[string]string{}
			for _, value := range m.Values {
				all[v][m.Key][value.Key] = property(v, value)
			}
		}
	}
	return all
}()

var (
	score = &rule{kind: Number, numbers: func(f float64) string {
		if f < 0 || f > 10 {
			return "is not between 0 and 10"
		}
		return ""
	}}
	severity = oneOf("NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
	cvss2    = cvssRule(cvss.V2)
	cvss30   = cvssRule(cvss.V30)
	cvss31   = cvssRule(cvss.V31)
	cvss3    = &rule{choose: func(v *Value) *rule {
		if v.Get("version").Text() == string(cvss.V30) {
			return cvss30
		}
		return cvss31
	}}
	cvss4 = cvssRule(cvss.V4)
)

// cvssRule is the schema of a CVSS object.
func cvssRule(v cvss.Version) *rule {
	r := object("version!", oneOf(string(v)), "vectorString!", checked(vectorShape(v)), "baseScore!", score)
	for key, name := range properties[v] {
		var values []string
		for _, w := range written[v][key] {
			values = append(values, w)
		}
		r.fields[name] = &field{oneOf(values...), false}
	}
	if v != cvss.V2 {
		r = r.with("baseSeverity!", severity)
	}
	switch v {
	case cvss.V2:
		r = r.with("temporalScore", score, "environmentalScore", score)
	case cvss.V4:
		r.closed = true
		r.also = func(o *Value) (path, wrong string) {
			base, ok := o.Get("baseScore").Float()
			if said := o.Get("baseSeverity").Text(); ok && said != "" && cvss.Severity(v, base) != said {
				return "/baseSeverity", "is " + said + ", and a score of " + o.Get("baseScore").Literal() + " is " + cvss.Severity(v, base)
			}
			return "", ""
		}
	default:
		r = r.with("temporalScore", score, "temporalSeverity", severity, "environmentalScore", score, "environmentalSeverity", severity)
	}
	return r
}

// vectorShape is the schema's pattern of a vector: before 4.0 metrics in any order,
// some perhaps missing. Whether the vector is right is told by test 6.1.9.
func vectorShape(v cvss.Version) func(string) string {
	known := map[string]bool{}
	for key, values := range written[v] {
		for value := range values {
			known[key+":"+value] = true
		}
	}
	return func(s string) string {
		if v == cvss.V4 {
			if parsed, err := cvss.Parse(s); err != nil || parsed.Version() != v {
				return "is not a vector of CVSS 4.0"
			}
			return ""
		}
		rest := s
		if v != cvss.V2 {
			var ok bool
			if rest, ok = strings.CutPrefix(s, "CVSS:"+string(v)+"/"); !ok {
				return "does not begin with CVSS:" + string(v) + "/"
			}
		}
		for part := range strings.SplitSeq(rest, "/") {
			if !known[part] {
				return "has the metric " + part + ", which CVSS " + string(v) + " does not have"
			}
		}
		return ""
	}
}

// score is a CVSS object of a vulnerability.
type cvssObject struct {
	value    *Value
	path     string
	field    string // cvss_v2, cvss_v3, cvss_v4
	products []string
	source   string // of 2.1: who says so, empty for the document's author
	vector   cvss.Vector
	ok       bool // the vector can be read
}

// version is what the object says it is, or what its vector says.
func (c *cvssObject) version() string {
	if v := c.value.Get("version").Text(); v != "" {
		return v
	}
	return string(c.vector.Version())
}

// computation compares the scores with those of the vector (6.1.9).
func (c *cvssObject) computation() (found []Problem) {
	text := c.value.Get("vectorString").Text()
	if !c.ok {
		if text != "" {
			_, err := cvss.Parse(text)
			found = append(found, problem(c.path+"/vectorString", "%v", err))
		}
		return found
	}
	v := c.vector.Version()
	one := func(kind string, want float64) {
		if got, ok := c.value.Get(kind + "Score").Float(); ok && math.Abs(got-want) > 1e-6 {
			found = append(found, problem(c.path+"/"+kind+"Score", "is %s, and the vector gives %.1f", c.value.Get(kind+"Score").Literal(), want))
		}
		if got := c.value.Get(kind + "Severity").Text(); got != "" && v != cvss.V2 && got != cvss.Severity(v, want) {
			found = append(found, problem(c.path+"/"+kind+"Severity", "is %s, and the vector gives %s", got, cvss.Severity(v, want)))
		}
	}
	if v == cvss.V4 { // 4.0 has one score, that of all metrics given
		one("base", c.vector.Score())
		return found
	}
	one("base", c.vector.BaseScore())
	one("temporal", c.vector.TemporalScore())
	one("environmental", c.vector.Score())
	return found
}

// contradictions compares the properties with the vector (6.1.10).
func (c *cvssObject) contradictions() (found []Problem) {
	if !c.ok {
		return nil
	}
	v := c.vector.Version()
	if said := c.value.Get("version").Text(); said != "" && said != string(v) {
		found = append(found, problem(c.path+"/version", "is %s, and the vector is of %s", said, v))
	}
	for _, m := range cvss.Metrics(v) {
		name := properties[v][m.Key]
		if said := c.value.Get(name).Text(); said != "" {
			if !m.Required() && !c.vector.Given(m.Key) {
				continue // the vector leaves it open
			}
			if want := written[v][m.Key][c.vector.Get(m.Key)]; want != said {
				found = append(found, problem(c.path+"/"+name, "is %s, and the vector says %s", said, want))
			}
		}
	}
	return found
}

// overall is the score of the vector and of what properties say beyond it, and
// whether it can be told.
func (c *cvssObject) overall() (float64, bool) {
	if !c.ok {
		return 0, false
	}
	v := c.vector.Version()
	text := "CVSS:" + string(v)
	if v == cvss.V2 {
		text = ""
	}
	for _, m := range cvss.Metrics(v) {
		value := ""
		if c.vector.Given(m.Key) {
			value = c.vector.Get(m.Key)
		} else if said := c.value.Get(properties[v][m.Key]).Text(); said != "" {
			for key, name := range written[v][m.Key] {
				if name == said {
					value = key
				}
			}
		}
		if value != "" {
			text += "/" + m.Key + ":" + value
		}
	}
	whole, err := cvss.Parse(strings.TrimPrefix(text, "/"))
	return whole.Score(), err == nil
}

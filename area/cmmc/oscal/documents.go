package oscal

import (
	"fmt"
	"strings"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/kernel/fault"
)

func (w *Writer) ssp() object {
	a := w.Assessment
	component := w.uuid("component")
	version := ""
	if a.SSP != nil {
		version = a.SSP.Version
	}
	body := object{
		"uuid":           w.uuid("ssp"),
		"metadata":       w.metadata("System security plan: "+w.name(), version),
		"import-profile": object{"href": "#" + w.profile()},
		"system-characteristics": object{
			"system-ids":  []object{{"identifier-type": "urn:yagura:cmmc:enclave", "id": w.name()}},
			"system-name": or(a.System.Name, w.name()), "description": or(a.System.Description, w.name()),
			"system-information": object{"information-types": []object{{"uuid": w.uuid("cui"), "title": "CUI",
				"description": "Controlled unclassified information", "confidentiality-impact": object{"base": "moderate"}}}},
			"status":                 object{"state": "operational"},
			"authorization-boundary": object{"description": or(a.System.Boundary, w.name())},
		},
		"system-implementation": object{
			"users": []object{{"uuid": w.uuid("users"), "title": "Users of " + w.name()}},
			"components": []object{{"uuid": component, "type": "this-system", "title": w.name(),
				"description": or(a.System.Description, w.name()), "status": object{"state": "operational"}}},
		},
		"back-matter": w.back(),
	}
	var implemented []object
	for _, q := range w.requirements() {
		var statements []object
		for _, i := range q.Objective {
			state, remarks := w.implementation(i)
			by := object{"component-uuid": component, "uuid": w.uuid("by", catalog.Name(i)), "description": or(a.Objectives[i].Reason, w.words(i)),
				"implementation-status": object{"state": state}}
			if remarks != "" {
				by["remarks"] = remarks
			}
			if links := w.links(i); len(links) > 0 {
				by["links"] = links
			}
			statements = append(statements, object{"statement-id": catalog.OSCAL(i), "uuid": w.uuid("statement", catalog.Name(i)), "by-components": []object{by}})
		}
		implemented = append(implemented, object{"uuid": w.uuid("requirement", q.ID), "control-id": q.CMMC, "statements": statements})
	}
	body["control-implementation"] = object{"description": fmt.Sprintf("CMMC Level %d", w.Report.Level), "implemented-requirements": implemented}
	return body
}

// implementation is the state of an objective in the words of OSCAL, with what
// the word leaves out.
func (w *Writer) implementation(i int) (state, remarks string) {
	result, why := w.Assessment.Effective(i)
	if x := w.Assessment.Objectives[i].Exception; x != nil && result == score.Met {
		return "alternative", or(string(x.Kind) + " " + x.SSP + " " + x.Plan + " " + x.Progress)
	}
	switch result {
	case score.Met:
		return "implemented", ""
	case score.NA:
		return "not-applicable", w.Assessment.Objectives[i].Reason
	case score.Unknown:
		return "planned", strings.TrimSpace("unknown " + why.In(w.Lang))
	}
	return "planned", why.In(w.Lang)
}

func (w *Writer) links(i int) (list []object) {
	seen := map[string]bool{}
	for _, e := range w.Assessment.Objectives[i].Evidence {
		if id := w.evidence(e); !seen[id] {
			seen[id] = true
			list = append(list, object{"href": "#" + id, "rel": "evidence"})
		}
	}
	return list
}

func (w *Writer) results() object {
	var controls, findings, observations, risks []object
	risky := map[string]bool{}
	for i := range w.Report.Deductions {
		d := &w.Report.Deductions[i]
		risky[d.Requirement.ID] = true
		risks = append(risks, w.risk(d))
	}
	for _, q := range w.requirements() {
		controls = append(controls, object{"control-id": q.CMMC})
		for _, i := range q.Objective {
			f, o := w.finding(i)
			if o != nil {
				observations = append(observations, o)
				f["related-observations"] = []object{{"observation-uuid": o["uuid"]}}
			}
			if risky[q.ID] && f["target"].(object)["status"].(object)["state"] != "satisfied" {
				f["related-risks"] = []object{{"risk-uuid": w.uuid("risk", q.ID)}}
			}
			findings = append(findings, f)
		}
	}
	result := object{"uuid": w.uuid("result", w.when()), "title": w.name(), "description": fmt.Sprintf("CMMC Level %d", w.Report.Level), "start": w.when(),
		"props":             w.standing(),
		"reviewed-controls": object{"control-selections": []object{{"include-controls": controls}}}, "findings": findings}
	if len(observations) > 0 {
		result["observations"] = observations
	}
	if len(risks) > 0 {
		result["risks"] = risks
	}
	return object{"uuid": w.uuid("ar", w.when()), "metadata": w.metadata("Assessment results: "+w.name(), w.when()[:10]),
		"import-ap": object{"href": "#" + w.profile()}, "results": []object{result}, "back-matter": w.back()}
}

// standing is the score and status as properties.
func (w *Writer) standing() []object {
	list := []object{own("status", string(w.Report.Status))}
	for name, n := range map[string]*int{"score": w.Report.Score} {
		if n != nil {
			list = append(list, own(name, fmt.Sprint(*n)))
		}
	}
	if w.Report.Score == nil && w.Report.Low != nil {
		list = append(list, own("score-low", fmt.Sprint(*w.Report.Low)), own("score-high", fmt.Sprint(*w.Report.High)))
	}
	return list
}

// finding is that of an objective, with the observation behind it where there is
// evidence. What is unknown is not satisfied: OSCAL has no third state.
func (w *Writer) finding(i int) (f, observation object) {
	o := &w.Assessment.Objectives[i]
	result, why := w.Assessment.Effective(i)
	status := object{"state": "not-satisfied", "reason": "fail"}
	switch {
	case result == score.Met && o.Exception != nil:
		status = object{"state": "satisfied", "reason": "other", "remarks": string(o.Exception.Kind)}
	case result == score.Met:
		status = object{"state": "satisfied", "reason": "pass"}
	case result == score.NA:
		status = object{"state": "satisfied", "reason": "other", "remarks": "not applicable"}
	case result == score.Unknown:
		status = object{"state": "not-satisfied", "reason": "other", "remarks": strings.TrimSpace("not assessed " + why.In(w.Lang))}
	case !why.IsZero():
		status["remarks"] = why.In(w.Lang)
	}
	f = object{"uuid": w.uuid("finding", catalog.Name(i), w.when()), "title": catalog.Name(i), "description": or(o.Reason, w.words(i)),
		"target": object{"type": "objective-id", "target-id": catalog.OSCAL(i), "status": status}}
	if len(o.Evidence) == 0 {
		return f, nil
	}
	method := strings.ToUpper(o.Method)
	if method == "" {
		method = "UNKNOWN"
	}
	var evidence []object
	var first, until time.Time
	for _, e := range o.Evidence {
		evidence = append(evidence, object{"href": "#" + w.evidence(e), "description": or(e.Name, e.Signal, e.SHA256)})
		if !e.Collected.IsZero() && (first.IsZero() || e.Collected.Before(first)) {
			first = e.Collected
		}
		if e.ValidUntil.After(until) {
			until = e.ValidUntil
		}
	}
	collected := w.when()
	if !first.IsZero() {
		collected = stamp(first)
	}
	observation = object{"uuid": w.uuid("observation", catalog.Name(i), w.when()), "description": or(o.Reason, w.words(i)), "methods": []string{method},
		"relevant-evidence": evidence, "collected": collected}
	if !until.IsZero() {
		observation["expires"] = stamp(until)
	}
	if o.Assessor != "" {
		observation["remarks"] = o.Assessor
	}
	return f, observation
}

// risk is a requirement that costs points.
func (w *Writer) risk(d *score.Deduction) object {
	q := d.Requirement
	r := object{"uuid": w.uuid("risk", q.ID), "title": w.title(q), "description": w.names(d), "status": "open",
		"statement": or(d.Clause + "; " + d.Why.In(w.Lang) + " (" + d.WhyClause + ")"),
		"props":     []object{own("points", fmt.Sprint(d.Points+d.AtRisk)), own("state", string(d.State)), own("deferrable", fmt.Sprint(d.Deferrable))}}
	if !w.StatusDate.IsZero() && d.Deferrable && w.Report.Level > 1 {
		r["deadline"] = stamp(score.CloseOut(w.StatusDate, w.Report.Level))
	}
	return r
}

func (w *Writer) names(d *score.Deduction) string {
	var list []string
	for _, i := range append(append([]int(nil), d.Open...), d.Unknown...) {
		list = append(list, catalog.Name(i))
	}
	return or(strings.Join(list, ", "), d.Requirement.ID)
}

func (w *Writer) poam() object {
	var risks, items []object
	for i := range w.Report.Deductions {
		d := &w.Report.Deductions[i]
		risks = append(risks, w.risk(d))
		items = append(items, object{"uuid": w.uuid("item", d.Requirement.ID), "title": w.title(d.Requirement), "description": w.names(d),
			"props":         []object{own("deferrable", fmt.Sprint(d.Deferrable)), own("clause", d.WhyClause)},
			"related-risks": []object{{"risk-uuid": w.uuid("risk", d.Requirement.ID)}}})
	}
	return object{"uuid": w.uuid("poam"), "metadata": w.metadata("Plan of action and milestones: "+w.name(), w.when()[:10]),
		"system-id": object{"identifier-type": "urn:yagura:cmmc:enclave", "id": w.name()},
		"risks":     risks, "poam-items": items, "back-matter": w.back()}
}

// components offers what is met, for others to build on.
func (w *Writer) components() (object, error) {
	var implemented []object
	for _, q := range w.requirements() {
		var statements []object
		for _, i := range q.Objective {
			if r, _ := w.Assessment.Effective(i); r == score.Met {
				statements = append(statements, object{"statement-id": catalog.OSCAL(i), "uuid": w.uuid("offered", catalog.Name(i)), "description": or(w.Assessment.Objectives[i].Reason, w.words(i))})
			}
		}
		if len(statements) > 0 {
			implemented = append(implemented, object{"uuid": w.uuid("offer", q.ID), "control-id": q.CMMC, "description": w.title(q), "statements": statements})
		}
	}
	if len(implemented) == 0 {
		return nil, fault.Invalidf("nothing is met, so there is nothing that a component could offer")
	}
	return object{"uuid": w.uuid("cd"), "metadata": w.metadata("Component definition: "+w.name(), w.when()[:10]),
		"components": []object{{"uuid": w.uuid("component"), "type": "service", "title": w.name(), "description": or(w.Assessment.System.Description, w.name()),
			"control-implementations": []object{{"uuid": w.uuid("offers"), "source": "#" + w.profile(), "description": fmt.Sprintf("CMMC Level %d", w.Report.Level), "implemented-requirements": implemented}}}},
		"back-matter": w.back()}, nil
}

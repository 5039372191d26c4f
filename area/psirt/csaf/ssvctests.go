package csaf

import (
	"slices"
	"strings"

	"yagura/area/psirt/ssvc"
)

// The tests of SSVC assessments in 2.1.

func isNamespace(s string) string {
	if _, err := ssvc.ParseNamespace(s); err != nil {
		return "is not an SSVC namespace: " + err.Error()
	}
	return ""
}

func isSSVCKey(s string) string {
	if !ssvc.IsKey(s) {
		return "is not a key of SSVC"
	}
	return ""
}

// eachSSVC visits the SSVC objects.
func (r *run) eachSSVC(visit func(v *vulnerability, o *Value, path string)) {
	for _, v := range r.vulns {
		for i, m := range v.value.Get("metrics").Items() {
			if o := m.Get("content", "ssvc_v2"); o != nil {
				visit(v, o, v.path+"/metrics/"+itoa(i)+"/content/ssvc_v2")
			}
		}
	}
}

// eachSelection visits the selections with the namespace taken apart. Namespaces
// that are reserved are left out on demand, since they stand for anything.
func (r *run) eachSelection(visit func(o, item *Value, n ssvc.Namespace, path string)) {
	r.eachSSVC(func(_ *vulnerability, o *Value, path string) {
		for i, item := range o.Get("selections").Items() {
			n, err := ssvc.ParseNamespace(item.Get("namespace").Text())
			if err == nil {
				visit(o, item, n, path+"/selections/"+itoa(i))
			}
		}
	})
}

var ssvcClosed = everywhere(ssvcRule, map[*rule]*rule{})

// 6.1.46 Invalid SSVC
func invalidSSVC(r *run) (found []Problem) {
	r.eachSSVC(func(_ *vulnerability, o *Value, path string) {
		s := &schema{}
		s.value(ssvcClosed, o, path)
		found = append(found, s.found...)
	})
	return found
}

// 6.1.47 Inconsistent SSVC Target IDs
func ssvcTargets(r *run) (found []Problem) {
	id := r.tracking.Get("id").Text()
	r.eachSSVC(func(v *vulnerability, o *Value, path string) {
		for i, target := range o.Get("target_ids").Texts() {
			at := path + "/target_ids/" + itoa(i)
			known := target == v.value.Get("cve").Text() || slices.ContainsFunc(v.value.Get("ids").Items(), func(item *Value) bool { return item.Get("text").Text() == target })
			switch {
			case target == id && len(r.vulns) > 1:
				found = append(found, problem(at, "%s is the document, which has more than one vulnerability", target))
			case !known:
				found = append(found, problem(at, "%s is no id of the vulnerability", target))
			}
		}
	})
	return found
}

// 6.1.48 SSVC Decision Points
func decisionPoints(r *run) (found []Problem) {
	r.eachSelection(func(_, item *Value, n ssvc.Namespace, path string) {
		s := ssvc.Selection{Namespace: n, Key: item.Get("key").Text(), Version: item.Get("version").Text(), Name: item.Get("name").Text()}
		for _, v := range item.Get("values").Items() {
			s.Values = append(s.Values, ssvc.Value{Key: v.Get("key").Text(), Name: v.Get("name").Text()})
		}
		wrong, unknown := s.Check()
		if wrong != "" {
			found = append(found, problem(path, "%s", wrong))
		}
		if unknown {
			r.notes = append(r.notes, problem(path, "the decision points of %s are not known here", n.Base))
		}
	})
	return found
}

// selections tells of namespaces that something is true of.
func (r *run) selections(bad func(o *Value, n ssvc.Namespace) bool, format string) (found []Problem) {
	r.eachSelection(func(o, _ *Value, n ssvc.Namespace, path string) {
		if !n.Reserved() && bad(o, n) {
			found = append(found, problem(path+"/namespace", format, n.Full))
		}
	})
	return found
}

// 6.2.34 Usage of Unknown SSVC Decision Point Base Namespace
func unknownNamespace(r *run) []Problem {
	return r.selections(func(_ *Value, n ssvc.Namespace) bool { return !n.Registered() }, "the base of the namespace %s is not registered")
}

// 6.2.35 Usage of Unregistered SSVC Decision Point Base Namespace in TLP:CLEAR Document
func unregisteredClear(r *run) []Problem {
	return r.selections(func(_ *Value, n ssvc.Namespace) bool { return r.tlp() == "CLEAR" && !n.Registered() }, "readers may not know the namespace %s")
}

// 6.2.36 Usage of SSVC Decision Point Namespace with Extension in TLP:CLEAR Document
func extendedClear(r *run) []Problem {
	return r.selections(func(_ *Value, n ssvc.Namespace) bool { return r.tlp() == "CLEAR" && n.Extended }, "readers may not know the extension %s")
}

// 6.2.37 Usage of Unknown SSVC Decision Point Namespace without Resource
func namespaceWithoutResource(r *run) []Problem {
	return r.selections(func(o *Value, n ssvc.Namespace) bool {
		if n.Registered() && !n.Extended {
			return false
		}
		return !slices.ContainsFunc(o.Get("decision_point_resources").Items(), func(res *Value) bool {
			return strings.Contains(res.Get("summary").Text(), n.Full)
		})
	}, "no resource tells of the namespace %s")
}

// 6.3.13 Usage of Non-Latest SSVC Decision Point Version. When a version came out is
// not known here: a patch version counts as the same, and all known ones as old
// enough.
func oldDecisionPoint(r *run) (found []Problem) {
	r.eachSelection(func(_, item *Value, n ssvc.Namespace, path string) {
		key, version := item.Get("key").Text(), item.Get("version").Text()
		latest, ok := ssvc.Latest(key)
		if n.Base != "ssvc" || !ok {
			return
		}
		minor := func(v string) string { return v[:strings.LastIndexByte(v, '.')+1] }
		if minor(version) != minor(latest) {
			found = append(found, problem(path+"/version", "the newest version of %s is %s, not %s", key, latest, version))
		}
	})
	return found
}

// 6.3.14 Usage of Unregistered SSVC Decision Point Base Namespace in Non-TLP:CLEAR Document
func unregisteredOther(r *run) []Problem {
	return r.selections(func(_ *Value, n ssvc.Namespace) bool { return r.tlp() != "CLEAR" && !n.Registered() }, "readers may not know the namespace %s")
}

// 6.3.15 Usage of SSVC Decision Point Namespace with Extension in Non-TLP:CLEAR Document
func extendedOther(r *run) []Problem {
	return r.selections(func(_ *Value, n ssvc.Namespace) bool { return r.tlp() != "CLEAR" && n.Extended }, "readers may not know the extension %s")
}

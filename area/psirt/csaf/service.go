package csaf

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The validator service speaks the protocol of the CSAF community's validator
// service, which csaf_checker, csaf_validator and csaf_downloader ask: POST
// /api/v1/validate with the document and the tests wanted, by name or by preset.

const largestRequest = 64 << 20 // bytes

type serviceTest struct {
	Type string `json:"type"` // test or preset
	Name string `json:"name"`
}

type serviceRequest struct {
	Tests    []serviceTest   `json:"tests"`
	Document json.RawMessage `json:"document"`
}

type servicePlace struct {
	Message      string `json:"message"`
	InstancePath string `json:"instancePath"`
}

// Clients read the answer strictly: a field more than these breaks them.
type serviceResult struct {
	Name     string         `json:"name"`
	Valid    bool           `json:"isValid"`
	Errors   []servicePlace `json:"errors"`
	Warnings []servicePlace `json:"warnings"`
	Infos    []servicePlace `json:"infos"`
}

type serviceAnswer struct {
	Valid bool            `json:"isValid"`
	Tests []serviceResult `json:"tests"`
}

// serviceName is how the service calls a test: mandatoryTest_6_1_1.
func serviceName(t Test) string {
	return string(t.Group) + "Test_" + strings.ReplaceAll(t.ID, ".", "_")
}

func schemaName(v Version) string { return "csaf_" + strings.ReplaceAll(string(v), ".", "_") }

// presets are the sets of tests that have a name, by the groups in them.
var presets = map[string][]Group{
	"schema": nil, "mandatory": {Mandatory}, "optional": {Optional, Recommended}, "recommended": {Optional, Recommended},
	"informative": {Informative}, "basic": {Mandatory}, "extended": {Mandatory, Optional, Recommended},
	"full": {Mandatory, Optional, Recommended, Informative},
}

// Service answers the protocol. Options say how it tests; level and tests are the
// request's.
func Service(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/tests", func(w http.ResponseWriter, r *http.Request) {
		type listed struct {
			Name   string `json:"name"`
			Preset string `json:"preset"`
		}
		var all []listed
		for _, v := range []Version{V20, V21} {
			all = append(all, listed{schemaName(v), "schema"})
			for _, t := range Tests(v) {
				if one := (listed{serviceName(t), string(t.Group)}); !slices.Contains(all, one) {
					all = append(all, one)
				}
			}
		}
		answer(w, http.StatusOK, all)
	})
	mux.HandleFunc("POST /api/v1/validate", func(w http.ResponseWriter, r *http.Request) {
		var in serviceRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestRequest)).Decode(&in); err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": "the request is not JSON as expected: " + err.Error()})
			return
		}
		d, err := Parse(in.Document)
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": "the document can't be read: " + err.Error()})
			return
		}
		out, unknown := serve(d, in.Tests, o)
		if unknown != "" {
			answer(w, http.StatusBadRequest, map[string]string{"error": "there is no test or preset " + unknown})
			return
		}
		answer(w, http.StatusOK, out)
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // who hung up hears nothing
}

// serve runs the tests that a request names.
func serve(d *Document, wanted []serviceTest, o Options) (out serviceAnswer, unknown string) {
	o.Level, o.Tests = Full, nil
	version := d.Version()
	if version != V21 {
		version = V20
	}
	schema := false
	for _, want := range wanted {
		groups, isPreset := presets[want.Name]
		switch {
		case want.Type == "preset" && isPreset:
			schema = schema || want.Name == "schema" || want.Name == "basic" || want.Name == "extended" || want.Name == "full"
			for _, t := range Tests(version) {
				if slices.Contains(groups, t.Group) {
					o.Tests = append(o.Tests, t.ID)
				}
			}
		case want.Type == "test" && want.Name == schemaName(version):
			schema = true
		default:
			i := slices.IndexFunc(Tests(version), func(t Test) bool { return want.Type == "test" && serviceName(t) == want.Name })
			if i < 0 {
				return out, want.Name
			}
			o.Tests = append(o.Tests, Tests(version)[i].ID)
		}
	}
	none := len(o.Tests) == 0
	report := d.Validate(o)
	out = serviceAnswer{Valid: true, Tests: []serviceResult{}}
	if schema {
		out.Valid = report.SchemaOK
		out.Tests = append(out.Tests, serviceResult{schemaName(report.Version), report.SchemaOK, places(report.Schema), []servicePlace{}, []servicePlace{}})
	}
	for _, r := range report.Results {
		if none {
			break
		}
		one := serviceResult{serviceName(r.Test), true, []servicePlace{}, places(r.Notes), []servicePlace{}}
		switch r.Test.Group {
		case Mandatory:
			one.Valid, one.Errors = r.OK, places(r.Errors)
			out.Valid = out.Valid && r.OK
		case Informative:
			one.Infos = places(r.Errors)
		default:
			one.Warnings = append(one.Warnings, places(r.Errors)...)
		}
		out.Tests = append(out.Tests, one)
	}
	return out, ""
}

func places(found []Problem) []servicePlace {
	all := []servicePlace{}
	for _, p := range found {
		all = append(all, servicePlace{p.Message, p.Path})
	}
	return all
}

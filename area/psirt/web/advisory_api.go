package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yagura/api"
	"yagura/area/psirt"
	"yagura/area/psirt/csaf"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
)

type advisoryJSON struct {
	ID       string    `json:"id" doc:"Opaque id; the one that stands in addresses"`
	Number   string    `json:"number" doc:"Tracking id" example:"PSA-2026-4711"`
	Version  int64     `json:"version,omitempty" doc:"For those who work on it: grows with every change; hand it back to replace the draft"`
	Title    string    `json:"title"`
	TLP      string    `json:"tlp" enum:"WHITE,GREEN,AMBER,RED,UNLABELED"`
	State    string    `json:"state,omitempty" doc:"Of what is public; empty where nothing is" enum:",published,withdrawn,superseded"`
	Stage    string    `json:"stage,omitempty" doc:"Of the revision that is worked on, for those on its list" enum:",draft,review,approved,scheduled,publishing"`
	Interim  bool      `json:"interim,omitempty" doc:"The public text says that more follows soon"`
	Released time.Time `json:"released,omitzero" doc:"First"`
	Updated  time.Time `json:"updated,omitzero" doc:"When what is public was published"`
}

type testJSON struct {
	Test    string `json:"test" doc:"Section of CSAF 2.0; schema for what breaks the schema" example:"6.1.11"`
	Group   string `json:"group" doc:"Mandatory tests and the schema keep a text from being reviewed" enum:"schema,mandatory,optional,informative"`
	Path    string `json:"path" doc:"JSON pointer"`
	Message string `json:"message"`
}

type revisionJSON struct {
	N         int64     `json:"n"`
	Tracking  string    `json:"version" doc:"As the document says"`
	SHA256    string    `json:"sha256"`
	Published time.Time `json:"published,omitzero"`
}

type advisoryDetailJSON struct {
	advisoryJSON
	Case      string          `json:"case,omitempty" doc:"Opaque id of its case, for those on its list"`
	Document  json.RawMessage `json:"document,omitempty" doc:"What is public, as CSAF 2.0; its exact bytes are at /document"`
	Draft     json.RawMessage `json:"draft,omitempty" doc:"What is worked on, for those on its list"`
	Tests     []testJSON      `json:"tests,omitempty" doc:"What the tests find in the draft, as it would be published now"`
	Revisions []revisionJSON  `json:"revisions"`
}

func (p *pages) advisoryRoutes() []api.Route {
	states := []string{"open", psirt.AdvisoryPublished, psirt.AdvisoryWithdrawn, psirt.AdvisorySuperseded}
	for _, s := range psirt.Stages {
		states = append(states, string(s))
	}
	const body = "The body is the document itself (CSAF 2.0, at most 8 MiB). It is kept as it is written and tested as in the editor; what cannot be read, and with strict what would keep it from being reviewed, is refused, each error by its JSON pointer, and nothing is kept."
	strict := api.Param{Name: "strict", Type: "boolean", Doc: "Refuse a text that breaks the schema or a mandatory test"}
	return []api.Route{
		{Method: "GET", Path: "/psirt/advisories", Summary: "Advisories that the holder of the token may know of, the latest first", Act: psirt.Read,
			Query: append(api.Paging("number", "title", "date"),
				api.Param{Name: "q", Doc: "Words in number, title, CVE IDs and products of what is public"},
				api.Param{Name: "state", Doc: "Only advisories in this state or stage; open is all that is worked on", Enum: states},
				api.Param{Name: "tlp", Doc: "Only advisories with this label", Enum: psirt.AdvisoryLabels}),
			Out: api.List[advisoryJSON]{}, Handle: p.apiAdvisories},
		{Method: "POST", Path: "/psirt/advisories", Summary: "Make a draft of an advisory", Doc: body + " A number of ours takes the place of its tracking id.", Act: psirt.Handle,
			Query:    []api.Param{{Name: "case", Doc: "Opaque id of its case"}, strict},
			Consumes: "application/json", MaxBody: psirt.LargestAdvisory, Out: advisoryDetailJSON{}, Handle: p.apiDraft},
		{Method: "GET", Path: "/psirt/advisories/{id}", Summary: "One advisory with its public text and, for those on its list, what is worked on", Act: psirt.Read, Out: advisoryDetailJSON{}, Handle: p.apiAdvisory},
		{Method: "PUT", Path: "/psirt/advisories/{id}", Summary: "Replace the draft of an advisory", Doc: body, Act: psirt.Handle,
			Query:    []api.Param{{Name: "version", Type: "integer", Required: true, Doc: "The version that was read; a changed advisory is a conflict"}, strict},
			Consumes: "application/json", MaxBody: psirt.LargestAdvisory, Out: advisoryDetailJSON{}, Handle: p.apiDraft},
		{Method: "GET", Path: "/psirt/advisories/{id}/document", Summary: "The public text of an advisory, byte for byte", Doc: "With an ETag: ask with If-None-Match to be told that nothing changed (304).", Act: psirt.Read,
			Produces: "application/json", Handle: p.apiDocument},
	}
}

func showAdvisory(a psirt.Advisory) advisoryJSON {
	return advisoryJSON{a.ID, a.Number, a.Version, a.Title, a.TLP, a.State, string(a.Stage), a.Interim, a.Released, a.Updated}
}

func (p *pages) apiAdvisories(c *api.Context) (any, error) {
	pg, err := c.Page("-date")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Advisories(c.Context(), c.Actor, psirt.AdvisoryFilter{Query: c.Query("q"), State: c.Query("state"), TLP: c.Query("tlp"), Page: pg})
	if err != nil {
		return nil, err
	}
	return api.Cut(pg, total, rows, func(a psirt.Advisory) keyset.Position { return psirt.AdvisoryAt(a, pg.Sort) }, showAdvisory), nil
}

func (p *pages) apiAdvisory(c *api.Context) (any, error) { return p.advisoryOf(c, c.Path("id")) }

// advisoryOf is one advisory as the asker may see it.
func (p *pages) advisoryOf(c *api.Context, id string) (any, error) {
	d, err := p.s.Advisory(c.Context(), c.Actor, id)
	if err != nil {
		return nil, err
	}
	out := advisoryDetailJSON{advisoryJSON: showAdvisory(d.Advisory), Document: d.Public.Text, Revisions: []revisionJSON{}}
	for _, r := range d.Revisions {
		out.Revisions = append(out.Revisions, revisionJSON{r.N, r.Tracking, r.SHA256, r.Published})
	}
	if !d.Member {
		return out, nil
	}
	if out.Case = d.Case; d.Draft == 0 {
		return out, nil
	}
	out.Draft, out.Tests = d.Open.Text, []testJSON{}
	report, _, _, err := p.s.TestsOf(c.Context(), c.Actor, d.ID, d.Open.Text)
	if err != nil {
		return nil, err
	}
	for _, x := range report.Schema {
		out.Tests = append(out.Tests, testJSON{"schema", "schema", x.Path, x.Message})
	}
	for _, r := range report.Results {
		group := "informative"
		switch r.Test.Group {
		case csaf.Mandatory:
			group = "mandatory"
		case csaf.Optional:
			group = "optional"
		}
		for _, x := range r.Errors {
			out.Tests = append(out.Tests, testJSON{r.Test.ID, group, x.Path, x.Message})
		}
	}
	return out, nil
}

// apiDraft makes a draft of the body, or replaces one.
func (p *pages) apiDraft(c *api.Context) (any, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, psirt.LargestAdvisory+1))
	if err != nil && len(raw) <= psirt.LargestAdvisory {
		return nil, fault.Invalidf("The body ended before it was complete")
	}
	h := psirt.HandedIn{Raw: raw, Case: c.Query("case"), Strict: c.Query("strict") == "true"}
	version := int64(0)
	if c.Path("id") != "" {
		if version, err = strconv.ParseInt(c.Query("version"), 10, 64); err != nil || version < 1 {
			return nil, fault.Invalid(fault.F("version", "Say which version you read"))
		}
	}
	a, err := p.s.HandInAdvisory(c.Context(), c.Actor, c.Path("id"), version, h)
	if err != nil {
		return nil, err
	}
	return p.advisoryOf(c, a.ID)
}

// apiDocument sends the bytes that are public.
func (p *pages) apiDocument(c *api.Context) (any, error) {
	d, err := p.s.Advisory(c.Context(), c.Actor, c.Path("id"))
	if err != nil {
		return nil, err
	}
	if d.Live == 0 {
		return nil, fault.NotFound("Nothing of this advisory is public")
	}
	tag := `"` + d.Public.SHA256 + `"`
	h := c.W.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	for known := range strings.SplitSeq(c.R.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			c.W.WriteHeader(http.StatusNotModified)
			return api.Written, nil
		}
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(d.Public.Text)))
	c.W.Write(d.Public.Text)
	return api.Written, nil
}

// place is a JSON pointer.
func place(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "/%v", p)
	}
	return b.String()
}

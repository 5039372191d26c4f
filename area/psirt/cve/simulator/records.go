package simulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"yagura/area/psirt/cve"
)

// mostBody is how long a record may be.
const mostBody = 3_800_000

// dataVersion is the record format that the service writes.
const dataVersion = "5.2.0"

// container reads what is to be published, with the service's own word on who
// provides it.
func (s *Service) container(a asker, r *http.Request, rejection bool) (*cve.Node, *refusal) {
	raw, err := io.ReadAll(r.Body)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) || len(raw) > mostBody {
		return nil, no(400, "RECORD_TOO_LARGE", "Records must be less than 3.8MB.")
	}
	body, err := cve.ParseJSON(raw)
	if err != nil {
		return nil, no(400, "INVALID_JSON_SYNTAX", err.Error())
	}
	c := body.Get("cnaContainer")
	if c == nil || c.Kind != cve.Object {
		return nil, invalid(cve.Problem{Path: "$"}, "must have required property 'cnaContainer'")
	}
	list := "descriptions"
	if rejection {
		list = "rejectedReasons"
	}
	seen := map[string]bool{}
	for _, d := range c.List(list) {
		l := strings.ToLower(d.Str("lang"))
		if strings.HasPrefix(l, "en") && seen[l] {
			return nil, badInput(parameter{fmt.Sprintf("Cannot have more than one English language entry in 'cnaContainer.%s'", list), "cnaContainer." + list, "body"})
		}
		seen[l] = true
	}
	if at := c.Str("datePublic"); at != "" && !rejection {
		if t, err := time.Parse(time.RFC3339, at); err == nil && t.After(s.now().Add(24*time.Hour)) {
			return nil, badInput(parameter{"datePublic cannot be a future date", "cnaContainer.datePublic", "body"})
		}
	}
	provider, _ := cve.ParseJSON(fmt.Appendf(nil, `{"orgId":%q,"shortName":%q,"dateUpdated":%q}`, a.org.UUID, a.org.ShortName, stamp(s.now())))
	whole := &cve.Node{Kind: cve.Object, Members: append([]cve.Member{{Name: "providerMetadata", Value: provider}}, c.Without("providerMetadata").Members...)}
	d, _ := cve.Of(&cve.Node{Kind: cve.Object, Members: []cve.Member{{Name: "cnaContainer", Value: whole}}})
	if d.Rejects() != rejection && rejection {
		return nil, invalid(cve.Problem{Path: "$.cnaContainer"}, "must have required property 'rejectedReasons'")
	}
	for _, p := range d.Check() {
		return nil, invalid(p, p.Message.String()) // the service tells the first
	}
	return whole, nil
}

func invalid(p cve.Problem, message string) *refusal {
	x := no(400, "INVALID_JSON_SCHEMA", "CVE cnaContainer JSON schema validation FAILED.")
	pointer := strings.NewReplacer("$", "", "[", "/", "]", "", ".", "/").Replace(p.Path)
	x.Details = map[string]any{"errors": []map[string]string{{"instancePath": pointer, "message": message}}}
	return x
}

// submit publishes or rejects, the first time or anew.
func (s *Service) submit(rejection, again bool) handler {
	return func(a asker, r *http.Request) (any, *refusal) {
		e, refused := s.theID(r)
		if refused != nil {
			return nil, refused
		}
		c, refused := s.container(a, r, rejection)
		switch {
		case refused != nil:
			return nil, refused
		case e == nil:
			return nil, no(403, "CVEID_DNE", "The cve id does not exist.")
		case !a.of(e.Owner):
			return nil, no(403, "CVEID_ORG_DOES_NOT_MATCH", "The cve id owning org does not match user org.")
		case e.Record != nil && !again:
			return nil, no(403, "CVE_RECORD_EXISTS", "The cve record for the cve id already exists.")
		case e.Record == nil && again:
			return nil, no(403, "CVE_RECORD_DNE", "The cve record for the cve id does not exist.")
		}
		s.write(e, c, rejection)
		did, what := "created", "record"
		if again {
			did = "updated"
		}
		return map[string]any{"message": fmt.Sprintf("%s %s was successfully %s. This submission should appear on https://www.cve.org/ within 15 minutes.", e.ID, what, did), did: e.Record}, nil
	}
}

// write makes the whole record around a container.
func (s *Service) write(e *entry, c *cve.Node, rejection bool) {
	now, owner := s.now(), s.org(e.Owner)
	e.State, e.Modified = cve.Published, now
	if rejection {
		e.State, e.Rejected = cve.Rejected, now
	} else if e.Published.IsZero() {
		e.Published = now
	}
	meta := fmt.Sprintf(`{"cveId":%q,"assignerOrgId":%q,"assignerShortName":%q,"state":%q,"dateReserved":%q,"dateUpdated":%q`,
		e.ID, owner.UUID, owner.ShortName, e.State, stamp(e.Reserved), stamp(now))
	if !e.Published.IsZero() {
		meta += fmt.Sprintf(`,"datePublished":%q`, stamp(e.Published))
	}
	if rejection {
		meta += fmt.Sprintf(`,"dateRejected":%q`, stamp(e.Rejected))
	}
	e.Record, _ = cve.ParseJSON(fmt.Appendf(nil, `{"dataType":"CVE_RECORD","dataVersion":%q,"cveMetadata":%s},"containers":{"cna":%s}}`, dataVersion, meta, c.AppendJSON(nil)))
}

// getRecord is for everybody.
func (s *Service) getRecord(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, refused := s.theID(r)
	switch {
	case refused != nil:
		answer(w, refused.status, refused)
	case e == nil || e.Record == nil:
		answer(w, 404, no(404, "CVE_RECORD_DNE", "The cve record for the cve id does not exist."))
	default:
		answer(w, 200, e.Record)
	}
}

func (s *Service) count(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, state := 0, cve.State(r.URL.Query().Get("state"))
	for _, e := range s.s.IDs {
		if e.Record != nil && (state == "" || e.State == state) {
			n++
		}
	}
	answer(w, 200, map[string]int{"totalCount": n})
}

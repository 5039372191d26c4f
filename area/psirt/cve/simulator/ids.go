package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/psirt/cve"
)

// idView is an ID as the service shows it.
func idView(e *entry) map[string]any {
	return map[string]any{
		"cve_id": e.ID, "cve_year": strconv.Itoa(e.ID.Year()), "state": e.State, "owning_cna": e.Owner,
		"requested_by": map[string]string{"cna": e.ByOrg, "user": e.ByUser}, "reserved": stamp(e.Reserved),
		"time": map[string]string{"created": stamp(e.Reserved), "modified": stamp(e.Modified)},
	}
}

func (s *Service) quota(o *org) (q struct {
	Quota     int `json:"id_quota"`
	Reserved  int `json:"total_reserved"`
	Available int `json:"available"`
}) {
	for _, e := range s.s.IDs {
		if e.Owner == o.ShortName && e.State == cve.Reserved {
			q.Reserved++
		}
	}
	q.Quota, q.Available = o.Quota, max(0, o.Quota-q.Reserved)
	return q
}

var yearForm = regexp.MustCompile(`^[0-9]{4}$`)

const mostNonsequential = 10

func (s *Service) reserve(a asker, r *http.Request) (any, *refusal) {
	q := map[string]string{}
	for k, v := range r.URL.Query() {
		q[strings.ToLower(k)] = v[0]
	}
	var wrong []parameter
	amount, err := strconv.Atoi(q["amount"])
	if q["amount"] != "" && err != nil {
		wrong = append(wrong, parameter{"Invalid value", "amount", "query"})
	}
	if q["cve_year"] != "" && !yearForm.MatchString(q["cve_year"]) {
		wrong = append(wrong, parameter{"Invalid value", "cve_year", "query"})
	}
	if len(wrong) > 0 {
		return nil, badInput(wrong...)
	}
	short := q["short_name"]
	switch {
	case short == "":
		return nil, no(400, "NO_ORG_SHORTNAME", "The short_name query parameter is required to reserve CVE IDs.")
	case !a.of(short):
		return nil, no(403, "ORG_CANNOT_RESERVE_FOR_OTHER", "The organization designated by the CVE-API-ORG header is not allowed to reserve IDs for the organization specified by the short_name query parameter.")
	case q["cve_year"] == "":
		return nil, no(400, "NO_YEAR", "The cve_year query parameter is required [1999-present+1].")
	case q["amount"] == "":
		return nil, no(400, "NO_AMOUNT", "The amount query parameter is required and needs to be above 0.")
	case amount <= 0:
		return nil, no(400, "INVALID_AMOUNT", "The amount query parameter needs to be above 0.")
	case amount > 1 && q["batch_type"] == "":
		return nil, no(400, "NO_BATCH_TYPE", "The batch_type query parameter must be specified when reserving more than one CVE ID. Available values are: sequential, nonsequential, non-sequential.")
	}
	owner := s.org(short)
	if owner == nil {
		return nil, no(403, "ORG_DNE", fmt.Sprintf("The organization '%s' designated by the shortname query parameter does not exist.", short))
	}
	left := s.quota(owner)
	if amount > left.Available {
		x := no(403, "EXCEEDED_ID_QUOTA", "The amount requested would exceed the organization's ID quota. No more IDs can be reserved until the number of IDs in the Reserved state goes below the ID quota or the ID quota is raised. If you feel you are receiving this message in error, please contact support here: https://cveform.mitre.org/")
		x.Details = left
		return nil, x
	}
	year, _ := strconv.Atoi(q["cve_year"])
	if year < 1999 || year > s.now().Year()+1 {
		return nil, no(403, "CANNOT_RESERVE_FOR_YEAR", fmt.Sprintf("IDR is not currently configured to reserve IDs for year %d. If you believe you are receiving this message in error, please contact an administrator.", year))
	}
	if !s.realYear {
		year = cve.RehearsalYear
	}
	var numbers []int
	at := s.s.Next[strconv.Itoa(year)]
	if at == nil {
		at = &counters{1000, 20000}
		s.s.Next[strconv.Itoa(year)] = at
	}
	switch q["batch_type"] {
	case "": // the block of low numbers, while it lasts
		n := &at.Priority
		if *n >= 20000 {
			n = &at.General
		}
		numbers = append(numbers, *n)
		*n++
	case "sequential":
		for range amount {
			numbers = append(numbers, at.General)
			at.General++
		}
	case "nonsequential", "non-sequential":
		if amount > mostNonsequential {
			return nil, no(403, "OVER_NONSEQUENTIAL_MAX_AMOUNT", fmt.Sprintf("The amount query parameter exceeds the maximum amount allowed. Only amounts of %d ids or less can be reserved at a time.", mostNonsequential))
		}
		for range amount {
			at.General += 1 + rand.IntN(50)
			numbers = append(numbers, at.General)
			at.General++
		}
	default:
		return nil, no(400, "INVALID_BATCH_TYPE", "The batch_type provided is invalid. Available values are sequential, nonsequential, non-sequential.")
	}
	views, now := []any{}, s.now()
	for _, n := range numbers {
		e := &entry{ID: cve.ID(fmt.Sprintf("CVE-%d-%04d", year, n)), State: cve.Reserved, Owner: short, ByOrg: a.org.ShortName, ByUser: a.user.Name, Reserved: now, Modified: now}
		s.s.IDs = append(s.s.IDs, e)
		v := idView(e)
		delete(v, "time")
		views = append(views, v)
	}
	return map[string]any{"cve_ids": views, "meta": map[string]int{"remaining_quota": left.Available - amount}}, nil
}

func (s *Service) listIDs(a asker, r *http.Request) (any, *refusal) {
	found := []*entry{}
	var wrong []parameter
	keep := func(*entry) bool { return true }
	also := func(f func(*entry) bool) {
		before := keep
		keep = func(e *entry) bool { return before(e) && f(e) }
	}
	for k, v := range r.URL.Query() {
		key, value := strings.ToLower(k), v[0]
		switch key {
		case "page":
		case "state":
			if !slices.Contains([]string{"RESERVED", "PUBLISHED", "REJECTED"}, value) {
				wrong = append(wrong, parameter{"Invalid value", "state", "query"})
			}
			also(func(e *entry) bool { return string(e.State) == value })
		case "cve_id_year":
			if !yearForm.MatchString(value) {
				wrong = append(wrong, parameter{"Invalid value", "cve_id_year", "query"})
			}
			also(func(e *entry) bool { return strconv.Itoa(e.ID.Year()) == value })
		case "time_reserved.lt", "time_reserved.gt", "time_modified.lt", "time_modified.gt":
			t, err := time.Parse(time.RFC3339, value)
			if err != nil {
				wrong = append(wrong, parameter{"Bad date, or invalid timestamp format: valid format is yyyy-MM-ddTHH:mm:ss or yyyy-MM-ddTHH:mm:ssZZZZ (to use '+' in timezone offset, encode as '%2B)", key, "query"})
			}
			also(func(e *entry) bool {
				at := e.Reserved
				if strings.HasPrefix(key, "time_modified") {
					at = e.Modified
				}
				return strings.HasSuffix(key, "lt") && at.Before(t) || strings.HasSuffix(key, "gt") && at.After(t)
			})
		default:
			return nil, no(400, "BAD_PARAMETER_NAME", fmt.Sprintf("'%s' is not a valid parameter.", k))
		}
	}
	if len(wrong) > 0 {
		return nil, badInput(wrong...)
	}
	for _, e := range s.s.IDs {
		if a.of(e.Owner) && keep(e) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y *entry) int { return x.ID.Compare(y.ID) })
	views := make([]any, len(found))
	for i, e := range found {
		views[i] = idView(e)
	}
	return page(r, "cve_ids", views)
}

// theID is the ID in the path.
func (s *Service) theID(r *http.Request) (*entry, *refusal) {
	id := r.PathValue("id")
	if _, err := cve.ParseID(id); err != nil {
		return nil, badInput(parameter{"Invalid value", "id", "params"})
	}
	return s.entry(id), nil
}

func notFound(r *http.Request) *refusal {
	return no(404, "CVE_ID_NOT_FOUND", r.PathValue("id")+" not found")
}

func (s *Service) getID(a asker, r *http.Request) (any, *refusal) {
	e, refused := s.theID(r)
	switch {
	case refused != nil:
		return nil, refused
	case e == nil, !a.of(e.Owner) && e.State == cve.Reserved:
		return nil, notFound(r) // a reserved ID is nobody else's business
	case !a.of(e.Owner):
		v := idView(e)
		for _, own := range []string{"requested_by", "reserved", "time"} {
			delete(v, own)
		}
		return v, nil
	}
	return idView(e), nil
}

// modifyID moves an ID that has no record to another state or organisation.
func (s *Service) modifyID(a asker, r *http.Request) (any, *refusal) {
	e, refused := s.theID(r)
	if refused != nil {
		return nil, refused
	}
	if e == nil {
		return nil, notFound(r)
	}
	if !a.of(e.Owner) {
		return nil, no(403, "ORG_DOES_NOT_OWN_ID", fmt.Sprintf("It appears that %s does not own %s", a.org.ShortName, e.ID))
	}
	to, state := r.URL.Query().Get("org"), cve.State(r.URL.Query().Get("state"))
	if state != "" {
		switch {
		case state != cve.Reserved && state != cve.Rejected:
			return nil, badInput(parameter{"Invalid value", "state", "query"})
		case e.Record != nil:
			return nil, no(403, "CANNOT_CHANGE_CVE_ID_WITH_RECORD", fmt.Sprintf("A record was found for %s. A CVE ID cannot be changed once a record exists for it. Instead, it changes according to the record.", e.ID))
		case state == cve.Reserved && e.State != cve.Reserved && s.quota(s.org(e.Owner)).Available == 0:
			return nil, no(403, "TRANSITION_STATE_RESERVED_NO_QUOTA", "A CVE ID state cannot be changed to RESERVED if the owning organization has no remaining quota.")
		}
	}
	if to != "" && s.org(to) == nil {
		return nil, no(404, "ORG_DNE", fmt.Sprintf("The organization '%s' designated by the shortname query parameter does not exist.", to))
	}
	if state != "" {
		e.State = state
	}
	if to != "" {
		e.Owner = to
	}
	e.Modified = s.now()
	return map[string]any{"message": string(e.ID) + " was successfully updated.", "updated": idView(e)}, nil
}

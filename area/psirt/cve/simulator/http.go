package simulator

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"yagura/kernel/id"
)

// refusal is an answer in the shape that the service gives its errors.
type refusal struct {
	status  int
	Error   string `json:"error"`
	Message string `json:"message"`
	Details any    `json:"details,omitempty"`
}

func no(status int, code, message string) *refusal {
	return &refusal{status: status, Error: code, Message: message}
}

// parameter is one thing wrong with a request.
type parameter struct {
	Message  string `json:"msg"`
	Param    string `json:"param"`
	Location string `json:"location"`
}

func badInput(all ...parameter) *refusal {
	return &refusal{400, "BAD_INPUT", "Parameters were invalid", all}
}

// asker is who makes a request.
type asker struct {
	org  *org
	user *user
}

func (a asker) secretariat() bool { return slices.Contains(a.org.Roles, "SECRETARIAT") }
func (a asker) admin() bool       { return slices.Contains(a.user.Roles, "ADMIN") }

// of tells whether the asker belongs to an organisation or may act for all.
func (a asker) of(short string) bool { return a.org.ShortName == short || a.secretariat() }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body)
}

// handler is a request of somebody known: what it answers, or a refusal.
type handler func(a asker, r *http.Request) (any, *refusal)

func (s *Service) routes() {
	s.mux = http.NewServeMux()
	on := func(pattern string, cna bool, h handler) {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			a, refused := s.authenticate(r)
			if refused == nil && cna && !slices.Contains(a.org.Roles, "CNA") && !a.secretariat() {
				refused = no(403, "CNA_ONLY", "This function is currently only allowed to CNAs. This will change for many functions as more administrative roles are implemented.")
			}
			var body any
			if refused == nil {
				body, refused = h(a, r)
			}
			if refused == nil && r.Method != http.MethodGet {
				if err := s.save(); err != nil {
					refused = no(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
				}
			}
			if refused != nil {
				answer(w, refused.status, refused)
				return
			}
			answer(w, 200, body)
		})
	}
	on("GET /api/cve-id", true, s.listIDs)
	on("POST /api/cve-id", true, s.reserve)
	on("GET /api/cve-id/{id}", true, s.getID)
	on("PUT /api/cve-id/{id}", true, s.modifyID)
	on("POST /api/cve/{id}/cna", true, s.submit(false, false))
	on("PUT /api/cve/{id}/cna", true, s.submit(false, true))
	on("POST /api/cve/{id}/reject", true, s.submit(true, false))
	on("PUT /api/cve/{id}/reject", true, s.submit(true, true))
	on("GET /api/org/{org}", false, s.getOrg)
	on("GET /api/org/{org}/id_quota", false, s.getQuota)
	on("GET /api/org/{org}/users", false, s.listUsers)
	on("GET /api/org/{org}/user/{user}", false, s.getUser)
	on("POST /api/org/{org}/user", false, s.createUser)
	on("PUT /api/org/{org}/user/{user}", false, s.updateUser)
	on("PUT /api/org/{org}/user/{user}/reset_secret", false, s.resetSecret)
	// What everybody may ask.
	s.mux.HandleFunc("GET /api/cve/{id}", s.getRecord)
	s.mux.HandleFunc("GET /api/cve_count", s.count)
	s.mux.HandleFunc("GET /api/health-check", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 404, no(404, "NOT_FOUND", "404: resource not found"))
	})
}

// ServeHTTP answers a request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostBody+1)
	s.mux.ServeHTTP(w, r)
}

func (s *Service) authenticate(r *http.Request) (a asker, refused *refusal) {
	for _, h := range []string{"CVE-API-ORG", "CVE-API-USER", "CVE-API-KEY"} {
		if r.Header.Get(h) == "" {
			return a, no(400, "BAD_REQUEST", h+" header field required.")
		}
	}
	unauthorized := no(401, "UNAUTHORIZED", "Unauthorized")
	if a.org = s.org(r.Header.Get("CVE-API-ORG")); a.org == nil {
		return a, unauthorized
	}
	if a.user = a.org.user(r.Header.Get("CVE-API-USER")); a.user == nil || !a.user.Active {
		return a, unauthorized
	}
	if subtle.ConstantTimeCompare([]byte(a.user.Key), []byte(id.Digest(r.Header.Get("CVE-API-KEY")))) != 1 {
		return a, unauthorized
	}
	return a, nil
}

// page cuts a list and says where in it the page lies, as the service does: only
// where there is more than one.
func page[T any](r *http.Request, name string, all []T) (any, *refusal) {
	n := 1
	if p := r.URL.Query().Get("page"); p != "" {
		var err error
		if n, err = strconv.Atoi(p); err != nil || n < 1 {
			return nil, badInput(parameter{"Invalid value", "page", "query"})
		}
	}
	pages := max(1, (len(all)+pageSize-1)/pageSize)
	from := min((n-1)*pageSize, len(all))
	cut := all[from:min(from+pageSize, len(all))]
	if cut == nil {
		cut = []T{}
	}
	body := map[string]any{name: cut}
	if len(all) >= pageSize {
		body["totalCount"], body["itemsPerPage"], body["pageCount"], body["currentPage"] = len(all), pageSize, pages, n
		body["prevPage"], body["nextPage"] = nil, nil
		if n > 1 {
			body["prevPage"] = n - 1
		}
		if n < pages {
			body["nextPage"] = n + 1
		}
	}
	return body, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

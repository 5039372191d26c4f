package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/area/telemetry/intake"
	"yagura/kernel/clock"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// ElasticPath is where Elastic is to be mounted beside other handlers; at an
// address of its own it may stand at the root, for shippers that know no path.
const ElasticPath = "/intake/elastic/"

// elasticVersion is the version of the interface that is spoken. Shippers
// refuse a server older than themselves.
const elasticVersion = "8.19.0"

// Elastic speaks as much of Elasticsearch's interface as shippers need that
// write with _bulk – Beats, Logstash, rsyslog – and nothing of search. Every
// request shows the token of a source: as the password of any user, or as
// Bearer, or as the key of an ApiKey. What shippers set up before they write
// (templates, lifecycle, pipelines) is theirs to ask for and changes nothing
// here; it is answered as done.
func Elastic(s *telemetry.Service, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	e := &elastic{s, log}
	mux := http.NewServeMux()
	mux.HandleFunc("/", e.other)
	mux.HandleFunc("GET /{$}", e.root)
	mux.HandleFunc("POST /_bulk", e.bulk)
	mux.HandleFunc("PUT /_bulk", e.bulk)
	mux.HandleFunc("POST /{index}/_bulk", e.bulk)
	mux.HandleFunc("PUT /{index}/_bulk", e.bulk)
	mux.HandleFunc("POST /{index}/{kind}/_bulk", e.bulk) // before version 8
	mux.HandleFunc("GET /_license", e.license)
	mux.HandleFunc("GET /_xpack", e.xpack)
	mux.HandleFunc("GET /_cluster/health", e.health)
	mux.HandleFunc("GET /_cat/health", e.health)
	below := http.StripPrefix(strings.TrimSuffix(ElasticPath, "/"), mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		if err := s.Sender(credential(r)); err != nil {
			e.fail(w, r, err)
			return
		}
		if strings.HasPrefix(r.URL.Path, ElasticPath) {
			below.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

type elastic struct {
	s   *telemetry.Service
	log *slog.Logger
}

// credential is the token of a source, in whichever form a shipper can show it.
func credential(r *http.Request) string { return tokenOf(r.Header.Get("Authorization")) }

func tokenOf(authorization string) string {
	kind, rest, _ := strings.Cut(authorization, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(kind) {
	case "bearer":
		return rest
	case "basic", "apikey":
		pair := rest
		if b, err := base64.StdEncoding.DecodeString(rest); err == nil {
			pair = string(b)
		}
		if _, secret, ok := strings.Cut(pair, ":"); ok {
			return secret
		}
		return pair
	}
	return ""
}

func (e *elastic) root(w http.ResponseWriter, _ *http.Request) {
	api.Write(w, http.StatusOK, map[string]any{
		"name": "yagura", "cluster_name": "yagura", "cluster_uuid": "yagura", "tagline": "You Know, for Search",
		"version": map[string]any{"number": elasticVersion, "build_flavor": "default", "build_type": "tar", "build_hash": "unknown", "build_date": "2025-01-01T00:00:00Z",
			"build_snapshot": false, "lucene_version": "9.12.0", "minimum_wire_compatibility_version": "7.17.0", "minimum_index_compatibility_version": "7.0.0"},
	})
}

func (e *elastic) license(w http.ResponseWriter, _ *http.Request) {
	api.Write(w, http.StatusOK, map[string]any{"license": map[string]any{"status": "active", "mode": "basic", "type": "basic", "uid": "yagura", "issued_to": "yagura", "issuer": "yagura"}})
}

func (e *elastic) xpack(w http.ResponseWriter, _ *http.Request) {
	api.Write(w, http.StatusOK, map[string]any{
		"license":  map[string]any{"uid": "yagura", "type": "basic", "mode": "basic", "status": "active"},
		"features": map[string]any{"ilm": map[string]any{"available": true, "enabled": true}},
	})
}

// health is also what a shipper asks that could not get rid of something.
func (e *elastic) health(w http.ResponseWriter, r *http.Request) {
	if err := e.s.Admits(); err != nil {
		e.fail(w, r, err)
		return
	}
	if strings.HasSuffix(r.URL.Path, "_cat/health") {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.Write([]byte("yagura green 1 1 0 0 0 0 0 0 - 100.0%\n"))
		return
	}
	api.Write(w, http.StatusOK, map[string]any{"cluster_name": "yagura", "status": "green", "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
		"active_primary_shards": 0, "active_shards": 0, "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0, "active_shards_percent_as_number": 100.0})
}

// setUp are the parts of the interface with which shippers prepare their
// indices.
var setUp = []string{"_ilm", "_index_template", "_component_template", "_template", "_data_stream", "_ingest", "_alias", "_nodes"}

// other answers what shippers ask and set up before they write: it is there,
// and what they put is acknowledged. Everything else is not understood.
func (e *elastic) other(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	parts := strings.Split(strings.Trim(path, "/"), "/")
	known := len(parts) == 1 && parts[0] != "" && parts[0][0] != '_' // an index by its name
	for _, p := range setUp {
		known = known || parts[0] == p
	}
	name := parts[len(parts)-1]
	switch {
	case !known:
		e.answer(w, http.StatusBadRequest, "illegal_argument_exception", "not understood here: "+r.Method+" "+path)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet && parts[0] == "_index_template":
		api.Write(w, http.StatusOK, map[string]any{"index_templates": []any{map[string]any{"name": name, "index_template": map[string]any{"index_patterns": []string{name}}}}})
	case r.Method == http.MethodGet && parts[0] == "_data_stream":
		api.Write(w, http.StatusOK, map[string]any{"data_streams": []any{map[string]any{"name": name, "status": "GREEN"}}})
	case r.Method == http.MethodGet && parts[0] == "_nodes":
		api.Write(w, http.StatusOK, map[string]any{"cluster_name": "yagura", "nodes": map[string]any{}})
	case r.Method == http.MethodGet:
		api.Write(w, http.StatusOK, map[string]any{name: map[string]any{}})
	case r.Method == http.MethodPut || r.Method == http.MethodPost:
		api.Write(w, http.StatusOK, map[string]any{"acknowledged": true})
	default:
		e.answer(w, http.StatusMethodNotAllowed, "illegal_argument_exception", r.Method)
	}
}

func (e *elastic) bulk(w http.ResponseWriter, r *http.Request) {
	began := clock.System().Now()
	items, err := e.s.ReceiveBulk(r.Context(), telemetry.Delivery{Token: credential(r), Encoding: r.Header.Get("Content-Encoding"), Body: r.Body}, r.PathValue("index"))
	if err != nil {
		if r.Context().Err() == nil {
			e.fail(w, r, err)
		}
		return
	}
	b := make([]byte, 0, 128+160*len(items))
	b = append(b, `{"took":`...)
	b = strconv.AppendInt(b, max(clock.System().Now().Sub(began).Milliseconds(), 0), 10)
	bad := false
	for _, it := range items {
		bad = bad || it.Problem != ""
	}
	b = strconv.AppendBool(append(b, `,"errors":`...), bad)
	b = append(b, `,"items":[`...)
	for i, it := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, it)
	}
	b = append(b, "]}\n"...)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(b)
}

func appendItem(b []byte, it telemetry.BulkItem) []byte {
	b = append(append(append(b, `{"`...), it.Action...), `":{"_index":`...)
	b = append(b, quoted(it.Index)...)
	b = append(append(b, `,"_id":`...), quoted(it.ID)...)
	if it.Problem == "" {
		return append(b, `,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}}`...)
	}
	kind, reason := "illegal_argument_exception", it.Problem
	if it.Kept {
		kind, reason = "document_parsing_exception", reason+"; kept as it came"
	}
	b = append(append(b, `,"status":400,"error":{"type":"`...), kind...)
	return append(append(append(b, `","reason":`...), quoted(reason)...), "}}}"...)
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s)
	return b
}

// fail answers in the form in which Elasticsearch does.
func (e *elastic) fail(w http.ResponseWriter, r *http.Request, err error) {
	var malformed *intake.BulkError
	var large *telemetry.TooLarge
	f := fault.As(err)
	if (f == nil && !errors.As(err, &malformed) || fault.Is(err, fault.KindTooBusy)) && r.UserAgent() == "" {
		// rsyslog's omelasticsearch, which gives no name, drops messages that are
		// answered with a fault, and keeps and repeats those that are not answered.
		if f == nil {
			e.log.Error("telemetry: _bulk failed", "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	switch {
	case errors.As(err, &malformed):
		e.answer(w, http.StatusBadRequest, "illegal_argument_exception", malformed.Error())
	case errors.As(err, &large):
		w.Header().Set("Connection", "close")
		e.answer(w, http.StatusRequestEntityTooLarge, "content_too_long_exception", err.Error())
	case f == nil:
		p, _ := api.ProblemOf(r, text.EN, err)
		e.log.Error("telemetry: _bulk failed", "error", err)
		e.answer(w, p.Status, "internal_error", p.Title)
	case f.Kind == fault.KindTooBusy:
		w.Header().Set("Retry-After", api.RetryAfter(f))
		e.answer(w, http.StatusTooManyRequests, "es_rejected_execution_exception", err.Error())
	case f.Kind == fault.KindUnauthenticated:
		w.Header().Set("WWW-Authenticate", `Basic realm="yagura", charset="UTF-8"`)
		e.answer(w, http.StatusUnauthorized, "security_exception", err.Error())
	default:
		e.answer(w, api.Status(f.Kind), "illegal_argument_exception", err.Error())
	}
}

func (e *elastic) answer(w http.ResponseWriter, status int, kind, reason string) {
	cause := map[string]any{"type": kind, "reason": reason}
	api.Write(w, status, map[string]any{"error": map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason}, "status": status})
}

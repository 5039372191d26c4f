package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// IntakePath is where Intake is to be mounted.
const IntakePath = "/intake/ndjson"

// Intake takes events over HTTP: POST with "Authorization: Bearer" and the
// token of a source; the body is NDJSON, one JSON array, or JSON objects one
// after the other, plain or with Content-Encoding gzip or zstd. The answer
// {"accepted","unreadable","batch"} comes when everything is on disk. 401 and
// 403: the token; 413: too much at once; 422: the body is damaged; 429 with
// Retry-After: the journal is full, nothing was taken. With an Idempotency-Key
// the same delivery is taken once within a day.
func Intake(s *telemetry.Service, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST", http.StatusMethodNotAllowed)
			return
		}
		token := ""
		if kind, rest, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
			token = strings.TrimSpace(rest)
		}
		lang := text.EN
		if tag, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ","); tag != "" {
			lang, _ = text.Parse(tag)
		}
		receipt, err := s.Receive(r.Context(), telemetry.Delivery{Token: token, Encoding: r.Header.Get("Content-Encoding"), Body: r.Body, Key: r.Header.Get("Idempotency-Key")})
		if err != nil {
			// What is left of the body is not read: the sender is to see the answer.
			if fault.As(err) == nil && r.Context().Err() != nil {
				return
			}
			var large *telemetry.TooLarge
			if errors.As(err, &large) {
				tooLarge(w, r, lang, err)
				return
			}
			api.WriteProblem(w, r, lang, log, err)
			return
		}
		api.Write(w, http.StatusOK, receipt)
	})
}

func tooLarge(w http.ResponseWriter, r *http.Request, lang text.Lang, err error) {
	p, _ := api.ProblemOf(r, lang, err)
	p.Type, p.Status = api.Prefix+"/problems/too-large", http.StatusRequestEntityTooLarge
	b, merr := json.Marshal(p)
	if merr != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Connection", "close")
	w.WriteHeader(p.Status)
	w.Write(b)
}

package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/area/telemetry/intake"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// JournalPath is where an upload of systemd's journal comes: its sender adds
// /upload to the address it is given.
const JournalPath = "/intake/journal/upload"

// Journal takes uploads of systemd's journal (systemd-journal-upload), in the
// journal's export format. They may be of any length; the answer comes when all
// of it is on disk.
func Journal(s *telemetry.Service, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST", http.StatusMethodNotAllowed)
			return
		}
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != intake.JournalKind {
			http.Error(w, "Content-Type: "+intake.JournalKind, http.StatusUnsupportedMediaType)
			return
		}
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		n, err := s.ReceiveJournal(r.Context(), telemetry.Delivery{Token: credential(r), Encoding: r.Header.Get("Content-Encoding"), Body: r.Body}, from.Addr())
		if err != nil {
			if fault.As(err) == nil && r.Context().Err() != nil {
				return
			}
			api.WriteProblem(w, r, text.EN, log, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "OK. %d\n", n)
	})
}

// IntakePath is where Intake is to be mounted.
const IntakePath = "/intake/ndjson"

// Intake takes events over HTTP: POST with "Authorization: Bearer" and the
// token of a source; the body is NDJSON, one JSON array, JSON objects one after
// the other, Windows events as XML, an export of systemd's journal, or with
// Content-Type text/plain lines of logs, plain or with Content-Encoding gzip or zstd. The answer
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
		read := telemetry.Sniffed
		switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
		case "text/plain", intake.JournalKind:
			read = telemetry.Lines
		}
		lang := text.EN
		if tag, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ","); tag != "" {
			lang, _ = text.Parse(tag)
		}
		receipt, err := s.ReceiveAs(r.Context(), telemetry.Delivery{Token: credential(r), Encoding: r.Header.Get("Content-Encoding"), Body: r.Body, Key: r.Header.Get("Idempotency-Key")}, read)
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

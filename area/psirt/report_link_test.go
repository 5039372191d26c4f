package psirt_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"yagura/area/psirt"
	"yagura/kernel/fault"
)

// TestNobodyGuessesALink: every token that is not one gets the same answer, and tells
// nothing of whether there is such a report.
func TestNobodyGuessesALink(t *testing.T) {
	each(t, func(w *world) {
		r, err := w.s.ReportByFinder(w.ctx, psirt.Reporting{Title: "x", Description: "y"})
		w.ok(err)
		token := strings.TrimPrefix(w.s.FinderPath(r), "/psirt/report/")
		if _, err := w.s.Follow(w.ctx, token); err != nil {
			w.Fatal(err)
		}
		head, tail, _ := strings.Cut(token, ".")
		body, _ := base64.RawURLEncoding.DecodeString(head)
		coded := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		answers := map[string]bool{}
		for _, wrong := range []string{"", ".", "x", token + "x", token[1:], head, head + ".", "." + tail, head + "." + coded("forged"),
			coded(strings.Replace(string(body), "finder|", "follow|", 1)) + "." + tail, coded(string(body)+"0") + "." + tail, coded("finder|no-such-report|99999999999999") + "." + tail,
			strings.Repeat("a", 5000) + "." + tail} {
			_, err := w.s.Follow(w.ctx, wrong)
			w.is(err, fault.KindNotFound)
			answers[err.Error()] = true
			w.is(w.s.WriteByToken(w.ctx, wrong, "hello", nil), fault.KindNotFound)
		}
		if len(answers) != 1 {
			w.Errorf("wrong links are told apart: %v", answers)
		}
		// A finder may not fill the store, and links end.
		for i := range 21 {
			if err := w.s.WriteByToken(w.ctx, token, "again", nil); (err != nil) != (i >= 20) || i >= 20 && !fault.Is(err, fault.KindTooBusy) {
				w.Fatalf("message %d: %v", i+1, err)
			}
		}
		w.clk.Advance(2*365*24*time.Hour + time.Hour)
		_, err = w.s.Follow(w.ctx, token)
		w.is(err, fault.KindNotFound)
	})
}

// TestReportsAreBounded: title and text are asked for, and an hour has an end.
func TestReportsAreBounded(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.s.ReportByFinder(w.ctx, psirt.Reporting{})
		if len(fault.FieldsOf(err)) != 2 {
			w.Error(err)
		}
		_, err = w.s.ReportByFinder(w.ctx, psirt.Reporting{Title: "x", Description: "y", Files: []psirt.Upload{{Name: "big", Content: endless{}}}})
		w.is(err, fault.KindInvalid)
		for i := range 61 {
			_, err := w.s.ReportByFinder(w.ctx, psirt.Reporting{Title: "x", Description: "y"})
			if (err != nil) != (i >= 60) {
				w.Fatalf("report %d: %v", i+1, err)
			}
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"yagura/area/detect"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// shelf is an archive in memory.
type shelf struct{ events []detect.Event }

func (a *shelf) Each(_ context.Context, by authz.Actor, unit string, from, to time.Time, do func(detect.Event) error) (bool, time.Time, error) {
	scope := by.Scope(detect.Read).Within(by.Units(), unit)
	for i := len(a.events) - 1; i >= 0; i-- {
		if e := a.events[i]; !e.Time.Before(from) && e.Time.Before(to) && scope.Contains(e.Unit) {
			if err := do(e); err != nil {
				return false, time.Time{}, err
			}
		}
	}
	return false, time.Time{}, nil
}

func (a *shelf) Find(_ context.Context, by authz.Actor, id string) (detect.Event, error) {
	for _, e := range a.events {
		if e.ID() == id && by.Scope(detect.Read).Contains(e.Unit) {
			return e, nil
		}
	}
	return detect.Event{}, fault.NotFound("There is no such entry, or you may not see it")
}

const ownID = "9f0d2c37-51ab-4b43-9d1f-2b6a0a8d1a01"

const ownText = `title: Strange program in a strange place
id: 9f0d2c37-51ab-4b43-9d1f-2b6a0a8d1a01
status: experimental
description: A program that nobody knows was started from a folder of music
author: division
date: 2026-11-01
tags: [attack.execution, attack.t1204]
level: high
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|startswith: 'C:\Music\'
  condition: selection
`

const musicEvent = `{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Image":"C:\\Music\\a.exe","User":"kei","Computer":"PC-7"}`

// A rule's life by forms alone: pasted, looked at, kept, given a case, tried,
// asked for by one, approved by another.
func TestLifeOfARuleByForms(t *testing.T) {
	w := prepareWith(t, &shelf{})
	now := w.db.Now()
	for d := range 9 {
		at := now.AddDate(0, 0, -d).Add(-time.Hour)
		w.shelf.events = append([]detect.Event{{Batch: "m", Ordinal: d, Unit: "himeji", Time: at, Host: "PC-7", Doc: []byte(musicEvent)}}, w.shelf.events...)
	}
	post := func(person, path string, form url.Values, want int) string {
		t.Helper()
		status, body, head := w.ask("POST", path, person, form)
		if status != want {
			t.Fatalf("POST %s answers %d, not %d: %s", path, status, want, body)
		}
		return body + head.Get("Location")
	}
	get := func(person, path string, want ...string) string {
		t.Helper()
		status, body, _ := w.ask("GET", path, person, nil)
		if status != http.StatusOK {
			t.Fatalf("GET %s answers %d: %s", path, status, body)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("GET %s does not say %q", path, s)
			}
		}
		return body
	}
	rule := "/detect/rules/" + ownID
	get("ana", "/detect/write", "logsource")
	doubtful := strings.Replace(ownText, "  condition: selection", "  other:\n    Usr: x\n  condition: selection", 1)
	if body := post("ana", "/detect/write", url.Values{"text": {doubtful}, "do": {"check"}}, 200); !strings.Contains(body, "unused-search") || !strings.Contains(body, ">13<") {
		t.Error("the line of a finding is not shown")
	}
	post("ana", "/detect/write", url.Values{"text": {"title: ["}, "do": {"save"}}, 422)
	post("eva", "/detect/write", url.Values{"text": {ownText}, "do": {"save"}}, 403)
	if to := post("ana", "/detect/write", url.Values{"text": {ownText}, "do": {"save"}}, 303); !strings.HasSuffix(to, rule) {
		t.Fatal(to)
	}
	get("ana", rule, "A case on which it fires", "There is no event on which it must fire")
	post("ana", rule+"/promote", url.Values{"promote": {"ready"}}, 422)
	post("ana", rule+"/case", url.Values{"event": {`{"a":1}`}, "fires": {"fires"}}, 422)
	post("ana", rule+"/case", url.Values{"event": {musicEvent}, "fires": {"fires"}}, 303)
	form := url.Values{"rule": {ownID}, "from": {now.AddDate(0, 0, -9).Format("2006-01-02T15:04")}, "to": {now.Add(10 * time.Hour).Format("2006-01-02T15:04")}}
	test := post("ana", "/detect/backtests", form, 303)
	test = test[strings.Index(test, "/detect/backtests/"):]
	get("ana", test, "It waits for a free worker")
	if n, err := w.queue.Drain(context.Background()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	get("ana", test, "Within the rule", "PC-7", "Image=C:\\Music\\a.exe")
	get("ana", "/detect/backtests", "BKT-")
	post("ana", rule+"/promote", url.Values{"promote": {"ready"}}, 303)
	get("lea", rule, "Approve", "Refuse")
	if body := get("ana", rule, "Take it back"); strings.Contains(body, `value="approve"`) {
		t.Error("who asked is offered to approve")
	}
	post("ana", rule+"/decide", url.Values{"do": {"approve"}}, 403)
	get("lea", "/detect/rules", "Promotions that wait for a second person", "PRM-")
	post("lea", rule+"/decide", url.Values{"do": {"approve"}}, 303)
	get("ana", rule, "Experimental")
	get("ana", rule+"/why?event="+url.QueryEscape("m.3"), "The rule fires, and nobody is told", "windows/process_creation/*")
	get("ana", "/detect/rules/"+lsassRule+"/why?event=m.3", "another log source")
	get("ana", "/detect/try", "Id of the event")
	get("ana", "/detect/try?event=m.3&source=event", rule+"/why?event=m.3", "fires", "does not fire", "rules that fire on it: 1")
	get("ana", "/detect/try?event=m.3", "another log source")
	get("ana", "/detect/try?event=m.3&q="+lsassRule, "/detect/rules/"+lsassRule+"/why?event=m.3")
	if _, body, _ := w.ask("GET", "/detect/try?event=m.3&source=event", "ana", nil); strings.Contains(body, lsassRule) {
		t.Error("a rule for another log source is shown unasked")
	}
	for _, asked := range [][2]string{{"ana", "x"}, {"eva", "m.3"}} { // there is none, or it is another unit's
		if status, body, _ := w.ask("GET", "/detect/try?event="+asked[1], asked[0], nil); status != 404 || strings.Contains(body, "Music\\a.exe") {
			t.Errorf("rules on an event for %s: %d", asked, status)
		}
	}
	if status, _, _ := w.ask("GET", rule+"/why?event=x", "ana", nil); status != 422 {
		t.Errorf("no such event: %d", status)
	}
	if status, body, _ := w.ask("GET", rule+"/why?event=m.3", "eva", nil); status != 422 || strings.Contains(body, "Music\\a.exe") {
		t.Errorf("another unit's event is explained: %d", status)
	}
	get("ana", "/detect/coverage", "TA0002", "T1003")
	get("eva", "/detect/coverage?matrix=ics", "TA0108")
	get("ana", "/detect/coverage/layer", `"layer": "4.5"`)
	get("ana", "/detect/packs", "No pack is installed", "Bring a pack")
	for path, want := range map[string]string{"/detection-rules/" + ownID: `"state":"experimental"`, "/backtests": `"BKT-`, "/detection-coverage?matrix=ics": `"ics"`, "/detection-packs": `"packs":[]`,
		"/detection-rules/" + ownID + "/explain?event=m.3": `"outcome":"silent"`} {
		if status, body, _ := w.ask("GET", "/api/v1"+path, "ana", nil); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d: %s", path, status, body)
		}
	}
}

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"
)

// The story of the demo, walked by keyboard alone in both languages: from the
// overview to the gravest alert, raised to an incident, step by step to closed.
func TestStoryByKeyboard(t *testing.T) {
	w := browse(t)
	s, err := theatre(3*time.Minute, "-fast", "-history", "30")
	started(t, s, err)
	if err := s.says("The day is over", 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // the last batch is being looked at
	langs := []string{"en", "ja"}
	if !thorough() {
		langs = langs[:1]
	}
	for _, lang := range langs {
		t.Run(lang, func(t *testing.T) {
			w.t = t
			w.size(1280, 900)
			w.wear(s.url, dressed(t, s, "Haruto Mori", lang, "light"))
			w.walk(s.url)
		})
	}
}

func (w *window) walk(base string) {
	t := w.t
	w.open(base + "/")
	w.until("the overview", "document.querySelector('h1')")
	w.quiet("the overview")
	w.press("g")
	w.leaving(func() { w.press("d") })
	w.until("the queue of alerts", "location.pathname === '/detect'")
	w.press("j")
	w.until("the first row", "document.querySelector('tr.here')")
	if !ask[bool](w, visibleFocus) {
		t.Error("the chosen row can't be seen to have the focus")
	}
	alert := ask[string](w, "document.querySelector('tr.here a[href^=\"/detect/alerts/\"]').getAttribute('href')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the alert", "location.pathname === '"+alert+"'")
	w.quiet("the alert")
	if ask[bool](w, "Boolean(document.querySelector('[data-key=a]'))") {
		w.leaving(func() { w.press("a") })
		w.until("the alert again", "location.pathname === '"+alert+"' && !document.querySelector('[data-key=a]')")
	}
	w.leaving(func() { w.press("i") })
	w.until("the incident", "/^\\/incidents\\/INC-/.test(location.pathname)")
	w.quiet("the incident")
	incident := ask[string](w, "location.pathname")

	// A note first, by Tab.
	w.tabTo("the note", "el.matches('form[action$=\"/note\"] textarea')")
	w.press("Line 4 stands still.")
	w.tabTo("the note's button", "el.matches('form[action$=\"/note\"] button')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the note in the timeline", "document.querySelector('#timeline').innerText.includes('Line 4 stands still.')")

	var states []string
	for range 12 {
		w.until("the incident", "location.pathname === '"+incident+"'")
		states = append(states, ask[string](w, "document.querySelector('main p .chip').innerText"))
		if !ask[bool](w, "Boolean(document.querySelector('#next form'))") {
			break
		}
		w.fill("#next form")
		w.quiet(incident)
	}
	if len(states) != 8 { // reported, triaged, confirmed, contained, eradicated, recovered, reviewed, closed
		t.Errorf("the incident went through %v", states)
	}
	t.Logf("%s: %s: %s", alert, incident, strings.Join(states, " → "))
	for _, path := range []string{incident + "/print", "/", "/work"} {
		w.open(base + path)
		w.quiet(path)
	}

	// The palette finds it.
	w.chord("k", kb.ModifierCtrl)
	w.until("the palette", "document.querySelector('#palette').open")
	w.press(strings.TrimPrefix(incident, "/incidents/"))
	w.until("the incident in the palette", "['Incident', 'インシデント'].includes(document.querySelector('#palette-list [role=option] .kind')?.textContent)")
	w.leaving(func() { w.press(kb.Enter) })
	if here := ask[string](w, "location.pathname"); here != incident {
		t.Errorf("the palette led to %s", here)
	}
	w.quiet("the palette")
}

// fill goes through a form by Tab, enters what is required and sends it with
// its first button.
func (w *window) fill(form string) {
	w.t.Helper()
	w.tabTo("the form", "el.closest('"+form+"')")
	for range 60 {
		kind := ask[string](w, `(() => {
			const el = document.activeElement;
			if (!el.closest("`+form+`")) return "outside";
			if (el.matches("button")) return "button";
			if (el.matches("input[type=radio]")) return document.querySelector("input[name='" + el.name + "']:checked") ? "done" : "radio";
			if (el.matches("select")) return el.value || !el.required ? "done" : "select";
			if (el.matches("textarea, input:not([type])") || ["text", "search"].includes(el.type)) return el.required && !el.value ? "text" : "done";
			return "done";
		})()`)
		switch kind {
		case "button":
			w.leaving(func() { w.press(kb.Enter) })
			return
		case "radio":
			w.press(" ")
		case "select":
			w.press(kb.ArrowDown)
			continue
		case "text":
			w.press("As found on the spot.")
		case "outside":
			w.t.Fatalf("Tab left the form %s before its button", form)
		}
		w.press(kb.Tab)
	}
	w.t.Fatalf("the form %s has no end", form)
}

// Without JavaScript everything works with forms alone: reporting an incident,
// filtering a list, the menus.
func TestWithoutJavaScript(t *testing.T) {
	w := browse(t)
	s := demoOf(t)
	w.wear(s.url, dressed(t, s, "Aoi Sato", "en", "light"))
	command(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	w.open(s.url + "/incidents/report")
	if ask[bool](w, "document.documentElement.classList.contains('js')") {
		t.Fatal("scripts run although they are switched off")
	}
	w.tabTo("the title", "el.matches('main form input:not([type=hidden]):not([type=radio]), main form textarea')")
	w.press("Nothing works here without scripts?")
	w.fill("main form")
	w.until("the incident", "/^\\/incidents\\//.test(location.pathname) && location.pathname !== '/incidents/report'")
	w.until("its title", "document.body.innerText.includes('Nothing works here without scripts?')")
	w.open(s.url + "/incidents")
	w.tabTo("a filter", "el.matches('form.filters input[type=search]')")
	w.press("without scripts")
	w.tabTo("the button that applies filters", "el.matches('form.filters button')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the filtered list", "document.querySelectorAll('table[data-rows] tbody tr').length === 1")
	w.open(s.url + "/detect")
	w.tabTo("the person's menu", "el.matches('.avatar-fold summary')")
	w.press(kb.Enter)
	w.tabTo("dark", "el.matches('button[name=theme][value=dark]')")
	w.leaving(func() { w.press(kb.Enter) })
	w.until("the dark page", "document.documentElement.dataset.theme === 'dark'")
	w.quiet("without scripts")
}

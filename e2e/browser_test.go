package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium is one browser process for all tests of the package.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	end    []func()
	folder string
	err    error
}

func findChromium() (string, error) {
	if path := os.Getenv("YAGURA_CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium, chromium-browser or google-chrome in PATH")
}

func startChromium() error {
	path, err := findChromium()
	if err != nil {
		return err
	}
	if chromium.folder, err = os.MkdirTemp("", "yagura-chromium-"); err != nil {
		return err
	}
	chromium.end = append(chromium.end, func() { os.RemoveAll(chromium.folder) })
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(chromium.folder), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("headless", "new"), chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"),
		// Nothing but this machine is asked for anything.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost , EXCLUDE 127.0.0.1"),
	}
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	chromium.end = append(chromium.end, end)
	ctx, end := chromedp.NewContext(allocator)
	chromium.end = append(chromium.end, end)
	chromium.ctx = ctx
	return chromedp.Do(ctx, chromedp.Navigate("about:blank"))
}

// endBrowser ends the browser after the last test.
func endBrowser() {
	for i := len(chromium.end) - 1; i >= 0; i-- {
		chromium.end[i]()
	}
}

// window is one browser window with cookies of its own, and what its log said.
type window struct {
	ctx context.Context
	t   testing.TB

	mu  sync.Mutex
	log []string
}

// missing skips a test, or fails it where the missing thing is required.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("YAGURA_REQUIRE_CHROMIUM") == "1" {
		t.Fatalf("required here: %v", err)
	}
	t.Skipf("not tested here: %v", err)
}

// browse opens a window, or skips the test where there is no Chromium.
func browse(t testing.TB) *window {
	t.Helper()
	chromium.once.Do(func() { chromium.err = startChromium() })
	if chromium.err != nil {
		missing(t, fmt.Errorf("Chromium: %w", chromium.err))
	}
	ctx, end := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	w := &window{ctx: ctx, t: t}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		t.Fatal(err)
	}
	command(w, network.Enable, network.EnableParams{})
	command(w, runtime.Enable, cdp.Empty{})
	command(w, cdplog.Enable, cdp.Empty{})
	return w
}

// command sends a command of the DevTools protocol to the window.
func command[P, R any](w *window, cmd cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
	defer end()
	r, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *window) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			var parts []string
			for _, a := range e.Args {
				parts = append(parts, string(a.Value)+a.Description)
			}
			said = "console: " + strings.Join(parts, " ")
		}
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			said += " " + x.Description
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			said = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	}
	if said != "" {
		w.mu.Lock()
		w.log = append(w.log, said)
		w.mu.Unlock()
	}
}

// complaints are what the browser's log said since the last call: errors of
// scripts, violations of the Content-Security-Policy, resources that failed.
func (w *window) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.log
	w.log = nil
	return said
}

func (w *window) quiet(where string) {
	w.t.Helper()
	for _, said := range w.complaints() {
		w.t.Errorf("%s: the browser's log says: %s", where, said)
	}
}

// do does actions within 30 s.
func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
	defer end()
	if err := chromedp.Do(ctx, actions...); err != nil {
		w.t.Fatalf("%v\nat %s: %s", err, w.address(), w.text())
	}
}

// open goes to an address and returns its status.
func (w *window) open(url string) int64 {
	w.t.Helper()
	ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
	defer end()
	res, err := chromedp.RunResponse(ctx, chromedp.Navigate(url))
	if err != nil {
		w.t.Fatalf("%s: %v", url, err)
	}
	if res == nil {
		return 0
	}
	return res.Status
}

// head goes for a page that may lead on before it was shown wholly, as the page
// for signing in does where a passkey lies ready.
func (w *window) head(url string) {
	w.t.Helper()
	ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
	defer end()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil && !strings.Contains(err.Error(), "net::ERR_ABORTED") {
		w.t.Fatalf("%s: %v", url, err)
	}
}

func evaluate[T any](w *window, limit time.Duration, expression string) (T, error) {
	ctx, end := context.WithTimeout(w.ctx, limit)
	defer end()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// ask evaluates an expression in the page.
func ask[T any](w *window, expression string) T {
	w.t.Helper()
	v, err := evaluate[T](w, time.Minute, expression)
	if err != nil {
		w.t.Fatalf("%v\nat %s: %s", err, w.address(), w.text())
	}
	return v
}

func (w *window) address() string {
	s, _ := evaluate[string](w, 5*time.Second, "location.href")
	return s
}

func (w *window) text() string {
	s, _ := evaluate[string](w, 5*time.Second, "(document.querySelector('main') ?? document.body)?.innerText?.slice(0, 1500) ?? ''")
	return s
}

// wear gives the window the cookies of a visitor.
func (w *window) wear(base string, cookies []*http.Cookie) {
	w.t.Helper()
	command(w, network.ClearBrowserCookies, cdp.Empty{})
	for _, c := range cookies {
		command(w, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: base, Path: "/"})
	}
}

// size sets the width and height of the window in CSS pixels.
func (w *window) size(width, height int64) {
	w.t.Helper()
	command(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// until waits for an expression to become true.
func (w *window) until(what, expression string) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(40 * time.Millisecond) {
		if ok, err := evaluate[bool](w, 5*time.Second, "Boolean("+expression+")"); err == nil && ok {
			return
		}
	}
	w.t.Fatalf("%s did not come about at %s: %s", what, w.address(), w.text())
}

// press presses keys, as chromedp's package kb names them.
func (w *window) press(keys string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys))
}

// chord presses a key while others are held.
func (w *window) chord(key string, held ...kb.Modifier) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(held...)))
}

// tabTo moves the focus by Tab until the focused element fits, an expression
// over el; no mouse is used. It fails when Tab came round without finding it.
func (w *window) tabTo(what, fits string) {
	w.t.Helper()
	probe := "(() => { const el = document.activeElement; return Boolean(el && el !== document.body && (" + fits + ")); })()"
	for range 400 {
		if ask[bool](w, probe) {
			if !ask[bool](w, visibleFocus) {
				w.t.Errorf("%s: the focus on %s can't be seen", w.address(), what)
			}
			return
		}
		w.press(kb.Tab)
	}
	w.t.Fatalf("%s can't be reached by Tab at %s: %s", what, w.address(), w.text())
}

// visibleFocus tells whether the focused element shows that it has the focus.
const visibleFocus = `(() => {
  for (let el = document.activeElement; el && el !== document.body; el = el.parentElement) {
    const s = getComputedStyle(el);
    if (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none") return true;
  }
  return false;
})()`

// leaving waits for the next page after do.
func (w *window) leaving(do func()) {
	w.t.Helper()
	ask[bool](w, "window.stillHere = true")
	do()
	w.until("the next page", "!window.stillHere && document.readyState === 'complete'")
}

// axe is the source of axe-core.
func axe(t testing.TB) string {
	t.Helper()
	paths := []string{os.Getenv("YAGURA_AXE")}
	if paths[0] == "" {
		cache, err := os.UserCacheDir()
		if err == nil {
			paths, _ = filepath.Glob(filepath.Join(cache, "yagura-ci", "axe-core-*", "package", "axe.min.js"))
		}
	}
	for _, path := range paths {
		if raw, err := os.ReadFile(path); err == nil {
			return string(raw)
		}
	}
	missing(t, fmt.Errorf("axe-core: YAGURA_AXE names no file; .ci/run fetches it"))
	return ""
}

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string   `json:"html"`
		Target  []string `json:"target"`
		Summary string   `json:"failureSummary"`
	} `json:"nodes"`
}

// violations runs axe-core in the page that is open, for WCAG 2.2 A and AA.
func (w *window) violations(source string) []violation {
	w.t.Helper()
	ask[bool](w, source+"; true")
	raw := ask[string](w, `axe.run(document, {preload: false, resultTypes: ["violations"],
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}).then((r) => JSON.stringify(r.violations))`)
	var list []violation
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		w.t.Fatal(err)
	}
	return list
}

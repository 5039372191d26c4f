package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"yagura/e2e/visit"
)

// calm waits until sources that only seem silent, since the day was played in
// seconds, are heard again.
func calm(t *testing.T, s *server) {
	t.Helper()
	link, err := s.persona("Nozomi Ishida")
	if err != nil {
		t.Fatal(err)
	}
	v := visit.To(s.url)
	if err := v.Enter(link); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		p, err := v.Get("/telemetry/sources?state=silent")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(p.Body), `href="/telemetry/sources/`) < 12 {
			return
		}
	}
	t.Error("most sources stay silent after the day was played")
}

// Takes the pictures of the README from the demo, with YAGURA_SCREENSHOTS=1.
func TestScreenshots(t *testing.T) {
	if os.Getenv("YAGURA_SCREENSHOTS") != "1" {
		t.Skip("takes the pictures of docs/img when YAGURA_SCREENSHOTS=1")
	}
	w := browse(t)
	s := demoOf(t)
	calm(t, s)
	for _, shot := range []struct{ name, who, path, lang, theme string }{
		{"overview-en", "Haruto Mori", "/", "en", "light"},
		{"overview-ja-dark", "Haruto Mori", "/", "ja", "dark"},
		{"alerts-en", "Nozomi Ishida", "/detect", "en", "light"},
		{"incidents-ja-dark", "Aoi Sato", "/incidents", "ja", "dark"},
		{"events-en", "Nozomi Ishida", "/telemetry", "en", "light"},
		{"organisation-en", "Takashi Endo", "/org", "en", "light"},
	} {
		w.size(1280, 800)
		w.wear(s.url, dressed(t, s, shot.who, shot.lang, shot.theme))
		if status := w.open(s.url + shot.path); status != 200 {
			t.Errorf("%s answers %d", shot.path, status)
			continue
		}
		time.Sleep(300 * time.Millisecond)
		ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		end()
		if err != nil {
			t.Fatal(err)
		}
		if len(png) > 300<<10 {
			t.Errorf("%s has %d bytes, more than a README should load", shot.name, len(png))
		}
		path := filepath.Join("..", "docs", "img", shot.name+".png")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, png, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", path, len(png))
	}
}

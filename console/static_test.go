package console

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestVendoredFilesAreAsRecorded(t *testing.T) {
	list, err := staticFiles.ReadFile("static/VENDORED")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 5 {
			t.Fatalf("%q has not five columns", line)
		}
		body, err := staticFiles.ReadFile("static/" + f[0])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != f[4] {
			t.Errorf("%s %s: SHA-256 is %s, recorded is %s", f[0], f[2], got, f[4])
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d files are recorded, want htmx.min.js and tokens.css", n)
	}
}

func TestStatic(t *testing.T) {
	_, h := newTest(t, Options{})
	for name, a := range assetByName {
		w := get(h, a.url, "Accept-Encoding", "gzip, br")
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", name, w.Code, w.Header().Get("Cache-Control"))
		}
		if len(a.body) > 2000 && w.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s of %d bytes is not compressed", name, len(a.body))
		}
	}
	if w := get(h, "/static/yagura.000000000000.css"); w.Code != 404 {
		t.Errorf("an old address answers %d", w.Code)
	}
}

// colours reads the roles for one theme, 0 light and 1 dark, as sRGB.
func colours(t *testing.T, dark int) map[string][3]float64 {
	t.Helper()
	vars := map[string]string{}
	declaration := regexp.MustCompile(`--([a-z0-9-]+):\s*([^;]+);`)
	for _, f := range []string{"tokens.css", "yagura.css"} {
		for _, m := range declaration.FindAllStringSubmatch(string(assetByName[f].body), -1) {
			vars[m[1]] = strings.TrimSpace(m[2])
		}
	}
	var resolve func(v string) string
	resolve = func(v string) string {
		if inner, ok := strings.CutPrefix(v, "light-dark("); ok {
			depth, parts, start := 0, []string{}, 0
			for i, r := range inner {
				switch {
				case r == '(':
					depth++
				case r == ')' && depth == 0, r == ',' && depth == 0:
					parts = append(parts, strings.TrimSpace(inner[start:i]))
					start = i + 1
				case r == ')':
					depth--
				}
			}
			return resolve(parts[dark])
		}
		if inner, ok := strings.CutPrefix(v, "var(--"); ok {
			return resolve(vars[strings.TrimSuffix(inner, ")")])
		}
		return v
	}
	out := map[string][3]float64{}
	for name, v := range vars {
		hexa, ok := strings.CutPrefix(resolve(v), "#")
		if !ok {
			continue
		}
		if len(hexa) == 3 {
			hexa = string([]byte{hexa[0], hexa[0], hexa[1], hexa[1], hexa[2], hexa[2]})
		}
		n, err := strconv.ParseUint(hexa, 16, 32)
		if err != nil {
			t.Fatalf("--%s: %v", name, err)
		}
		out[name] = [3]float64{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
	}
	return out
}

// contrast is that of WCAG 2.2.
func contrast(a, b [3]float64) float64 {
	light := func(c [3]float64) float64 {
		l := 0.0
		for i, w := range []float64{0.2126, 0.7152, 0.0722} {
			v := c[i]
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			l += w * v
		}
		return l
	}
	x, y := light(a), light(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestColoursCanBeToldApart(t *testing.T) {
	words := map[string][]string{
		"text": {"ground", "card", "raised", "sunken", "chip", "select", "good-ground", "warn-ground", "bad-ground", "info-ground"},
		"dim":  {"ground", "card", "raised", "sunken", "chip", "select"}, "link": {"ground", "card", "sunken", "chip", "select"},
		"on-primary": {"primary", "primary-hover"}, "side-text": {"side", "side-active", "side-hover"}, "side-dim": {"side"},
		"good": {"card"}, "warn": {"card"}, "bad": {"card"},
		"good-text": {"good-ground", "card"}, "warn-text": {"warn-ground", "card"}, "bad-text": {"bad-ground", "card"}, "info-text": {"info-ground", "card"},
	}
	shapes := []string{"critical", "high", "medium", "low", "none", "good", "warn", "bad", "info", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "line-strong"}
	for dark, theme := range []string{"light", "dark"} {
		c := colours(t, dark)
		for fg, grounds := range words {
			for _, bg := range grounds {
				if r := contrast(c[fg], c[bg]); r < 4.5 {
					t.Errorf("%s: %s on %s has contrast %.2f, words need 4.5", theme, fg, bg, r)
				}
			}
		}
		for _, s := range shapes {
			if r := contrast(c[s], c["card"]); r < 3 {
				t.Errorf("%s: %s on the card has contrast %.2f, shapes need 3", theme, s, r)
			}
		}
		for _, bg := range []string{"card", "ground"} {
			if r := contrast(c["focus"], c[bg]); r < 3 {
				t.Errorf("%s: the focus ring on %s has contrast %.2f", theme, bg, r)
			}
		}
	}
}

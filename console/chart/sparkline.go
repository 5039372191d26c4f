package chart

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Sparkline is a line of values without axes, oldest first, in the colour of a
// tone ("good", "warn", "bad", ""). Without a label it is left out for screen
// readers, as the number beside it says what matters. Fewer than two values
// draw nothing.
func Sparkline(values []float64, tone, label string) template.HTML {
	if len(values) < 2 {
		return ""
	}
	const w, h, pad = 86.0, 30.0, 3.0
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	if hi == lo {
		hi, lo = hi+1, lo-1
	}
	var pts strings.Builder
	for i, v := range values {
		x := pad + float64(i)/float64(len(values)-1)*(w-2*pad)
		y := h - pad - (v-lo)/(hi-lo)*(h-2*pad)
		fmt.Fprintf(&pts, "%.1f,%.1f ", x, y)
	}
	who := `aria-hidden="true"`
	if label != "" {
		who = `role="img" aria-label="` + template.HTMLEscapeString(label) + `"`
	}
	return template.HTML(fmt.Sprintf(`<svg class="spark %s" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" %s><polyline points="%s"/></svg>`,
		template.HTMLEscapeString(tone), w, h, w, h, who, strings.TrimSpace(pts.String())))
}

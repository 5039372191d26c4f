package console

import (
	"yagura/console/chart"

	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The marks that fill tables are written here and not by templates: a page of
// a list has hundreds of them. Everything that is not ours is escaped.

func esc(s string) string { return template.HTMLEscapeString(s) }

const dash = `<span class="dim">–</span>`

// safeHref lets through pages of ours, the web and mail; a link made of what
// somebody wrote can so never be a script.
func safeHref(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "#"
	}
	switch strings.ToLower(u.Scheme) {
	case "", "http", "https", "mailto", "tel":
		return s
	}
	return "#"
}

func (s *set) cell(c Cell) template.HTML {
	var b strings.Builder
	s.writeCell(&b, c)
	return template.HTML(b.String())
}

func (s *set) writeCell(b *strings.Builder, c Cell) {
	words := func(open, text, close string) {
		if text == "" {
			b.WriteString(dash)
			return
		}
		b.WriteString(open + esc(text) + close)
	}
	switch c.Kind {
	case "text":
		words("", c.Text, "")
	case "message":
		words("", s.say(c.Message), "")
	case "code":
		words("<code>", c.Text, "</code>")
	case "link":
		words(`<a href="`+esc(safeHref(c.Href))+`"`+pressed(c.Key)+`>`, c.Text, "</a>")
	case "strong":
		words(`<a class="strong" href="`+esc(safeHref(c.Href))+`">`, c.Text, "</a>")
	case "when":
		b.WriteString(string(s.when(c.Time)))
	case "day":
		if c.Time.IsZero() {
			b.WriteString(dash)
			return
		}
		b.WriteString("<time>" + c.Time.UTC().Format(time.DateOnly) + "</time>")
	case "ago":
		b.WriteString(string(s.ago(c.Time)))
	case "due":
		b.WriteString(string(s.due(c.Time)))
	case "num":
		b.WriteString(formatNumber(c.Num))
	case "bytes":
		b.WriteString(formatBytes(int64(c.Num)))
	case "severity":
		b.WriteString(string(s.severity(c.Severity)))
	case "chip":
		b.WriteString(string(chip(c.Tone, s.say(c.Message))))
	case "meter":
		b.WriteString(string(s.meter(c.Num, c.Max, c.Tone)))
	case "trend":
		note := esc(c.Note)
		if c.Href != "" {
			note = `<a href="` + esc(safeHref(c.Href)) + `">` + note + `</a>`
		}
		b.WriteString(`<span class="metered"><span class="meter-n">` + note + `</span>` + string(chart.Sparkline(c.Values, string(c.Tone), s.say(c.Message))) + `</span>`)
	case "yes":
		b.WriteString(`<span class="yes">` + string(icon("check")) + `<span class="hear">` + esc(s.c.T("Yes§tick")) + `</span></span>`)
	case "tick":
		checked := ""
		if c.Num != 0 {
			checked = " checked"
		}
		b.WriteString(`<span class="with-icon"><input type="checkbox" form="` + esc(c.Href) + `" name="` + esc(c.Note) + `" value="` + esc(c.Text) + `" aria-label="` + esc(s.say(c.Message)) + `"` + checked + `>`)
		for _, m := range c.More {
			s.writeCell(b, m)
		}
		b.WriteString(`</span>`)
	case "press":
		b.WriteString(`<button class="button small" form="` + esc(c.Href) + `" name="` + esc(c.Note) + `" value="` + esc(c.Text) + `" formnovalidate` + pressed(c.Key) + `>` + esc(s.say(c.Message)) + `</button>`)
	case "icon":
		b.WriteString(`<span class="with-icon">` + string(icon(c.Text)))
		for _, m := range c.More {
			s.writeCell(b, m)
		}
		b.WriteString(`</span>`)
	case "stack":
		b.WriteString(`<span class="stack">`)
		for i, m := range c.More {
			if i > 0 && m.Kind == "text" && m.Text == "" {
				continue // a second line that says nothing is not a line
			}
			b.WriteString("<span>")
			s.writeCell(b, m)
			b.WriteString("</span>")
		}
		b.WriteString(`</span>`)
	}
}

// pressed names the key of a link or a button.
func pressed(key string) string {
	if key == "" {
		return ""
	}
	return ` data-key="` + esc(key) + `"`
}

// stamp is a moment: what is shown, the moment for machines, and more of it
// when pointed at.
func (s *set) stamp(t time.Time, class, shown, title string) template.HTML {
	if t.IsZero() {
		return dash
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	return template.HTML(`<time` + class + ` datetime="` + t.UTC().Format(time.RFC3339) + `" title="` + esc(title) + `">` + esc(shown) + `</time>`)
}

const inUTC = "2006-01-02 15:04:05 UTC"

func (s *set) both(t time.Time) string {
	return t.In(s.c.Zone).Format("2006-01-02 15:04 MST") + " (" + t.UTC().Format(inUTC) + ")"
}

func (s *set) when(t time.Time) template.HTML {
	return s.stamp(t, "", formatTime(t, s.c.Zone), t.UTC().Format(inUTC))
}

func (s *set) date(t time.Time) template.HTML {
	return s.stamp(t, "", t.In(s.c.Zone).Format(time.DateOnly), t.UTC().Format(inUTC))
}

func (s *set) ago(t time.Time) template.HTML {
	return s.stamp(t, "", s.say(ago(t, s.c.Now)), s.both(t))
}

func (s *set) due(t time.Time) template.HTML {
	class := "due"
	if t.Before(s.c.Now) {
		class = "due bad"
	}
	return s.stamp(t, class, s.say(due(t, s.c.Now)), s.both(t))
}

func (s *set) severity(v Severity) template.HTML {
	switch v {
	case Critical, High, Medium, Low:
	default:
		v = None
	}
	return template.HTML(`<span class="severity"><span class="mark ` + string(v) + `" aria-hidden="true"></span>` + esc(s.say(v.Label())) + `</span>`)
}

func chip(tone Tone, words string) template.HTML {
	return template.HTML(`<span class="chip ` + esc(string(tone)) + `">` + esc(words) + `</span>`)
}

// meter is a share with its bar: {{meter 85 100}}, {{meter .Part .Whole "warn"}}.
func (s *set) meter(part, whole any, tone ...any) template.HTML {
	p, w := number(part), number(whole)
	if w <= 0 {
		return `<span class="metered">` + dash + `</span>`
	}
	colour := string(Info)
	if len(tone) > 0 {
		colour = fmt.Sprint(tone[0])
	}
	width := strconv.FormatFloat(min(max(p/w, 0), 1)*100, 'f', 1, 64)
	return template.HTML(`<span class="metered"><span class="meter-n">` + formatPercent(p, w) + `%</span><svg class="meter ` + esc(colour) +
		`" viewBox="0 0 100 6" preserveAspectRatio="none" width="64" height="6" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="fill" width="` + width + `" height="6"/></svg></span>`)
}

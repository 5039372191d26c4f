package csaf

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"

	"yagura/kernel/text"
)

//go:embed advisory.html
var pageSource string

//go:embed advisory.css
var styleSource string

//go:embed advisory.md
var markdownSource string

var page = template.Must(template.New("advisory").Funcs(template.FuncMap{"paragraphs": paragraphs, "web": web, "style": style}).Parse(pageSource))

var markdown = texttemplate.Must(texttemplate.New("advisory").Funcs(texttemplate.FuncMap{
	"md": escapeMarkdown, "cell": func(s string) string { return strings.ReplaceAll(escapeMarkdown(s), "\n", " ") },
	"paragraphs": paragraphs, "join": strings.Join, "web": web, "url": func(s string) string { return strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "").Replace(s) },
}).Parse(markdownSource))

// HTML writes the advisory as a page: headings in a language, the advisory's words as
// they are, styles for screen and paper, no scripts. The styles are in the page itself,
// so that it stands alone, unless the address of a stylesheet is given, which a site
// that forbids styles in pages serves with Stylesheet.
func (d *Document) HTML(w io.Writer, lang text.Lang, zone *time.Location, stylesheet string) error {
	return d.Framed(w, lang, zone, Frame{Stylesheet: stylesheet})
}

// Frame is what a site puts around an advisory's page.
type Frame struct {
	Stylesheet        string // address; "" puts the styles into the page
	Head, Top, Bottom template.HTML
}

// Framed writes the advisory as a page of a site.
func (d *Document) Framed(w io.Writer, lang text.Lang, zone *time.Location, f Frame) error {
	v := newView(d, lang, zone)
	v.Frame = f
	return page.Execute(w, v)
}

// Stylesheet is the style of the page.
func Stylesheet() string { return styleSource }

func style(address string) template.HTML {
	if address != "" {
		return template.HTML(`<link rel="stylesheet" href="` + template.HTMLEscapeString(address) + `">`)
	}
	return template.HTML("<style>\n" + styleSource + "</style>") // our own file
}

// Markdown writes the advisory as CommonMark with tables.
func (d *Document) Markdown(w io.Writer, lang text.Lang, zone *time.Location) error {
	var b bytes.Buffer
	if err := markdown.Execute(&b, newView(d, lang, zone)); err != nil {
		return err
	}
	lines, blank := strings.Split(b.String(), "\n"), true
	for _, line := range lines { // the template's own empty lines count as one
		line = strings.TrimRight(line, " ")
		if line == "" && blank {
			continue
		}
		blank = line == ""
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// paragraphs are the parts of a text between empty lines.
func paragraphs(s string) (all []string) {
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// web tells an address that may be a link.
func web(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// escapeMarkdown keeps the characters of a text from meaning anything.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte("\\`*_{}[]<>()#+-!|~&", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

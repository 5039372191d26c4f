// Package html writes a document as one page of HTML that needs nothing else: to be
// read on a screen, or printed with the head of its tables on each page.
package html

import (
	"html/template"
	"io"

	"yagura/area/cmmc/paper/block"
)

// Write writes the document.
func Write(w io.Writer, d *block.Document) error { return page.Execute(w, d) }

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean":   block.Clean,
	"heading": func(b block.Block) *block.Heading { h, ok := b.(block.Heading); return pointer(h, ok) },
	"para":    func(b block.Block) *block.Para { p, ok := b.(block.Para); return pointer(p, ok) },
	"table":   func(b block.Block) *block.Table { t, ok := b.(block.Table); return pointer(t, ok) },
	"fields":  func(list []block.Field) block.Table { return block.Fields(list...) },
	"tone":    func(t block.Tone) string { return []string{"", "good", "bad", "doubt", "muted"}[t] },
	"style":   func(s block.Style) string { return []string{"", "quote", "small", "tiny"}[s] },
}).Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{clean .Title}} – {{clean .Subtitle}}</title>
<style>
@page { size: {{if .Letter}}letter{{else}}A4{{end}}; margin: 2cm; }
body { font: 10pt/1.5 Arial, "Noto Sans", "Yu Gothic", "Hiragino Sans", "Noto Sans CJK JP", sans-serif; color: #1b232c; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1, h2, h3, h4 { color: #1f3a5f; line-height: 1.25; break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: .6em 0 1em; font-size: 8.5pt; line-height: 1.4; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 1px solid #c5ced8; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: #1f3a5f; color: #fff; }
tbody th { background: #eef2f7; }
td p, th p { margin: 0; }
.right { text-align: right; }
.good { background: #e3f3e6; color: #14532d; } .bad { background: #fbe4e1; color: #8a1c13; }
.doubt { background: #fff3d1; color: #6b4a00; } .muted { color: #59636e; }
.quote { border-left: .3em solid #9db2cc; padding-left: .8em; color: #3c4855; } .small { font-size: 8.5pt; } .tiny { font-size: 6.5pt; color: #59636e; }
.marking { text-align: center; font-weight: bold; color: #8a1c13; }
</style>
</head>
<body>
{{with .Marking}}<p class="marking">{{clean .}}</p>{{end}}
<p class="muted">{{clean .Organization}}</p>
<h1>{{clean .Title}}</h1>
<p>{{clean .Subtitle}}{{with .ID}} · {{clean .}}{{end}}{{if not .Date.IsZero}} · {{.Date.Format "2006-01-02"}}{{end}}</p>
{{with .Cover}}{{template "table" fields .}}{{end}}
{{range .Body}}{{with heading .}}{{if eq .Level 1}}<h2>{{clean .Text}}</h2>{{else if eq .Level 2}}<h3>{{clean .Text}}</h3>{{else}}<h4>{{clean .Text}}</h4>{{end}}
{{end}}{{with para .}}{{template "para" .}}
{{end}}{{with table .}}{{template "table" .}}{{end}}{{end}}{{with .Marking}}<p class="marking">{{clean .}}</p>{{end}}
</body>
</html>
{{define "para"}}<p{{with style .Style}} class="{{.}}"{{end}}>{{range .Runs}}{{if .Bold}}<b>{{clean .Text}}</b>{{else if tone .Tone}}<span class="{{tone .Tone}}">{{clean .Text}}</span>{{else}}{{clean .Text}}{{end}}{{end}}</p>{{end}}
{{define "table"}}{{$t := .}}{{if .Rows}}<table>{{if .Titled}}<thead><tr>{{range .Columns}}<th scope="col"{{if .Right}} class="right"{{end}}>{{clean .Title}}</th>{{end}}</tr></thead>{{end}}
<tbody>{{range .Rows}}<tr>{{range $i, $c := .Cells}}{{if .Label}}<th scope="row">{{range .Paras}}{{template "para" .}}{{end}}</th>{{else}}<td class="{{tone .Tone}}{{if (index $t.Columns $i).Right}} right{{end}}">{{range .Paras}}{{template "para" .}}{{end}}</td>{{end}}{{end}}</tr>
{{end}}</tbody></table>
{{end}}{{end}}`))

func pointer[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}

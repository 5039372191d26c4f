// Package chart draws charts as SVG on the server. Every chart has a title and a
// description for those who hear it, and its numbers as a table. Colours are CSS
// classes, sizes are attributes; there is no style attribute anywhere, and
// nothing is drawn by colour alone that the table does not say in words.
package chart

import (
	"html/template"

	"yagura/kernel/text"
)

// Chart is something that can be drawn.
type Chart interface {
	// Draw returns the drawing in a language. id is unique on the page and names
	// the title and description.
	Draw(lang text.Lang, id string) Drawing
}

// Drawing is a drawn chart with what belongs beside it.
type Drawing struct {
	SVG    template.HTML
	Legend []Key
	Heads  []string // of the table "show as table"; none: the chart has no table
	Rows   [][]string
	Empty  bool // nothing to draw
}

// Key is an entry of the legend.
type Key struct {
	Class string // CSS class of the colour
	Label string
}

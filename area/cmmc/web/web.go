// Package web shows how the group stands with CMMC: the map of the group, enclaves
// with their requirements and evidence, and the JSON API. Handlers parse, call the
// service and render.
package web

import (
	"embed"

	"yagura/area/cmmc"
	"yagura/console"
	"yagura/kernel/text"
)

//go:embed all:views
var views embed.FS

// pages is what all handlers share.
type pages struct{ s *cmmc.Service }

// Area is what the shell is handed.
func Area(s *cmmc.Service) console.Area {
	p := &pages{s: s}
	return console.Area{
		Name: "cmmc", Views: views,
		Nav:      []console.NavItem{{Section: console.Assure, Label: text.M("CMMC"), Href: "/cmmc", Icon: "medal", Act: cmmc.Read, Order: 10, Jump: "c"}},
		Pages:    []console.Page{{Method: "GET", Path: "/cmmc", Act: cmmc.Read, Title: text.M("CMMC"), Handle: p.group}},
		Commands: []console.Command{{Label: text.M("CMMC: how the group stands"), Href: "/cmmc", Icon: "medal", Act: cmmc.Read}},
		API:      p.routes(),
	}
}

// Package web shows the security of the group's products: the registry of
// products, cases and their matrix, advisories and what was published, the
// public form for finders, and the JSON API. Handlers parse, call the service
// and render.
package web

import (
	"embed"

	"yagura/area/psirt"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

//go:embed all:views
var views embed.FS

// pages is what all handlers share.
type pages struct {
	s     *psirt.Service
	limit *console.Limiter // of the public form for reports
	asks  *console.Limiter // of that for subscriptions
}

// Area is what the shell is handed.
func Area(s *psirt.Service) console.Area {
	p := &pages{s: s, limit: console.NewLimiter(), asks: console.NewLimiter()}
	area := console.Area{
		Name: "psirt", Views: views,
		Nav: []console.NavItem{{Section: console.Products, Label: text.M("Products' security"), Href: "/psirt", Icon: "tag", Act: psirt.Read, Order: 10, Jump: "p"}},
	}
	p.cases(&area)
	p.products(&area)
	p.advisories(&area)
	p.subscriptions(&area)
	return area
}

// get is a page that is looked at.
func get(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
	return console.Page{Method: "GET", Path: path, Act: act, Title: title, Handle: handle}
}

// post is a form that is sent.
func post(path string, act authz.Act, title text.Message, handle func(*console.Context) error) console.Page {
	return console.Page{Method: "POST", Path: path, Act: act, Title: title, Handle: handle}
}

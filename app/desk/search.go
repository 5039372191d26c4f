package desk

import (
	"encoding/json"

	"yagura/console"
	"yagura/kernel/search"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// kindLabel is what a kind of documents is called.
func kindLabel(kind string) text.Message {
	switch kind {
	case "unit":
		return text.M("Unit")
	case "person":
		return text.M("Person")
	case "team":
		return text.M("Team")
	case "incident":
		return text.M("Incident")
	case "alert":
		return text.M("Alert")
	case "enclave":
		return text.M("Enclave")
	case "product":
		return text.M("Product")
	case "advisory":
		return text.M("Advisory")
	}
	return text.Literal(kind)
}

const (
	foundShown   = 50
	paletteShown = 8
)

type foundKind struct {
	Kind  string
	Label text.Message
	Total int
}

func (d *Desk) search(c *console.Context) error {
	palette := c.Query("format") == "palette"
	q := search.Query{Text: c.Query("q"), Kind: c.Query("kind"), Unit: c.Unit, Limit: foundShown}
	if palette {
		q.Limit, q.Unit = paletteShown, ""
	}
	var found search.Found
	err := d.DB.View(c.Context(), func(tx *store.Tx) (err error) {
		found, err = search.Look(tx, c.Actor, q)
		return err
	})
	if err != nil {
		return err
	}
	if palette {
		return suggest(c, found.Hits)
	}
	v := struct {
		Text, Kind string
		search.Found
		Kinds []foundKind
		Label func(string) text.Message
	}{Text: q.Text, Kind: q.Kind, Found: found, Label: kindLabel}
	for _, k := range found.Kinds {
		v.Kinds = append(v.Kinds, foundKind{k.Kind, kindLabel(k.Kind), k.Total})
	}
	return c.Render("search", v)
}

// suggest answers the palette with a few hits.
func suggest(c *console.Context, hits []search.Hit) error {
	type result struct {
		Title string `json:"title"`
		Href  string `json:"href"`
		Kind  string `json:"kind"`
	}
	out := struct {
		Results []result `json:"results"`
	}{[]result{}}
	for _, h := range hits {
		out.Results = append(out.Results, result{h.Name(), h.Href, c.Say(kindLabel(h.Kind))})
	}
	c.W.Header().Set("Content-Type", "application/json")
	c.W.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(c.W).Encode(out)
}

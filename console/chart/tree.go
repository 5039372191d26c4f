package chart

import (
	"fmt"
	"math"

	"yagura/kernel/text"
)

// Node is a unit of a tree.
type Node struct {
	Label    string
	Note     string // small, below the label
	Href     string
	Tone     string // "good", "warn", "bad", "": a bar at the left edge
	More     int    // children that are not drawn
	Children []*Node
}

// Tree is the chart of an organisation from left to right: every leaf has a line
// of its own, a parent stands in the middle of its children.
type Tree struct {
	Title text.Message
	Desc  text.Message
	Root  *Node
}

const (
	nodeW, nodeH = 196.0, 42.0
	gapX, gapY   = 36.0, 10.0
	treeLevels   = 24
)

type placed struct {
	n     *Node
	x, y  float64
	below []*placed
}

// Draw implements Chart.
func (t Tree) Draw(lang text.Lang, id string) Drawing {
	d := Drawing{Heads: []string{text.M("Unit§chart").In(lang), text.M("Level§chart").In(lang), text.M("Below§chart").In(lang)}}
	if t.Root == nil {
		d.Empty = true
		return d
	}
	next, deepest := 0.0, 0
	var place func(n *Node, depth int) *placed
	place = func(n *Node, depth int) *placed {
		d.Rows = append(d.Rows, []string{n.Label, fmt.Sprint(depth + 1), fmt.Sprint(len(n.Children) + n.More)})
		deepest = max(deepest, depth)
		p := &placed{n: n, x: float64(depth) * (nodeW + gapX)}
		if depth < treeLevels {
			for _, ch := range n.Children {
				p.below = append(p.below, place(ch, depth+1))
			}
		}
		if len(p.below) == 0 {
			p.y = next
			next += nodeH + gapY
		} else {
			p.y = (p.below[0].y + p.below[len(p.below)-1].y) / 2
		}
		return p
	}
	root := place(t.Root, 0)
	c := &canvas{w: float64(deepest+1)*(nodeW+gapX) - gapX + 4, h: math.Max(next-gapY, nodeH) + 4}
	c.open(id, "tree", t.Title.In(lang), orDefault(t.Desc, t.Title).In(lang), true)
	c.edges(root)
	c.nodes(lang, root)
	d.SVG = c.close()
	return d
}

func (c *canvas) edges(p *placed) {
	for _, b := range p.below {
		x1, y1, x2, y2 := p.x+nodeW+2, p.y+nodeH/2+2, b.x+2, b.y+nodeH/2+2
		mid := (x1 + x2) / 2
		fmt.Fprintf(c, `<path class="edge" d="M%s %sH%sV%sH%s"/>`, px(x1), px(y1), px(mid), px(y2), px(x2))
		c.edges(b)
	}
}

func (c *canvas) nodes(lang text.Lang, p *placed) {
	x, y := p.x+2, p.y+2
	if p.n.Href != "" {
		fmt.Fprintf(c, `<a href="%s">`, esc(p.n.Href))
	} else {
		c.WriteString("<g>")
	}
	c.WriteString("<title>" + esc(p.n.Label) + "</title>")
	c.rect(x, y, nodeW, nodeH, 6, "node", "")
	if p.n.Tone != "" {
		c.rect(x, y, 5, nodeH, 2.5, "f-"+p.n.Tone, "")
	}
	note := p.n.Note
	if p.n.More > 0 {
		note = text.M("and %d more below", p.n.More).In(lang)
	}
	if note == "" {
		c.text(x+14, y+26, "node-label", "start", fit(p.n.Label, nodeW-24, 13))
	} else {
		c.text(x+14, y+18, "node-label", "start", fit(p.n.Label, nodeW-24, 13))
		c.text(x+14, y+34, "node-note", "start", fit(note, nodeW-24, 11))
	}
	if p.n.Href != "" {
		c.WriteString("</a>")
	} else {
		c.WriteString("</g>")
	}
	for _, b := range p.below {
		c.nodes(lang, b)
	}
}

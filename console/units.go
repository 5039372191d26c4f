package console

import (
	"strings"

	"yagura/kernel/authz"
)

// unitView is the switcher of the top bar: where one is, what is above and
// directly below. It stays small however many units there are.
type unitView struct {
	Shown bool
	ID    string
	Label string
	Up    []unitChoice
	Down  []unitChoice
	More  int // units below that are not listed
}

type unitChoice struct {
	ID, Label string
}

const unitsListed = 60

// chooseUnit takes ?unit= for this page, else the cookie; a unit that the
// person may not see counts as none.
func (k *Console) chooseUnit(c *Context) {
	c.Unit = ""
	if k.o.UnitAct == "" || !c.SignedIn() {
		return
	}
	for _, id := range []string{c.R.URL.Query().Get("unit"), cookie(c.R, unitCookie)} {
		if id != "" && c.seesUnit(id) {
			c.Unit = id
			return
		}
	}
}

func (c *Context) seesUnit(id string) bool {
	units := c.Actor.Units()
	if _, ok := units.Get(id); !ok || c.console.o.UnitAct == "" {
		return false
	}
	return c.Actor.Scope(c.console.o.UnitAct).Contains(id)
}

func (k *Console) unitView(c *Context) unitView {
	v := unitView{ID: c.Unit, Label: c.T("Whole group")}
	units := c.Actor.Units()
	if k.o.UnitAct == "" || !c.SignedIn() || units == nil || units.Root() == "" {
		return v
	}
	scope := c.Actor.Scope(k.o.UnitAct)
	if scope.Empty() {
		return v
	}
	v.Shown = true
	add := func(list []unitChoice, id string) []unitChoice {
		if !scope.Contains(id) {
			return list
		}
		if len(list) >= unitsListed {
			v.More++
			return list
		}
		return append(list, unitChoice{id, units.Label(id, c.Lang)})
	}
	if !scope.All() {
		v.Label = c.T("All my units")
	}
	below := units.Root()
	if c.Unit != "" {
		below = c.Unit
		v.Label = units.Label(c.Unit, c.Lang)
		if u, ok := units.Get(c.Unit); ok {
			path := strings.Split(strings.Trim(u.Path, "/"), "/")
			for _, id := range path[:len(path)-1] {
				if id != units.Root() {
					v.Up = add(v.Up, id)
				}
			}
		}
	} else if !scope.All() {
		// Who sees only some parts begins with the topmost of them.
		for _, u := range c.Actor.Visible(k.o.UnitAct) {
			if !scope.Contains(u.Parent) || u.Parent == "" {
				v.Down = add(v.Down, u.ID)
			}
		}
		return v
	}
	if units.IsRegion(below) {
		for _, u := range units.All() {
			if u.Region == below && u.ID != below {
				v.Down = add(v.Down, u.ID)
			}
		}
		return v
	}
	for _, id := range units.Children(below) {
		v.Down = add(v.Down, id)
	}
	return v
}

// UnitLabel is a unit's name in the reader's language.
func (c *Context) UnitLabel(id string) string { return c.Actor.Units().Label(id, c.Lang) }

// UnitOptions are the units where the person may do the act, for a choice in a
// form; indented by depth.
func (c *Context) UnitOptions(act authz.Act) []Option {
	var opts []Option
	for _, u := range c.Actor.Visible(act) {
		depth := max(0, strings.Count(u.Path, "/")-2)
		opts = append(opts, Option{u.ID, literal(strings.Repeat("\u2003", depth) + u.Label(c.Lang))})
	}
	return opts
}

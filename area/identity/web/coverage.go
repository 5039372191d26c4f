package web

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"yagura/area/identity"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/text"
)

// covered is a unit with all below it, or its own people alone.
type covered struct {
	Unit string
	Own  bool // the people who belong directly to the unit that is looked at
	More bool // there are units below
	identity.Tally
	course
}

// share is a column of how many in a hundred, which leads to those people.
func share(key string, head text.Message, way identity.Way, part func(identity.Tally) int64, whole func(identity.Tally) int64) console.Column[covered] {
	return console.Column[covered]{Key: key, Head: head, Num: true,
		Cell: func(c *console.Context, r covered) console.Cell {
			n := c.Percent(float64(part(r.Tally)), float64(whole(r.Tally)))
			if n == "" {
				return console.Text("–")
			}
			if part(r.Tally) == 0 {
				return console.Text(n + "%")
			}
			return console.Link(r.rows("way", string(way)), n+"%")
		},
		Value: func(r covered) any { return part(r.Tally) }}
}

// lack is a column of how many in a hundred have two factors, which leads to
// those who don't.
func lack(key string, head text.Message, of identity.Lack, part, whole func(identity.Tally) int64) console.Column[covered] {
	l := share(key, head, "", part, whole)
	l.Cell = func(c *console.Context, r covered) console.Cell {
		n := c.Percent(float64(part(r.Tally)), float64(whole(r.Tally)))
		switch {
		case n == "":
			return console.Text("–")
		case part(r.Tally) == whole(r.Tally):
			return console.Text(n + "%")
		}
		return console.Link(r.rows("mfa", string(of)), n+"%")
	}
	return l
}

// rows are the people of a row, by name.
func (r covered) rows(filter, value string) string {
	q := url.Values{filter: {value}, "unit": {r.Unit}}
	if r.Own {
		q.Set("own", "yes")
	}
	return "/identity?" + q.Encode()
}

func people(t identity.Tally) int64 { return t.People }

var coverages = console.List[covered]{
	Name: "coverage", Caption: text.M("How people can sign in, by unit"), Limit: 500, Sort: "unit", Fitted: true,
	Columns: []console.Column[covered]{
		{Key: "unit", Head: text.M("Unit"),
			Cell: func(c *console.Context, r covered) console.Cell {
				switch {
				case r.Own:
					return console.Text(c.T("%s itself", c.UnitLabel(r.Unit)))
				case r.More:
					return console.Strong("/identity/coverage?unit="+url.QueryEscape(r.Unit), c.UnitLabel(r.Unit))
				}
				return console.Strong("/identity?unit="+url.QueryEscape(r.Unit), c.UnitLabel(r.Unit))
			},
			Value: func(r covered) any { return r.Unit }},
		{Key: "people", Head: text.M("People"), Num: true, Value: func(r covered) any { return r.People }},
		share("phrh", text.M("Hardware key"), identity.ByHardware, func(t identity.Tally) int64 { return t.Hardware }, people),
		share("phr", text.M("Passkey"), identity.ByPasskey, func(t identity.Tally) int64 { return t.Passkey }, people),
		{Key: "change", Head: text.M("Passkeys, 30 days"), Num: true, Cell: func(c *console.Context, r covered) console.Cell { return r.cell(c) },
			Value: func(r covered) any {
				if points, known := r.change(); known {
					return math.Round(points*10) / 10
				}
				return ""
			}},
		share("aal2", text.M("Password and code"), identity.ByCode, func(t identity.Tally) int64 { return t.TwoFactors }, people),
		share("password", text.M("Password alone"), identity.ByPassword, func(t identity.Tally) int64 { return t.Password }, people),
		share("nothing", text.M("Nothing"), identity.ByNothing, func(t identity.Tally) int64 { return t.Nothing }, people),
		lack("privileged_mfa", text.M("Roles: MFA"), identity.LacksPrivileged, func(t identity.Tally) int64 { return t.PrivilegedMFA }, func(t identity.Tally) int64 { return t.Privileged }),
		lack("general_mfa", text.M("Others: MFA"), identity.LacksGeneral, func(t identity.Tally) int64 { return t.GeneralMFA }, func(t identity.Tally) int64 { return t.General }),
		{Key: "people_before", Head: text.M("People 30 days ago"), Num: true, ExportOnly: true, Value: func(r covered) any { return r.before().People }},
		{Key: "passkeys_before", Head: text.M("Passkeys 30 days ago"), Num: true, ExportOnly: true, Value: func(r covered) any { return r.before().Passkeys() }},
		{Key: "privileged", Head: text.M("People with roles"), Num: true, ExportOnly: true, Value: func(r covered) any { return r.Privileged }},
		{Key: "general", Head: text.M("Other people"), Num: true, ExportOnly: true, Value: func(r covered) any { return r.General }},
	},
	At: func(r covered, _ string) keyset.Position { return keyset.At(r.Unit, r.Unit) },
}

// coverageByUnit shows the units below the one that is looked at.
func (w web) coverageByUnit(c *console.Context) error {
	return coverages.Serve(c, "coverage", func(q console.Query) ([]covered, int, error) {
		scope := c.Scope(identity.ReadFactors)
		direct, err := w.s.Tallies(c.Context(), scope)
		if err != nil {
			return nil, 0, err
		}
		trend, err := w.s.Trend(c.Context(), scope)
		if err != nil {
			return nil, 0, err
		}
		rows := below(c.Actor.Units(), scope, c.Unit, direct)
		for i, r := range rows {
			rows[i].course = courseOf(c.Actor.Units(), r.Unit, r.Own, trend)
		}
		total := len(rows)
		if q.Page.After != nil {
			rows = slices.DeleteFunc(rows, func(r covered) bool { return r.Unit <= q.Page.After.ID })
		}
		return rows, total, nil
	}, w.tabs(c, "/identity/coverage"))
}

// below are the units under one as far as the scope goes, each with all below
// it. Where somebody's units have nothing above them that he may see, they are
// the top.
func below(units *authz.Units, scope authz.Scope, unit string, direct map[string]identity.Tally) (rows []covered) {
	if unit == "" {
		unit = units.Root()
	}
	var tops func(id string)
	tops = func(id string) {
		for _, child := range units.Children(id) {
			if !scope.Contains(child) {
				tops(child)
			} else if t := sumOf(units, child, direct); t.People > 0 {
				rows = append(rows, covered{Unit: child, More: len(units.Children(child)) > 0, Tally: t})
			}
		}
	}
	tops(unit)
	if own := direct[unit]; own.People > 0 {
		rows = append(rows, covered{Unit: unit, Own: true, Tally: own})
	}
	slices.SortFunc(rows, func(a, b covered) int { return strings.Compare(a.Unit, b.Unit) })
	return rows
}

package web

import (
	"strings"
	"time"

	"yagura/area/org"
	"yagura/console"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type calendarsPage struct {
	Tabs          []console.Tab
	Table         *console.Table
	Form          calendarForm
	May           bool
	Opens, Closes string
}

type calendarForm struct {
	Calendar org.Calendar
	Week     []string
	Days     []console.Option
	Bases    []console.Option
}

// weekdays are the days of the week from Monday on; their values are places in
// org.Calendar.Week.
func weekdays() []console.Option {
	names := []text.Message{text.M("Monday§org"), text.M("Tuesday§org"), text.M("Wednesday§org"), text.M("Thursday§org"), text.M("Friday§org"), text.M("Saturday§org"), text.M("Sunday§org")}
	var opts []console.Option
	for i, n := range names {
		opts = append(opts, console.Option{Value: string(rune('0' + i)), Label: n})
	}
	return opts
}

func calendarFormOf(c *console.Context, cal org.Calendar, all []org.Calendar) calendarForm {
	d := calendarForm{Calendar: cal, Days: weekdays(), Bases: []console.Option{{Value: "", Label: text.M("No other calendar")}}}
	for i, on := range cal.Week {
		if on == '1' {
			d.Week = append(d.Week, string(rune('0'+i)))
		}
	}
	if d.Week == nil {
		d.Week = []string{}
	}
	for _, b := range all {
		if b.ID != cal.ID {
			d.Bases = append(d.Bases, console.Option{Value: b.ID, Label: text.Literal(b.Label(c.Lang))})
		}
	}
	return d
}

func (w web) loadCalendars(c *console.Context) (calendarsPage, error) {
	d := calendarsPage{Tabs: w.tabs(c, "/org/calendars"), May: c.Actor.CanAnywhere(org.Manage)}
	err := w.s.View(c.Context(), func(tx *store.Tx) error {
		all, err := w.s.Calendars(tx)
		d.Table = console.NewTable(text.M("Working calendars"), text.M("Name"), text.M("ID§org"), text.M("Working days"), text.M("Working hours§org"), text.M("Special days"))
		for _, k := range all {
			d.Table.Row(console.Strong("/org/calendars/"+k.ID, k.Label(c.Lang)), console.Code(k.ID), console.Text(week(c, k.Week)),
				console.Text(org.Clock(k.Opens)+"–"+org.Clock(k.Closes)), console.Num(len(k.Special)))
		}
		d.Table.Empty = console.Empty{Title: text.M("No calendars yet"), Body: text.M("Until there is one, units work Monday to Friday from 9:00 to 17:30.")}
		d.Form = calendarFormOf(c, org.Usual(), all)
		d.Opens, d.Closes = org.Clock(d.Form.Calendar.Opens), org.Clock(d.Form.Calendar.Closes)
		return err
	})
	return d, err
}

func week(c *console.Context, week string) string {
	var days []string
	for i, d := range weekdays() {
		if i < len(week) && week[i] == '1' {
			days = append(days, c.Say(d.Label))
		}
	}
	return strings.Join(days, c.T(", §org"))
}

func (w web) calendars(c *console.Context) error {
	d, err := w.loadCalendars(c)
	if err != nil {
		return err
	}
	return c.Render("calendars", d)
}

func calendarInput(c *console.Context) (org.Calendar, error) {
	k := org.Calendar{ID: c.Value("id"), Name: c.Value("name"), NameJA: c.Value("name_ja"), Base: c.Value("base")}
	on := []byte("0000000")
	for _, v := range c.Values("week") {
		if len(v) == 1 && v[0] >= '0' && v[0] <= '6' {
			on[v[0]-'0'] = '1'
		}
	}
	k.Week = string(on)
	var ok bool
	if k.Opens, ok = org.ParseClock(c.Value("opens")); !ok {
		return k, fault.Invalid(fault.F("opens", "A time of day such as 09:00 is needed here"))
	}
	if k.Closes, ok = org.ParseClock(c.Value("closes")); !ok {
		return k, fault.Invalid(fault.F("closes", "A time of day such as 09:00 is needed here"))
	}
	return k, nil
}

func (w web) calendarAdd(c *console.Context) error {
	k, err := calendarInput(c)
	if err == nil {
		err = w.s.PutCalendar(c.Context(), c.Actor, k, true)
	}
	if err != nil {
		d, lerr := w.loadCalendars(c)
		if lerr != nil {
			return lerr
		}
		return c.Invalid("calendars", d, err)
	}
	c.Flash(text.M("The calendar was added."))
	return c.Redirect("/org/calendars/" + k.ID)
}

type calendarPage struct {
	Calendar org.Calendar
	Facts    []console.Fact
	Days     []dayRow
	Form     calendarForm
	May      bool
	Year     string
	Years    []console.Tab
	Opens    string
	Closes   string
}

type dayRow struct {
	org.Special
	Words string
	Own   bool
}

func (w web) loadCalendar(c *console.Context) (d calendarPage, err error) {
	id := c.Path("id")
	err = w.s.View(c.Context(), func(tx *store.Tx) error {
		all, err := w.s.Calendars(tx)
		if err != nil {
			return err
		}
		k, days, err := w.s.Days(tx, id)
		if err != nil {
			return err
		}
		d = calendarPage{Calendar: k, May: c.Actor.Can(org.Manage, ""), Form: calendarFormOf(c, k, all), Opens: org.Clock(k.Opens), Closes: org.Clock(k.Closes)}
		var own map[string]org.Special
		base := console.Text("")
		for _, b := range all {
			if b.ID == id {
				own = b.Special
			}
			if b.ID == k.Base && k.Base != "" {
				base = console.Link("/org/calendars/"+b.ID, b.Label(c.Lang))
			}
		}
		d.Year = c.Query("year")
		if d.Year == "" {
			d.Year = c.Now.In(c.Zone).Format("2006")
		}
		years := map[string]bool{}
		for _, s := range days {
			if y := s.Day[:4]; !years[y] {
				years[y] = true
				d.Years = append(d.Years, console.Tab{Label: text.Literal(y), Href: "/org/calendars/" + id + "?year=" + y, Current: y == d.Year})
			}
			if s.Day[:4] != d.Year {
				continue
			}
			mine, ok := own[s.Day]
			at, _ := time.Parse(time.DateOnly, s.Day)
			d.Days = append(d.Days, dayRow{s, c.Say(weekdays()[(int(at.Weekday())+6)%7].Label), ok && mine == s})
		}
		d.Facts = []console.Fact{
			{Label: text.M("ID§org"), Value: console.Code(id)},
			{Label: text.M("Working days"), Value: console.Text(week(c, k.Week))},
			{Label: text.M("Working hours§org"), Value: console.Text(d.Opens + "–" + d.Closes)},
			{Label: text.M("Special days also from"), Value: base},
		}
		return nil
	})
	if err == nil {
		c.Title(text.Literal(d.Calendar.Label(c.Lang)))
		c.Crumb(text.M("Organization"), "/org")
		c.Crumb(text.M("Working calendars"), "/org/calendars")
	}
	return d, err
}

func (w web) calendar(c *console.Context) error {
	d, err := w.loadCalendar(c)
	if err != nil {
		return err
	}
	return c.Render("calendar", d)
}

func (w web) afterCalendar(c *console.Context, err error, done text.Message) error {
	if fault.Is(err, fault.KindInvalid) {
		d, lerr := w.loadCalendar(c)
		if lerr != nil {
			return lerr
		}
		return c.Invalid("calendar", d, err)
	}
	return back(c, "/org/calendars/"+c.Path("id"), err, done)
}

func (w web) calendarChange(c *console.Context) error {
	k, err := calendarInput(c)
	if k.ID = c.Path("id"); err == nil {
		err = w.s.PutCalendar(c.Context(), c.Actor, k, false)
	}
	return w.afterCalendar(c, err, text.M("Saved."))
}

func (w web) dayPut(c *console.Context) error {
	d := org.Special{Day: c.Value("day"), Working: c.Bool("working"), Name: c.Value("day_name"), NameJA: c.Value("day_name_ja")}
	err := w.s.PutDay(c.Context(), c.Actor, c.Path("id"), d)
	if f := fault.As(err); f != nil {
		for i := range f.Fields {
			if f.Fields[i].Name == "name" {
				f.Fields[i].Name = "day_name"
			}
		}
	}
	return w.afterCalendar(c, err, text.M("Saved."))
}

func (w web) dayDrop(c *console.Context) error {
	return w.afterCalendar(c, w.s.DropDay(c.Context(), c.Actor, c.Path("id"), c.Path("day")), text.M("The day is as its weekday again."))
}

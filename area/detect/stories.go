package detect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/area/detect/story"
	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// Story is alerts that belong together, as far as the reader may see them: what
// lies in other units is in no count.
type Story struct {
	ID      string // number, "STO-2026-0012"
	Title   Words  // of its gravest alert
	Subject string // of that alert
	Level   Level
	Alerts  int64
	Open    int64
	Fresh   int64 // that nobody has taken up
	First   time.Time
	Last    time.Time
	Tactics story.Set
	Risk    int64 // the greatest rank among its open alerts
	Units   []string

	ord, top string
}

// StoryFilter narrows a list of stories.
type StoryFilter struct {
	State string // "open": with alerts on which somebody has to decide; "closed"; "" = all
	Least string // this level or above
	Unit  string // that reach this unit
	Page  keyset.Page
}

var storySorts = keyset.Columns{
	"number": keyset.Text("s.ord"), "level": keyset.Int("s.level"), "last": keyset.Int("s.last"), "first": keyset.Int("s.first"),
	"alerts": keyset.Int("s.alerts"), "risk": keyset.Int("s.risk"),
}

// StoryAt is the position of a story in a list ordered by sort.
func StoryAt(x Story, sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(x.ord, x.ord)
	case "last":
		return keyset.At(store.Millis(x.Last), x.ord)
	case "first":
		return keyset.At(store.Millis(x.First), x.ord)
	case "alerts":
		return keyset.At(x.Alerts, x.ord)
	case "risk":
		return keyset.At(x.Risk, x.ord)
	}
	return keyset.At(int(x.Level), x.ord)
}

// told adds up what of each story, or of one, lies in the scope. Alone in the
// scope, one alert of a story is still a story: the reader sees its number and
// himself. For readers of the whole group it is added up already.
func told(scope authz.Scope, f StoryFilter, one string) (query string, args []any) {
	if scope.All() {
		return toldWhole(f, one)
	}
	in, args := scope.Where("u.unit", 1)
	add := func(cond string, v any) string {
		args = append(args, v)
		return fmt.Sprintf(" AND "+cond, len(args))
	}
	if one != "" {
		in += add("u.story = $%d", one)
	}
	having := "1=1"
	switch f.State {
	case "open":
		// Only those with something open somewhere are added up.
		in += " AND u.story IN (SELECT o.story FROM detect_story_unit o WHERE o.open > 0)"
		having = "SUM(u.open) > 0"
	case "closed":
		having = "SUM(u.open) = 0"
	}
	if l, ok := ParseLevel(f.Least); ok && f.Least != "" {
		having += add("MAX(u.level) >= $%d", int(l))
	}
	if f.Unit != "" {
		having += add("MAX(CASE WHEN u.unit = $%d THEN 1 ELSE 0 END) = 1", f.Unit)
	}
	return `(SELECT g.*, t.ord FROM (SELECT u.story AS id, CAST(SUM(u.alerts) AS bigint) AS alerts, CAST(SUM(u.open) AS bigint) AS open, CAST(SUM(u.fresh) AS bigint) AS fresh, MAX(u.level) AS level,
		MIN(u.first) AS first, MAX(u.last) AS last, MAX(u.risk) AS risk FROM detect_story_unit u WHERE ` + in + " GROUP BY u.story HAVING " + having + ") g JOIN detect_story t ON t.id = g.id) s", args
}

func toldWhole(f StoryFilter, one string) (query string, args []any) {
	where := "s.alerts > 0"
	add := func(cond string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" AND "+cond, len(args))
	}
	switch f.State { // written out, as partial indexes ask for
	case "open":
		where += " AND s.open > 0"
	case "closed":
		where += " AND s.open = 0"
	}
	if one != "" {
		add("s.id = $%d", one)
	}
	if l, ok := ParseLevel(f.Least); ok && f.Least != "" {
		add("s.level >= $%d", int(l))
	}
	if f.Unit != "" {
		add("EXISTS (SELECT 1 FROM detect_story_unit u WHERE u.story = s.id AND u.unit = $%d)", f.Unit)
	}
	return "(SELECT * FROM detect_story s WHERE " + where + ") s", args
}

// Stories lists the stories of which the reader may see something.
func (s *Service) Stories(ctx context.Context, scope authz.Scope, f StoryFilter) (rows []Story, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		from, args := told(scope, f, "")
		after, more, order, err := f.Page.SQL(storySorts, "s.ord", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM "+from, args...).Scan(&total); err != nil {
			return err
		}
		if rows, err = store.Rows(tx, readStory, "SELECT s.id, s.ord, s.alerts, s.open, s.fresh, s.level, s.first, s.last, s.risk FROM "+from+" WHERE "+after+order, append(args, more...)...); err != nil {
			return err
		}
		return fill(tx, scope, rows)
	})
	return rows, total, err
}

func readStory(r store.Scanner) (x Story, err error) {
	var first, last int64
	err = r.Scan(&x.ID, &x.ord, &x.Alerts, &x.Open, &x.Fresh, &x.Level, &first, &last, &x.Risk)
	x.First, x.Last = store.Time(first), store.Time(last)
	return x, err
}

// fill adds tactics, units and the title to stories.
func fill(tx *store.Tx, scope authz.Scope, rows []Story) error {
	for start := 0; start < len(rows); start += 300 {
		part := rows[start:min(start+300, len(rows))]
		at := map[string]*Story{}
		in, args := scope.Where("u.unit", 1)
		n := len(args)
		for i := range part {
			at[part[i].ID] = &part[i]
			args = append(args, part[i].ID)
		}
		level, furthest := map[string]Level{}, map[string]story.Set{}
		if _, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
			var id, unit, top string
			var tactics, reached story.Set
			var l Level
			if err := r.Scan(&id, &unit, &tactics, &l, &top, &reached); err != nil {
				return struct{}{}, err
			}
			x := at[id]
			x.Tactics |= tactics
			x.Units = append(x.Units, unit)
			if was, ok := level[id]; !ok || l > was || l == was && reached.Further(furthest[id]) {
				level[id], furthest[id], x.top = l, reached, top
			}
			return struct{}{}, nil
		}, "SELECT u.story, u.unit, u.tactics, u.level, u.top, a.tactics FROM detect_story_unit u JOIN detect_alert a ON a.id = u.top WHERE "+in+" AND u.story IN ("+marks(n+1, len(part))+") ORDER BY u.story, u.first, u.unit", args...); err != nil {
			return err
		}
		tops := []any{}
		by := map[string]*Story{}
		for i := range part {
			tops = append(tops, part[i].top)
			by[part[i].top] = &part[i]
		}
		if len(tops) == 0 {
			continue
		}
		alerts, err := store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.id IN ("+marks(1, len(tops))+")", tops...)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			by[a.ID].Title, by[a.ID].Subject = a.Title, a.Subject()
		}
	}
	return nil
}

// Shared is something that alerts of a story have in common.
type Shared struct {
	Kind   string // host, user, address, hash, process
	Value  string
	Alerts int
}

// StoryDetail is a story with all that belongs to it, as far as the reader may
// see it.
type StoryDetail struct {
	Story
	Members []Alert // in order of time
	Shared  []Shared
	People  map[string]authz.Person
	Holders []authz.Person // to whom all of it can be given
	Triage  bool           // the reader may triage every open alert of it that he sees
}

// mostMembers is how many alerts of a story a page shows.
const mostMembers = 500

// ShowStory is a story with its alerts. A story that became part of another
// answers with that one.
func (s *Service) ShowStory(ctx context.Context, by authz.Actor, number string) (d StoryDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		scope := by.Scope(Read)
		x, err := findStory(tx, scope, number)
		if err != nil {
			return err
		}
		d = StoryDetail{Story: x, Triage: true}
		where, args := scope.Where("a.unit", 2)
		if d.Members, err = store.Rows(tx, read, "SELECT "+columns+fmt.Sprintf(" FROM detect_alert a WHERE a.story = $1 AND a.story <> '' AND %s ORDER BY a.first, a.ord LIMIT %d", where, mostMembers), append([]any{x.ID}, args...)...); err != nil {
			return err
		}
		var ids []string
		var holders map[string]bool
		for _, a := range d.Members {
			ids = append(ids, a.Assignee, a.By)
			if !a.State.Open() {
				continue
			}
			if !by.Can(Triage, a.Unit) {
				d.Triage = false
			}
		}
		if d.Triage && d.Open > 0 {
			for _, unit := range d.Units {
				able, err := s.o.Directory.Holders(tx, Triage, unit)
				if err != nil {
					return err
				}
				here := map[string]bool{}
				for _, p := range able {
					if holders == nil || holders[p] {
						here[p] = true
					}
				}
				holders = here
			}
		}
		ids = append(ids, sorted(holders)...)
		if d.People, err = authz.People(tx, ids...); err != nil {
			return err
		}
		for _, p := range sorted(holders) {
			if person, ok := d.People[p]; ok {
				d.Holders = append(d.Holders, person)
			}
		}
		d.Shared, err = shared(tx, scope, x.ID)
		return err
	})
	return d, err
}

func findStory(tx *store.Tx, scope authz.Scope, number string) (x Story, err error) {
	var into string
	err = tx.QueryRow("SELECT part_of FROM detect_story WHERE id = $1", number).Scan(&into)
	if errors.Is(err, sql.ErrNoRows) {
		return x, missing()
	}
	if err != nil {
		return x, err
	}
	if into != "" {
		number = into
	}
	from, args := told(scope, StoryFilter{}, number)
	x, err = readStory(tx.QueryRow("SELECT s.id, s.ord, s.alerts, s.open, s.fresh, s.level, s.first, s.last, s.risk FROM "+from, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return x, missing()
	}
	if err != nil {
		return x, err
	}
	one := []Story{x}
	err = fill(tx, scope, one)
	return one[0], err
}

// shared are the things that at least two alerts of a story in the scope have to
// do with, those of most alerts first.
func shared(tx *store.Tx, scope authz.Scope, id string) ([]Shared, error) {
	where, args := scope.Where("a.unit", 2)
	return store.Rows(tx, func(r store.Scanner) (x Shared, err error) {
		var key string
		err = r.Scan(&key, &x.Alerts)
		x.Kind, x.Value = story.Cut(key)
		if x.Kind == story.Host { // a short name has its unit before it
			x.Value = x.Value[strings.LastIndexByte(x.Value, '/')+1:]
		}
		return x, err
	}, `SELECT j.key, COUNT(*) FROM detect_joint j JOIN detect_alert a ON a.id = j.alert WHERE a.story = $1 AND a.story <> '' AND `+where+`
		AND NOT EXISTS (SELECT 1 FROM detect_noise n WHERE n.key = j.key AND n.last >= j.first AND n.first <= j.last)
		GROUP BY j.key HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC, j.key LIMIT 40`, append([]any{id}, args...)...)
}

// openOf are the open alerts of a story that the actor may triage; others than
// those that he sees are not touched.
func (s *Service) openOf(tx *store.Tx, by authz.Actor, number string) ([]string, error) {
	x, err := findStory(tx, by.Scope(Read), number)
	if err != nil {
		return nil, err
	}
	where, args := by.Scope(Read).Where("(a.unit || '')", 2)
	return store.Texts(tx, "SELECT a.id FROM detect_alert a WHERE a.story = $1 AND a.story <> '' AND a.open = 1 AND "+where+" ORDER BY a.ord", append([]any{x.ID}, args...)...)
}

// CountStories is how many stories with open alerts the reader may see.
func (s *Service) CountStories(ctx context.Context, scope authz.Scope) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		from, args := told(scope, StoryFilter{State: "open"}, "")
		return tx.QueryRow("SELECT COUNT(*) FROM "+from, args...).Scan(&n)
	})
	return n, err
}

// Group is alerts to triage that have something in common.
type Group struct {
	Key    string // of a story, a rule or a host
	Unit   string // of a host
	Title  Words  // of the gravest
	Level  Level
	Alerts int64
	Risk   int64
	Last   time.Time
	Top    string // number of the gravest
}

// The ways to group alerts to triage.
var Groupings = []string{"story", "rule", "host"}

// Grouped are the alerts of a filter by what they have in common: the gravest
// first, at most limit. Alerts of no story are groups of their own there.
func (s *Service) Grouped(ctx context.Context, scope authz.Scope, f Filter, by string, limit int) (groups []Group, err error) {
	key, unit := "", "''"
	switch by {
	case "story":
		key = "CASE WHEN a.story <> '' THEN a.story ELSE a.id END"
	case "rule":
		key = "(a.rule || '')" // so that no index over all alerts is walked
	case "host":
		key, unit = "CASE WHEN a.host <> '' THEN a.host ELSE a.account END", "a.unit"
	default:
		return nil, fmt.Errorf("no such grouping: %s", by)
	}
	sort := "MAX(a.level) DESC, MAX(a.risk) DESC"
	if f.Page.Sort == "risk" {
		sort = "MAX(a.risk) DESC, MAX(a.level) DESC"
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(scope)
		// The gravest alert of each group is found by its level and number in one.
		groups, err = store.Rows(tx, func(r store.Scanner) (g Group, err error) {
			var last int64
			var top string
			err = r.Scan(&g.Key, &g.Unit, &g.Alerts, &g.Level, &g.Risk, &last, &top)
			g.Last, g.Top = store.Time(last), top[1:]
			return g, err
		}, "SELECT "+key+", "+unit+", COUNT(*), MAX(a.level), MAX(a.risk), MAX(a.last), MAX(CAST(a.level AS text) || a.id) FROM detect_alert a WHERE "+where+
			" GROUP BY 1, 2 ORDER BY "+sort+fmt.Sprintf(", MAX(a.last) DESC, 1 LIMIT %d", limit), args...)
		if err != nil || len(groups) == 0 {
			return err
		}
		var tops []any
		for _, g := range groups {
			tops = append(tops, g.Top)
		}
		titles := map[string]Words{}
		for part := range slices.Chunk(tops, 300) {
			alerts, err := store.Rows(tx, read, "SELECT "+columns+" FROM detect_alert a WHERE a.id IN ("+marks(1, len(part))+")", part...)
			if err != nil {
				return err
			}
			for _, a := range alerts {
				titles[a.ID] = a.Title
			}
		}
		for i := range groups {
			groups[i].Title = titles[groups[i].Top]
		}
		return nil
	})
	return groups, err
}

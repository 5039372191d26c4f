package detect

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"yagura/area/detect/story"
	"yagura/fact"
	"yagura/kernel/store"
)

// joined is an alert that a transaction touched, with the marks that it adds.
type joined struct {
	alert   string
	unit    string
	tactics story.Set
	marks   map[string]markSpan
}

// join lets alerts with new marks become part of stories. What comes of it
// depends on all marks together and not on the order in which they came; see
// package story. Transactions that join take turns.
func (s *Service) join(tx *store.Tx, touched []joined) error {
	changed, err := putMarks(tx, touched)
	if err != nil || len(changed) == 0 {
		return err
	}
	if _, err := tx.Exec("UPDATE detect_story_turn SET n = n + 1 WHERE id = 1"); err != nil {
		return err
	}
	j := &joiner{tx: tx, rules: s.o.Stories, links: story.Sets{}, loose: map[string]bool{}, story: map[string]string{}, unit: map[string]string{}}
	for _, t := range touched {
		j.unit[t.alert] = t.unit
	}
	byKey := map[string][]story.Mark{}
	for _, m := range changed {
		byKey[m.Key] = append(byKey[m.Key], m)
	}
	for _, key := range sorted(byKey) {
		for _, m := range byKey[key] {
			if err := j.mark(m); err != nil {
				return err
			}
		}
	}
	return j.settle()
}

// putMarks writes the marks that say something new and returns them as they are
// now.
func putMarks(tx *store.Tx, touched []joined) (changed []story.Mark, err error) {
	slices.SortFunc(touched, func(a, b joined) int { return strings.Compare(a.alert, b.alert) })
	type at struct{ alert, key string }
	known := map[at]story.Mark{}
	count := map[string]int{}
	for part := range slices.Chunk(touched, 300) {
		args := make([]any, len(part))
		for i, t := range part {
			args[i] = t.alert
		}
		rows, err := store.Rows(tx, readMark, "SELECT "+markColumns+" FROM detect_joint j WHERE j.alert IN ("+marks(1, len(part))+")", args...)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			known[at{m.Alert, m.Key}] = m
			count[m.Alert]++
		}
	}
	for _, t := range touched {
		for _, key := range sorted(t.marks) {
			span := t.marks[key]
			m, ok := known[at{t.alert, key}]
			if !ok {
				if count[t.alert]++; count[t.alert] > mostJoints {
					continue
				}
				m = story.Mark{Alert: t.alert, Key: key, Partner: span.partner, Tactics: t.tactics, From: span.first, To: span.last}
			} else {
				was := m
				m.From, m.To, m.Partner = min(m.From, span.first), max(m.To, span.last), max(m.Partner, span.partner)
				if m == was {
					continue
				}
			}
			changed = append(changed, m)
		}
	}
	for part := range slices.Chunk(changed, 150) {
		var b strings.Builder
		var args []any
		for _, m := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, 6) + ")")
			args = append(args, m.Alert, m.Key, m.Partner, int64(m.Tactics), m.From, m.To)
		}
		if _, err := tx.Exec("INSERT INTO detect_joint (alert, key, partner, tactics, first, last) VALUES "+b.String()+` ON CONFLICT (alert, key) DO UPDATE SET
			first = CASE WHEN detect_joint.first > excluded.first THEN excluded.first ELSE detect_joint.first END,
			last = CASE WHEN detect_joint.last < excluded.last THEN excluded.last ELSE detect_joint.last END,
			partner = CASE WHEN detect_joint.partner < excluded.partner THEN excluded.partner ELSE detect_joint.partner END`, args...); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

const markColumns = "j.alert, j.key, j.partner, j.tactics, j.first, j.last"

func readMark(r store.Scanner) (m story.Mark, err error) {
	return m, r.Scan(&m.Alert, &m.Key, &m.Partner, &m.Tactics, &m.From, &m.To)
}

// joiner is one turn of joining.
type joiner struct {
	tx    *store.Tx
	rules story.Rules
	links story.Sets
	loose map[string]bool   // alerts whose run became noise: their stories may fall apart
	story map[string]string // of alerts seen
	unit  map[string]string
}

// mark looks at one new or longer mark among those of its key.
func (j *joiner) mark(m story.Mark) error {
	noise, err := j.noiseNear(m.Key, m.From, m.To)
	if err != nil {
		return err
	}
	if len(noise) == 1 && noise[0].from <= m.From && noise[0].to >= m.To {
		return nil
	}
	if len(noise) > 0 {
		j.loose[m.Alert] = true
		return j.swallow(m.Key, m.From, m.To, noise)
	}
	run, err := j.run(m)
	if err != nil {
		return err
	}
	from, to := run[0].From, m.To
	for _, x := range run {
		to = max(to, x.To)
	}
	// A run that grew may reach what is noise already.
	if noise, err = j.noiseNear(m.Key, from, to); err != nil {
		return err
	}
	if len(noise) > 0 || j.rules.Noisy(run) {
		for _, x := range run {
			j.loose[x.Alert] = true
		}
		return j.swallow(m.Key, from, to, noise)
	}
	for _, x := range run {
		if x.Alert != m.Alert && j.rules.Linked(m, x) {
			j.links.Union(m.Alert, x.Alert)
		}
	}
	return nil
}

type span struct{ from, to int64 }

func (j *joiner) noiseNear(key string, from, to int64) ([]span, error) {
	return store.Rows(j.tx, func(r store.Scanner) (s span, err error) { return s, r.Scan(&s.from, &s.to) },
		"SELECT n.first, n.last FROM detect_noise n WHERE n.key = $1 AND n.last >= $2 AND n.first <= $3", key, from-j.rules.Chain, to+j.rules.Chain)
}

// run is all that is connected with a mark without a longer pause, in order.
func (j *joiner) run(m story.Mark) (run []story.Mark, err error) {
	from, to := m.From, m.To
	for {
		if run, err = store.Rows(j.tx, readMark, "SELECT "+markColumns+" FROM detect_joint j WHERE j.key = $1 AND j.last >= $2 AND j.first <= $3 ORDER BY j.first, j.last, j.alert",
			m.Key, from-j.rules.Chain, to+j.rules.Chain); err != nil {
			return nil, err
		}
		f, t := from, to
		for _, x := range run {
			f, t = min(f, x.From), max(t, x.To)
		}
		if f == from && t == to {
			return run, nil
		}
		from, to = f, t
	}
}

// swallow makes noise of what lies between two moments and of all that is
// connected with it; what it had joined is looked at anew.
func (j *joiner) swallow(key string, from, to int64, noise []span) error {
	for {
		was := span{from, to}
		for _, n := range noise {
			from, to = min(from, n.from), max(to, n.to)
			if _, err := j.tx.Exec("DELETE FROM detect_noise WHERE key = $1 AND first = $2", key, n.from); err != nil {
				return err
			}
		}
		// Marks at the borders that were no noise yet.
		near, err := store.Rows(j.tx, readMark, "SELECT "+markColumns+` FROM detect_joint j WHERE j.key = $1 AND j.last >= $2 AND j.first <= $3
			AND (j.first < $4 OR j.last > $5)`, key, from-j.rules.Chain, to+j.rules.Chain, from, to)
		if err != nil {
			return err
		}
		for _, m := range near {
			j.loose[m.Alert] = true
			from, to = min(from, m.From), max(to, m.To)
		}
		if noise, err = j.noiseNear(key, from, to); err != nil {
			return err
		}
		if was == (span{from, to}) && len(noise) == 0 {
			break
		}
	}
	_, err := j.tx.Exec("INSERT INTO detect_noise (key, first, last) VALUES ($1,$2,$3)", key, from, to)
	return err
}

// know reads in which stories alerts are.
func (j *joiner) know(alerts []string) error {
	for part := range slices.Chunk(alerts, 300) {
		args := make([]any, len(part))
		for i, a := range part {
			args[i] = a
		}
		rows, err := store.Rows(j.tx, func(r store.Scanner) (x [3]string, err error) { return x, r.Scan(&x[0], &x[1], &x[2]) },
			"SELECT a.id, a.story, a.unit FROM detect_alert a WHERE a.id IN ("+marks(1, len(part))+")", args...)
		if err != nil {
			return err
		}
		for _, x := range rows {
			j.story[x[0]], j.unit[x[0]] = x[1], x[2]
		}
	}
	return nil
}

// settle gives everything that is linked now the number of a story.
func (j *joiner) settle() error {
	alerts := map[string]bool{}
	for a := range j.links {
		alerts[a] = true
	}
	for a := range j.loose {
		alerts[a] = true
	}
	if len(alerts) == 0 {
		return nil
	}
	if err := j.know(sorted(alerts)); err != nil {
		return err
	}
	broken := map[string][]string{} // stories that may fall apart, with their members
	for a := range j.loose {
		if id := j.story[a]; id != "" {
			broken[id] = nil
		}
	}
	for _, id := range sorted(broken) {
		members, err := store.Texts(j.tx, "SELECT a.id FROM detect_alert a WHERE a.story = $1 AND a.story <> '' ORDER BY a.ord", id)
		if err != nil {
			return err
		}
		broken[id] = members
		if err := j.know(members); err != nil {
			return err
		}
		if err := j.relink(members); err != nil {
			return err
		}
	}
	// A story that holds together stands for all its members.
	node := func(a string) string {
		if id := j.story[a]; id != "" && broken[id] == nil {
			return id
		}
		return a
	}
	sets := story.Sets{}
	for a := range j.links {
		sets.Union(node(a), node(j.links.Root(a)))
	}
	groups := sets.Groups()
	t := &telling{joiner: j, broken: broken, touched: map[string]bool{}, kept: map[string]bool{}}
	return t.tell(groups)
}

// relink finds the links among the members of stories from their marks, noise
// left out.
func (j *joiner) relink(members []string) error {
	byKey := map[string][]story.Mark{}
	for part := range slices.Chunk(members, 300) {
		args := make([]any, len(part))
		for i, a := range part {
			args[i] = a
		}
		rows, err := store.Rows(j.tx, readMark, "SELECT "+markColumns+" FROM detect_joint j WHERE j.alert IN ("+marks(1, len(part))+`)
			AND NOT EXISTS (SELECT 1 FROM detect_noise n WHERE n.key = j.key AND n.last >= j.first AND n.first <= j.last)`, args...)
		if err != nil {
			return err
		}
		for _, m := range rows {
			byKey[m.Key] = append(byKey[m.Key], m)
		}
	}
	for _, of := range byKey {
		for _, run := range j.rules.Runs(of) {
			j.rules.Link(run, j.links.Union)
		}
	}
	return nil
}

// telling writes what the groups say.
type telling struct {
	*joiner
	broken  map[string][]string
	touched map[string]bool // stories to be counted anew
	kept    map[string]bool // numbers of broken stories that go on
}

func isStory(node string) bool { return strings.HasPrefix(node, "STO-") }

func (t *telling) tell(groups [][]string) error {
	// The greatest part of a story that fell apart keeps its number.
	slices.SortStableFunc(groups, func(a, b []string) int { return len(b) - len(a) })
	placed := map[string]bool{}
	for _, g := range groups {
		var stories, alerts []string
		for _, node := range g {
			if isStory(node) {
				stories = append(stories, node)
			} else {
				alerts = append(alerts, node)
				placed[node] = true
			}
		}
		into, err := t.number(stories, alerts)
		if err != nil {
			return err
		}
		for _, id := range stories {
			if id != into {
				if err := t.merge(id, into); err != nil {
					return err
				}
			}
		}
		for part := range slices.Chunk(alerts, 300) {
			args := []any{into}
			for _, a := range part {
				args = append(args, a)
			}
			if _, err := t.tx.Exec("UPDATE detect_alert SET story = $1 WHERE id IN ("+marks(2, len(part))+")", args...); err != nil {
				return err
			}
		}
		t.touched[into] = true
	}
	for _, id := range sorted(t.broken) {
		t.touched[id] = true
		for _, a := range t.broken[id] {
			if !placed[a] {
				if _, err := t.tx.Exec("UPDATE detect_alert SET story = '' WHERE id = $1", a); err != nil {
					return err
				}
			}
		}
	}
	for _, id := range sorted(t.touched) {
		if err := tellUnits(t.tx, id); err != nil {
			return err
		}
	}
	return nil
}

// number is that of the oldest story of a group, of the broken one that goes on
// in it, or a new one.
func (t *telling) number(stories, alerts []string) (string, error) {
	if len(stories) > 0 {
		return slices.MinFunc(stories, func(a, b string) int { return strings.Compare(storyOrd(a), storyOrd(b)) }), nil
	}
	for _, a := range alerts {
		if id := t.story[a]; t.broken[id] != nil && !t.kept[id] {
			t.kept[id] = true
			return id, nil
		}
	}
	n, err := t.tx.Number("STO")
	if err != nil {
		return "", err
	}
	if _, err := t.tx.Exec("INSERT INTO detect_story (id, ord, begun, part_of) VALUES ($1,$2,$3,'')", n, storyOrd(n), t.tx.Millis()); err != nil {
		return "", err
	}
	return n, t.tx.Record(system, fact.StoryBegun{Story: n, Unit: t.unit[alerts[len(alerts)-1]], Alert: alerts[len(alerts)-1]})
}

// storyOrd is the number of a story in a form that sorts as people count.
func storyOrd(number string) string {
	parts := strings.Split(number, "-")
	n, _ := strconv.Atoi(parts[len(parts)-1])
	return fmt.Sprintf("%s%08d", parts[1], n)
}

func (t *telling) merge(id, into string) error {
	for _, q := range []string{
		"UPDATE detect_alert SET story = $2 WHERE story = $1 AND story <> ''",
		"UPDATE detect_story SET part_of = $2 WHERE id = $1",
		"UPDATE detect_story SET part_of = $2 WHERE part_of = $1 AND part_of <> ''",
	} {
		if _, err := t.tx.Exec(q, id, into); err != nil {
			return err
		}
	}
	for _, q := range []string{
		"DELETE FROM detect_story_unit WHERE story = $1",
		"UPDATE detect_story SET alerts = 0, open = 0, fresh = 0 WHERE id = $1",
	} {
		if _, err := t.tx.Exec(q, id); err != nil {
			return err
		}
	}
	return t.tx.Record(system, fact.StoriesMerged{Story: into, From: id})
}

// tellUnits counts a story anew for each unit that it reaches.
func tellUnits(tx *store.Tx, id string) error {
	type part struct {
		alerts, open, fresh, first, last, risk int64
		level                                  Level
		tactics                                story.Set
		reached                                story.Set // by the top
		top                                    string
	}
	parts := map[string]*part{}
	if _, err := store.Rows(tx, func(r store.Scanner) (struct{}, error) {
		var number, unit, state string
		var level Level
		var first, last, risk int64
		var tactics story.Set
		if err := r.Scan(&number, &unit, &state, &level, &first, &last, &tactics, &risk); err != nil {
			return struct{}{}, err
		}
		p := parts[unit]
		if p == nil {
			p = &part{first: first, last: last, level: -1}
			parts[unit] = p
		}
		p.alerts++
		if State(state).Open() {
			p.open++
		}
		if State(state) == Untriaged {
			p.fresh++
		}
		// The gravest stands for it; of several the one that reached furthest.
		if level > p.level || level == p.level && tactics.Further(p.reached) {
			p.level, p.top, p.reached = level, number, tactics
		}
		p.first, p.last, p.risk, p.tactics = min(p.first, first), max(p.last, last), max(p.risk, risk), p.tactics|tactics
		return struct{}{}, nil
	}, "SELECT a.id, a.unit, a.state, a.level, a.first, a.last, a.tactics, a.risk FROM detect_alert a WHERE a.story = $1 AND a.story <> '' ORDER BY a.first, a.ord", id); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM detect_story_unit WHERE story = $1", id); err != nil {
		return err
	}
	whole := part{first: math.MaxInt64}
	for _, unit := range slices.Sorted(maps.Keys(parts)) {
		p := parts[unit]
		whole.alerts, whole.open, whole.fresh = whole.alerts+p.alerts, whole.open+p.open, whole.fresh+p.fresh
		whole.first, whole.last, whole.risk, whole.level = min(whole.first, p.first), max(whole.last, p.last), max(whole.risk, p.risk), max(whole.level, p.level)
		if _, err := tx.Exec(`INSERT INTO detect_story_unit (story, unit, alerts, open, fresh, level, first, last, tactics, risk, top)
			VALUES (`+marks(1, 11)+")", id, unit, p.alerts, p.open, p.fresh, int(p.level), p.first, p.last, int64(p.tactics), p.risk, p.top); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		whole.first = 0
	}
	_, err := tx.Exec("UPDATE detect_story SET alerts = $2, open = $3, fresh = $4, level = $5, first = $6, last = $7, risk = $8 WHERE id = $1",
		id, whole.alerts, whole.open, whole.fresh, int(whole.level), whole.first, whole.last, whole.risk)
	return err
}

// recount counts the stories of alerts anew, after people decided about them.
func recount(tx *store.Tx, alerts []Alert) error {
	ids := map[string]bool{}
	for _, a := range alerts {
		if a.Story != "" {
			ids[a.Story] = true
		}
	}
	for _, id := range sorted(ids) {
		if err := tellUnits(tx, id); err != nil {
			return err
		}
	}
	return nil
}

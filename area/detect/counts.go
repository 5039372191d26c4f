package detect

import (
	"slices"
	"strings"

	"yagura/kernel/store"
)

// dayCounts are the alerts of a day, unit and level that a transaction adds.
type dayCounts map[dayKey]int64

type dayKey struct {
	day, unit string
	level     Level
}

func (c dayCounts) add(day, unit string, level Level) { c[dayKey{day, unit, level}]++ }

func (c dayCounts) write(tx *store.Tx) error {
	keys := make([]dayKey, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y dayKey) int {
		if n := strings.Compare(x.day+x.unit, y.day+y.unit); n != 0 {
			return n
		}
		return int(x.level - y.level)
	})
	for part := range slices.Chunk(keys, 500) {
		var b strings.Builder
		var args []any
		for _, k := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, 4) + ")")
			args = append(args, k.day, k.unit, int(k.level), c[k])
		}
		if _, err := tx.Exec("INSERT INTO detect_day (day, unit, level, alerts) VALUES "+b.String()+
			" ON CONFLICT (day, unit, level) DO UPDATE SET alerts = detect_day.alerts + excluded.alerts", args...); err != nil {
			return err
		}
	}
	return nil
}

// ruleCounts are what a transaction adds to the counters of rules.
type ruleCounts map[ruleKey]*ruleCount

type ruleKey struct{ rule, day, unit string }

type ruleCount struct{ hits, alerts, silent, hidden int64 }

func (c ruleCounts) at(rule, day, unit string) *ruleCount {
	k := ruleKey{rule, day, unit}
	if c[k] == nil {
		c[k] = &ruleCount{}
	}
	return c[k]
}

func (c ruleCounts) write(tx *store.Tx) error {
	keys := make([]ruleKey, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y ruleKey) int { return strings.Compare(x.rule+x.day+x.unit, y.rule+y.day+y.unit) })
	for part := range slices.Chunk(keys, 500) {
		var b strings.Builder
		var args []any
		for _, k := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, 7) + ")")
			args = append(args, k.rule, k.day, k.unit, c[k].hits, c[k].alerts, c[k].silent, c[k].hidden)
		}
		if _, err := tx.Exec("INSERT INTO detect_rule_day (rule, day, unit, hits, alerts, silent, hidden) VALUES "+b.String()+
			` ON CONFLICT (rule, day, unit) DO UPDATE SET hits = detect_rule_day.hits + excluded.hits, alerts = detect_rule_day.alerts + excluded.alerts,
			silent = detect_rule_day.silent + excluded.silent, hidden = detect_rule_day.hidden + excluded.hidden`, args...); err != nil {
			return err
		}
	}
	return nil
}

package detect

import (
	"strings"
	"time"

	"yagura/area/detect/backtest"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// confirmed are incidents made of alerts, by the events and hosts of these.
type confirmed struct {
	events map[string]string
	hosts  map[string][]stretch
}

type stretch struct {
	from, to time.Time
	incident string
}

// beside is how long before and after an alert's hits something on the same host
// counts as part of the incident.
const beside = 10 * time.Minute

func confirmedIn(tx *store.Tx, scope authz.Scope, from, to time.Time) (*confirmed, error) {
	c := &confirmed{events: map[string]string{}, hosts: map[string][]stretch{}}
	where, args := scope.Where("a.unit", 3)
	args = append([]any{store.Millis(from.Add(-beside)), store.Millis(to.Add(beside))}, args...)
	cond := "a.state = 'raised' AND a.incident <> '' AND a.last >= $1 AND a.first <= $2 AND " + where
	rows, err := tx.Query("SELECT a.host, a.first, a.last, a.incident FROM detect_alert a WHERE "+cond+" ORDER BY a.first DESC LIMIT 20000", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var host, incident string
		var first, last int64
		if err := rows.Scan(&host, &first, &last, &incident); err != nil {
			return nil, err
		}
		if host != "" {
			h := strings.ToLower(host)
			c.hosts[h] = append(c.hosts[h], stretch{store.Time(first).Add(-beside), store.Time(last).Add(beside), incident})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	samples, err := tx.Query("SELECT x.event, a.incident FROM detect_sample x JOIN detect_alert a ON a.id = x.alert WHERE "+cond+" LIMIT 200000", args...)
	if err != nil {
		return nil, err
	}
	defer samples.Close()
	for samples.Next() {
		var event, incident string
		if err := samples.Scan(&event, &incident); err != nil {
			return nil, err
		}
		c.events[event] = incident
	}
	return c, samples.Err()
}

// of is the incident that a hit belongs to.
func (c *confirmed) of(h backtest.Hit) string {
	if i, ok := c.events[h.Event]; ok {
		return i
	}
	for _, s := range c.hosts[strings.ToLower(h.Host)] {
		if !h.Time.Before(s.from) && !h.Time.After(s.to) {
			return s.incident
		}
	}
	return ""
}

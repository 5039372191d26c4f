package detect

import (
	"encoding/json"
	"slices"
	"strings"

	"yagura/area/detect/correlate"
	"yagura/area/detect/sigma"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// firing is what a correlation found, as a hit of its rule.
type firing struct {
	about   thing
	samples []sample
}

// raiseJoined makes hits of what fired and treats them as those of any rule.
func (s *Service) raiseJoined(tx *store.Tx, b *joinBatch) error {
	if len(b.fired) == 0 {
		return nil
	}
	p, err := s.planIn(tx)
	if err != nil {
		return err
	}
	var hits []hit
	for _, f := range b.fired {
		r := b.lib.joined[f.Rule]
		h := hit{rule: r}
		set := p.of(r)
		if !set.Enabled || set.State == Draft || set.State == Retired {
			continue
		}
		h.verdict = verdict{level: set.effective(r), silent: set.State == Experimental, base: b.lib.silent[r.ID]}
		if err := joinedHit(tx, &h, f); err != nil {
			return err
		}
		hits = append(hits, h)
	}
	a := s.begins(tx, p)
	if hits, err = a.count(hits); err != nil {
		return err
	}
	if err := a.alert(hits); err != nil {
		return err
	}
	return a.end()
}

// joinedHit fills in the events of a firing and what it is about.
func joinedHit(tx *store.Tx, h *hit, f correlate.Firing) error {
	c := h.rule.Correlation
	at := store.Time(f.Time)
	h.event = Event{Batch: "joined." + h.rule.ID + "." + keyOf(f.Group), Ordinal: int(f.Slot % 1_000_000_000), Unit: f.Scope, Source: f.Source, Time: at, Doc: []byte("{}")}
	x := &firing{}
	h.firing = x
	var docs []Event
	for _, ref := range f.Samples {
		e, s, ok, err := joinedEvent(tx, ref.Event)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		docs = append(docs, e)
		x.samples = append(x.samples, s)
	}
	var values []string
	if err := json.Unmarshal([]byte(f.Group), &values); err != nil {
		values = nil
	}
	if n := len(docs); n > 0 {
		last := docs[n-1]
		h.event.Doc, h.event.Product, h.event.Category, h.event.Service = last.Doc, last.Product, last.Category, last.Service
		// Host, user and program stand in the alert where all events agree on them.
		plain := &Rule{ID: h.rule.ID}
		for i, e := range docs {
			t := thingOf(plain, e)
			if i == 0 {
				x.about = t
				h.event.Source = e.Source
			}
			if h.event.Source != e.Source {
				h.event.Source = ""
			}
			for _, pair := range []struct{ have, got *string }{{&x.about.host, &t.host}, {&x.about.user, &t.user}, {&x.about.image, &t.image}} {
				if !strings.EqualFold(*pair.have, *pair.got) {
					*pair.have = ""
				}
			}
			x.about.joints = t.joints
		}
	}
	h.event.Host = x.about.host
	x.about.entity = nil
	parts := []string{h.rule.ID, f.Scope}
	for i, name := range c.GroupBy {
		if i < len(values) {
			x.about.entity = append(x.about.entity, Pair{name, values[i]})
			parts = append(parts, name, values[i])
		}
	}
	x.about.key = keyOf(parts...)
	if f.Approx {
		x.about.approx = correlate.Kind(c.Type)
	}
	return nil
}

// joinedEvent is an event that was kept for being shown.
func joinedEvent(tx *store.Tx, event string) (e Event, x sample, ok bool, err error) {
	type row struct {
		Event
		sample
		matched string
	}
	rows, err := store.Rows(tx, func(r store.Scanner) (y row, err error) {
		var at int64
		if err := r.Scan(&at, &y.Source, &y.Unit, &y.Host, &y.Product, &y.Category, &y.Service, &y.size, &y.raw, &y.matched); err != nil {
			return y, err
		}
		y.Time = store.Time(at)
		return y, nil
	}, "SELECT at, source, unit, host, product, category, service, size, raw, matched FROM detect_joined_event WHERE event = $1", event)
	if err != nil || len(rows) == 0 {
		return e, x, false, err
	}
	y := rows[0]
	e = y.Event
	e.Doc = y.raw
	if len(e.Doc) == 0 {
		e.Doc = []byte("{}")
	}
	x = y.sample
	x.event, x.at, x.host, x.hint = plainID(event), y.Time, y.Host, sigma.LogSource{Product: y.Product, Category: y.Category, Service: y.Service}
	return e, x, true, json.Unmarshal([]byte(y.matched), &x.matched)
}

// tellEvicted tells those who look after rules that a correlation gives up
// groups, once a day.
func (s *Service) tellEvicted(tx *store.Tx, r *Rule) error {
	s.log.Warn("detect: a correlation has more groups than its quota and gives some up", "rule", r.ID)
	if s.o.Notifier == nil {
		return nil
	}
	who, err := s.o.Directory.Holders(tx, Rules, "")
	if err != nil {
		return err
	}
	slices.Sort(who)
	for _, to := range slices.Compact(who) {
		if err := s.o.Notifier.Notify(tx, Notice{To: to, Subject: text.M("The correlation “%s” gives groups up", r.Title.EN),
			Body: text.M("It has more groups than its quota holds. Those not seen for the longest time are forgotten, so that it may miss something. Other rules are not affected."),
			Href: "/detect/rules/" + r.ID, Key: "evicted/" + r.ID + "/" + s.day(tx.Now)}); err != nil {
			return err
		}
	}
	return nil
}

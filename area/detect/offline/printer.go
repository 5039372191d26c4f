package offline

import (
	"cmp"
	"slices"
	"strconv"

	"yagura/area/detect/correlate/of"
	"yagura/area/detect/sigma"
	"yagura/kernel/quote"
)

// printer is one worker of a scan: it matches the events of batches and writes
// the findings as lines of JSON. It keeps what it writes for every hit of a
// rule.
type printer struct {
	m     *sigma.Matcher
	hint  sigma.LogSource
	file  string // shown where several are scanned
	rules map[*sigma.Rule]ruleText
	pick  *sigma.Picker
	head  []string
	fold  []sigma.Matched

	joins  *of.Joins // nil: nothing is joined
	silent map[*sigma.Rule]bool
	reader *sigma.Reader
}

// ruleText are the parts of a finding that are the same for every event.
type ruleText struct{ before, after []byte }

func newPrinter(m *sigma.Matcher, hint sigma.LogSource, file string) *printer {
	return &printer{m: m, hint: hint, file: file, rules: map[*sigma.Rule]ruleText{}, pick: sigma.NewPicker(timePlaces, hostPlaces)}
}

func (p *printer) batch(b *batch) {
	b.each(func(it item) bool {
		p.item(b, it)
		return true
	})
}

func (p *printer) item(b *batch, it item) {
	var hits []sigma.Hit
	if it.err == nil {
		hits, it.err = p.m.Match(it.raw, p.hint)
	}
	if it.err != nil {
		it.raw = nil // the memory of a batch is used again
		b.bad = append(b.bad, it)
		return
	}
	if len(hits) == 0 {
		return
	}
	p.head = p.pick.Pick(p.head[:0], it.raw)
	read := false
	for _, h := range hits {
		if p.joins != nil && len(p.joins.Feeds[h.Rule]) > 0 {
			if !read {
				if p.reader.Read(it.raw) != nil {
					continue
				}
				read = true
			}
			if parts := p.joins.Parts(h.Rule, p.reader); len(parts) > 0 {
				b.join = append(b.join, joinHit{n: it.n, when: p.head[0], host: p.head[1], parts: parts})
			}
		}
		if !p.silent[h.Rule] {
			b.out = p.finding(b.out, it.n, h)
		}
	}
}

// finding appends one line: {"file":…,"line":…,"rule_id":…,"title":…,"level":…,
// "time":…,"host":…,"tags":[…],"fields":{…}}.
func (p *printer) finding(dst []byte, n int, h sigma.Hit) []byte {
	r, ok := p.rules[h.Rule]
	if !ok {
		r.before = quote.JSON(append(r.before, `,"rule_id":`...), h.Rule.ID)
		r.before = quote.JSON(append(r.before, `,"title":`...), h.Rule.Title)
		r.before = quote.JSON(append(r.before, `,"level":`...), h.Rule.Level)
		r.after = append(r.after, `,"tags":[`...)
		for i, t := range h.Rule.Tags {
			if i > 0 {
				r.after = append(r.after, ',')
			}
			r.after = quote.JSON(r.after, t)
		}
		r.after = append(r.after, `],"fields":{`...)
		p.rules[h.Rule] = r
	}
	dst = append(dst, '{')
	if p.file != "" {
		dst = append(quote.JSON(append(dst, `"file":`...), p.file), ',')
	}
	dst = strconv.AppendInt(append(dst, `"line":`...), int64(n), 10)
	dst = append(dst, r.before...)
	for i, name := range []string{`,"time":`, `,"host":`} {
		if p.head[i] != "" {
			dst = quote.JSON(append(dst, name...), p.head[i])
		}
	}
	dst = append(dst, r.after...)
	dst = p.fields(dst, h.Fields)
	return append(dst, '}', '}', '\n')
}

// fields shows a field with several matching values as a list, and keywords
// under the name "keyword".
func (p *printer) fields(dst []byte, list []sigma.Matched) []byte {
	p.fold = append(p.fold[:0], list...)
	for i := range p.fold {
		if p.fold[i].Field == "" {
			p.fold[i].Field = "keyword"
		}
	}
	slices.SortStableFunc(p.fold, func(a, b sigma.Matched) int { return cmp.Compare(a.Field, b.Field) })
	for i := 0; i < len(p.fold); {
		field := p.fold[i].Field
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(quote.JSON(dst, field), ':')
		n := i
		for n < len(p.fold) && p.fold[n].Field == field {
			n++
		}
		if n-i == 1 {
			dst = quote.JSON(dst, p.fold[i].Value)
		} else {
			for k := i; k < n; k++ {
				dst = quote.JSON(append(dst, "[,"[min(k-i, 1)]), p.fold[k].Value)
			}
			dst = append(dst, ']')
		}
		i = n
	}
	return dst
}

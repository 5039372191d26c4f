package detect

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"yagura/area/detect/correlate"
	"yagura/area/detect/story"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

const columns = `a.id, a.ord, a.rule, a.version, a.title, a.title_ja, a.level, a.unit, a.source, a.host, a.account, a.image, a.entity, a.storm,
	a.first, a.last, a.hits, a.samples, a.raised, a.state, a.assignee, a.triaged, a.reason, a.note, a.decided_by, a.decided, a.incident, a.story, a.tactics, a.risk`

func read(r store.Scanner) (a Alert, err error) {
	var entity string
	var storm int
	var first, last, raised, triaged, decided int64
	if err := r.Scan(&a.ID, &a.ord, &a.Rule, &a.Version, &a.Title.EN, &a.Title.JA, &a.Level, &a.Unit, &a.Source, &a.Host, &a.User, &a.Image, &entity, &storm,
		&first, &last, &a.Hits, &a.samples, &raised, &a.State, &a.Assignee, &triaged, &a.Reason, &a.Note, &a.By, &decided, &a.Incident, &a.Story, &a.Tactics, &a.Risk); err != nil {
		return a, err
	}
	a.Storm = storm == 1
	a.First, a.Last, a.Raised, a.Triaged, a.Decided = store.Time(first), store.Time(last), store.Time(raised), store.Time(triaged), store.Time(decided)
	if err := json.Unmarshal([]byte(entity), &a.Entity); err != nil {
		return a, err
	}
	if n := len(a.Entity) - 1; n >= 0 && a.Entity[n].Field == approxField {
		a.Approx, a.Entity = correlate.Kind(a.Entity[n].Value), a.Entity[:n]
	}
	return a, nil
}

// approxField marks, after the fields of an alert, that what fired is not exact.
const approxField = "approx"

func missing() error {
	return fault.NotFound("There is no such entry, or you may not see it")
}

func find(tx *store.Tx, number string) (Alert, error) {
	a, err := read(tx.QueryRow("SELECT "+columns+" FROM detect_alert a WHERE a.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return a, missing()
	}
	return a, err
}

// number gives an alert its number: five digits, as there are many.
func number(tx *store.Tx, a *Alert) error {
	n, err := tx.Number("ALR")
	if err != nil {
		return err
	}
	parts := strings.Split(n, "-")
	seq, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return fmt.Errorf("number %s: %w", n, err)
	}
	a.ID, a.ord = fmt.Sprintf("ALR-%s-%05d", parts[1], seq), fmt.Sprintf("%s%08d", parts[1], seq)
	return nil
}

func insert(tx *store.Tx, a Alert) error {
	if a.Entity == nil {
		a.Entity = []Pair{}
	}
	pairs := a.Entity
	if a.Approx != "" {
		pairs = append(slices.Clip(pairs), Pair{approxField, string(a.Approx)})
	}
	entity, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	if a.Storm {
		a.Title = Words{stormTitle(a.Title.EN).In(text.EN), stormTitle(a.Title.In(text.JA)).In(text.JA)}
	}
	args := []any{a.ID, a.ord, a.Rule, a.Version, a.Title.EN, a.Title.JA, int(a.Level), a.Unit, a.Source, a.Host, a.User, a.Image, string(entity), flag(a.Storm),
		store.Millis(a.First), store.Millis(a.Last), a.Hits, a.samples, store.Millis(a.Raised), string(a.State), flag(a.State.Open()), a.Assignee,
		store.Millis(a.Triaged), string(a.Reason), a.Note, a.By, store.Millis(a.Decided), a.Incident, haystack(a), int64(a.Tactics)}
	_, err = tx.Exec(`INSERT INTO detect_alert (id, ord, rule, version, title, title_ja, level, unit, source, host, account, image, entity, storm,
		first, last, hits, samples, raised, state, open, assignee, triaged, reason, note, decided_by, decided, incident, haystack, tactics) VALUES (`+marks(1, len(args))+")", args...)
	return err
}

// save writes what people decide about an alert.
func save(tx *store.Tx, a Alert) error {
	_, err := tx.Exec(`UPDATE detect_alert SET state=$2, open=$3, assignee=$4, triaged=$5, reason=$6, note=$7, decided_by=$8, decided=$9, incident=$10 WHERE id=$1`,
		a.ID, string(a.State), flag(a.State.Open()), a.Assignee, store.Millis(a.Triaged), string(a.Reason), a.Note, a.By, store.Millis(a.Decided), a.Incident)
	return err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// haystack is what the list's search looks into.
func haystack(a Alert) string {
	parts := []string{a.ID, a.Title.EN, a.Title.JA, a.Host, a.User, a.Image}
	for _, p := range a.Entity {
		if !slices.Contains(parts, p.Value) {
			parts = append(parts, p.Value)
		}
	}
	s := fold(strings.Join(parts, "\n"))
	if len(s) > mostText { // an index holds it
		s = strings.ToValidUTF8(s[:mostText], "")
	}
	return s
}

// mostText is how many bytes of an alert's words are searched: PostgreSQL takes
// no more than about 2,700 into an index.
const mostText = 1500

// fold makes texts comparable: small letters, and the wide Latin letters of
// Japanese input as ordinary ones.
func fold(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x3000:
			return ' '
		}
		return r
	}, s))
}

// like is a pattern that finds the text anywhere; \ is its escape.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(fold(strings.TrimSpace(s))) + "%"
}

func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// window is an alert on which hits count.
type window struct {
	alert, key   string
	since, until int64 // of event times; since is excluded from none, until is
	first, last  int64
	samples      int
	unit, story  string
	tactics      story.Set
}

func (w window) holds(at int64) bool { return at > w.since && at < w.until }

// windows are those of the keys that are open; their alerts are locked until
// the end of the transaction.
func windows(tx *store.Tx, keys []string) (all []window, err error) {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for part := range slices.Chunk(keys, 500) {
		args := make([]any, len(part))
		for i, k := range part {
			args[i] = k
		}
		rows, err := store.Rows(tx, func(r store.Scanner) (w window, err error) {
			return w, r.Scan(&w.alert, &w.key, &w.since, &w.until, &w.first, &w.last, &w.samples, &w.unit, &w.story, &w.tactics)
		}, `SELECT w.alert, w.key, w.since, w.until, a.first, a.last, a.samples, a.unit, a.story, a.tactics FROM detect_window w JOIN detect_alert a ON a.id = w.alert
			WHERE w.key IN (`+marks(1, len(part))+") ORDER BY w.alert FOR UPDATE", args...)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

func putSamples(tx *store.Tx, alert string, from int, add []sample) error {
	for i, x := range add {
		matched, err := json.Marshal(x.matched)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO detect_sample (alert, n, event, at, host, product, category, service, size, raw, matched)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, alert, from+i, x.event, store.Millis(x.at), x.host, x.hint.Product, x.hint.Category, x.hint.Service,
			x.size, x.raw, string(matched)); err != nil {
			return err
		}
	}
	return nil
}

// fresh are the hits whose events did not count for their rules yet; it marks
// them as counted.
func fresh(tx *store.Tx, hits []hit) ([]hit, error) {
	type mark struct{ batch, rule string }
	done := map[mark]map[int]bool{}
	var batches []string
	for _, h := range hits {
		batches = append(batches, h.event.Batch)
	}
	slices.Sort(batches)
	batches = slices.Compact(batches)
	for part := range slices.Chunk(batches, 500) {
		args := make([]any, len(part))
		for i, b := range part {
			args[i] = b
		}
		rows, err := tx.Query("SELECT batch, rule, ordinals FROM detect_applied WHERE batch IN ("+marks(1, len(part))+")", args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var m mark
			var packed []byte
			if err := rows.Scan(&m.batch, &m.rule, &packed); err != nil {
				rows.Close()
				return nil, err
			}
			done[m] = unpack(packed)
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	changed := map[mark]bool{}
	left := hits[:0:0]
	for _, h := range hits {
		m := mark{h.event.Batch, h.rule.ID}
		if done[m] == nil {
			done[m] = map[int]bool{}
		}
		if done[m][h.event.Ordinal] {
			continue
		}
		done[m][h.event.Ordinal], changed[m] = true, true
		left = append(left, h)
	}
	order := slices.SortedFunc(maps.Keys(changed), func(x, y mark) int {
		if c := strings.Compare(x.batch, y.batch); c != 0 {
			return c
		}
		return strings.Compare(x.rule, y.rule)
	})
	for part := range slices.Chunk(order, 200) {
		var b strings.Builder
		var args []any
		for _, m := range part {
			if len(args) > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + marks(len(args)+1, 4) + ")")
			args = append(args, m.batch, m.rule, pack(done[m]), tx.Millis())
		}
		if _, err := tx.Exec("INSERT INTO detect_applied (batch, rule, ordinals, at) VALUES "+b.String()+
			" ON CONFLICT (batch, rule) DO UPDATE SET ordinals = excluded.ordinals, at = excluded.at", args...); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// pack writes places in a batch as the differences of their order, in varints.
func pack(set map[int]bool) []byte {
	var b []byte
	last := 0
	for _, n := range slices.Sorted(maps.Keys(set)) {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

func unpack(b []byte) map[int]bool {
	set := map[int]bool{}
	n := 0
	for len(b) > 0 {
		d, size := binary.Uvarint(b)
		if size <= 0 {
			break
		}
		n += int(d)
		set[n] = true
		b = b[size:]
	}
	return set
}

// entry adds a line to the history of an alert, a rule or an exclusion.
func entry(tx *store.Tx, subject, who string, said text.Message, body string) error {
	raw, err := json.Marshal(said)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO detect_history (id, subject, at, who, said, body) VALUES ($1,$2,$3,$4,$5,$6)", id.New(), subject, tx.Millis(), who, string(raw), body)
	return err
}

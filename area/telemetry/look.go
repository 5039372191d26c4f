package telemetry

import (
	"context"
	"slices"
	"strings"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// SourceRow is a source in a list with what it did lately.
type SourceRow struct {
	Source
	Day  Counts   // of the last 24 hours
	Hour []Counts // of the last hour in twelve spans of five minutes, oldest first
}

// Rate is events per second over the last five whole minutes or so.
func (r SourceRow) Rate() float64 {
	if len(r.Hour) < 2 {
		return 0
	}
	a, b := r.Hour[len(r.Hour)-2], r.Hour[len(r.Hour)-1]
	return float64(max(a.Journaled, b.Journaled)) / 300
}

const (
	sparkStep  = 5 * time.Minute
	sparkSpans = 12
)

// Sources lists sources in the scope with the counters of their last day, and
// how many there are in all.
func (s *Service) Sources(ctx context.Context, scope authz.Scope, f SourceFilter) ([]SourceRow, int, error) {
	var rows []SourceRow
	var total int
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, n, err := listSources(tx, scope, f)
		if err != nil {
			return err
		}
		rows, total = nil, n
		ids := make([]string, len(all))
		for i, src := range all {
			ids[i] = src.ID
		}
		fine, err := counts(tx, ids, tx.Now.Add(-sparkSpans*sparkStep).Truncate(sparkStep), sparkStep)
		if err != nil {
			return err
		}
		day, err := counts(tx, ids, tx.Now.Add(-24*time.Hour).Truncate(time.Hour), 24*time.Hour)
		if err != nil {
			return err
		}
		for _, src := range all {
			r := SourceRow{Source: src, Hour: fill(fine[src.ID], tx.Now.Add(-(sparkSpans-1)*sparkStep), tx.Now, sparkStep)}
			for _, c := range day[src.ID] {
				r.Day.add(c)
			}
			rows = append(rows, r)
		}
		return nil
	})
	return rows, total, err
}

// fill puts empty spans where nothing happened.
func fill(cs []Counts, from, to time.Time, step time.Duration) []Counts {
	var out []Counts
	i := 0
	for t := from.Truncate(step); !t.After(to); t = t.Add(step) {
		for i < len(cs) && cs[i].At.Before(t) {
			i++
		}
		if i < len(cs) && cs[i].At.Equal(t) {
			out = append(out, cs[i])
		} else {
			out = append(out, Counts{At: t.UTC()})
		}
	}
	return out
}

// Ranges are the spans of time of a source's chart.
var Ranges = map[string]struct{ Back, Step time.Duration }{
	"hour": {time.Hour, time.Minute}, "day": {24 * time.Hour, 15 * time.Minute}, "week": {7 * 24 * time.Hour, time.Hour}, "quarter": {90 * 24 * time.Hour, 24 * time.Hour},
}

// SourceDetail is all that is to be known of a source.
type SourceDetail struct {
	SourceRow
	Tokens  []Token
	Series  []Counts // of the range asked for
	Step    time.Duration
	Files   []File
	Senders []Sender // of the quarantine
}

// Valid tells whether the token can be used at a time.
func (t Token) Valid(now time.Time) bool { return t.Until.IsZero() || now.Before(t.Until) }

// Source shows one source; over is a key of Ranges.
func (s *Service) Source(ctx context.Context, by authz.Actor, id, over string) (SourceDetail, error) {
	span, ok := Ranges[over]
	if !ok {
		return SourceDetail{}, fault.Invalid(fault.F("over", "There is no such choice"))
	}
	var d SourceDetail
	err := s.db.View(ctx, func(tx *store.Tx) error {
		d = SourceDetail{Step: span.Step}
		var err error
		if d.Source, err = findSource(tx, id); err != nil {
			return err
		}
		if err := by.See(Read, d.Unit); err != nil {
			return err
		}
		cs, err := counts(tx, []string{id}, tx.Now.Add(-span.Back).Truncate(span.Step), span.Step)
		if err != nil {
			return err
		}
		d.Series = fill(cs[id], tx.Now.Add(-span.Back), tx.Now, span.Step)
		day, err := counts(tx, []string{id}, tx.Now.Add(-24*time.Hour).Truncate(time.Hour), 24*time.Hour)
		if err != nil {
			return err
		}
		for _, c := range day[id] {
			d.Day.add(c)
		}
		fine, err := counts(tx, []string{id}, tx.Now.Add(-sparkSpans*sparkStep).Truncate(sparkStep), sparkStep)
		if err != nil {
			return err
		}
		d.Hour = fill(fine[id], tx.Now.Add(-(sparkSpans-1)*sparkStep), tx.Now, sparkStep)
		if d.Tokens, err = tokens(tx, id); err != nil {
			return err
		}
		if d.Files, err = files(tx, id); err != nil {
			return err
		}
		if d.Kind == quarantineKind {
			d.Senders, err = senders(tx)
		}
		return err
	})
	return d, err
}

func files(tx *store.Tx, source string) ([]File, error) {
	return store.Rows(tx, func(r store.Scanner) (f File, err error) {
		var begun, finished int64
		err = r.Scan(&f.SHA256, &f.Source, &f.Name, &f.Size, &f.Events, &f.Unreadable, &begun, &finished)
		f.Begun, f.Finished = store.Time(begun), store.Time(finished)
		return f, err
	}, "SELECT digest, source, name, size, events, unreadable, begun, finished FROM telemetry_file WHERE source = $1 ORDER BY begun DESC, digest LIMIT 20", source)
}

func senders(tx *store.Tx) ([]Sender, error) {
	return store.Rows(tx, func(r store.Scanner) (s Sender, err error) {
		var first, last int64
		err = r.Scan(&s.Address, &s.Host, &first, &last, &s.Events)
		s.First, s.Last = store.Time(first), store.Time(last)
		return s, err
	}, "SELECT address, host, first, last, events FROM telemetry_sender ORDER BY last DESC, address, host LIMIT 100")
}

// IsQuarantine tells whether the source is that of unknown senders.
func (s Source) IsQuarantine() bool { return s.Kind == quarantineKind }

// Senders are those whom no source knows, the last heard first.
func (s *Service) Senders(ctx context.Context, by authz.Actor) ([]Sender, error) {
	var all []Sender
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if err := by.See(Read, ""); err != nil {
			return err
		}
		all, err = senders(tx)
		return err
	})
	return all, err
}

// Waiting is how many events the journal holds that are not done with.
func (s *Service) Waiting() int64 { return s.level.events.Load() }

// Health is how intake as a whole is doing. It belongs to those who run it.
type Health struct {
	Waiting   int64 // events in the journal that are not worked on yet
	Size      int64 // their bytes, compressed
	CapEvents int64
	CapBytes  int64
	Oldest    time.Time // when the oldest of them came; zero: nothing waits
	Held      int64     // events that are done and held in case the store forgets them
	Failing   int64     // batches that were tried and failed
	Failure   string    // the last reason
	Dropped   int64     // datagrams the kernel dropped in the last 24 hours
	Unknown   int64     // unknown senders heard in the last 24 hours
	Full      bool      // senders are being told to come back
	DiskFull  bool      // the same, since the disk of the database is full
	Events    Size
	Away      bool // the event store does not answer; events wait in the journal
	NoRoom    bool // the event store takes nothing, since its disk is full; the same
}

// Health tells how the journal and the event store are doing.
func (s *Service) Health(ctx context.Context, by authz.Actor) (Health, error) {
	if !by.Can(Read, "") {
		return Health{}, fault.Denied("You have no permission for this (%s)", string(Read))
	}
	h := Health{CapEvents: s.o.CapEvents, CapBytes: s.o.CapBytes}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var oldest int64
		if err := tx.QueryRow("SELECT COALESCE(SUM(events), 0), COALESCE(SUM(size), 0), COALESCE(MIN(received), 0), COALESCE(SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0), COALESCE(MAX(error), '') FROM telemetry_batch WHERE state = 0").
			Scan(&h.Waiting, &h.Size, &oldest, &h.Failing, &h.Failure); err != nil {
			return err
		}
		h.Oldest = store.Time(oldest)
		if err := tx.QueryRow("SELECT COALESCE(SUM(events), 0) FROM telemetry_batch WHERE state = 1").Scan(&h.Held); err != nil {
			return err
		}
		since := tx.Now.Add(-24 * time.Hour).UnixMilli()
		if err := tx.QueryRow("SELECT COALESCE(SUM(dropped), 0) FROM telemetry_count WHERE source = '' AND at >= $1", since).Scan(&h.Dropped); err != nil {
			return err
		}
		return tx.QueryRow("SELECT COUNT(*) FROM telemetry_sender WHERE last >= $1", since).Scan(&h.Unknown)
	})
	if err != nil {
		return h, err
	}
	h.DiskFull = s.writer.noSpace.Load()
	h.Full = h.Waiting >= h.CapEvents || h.Size >= h.CapBytes || h.DiskFull
	h.NoRoom = strings.Contains(h.Failure, victoria.ErrNoRoom.Error())
	brief, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if h.Events, err = s.events.Size(brief); err != nil && ctx.Err() == nil {
		s.log.Warn("telemetry: the event store does not answer", "error", err)
		h.Away = true
	}
	return h, ctx.Err()
}

// SilentCount is how many sources in the scope are silent.
func (s *Service) SilentCount(ctx context.Context, scope authz.Scope) (int, error) {
	n := 0
	err := s.db.View(ctx, func(tx *store.Tx) error {
		where, args := SourceFilter{State: Silent}.where(scope, tx.Millis(), 1)
		return tx.QueryRow("SELECT COUNT(*) FROM telemetry_source s WHERE "+where, args...).Scan(&n)
	})
	return n, err
}

// Alive is how many of the sources in the scope that are to be heard are heard.
type Share struct{ Alive, All int }

// AliveShare tells how many sensors see, of those in the scope that should:
// sources that are not stopped and may not be silent for ever.
func (s *Service) AliveShare(ctx context.Context, scope authz.Scope) (Share, error) {
	shares, err := s.AliveShares(ctx, map[string]authz.Scope{"": scope})
	return shares[""], err
}

// AliveShares is AliveShare for several scopes at once.
func (s *Service) AliveShares(ctx context.Context, scopes map[string]authz.Scope) (map[string]Share, error) {
	shares := map[string]Share{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		clear(shares)
		all, err := allSources(tx)
		if err != nil {
			return err
		}
		for name, scope := range scopes {
			var sh Share
			for _, src := range all {
				if src.SilentAfter == 0 || !src.Stopped.IsZero() || !scope.Contains(src.Unit) {
					continue
				}
				sh.All++
				if !src.overdue(tx.Now) {
					sh.Alive++
				}
			}
			if sh.All > 0 {
				shares[name] = sh
			}
		}
		return nil
	})
	return shares, err
}

// Names are the labels of all sources in the scope by id, for lists of events.
func (s *Service) Names(scope authz.Scope) map[string]Source {
	out := map[string]Source{}
	if r := s.routes.Load(); r != nil {
		for id, src := range r.sources {
			if scope.Contains(src.Unit) {
				out[id] = *src
			}
		}
	}
	return out
}

// Search finds events of the units that the actor may read, newest first.
func (s *Service) Search(ctx context.Context, by authz.Actor, unit string, q Query, o SurveyOptions) (Survey, error) {
	q.Scope = by.Scope(Read).Within(by.Units(), unit)
	if err := q.Check(); err != nil {
		return Survey{}, err
	}
	return s.events.Survey(ctx, q, o)
}

// Export hands out every event that a query finds, newest first, at most most.
func (s *Service) Export(ctx context.Context, by authz.Actor, unit string, q Query, most int, each func(Event) error) (Coverage, error) {
	q.Scope = by.Scope(Read).Within(by.Units(), unit)
	q.Limit = most
	var c Coverage
	if err := q.Check(); err != nil {
		return c, err
	}
	n := 0
	for e, err := range s.events.Query(ctx, q, &c) {
		if err != nil {
			return c, err
		}
		if err := each(e); err != nil {
			return c, err
		}
		n++
	}
	if n >= most {
		c.Partial = true
	}
	return c, nil
}

// Rows answers a LogsQL query with pipes over the events of the units that the
// actor may read, with at most most rows.
func (s *Service) Rows(ctx context.Context, by authz.Actor, unit string, q Query, most int) (Table, error) {
	q.Scope = by.Scope(Read).Within(by.Units(), unit)
	var t Table
	if err := q.Check(); err != nil {
		return t, err
	}
	at := map[string]int{}
	for row, err := range s.events.Rows(ctx, q, most, &t.Coverage) {
		if err != nil {
			return Table{}, err
		}
		cells := make([]string, len(t.Columns), len(t.Columns)+len(row))
		for _, c := range row {
			i, ok := at[c.Name]
			if !ok {
				i = len(t.Columns)
				at[c.Name] = i
				t.Columns = append(t.Columns, c.Name)
				cells = append(cells, "")
			}
			cells[i] = c.Value
		}
		t.Rows = append(t.Rows, cells)
	}
	for i, r := range t.Rows {
		t.Rows[i] = append(r, make([]string, len(t.Columns)-len(r))...)
	}
	return t, nil
}

// Event shows one event.
func (s *Service) Event(ctx context.Context, by authz.Actor, id string) (Event, error) {
	return s.events.Find(ctx, by.Scope(Read), id)
}

// Unreadable are the last events of a source that could not be read in full.
func (s *Service) Unreadable(ctx context.Context, by authz.Actor, source string, n int) ([]Event, error) {
	now := s.db.Now()
	q := Query{Scope: by.Scope(Read), Source: source, Problems: true, From: now.Add(-30 * 24 * time.Hour), To: now.Add(2 * time.Hour), Limit: n, MaxScan: 500_000}
	var all []Event
	for e, err := range s.events.Query(ctx, q, nil) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b Event) int { return b.Received.Compare(a.Received) })
	return all, nil
}

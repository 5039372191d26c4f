package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// Wrong is an entry that can't be read, and why. Its id is empty where it has
// none.
type Wrong struct{ ID, Reason string }

// Found is what a directory has answered.
type Found struct {
	Entries []Entry
	Wrong   []Wrong
	Gone    []string // ids that were asked for and are there no longer, or no longer fit the filter
	All     bool     // all were asked for, not only what has changed
	Mark    string   // from where to ask next time
	Server  string   // which server counts so
}

// Question is what a directory is asked for.
type Question struct {
	Server, Mark string   // what has changed since; all, where there is no mark or another server answers
	IDs          []string // and whether these are still there
	Now          time.Time
}

// Ask opens a line for one question.
func (c Connection) Ask(ctx context.Context, q Question) (Found, error) {
	s, err := c.Open(ctx)
	if err != nil {
		return Found{}, err
	}
	defer s.Close()
	return s.Ask(ctx, q)
}

// Ask asks for all people, or for what has changed since a mark of the same
// server; where another server answers, for all.
func (s *Session) Ask(ctx context.Context, q Question) (found Found, err error) {
	filter, mark := s.c.Filter, q.Mark
	found.Server, found.All = s.server, mark == "" || s.server != q.Server
	if p := presets[s.c.Preset]; !found.All {
		if p.mark == "uSNChanged" {
			// The mark itself was seen; this counter is an integer without gaps in time.
			n, err := strconv.ParseInt(mark, 10, 64)
			if err != nil {
				return found, fmt.Errorf("ldap %s: the mark %q is no number", s.c.Name, mark)
			}
			mark = strconv.FormatInt(n+1, 10)
		}
		filter = "(&" + filter + "(" + p.mark + ">=" + goldap.EscapeFilter(mark) + "))"
		found.Mark = q.Mark
	}
	entries, err := s.people(ctx, filter)
	if err != nil {
		return found, err
	}
	s.take(&found, entries, q.Now, true)
	if found.All {
		return found, nil
	}
	return found, s.lookUp(ctx, &found, q)
}

// idsAtOnce bounds the filter of one search.
const idsAtOnce = 50

// lookUp asks for entries by their ids, as far as they were not among what has
// changed; those that are not there under the filter are gone. What comes so
// moves no mark: something older may not have been asked for yet.
func (s *Session) lookUp(ctx context.Context, found *Found, q Question) error {
	seen := map[string]bool{}
	note := func() {
		for _, e := range found.Entries {
			seen[e.ID] = true
		}
		for _, w := range found.Wrong {
			seen[w.ID] = true
		}
	}
	note()
	unknown := slices.DeleteFunc(slices.Clone(q.IDs), func(id string) bool { return seen[id] })
	for part := range slices.Chunk(unknown, idsAtOnce) {
		filter := ""
		for _, id := range part {
			filter += "(" + s.c.attribute("id") + "=" + s.c.written(id) + ")"
		}
		entries, err := s.people(ctx, "(&"+s.c.Filter+"(|"+filter+"))")
		if err != nil {
			return err
		}
		s.take(found, entries, q.Now, false)
	}
	note()
	for _, id := range unknown {
		if !seen[id] {
			found.Gone = append(found.Gone, id)
		}
	}
	return nil
}

func (s *Session) people(ctx context.Context, filter string) ([]*goldap.Entry, error) {
	return s.search(ctx, goldap.NewSearchRequest(s.c.Base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, int(s.c.Timeout.Seconds()), false, filter, s.c.wanted(), nil))
}

func (s *Session) take(found *Found, entries []*goldap.Entry, now time.Time, marks bool) {
	for _, e := range entries {
		entry, err := s.c.entry(e, now)
		if marks && later(entry.Mark, found.Mark) {
			found.Mark = entry.Mark
		}
		if err != nil {
			found.Wrong = append(found.Wrong, Wrong{entry.ID, err.Error()})
			continue
		}
		found.Entries = append(found.Entries, entry)
	}
}

// later compares two marks: numbers by value, times as they are written.
func later(a, b string) bool {
	x, err1 := strconv.ParseInt(a, 10, 64)
	y, err2 := strconv.ParseInt(b, 10, 64)
	if err1 == nil && err2 == nil {
		return x > y
	}
	return a > b
}

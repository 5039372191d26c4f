package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// Class says how long events are kept. An installation has one or several; each
// source belongs to one, and what comes from it is kept by it.
type Class struct {
	Name string
	Keep time.Duration
}

// Standard is the class of sources for which none was chosen.
const Standard = "standard"

// Classes are those of this installation, the standard one first.
func (s *Service) Classes() []Class { return s.o.Classes }

// KeptFor is how long what comes from the source from now on is kept; 0: that is
// not known here.
func (s *Service) KeptFor(src Source) time.Duration { return s.keep(src.Class) }

func (s *Service) keep(class string) time.Duration {
	for _, c := range s.o.Classes {
		if c.Name == className(class) {
			return c.Keep
		}
	}
	return 0
}

// className is a class by its name; sources and batches hold nothing for the
// standard one.
func className(class string) string {
	if class == "" {
		return Standard
	}
	return class
}

// ClassName is the name of the source's class.
func (s Source) ClassName() string { return className(s.Class) }

// checkClass names what is wrong with the class of a source.
func (s *Service) checkClass(src *Source) error {
	if src.Class == Standard {
		src.Class = ""
	}
	if src.Class != "" && s.keep(src.Class) == 0 {
		return fault.Invalid(fault.F("class", "Choose how long events are kept"))
	}
	return nil
}

// place says in which class a batch is kept, and which of its events can't stand
// at their own time there.
func (s *Service) place(b *Batch, class string, now time.Time) {
	b.Class, b.Arrived = class, now.UTC().Truncate(time.Millisecond)
	if keep := s.keep(class); keep > 0 {
		b.Horizon = b.Arrived.Add(-keep)
	}
	for i := range b.Events {
		if b.outOfTime(&b.Events[i]) {
			b.outside++
		}
	}
}

// NeedsClasses refuses a configuration that lacks a class in which events are
// still to be kept. It names the sources.
func NeedsClasses(ctx context.Context, db *store.DB, classes []Class) error {
	has := []any{""}
	for _, c := range classes {
		has = append(has, c.Name)
	}
	return db.View(ctx, func(tx *store.Tx) error {
		type use struct{ id, class string }
		read := func(r store.Scanner) (u use, err error) {
			err = r.Scan(&u.id, &u.class)
			return u, err
		}
		sources, err := store.Rows(tx, read, "SELECT id, class FROM telemetry_source WHERE class NOT IN "+marks(0, len(has))+" ORDER BY class, id", has...)
		if err != nil {
			return err
		}
		waiting, err := store.Rows(tx, read, "SELECT DISTINCT source, class FROM telemetry_batch WHERE class NOT IN "+marks(0, len(has))+" ORDER BY class, source", has...)
		if err != nil {
			return err
		}
		if len(sources) > 0 {
			return fmt.Errorf("telemetry.retention has no class %s, by which events of these sources are kept: %s. Add it again, or give the sources another class before", list(sources, func(u use) string { return u.class }), list(sources, func(u use) string { return u.id }))
		}
		if len(waiting) > 0 {
			return fmt.Errorf("telemetry.retention has no class %s, and the journal still holds events of it that came from: %s. Add it again until they are stored", list(waiting, func(u use) string { return u.class }), list(waiting, func(u use) string { return u.id }))
		}
		return nil
	})
}

func list[T any](all []T, word func(T) string) string {
	var words []string
	for _, x := range all {
		if w := word(x); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	const most = 30
	if n := len(words); n > most {
		words = append(words[:most], fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(words, ", ")
}

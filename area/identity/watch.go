package identity

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/identity/ldap"
	"yagura/kernel/clock"
	"yagura/kernel/store"
)

// WatchState is how a directory that is asked tells its changes.
type WatchState string

// The states.
const (
	WatchOff    WatchState = ""        // by configuration, or not tried yet
	WatchOn     WatchState = "on"      // changes come at once
	WatchBlind  WatchState = "blind"   // but who is deleted is seen when all are compared
	WatchNever  WatchState = "never"   // the server can't: it is asked again and again
	WatchBroken WatchState = "waiting" // the line is broken and tried again
)

const (
	pingEvery       = 30 * time.Second // a line that is dead is noticed, and firewalls keep it
	pingWaits       = 10 * time.Second
	heardWithin     = 4 * pingEvery // or nobody watches any more
	shortestBackoff = time.Second
	longestBackoff  = time.Minute
	longestPause    = 15 * time.Second
	// tooManyIDs is from how many on comparing all is cheaper than asking for each.
	tooManyIDs = 10_000
)

// Watch has a directory tell its changes and brings people in line at once,
// until the context ends. One process of an installation does.
func (s *Service) Watch(ctx context.Context, name string, log *slog.Logger) error {
	c, err := s.connection(name)
	if err != nil {
		return err
	}
	w := &watcher{s: s, c: c, d: Directory{ID: askedID(c)}, log: log.With("directory", c.Name), bell: make(chan struct{}, 1)}
	for wait := shortestBackoff; ; {
		lasted := clock.Stopwatch()
		cause := w.line(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if lasted() >= longestBackoff {
			wait = shortestBackoff
		}
		pause := wait*3/4 + rand.N(wait/2)
		wait = min(2*wait, longestBackoff)
		state, why := WatchBroken, cause.Error()
		switch {
		case errors.Is(cause, ldap.ErrUnwatchable): // until somebody changes the server
			state, pause, wait = WatchNever, c.Every, shortestBackoff
			why = strings.TrimPrefix(why, ldap.ErrUnwatchable.Error()+": ")
		case errors.Is(cause, ldap.ErrStartAnew) && !w.anew:
			w.anew = true
			continue
		}
		w.anew = false
		if err := w.note(ctx, state, why); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// Poll asks a directory for what has changed, unless it is watched: then
// whoever watches does so over his own line.
func (s *Service) Poll(ctx context.Context, name string) error {
	c, err := s.connection(name)
	if err != nil {
		return err
	}
	watched := false
	if c.Watch {
		if err := s.db.View(ctx, func(tx *store.Tx) error {
			list, err := store.Rows(tx, readDirectory, "SELECT "+directoryColumns+" FROM identity_directory d WHERE d.id = $1", askedID(c))
			watched = err == nil && len(list) == 1 && list[0].Watched()
			return err
		}); err != nil || watched {
			return err
		}
	}
	_, err = s.Sync(ctx, name, false)
	return err
}

// Watched tells whether changes in the directory come at once.
func (d Directory) Watched() bool {
	return (d.Watch == WatchOn || d.Watch == WatchBlind) && clock.Since(d.Heard) < heardWithin
}

// AskedEvery is how often a directory is asked; false where the configuration
// does not name it.
func (s *Service) AskedEvery(d Directory) (time.Duration, bool) {
	c, err := s.connection(d.ID)
	return c.Every, err == nil && d.System == LDAP
}

// watcher gathers what a directory tells, and brings people in line with it.
type watcher struct {
	s   *Service
	c   ldap.Connection
	d   Directory
	log *slog.Logger

	cookie ldap.Cookie // outlives the line
	anew   bool        // the cookie counted no longer, just now
	state  WatchState  // as it was said last
	why    string

	mu   sync.Mutex
	told ldap.Change // what is not done yet; also outlives the line
	bell chan struct{}
}

// tell adds a change. It never waits: the answers come over the same line.
func (w *watcher) tell(c ldap.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Present != nil {
		w.told.Present, w.told.Touched = c.Present, nil
	}
	w.told.Changed, w.told.All, w.told.Ready, w.told.Blind = w.told.Changed || c.Changed, w.told.All || c.All, w.told.Ready || c.Ready, w.told.Blind || c.Blind
	if w.told.Touched = append(w.told.Touched, c.Touched...); len(w.told.Touched) > 10*tooManyIDs {
		w.told.All, w.told.Touched = true, nil
	}
	if w.told.Ready {
		select {
		case w.bell <- struct{}{}:
		default:
		}
	}
}

// wait keeps what was told until the next line is ready.
func (w *watcher) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told.Ready, w.told.Blind = false, false
	select {
	case <-w.bell:
	default:
	}
}

// take hands over what was told, and begins to gather anew.
func (w *watcher) take() (c ldap.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, w.told = w.told, ldap.Change{Ready: w.told.Ready}
	return c
}

// line watches over one line until it breaks, and returns why.
func (w *watcher) line(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	d, err := w.s.settle(ctx, w.c)
	if err != nil {
		return err
	}
	w.d = d
	session, err := w.c.Open(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, session.Close)()
	w.wait()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer session.Close()
	wg.Go(func() { end(session.Watch(ctx, &w.cookie, w.tell)) })
	ping, poll := time.NewTicker(pingEvery), time.NewTicker(w.c.Every)
	defer ping.Stop()
	defer poll.Stop()
	state := WatchOff
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ping.C:
			if err := w.ping(ctx, session); err != nil {
				return err
			}
			if state != WatchOff {
				if err := w.note(ctx, state, ""); err != nil {
					return err
				}
			}
			continue
		case <-poll.C: // whatever was missed for a reason that nobody thought of
			w.tell(ldap.Change{Changed: true})
			continue
		case <-w.bell:
		}
		took := clock.Stopwatch()
		told := w.take()
		if state == WatchOff {
			if state = WatchOn; told.Blind {
				state = WatchBlind
			}
			if err := w.note(ctx, state, ""); err != nil {
				return err
			}
		}
		if err := w.act(ctx, session, told); err != nil {
			w.tell(told) // it is done over the next line
			return err
		}
		// The first change is brought at once. Where many follow, three quarters of
		// the time are left to others.
		select {
		case <-ctx.Done():
		case <-time.After(min(3*took(), longestPause)):
		}
	}
}

func (w *watcher) ping(ctx context.Context, session *ldap.Session) error {
	ctx, cancel := context.WithTimeout(ctx, pingWaits)
	defer cancel()
	return session.Ping(ctx)
}

// act brings people in line with what was told.
func (w *watcher) act(ctx context.Context, session *ldap.Session, told ldap.Change) error {
	ids, err := w.s.concerned(ctx, w.d, told)
	if err != nil || len(ids) == 0 && !told.Changed && !told.All {
		return err
	}
	if len(ids) > tooManyIDs {
		told.All, ids = true, nil
	}
	run, err := w.s.sync(ctx, w.c, asking{ask: session.Ask, ids: ids, all: told.All})
	if err == nil && run.State == RunStopped {
		w.log.Warn("the guard has stopped what the directory tells", "leaving", run.Leaving(), "recent", run.Report.Recent, "kept", run.Report.Kept)
	}
	return err
}

// concerned are those whom a directory keeps and who may be gone by what it
// told, by its ids.
func (s *Service) concerned(ctx context.Context, d Directory, told ldap.Change) (ids []string, err error) {
	if told.All {
		return nil, nil
	}
	const query = "SELECT external FROM identity_provisioned WHERE directory = $1 AND deleted = 0 AND external "
	err = s.db.View(ctx, func(tx *store.Tx) error {
		ids = nil
		if told.Present != nil {
			if ids, err = store.Texts(tx, query+"<> ''", d.ID); err != nil {
				return err
			}
			ids = slices.DeleteFunc(ids, func(id string) bool { return told.Present[id] })
		}
		slices.Sort(told.Touched)
		for part := range chunks(slices.Compact(told.Touched), idsAtOnce) {
			in, args := listed(part, 2)
			kept, err := store.Texts(tx, query+"IN ("+in+")", append([]any{d.ID}, args...)...)
			if err != nil {
				return err
			}
			ids = append(ids, kept...)
		}
		return nil
	})
	return ids, err
}

// note remembers how the watch stands, and says what is news.
func (w *watcher) note(ctx context.Context, state WatchState, why string) error {
	if state != w.state || why != w.why {
		switch state {
		case WatchOn:
			w.log.Info("the directory is watched: changes come at once")
		case WatchBlind:
			w.log.Warn("the directory is watched: changes come at once, but not who is deleted, since the reader may not read the container of deleted objects")
		case WatchNever:
			w.log.Warn("the directory can't be watched and is asked again and again", "every", w.c.Every, "why", why)
		default:
			w.log.Warn("the line on which the directory is watched is broken and is tried again", "why", why)
		}
		w.state, w.why = state, why
	}
	now := clock.System().Now()
	return w.s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE identity_directory SET watch = $1, watch_note = $2, heard = $3 WHERE id = $4", string(state), shortened(why), store.Millis(now), w.d.ID)
		return err
	})
}

package ldap_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yagura/area/identity/ldap"
	"yagura/area/identity/ldap/ldaptest"
)

// line is a watch over one line: what it tells, and how it ended.
type line struct {
	t     *testing.T
	s     *ldap.Session
	told  chan ldap.Change
	ended chan error
}

func watch(t *testing.T, c ldap.Connection, cookie *ldap.Cookie) *line {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := c.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t, s, make(chan ldap.Change, 1000), make(chan error, 1)}
	done := make(chan struct{})
	go func() { defer close(done); l.ended <- s.Watch(ctx, cookie, func(c ldap.Change) { l.told <- c }) }()
	t.Cleanup(func() { cancel(); s.Close(); <-done })
	return l
}

// until gathers what is told until something is so.
func (l *line) until(what string, so func(ldap.Change) bool) (all ldap.Change) {
	l.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case c := <-l.told:
			all.Changed, all.All, all.Ready, all.Blind = all.Changed || c.Changed, all.All || c.All, all.Ready || c.Ready, all.Blind || c.Blind
			all.Touched = append(all.Touched, c.Touched...)
			if c.Present != nil {
				all.Present = c.Present
			}
			if so(all) {
				return all
			}
		case err := <-l.ended:
			l.t.Fatalf("%s: the watch ended: %v", what, err)
		case <-late:
			l.t.Fatalf("%s: not told; %+v", what, all)
		}
	}
}

func ready(c ldap.Change) bool   { return c.Ready }
func changed(c ldap.Change) bool { return c.Changed }

// ids are the people of a directory by name.
func ids(t *testing.T, c ldap.Connection) map[string]string {
	t.Helper()
	found, err := c.Ask(t.Context(), ldap.Question{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range found.Entries {
		out[e.Name] = e.ID
	}
	return out
}

func TestWatchOpenLDAP(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	for _, uid := range []string{"ito", "keller", "moreau"} {
		server.Person(uid, uid)
	}
	c := server.Connection("unit: any\nfilter: (&(objectClass=inetOrgPerson)(!(title=guest)))\n")
	who := ids(t, c)
	var cookie ldap.Cookie
	l := watch(t, c, &cookie)
	first := l.until("all there are", ready)
	if len(first.Present) != 3 || !first.Present[who["ito"]] || !first.Present[who["keller"]] || !first.Present[who["moreau"]] {
		t.Errorf("%v, want %v", first.Present, who)
	}

	server.Set("ito", "shadowExpire", "1")
	if got := l.until("a change", changed); len(got.Touched) != 1 || got.Touched[0] != who["ito"] || got.All {
		t.Errorf("%+v", got)
	}
	server.Set("keller", "title", "guest")
	gone := func(id string) func(ldap.Change) bool {
		return func(c ldap.Change) bool { return len(c.Touched) == 1 && c.Touched[0] == id }
	}
	l.until("who no longer fits the filter", gone(who["keller"]))
	server.Set("keller", "title")
	l.until("who fits it again", changed)
	server.Delete("moreau")
	l.until("who is deleted", gone(who["moreau"]))

	// Over the same line it is asked: what changed, and who is still there.
	found, err := l.s.Ask(t.Context(), ldap.Question{Server: c.URL, Mark: "20990101000000Z", IDs: []string{who["keller"], who["moreau"]}, Now: time.Now()})
	if err != nil || found.All || len(found.Entries) != 1 || found.Entries[0].Name != "keller" || len(found.Gone) != 1 || found.Gone[0] != who["moreau"] || found.Mark != "20990101000000Z" {
		t.Errorf("%+v %v", found, err)
	}
	if err := l.s.Ping(t.Context()); err != nil {
		t.Error(err)
	}

	// What happens while the line is broken is told when it stands again: with a
	// cookie only that.
	server.Stop()
	if err := <-l.ended; err == nil || errors.Is(err, ldap.ErrUnwatchable) {
		t.Errorf("the server stopped: %v", err)
	}
	server.Run()
	server.Delete("ito")
	if len(cookie) == 0 {
		t.Fatal("there is no cookie")
	}
	l = watch(t, c, &cookie)
	after := l.until("what happened meanwhile", ready)
	if after.Present != nil && (len(after.Present) != 1 || !after.Present[who["keller"]]) || after.Present == nil && (len(after.Touched) != 1 || after.Touched[0] != who["ito"]) {
		t.Errorf("%+v", after)
	}
	t.Logf("after a restart: %d ids are there, %d are gone", len(after.Present), len(after.Touched))

	// A directory that was set up anew does not know the cookie.
	server.Empty()
	<-l.ended
	server.Person("fresh", "fresh")
	cookie = ldap.Cookie("rid=000,csn=20990101000000.000000Z#000000#000#000000")
	s, err := c.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Watch(t.Context(), &cookie, func(ldap.Change) {}); !errors.Is(err, ldap.ErrStartAnew) || len(cookie) > 0 {
		t.Fatalf("an unknown cookie: %v, %q", err, cookie)
	}
	s.Close()
	if got := watch(t, c, &cookie).until("all there are", ready); len(got.Present) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestWatchByAnotherID watches a directory whose people go by something else
// than the identifier of the protocol: of who is deleted it tells no name.
func TestWatchByAnotherID(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	server.Person("ito", "Ito")
	c := server.Connection("unit: any\nattributes: {id: uid}\n")
	l := watch(t, c, new(ldap.Cookie))
	if got := l.until("all there are", ready); got.Present != nil || got.All {
		t.Errorf("%+v", got)
	}
	server.Delete("ito")
	l.until("compare all", func(c ldap.Change) bool { return c.All && len(c.Touched) == 0 })
}

func TestWatchIsNotPossible(t *testing.T) {
	t.Parallel()
	plain := ldaptest.StartPlain(t)
	s, err := plain.Connection("unit: any\n").Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Watch(t.Context(), new(ldap.Cookie), func(c ldap.Change) { t.Errorf("told %+v", c) }); !errors.Is(err, ldap.ErrUnwatchable) {
		t.Errorf("without syncprov: %v", err)
	}
}

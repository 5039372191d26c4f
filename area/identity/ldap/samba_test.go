package ldap_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"yagura/area/identity/ldap"
	"yagura/area/identity/ldap/ldaptest"
)

// TestActiveDirectory judges the preset by a domain controller that nobody here
// wrote: Samba, with YAGURA_REQUIRE_SAMBA=1. It looks for changes every few seconds, so it shows that they
// are told, not how fast.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	dc := ldaptest.StartSamba(t)
	for _, name := range []string{"ito", "keller", "moreau", "brandt", "ruiz"} {
		dc.Person(name, strings.ToUpper(name))
	}
	for i := range 12 { // more than one page
		dc.Person("p"+string(rune('a'+i)), "Person")
	}
	c := dc.Connection("unit: any\nfilter: (&(objectCategory=person)(objectClass=user)(!(title=guest)))\n")
	found, err := c.Ask(t.Context(), ldap.Question{Now: time.Now()})
	if err != nil || !found.All || len(found.Entries) != 17 || len(found.Wrong) > 0 {
		t.Fatalf("%+v %v", found, err)
	}
	who := ids(t, c)
	named := func(name string) string { return who[name+"@works.example"] }
	i := slices.IndexFunc(found.Entries, func(e ldap.Entry) bool { return e.Name == "ito@works.example" })
	if e := found.Entries[i]; e.Label != "ITO" || e.Email != "ito@works.example" || e.Disabled || len(e.ID) != 36 || e.Mark == "" {
		t.Errorf("%+v", e)
	}
	server, mark := found.Server, found.Mark
	if !strings.HasPrefix(server, "CN=NTDS Settings,CN=DC1") {
		t.Errorf("server %s", server)
	}
	l := watch(t, c, new(ldap.Cookie))
	if got := l.until("it is ready", ready); !got.Blind {
		t.Errorf("an ordinary reader is told of who is deleted: %+v", got)
	}

	// ask asks over the watched line, from the last mark, and for ids.
	ask := func(want int, ids ...string) ldap.Found {
		t.Helper()
		found, err := l.s.Ask(t.Context(), ldap.Question{Server: server, Mark: mark, IDs: ids, Now: time.Now()})
		if err != nil || found.All || len(found.Entries) != want {
			t.Fatalf("%+v %v, want %d", found, err, want)
		}
		mark = found.Mark
		return found
	}
	touched := func(name string) func(ldap.Change) bool {
		return func(c ldap.Change) bool { return slices.Contains(c.Touched, named(name)) }
	}
	ask(0)
	dc.Set("ito", "userAccountControl", "514")
	if got := l.until("is disabled", touched("ito")); !got.Changed || got.All {
		t.Errorf("%+v", got)
	}
	if found := ask(1, named("ito")); found.Entries[0].ID != named("ito") || !found.Entries[0].Disabled || len(found.Gone) > 0 {
		t.Errorf("%+v", found)
	}
	dc.Set("keller", "accountExpires", "133000000000000000")
	l.until("has expired", touched("keller"))
	if found := ask(1); !found.Entries[0].Disabled {
		t.Errorf("%+v", found)
	}
	dc.Set("brandt", "title", "guest")
	l.until("no longer fits the filter", touched("brandt"))
	if found := ask(0, named("brandt")); !slices.Equal(found.Gone, []string{named("brandt")}) {
		t.Errorf("%+v", found)
	}
	dc.Move("moreau", ldaptest.People, ldaptest.Elsewhere)
	l.until("is moved out of the base", touched("moreau"))
	if found := ask(0, named("moreau")); !slices.Equal(found.Gone, []string{named("moreau")}) {
		t.Errorf("%+v", found)
	}
	dc.Move("moreau", ldaptest.Elsewhere, ldaptest.People)
	if got := l.until("is moved back", touched("moreau")); !got.Changed {
		t.Errorf("%+v", got)
	}
	ask(1, named("moreau"))

	// Who is deleted is told of to whoever may read the container of deleted objects.
	dc.ReadDeleted()
	l = watch(t, c, new(ldap.Cookie))
	if got := l.until("it is ready", ready); got.Blind {
		t.Errorf("%+v", got)
	}
	dc.Delete("ruiz")
	l.until("is deleted", touched("ruiz"))
	if found := ask(0, named("ruiz")); !slices.Equal(found.Gone, []string{named("ruiz")}) {
		t.Errorf("%+v", found)
	}
	dc.Stop()
	if err := <-l.ended; err == nil {
		t.Error("the watch of a server that stopped goes on")
	}
}

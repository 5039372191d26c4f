package telemetry

import (
	"context"
	"slices"
	"testing"

	"yagura/kernel/fault"
)

func TestSavedSearches(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ana, eva, con := w.actor("ana"), w.actor("eva"), w.actor("con")
		mine, err := w.SaveSearch(ctx, ana, Saved{Name: " Failed sign-ins ", Text: `EventID:="4625"`, Last: "24h"})
		w.do(err)
		shared, err := w.SaveSearch(ctx, ana, Saved{Name: "Works", Text: "error", Unit: "works3", Shared: true})
		w.do(err)
		names := func(who string) (all []string) {
			list, err := w.Searches(ctx, w.actor(who))
			w.do(err)
			for _, q := range list {
				all = append(all, q.Name)
			}
			return all
		}
		same(t, names("ana"), "Failed sign-ins", "Works")
		same(t, names("eva"), "Works") // reads works3
		same(t, names("con"))          // reads plant9 only

		// The same name is the same search; another owner may use it, too.
		again, err := w.SaveSearch(ctx, ana, Saved{Name: "Failed sign-ins", Text: "x"})
		w.do(err)
		if again.ID != mine.ID {
			t.Error("a search of the same name became a second one")
		}
		_, err = w.SaveSearch(ctx, con, Saved{Name: "Works", Text: "secret of plant9", Unit: "plant9", Shared: true})
		w.do(err)
		same(t, names("eva"), "Works")

		// Borders: not into a unit one does not read, not away from others.
		if _, err := w.SaveSearch(ctx, con, Saved{Name: "y", Unit: "works3", Shared: true}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("shared with a foreign unit: %v", err)
		}
		for _, id := range []string{mine.ID, shared.ID, "nothing"} {
			if err := w.DeleteSearch(ctx, con, id); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("deleted what is not seen: %v", err)
			}
		}
		if err := w.DeleteSearch(ctx, eva, shared.ID); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("a reader deleted what another shares: %v", err)
		}
		w.do(w.DeleteSearch(ctx, ana, mine.ID))
		same(t, names("ana"), "Works", "Works") // her own and that of plant9, which she reads
		if _, err := w.SaveSearch(ctx, ana, Saved{Name: " "}); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("saved without a name: %v", err)
		}
	})
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

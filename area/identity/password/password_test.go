package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHash(t *testing.T) {
	kept, err := Hash("pässword of Keller") // decomposed below
	if err != nil {
		t.Fatal(err)
	}
	if fits, stale, err := Check(kept, "pa\u0308ssword of Keller"); !fits || stale || err != nil {
		t.Error("the same letters from another keyboard are refused", fits, stale, err)
	}
	if fits, _, err := Check(kept, "password of Keller"); fits || err != nil {
		t.Error("another password is taken", err)
	}
	again, _ := Hash("pässword of Keller")
	if again == kept {
		t.Error("no salt")
	}
	weak := hash{rounds: 1000, salt: make([]byte, 16), body: make([]byte, 32)}
	if weak.body, err = weak.compute("old"); err != nil {
		t.Fatal(err)
	}
	if fits, stale, err := Check(weak.String(), "old"); !fits || !stale || err != nil {
		t.Error("a hash of old parameters is not marked", fits, stale, err)
	}
}

// The values of the reference implementation of Argon2 (test of version 0x13,
// Argon2id, one lane).
func TestKnownArgon2id(t *testing.T) {
	const kept = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if fits, stale, err := Check(kept, "password"); !fits || !stale || err != nil {
		t.Error(fits, stale, err)
	}
}

func TestParseRefusesWhatCostsTheMachine(t *testing.T) {
	for _, kept := range []string{"", "x", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "$pbkdf2-sha256$i=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$pbkdf2-sha256$i=99999999$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "$pbkdf2-sha256$i=600000$c29tZXNhbHQ$",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7T\rKyQwu9U1bMCHGi/4"} {
		if _, err := parse(kept); err == nil {
			t.Errorf("%q is read", kept)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$pbkdf2-sha256$i=600000$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := parse(s); err == nil && h.String() != s {
			t.Errorf("%q is written as %q", s, h)
		}
	})
}

func TestRule(t *testing.T) {
	r := Rule{Shortest: ShortestWith, Names: []string{"Anna Keller", "keller@example.com", "Mobility Works Europe"}, Blocked: List([]byte("Hunter22extra\n\n"))}
	for password, want := range map[string]Weakness{
		"short": Short, "パスワードの例文です": Fine, "abcdefgh": Plain, "87654321": Plain, "qwertyui": Plain, "abababab": Plain, "abcdabcdabcd": Plain,
		"Password1!": Usual, "P@ssw0rd2026": Usual, "Sakura2026": Usual, "hunter22EXTRA": Usual, "dragondragon": Usual,
		"Keller1990": Personal, "keller.anna": Personal, "mobilityworks": Personal,
		"keller grows tomatoes": Fine, "vastly copper meadow": Fine, strings.Repeat("long word ", 30): Long,
	} {
		if got := r.Weakness(password); got != want {
			t.Errorf("%q: %d, want %d", password, got, want)
		}
	}
	if got := (Rule{Shortest: ShortestAlone}).Weakness("copper meadow"); got != Short {
		t.Errorf("a short password alone: %d", got)
	}
}

// TestGateIsFair has one network flood the gate, and one person from elsewhere
// come last: he is the next but one at the latest.
func TestGateIsFair(t *testing.T) {
	g := NewGate()
	g.free = 1
	release := make(chan struct{})
	var mu sync.Mutex
	var order []string
	var wg sync.WaitGroup
	run := func(place string, seat ...string) {
		from := From{Place: place, Seat: strings.Join(seat, "")}
		wg.Go(func() {
			if err := g.Do(context.Background(), from, func() error {
				<-release
				mu.Lock()
				order = append(order, place)
				mu.Unlock()
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	waits := func(n int) {
		for {
			g.mu.Lock()
			got := g.waiting
			g.mu.Unlock()
			if got == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	run("flood")
	for g.taken() {
		time.Sleep(time.Millisecond)
	}
	for i := range g.each {
		run("flood")
		waits(i + 1)
	}
	if err := g.Do(context.Background(), From{Place: "flood"}, func() error { return nil }); !errors.Is(err, ErrFull) {
		t.Errorf("the flood waits without bound: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Do(ctx, From{Place: "left"}, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	run("person")
	waits(g.each + 1)
	close(release)
	wg.Wait()
	if len(order) != g.each+2 || order[1] != "person" && order[2] != "person" {
		t.Errorf("served in the order %v", order)
	}
	if g.free != 1 || g.waiting != 0 || len(g.lines) != 0 || len(g.turn) != 0 {
		t.Errorf("the gate is not empty: %+v", g)
	}
}

// TestGateIsFairBehindOneServer has somebody behind a RADIUS server make up a seat
// for each of his guesses, until no more of that server wait. Who comes from
// elsewhere is the next but one; who sits at another seat behind the server still
// gets turns.
func TestGateIsFairBehindOneServer(t *testing.T) {
	g := NewGate()
	g.free, g.behind = 1, 24
	release := make(chan struct{})
	var order []From // one check runs at a time
	var wg sync.WaitGroup
	run := func(from From) {
		g.mu.Lock()
		before := g.waiting + 1 - min(1, g.free)
		g.mu.Unlock()
		wg.Go(func() {
			if err := g.Do(context.Background(), from, func() error { <-release; order = append(order, from); return nil }); err != nil {
				t.Error(from, err)
			}
		})
		for got := -1; got != before; { // in the order in which they come
			time.Sleep(time.Millisecond)
			g.mu.Lock()
			if got = g.waiting; before == 0 && g.free > 0 {
				got = -1
			}
			g.mu.Unlock()
		}
	}
	run(From{"server", "first"})
	for range 10 {
		run(From{"server", "one seat"})
	}
	run(From{"server", "neighbour"})
	for n := range g.behind - 11 {
		run(From{"server", fmt.Sprint("made up ", n)})
	}
	for _, seat := range []string{"one seat", "another", "neighbour"} {
		if err := g.Do(context.Background(), From{"server", seat}, func() error { return nil }); !errors.Is(err, ErrFull) {
			t.Errorf("behind one server wait more than %d: %v", g.behind, err)
		}
	}
	run(From{Place: "elsewhere"})
	close(release)
	wg.Wait()
	if at := slices.Index(order, From{Place: "elsewhere"}); at < 1 || at > 2 {
		t.Errorf("who comes from elsewhere was served as number %d", at)
	}
	if at := slices.Index(order, From{"server", "neighbour"}); at < 1 || at > 3 {
		t.Errorf("the neighbour was served as number %d", at)
	}
	if g.free != 1 || g.waiting != 0 || len(g.lines) != 0 || len(g.turn) != 0 {
		t.Errorf("the gate is not empty: %+v", g)
	}
}

// taken is false once the only place is.
func (g *Gate) taken() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.free > 0
}

func BenchmarkCheck(b *testing.B) {
	kept, _ := Hash("vastly copper meadow")
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			Check(kept, "another one")
		}
	})
	b.Run("unknown", func(b *testing.B) {
		for b.Loop() {
			Spend("another one")
		}
	})
}

// TestGateRests has checks among others that want the cores: a rest twice as
// long as the check, before the next.
func TestGateRests(t *testing.T) {
	g := NewGate()
	g.free = 1
	waiting := 2.0
	g.watch = func() func() (time.Duration, float64) {
		return func() (time.Duration, float64) { return 30 * time.Millisecond, waiting }
	}
	var rested []time.Duration
	var wake []func()
	g.after = func(d time.Duration, f func()) { rested, wake = append(rested, d), append(wake, f) }
	check := func() error { return nil }
	if err := g.Do(t.Context(), From{Place: "a"}, check); err != nil {
		t.Fatal(err)
	}
	if len(rested) != 1 || rested[0] != 60*time.Millisecond || g.free != 0 {
		t.Fatalf("rested %v, %d free", rested, g.free)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Do(gone, From{Place: "b"}, check); err == nil {
		t.Error("checked during the rest")
	}
	wake[0]()
	waiting = 0.1
	if err := g.Do(t.Context(), From{Place: "a"}, check); err != nil || len(rested) != 1 || g.free != 1 {
		t.Errorf("with cores to spare: %v, rested %v, %d free", err, rested, g.free)
	}
}

// TestCrowdIsSeen has more goroutines than cores.
func TestCrowdIsSeen(t *testing.T) {
	c := watchCrowd()
	var wg sync.WaitGroup
	for range 8 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for range 200 {
				for i := range 20_000 {
					_ = i * i
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	if took, waiting := c.is(); took <= 0 || waiting < crowded {
		t.Errorf("%v: %.2f waited", took, waiting)
	}
}

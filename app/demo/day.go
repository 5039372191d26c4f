package demo

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

// Event is one line as a source would send it, without a newline.
type Event struct {
	Source string // id of a Source
	Unit   string
	At     time.Time // UTC
	Format string    // "ndjson" or "syslog"
	Line   []byte
}

// Day is one day of the whole group's events.
type Day struct {
	Seed uint64
	// Start is midnight in Japan; the day lasts 24 hours.
	Start time.Time
	// Lines is about how many ordinary lines there are; the fixed jobs of a day
	// and the intrusion come on top. Zero means 40,000.
	Lines int
	// Quiet leaves the intrusion out.
	Quiet bool
}

// NewDay returns the day that starts at midnight in Japan before the time.
func NewDay(seed uint64, at time.Time) *Day {
	japan := zone("Asia/Tokyo")
	l := at.In(japan)
	return &Day{Seed: seed, Start: time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, japan)}
}

// maker renders one ordinary event.
type maker func(*scene, *site, time.Time) Event

// traffic is what ordinary events there are, how often, whether they follow
// working hours and which sites have them.
var traffic = []struct {
	share int
	human bool
	at    func(*site) bool
	make  maker
}{
	{105, true, nil, processStarted},
	{120, true, nil, networkConnected},
	{50, false, nil, libraryLoaded},
	{70, false, nil, processOpened},
	{85, true, nil, fileWritten},
	{60, false, nil, registrySet},
	{60, true, nil, nameAsked},
	{75, true, nil, signedOn},
	{45, true, nil, signedOff},
	{15, false, nil, specialRights},
	{45, true, nil, ticketIssued},
	{8, true, nil, signOnFailed},
	{8, false, nil, serviceChanged},
	{30, false, withLinux, sshSession},
	{6, false, withLinux, sshGuess},
	{70, false, withLinux, commandAudited},
	{20, false, withLinux, fileAudited},
	{90, true, nil, connectionPassed},
	{45, false, nil, connectionRefused},
	{25, false, withMachines, cellTraffic},
	{75, true, nil, pageFetched},
	{40, true, nil, nameServed},
	{25, false, nil, cloudCalled},
	{35, true, nil, personSignedIn},
}

func withLinux(s *site) bool    { return len(s.linux) > 0 }
func withMachines(s *site) bool { return len(s.machines) > 0 }

// scene is the state while a day is rendered.
type scene struct {
	r       *rand.Rand
	cast    *cast
	records map[string]int64 // last record number of each computer
	serial  int64            // of auditd
}

// planned is an event before it is rendered. What is small is kept, so that a
// day of millions needs little memory.
type planned struct {
	at   int64 // nanoseconds
	kind int16 // index into traffic; -1: the index seed of what is fixed
	site int16
	seed uint64
}

// Events yields the day in order of time, without newlines. The same Day
// yields the same events every time. Sources that History names as silent send
// nothing.
func (g *Day) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		sc := &scene{cast: newCast(g.Seed), records: map[string]int64{}, serial: 41000}
		fixed := g.fixed(sc)
		plan := g.plan(sc.cast)
		for i, f := range fixed {
			plan = append(plan, planned{f.at.UnixNano(), -1, 0, uint64(i)})
		}
		slices.SortStableFunc(plan, func(a, b planned) int { return cmp.Compare(a.at, b.at) })
		for _, p := range plan {
			var e Event
			sc.r = rand.New(rand.NewPCG(p.seed, uint64(p.at)))
			if p.kind < 0 {
				e = fixed[p.seed].make()
			} else {
				e = traffic[p.kind].make(sc, sc.cast.sites[p.site], time.Unix(0, p.at).UTC())
			}
			if g.silent(e) {
				continue
			}
			if !yield(e) {
				return
			}
		}
	}
}

// plan draws kind, site and time of the ordinary events.
func (g *Day) plan(c *cast) []planned {
	r := source(g.Seed, 3)
	lines := g.Lines
	if lines == 0 {
		lines = 40000
	}
	total := 0
	for _, t := range traffic {
		total += t.share
	}
	out := make([]planned, 0, lines+1000)
	for len(out) < lines {
		k, at := 0, r.IntN(total)
		for at >= traffic[k].share {
			at -= traffic[k].share
			k++
		}
		t := traffic[k]
		// Draw site and time until they suit; a weekend is thinner for all sites
		// alike, so this ends quickly enough on every day of the week.
		for {
			si := c.weighted(r)
			s := c.sites[si]
			if t.at != nil && !t.at(s) {
				continue
			}
			when := g.Start.Add(time.Duration(r.Int64N(int64(24 * time.Hour)))).Truncate(time.Microsecond)
			if t.human && r.Float64() > s.pace(when) {
				continue
			}
			out = append(out, planned{when.UnixNano(), int16(k), int16(si), r.Uint64()})
			break
		}
	}
	return out
}

// timed is an event with a set time, rendered when its turn comes so that
// record numbers rise with time.
type timed struct {
	at   time.Time
	make func() Event
}

// script collects timed events of one site.
type script struct {
	sc  *scene
	day time.Time
	out []timed
}

// at adds an event at a time of the Japanese day.
func (s *script) at(hour, minute int, second float64, make func(time.Time) Event) {
	t := s.day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second*float64(time.Second))).UTC()
	s.out = append(s.out, timed{t, func() Event { return make(t) }})
}

// fixed are the events that every day has at a set time, and the intrusion.
func (g *Day) fixed(sc *scene) []timed {
	s := &script{sc: sc, day: g.Start}
	routine(s, source(g.Seed, 4))
	if !g.Quiet {
		intrusion(s)
	}
	return s.out
}

// Intrusion returns the lines of the attack alone, in order of time: what a
// perfect detection would find.
func (g *Day) Intrusion() []Event {
	s := &script{sc: &scene{cast: newCast(g.Seed), records: map[string]int64{}, serial: 90000}, day: g.Start}
	intrusion(s)
	slices.SortStableFunc(s.out, func(a, b timed) int { return a.at.Compare(b.at) })
	out := make([]Event, len(s.out))
	for i, t := range s.out {
		s.sc.r = rand.New(rand.NewPCG(uint64(i), uint64(t.at.UnixNano())))
		out[i] = t.make()
	}
	return out
}

func (g *Day) silent(e Event) bool {
	return e.Source == "lnx-ray" || (e.Source == "fw-spo" && e.At.After(g.Start.Add(17*time.Hour)))
}

// next numbers the records of a computer.
func (sc *scene) next(host string) int64 {
	n, ok := sc.records[host]
	if !ok {
		for _, c := range host {
			n = (n*31 + int64(c)) % 900000
		}
		n += 100000
	}
	n++
	sc.records[host] = n
	return n
}

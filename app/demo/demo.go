// Package demo makes up a manufacturing group, a year of its history and one
// day of its events, so that a newcomer can walk from an attack to a closed
// incident without owning a single log line.
//
// The promise: everything is a pure function of a seed and a time. Nothing here
// opens a database, reads a clock or knows a detection engine; the same seed
// gives the same bytes on every machine. No name is that of a real company or
// person; hosts live under .example, addresses outside in the ranges that
// RFC 5737 and RFC 2544 set aside for documentation and tests.
package demo

import (
	"math/rand/v2"
	"time"

	_ "time/tzdata" // the same local times on machines without a zone database
)

// Text is one sentence in both languages of the product.
type Text struct{ En, Ja string }

// In returns the sentence in a language, "ja" or anything else for English.
func (t Text) In(lang string) string {
	if lang == "ja" && t.Ja != "" {
		return t.Ja
	}
	return t.En
}

// source is a random source that depends on the seed and on what it is for, so
// that adding draws in one place leaves all others as they were.
func source(seed uint64, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose*0x9e3779b97f4a7c15+1))
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// zone loads a time zone by IANA name; the group only names zones that the
// tests have loaded.
func zone(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return l
}

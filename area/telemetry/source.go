package telemetry

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Kind says what a source is.
type Kind string

// Kinds are what a source may be, in the order in which a person picks.
var Kinds = []Kind{"windows", "linux", "firewall", "dns", "proxy", "cloud", "identity", "application", "ot", "syslog", "other"}

// Label is the kind's name.
func (k Kind) Label() text.Message {
	switch k {
	case "windows":
		return text.M("Windows computers")
	case "linux":
		return text.M("Linux servers")
	case "firewall":
		return text.M("Firewall")
	case "dns":
		return text.M("Name server (DNS)")
	case "proxy":
		return text.M("Web proxy")
	case "cloud":
		return text.M("Cloud audit log")
	case "identity":
		return text.M("Sign-in log")
	case "application":
		return text.M("Application§source")
	case "ot":
		return text.M("Factory network (OT)")
	case "syslog":
		return text.M("Syslog of devices")
	case "other":
		return text.M("Other source")
	case quarantineKind:
		return text.M("Unknown senders")
	}
	return text.Literal(string(k))
}

// Quarantine is the id of the source that holds what unknown senders send. It
// belongs to the whole group.
const Quarantine = "unknown-senders"

const quarantineKind Kind = "quarantine"

// Source is a stream of events with an owner.
type Source struct {
	ID     string // letters a-z, digits and hyphens, at most 60; never changes
	Name   string
	NameJA string // empty: as Name
	Kind   Kind
	Unit   string // id of the unit that owns it

	// What Sigma calls the log source; empty where the events tell by themselves.
	Product, Category, Service string

	Networks []netip.Prefix // of syslog senders
	Hosts    []string       // names by which syslog senders of these networks are told apart; none: all
	Zone     string         // IANA name of the zone of times that name none; empty: UTC

	Masks    []string // fields whose values are personal, and patterns of such values
	MaskMode MaskMode

	Class string // how long its events are kept: the name of a class; empty: the standard one

	SilentAfter time.Duration // how long it may say nothing; 0: as long as it likes
	Stopped     time.Time     // since when nothing is taken from it; zero: it is taken
	Created     time.Time
	LastSeen    time.Time // when something last came
	SilentSince time.Time // zero while it is heard
}

// Label is the source's name in a language.
func (s Source) Label(lang text.Lang) string {
	if lang == text.JA && s.NameJA != "" {
		return s.NameJA
	}
	return s.Name
}

// State is what a source is doing.
type State string

// The states.
const (
	Alive   State = "alive"   // heard within its time
	Silent  State = "silent"  // not heard for longer than it may be silent
	Waiting State = "waiting" // never heard yet
	Stopped State = "stopped" // nothing is taken from it
)

// Label is the state's name.
func (s State) Label() text.Message {
	switch s {
	case Alive:
		return text.M("Alive")
	case Silent:
		return text.M("Silent§source")
	case Waiting:
		return text.M("Waiting for the first event")
	case Stopped:
		return text.M("Stopped§source")
	}
	return text.Literal(string(s))
}

// StateAt is the source's state at a time.
func (s Source) StateAt(now time.Time) State {
	switch {
	case !s.Stopped.IsZero():
		return Stopped
	case s.overdue(now):
		return Silent
	case s.LastSeen.IsZero():
		return Waiting
	}
	return Alive
}

// heardBy is when it was heard last; a source that never sent counts from the
// day it was added, so that one forgotten by its installer rings too.
func (s Source) heardBy() time.Time {
	if s.LastSeen.IsZero() {
		return s.Created
	}
	return s.LastSeen
}

func (s Source) overdue(now time.Time) bool {
	return s.SilentAfter > 0 && now.Sub(s.heardBy()) > s.SilentAfter
}

// Location is the zone of times that name none.
func (s Source) Location() *time.Location {
	if s.Zone == "" {
		return time.UTC
	}
	if l, err := time.LoadLocation(s.Zone); err == nil {
		return l
	}
	return time.UTC
}

const (
	minSilence = 30 * time.Second
	maxSilence = 30 * 24 * time.Hour
)

// check names everything that is wrong with a description.
func (s Source) check(units *authz.Units) error {
	var bad []fault.Field
	say := func(f fault.Field) { bad = append(bad, f) }
	if !validSource(s.ID) {
		say(fault.F("id", "Use lower-case letters, digits and hyphens, at most 60, beginning with a letter or digit"))
	}
	if s.Name == "" {
		say(fault.F("name", "A name is needed§source"))
	}
	if len(s.Name) > 300 || len(s.NameJA) > 300 {
		say(fault.F("name", "The name is too long§source"))
	}
	if !slices.Contains(Kinds, s.Kind) {
		say(fault.F("kind", "Choose what this source is"))
	}
	if u, ok := units.Get(s.Unit); !ok || u.Kind == authz.RegionKind {
		say(fault.F("unit", "Choose the unit that owns this source"))
	}
	for name, v := range map[string]string{"product": s.Product, "category": s.Category, "service": s.Service} {
		if len(v) > 60 || strings.ContainsAny(v, " \t\n\"'") {
			say(fault.F(name, "A short word without blanks is needed here, such as windows or sshd"))
		}
	}
	if s.Zone != "" {
		if _, err := time.LoadLocation(s.Zone); err != nil {
			say(fault.F("zone", "There is no time zone %s; a name such as Asia/Tokyo is needed", s.Zone))
		}
	}
	if s.SilentAfter != 0 && (s.SilentAfter < minSilence || s.SilentAfter > maxSilence) {
		say(fault.F("silent_after", "Choose a time from 30 seconds to 30 days, or none"))
	}
	if len(s.Networks) > 200 {
		say(fault.F("networks", "At most %d networks can be listed", 200))
	}
	if len(s.Hosts) > 1000 {
		say(fault.F("hosts", "At most %d host names can be listed", 1000))
	}
	s.checkMask(say)
	if len(bad) > 0 {
		slices.SortFunc(bad, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
		return fault.Invalid(bad...)
	}
	return nil
}

func validSource(id string) bool {
	if id == "" || len(id) > 60 || id[0] == '-' {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// ParseNetworks reads networks and single addresses (RFC 4632, RFC 4291)
// divided by commas, blanks or line breaks.
func ParseNetworks(s string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, w := range strings.FieldsFunc(s, divider) {
		p, err := netip.ParsePrefix(w)
		if err != nil {
			a, err2 := netip.ParseAddr(w)
			if err2 != nil {
				return nil, fault.Invalid(fault.F("networks", "%s is no network; one such as 10.20.0.0/16 is needed", w))
			}
			p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// ParseHosts reads host names divided by commas, blanks or line breaks.
func ParseHosts(s string) []string {
	hosts := strings.FieldsFunc(strings.ToLower(s), divider)
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func divider(r rune) bool { return r == ',' || r == ';' || r <= ' ' || r == '、' || r == ' ' }

// mayManage is the question before every change of a source.
func mayManage(by authz.Actor, s Source) error {
	if err := by.See(Read, s.Unit); err != nil {
		return err
	}
	return by.May(Manage, s.Unit)
}

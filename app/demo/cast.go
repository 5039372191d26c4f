package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Domain is the ending of the names of all computers of the group.
const Domain = "corp.kirishio.example"

type user struct {
	login string // "m.visser"
	sid   string
	ip    string
	host  string
}

// site is a unit with computers.
type site struct {
	unit     Unit
	zone     *time.Location
	country  string
	stations []string // office computers
	servers  []string
	linux    []string
	machines []string // engineering computers of a plant
	users    []user
	weight   int
}

// cast is every computer and account that appears in the events.
type cast struct {
	sites []*site
	total int
	byID  map[string]*site
}

var (
	familyJP = strings.Fields("sato suzuki takahashi tanaka watanabe ito yamamoto nakano kobayashi kato yoshida yamada sasaki matsumoto inoue kimura hayashi shimizu saito mori abe ikeda hashimoto ogawa ishii hasegawa fujita okada maeda goto")
	family   = map[string][]string{
		"NL": strings.Fields("visser bakker smit meijer mulder bos vos peters hendriks dekker"),
		"DE": strings.Fields("brandt keller wagner becker hoffmann koch richter wolf neumann schwarz lang krause"),
		"SE": strings.Fields("lindqvist nyberg sandberg holm ekman forsberg"),
		"IT": strings.Fields("ricci moretti conti galli ferrara costa villa"),
		"CZ": strings.Fields("novak svoboda dvorak cerny prochazka kucera vesely horak"),
		"GB": strings.Fields("hughes walsh carter bennett foster gibson"),
		"US": strings.Fields("miller davis moore jackson clark lewis walker young hill nelson carter reed"),
		"MX": strings.Fields("garcia lopez mendoza reyes ortega salazar navarro"),
		"BR": strings.Fields("souza lima pereira rocha barbosa teixeira"),
		"TH": strings.Fields("srisuk chaiyo wongsa phrom somchai"),
		"CN": strings.Fields("zhao sun qian wu feng xu"),
		"SG": strings.Fields("tan lim goh ong chua"),
	}
)

func newCast(seed uint64) *cast {
	c := &cast{byID: map[string]*site{}}
	for i, u := range Units() {
		if u.Code == "" {
			continue
		}
		r := source(seed, 100+uint64(i))
		s := &site{unit: u, zone: zone(u.Zone), country: u.Country, weight: 4 + u.People/60}
		for n := range min(60, 6+u.People/40) {
			s.stations = append(s.stations, host(u, "ws", n+1))
		}
		for n := range 2 + u.People/400 {
			s.servers = append(s.servers, host(u, "srv", n+1))
		}
		if u.ID == "datacenter" {
			s.weight = 40
			for n := range 12 {
				s.servers = append(s.servers, host(u, "app", n+1))
			}
		}
		if hasLinux(u) {
			for n := range 4 {
				s.linux = append(s.linux, fmt.Sprintf("%s-lnx%02d", u.Code, n+1))
			}
		}
		if u.hasMachines() {
			for n := range 4 + u.People/300 {
				s.machines = append(s.machines, host(u, "eng", n+1))
			}
		}
		names := family[u.Country]
		if u.Country == "JP" {
			names = familyJP
		}
		seen := map[string]bool{}
		for n := range s.stations {
			login := ""
			for try := 0; login == "" || seen[login]; try++ {
				login = string(rune('a'+r.IntN(26))) + "." + pick(r, names)
				if try > 50 {
					login += fmt.Sprint(n)
				}
			}
			seen[login] = true
			s.users = append(s.users, user{login, sid(u.Net, 1100+n), office(u, n), s.stations[n]})
		}
		c.sites = append(c.sites, s)
		c.byID[u.ID] = s
		c.total += s.weight
	}
	// The person whose attachment opens the story.
	victim := c.byID["sales-benelux"]
	victim.users[0].login = "m.visser"
	return c
}

// weighted draws the index of a site, larger ones more often.
func (c *cast) weighted(r interface{ IntN(int) int }) int {
	at := r.IntN(c.total)
	for i, s := range c.sites {
		if at < s.weight {
			return i
		}
		at -= s.weight
	}
	return 0
}

func host(u Unit, kind string, n int) string {
	return fmt.Sprintf("%s-%s%02d.%s", strings.ToUpper(u.Code), strings.ToUpper(kind), n, Domain)
}

func office(u Unit, n int) string  { return fmt.Sprintf("10.%d.%d.%d", u.Net, 8+n/200, 20+n%200) }
func machine(u Unit, n int) string { return fmt.Sprintf("10.%d.30.%d", u.Net+100, 10+n) }
func server(u Unit, n int) string  { return fmt.Sprintf("10.%d.1.%d", u.Net, 10+n) }

func sid(net, n int) string {
	return fmt.Sprintf("S-1-5-21-2931%06d-408217733-1199%06d-%d", net*7919, net*104729%1000000, n)
}

// outside is an address on the internet that stands for an ordinary service.
func outside(r *rand.Rand) string {
	return fmt.Sprintf("198.18.%d.%d", r.IntN(64), 1+r.IntN(250))
}

// pace is how busy people are at a local time: 0 to 1.
func (s *site) pace(at time.Time) float64 {
	l := at.In(s.zone)
	h := float64(l.Hour()) + float64(l.Minute())/60
	weekend := l.Weekday() == time.Saturday || l.Weekday() == time.Sunday
	p := 0.03
	switch {
	case h >= 8.5 && h < 12, h >= 13 && h < 17.5:
		p = 1
	case h >= 12 && h < 13:
		p = 0.6
	case h >= 7.5 && h < 8.5, h >= 17.5 && h < 19:
		p = 0.5
	case h >= 19 && h < 22:
		p = 0.15
	}
	if weekend {
		p *= 0.12
	}
	if s.unit.hasMachines() { // shifts around the clock, the weekend thinly manned
		shift := 0.35
		if weekend {
			shift = 0.12
		}
		p = max(p, shift)
	}
	return p
}

package demo

import (
	"fmt"
	"time"
)

// Gate is a server that asks for people by RADIUS.
type Gate struct {
	Name    string
	Unit    string
	Address string // it asks from there
	Ends    string // and takes Disconnect-Request there; empty where it can't
	Filter  string
}

// Stay is a session at a gate, as that reports it.
type Stay struct {
	Gate           int
	Person         string // empty where the group knows nobody by the name
	Name           string
	Inside         string
	From           string // address
	Station        string
	Began          time.Duration // before now
	Sent, Received int64         // octets
}

// Gates are those of the group: remote access at both data centres, and the
// switches of a laboratory, which can't be told to end a session.
func Gates() []Gate {
	return []Gate{
		{"VPN gateway Amsterdam", "datacenter", "10.21.4.11", "10.21.4.11:3799", "staff"},
		{"VPN gateway Yokohama", "datacenter", "10.21.4.12", "10.21.4.12:3799", "staff"},
		{"Switches of the drive laboratory", "datacenter", "10.21.6.0/28", "", ""},
	}
}

// Stays are who is in now.
func Stays(seed uint64) []Stay {
	r := source(seed, 0x57a75)
	var out []Stay
	for i, e := range Staff(seed) {
		if i%97 != 0 || len(out) >= 18 {
			continue
		}
		n := len(out)
		s := Stay{Gate: n % 2, Person: e.ID, Name: e.ID, Inside: fmt.Sprintf("10.21.%d.%d", 200+n%2, 20+n), From: fmt.Sprintf("203.0.113.%d", 10+r.IntN(200)),
			Began: time.Duration(20+r.IntN(400)) * time.Minute, Sent: int64(r.IntN(900)) << 18, Received: int64(r.IntN(900)) << 21}
		if n%6 == 5 {
			s.Gate, s.From, s.Inside, s.Station = 2, "", fmt.Sprintf("10.21.7.%d", 30+n), fmt.Sprintf("3C-52-82-4F-%02X-%02X", n, r.IntN(256))
		}
		out = append(out, s)
	}
	return append(out, Stay{Gate: 2, Name: "measuring-rack-4", Inside: "10.21.7.90", Station: "00-80-A3-9E-11-07", Began: 30 * time.Hour, Sent: 48 << 20, Received: 3 << 20})
}

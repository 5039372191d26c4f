// Package geotest writes small files in the MaxMind database format, version
// 2.0, for tests.
package geotest

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"testing"

	"yagura/area/identity/geo"
)

// Write writes a file with the points of networks. A smaller network must come
// after one that holds it.
func Write(t testing.TB, path string, networks ...Network) {
	t.Helper()
	if err := os.WriteFile(path, encode(networks), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Network is where the addresses of a network are used.
type Network struct {
	Prefix string
	Point  geo.Point
}

// node holds two records: a node's index + 1, a data offset as below zero, or
// nothing.
type node [2]int

func encode(networks []Network) []byte {
	nodes := []node{{}}
	var data []byte
	for _, n := range networks {
		record := -1 - len(data)
		data = append(data, point(n.Point)...)
		p := netip.MustParsePrefix(n.Prefix)
		bits, skip := p.Addr().As16(), 0
		if p.Addr().Is4() { // ::/96 holds IPv4
			a := p.Addr().As4()
			bits, skip = [16]byte{}, 96
			copy(bits[12:], a[:])
		}
		at := 0
		for i := 0; i < p.Bits()+skip; i++ {
			side := int(bits[i/8]>>(7-i%8)) & 1
			if i == p.Bits()+skip-1 {
				nodes[at][side] = record
				break
			}
			next := nodes[at][side]
			if next <= 0 { // split what stands there
				nodes = append(nodes, node{next, next})
				next = len(nodes)
				nodes[at][side] = next
			}
			at = next - 1
		}
	}
	var b []byte
	for _, n := range nodes {
		for _, r := range n {
			v := len(nodes) // nothing
			switch {
			case r > 0:
				v = r - 1
			case r < 0:
				v = len(nodes) + 16 + -1 - r
			}
			b = append(b, byte(v>>16), byte(v>>8), byte(v))
		}
	}
	b = append(b, make([]byte, 16)...)
	b = append(b, data...)
	b = append(b, "\xab\xcd\xefMaxMind.com"...)
	return append(b, mapping(
		"binary_format_major_version", unsigned(5, 2), "binary_format_minor_version", unsigned(5, 0),
		"build_epoch", unsigned(9, 1_795_000_000), "database_type", str("Test-City"),
		"description", mapping(), "ip_version", unsigned(5, 6), "languages", []byte{0, 4},
		"node_count", unsigned(6, uint64(len(nodes))), "record_size", unsigned(5, 24))...)
}

func point(p geo.Point) []byte {
	pairs := []any{}
	if p.Country != "" {
		pairs = append(pairs, "country", mapping("iso_code", str(p.Country)))
	}
	if p.Located {
		pairs = append(pairs, "location", mapping("latitude", double(p.Latitude), "longitude", double(p.Longitude)))
	}
	return mapping(pairs...)
}

// control is the byte that says type and size (below 29).
func control(kind, size int) []byte {
	if kind > 7 {
		return []byte{byte(size), byte(kind - 7)}
	}
	return []byte{byte(kind<<5 | size)}
}

func str(s string) []byte {
	if n := len(s); n >= 29 {
		return append([]byte{2<<5 | 29, byte(n - 29)}, s...)
	}
	return append(control(2, len(s)), s...)
}

func double(v float64) []byte {
	return binary.BigEndian.AppendUint64(control(3, 8), math.Float64bits(v))
}

func unsigned(kind int, v uint64) []byte {
	raw := binary.BigEndian.AppendUint64(nil, v)
	for len(raw) > 0 && raw[0] == 0 {
		raw = raw[1:]
	}
	return append(control(kind, len(raw)), raw...)
}

func mapping(pairs ...any) []byte {
	b := control(7, len(pairs)/2)
	for _, p := range pairs {
		switch p := p.(type) {
		case string:
			b = append(b, str(p)...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

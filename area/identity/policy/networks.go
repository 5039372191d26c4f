package policy

import (
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"

	"yagura/kernel/fault"
)

// Kind is what a network of the group is for.
type Kind string

// The kinds of networks.
const (
	OfficeNetwork Kind = "office"
	VPNNetwork    Kind = "vpn"
	OTNetwork     Kind = "ot"
	GuestNetwork  Kind = "guest" // visitors and private devices: it counts as outside, in its country
)

// Kinds are all kinds.
var Kinds = []Kind{OfficeNetwork, VPNNetwork, OTNetwork, GuestNetwork}

// Network is an address block that the group has declared.
type Network struct {
	ID      string
	Prefix  netip.Prefix
	Kind    Kind
	Unit    string
	Country string // ISO 3166-1 alpha-2; empty where it is not known
}

// place is where one is who comes from the network; empty: outside.
func (n Network) place() Place {
	switch n.Kind {
	case OfficeNetwork:
		return Office
	case VPNNetwork:
		return VPN
	case OTNetwork:
		return OT
	}
	return ""
}

// The largest networks that can be declared: whoever declares one vouches for
// every address in it.
const (
	leastBits4 = 8
	leastBits6 = 16
)

// ParseNetwork reads a network as people write it: "10.1.0.0/16", a single
// address, or an IPv4 network written as IPv6.
func ParseNetwork(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return p, fault.Invalid(fault.F("prefix", "A network such as 10.1.0.0/16 or 2001:db8::/32 is needed here"))
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return p, fault.Invalid(fault.F("prefix", "A network such as 10.1.0.0/16 or 2001:db8::/32 is needed here"))
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return p, fault.Invalid(fault.F("prefix", "This address lies within the network %s: write that", p.Masked().String()))
	}
	if least := map[bool]int{true: leastBits4, false: leastBits6}[p.Addr().Is4()]; p.Bits() < least {
		return p, fault.Invalid(fault.F("prefix", "This network is too large: at most /%d can be declared", least))
	}
	return p, nil
}

// ParseAddress reads the address of a request; an IPv4 address is the same
// however it is written. ok is false where it is none.
func ParseAddress(s string) (a netip.Addr, ok bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, false
	}
	return a.WithZone("").Unmap(), true
}

// Networks finds the network of an address.
type Networks struct{ table bart.Table[Network] }

// NewNetworks makes the table. Of the same network twice the later one counts.
func NewNetworks(list ...Network) *Networks {
	t := &Networks{}
	for _, n := range list {
		t.table.Insert(n.Prefix, n)
	}
	return t
}

// Of is the smallest network that holds the address, nil where none does.
func (t *Networks) Of(a netip.Addr) *Network {
	if !a.IsValid() {
		return nil
	}
	n, ok := t.table.Lookup(a.Unmap())
	if !ok {
		return nil
	}
	return &n
}

// Touching are the networks that hold the prefix, and those that lie in it.
func (t *Networks) Touching(p netip.Prefix) (list []Network) {
	for _, n := range t.table.Supernets(p) {
		list = append(list, n)
	}
	for other, n := range t.table.Subnets(p) {
		if other != p {
			list = append(list, n)
		}
	}
	return list
}

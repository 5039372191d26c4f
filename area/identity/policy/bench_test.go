package policy_test

import (
	"fmt"
	"net/netip"
	"testing"

	"yagura/area/identity/policy"
)

// BenchmarkDecide finds the network among 10,000 and decides, in memory: what a
// sign-in costs besides the database.
func BenchmarkDecide(b *testing.B) {
	var list []policy.Network
	for i := range 10_000 {
		list = append(list, policy.Network{ID: fmt.Sprint(i), Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24), Kind: policy.OfficeNetwork})
	}
	networks, rules := policy.NewNetworks(list...), read(b, strict).Under(policy.Default())
	address := netip.MustParseAddr("10.12.34.56")
	for b.Loop() {
		q := at(policy.Home)
		q.Network, q.Level = networks.Of(address), policy.HardwareBound
		if d := rules.Decide(q); !d.Allowed {
			b.Fatal(d)
		}
	}
}

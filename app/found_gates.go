package app

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"yagura/app/demo"
	"yagura/area/identity"
	"yagura/kernel/store"
)

// gates sets up servers that ask by RADIUS, and has people be in there.
func (f *founding) gates(ctx context.Context, _ demo.History) error {
	f.clock.Set(f.now.AddDate(0, -8, 0))
	for _, g := range demo.Gates() {
		networks, err := identity.ParseNetworks(g.Address)
		if err != nil {
			return err
		}
		if _, err := f.a.Identity.SaveNAS(ctx, player, identity.NAS{Name: g.Name, Unit: g.Unit, Networks: networks, Ends: g.Ends, Filter: g.Filter}, false); err != nil {
			return fmt.Errorf("server %s: %w", g.Name, err)
		}
	}
	f.clock.Set(f.now)
	return f.a.DB.Operate(ctx, func(tx *store.Tx) error {
		for i, y := range demo.Stays(f.seed) {
			address, _, _ := strings.Cut(demo.Gates()[y.Gate].Address, "/")
			gate, ok := f.a.Identity.NASAt(ctx, netip.MustParseAddr(address))
			if !ok {
				return fmt.Errorf("no server asks from %s", address)
			}
			if err := f.a.Identity.SeedStay(tx, player, identity.Stay{NAS: gate.ID, Box: address, Session: fmt.Sprintf("%08X", 0x51a0000+i*37), Person: y.Person, Name: y.Name,
				Address: y.Inside, Network: y.From, Station: y.Station, Began: f.now.Add(-y.Began), Sent: y.Sent, Received: y.Received}); err != nil {
				return err
			}
		}
		return nil
	})
}

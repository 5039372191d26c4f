package app

import (
	"context"
	"errors"
	"net"
	"sync"

	"yagura/area/identity/radius"
)

// startRADIUS answers gates that speak RADIUS until the context ends, where
// addresses are set: one for who asks, one for who reports.
func (a *App) startRADIUS(ctx context.Context) (run func(), err error) {
	var doors []func()
	var open []net.PacketConn
	for _, door := range []struct {
		what, address string
		server        radius.Server
	}{
		{"RADIUS is answered", a.Config.RADIUSListen, radius.Server{Clients: a.Identity, Door: a.Identity, Log: a.log}},
		{"RADIUS accounting is kept", a.Config.RADIUSAccounts, radius.Server{Clients: a.Identity, Book: a.Identity, Log: a.log}},
	} {
		if door.address == "" {
			continue
		}
		conn, err := net.ListenPacket("udp", door.address)
		if err != nil {
			for _, one := range open {
				err = errors.Join(err, one.Close())
			}
			return nil, err
		}
		open = append(open, conn)
		a.log.Info(door.what, "address", conn.LocalAddr().String())
		doors = append(doors, func() { _ = door.server.Serve(ctx, conn, a.DB.Now) })
	}
	return func() {
		var wg sync.WaitGroup
		for _, serve := range doors {
			wg.Go(serve)
		}
		wg.Wait()
	}, nil
}

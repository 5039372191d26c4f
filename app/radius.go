package app

import (
	"context"
	"net"

	"yagura/area/identity/radius"
)

// startRADIUS answers gates that speak RADIUS until the context ends, where an
// address is set.
func (a *App) startRADIUS(ctx context.Context) (run func(), err error) {
	if a.Config.RADIUSListen == "" {
		return func() {}, nil
	}
	conn, err := net.ListenPacket("udp", a.Config.RADIUSListen)
	if err != nil {
		return nil, err
	}
	a.log.Info("RADIUS is answered", "address", conn.LocalAddr().String())
	server := radius.Server{Clients: a.Identity, Door: a.Identity, Log: a.log}
	return func() { _ = server.Serve(ctx, conn, a.DB.Now) }, nil
}

package identity

import (
	"yagura/area/identity/password"
)

// seat is where somebody sits behind a server that asks by RADIUS, as that server
// tells it. Where it is no address – on Wi-Fi and at switches it is the hardware
// address – guesses are counted by it: all who come by one controller are not one
// network, and an outsider there shuts out his own seat. Whoever writes another
// hardware address into his computer has another seat; what an account bears in
// all, what a server may have waiting and how many accounts are tried there bound
// that.
type seat struct {
	server string // id; empty: nobody asked by RADIUS
	at     string
}

func seatAt(n NAS, address, calling string) seat {
	if address != "" { // it is counted as everywhere else
		return seat{}
	}
	return seat{n.ID, stationName(calling)}
}

// place is what counts as one place from which somebody guesses.
func (d Device) place() string {
	if d.seat.server == "" {
		return place(d.Network)
	}
	return d.seat.server + "/" + d.seat.at
}

// queue is where somebody waits for a check of his password.
func (d Device) queue() password.From {
	if d.seat.server == "" {
		return password.From{Place: place(d.Network)}
	}
	return password.From{Place: d.seat.server, Seat: d.seat.at}
}

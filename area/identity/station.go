package identity

import (
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// A gate that speaks RADIUS tells by Calling-Station-Id on what somebody sits: the
// hardware address on a network, a telephone number. It is remembered for the
// signal of a new device and for nothing else: whoever writes another address into
// his computer has it. So it is no equipment, is never managed and spares nobody a
// wait. An address on the internet is where somebody is, and no device.

// stationName is the name of a device, in one form however it is written; empty
// where none is told.
func stationName(calling string) string {
	name := strings.ToLower(strings.TrimSpace(calling))
	if station(name) != "" {
		return ""
	}
	if bare := strings.NewReplacer("-", "", ":", "", ".", "").Replace(name); len(bare) == 12 && strings.Trim(bare, "0123456789abcdef") == "" { // RFC 3580 §3.21, and as others write it
		return bare
	}
	return name
}

// byGate is a device as a gate tells of it.
func (s *Service) byGate(n NAS, endpoint, calling string) Device {
	d := Device{Agent: "RADIUS, " + n.Name, Network: outer(endpoint, calling)}
	d.seat = seatAt(n, d.Network, calling)
	if name := stationName(calling); name != "" {
		d.named = s.alias("station", name)
	}
	return d
}

// knownStation tells whether a person was let in on a device of this name. Where
// none was ever told, as by other gates before, the first is no news.
func knownStation(tx *store.Tx, p authz.Person, named string) (known bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM identity_station WHERE person = $1 AND digest = $2)
		OR NOT EXISTS (SELECT 1 FROM identity_station WHERE person = $1) AND EXISTS (SELECT 1 FROM identity_event WHERE person = $1 AND kind = 'sign-in' AND outcome = 'allowed' AND method = 'radius')`, p.ID, named).Scan(&known)
	return known, err
}

func rememberStation(tx *store.Tx, p authz.Person, d Device) error {
	if d.named == "" {
		return nil
	}
	_, err := tx.Exec("INSERT INTO identity_station (person, digest, seen) VALUES ($1,$2,$3) ON CONFLICT (person, digest) DO UPDATE SET seen = excluded.seen", p.ID, d.named, tx.Millis())
	return err
}

// forgetStations is for the sweep: they are known as long as browsers are.
func forgetStations(tx *store.Tx) error {
	_, err := tx.Exec("DELETE FROM identity_station WHERE seen < $1", store.Millis(tx.Now.Add(-cookieFor*time.Second)))
	return err
}

package identity

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/identity/radius"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// NAS is a network access server: a VPN gateway, a switch or a server that asks
// for people by RADIUS. Each has a secret of its own and a unit that answers
// for it.
type NAS struct {
	ID       string
	Name     string
	Unit     string
	Networks []netip.Prefix // it asks from there
	Filter   string         // Filter-Id of who is let in, empty for none
	Ends     string         // host:port that takes Disconnect-Request (RFC 5176), empty where it can't
	Made     time.Time
	Live     int // sessions

	sealed string
}

const nasColumns = "id, name, unit, networks, filter, ends, made, secret"

func readNAS(r store.Scanner) (n NAS, err error) {
	var networks string
	var made int64
	if err = r.Scan(&n.ID, &n.Name, &n.Unit, &networks, &n.Filter, &n.Ends, &made, &n.sealed); err != nil {
		return n, err
	}
	n.Made = store.Time(made)
	n.Networks, err = ParseNetworks(networks)
	return n, err
}

// ParseNetworks reads addresses and networks (CIDR) between blanks or commas.
func ParseNetworks(written string) (list []netip.Prefix, err error) {
	for _, word := range strings.FieldsFunc(written, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			a, wrong := netip.ParseAddr(word)
			if wrong != nil {
				return nil, fault.Invalid(fault.F("networks", "%s is no address and no network such as 192.0.2.0/28", word))
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		list = append(list, netip.PrefixFrom(p.Addr().Unmap(), min(p.Bits(), p.Addr().Unmap().BitLen())).Masked())
	}
	return list, nil
}

func joinNetworks(list []netip.Prefix) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.String()
	}
	return strings.Join(words, " ")
}

// Reach is the networks as a person writes them.
func (n NAS) Reach() string { return joinNetworks(n.Networks) }

const mostNAS = 10000

func allNAS(tx *store.Tx) ([]NAS, error) {
	return store.Rows(tx, readNAS, "SELECT "+nasColumns+" FROM identity_nas WHERE removed = 0 ORDER BY name, id")
}

// NASes lists the servers of the scope that ask by RADIUS.
func (s *Service) NASes(ctx context.Context, scope authz.Scope, page keyset.Page) (list []NAS, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := scope.Where("n.unit", 1)
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_nas n WHERE n.removed = 0 AND "+in, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := page.SQL(keyset.Columns{"name": keyset.Text("n.name")}, "n.id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, readNAS, "SELECT "+nasColumns+" FROM identity_nas n WHERE n.removed = 0 AND "+in+" AND "+after+order, append(args, more...)...)
		for i := range list {
			if err := tx.QueryRow("SELECT COUNT(*) FROM "+inNow+" WHERE x.nas = $2", tx.Millis(), list[i].ID).Scan(&list[i].Live); err != nil {
				return err
			}
		}
		return err
	})
	return list, total, err
}

// NASOf is one server, for who may read factors in its unit.
func (s *Service) NASOf(ctx context.Context, by authz.Actor, nas string) (n NAS, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		n, err = seeNAS(tx, by, nas)
		return err
	})
	return n, err
}

func seeNAS(tx *store.Tx, by authz.Actor, nas string) (n NAS, err error) {
	list, err := store.Rows(tx, readNAS, "SELECT "+nasColumns+" FROM identity_nas WHERE id = $1 AND removed = 0", nas)
	if err != nil {
		return n, err
	}
	if len(list) == 0 {
		return n, fault.NotFound("There is no such server")
	}
	return list[0], by.See(ReadFactors, list[0].Unit)
}

// SaveNAS adds a server or changes one, and returns the secret of a new one, or
// of one that asked for another. It is shown once.
func (s *Service) SaveNAS(ctx context.Context, by authz.Actor, n NAS, renew bool) (secret string, err error) {
	n.Name, n.Filter, n.Ends = strings.TrimSpace(n.Name), strings.TrimSpace(n.Filter), strings.TrimSpace(n.Ends)
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(ManageNAS, n.Unit); err != nil {
			return err
		}
		all, err := allNAS(tx)
		if err != nil {
			return err
		}
		if wrong := n.check(all); len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		fresh := n.ID == ""
		if fresh {
			n.ID = id.New()
		} else if err := mayNAS(tx, by, n.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO identity_nas (id, name, unit, networks, filter, ends, made, secret) VALUES ($1,$2,$3,$4,$5,$6,$7,'')
			ON CONFLICT (id) DO UPDATE SET name=excluded.name, unit=excluded.unit, networks=excluded.networks, filter=excluded.filter, ends=excluded.ends`,
			n.ID, n.Name, n.Unit, joinNetworks(n.Networks), n.Filter, n.Ends, tx.Millis()); err != nil {
			return err
		}
		if secret = ""; fresh || renew {
			secret = id.Token()
			sealed, err := s.seal([]byte(secret), nasAbout(n.ID))
			if err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE identity_nas SET secret = $1 WHERE id = $2", sealed, n.ID); err != nil {
				return err
			}
		}
		if err := nasChanged(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.NASSaved{NAS: n.ID, Name: n.Name, Unit: n.Unit, Networks: joinNetworks(n.Networks), NewSecret: secret != ""})
	})
	return secret, err
}

func nasAbout(nas string) string { return "radius " + nas }

// mayNAS passes who may manage the server where it stands now.
func mayNAS(tx *store.Tx, by authz.Actor, nas string) error {
	list, err := store.Rows(tx, readNAS, "SELECT "+nasColumns+" FROM identity_nas WHERE id = $1 AND removed = 0", nas)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fault.NotFound("There is no such server")
	}
	return by.May(ManageNAS, list[0].Unit)
}

func (n NAS) check(all []NAS) (wrong []fault.Field) {
	if n.Name == "" || len(n.Name) > 100 {
		wrong = append(wrong, fault.F("name", "Give it a name of at most 100 letters"))
	}
	if len(n.Networks) == 0 {
		wrong = append(wrong, fault.F("networks", "Say from which address it asks"))
	}
	if n.Ends != "" {
		if u, err := url.Parse("udp://" + n.Ends); err != nil || u.Hostname() == "" || u.Port() == "" {
			wrong = append(wrong, fault.F("ends", "Write host:port, such as 192.0.2.1:3799"))
		}
	}
	if len(n.Filter) > 253 {
		wrong = append(wrong, fault.F("filter", "At most 253 bytes fit"))
	}
	if n.ID == "" && len(all) >= mostNAS {
		wrong = append(wrong, fault.F("name", "There are too many servers"))
	}
	for _, other := range all {
		for _, p := range other.Networks {
			for _, mine := range n.Networks {
				if other.ID != n.ID && p.Overlaps(mine) {
					// Which one it is may be nobody's business who manages this one.
					return append(wrong, fault.F("networks", "%s overlaps with the network of another server", mine.String()))
				}
			}
		}
	}
	return wrong
}

// RemoveNAS takes a server away: it is answered no more.
func (s *Service) RemoveNAS(ctx context.Context, by authz.Actor, nas string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := mayNAS(tx, by, nas); err != nil {
			return err
		}
		var name, unit string
		if err := tx.QueryRow("UPDATE identity_nas SET removed = $1, secret = '' WHERE id = $2 RETURNING name, unit", tx.Millis(), nas).Scan(&name, &unit); err != nil {
			return err
		}
		if err := nasChanged(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.NASRemoved{NAS: nas, Name: name, Unit: unit})
	})
}

// clients are the servers by the networks they ask from, as of a change: a packet
// costs one row, however many servers there are.
type clients struct {
	mu    sync.Mutex
	epoch string
	sizes []int // of networks, longest first
	of    map[netip.Prefix]radius.Client
}

// NASAt finds the server of an address, with its secret.
func (s *Service) NASAt(ctx context.Context, from netip.Addr) (c radius.Client, ok bool) {
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var epoch string
		if err := tx.QueryRow("SELECT nas FROM identity_context").Scan(&epoch); err != nil {
			return err
		}
		s.clients.mu.Lock()
		defer s.clients.mu.Unlock()
		if s.clients.of == nil || s.clients.epoch != epoch {
			if err := s.readClients(tx, epoch); err != nil {
				return err
			}
		}
		from = from.Unmap()
		for _, bits := range s.clients.sizes {
			p, err := from.Prefix(bits)
			if err != nil { // longer than an address of its kind
				continue
			}
			if c, ok = s.clients.of[p]; ok {
				return nil
			}
		}
		return nil
	})
	return c, ok && err == nil
}

func (s *Service) readClients(tx *store.Tx, epoch string) error {
	all, err := allNAS(tx)
	if err != nil {
		return err
	}
	s.clients.of, s.clients.sizes = map[netip.Prefix]radius.Client{}, nil
	for _, n := range all {
		secret, err := s.open(n.sealed, nasAbout(n.ID))
		if err != nil { // of this server only: it is not answered
			continue
		}
		for _, p := range n.Networks {
			s.clients.of[p] = radius.Client{ID: n.ID, Secret: secret}
			if !slices.Contains(s.clients.sizes, p.Bits()) {
				s.clients.sizes = append(s.clients.sizes, p.Bits())
			}
		}
	}
	slices.Sort(s.clients.sizes)
	slices.Reverse(s.clients.sizes)
	s.clients.epoch = epoch
	return nil
}

// nasChanged has every process read the servers anew. The mark is a number of
// its own: that of a transaction which is rolled back must not pass for another's.
func nasChanged(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE identity_context SET nas = $1", id.New())
	return err
}

package telemetry

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

const sourceColumns = "s.id, s.name, s.name_ja, s.kind, s.unit, s.product, s.category, s.service, s.networks, s.hosts, s.zone, s.silent_after, s.stopped, s.created, s.last_seen, s.silent_since, s.masks, s.mask_mode, s.class"

func readSource(r store.Scanner) (s Source, err error) {
	var networks, hosts, masks string
	var after, stopped, created, seen, silent int64
	if err = r.Scan(&s.ID, &s.Name, &s.NameJA, &s.Kind, &s.Unit, &s.Product, &s.Category, &s.Service,
		&networks, &hosts, &s.Zone, &after, &stopped, &created, &seen, &silent, &masks, &s.MaskMode, &s.Class); err != nil {
		return s, err
	}
	s.SilentAfter = time.Duration(after) * time.Millisecond
	s.Stopped, s.Created, s.LastSeen, s.SilentSince = store.Time(stopped), store.Time(created), store.Time(seen), store.Time(silent)
	var ps []string
	if err := json.Unmarshal([]byte(networks), &ps); err != nil {
		return s, fmt.Errorf("source %s: networks: %w", s.ID, err)
	}
	for _, p := range ps {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return s, fmt.Errorf("source %s: networks: %w", s.ID, err)
		}
		s.Networks = append(s.Networks, prefix)
	}
	if err := json.Unmarshal([]byte(hosts), &s.Hosts); err != nil {
		return s, fmt.Errorf("source %s: hosts: %w", s.ID, err)
	}
	if err := json.Unmarshal([]byte(masks), &s.Masks); err != nil {
		return s, fmt.Errorf("source %s: masks: %w", s.ID, err)
	}
	return s, nil
}

func findSource(tx *store.Tx, id string) (Source, error) {
	s, err := readSource(tx.QueryRow("SELECT "+sourceColumns+" FROM telemetry_source s WHERE s.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.NotFound("There is no such source, or you may not see it")
	}
	return s, err
}

func allSources(tx *store.Tx) ([]Source, error) {
	return store.Rows(tx, readSource, "SELECT "+sourceColumns+" FROM telemetry_source s ORDER BY s.id")
}

func texts(v []string) string {
	if v == nil {
		v = []string{}
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func (s Source) networksJSON() string {
	var ps []string
	for _, p := range s.Networks {
		ps = append(ps, p.String())
	}
	return texts(ps)
}

func insertSource(tx *store.Tx, s Source) (bool, error) {
	n, err := tx.Exec(`INSERT INTO telemetry_source (id, name, name_ja, kind, unit, product, category, service, networks, hosts, zone, silent_after, created, masks, mask_mode, class)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) ON CONFLICT (id) DO NOTHING`,
		s.ID, s.Name, s.NameJA, string(s.Kind), s.Unit, s.Product, s.Category, s.Service, s.networksJSON(), texts(s.Hosts), s.Zone, s.SilentAfter.Milliseconds(), tx.Millis(), texts(s.Masks), string(s.MaskMode), s.Class)
	if err != nil {
		return false, err
	}
	return n == 1, bumpEpoch(tx)
}

func updateSource(tx *store.Tx, s Source) error {
	if _, err := tx.Exec(`UPDATE telemetry_source SET name = $2, name_ja = $3, kind = $4, unit = $5, product = $6, category = $7, service = $8,
		networks = $9, hosts = $10, zone = $11, silent_after = $12, stopped = $13, silent_since = $14, masks = $15, mask_mode = $16, class = $17 WHERE id = $1`,
		s.ID, s.Name, s.NameJA, string(s.Kind), s.Unit, s.Product, s.Category, s.Service, s.networksJSON(), texts(s.Hosts), s.Zone,
		s.SilentAfter.Milliseconds(), store.Millis(s.Stopped), store.Millis(s.SilentSince), texts(s.Masks), string(s.MaskMode), s.Class); err != nil {
		return err
	}
	return bumpEpoch(tx)
}

// bumpEpoch tells every server process that sources or tokens changed.
func bumpEpoch(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE telemetry_epoch SET epoch = epoch + 1")
	return err
}

// SourceFilter narrows the list of sources; empty fields do not.
type SourceFilter struct {
	Kind  Kind
	State State
	Text  string // in id or name
	Page  keyset.Page
}

var sourceOrder = keyset.Columns{
	"name": keyset.Text("s.name"), "id": keyset.Text("s.id"), "kind": keyset.Text("s.kind"), "unit": keyset.Text("s.unit"), "seen": keyset.Int("s.last_seen"),
}

// silentSQL is StateAt(now) == Silent; $%[1]d is now in milliseconds.
const silentSQL = "(s.stopped = 0 AND s.silent_after > 0 AND $%[1]d - (CASE WHEN s.last_seen > 0 THEN s.last_seen ELSE s.created END) > s.silent_after)"

func (f SourceFilter) where(scope authz.Scope, now int64, n int) (string, []any) {
	where, args := scope.Where("s.unit", n)
	parts := []string{where}
	add := func(cond string, v any) {
		args = append(args, v)
		parts = append(parts, fmt.Sprintf(cond, n+len(args)-1))
	}
	if f.Kind != "" {
		add("s.kind = $%d", string(f.Kind))
	}
	if f.Text != "" {
		pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text)) + "%"
		add(`(s.id LIKE $%[1]d ESCAPE '\' OR LOWER(s.name) LIKE $%[1]d ESCAPE '\' OR LOWER(s.name_ja) LIKE $%[1]d ESCAPE '\')`, pattern)
	}
	switch f.State {
	case Stopped:
		parts = append(parts, "s.stopped > 0")
	case Silent:
		add(silentSQL, now)
	case Waiting:
		parts = append(parts, "s.stopped = 0 AND s.last_seen = 0")
		add("NOT "+silentSQL, now)
	case Alive:
		parts = append(parts, "s.stopped = 0 AND s.last_seen > 0")
		add("NOT "+silentSQL, now)
	}
	return strings.Join(parts, " AND "), args
}

func listSources(tx *store.Tx, scope authz.Scope, f SourceFilter) ([]Source, int, error) {
	where, args := f.where(scope, tx.Millis(), 1)
	var total int
	if err := tx.QueryRow("SELECT COUNT(*) FROM telemetry_source s WHERE "+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	after, more, order, err := f.Page.SQL(sourceOrder, "s.id", len(args)+1)
	if err != nil {
		return nil, 0, err
	}
	all, err := store.Rows(tx, readSource, "SELECT "+sourceColumns+" FROM telemetry_source s WHERE "+where+" AND "+after+order, append(args, more...)...)
	return all, total, err
}

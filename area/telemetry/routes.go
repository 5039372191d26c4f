package telemetry

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"yagura/area/telemetry/intake/mask"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// routes are all sources and tokens as intake needs them: an unchanging picture
// that is replaced when the epoch in the database moves.
type routes struct {
	epoch   int64
	sources map[string]*Source
	zones   map[string]*time.Location
	masks   map[string]*mask.Mask  // of sources that have one
	tokens  map[string]*token      // by digest
	nets    *bart.Table[[]*Source] // those with that very prefix
}

type token struct {
	id     string
	source string
	until  time.Time
}

// reload reads the picture where it changed.
func (s *Service) reload(ctx context.Context) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		var epoch int64
		if err := tx.QueryRow("SELECT MAX(epoch) FROM telemetry_epoch").Scan(&epoch); err != nil {
			return err
		}
		if r := s.routes.Load(); r != nil && r.epoch == epoch {
			return nil
		}
		r := &routes{epoch: epoch, sources: map[string]*Source{}, zones: map[string]*time.Location{}, masks: map[string]*mask.Mask{}, tokens: map[string]*token{}, nets: new(bart.Table[[]*Source])}
		all, err := allSources(tx)
		if err != nil {
			return err
		}
		for i := range all {
			src := &all[i]
			r.sources[src.ID], r.zones[src.ID] = src, src.Location()
			m, err := src.mask(s.o.MaskKey)
			if err != nil {
				return fmt.Errorf("source %s: %w", src.ID, err)
			}
			if m != nil {
				r.masks[src.ID] = m
			}
			for _, p := range src.Networks {
				same, _ := r.nets.Get(p)
				r.nets.Insert(p, append(same, src))
			}
		}
		tokens, err := store.Rows(tx, func(sc store.Scanner) (t struct {
			digest string
			token
		}, err error) {
			var until int64
			err = sc.Scan(&t.digest, &t.id, &t.source, &until)
			t.until = store.Time(until)
			return t, err
		}, "SELECT digest, id, source, until FROM telemetry_secret")
		if err != nil {
			return err
		}
		for _, t := range tokens {
			r.tokens[t.digest] = &token{t.id, t.source, t.until}
		}
		s.routes.Store(r)
		return nil
	})
}

// reloadAfter makes this process see a change at once; others see it within seconds.
func (s *Service) reloadAfter(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	if err := s.reload(ctx); err != nil {
		s.log.Warn("sources could not be read again", "error", err)
	}
	return nil
}

func (r *routes) zone(source string) *time.Location {
	if z := r.zones[source]; z != nil {
		return z
	}
	return time.UTC
}

// authenticate finds the source that a token belongs to.
func (s *Service) authenticate(secret string, now time.Time) (*Source, string, error) {
	r := s.routes.Load()
	t := r.tokens[id.Digest(secret)]
	if t == nil || !t.until.IsZero() && !now.Before(t.until) {
		return nil, "", fault.Unauthenticated("The token of the source is missing, unknown or has run out")
	}
	src := r.sources[t.source]
	if src == nil {
		return nil, "", fault.Unauthenticated("The token of the source is missing, unknown or has run out")
	}
	if !src.Stopped.IsZero() {
		return nil, "", fault.Denied("This source is stopped; nothing is taken from it")
	}
	return src, t.id, nil
}

// sender finds the source of a syslog message: of the smallest network that
// holds the address, the source that lists the host's name, else one there that
// lists no names; then the next wider network. false: nobody knows this sender.
func (r *routes) sender(addr netip.Addr, host string) (*Source, bool) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return r.sources[Quarantine], false
	}
	var found *Source
	for _, here := range r.nets.Supernets(netip.PrefixFrom(addr, addr.BitLen())) {
		var open *Source
		for _, src := range here {
			if !src.Stopped.IsZero() {
				continue
			}
			switch {
			case len(src.Hosts) == 0:
				if open == nil {
					open = src
				}
			case slices.Contains(src.Hosts, strings.ToLower(host)):
				return src, true
			}
		}
		if open != nil {
			found = open
			break
		}
	}
	if found != nil {
		return found, true
	}
	return r.sources[Quarantine], false
}

// ensureQuarantine makes the source of unknown senders.
func (s *Service) ensureQuarantine(ctx context.Context) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO telemetry_source (id, name, name_ja, kind, unit, product, category, service, networks, hosts, zone, silent_after, created)
			VALUES ($1,$2,$3,$4,'','','','','[]','[]','',0,$5) ON CONFLICT (id) DO NOTHING`,
			Quarantine, "Unknown senders", "未登録の送信元", string(quarantineKind), tx.Millis())
		return err
	})
}

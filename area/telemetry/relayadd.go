package telemetry

import (
	"context"
	"slices"
	"time"

	"yagura/area/telemetry/relay"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// tokenLife is how long a relay can be enrolled with a token.
const tokenLife = 24 * time.Hour

// AddRelay gives a relay a place. It is not trusted with anything before it is
// enrolled; see RelayToken.
func (s *Service) AddRelay(ctx context.Context, by authz.Actor, r Relay) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error {
		units, err := s.tree.Units(tx)
		if err != nil {
			return err
		}
		if err := r.check(tx, units); err != nil {
			return err
		}
		if err := by.May(Secret, r.Unit); err != nil {
			return err
		}
		n, err := tx.Exec("INSERT INTO telemetry_relay (id, name, name_ja, unit, sources, silent_after, created, created_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (id) DO NOTHING",
			r.ID, r.Name, r.NameJA, r.Unit, texts(r.Sources), r.SilentAfter.Milliseconds(), tx.Millis(), by.Who())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Invalid(fault.F("id", "This code is taken already"))
		}
		name, nameJA := "Unknown senders at "+r.Name, r.Label("ja")+"の未登録送信元"
		if fresh, err := insertSource(tx, Source{ID: r.Quarantine(), Name: name, NameJA: nameJA, Kind: quarantineKind, Unit: r.Unit}); err != nil {
			return err
		} else if !fresh {
			return fault.Invalid(fault.F("id", "This code is taken already"))
		}
		return tx.Record(by, fact.TelemetryRelayAdded{Relay: r.ID, Unit: r.Unit, Sources: r.Sources})
	}))
}

// check names what is wrong with a description.
func (r Relay) check(tx *store.Tx, units *authz.Units) error {
	var bad []fault.Field
	say := func(f fault.Field) { bad = append(bad, f) }
	if !validSource(r.ID) || len(r.ID) > 40 || r.ID == "senders" {
		say(fault.F("id", "Use lower-case letters, digits and hyphens, at most 40, beginning with a letter or digit"))
	}
	if r.Name == "" {
		say(fault.F("name", "A name is needed§relay"))
	}
	if len(r.Name) > 300 || len(r.NameJA) > 300 {
		say(fault.F("name", "The name is too long§source"))
	}
	unitOK := false
	if u, ok := units.Get(r.Unit); ok && u.Kind != authz.RegionKind {
		unitOK = true
	} else {
		say(fault.F("unit", "Choose the unit that the relay serves"))
	}
	if r.SilentAfter < minSilence || r.SilentAfter > maxSilence {
		say(fault.F("silent_after", "Choose a time from 30 seconds to 30 days"))
	}
	for _, id := range r.Sources {
		src, err := findSource(tx, id)
		if fault.Is(err, fault.KindNotFound) || err == nil && (src.Kind == quarantineKind || unitOK && !below(units, src.Unit, r.Unit)) {
			say(fault.F("sources", "The unit has no source %s", id))
		} else if err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return fault.Invalid(bad...)
	}
	return nil
}

// ownRelay loads a relay whose trust the actor may decide.
func ownRelay(tx *store.Tx, by authz.Actor, id string) (Relay, error) {
	r, err := findRelay(tx, "s.id = $1", id)
	if err != nil {
		return r, err
	}
	if err := by.See(Read, r.Unit); err != nil {
		return r, err
	}
	return r, by.May(Secret, r.Unit)
}

// RelayToken makes a token with which the relay is enrolled once within a day;
// one made before ends. It is shown once. A relay that was revoked is taken in
// again by it.
func (s *Service) RelayToken(ctx context.Context, by authz.Actor, relayID string) (relay.Token, error) {
	authority, err := s.authority()
	if err != nil {
		return relay.Token{}, err
	}
	t := relay.Token{Secret: id.Token(), Authority: authority.Fingerprint()}
	return t, s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := ownRelay(tx, by, relayID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM telemetry_relay_token WHERE relay = $1", r.ID); err != nil {
			return err
		}
		until := tx.Now.Add(tokenLife)
		if _, err := tx.Exec("INSERT INTO telemetry_relay_token (digest, relay, until) VALUES ($1,$2,$3)", id.Digest(t.Secret), r.ID, until.UnixMilli()); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetryRelayTokenIssued{Relay: r.ID, Unit: r.Unit, Until: until})
	})
}

// RevokeRelay ends all trust in a relay at once: its certificate and its token.
// What it delivered stays.
func (s *Service) RevokeRelay(ctx context.Context, by authz.Actor, relayID string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := ownRelay(tx, by, relayID)
		if err != nil {
			return err
		}
		if !r.Revoked.IsZero() {
			return fault.Conflict("The relay is revoked already")
		}
		if _, err := tx.Exec("UPDATE telemetry_relay SET revoked = $2, serial = '', next_serial = '', silent_since = 0 WHERE id = $1", r.ID, tx.Millis()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM telemetry_relay_token WHERE relay = $1", r.ID); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetryRelayRevoked{Relay: r.ID, Unit: r.Unit})
	})
}

// SeedRelay puts a relay of a made-up group into a new database, as if it had
// been enrolled and delivered for a day.
func (s *Service) SeedRelay(tx *store.Tx, system authz.Actor, r Relay, history []RelayCounts) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	report, err := encodeReport(r.Report)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO telemetry_relay (id, name, name_ja, unit, sources, silent_after, created, created_by, until, enrolled, revoked, last_seen, silent_since, address, skew, report)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`, r.ID, r.Name, r.NameJA, r.Unit, texts(slices.Clone(r.Sources)), r.SilentAfter.Milliseconds(), store.Millis(r.Created), system.Who(),
		store.Millis(r.Until), store.Millis(r.Enrolled), store.Millis(r.Revoked), store.Millis(r.LastSeen), store.Millis(r.SilentSince), r.Address, r.Skew.Milliseconds(), report); err != nil {
		return err
	}
	if _, err := insertSource(tx, Source{ID: r.Quarantine(), Name: "Unknown senders at " + r.Name, NameJA: r.Label("ja") + "の未登録送信元", Kind: quarantineKind, Unit: r.Unit}); err != nil {
		return err
	}
	for _, c := range history {
		if err := addRelayCount(tx, r.ID, c); err != nil {
			return err
		}
	}
	return tx.Record(system, fact.TelemetryRelayAdded{Relay: r.ID, Unit: r.Unit, Sources: r.Sources})
}

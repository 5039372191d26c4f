package telemetry

import (
	"context"
	"slices"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Add gives a stream of events a place and an owner. It has no token yet; see
// IssueSecret.
func (s *Service) Add(ctx context.Context, by authz.Actor, src Source) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error { return s.AddIn(tx, by, src) }))
}

// AddIn is Add within a transaction, as the demo does with many. The actor's
// units are asked; the system's actor, which has none, needs no check of them.
func (s *Service) AddIn(tx *store.Tx, by authz.Actor, src Source) error {
	if err := s.checkClass(&src); err != nil {
		return err
	}
	if by.Units() != nil {
		if err := src.check(by.Units()); err != nil {
			return err
		}
	} else if !validSource(src.ID) || src.Unit == "" || !slices.Contains(Kinds, src.Kind) {
		return fault.Invalidf("The source %s is not described well enough", src.ID)
	}
	if err := by.May(Manage, src.Unit); err != nil {
		return err
	}
	fresh, err := insertSource(tx, src)
	if err != nil {
		return err
	}
	if !fresh {
		return fault.Invalid(fault.F("id", "This code is taken already"))
	}
	return tx.Record(by, fact.TelemetrySourceAdded{Source: src.ID, Unit: src.Unit, Kind: string(src.Kind)})
}

// Change describes a source otherwise. Its id stays. Events that came before
// stay with the unit that owned it then.
func (s *Service) Change(ctx context.Context, by authz.Actor, src Source) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error {
		old, err := s.changeable(tx, by, src.ID)
		if err != nil {
			return err
		}
		if err := s.checkClass(&src); err != nil {
			return err
		}
		if err := src.check(by.Units()); err != nil {
			return err
		}
		if err := by.May(Manage, src.Unit); err != nil {
			return err
		}
		changed := old.differs(src)
		if len(changed) == 0 {
			return nil
		}
		src.Stopped, src.SilentSince = old.Stopped, old.SilentSince
		if err := updateSource(tx, src); err != nil {
			return err
		}
		changing := fact.TelemetrySourceChanged{Source: src.ID, Unit: src.Unit, Fields: changed}
		if src.Class != old.Class {
			changing.Class = src.ClassName()
		}
		return tx.Record(by, changing)
	}))
}

// changeable loads a source that the actor may manage. The quarantine is not
// anybody's to change.
func (s *Service) changeable(tx *store.Tx, by authz.Actor, id string) (Source, error) {
	src, err := findSource(tx, id)
	if err != nil {
		return src, err
	}
	if err := mayManage(by, src); err != nil {
		return src, err
	}
	if src.Kind == quarantineKind {
		return src, fault.Conflict("This source belongs to the system; nothing of it can be changed")
	}
	return src, nil
}

// differs names the fields that change.
func (s Source) differs(n Source) []string {
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", s.Name == n.Name && s.NameJA == n.NameJA}, {"kind", s.Kind == n.Kind}, {"unit", s.Unit == n.Unit},
		{"logsource", s.Product == n.Product && s.Category == n.Category && s.Service == n.Service},
		{"networks", s.networksJSON() == n.networksJSON()}, {"hosts", slices.Equal(s.Hosts, n.Hosts)},
		{"masks", s.MaskMode == n.MaskMode && slices.Equal(s.Masks, n.Masks)}, {"class", s.Class == n.Class}, {"zone", s.Zone == n.Zone}, {"silent_after", s.SilentAfter == n.SilentAfter},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

// Stop ends that anything is taken from the source: its token is refused, its
// networks are unknown. Its events stay.
func (s *Service) Stop(ctx context.Context, by authz.Actor, id string) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error {
		src, err := s.changeable(tx, by, id)
		if err != nil {
			return err
		}
		if !src.Stopped.IsZero() {
			return fault.Conflict("The source is stopped already")
		}
		src.Stopped, src.SilentSince = tx.Now, time.Time{}
		if err := updateSource(tx, src); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetrySourceStopped{Source: src.ID, Unit: src.Unit})
	}))
}

// Resume takes from the source again.
func (s *Service) Resume(ctx context.Context, by authz.Actor, id string) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error {
		src, err := s.changeable(tx, by, id)
		if err != nil {
			return err
		}
		if src.Stopped.IsZero() {
			return fault.Conflict("The source is not stopped")
		}
		src.Stopped = time.Time{}
		if err := updateSource(tx, src); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetrySourceResumed{Source: src.ID, Unit: src.Unit})
	}))
}

// Token is what is known of a source's secret; the secret itself was shown
// once and is kept by nobody here.
type Token struct {
	ID       string
	Issued   time.Time
	By       string
	Until    time.Time // zero: until it is withdrawn
	LastUsed time.Time
}

// Overlaps are how long the old token may stay valid beside a new one.
var Overlaps = []time.Duration{0, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// IssueSecret makes a new token for the source and returns it; it is not to be
// had again. Tokens that are valid now run out after overlap, so that senders
// can be changed one after the other.
func (s *Service) IssueSecret(ctx context.Context, by authz.Actor, source string, overlap time.Duration) (string, error) {
	if !slices.Contains(Overlaps, overlap) {
		return "", fault.Invalid(fault.F("overlap", "Choose how long the old token stays valid"))
	}
	secret := "ygs_" + id.Token()
	err := s.db.Change(ctx, func(tx *store.Tx) error { return s.issue(tx, by, source, secret, overlap) })
	return secret, s.reloadAfter(ctx, err)
}

func (s *Service) issue(tx *store.Tx, by authz.Actor, source, secret string, overlap time.Duration) error {
	src, err := s.secretive(tx, by, source)
	if err != nil {
		return err
	}
	until := tx.Now.Add(overlap)
	if _, err := tx.Exec("UPDATE telemetry_secret SET until = $2 WHERE source = $1 AND (until = 0 OR until > $2)", src.ID, until.UnixMilli()); err != nil {
		return err
	}
	token := id.New()
	if _, err := tx.Exec("INSERT INTO telemetry_secret (id, digest, source, issued, issued_by) VALUES ($1,$2,$3,$4,$5)",
		token, id.Digest(secret), src.ID, tx.Millis(), by.Who()); err != nil {
		return err
	}
	if err := bumpEpoch(tx); err != nil {
		return err
	}
	return tx.Record(by, fact.TelemetrySecretIssued{Source: src.ID, Unit: src.Unit, Secret: token, Overlap: until})
}

func (s *Service) secretive(tx *store.Tx, by authz.Actor, id string) (Source, error) {
	src, err := findSource(tx, id)
	if err != nil {
		return src, err
	}
	if err := by.See(Read, src.Unit); err != nil {
		return src, err
	}
	if src.Kind == quarantineKind {
		return src, fault.Conflict("This source belongs to the system; nothing of it can be changed")
	}
	return src, by.May(Secret, src.Unit)
}

// WithdrawSecret ends a token at once.
func (s *Service) WithdrawSecret(ctx context.Context, by authz.Actor, source, token string) error {
	return s.reloadAfter(ctx, s.db.Change(ctx, func(tx *store.Tx) error {
		src, err := s.secretive(tx, by, source)
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE telemetry_secret SET until = $3 WHERE source = $1 AND id = $2 AND (until = 0 OR until > $3)", src.ID, token, tx.Millis())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Conflict("This token is not valid any more")
		}
		if err := bumpEpoch(tx); err != nil {
			return err
		}
		return tx.Record(by, fact.TelemetrySecretWithdrawn{Source: src.ID, Unit: src.Unit, Secret: token})
	}))
}

func tokens(tx *store.Tx, source string) ([]Token, error) {
	return store.Rows(tx, func(r store.Scanner) (t Token, err error) {
		var issued, until, used int64
		err = r.Scan(&t.ID, &issued, &t.By, &until, &used)
		t.Issued, t.Until, t.LastUsed = store.Time(issued), store.Time(until), store.Time(used)
		return t, err
	}, "SELECT id, issued, issued_by, until, last_used FROM telemetry_secret WHERE source = $1 ORDER BY issued DESC, id DESC LIMIT 20", source)
}

// Heard notes when a source of a played group was last heard, before its events
// are played.
func (s *Service) Heard(tx *store.Tx, system authz.Actor, source string, at time.Time) error {
	if !system.IsSystem() {
		return fault.Denied("Only the system can do this")
	}
	_, err := tx.Exec("UPDATE telemetry_source SET last_seen = $1 WHERE id = $2", store.Millis(at), source)
	return err
}

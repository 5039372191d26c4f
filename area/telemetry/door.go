package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/relay"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// The door of relays. Who comes is known by the number of the certificate that
// the handshake has checked; whether the relay is trusted is asked of the
// database with every request, so that a revocation holds at once.

// Authority signs the certificates of relays; an error where there is none.
func (s *Service) authority() (*relay.Authority, error) {
	if s.o.Relays == nil {
		return nil, fault.Conflict("This server takes no relays in: telemetry.relay_listen is not configured")
	}
	return s.o.Relays, nil
}

// Enrol gives a relay its first certificate. A token is good for one
// enrolment; after an answer that was lost another token is needed.
func (s *Service) Enrol(ctx context.Context, e relay.Enrolment) (relay.Admission, error) {
	authority, err := s.authority()
	if err != nil {
		return relay.Admission{}, err
	}
	var a relay.Admission
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		rows, err := store.Rows(tx, func(r store.Scanner) (id string, err error) { return id, r.Scan(&id) },
			"SELECT relay FROM telemetry_relay_token WHERE digest = $1 AND used = 0 AND until > $2", id.Digest(e.Token), tx.Millis())
		if err != nil {
			return err
		}
		if len(rows) != 1 {
			return fault.Unauthenticated("The enrolment token is unknown, was used already, or has run out")
		}
		r, err := findRelay(tx, "s.id = $1", rows[0])
		if err != nil {
			return err
		}
		signed, err := authority.Sign(e.Request, r.ID, tx.Now)
		if err != nil {
			return fault.Invalidf("The request for a certificate is damaged: %s", oneLine(err.Error(), 200))
		}
		if _, err := tx.Exec("UPDATE telemetry_relay_token SET used = $2 WHERE digest = $1", id.Digest(e.Token), tx.Millis()); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE telemetry_relay SET serial = $2, next_serial = '', until = $3, enrolled = $4, revoked = 0, silent_since = 0 WHERE id = $1",
			r.ID, signed.Serial, signed.Until.UnixMilli(), tx.Millis()); err != nil {
			return err
		}
		a = relay.Admission{ID: r.ID, Certificate: signed.DER, Authority: authority.Certificate()}
		return tx.Record(authz.System("relay:"+r.ID), fact.TelemetryRelayEnrolled{Relay: r.ID, Unit: r.Unit, Serial: signed.Serial, Until: signed.Until})
	})
	return a, err
}

// trusted finds the relay of a certificate.
func trusted(tx *store.Tx, serial string, lock bool) (Relay, error) {
	where := "s.revoked = 0 AND (s.serial = $1 OR s.next_serial = $1)"
	if lock {
		where += " FOR UPDATE"
	}
	if serial == "" {
		return Relay{}, fault.Denied("This certificate is not trusted")
	}
	r, err := findRelay(tx, where, serial)
	if fault.Is(err, fault.KindNotFound) {
		return r, fault.Denied("This certificate is not trusted")
	}
	return r, err
}

// Renew gives a relay its next certificate; both are good until the new one is
// used for the first time.
func (s *Service) Renew(ctx context.Context, serial string, e relay.Enrolment) (relay.Admission, error) {
	authority, err := s.authority()
	if err != nil {
		return relay.Admission{}, err
	}
	var a relay.Admission
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := trusted(tx, serial, true)
		if err != nil {
			return err
		}
		signed, err := authority.Sign(e.Request, r.ID, tx.Now)
		if err != nil {
			return fault.Invalidf("The request for a certificate is damaged: %s", oneLine(err.Error(), 200))
		}
		if _, err := tx.Exec("UPDATE telemetry_relay SET serial = $2, next_serial = $3, until = $4 WHERE id = $1", r.ID, serial, signed.Serial, signed.Until.UnixMilli()); err != nil {
			return err
		}
		a = relay.Admission{ID: r.ID, Certificate: signed.DER, Authority: authority.Certificate()}
		return tx.Record(authz.System("relay:"+r.ID), fact.TelemetryRelayRenewed{Relay: r.ID, Unit: r.Unit, Serial: signed.Serial, Until: signed.Until})
	})
	return a, err
}

// mapping is what a relay serves: the sources with their networks, hosts and
// zones, and the digests of their tokens.
type mapping struct {
	Sources []Source       `json:"sources"`
	Tokens  []mappingToken `json:"tokens"`
}

type mappingToken struct {
	ID     string `json:"id"`
	Digest string `json:"digest"`
	Source string `json:"source"`
	Until  int64  `json:"until"`
}

func (m mapping) encode() (b []byte, digest string, err error) {
	b, err = json.Marshal(m)
	sum := sha256.Sum256(b)
	return b, hex.EncodeToString(sum[:]), err
}

func (s *Service) mappingOf(tx *store.Tx, r Relay) (m mapping, err error) {
	units, err := s.tree.Units(tx)
	if err != nil {
		return m, err
	}
	all, err := allSources(tx)
	if err != nil {
		return m, err
	}
	served := map[string]bool{}
	for _, src := range all {
		if r.serves(units, src) {
			served[src.ID] = true
			if src.MaskMode == Pseudonym { // the key of pseudonyms stays here, and so do they
				src.MaskMode, src.Masks = NoMask, nil
			}
			src.LastSeen, src.SilentSince = time.Time{}, time.Time{} // no reason to send it all again
			m.Sources = append(m.Sources, src)
		}
	}
	tokens, err := store.Rows(tx, func(sc store.Scanner) (t mappingToken, err error) {
		return t, sc.Scan(&t.ID, &t.Digest, &t.Source, &t.Until)
	}, "SELECT id, digest, source, until FROM telemetry_secret WHERE until = 0 OR until > $1 ORDER BY id", tx.Millis())
	for _, t := range tokens {
		if served[t.Source] {
			m.Tokens = append(m.Tokens, t)
		}
	}
	return m, err
}

const maxReportSenders = 100

func encodeReport(r relay.Report) (string, error) {
	r.Version, r.Host, r.Problem = truncate(r.Version, 100), truncate(r.Host, 255), oneLine(r.Problem, 300)
	r.Senders = r.Senders[:min(len(r.Senders), maxReportSenders)]
	for i := range r.Senders {
		r.Senders[i].Address, r.Senders[i].Host = truncate(r.Senders[i].Address, 64), truncate(r.Senders[i].Host, 255)
	}
	r.Listens = r.Listens[:min(len(r.Listens), 10)]
	b, err := json.Marshal(r)
	return string(b), err
}

// Hear takes a relay's report and tells it what it serves, where that changed.
func (s *Service) Hear(ctx context.Context, serial string, from netip.Addr, r relay.Report) (relay.Answer, error) {
	var a relay.Answer
	err := s.db.Operate(ctx, func(tx *store.Tx) error {
		x, err := trusted(tx, serial, true)
		if err != nil {
			return err
		}
		report, err := encodeReport(r)
		if err != nil {
			return err
		}
		next := x.next
		if serial == x.next { // it has its new certificate: the old one is not needed any more
			next = ""
		}
		address := ""
		if from.IsValid() {
			address = from.Unmap().String()
		}
		if _, err := tx.Exec("UPDATE telemetry_relay SET serial = $2, next_serial = $3, last_seen = $4, address = $5, skew = $6, report = $7 WHERE id = $1",
			x.ID, serial, next, tx.Millis(), address, r.Now.Sub(tx.Now).Milliseconds(), report); err != nil {
			return err
		}
		delay := time.Duration(0)
		if !r.Oldest.IsZero() {
			delay = max(0, r.Now.Sub(r.Oldest)) // both by the relay's clock
		}
		if err := addRelayCount(tx, x.ID, RelayCounts{At: tx.Now, Waiting: max(0, r.Waiting), Delay: delay}); err != nil {
			return err
		}
		m, err := s.mappingOf(tx, x)
		if err != nil {
			return err
		}
		b, digest, err := m.encode()
		if err != nil {
			return err
		}
		a = relay.Answer{Now: tx.Now, Mapping: digest}
		if digest != r.Mapping {
			a.Sources = b
		}
		return nil
	})
	return a, err
}

func addRelayCount(tx *store.Tx, id string, c RelayCounts) error {
	_, err := tx.Exec(`INSERT INTO telemetry_relay_count (relay, at, events, bytes, strayed, dropped, refused, waiting, delay) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		ON CONFLICT (relay, at) DO UPDATE SET events = telemetry_relay_count.events + excluded.events, bytes = telemetry_relay_count.bytes + excluded.bytes,
		strayed = telemetry_relay_count.strayed + excluded.strayed, dropped = telemetry_relay_count.dropped + excluded.dropped, refused = telemetry_relay_count.refused + excluded.refused,
		waiting = CASE WHEN excluded.waiting > telemetry_relay_count.waiting THEN excluded.waiting ELSE telemetry_relay_count.waiting END,
		delay = CASE WHEN excluded.delay > telemetry_relay_count.delay THEN excluded.delay ELSE telemetry_relay_count.delay END`,
		id, c.At.Truncate(relaySpan).UnixMilli(), c.Events, c.Bytes, c.Strayed, c.Dropped, c.Refused, c.Waiting, c.Delay.Milliseconds())
	return err
}

// errRepeated says that what a parcel brings is in the journal already.
var errRepeated = errors.New("telemetry: it was handed in before")

// Accept journals a relay's shipment, once. A number that was taken before is
// acknowledged again, provided the content is the same; a number that is behind
// is a conflict, by which a relay that was put back to an older state knows to
// begin a new epoch.
func (s *Service) Accept(ctx context.Context, serial string, body []byte) (relay.Ack, error) {
	sh, err := relay.Decode(body)
	if err != nil {
		return relay.Ack{}, fault.Invalidf("The shipment is damaged, nothing of it was taken: %s", oneLine(err.Error(), 200))
	}
	if err := s.level.admits(s.o); err != nil {
		return relay.Ack{}, err
	}
	now := s.db.Now()
	p := &parcel{done: make(chan error, 1)}
	for i, h := range sh.Head.Batches {
		b, err := received(h, sh.Bodies[i], now)
		if err != nil {
			return relay.Ack{}, fault.Invalidf("The shipment is damaged, nothing of it was taken: %s", oneLine(err.Error(), 200))
		}
		p.batches = append(p.batches, b)
		p.events += int64(len(b.Events))
		p.size += int64(len(b.packed))
	}
	digest := relay.Digest(body)
	from := make([]string, len(p.batches)) // as the relay names it
	for i := range p.batches {
		from[i] = p.batches[i].Source
	}
	heard := map[string]time.Time{}
	p.with = func(tx *store.Tx) error {
		r, err := trusted(tx, serial, true)
		if err != nil {
			return err
		}
		switch {
		case sh.Epoch == "" || len(sh.Epoch) > 64 || sh.Seq < 1:
			return fault.Invalidf("The shipment is damaged, nothing of it was taken: %s", "epoch")
		case sh.Epoch != r.epoch && sh.Seq != 1:
			return fault.Conflict("This is not the next shipment of the relay")
		case sh.Epoch == r.epoch && sh.Seq == r.seq && digest == r.digest:
			return errRepeated
		case sh.Epoch == r.epoch && sh.Seq <= r.seq:
			return fault.Conflict("This is not the next shipment of the relay")
		}
		if _, err := tx.Exec("UPDATE telemetry_relay SET epoch = $2, seq = $3, digest = $4, last_seen = $5 WHERE id = $1", r.ID, sh.Epoch, sh.Seq, digest, tx.Millis()); err != nil {
			return err
		}
		clear(heard)
		return s.assign(tx, r, sh, p, from, heard)
	}
	if !s.running() {
		go s.writer.write(ctx, []*parcel{p})
	} else if err := s.writer.put(ctx, p); err != nil {
		return relay.Ack{}, err
	}
	select {
	case err = <-p.done:
	case <-ctx.Done():
		return relay.Ack{}, ctx.Err()
	}
	if err != nil {
		return relay.Ack{}, err
	}
	for source, at := range heard {
		s.pulse.seen(source, at)
	}
	return relay.Ack{Epoch: sh.Epoch, Seq: sh.Seq, Repeated: p.receipt.Repeated}, nil
}

// assign says which source each batch belongs to: the one that the relay names
// where it is one of the relay's and not stopped, else the relay's unknown
// senders. Nothing that a relay says can put an event into another unit.
func (s *Service) assign(tx *store.Tx, r Relay, sh relay.Shipment, p *parcel, from []string, heard map[string]time.Time) error {
	units, err := s.tree.Units(tx)
	if err != nil {
		return err
	}
	known := map[string]*Source{}
	find := func(id string) (*Source, error) {
		if src, ok := known[id]; ok {
			return src, nil
		}
		src, err := findSource(tx, id)
		if fault.Is(err, fault.KindNotFound) {
			known[id] = nil
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !r.serves(units, src) || !src.Stopped.IsZero() {
			known[id] = nil
			return nil, nil
		}
		known[id] = &src
		return &src, nil
	}
	did := RelayCounts{At: tx.Now}
	for i := range p.batches {
		b := &p.batches[i]
		src, err := find(from[i])
		if err != nil {
			return err
		}
		if src != nil {
			b.Source, b.Unit = src.ID, src.Unit
			s.place(b, src.Class, tx.Now)
		} else {
			s.place(b, "", tx.Now)
			b.Source, b.Unit = r.Quarantine(), r.Unit
			if from[i] != Quarantine {
				did.Strayed += int64(len(b.Events))
			}
		}
		// What a relay could not mask, or did not know to mask yet.
		if m := s.routes.Load().masks[b.Source]; m != nil {
			masked := make([]Event, len(b.Events))
			for n, e := range b.Events {
				in := m.Event(intake.Event{Time: e.Time, Host: e.Host, Kind: e.Kind, Raw: e.Doc, Original: e.Original, Problem: e.Problem})
				e.Host, e.Doc, e.Original = in.Host, in.Raw, in.Original
				masked[n] = e
			}
			b.packed = pack(masked)
		}
		if heard[b.Source].Before(b.Received) {
			heard[b.Source] = b.Received
		}
		if err := s.noteLate(tx, b.Source, byRelay); err != nil {
			return err
		}
		did.Events += int64(len(b.Events))
		did.Bytes += int64(len(b.packed))
		did.Delay = max(did.Delay, tx.Now.Sub(b.Received))
	}
	sums := map[slot]*Counts{}
	for _, c := range sh.Head.Counts {
		id := r.Quarantine()
		if c.Source == "" {
			id = ""
		} else if src, err := find(c.Source); err != nil {
			return err
		} else if src != nil {
			id = src.ID
		}
		if c.Dropped < 0 || c.Refused < 0 || c.At.After(tx.Now.Add(time.Hour)) {
			continue
		}
		did.Dropped += c.Dropped
		did.Refused += c.Refused
		k := slot{id, minute, c.At.UnixMilli() - c.At.UnixMilli()%minute}
		if sums[k] == nil {
			sums[k] = &Counts{}
		}
		sums[k].add(Counts{Dropped: c.Dropped, Refused: c.Refused})
	}
	if err := addCounts(tx, sums); err != nil {
		return err
	}
	return addRelayCount(tx, r.ID, did)
}

// modest unpacks what relays send, within bounds.
var modest = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(128<<20))
	if err != nil {
		panic(err)
	}
	return d
}()

// received makes a batch of one that a relay journaled. It is looked at whole,
// so that the worker will not stumble over it, and gets a name of our own: a
// relay can name nothing that is here already.
func received(h relay.Batch, packed []byte, now time.Time) (Batch, error) {
	b := Batch{ID: id.New(), Source: h.Source, Received: h.Received.UTC().Truncate(time.Millisecond), packed: packed}
	if b.Received.IsZero() || b.Received.After(now) || b.Received.Year() < 2000 {
		b.Received = now // its clock is ahead, or wrong
	}
	changed := false
	raw, err := modest.DecodeAll(packed, nil)
	if err != nil {
		return b, err
	}
	if err := unpackRaw(raw, Event{}, func(e Event) bool {
		b.bytes += int64(len(e.Line()))
		if e.Ordinal != len(b.Events) {
			e.Ordinal, changed = len(b.Events), true
		}
		if !sayable(e.Time) {
			e.Time, changed = b.Received, true
		}
		if len(e.Host) > 255 || !utf8.ValidString(e.Host) || len(e.Kind) > 60 || len(e.Problem) > 500 || !utf8.Valid(e.Doc) || !object(e.Doc) {
			err = fmt.Errorf("event %d of batch %s is not whole", e.Ordinal, h.ID)
			return false
		}
		b.Events = append(b.Events, e)
		return true
	}); err != nil {
		return b, err
	}
	if err != nil {
		return b, err
	}
	if len(b.Events) == 0 || int64(len(b.Events)) != h.Events {
		return b, fmt.Errorf("batch %s holds %d events, not %d", h.ID, len(b.Events), h.Events)
	}
	if changed {
		b.packed = pack(b.Events)
	} else {
		b.packed = slices.Clone(packed) // the shipment's bytes are let go
	}
	return b, nil
}

func object(doc []byte) bool { return len(doc) > 1 && doc[0] == '{' && json.Valid(doc) }

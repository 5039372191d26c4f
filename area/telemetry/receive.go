package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"yagura/area/telemetry/intake"
	"yagura/kernel/fault"
)

// maxEvents is how many events one request may hold: small ones take more
// memory than their bytes.
const maxEvents = 100_000

// gate bounds the memory of requests that are being read.
type gate struct{ held atomic.Int64 }

// TooLarge says that a request is larger than the limits; the web answers 413.
type TooLarge struct{ fault error }

func (e *TooLarge) Error() string { return e.fault.Error() }
func (e *TooLarge) Unwrap() error { return e.fault }

// Delivery is one request of a sender over HTTP.
type Delivery struct {
	Token    string    // of the source
	Encoding string    // Content-Encoding: "", "identity", "gzip" or "zstd"
	Body     io.Reader // NDJSON, one JSON array, or JSON objects one after the other
	Key      string    // Idempotency-Key; empty: none
}

// Receive takes a delivery, all of it or nothing: an error means that none of
// its events was taken. Lines that are no JSON objects are taken as they came
// and counted as unreadable. It returns when everything is durable.
func (s *Service) Receive(ctx context.Context, d Delivery) (Receipt, error) {
	now := s.db.Now()
	src, token, err := s.authenticate(d.Token, now)
	if err != nil {
		return Receipt{}, err
	}
	s.pulse.used(token, now)
	if err := s.level.admits(s.o); err != nil { // before anything is read
		s.pulse.refused(src.ID, 1)
		return Receipt{}, err
	}
	if len(d.Key) > 200 {
		return Receipt{}, fault.Invalidf("The Idempotency-Key is longer than %d characters", 200)
	}
	body := &counted{r: d.Body, gate: &s.memory, limit: s.o.MaxBody, all: 4 * s.o.MaxUnpacked}
	defer body.free()
	unpacked, done, err := decode(d.Encoding, body)
	if err != nil {
		return Receipt{}, err
	}
	defer done()
	whole := &counted{r: unpacked, gate: &s.memory, limit: s.o.MaxUnpacked, all: 4 * s.o.MaxUnpacked}
	defer whole.free()
	zone := s.routes.Load().zone(src.ID)
	var events []intake.Event
	for el, err := range intake.Elements(whole, intake.Limits{}) {
		if err == nil && len(events) >= maxEvents {
			err = &TooLarge{fault.Invalidf("A request holds at most %d events; divide it", maxEvents)}
		}
		if err != nil {
			return Receipt{}, readFault(err, s, src)
		}
		events = append(events, intake.FromElement(el, zone))
	}
	receipt, err := s.Submit(ctx, src, events, d.Key)
	if fault.Is(err, fault.KindTooBusy) {
		s.pulse.refused(src.ID, int64(len(events)))
	}
	return receipt, err
}

func readFault(err error, s *Service, src *Source) error {
	if fault.As(err) != nil {
		if fault.Is(err, fault.KindTooBusy) {
			s.pulse.refused(src.ID, 1)
		}
		return err
	}
	return fault.Invalidf("The body could not be read to its end, nothing of it was taken: %s", oneLine(err.Error(), 200))
}

// decode undoes one Content-Encoding.
func decode(encoding string, r io.Reader) (io.Reader, func(), error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return r, func() {}, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			if fault.As(err) != nil {
				return nil, nil, err
			}
			return nil, nil, fault.Invalidf("The body is not %s", "gzip")
		}
		return z, func() { z.Close() }, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, fault.Invalidf("The body is not %s", "zstd")
		}
		return z, z.Close, nil
	}
	return nil, nil, fault.Invalidf("Content-Encoding %s is not understood; gzip, zstd or none is", oneLine(encoding, 40))
}

// counted ends with a fault at its limit, and when all requests together hold
// too much.
type counted struct {
	r     io.Reader
	gate  *gate
	n     int64
	limit int64
	all   int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if held := c.gate.held.Add(int64(n)); held > c.all {
		return n, fault.TooBusy(retryAfter, "Too much is being sent at once; send the same again in %d seconds", int(retryAfter.Seconds()))
	}
	if c.n > c.limit {
		return n, &TooLarge{fault.Invalidf("The request is larger than %d MiB; divide it", c.limit>>20)}
	}
	return n, err
}

func (c *counted) free() { c.gate.held.Add(-c.n) }

// patiently submits and waits while the journal is full, as a sender does that
// cannot be told to come back.
func (s *Service) patiently(ctx context.Context, src *Source, events []intake.Event) error {
	for {
		_, err := s.Submit(ctx, src, events, "")
		if !fault.Is(err, fault.KindTooBusy) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Events reads lines of NDJSON as a source's events, for the demo and tests
// that play a day without a network.
func Events(b []byte, zone *time.Location) ([]intake.Event, error) {
	var events []intake.Event
	for el, err := range intake.Elements(bytes.NewReader(b), intake.Limits{}) {
		if err != nil {
			return nil, fmt.Errorf("events: %w", err)
		}
		events = append(events, intake.FromElement(el, zone))
	}
	return events, nil
}

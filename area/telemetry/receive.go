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

// LargerThan refuses a request that is longer than so many MiB.
func LargerThan(mib int) error {
	return &TooLarge{fault.Invalidf("The request is larger than %d MiB; divide it", mib)}
}

// Delivery is one request of a sender over HTTP.
type Delivery struct {
	Token    string // of the source
	Encoding string // Content-Encoding: "", "identity", "gzip" or "zstd"
	Body     io.Reader
	Key      string // Idempotency-Key; empty: none
}

// Reader makes events of a body and hands each to add; an error of add ends it.
// Times without a zone are in the one given.
type Reader func(body io.Reader, zone *time.Location, now time.Time, add func(intake.Event) error) error

// Objects reads NDJSON, one JSON array, or JSON objects one after the other.
func Objects(body io.Reader, zone *time.Location, _ time.Time, add func(intake.Event) error) error {
	for el, err := range intake.Elements(body, intake.Limits{}) {
		if err == nil {
			err = add(intake.FromElement(el, zone))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Receive takes a delivery of JSON objects, all of it or nothing.
func (s *Service) Receive(ctx context.Context, d Delivery) (Receipt, error) {
	return s.ReceiveAs(ctx, d, Objects)
}

// ReceiveAs takes a delivery, all of it or nothing: an error means that none of
// its events was taken. What cannot be read is taken as it came and counted as
// unreadable. It returns when everything is durable.
func (s *Service) ReceiveAs(ctx context.Context, d Delivery, read Reader) (Receipt, error) {
	now := s.db.Now()
	src, err := s.admit(d.Token, now)
	if err != nil {
		return Receipt{}, err
	}
	if len(d.Key) > 200 {
		return Receipt{}, fault.Invalidf("The Idempotency-Key is longer than %d characters", 200)
	}
	var events []intake.Event
	var receipt Receipt
	err = s.open(d, func(body io.Reader) error {
		return read(body, s.routes.Load().zone(src.ID), now, func(e intake.Event) error {
			if len(events) >= maxEvents {
				return &TooLarge{fault.Invalidf("A request holds at most %d events; divide it", maxEvents)}
			}
			events = append(events, e)
			return nil
		})
	}, func() error {
		var err error
		receipt, err = s.Submit(ctx, src, events, d.Key)
		return err
	})
	if err != nil {
		return Receipt{}, s.refused(err, src, int64(max(len(events), 1)))
	}
	return receipt, nil
}

// Sender tells whether a token is good, as shippers ask before they begin.
func (s *Service) Sender(token string) error {
	_, _, err := s.authenticate(token, s.db.Now())
	return err
}

// Admits tells whether the journal takes anything at the moment.
func (s *Service) Admits() error { return s.level.admits(s.o) }

// admit finds the source of a token and refuses it while the journal is full,
// before anything is read.
func (s *Service) admit(secret string, now time.Time) (*Source, error) {
	src, token, err := s.authenticate(secret, now)
	if err != nil {
		return nil, err
	}
	s.pulse.used(token, now)
	if err := s.level.admits(s.o); err != nil {
		s.pulse.refused(src.ID, 1)
		return nil, err
	}
	return src, nil
}

// open calls read with the unpacked body, and then, while what was read still
// counts as held in memory.
func (s *Service) open(d Delivery, read func(io.Reader) error, then func() error) error {
	body := &counted{r: d.Body, gate: &s.memory, limit: s.o.MaxBody, all: 4 * s.o.MaxUnpacked}
	defer body.free()
	unpacked, done, err := decode(d.Encoding, body)
	if err != nil {
		return err
	}
	defer done()
	whole := &counted{r: unpacked, gate: &s.memory, limit: s.o.MaxUnpacked, all: 4 * s.o.MaxUnpacked}
	defer whole.free()
	if err := read(whole); err != nil {
		return readFault(err)
	}
	return then()
}

// refused counts events that a sender was told to bring again.
func (s *Service) refused(err error, src *Source, n int64) error {
	if fault.Is(err, fault.KindTooBusy) {
		s.pulse.refused(src.ID, n)
	}
	return err
}

func readFault(err error) error {
	var malformed *intake.BulkError
	if fault.As(err) != nil || errors.As(err, &malformed) {
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

// patience is how long a journal that fails – a database that is restarted, a
// disk that is full – is tried again for a sender that cannot be told to come
// back.
const patience = 5 * time.Minute

// patiently submits and waits while the journal is full or fails, as a sender
// does that cannot be told to come back.
func (s *Service) patiently(ctx context.Context, src *Source, events []intake.Event) error {
	var since time.Time // the first failure
	for {
		_, err := s.Submit(ctx, src, events, "")
		switch {
		case err == nil:
			return nil
		case fault.Is(err, fault.KindTooBusy):
			since = time.Time{}
		case ctx.Err() != nil:
			return errors.Join(err, ctx.Err())
		case since.IsZero():
			since = realNow()
			s.log.Error("telemetry: events could not be journaled; it is tried again", "source", src.ID, "events", len(events), "error", err)
		case realNow().Sub(since) > patience:
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

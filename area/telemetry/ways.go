package telemetry

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"yagura/area/telemetry/intake"
	"yagura/kernel/fault"
)

// Bodies are the forms in which events may come over HTTP.
//
// Sniffed takes JSON objects, Windows events as XML and exports of systemd's
// journal, told apart by how they begin.
func Sniffed(body io.Reader, zone *time.Location, now time.Time, add func(intake.Event) error) error {
	in := bufio.NewReaderSize(body, 64<<10)
	head, _ := in.Peek(512)
	switch {
	case intake.IsXML(head):
		return Lines(in, zone, now, add)
	case bytes.HasPrefix(head, []byte("__CURSOR=")) || bytes.HasPrefix(head, []byte("__REALTIME_TIMESTAMP=")):
		return Lines(in, zone, now, add)
	}
	return Objects(in, zone, now, add)
}

// Lines takes what a file may hold: lines of syslog and of the Linux audit
// system, and all that Sniffed takes.
func Lines(body io.Reader, zone *time.Location, now time.Time, add func(intake.Event) error) error {
	files := intake.Source{Zone: zone, Now: now, MaxBytes: 128 << 20}
	for e, err := range files.Stream("", body) {
		if err == nil {
			err = add(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// journalStep is how many entries of an upload become durable together.
const journalStep = 500

// ReceiveJournal takes an upload of systemd's journal, which may be longer than
// any request and never ends as a whole. Entries become durable in steps; the
// sender repeats from its last whole upload, so each step is known by its first
// and last cursor and taken once within a day. A sender that can show no token
// is known by its address, as one of syslog.
func (s *Service) ReceiveJournal(ctx context.Context, d Delivery, from netip.Addr) (int64, error) {
	src, err := s.uploader(d.Token, from)
	if err != nil {
		return 0, err
	}
	unpacked, done, err := decode(d.Encoding, d.Body)
	if err != nil {
		return 0, err
	}
	defer done()
	var step []intake.Event
	var taken int64
	size := 0
	flush := func() error {
		if len(step) == 0 {
			return nil
		}
		key := fmt.Sprintf("journal %d %s %s", len(step), cursor(step[0]), cursor(step[len(step)-1]))
		if cursor(step[0]) == "" {
			key = ""
		}
		if _, err := s.Submit(ctx, src, step, key); err != nil {
			return s.refused(err, src, int64(len(step)))
		}
		taken += int64(len(step))
		step, size = nil, 0
		return s.uploaded(ctx, src.ID)
	}
	for e, err := range intake.Journal(unpacked, intake.Limits{}) {
		if err != nil {
			return taken, readFault(err)
		}
		step = append(step, e)
		if size += len(e.Raw) + len(e.Original); len(step) >= journalStep || size >= batchBytes {
			if err := flush(); err != nil {
				return taken, err
			}
		}
	}
	return taken, flush()
}

func cursor(e intake.Event) string {
	line, _, _ := bytes.Cut(e.Original, []byte("\n"))
	if c, ok := bytes.CutPrefix(line, []byte("__CURSOR=")); ok && len(c) < 400 {
		return string(c)
	}
	return ""
}

// uploader finds the source of an upload.
func (s *Service) uploader(token string, from netip.Addr) (*Source, error) {
	src, err := s.admit(token, s.db.Now())
	if err == nil || token != "" || !fault.Is(err, fault.KindUnauthenticated) {
		return src, err
	}
	known, ok := s.routes.Load().sender(from, "")
	if !ok || known.IsQuarantine() {
		return nil, err
	}
	if err := s.level.admits(s.o); err != nil {
		s.pulse.refused(known.ID, 1)
		return nil, err
	}
	return known, nil
}

package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"yagura/area/telemetry/relay"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// Forwarder delivers what a relay's journal holds to the centre. One shipment
// is under way at a time; what is in it is written down before it is sent, and
// deleted after the centre said that it is on disk there. Ended at any moment,
// the same shipment is sent again, and the centre takes it once.
type Forwarder struct {
	Service *Service
	Folder  string // of the identity
	Version string
	Started time.Time
	Listens []string
	// Bandwidth is how many bytes a second may be sent; 0: as many as go.
	Bandwidth int64
	// Pause is the first wait after a failure; 0 = 1 s. It doubles up to a minute.
	Pause time.Duration
	// Beat is how often the centre is told how the relay does; 0 = 10 s.
	Beat time.Duration

	identity relay.Identity
	client   *relay.Client
	problem  string // why the last delivery failed
}

// A shipment holds at most so much, so that a slow line gets it through.
const (
	shipBatches = 100
	shipBytes   = 1 << 20
	longestWait = time.Minute
)

// Run reports and delivers until the context ends.
func (f *Forwarder) Run(ctx context.Context) error {
	if f.Pause == 0 {
		f.Pause = time.Second
	}
	if f.Beat == 0 {
		f.Beat = 10 * time.Second
	}
	var err error
	if f.identity, err = relay.Load(f.Folder); err != nil {
		return err
	}
	if err := f.Service.db.Operate(ctx, func(tx *store.Tx) error { return ensureOutbox(tx, id.New()) }); err != nil {
		return err
	}
	f.connect()
	defer func() { f.client.Close() }()
	var reported time.Time
	wait, failed := f.Pause, false
	for ctx.Err() == nil {
		err := error(nil)
		if now := realNow(); failed || now.Sub(reported) >= f.Beat || now.Before(reported) {
			if err = f.report(ctx); err == nil {
				reported = now
			}
		}
		more := false
		if err == nil {
			more, err = f.deliver(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		f.note(ctx, err)
		if err == nil {
			wait, failed = f.Pause, false
			if !more {
				f.rest(ctx, min(linger, f.Beat))
			}
			continue
		}
		f.Service.log.Warn("relay: nothing goes to the centre", "to", f.identity.To, "error", err)
		pause := wait/2 + rand.N(wait)
		var refused *relay.Refused
		if errors.As(err, &refused) && refused.After > 0 {
			pause = refused.After + rand.N(f.Pause)
		}
		failed = true
		wait = min(2*wait, longestWait)
		f.rest(ctx, pause)
	}
	return nil
}

func (f *Forwarder) rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (f *Forwarder) connect() {
	if f.client != nil {
		f.client.Close()
	}
	f.client = relay.NewClient(f.identity, f.Service.clock.Now)
}

// note keeps why nothing goes, for the status and the centre.
func (f *Forwarder) note(ctx context.Context, err error) {
	problem := ""
	if err != nil {
		problem = oneLine(err.Error(), 300)
	}
	if problem == f.problem {
		return
	}
	f.problem = problem
	if err := f.Service.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE telemetry_outbox SET problem = $1", problem)
		return err
	}); err != nil && ctx.Err() == nil {
		f.Service.log.Error("relay: a failure could not be noted", "error", err)
	}
}

// report tells the centre how the relay does, learns which sources it serves,
// and renews the certificate when it is time.
func (f *Forwarder) report(ctx context.Context) error {
	s := f.Service
	host, _ := os.Hostname()
	r := relay.Report{Version: f.Version, Host: host, Now: s.db.Now(), Started: f.Started, Cap: s.o.CapBytes, Problem: f.problem, Listens: f.Listens}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		var oldest int64
		if err := tx.QueryRow("SELECT COALESCE(MIN(received), 0) FROM (SELECT received FROM telemetry_batch WHERE state = 0 ORDER BY id LIMIT 1) AS oldest").Scan(&oldest); err != nil {
			return err
		}
		r.Oldest = store.Time(oldest)
		list, err := senders(tx)
		if err != nil {
			return err
		}
		for _, x := range list {
			r.Senders = append(r.Senders, relay.Sender(x))
		}
		return tx.QueryRow("SELECT mapping FROM telemetry_outbox").Scan(&r.Mapping)
	}); err != nil {
		return err
	}
	r.Waiting, r.Bytes = s.level.events.Load(), s.level.size.Load()
	a, err := f.client.Report(ctx, r)
	if err != nil {
		return err
	}
	if err := s.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE telemetry_outbox SET contact = $1", tx.Millis())
		return err
	}); err != nil {
		return err
	}
	if len(a.Sources) > 0 && a.Mapping != r.Mapping {
		if err := s.mirror(ctx, a.Sources, a.Mapping); err != nil {
			return err
		}
	}
	if f.identity.Stale(s.clock.Now()) {
		next, err := f.client.Renew(ctx, f.identity)
		if err != nil {
			return err
		}
		if err := next.Save(f.Folder); err != nil {
			return err
		}
		f.identity = next
		f.connect()
		s.log.Info("relay: the certificate is renewed", "until", next.Until())
	}
	return nil
}

// deliver sends one shipment; more tells whether another may wait.
func (f *Forwarder) deliver(ctx context.Context) (more bool, err error) {
	s := f.Service
	sh, err := f.prepare(ctx)
	if err != nil || sh.Seq == 0 {
		return false, err
	}
	if err := s.step("prepared"); err != nil {
		return false, err
	}
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		batches := make([]Batch, len(sh.Head.Batches))
		for i, b := range sh.Head.Batches {
			batches[i].ID = b.ID
		}
		sh.Bodies = nil
		if err := loadBodies(tx, batches); err != nil {
			return err
		}
		for _, b := range batches {
			sh.Bodies = append(sh.Bodies, b.packed)
		}
		return nil
	}); err != nil {
		return false, err
	}
	body, err := sh.Encode()
	if err != nil {
		return false, err
	}
	ack, err := f.client.Ship(ctx, body, f.slow(ctx))
	var refused *relay.Refused
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		// This journal is not the one that the centre knows by this epoch: it was put
		// back to an older state.
		if err := f.newEpoch(ctx, sh); err != nil {
			return false, err
		}
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if ack.Epoch != sh.Epoch || ack.Seq != sh.Seq {
		return false, errors.New("the centre acknowledged another shipment")
	}
	if err := s.step("shipped"); err != nil {
		return false, err
	}
	return true, f.settle(ctx, sh)
}

// prepare returns the shipment that is under way, or writes down the next.
func (f *Forwarder) prepare(ctx context.Context) (sh relay.Shipment, err error) {
	s := f.Service
	var something bool
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT (SELECT head FROM telemetry_outbox) <> '' OR EXISTS (SELECT 1 FROM telemetry_batch WHERE state = 0) OR EXISTS (SELECT 1 FROM telemetry_count)").Scan(&something)
	}); err != nil || !something {
		return sh, err
	}
	err = s.db.Operate(ctx, func(tx *store.Tx) error {
		sh = relay.Shipment{}
		var head string
		if err := tx.QueryRow("SELECT epoch, seq, head FROM telemetry_outbox").Scan(&sh.Epoch, &sh.Seq, &head); err != nil {
			return err
		}
		if head != "" {
			return json.Unmarshal([]byte(head), &sh.Head)
		}
		sh.Seq++
		batches, err := store.Rows(tx, func(r store.Scanner) (b relay.Batch, err error) {
			var received int64
			err = r.Scan(&b.ID, &b.Source, &received, &b.Events, &b.Bytes, &b.Size)
			b.Received = store.Time(received)
			return b, err
		}, "SELECT id, source, received, events, bytes, size FROM telemetry_batch WHERE state = 0 ORDER BY id LIMIT $1", shipBatches)
		if err != nil {
			return err
		}
		size := int64(0)
		for _, b := range batches {
			if size += b.Size; len(sh.Head.Batches) > 0 && size > shipBytes {
				break
			}
			sh.Head.Batches = append(sh.Head.Batches, b)
		}
		sh.Head.Counts, err = store.Rows(tx, func(r store.Scanner) (c relay.Count, err error) {
			var at int64
			err = r.Scan(&c.Source, &at, &c.Dropped, &c.Refused)
			c.At = store.Time(at)
			return c, err
		}, "DELETE FROM telemetry_count WHERE span = $1 RETURNING source, at, dropped, refused", minute)
		if err != nil {
			return err
		}
		if len(sh.Head.Batches) == 0 && len(sh.Head.Counts) == 0 {
			sh.Seq = 0
			return nil
		}
		b, err := json.Marshal(sh.Head)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE telemetry_outbox SET seq = $1, head = $2", sh.Seq, string(b))
		return err
	})
	return sh, err
}

// settle forgets what was delivered.
func (f *Forwarder) settle(ctx context.Context, sh relay.Shipment) error {
	s := f.Service
	err := s.db.Operate(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if len(sh.Head.Batches) > 0 {
			args := make([]any, len(sh.Head.Batches))
			for i, b := range sh.Head.Batches {
				args[i] = b.ID
			}
			for _, q := range []string{"DELETE FROM telemetry_batch WHERE id IN ", "DELETE FROM telemetry_body WHERE batch IN "} {
				if _, err := tx.Exec(q+marks(0, len(args)), args...); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec("UPDATE telemetry_outbox SET head = '', contact = $1", tx.Millis())
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range sh.Head.Batches {
		s.level.add(-b.Events, -b.Size)
	}
	return s.step("settled")
}

// newEpoch has what is under way sent as the first shipment of a new epoch.
func (f *Forwarder) newEpoch(ctx context.Context, sh relay.Shipment) error {
	f.Service.log.Warn("relay: the centre knows a later state of this relay's journal, which seems to have been restored; a new count begins", "epoch", sh.Epoch, "shipment", sh.Seq)
	return f.Service.db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE telemetry_outbox SET epoch = $1, seq = 1", id.New())
		return err
	})
}

// slow bounds how fast is sent.
func (f *Forwarder) slow(ctx context.Context) func(io.Reader) io.Reader {
	if f.Bandwidth <= 0 {
		return nil
	}
	return func(r io.Reader) io.Reader { return &slowly{ctx: ctx, r: r, rate: f.Bandwidth} }
}

// slowly reads at most so many bytes a second.
type slowly struct {
	ctx   context.Context
	r     io.Reader
	rate  int64
	began time.Time
	n     int64
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.began.IsZero() {
		s.began = realNow()
	}
	ahead := time.Duration(s.n*int64(time.Second)/s.rate) - realNow().Sub(s.began)
	if ahead > 0 {
		select {
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		case <-time.After(ahead):
		}
	}
	most := int(max(1, min(s.rate/4, 64<<10)))
	n, err := s.r.Read(p[:min(len(p), most)])
	s.n += int64(n)
	return n, err
}

// Outbox is how a relay does by its own account.
type Outbox struct {
	To       string    `json:"to"`
	ID       string    `json:"id"`
	Until    time.Time `json:"certificate_until"`
	Waiting  int64     `json:"waiting"`
	Bytes    int64     `json:"bytes"`
	Oldest   time.Time `json:"oldest,omitzero"`
	Contact  time.Time `json:"last_contact,omitzero"`
	Problem  string    `json:"problem,omitempty"`
	Shipment int64     `json:"shipment"`
	Sources  int64     `json:"sources"`
}

// ReadOutbox looks at a relay's database, beside the running relay too.
func ReadOutbox(ctx context.Context, db *store.DB, identity relay.Identity) (Outbox, error) {
	o := Outbox{To: identity.To, ID: identity.ID(), Until: identity.Until()}
	return o, db.View(ctx, func(tx *store.Tx) error {
		var oldest, contact int64
		if err := tx.QueryRow("SELECT COALESCE(SUM(events), 0), COALESCE(SUM(size), 0), COALESCE(MIN(received), 0) FROM telemetry_batch WHERE state = 0").Scan(&o.Waiting, &o.Bytes, &oldest); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COALESCE(MAX(seq), 0), COALESCE(MAX(contact), 0), COALESCE(MAX(problem), '') FROM telemetry_outbox").Scan(&o.Shipment, &contact, &o.Problem); err != nil {
			return err
		}
		o.Oldest, o.Contact = store.Time(oldest), store.Time(contact)
		return tx.QueryRow("SELECT COUNT(*) FROM telemetry_source WHERE id <> $1", Quarantine).Scan(&o.Sources)
	})
}

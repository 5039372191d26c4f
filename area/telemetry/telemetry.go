// Package telemetry brings what happens on networks, terminals, servers and
// clouds to one place and keeps it. Its promise: an event is acknowledged only
// when it is on disk in the journal; whatever ends the program, and whenever,
// no acknowledged event is missing from the event store afterwards, and none
// is looked at twice by detection. What comes and cannot be read is kept as it
// came, with the reason. What is lost on the way, as UDP loses, is counted and
// shown. Every event keeps the bytes it came in.
//
// Nouns: a source is a stream of events with an owner; a batch is what was
// journaled and acknowledged at once, of one source; an event is the n-th of
// its batch and is named by both, so the same event has the same name however
// often a batch is worked on.
package telemetry

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/relay"
	"yagura/kernel/authz"
	"yagura/kernel/clock"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of sources, journal and counters.
var Migrations = store.Migrations{Area: "telemetry", SQL: schema}

// The acts.
const (
	Read   authz.Act = "telemetry.read"          // see sources and search events of the unit
	Manage authz.Act = "telemetry.manage"        // add, change, stop sources; import files
	Secret authz.Act = "telemetry.source.secret" // issue and withdraw tokens
)

// Acts says who may do what. A company's contact reads its own sources; tokens
// are in the hands of those who run the sensors.
var Acts = authz.Table{
	Read:   {authz.Admin, authz.Head, authz.Officer, authz.Lead, authz.Handler, authz.Analyst, authz.Engineer, authz.Regional, authz.Contact, authz.Assessor},
	Manage: {authz.Admin, authz.Lead, authz.Analyst},
	Secret: {authz.Admin, authz.Analyst},
}

// Detector looks at events and lets what it found take effect.
type Detector interface {
	// Match finds; it changes nothing and may be called again with the same
	// events. nil: nothing was found.
	Match(ctx context.Context, events []Event) (Findings, error)
	// Apply writes what Match found. It runs in the transaction that marks the
	// events as done, and so takes effect once. It may run again after the
	// transaction was rolled back, and has no other effects.
	Apply(tx *store.Tx, found Findings) error
}

// Findings are what a detector found; nil for nothing. Only it looks inside.
type Findings any

// Notifier tells people within the transaction of the fact.
type Notifier interface {
	// SourceSilent says that a source has been silent since the time given.
	SourceSilent(tx *store.Tx, s Source, since time.Time) error
	// RelaySilent says that a relay has not reported since the time given.
	RelaySilent(tx *store.Tx, r Relay, since time.Time) error
}

// Options are what a Service needs; only DB and Events must be there.
type Options struct {
	DB       *store.DB
	Events   Store
	Detector Detector
	Notifier Notifier
	Log      *slog.Logger
	// Units tells where units stand; nil: it is read from the database.
	Units Tree
	// Relays signs the certificates of relays; nil: none are taken in.
	Relays *relay.Authority

	// EventLog reads Windows event logs at import; nil: they are refused.
	EventLog intake.EventLog

	// MaskKey makes pseudonyms of personal values; all servers of an installation
	// have the same. Without one such values are removed.
	MaskKey []byte

	// Classes are by how long events are kept, as the event store has it, the
	// standard one first; none: that is not known, as on a relay.
	Classes []Class

	// Workers is how many batches are worked on at once by this process; 0 = 2.
	// Below zero this process only takes in.
	Workers int
	// CapEvents and CapBytes (compressed) are how much may wait in the journal;
	// past either, senders are told to come back. 0 = 5 million, 2 GiB.
	CapEvents, CapBytes int64
	// Relay says that this process only journals: a Forwarder empties the journal.
	Relay bool
	// Hold is how long a batch stays in the journal after it was done, in case
	// the event store forgets it in a crash; 0 = 120 s.
	Hold time.Duration
	// Limits of a request; 0 = 32 MiB as it comes, 128 MiB unpacked.
	MaxBody, MaxUnpacked int64
}

// Service is the area.
type Service struct {
	db       *store.DB
	events   Store
	detector Detector
	notifier Notifier
	tree     Tree
	log      *slog.Logger
	clock    clock.Clock
	o        Options
	node     string // names this process in claims

	writer  *writer
	level   level
	pulse   pulse
	routes  atomic.Pointer[routes]
	memory  gate
	wake    chan struct{}
	claimed struct {
		sync.Mutex
		ids map[string]bool
	}
	udp struct {
		sync.Mutex
		sockets []*udpSocket
	}

	restoring sync.Mutex // one at a time writes again
	late      sync.Map   // way and source of events that are kept on the way → when it was noted

	// step is called between the steps of the worker and the writer; tests end
	// the work there. The next step is not taken when it returns an error.
	step func(at string) error

	started atomic.Bool
	run     struct {
		sync.Mutex
		ctx    context.Context
		cancel context.CancelFunc
		wg     sync.WaitGroup
	}
}

// New returns a service that is not started yet.
func New(o Options) (*Service, error) {
	if o.Relay {
		o.Workers = -1
	}
	if o.DB == nil || o.Events == nil && !o.Relay {
		return nil, fmt.Errorf("telemetry: a database and an event store are needed")
	}
	if o.Detector == nil {
		o.Detector = blind{}
	}
	if o.Units == nil {
		o.Units = authz.NewDirectory(authz.NewPolicy(Acts))
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.CapEvents, 5_000_000)
	def(&o.CapBytes, 2<<30)
	def((*int64)(&o.Hold), int64(120*time.Second))
	def(&o.MaxBody, 32<<20)
	def(&o.MaxUnpacked, 128<<20)
	s := &Service{db: o.DB, events: o.Events, detector: o.Detector, notifier: o.Notifier, tree: o.Units, log: o.Log,
		clock: o.DB.Clock(), o: o, node: id.New(), wake: make(chan struct{}, 1)}
	s.claimed.ids = map[string]bool{}
	s.step = func(string) error { return nil }
	s.pulse.sources = map[string]*beat{}
	s.writer = newWriter(s)
	return s, nil
}

// blind is the detector that finds nothing.
type blind struct{}

func (blind) Match(context.Context, []Event) (Findings, error) { return nil, nil }
func (blind) Apply(*store.Tx, Findings) error                  { return nil }

// Start begins to take in and to work. What a former run left in the journal
// is taken up at once; batches that the event store forgot are written again.
func (s *Service) Start(ctx context.Context) error {
	s.run.Lock()
	defer s.run.Unlock()
	if s.run.cancel != nil {
		return fmt.Errorf("telemetry: started twice")
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.run.ctx, s.run.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.started.Store(true)
	s.goes(s.writer.run)
	for range s.o.Workers {
		s.goes(s.work)
	}
	s.goes(s.keepHouse)
	return nil
}

// begin does what must be done before the first event.
func (s *Service) begin(ctx context.Context) error {
	if err := s.ensureQuarantine(ctx); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if err := s.reload(ctx); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if err := s.release(ctx); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if err := s.measure(ctx); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	return nil
}

// running tells whether Start was called. After Close it stays so: what comes
// then is refused.
func (s *Service) running() bool { return s.started.Load() }

func (s *Service) goes(f func(context.Context)) {
	ctx := s.run.ctx
	s.run.wg.Go(func() { f(ctx) })
}

// Close stops taking in, journals what was received, and returns when all work
// at hand is done; the rest waits in the journal. Listeners are to be closed
// before, by ending the contexts they were given.
func (s *Service) Close() error {
	s.run.Lock()
	defer s.run.Unlock()
	if s.run.cancel == nil {
		return nil
	}
	s.writer.close()
	s.run.cancel()
	s.run.wg.Wait()
	s.run.cancel = nil
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.flush(ctx)
}

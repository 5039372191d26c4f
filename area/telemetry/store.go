package telemetry

import (
	"context"
	"io"
	"iter"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// Store keeps events; Victoria is one.
type Store interface {
	// Append writes batches. The same batch may come again, also in part; every
	// event is there once afterwards. When it returns nil the events can be found;
	// whether they survive a crash is for Missing to say.
	Append(ctx context.Context, batches []Batch) error
	// Missing tells which of the batches are not wholly there. Of one that comes
	// with its events those are not missed whose retention is over meanwhile.
	Missing(ctx context.Context, batches []Batch) ([]string, error)
	// Query hands out what is found, newest first, at most q.Limit events, and
	// says in c how far it looked once it ended.
	Query(ctx context.Context, q Query, c *Coverage) iter.Seq2[Event, error]
	// Rows answers a LogsQL query with pipes (q.Text), row by row, at most most of
	// them, and says in c whether that was all. Columns that are empty are left
	// out of a row.
	Rows(ctx context.Context, q Query, most int, c *Coverage) iter.Seq2[Row, error]
	// Survey counts what is found, over time and by fields, with the first page.
	Survey(ctx context.Context, q Query, o SurveyOptions) (Survey, error)
	// Find returns one event; a fault of kind not found where it is not there or
	// not in the scope.
	Find(ctx context.Context, scope authz.Scope, id string) (Event, error)
	// Size is how much is kept.
	Size(ctx context.Context) (Size, error)
	// Returned gets a value each time a part of the store was away and is back:
	// what it held in memory may be lost.
	Returned() <-chan struct{}
	// Dump writes all events for a backup, and Load reads them into an empty store.
	Dump(ctx context.Context, w io.Writer) (events int64, err error)
	Load(ctx context.Context, r io.Reader) (events int64, err error)
}

// Coverage says how far an answer looked. An answer never pretends to be whole.
type Coverage struct {
	Scanned int64     // events looked at
	Partial bool      // older events in the range were not looked at
	Until   time.Time // with Partial: the oldest moment that was looked at; zero: not known
	// Why says with Partial what kept it from being whole, where that was not the
	// bounds of the question, such as a part of the store that does not answer.
	Why text.Message
}

// Row is one row of an answer with pipes, in the order the store gave.
type Row []Column

// Column is a field of a row.
type Column struct{ Name, Value string }

// Table is an answer with pipes, gathered.
type Table struct {
	Coverage
	Columns []string   // in the order in which they first occurred
	Rows    [][]string // each as long as Columns
}

// SurveyOptions say what to count.
type SurveyOptions struct {
	Buckets int // of the histogram, at most 400; 0: none
	Sample  int // how many of the newest hits are taken apart into fields; 0: none
	Values  int // how many values of a field are returned, the most frequent; 0 = 10
}

// Survey is what a query finds, counted.
type Survey struct {
	Coverage
	Events  []Event // the first page
	More    bool    // there are events behind this page
	Total   int64   // hits among the events looked at
	Step    time.Duration
	Buckets []Bucket // oldest first, also those without a hit
	Fields  []Field  // most frequent first
	Sampled int      // hits that Fields was counted over
}

// Bucket is one bar of the histogram.
type Bucket struct {
	From time.Time
	N    int64
}

// Field is a name that occurs in the hits, and its values.
type Field struct {
	Name   string
	N      int  // hits that have it
	Many   bool // there are more values than are counted
	Values []Value
}

// Value is a value of a field with the number of hits that have it.
type Value struct {
	Text string
	N    int
}

// Size is how much a store keeps.
type Size struct {
	Events int64
	Bytes  int64 // as stored
	Oldest time.Time
	// Classes say it of each class.
	Classes []ClassSize
}

// ClassSize is how much is kept of a class.
type ClassSize struct {
	Class
	Events int64
	Bytes  int64
	Oldest time.Time
}

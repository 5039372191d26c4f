// Package geo tells in which country an address is used, from a file in the
// MaxMind database format that the operator supplies. The file is read anew
// when it changes; one that can't be read leaves the last good one in use.
package geo

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Point is where an address is used, as far as the file knows.
type Point struct {
	Country   string  // ISO 3166-1 alpha-2; empty: not known
	Latitude  float64 // degrees; with Located alone
	Longitude float64
	Located   bool
}

// Kilometres is the distance of two points over the ground.
func (p Point) Kilometres(q Point) float64 {
	const radius, degree = 6371.0, math.Pi / 180
	sin := func(x float64) float64 { s := math.Sin(x * degree / 2); return s * s }
	h := sin(q.Latitude-p.Latitude) + math.Cos(p.Latitude*degree)*math.Cos(q.Latitude*degree)*sin(q.Longitude-p.Longitude)
	return 2 * radius * math.Asin(math.Sqrt(min(h, 1)))
}

// lookEvery is how often it is looked whether the file has changed.
const lookEvery = 10 * time.Second

// largest is the largest file that is read: those of whole cities take less
// than a tenth of it.
const largest = 1 << 30

// File is a database of addresses. Without a path it knows nothing.
type File struct {
	path string

	mu      sync.Mutex
	reader  *maxminddb.Reader
	looked  time.Time
	stamp   time.Time
	size    int64
	problem error
}

// Open reads the file; whether it can be read is told by State.
func Open(path string, now time.Time) *File {
	f := &File{path: path}
	f.current(now)
	return f
}

// State is what is known of the file itself.
type State struct {
	Path    string // empty: there is none
	Kind    string // as the file calls itself
	Built   time.Time
	Problem error // why it is not read; an older one may be in use
}

// State tells which file is in use.
func (f *File) State(now time.Time) State {
	r, problem := f.current(now)
	s := State{Path: f.path, Problem: problem}
	if r != nil {
		s.Kind, s.Built = r.Metadata.DatabaseType, time.Unix(int64(r.Metadata.BuildEpoch), 0).UTC()
	}
	return s
}

// Of is where an address is used.
func (f *File) Of(a netip.Addr, now time.Time) (p Point) {
	r, _ := f.current(now)
	if r == nil || !a.IsValid() {
		return p
	}
	var found struct {
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Location struct {
			Latitude  *float64 `maxminddb:"latitude"`
			Longitude *float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := r.Lookup(a.Unmap()).Decode(&found); err != nil { // of another kind, or an IPv6 address in a file of IPv4
		return p
	}
	if c := found.Country.Code; len(c) == 2 {
		p.Country = c
	}
	if l := found.Location; l.Latitude != nil && l.Longitude != nil && math.Abs(*l.Latitude) <= 90 && math.Abs(*l.Longitude) <= 180 {
		p.Latitude, p.Longitude, p.Located = *l.Latitude, *l.Longitude, true
	}
	return p
}

// current is the reader, renewed where the file has changed. The file is read
// into memory: one that is replaced or cut while it is in use does no harm.
// Whoever notices the change reads; the others go on with what there is.
func (f *File) current(now time.Time) (*maxminddb.Reader, error) {
	if f == nil || f.path == "" {
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.looked.IsZero() && now.Sub(f.looked).Abs() < lookEvery {
		return f.reader, f.problem
	}
	f.looked = now
	info, err := os.Stat(f.path)
	if err != nil {
		f.stamp, f.problem = time.Time{}, err
		return f.reader, f.problem
	}
	if info.ModTime().Equal(f.stamp) && info.Size() == f.size {
		return f.reader, f.problem
	}
	f.stamp, f.size = info.ModTime(), info.Size()
	f.mu.Unlock()
	r, err := read(f.path, info.Size())
	f.mu.Lock()
	if f.problem = err; err == nil {
		f.reader = r
	}
	return f.reader, f.problem
}

func read(path string, size int64) (*maxminddb.Reader, error) {
	if size > largest {
		return nil, fmt.Errorf("%s: larger than 1 GiB", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := maxminddb.OpenBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

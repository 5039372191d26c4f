// Package simulator plays CVE Services, with its paths, states, quota, pages and
// errors, for rehearsals and tests. Unless it is told otherwise it gives out IDs
// of the year 1900 alone, which nobody can take for real ones (CNA Rules 5.4).
package simulator

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"yagura/area/psirt/cve"
	"yagura/kernel/clock"
	"yagura/kernel/file"
	"yagura/kernel/id"
)

// Service is the simulated service. It is an http.Handler of the paths below /api.
type Service struct {
	mu       sync.Mutex
	s        state
	file     string
	clock    clock.Clock
	realYear bool
	mux      *http.ServeMux
}

// Options are how a simulator begins.
type Options struct {
	File      string // where it keeps its state; empty: nowhere
	RealYears bool   // IDs of the year asked for instead of CVE-1900-
	Clock     clock.Clock
}

// state is all that the service knows, as it is kept in its file.
type state struct {
	Version int
	Orgs    []*org
	IDs     []*entry
	Next    map[string]*counters // by year
}

type org struct {
	UUID, ShortName, Name string
	Roles                 []string
	Quota                 int
	Users                 []*user
	Created, Modified     time.Time
}

type user struct {
	UUID, Name, First, Last string
	Roles                   []string
	Active                  bool
	Key                     string // digest
	Created, Modified       time.Time
}

type entry struct {
	ID                   cve.ID
	State                cve.State
	Owner, ByOrg, ByUser string
	Reserved, Modified   time.Time
	Published, Rejected  time.Time
	Record               *cve.Node `json:",omitempty"`
}

// counters are where the two blocks of a year's numbers have come to.
type counters struct{ Priority, General int }

const pageSize = 500

// New makes a simulator, or opens one that was kept.
func New(o Options) (*Service, error) {
	s := &Service{file: o.File, clock: o.Clock, realYear: o.RealYears, s: state{Version: 1, Next: map[string]*counters{}}}
	if s.clock == nil {
		s.clock = clock.System()
	}
	if s.file != "" {
		raw, err := os.ReadFile(s.file)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			if err := json.Unmarshal(raw, &s.s); err != nil || s.s.Version != 1 || s.s.Next == nil {
				return nil, fmt.Errorf("cve simulator: %s is not a file of the simulator: %w", s.file, errors.Join(err))
			}
		}
	}
	s.routes()
	return s, nil
}

// Admit sees to it that there is an organisation with a user, a CNA with a quota
// and the user's key. What there is already keeps its IDs.
func (s *Service) Admit(short, username, key string, quota int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	o := s.org(short)
	if o == nil {
		o = &org{UUID: uuid(), ShortName: short, Name: short, Roles: []string{"CNA"}, Created: now}
		s.s.Orgs = append(s.s.Orgs, o)
	}
	o.Quota, o.Modified = quota, now
	u := o.user(username)
	if u == nil {
		u = &user{UUID: uuid(), Name: username, Roles: []string{"ADMIN"}, Active: true, Created: now}
		o.Users = append(o.Users, u)
	}
	u.Key, u.Modified = id.Digest(key), now
	return s.save()
}

func (s *Service) now() time.Time { return s.clock.Now().UTC().Truncate(time.Millisecond) }

func (s *Service) org(short string) *org {
	for _, o := range s.s.Orgs {
		if o.ShortName == short {
			return o
		}
	}
	return nil
}

func (o *org) user(name string) *user {
	for _, u := range o.Users {
		if u.Name == name {
			return u
		}
	}
	return nil
}

func (s *Service) entry(id string) *entry {
	for _, e := range s.s.IDs {
		if string(e.ID) == id {
			return e
		}
	}
	return nil
}

// save writes the state beside the file and puts it in its place, so that there is
// always a whole one.
func (s *Service) save() error {
	if s.file == "" {
		return nil
	}
	raw, err := json.MarshalIndent(s.s, "", " ")
	if err != nil {
		return err
	}
	return file.Replace(s.file, 0o600, file.Bytes(raw))
}

// uuid is a random one (version 4), which the record format asks for.
func uuid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

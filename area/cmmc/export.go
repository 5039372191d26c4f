package cmmc

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Export is an enclave as a file of `yagura cmmc score`: by assessors' results, or
// with signals where live says so. What it inherits is told as it counts, with the
// provider; evidence of a provider that the actor may not see is left out.
func (s *Service) Export(ctx context.Context, by authz.Actor, enclave string, live bool) (file []byte, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, enclave)
		if err != nil {
			return err
		}
		file, err = s.export(tx, by, sys, live, false)
		return err
	})
	return file, err
}

type evidenceFile struct {
	Name       string `json:"name"`
	SHA256     string `json:"sha256,omitempty"`
	Size       int64  `json:"size,omitempty"`
	Signal     string `json:"signal,omitempty"`
	State      string `json:"state,omitempty"`
	Collected  string `json:"collected,omitempty"`
	ValidUntil string `json:"valid_until,omitempty"`
}

type exceptionFile struct {
	Kind      score.Kind `json:"kind"`
	SSP       string     `json:"ssp,omitempty"`
	Plan      string     `json:"plan,omitempty"`
	Reviewed  string     `json:"reviewed,omitempty"`
	Progress  string     `json:"progress,omitempty"`
	Unchanged bool       `json:"unchanged,omitempty"`
}

type objectiveFile struct {
	Result    score.Result   `json:"result"`
	Reason    string         `json:"reason,omitempty"`
	Method    string         `json:"method,omitempty"`
	Assessor  string         `json:"assessor,omitempty"`
	Evidence  []evidenceFile `json:"evidence,omitempty"`
	Exception *exceptionFile `json:"exception,omitempty"`
}

type planFile struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Date    string `json:"date,omitempty"`
}

type statusFile struct {
	Conditional string   `json:"conditional,omitempty"`
	Final       string   `json:"final,omitempty"`
	Affirmed    []string `json:"affirmed,omitempty"`
}

type enclaveFile struct {
	Enclave    string          `json:"enclave"`
	Level      int             `json:"level"`
	Date       string          `json:"date"`
	SSP        *planFile       `json:"ssp"`
	System     systemFile      `json:"system"`
	Status     *statusFile     `json:"status,omitempty"`
	Partial    map[string]bool `json:"partial,omitempty"`
	Objectives inOrder         `json:"objectives"`
}

type systemFile struct {
	Name         string `json:"name"`
	Description  string `json:"description,omitempty"`
	Boundary     string `json:"boundary,omitempty"`
	Organization string `json:"organization,omitempty"`
	Owner        string `json:"owner,omitempty"`
	CAGE         string `json:"cage,omitempty"`
}

// inOrder are objectives in the order of the standard, which a map would lose.
type inOrder []struct {
	name string
	objectiveFile
}

// MarshalJSON writes them, a line each.
func (o inOrder) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(x.objectiveFile)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// export writes a system as a file; alone without what it inherits.
func (s *Service) export(tx *store.Tx, by authz.Actor, sys System, live, alone bool) ([]byte, error) {
	p, err := s.picture(tx, by, sys, only{sys.ID, -1})
	if err != nil {
		return nil, err
	}
	if alone {
		p.shares, p.names = nil, nil
		p.said, p.live = p.raw.own(tx.Now)
	}
	entities, err := entitiesByID(tx)
	if err != nil {
		return nil, err
	}
	given := map[string][]Evidence{}
	for id, n := range p.names {
		if n.Seen {
			if given[id], err = documents(tx, only{id, -1}); err != nil {
				return nil, err
			}
		}
	}
	e := entities[sys.Entity]
	f := enclaveFile{Enclave: sys.Name, Level: sys.Level, Date: dayText(tx.Now), Partial: map[string]bool{},
		System: systemFile{sys.Name, sys.Description, sys.Boundary, e.Name, sys.Owner, e.CAGE}}
	if sys.SSP != nil {
		f.SSP = &planFile{sys.SSP.ID, sys.SSP.Version, dayText(sys.SSP.Date)}
	}
	if st := p.sys.Status; !st.From().IsZero() {
		f.Status = &statusFile{Conditional: dayText(st.Conditional), Final: dayText(st.Final)}
		for _, a := range st.Affirmed {
			f.Status.Affirmed = append(f.Status.Affirmed, dayText(a))
		}
	}
	for i := range objectivesOf(sys.Level).All {
		if o, ok := p.file(i, live, given); ok {
			f.Objectives = append(f.Objectives, struct {
				name string
				objectiveFile
			}{catalog.Name(i), o})
		}
	}
	// A day begins earlier in the east: where evidence of today is kept there, the
	// picture is of that day.
	for _, o := range f.Objectives {
		for _, e := range o.Evidence {
			f.Date = max(f.Date, e.Collected)
		}
	}
	effect := p.said
	if live {
		effect = p.live
	}
	for _, q := range catalog.Requirements(2) {
		if mark, ok := q.Mark(); ok && !effect.Open.Has(mark) && q.In(ptr(effect.Open.Or(effect.Unknown))) != catalog.Met {
			f.Partial[q.ID] = true
		}
	}
	raw, err := json.MarshalIndent(f, "", " ")
	return append(raw, '\n'), err
}

func ptr(b catalog.Bits) *catalog.Bits { return &b }

// file is an objective as the file has it, such that it counts there as it counts
// here.
func (p *picture) file(i int, live bool, given map[string][]Evidence) (f objectiveFile, ok bool) {
	o := p.objective(i)
	counts, own := o.Said, o.OwnSaid
	if live {
		counts, own = o.Live, o.OwnLive
	}
	if counts == score.Unknown && o.Judgement == nil && len(o.Halves) == 0 {
		return f, false
	}
	f.Result = counts
	if o.Ours && o.Judgement != nil {
		f.Reason, f.Method, f.Assessor = o.Judgement.Reason, o.Judgement.Method, o.Judgement.Assessor
		asSaid := counts == own && (!live || o.OwnLive == o.OwnSaid) && len(o.Halves) == 0
		if asSaid { // with what makes it count
			f.Result = o.Judgement.Result
			if x := o.Judgement.Exception; x != nil {
				f.Exception = &exceptionFile{x.Kind, x.SSP, x.Plan, dayText(x.Reviewed), x.Progress, x.Unchanged}
			}
		}
		if asSaid || counts == score.Met && o.Judgement.Exception == nil {
			f.Evidence = append(f.Evidence, files(o.Evidence)...)
		}
	}
	if counts == score.Met {
		for _, h := range o.Halves {
			for _, e := range given[h.Provider.ID] {
				for _, at := range e.Objectives {
					if at == i && !e.Draft && !e.Ended(p.now) {
						f.Evidence = append(f.Evidence, files([]Evidence{e})...)
					}
				}
			}
		}
	}
	for _, h := range o.Halves {
		said := h.Said
		if live {
			said = h.Live
		}
		f.Reason = join(f.Reason, string(h.Kind)+" "+h.Provider.ID+": "+string(said))
	}
	if live && o.OwnLive != o.OwnSaid {
		for _, sig := range o.Signals {
			if sig.Health == Failing || sig.Health == Stale {
				f.Reason = join(f.Reason, "signal "+sig.Name+" "+string(sig.Health)+": "+sig.Reading.Value+" ("+sig.Reading.At.UTC().Format(time.RFC3339)+")")
			}
		}
	}
	return f, true
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func files(list []Evidence) (fs []evidenceFile) {
	for _, e := range list {
		state := "final"
		if e.Draft {
			state = "draft"
		}
		fs = append(fs, evidenceFile{Name: e.Name, SHA256: e.SHA256, Size: e.Size, State: state, Collected: dayText(e.Collected), ValidUntil: dayText(e.ValidUntil)})
	}
	return fs
}

// Responsibility is who does an objective of an enclave.
type Responsibility struct {
	Objective int
	Ours      bool
	Halves    []Half
}

// Matrix is the responsibility matrix of an enclave, in the order of the standard
// (170.19(c)(2)).
func (s *Service) Matrix(ctx context.Context, by authz.Actor, enclave string) (sys System, list []Responsibility, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		if sys, err = openEnclave(tx, by, enclave); err != nil {
			return err
		}
		p, err := s.picture(tx, by, sys, only{sys.ID, -1})
		if err != nil {
			return err
		}
		for i := range objectivesOf(sys.Level).All {
			o := p.objective(i)
			list = append(list, Responsibility{i, o.Ours, o.Halves})
		}
		return nil
	})
	return sys, list, err
}

// ExportGroup is what the actor may see of the group as a file of `yagura cmmc
// rollup`, with signals: enclaves and the services they take from, each with its own
// half. Where he may not see a service, what it gives is worked into the enclave.
func (s *Service) ExportGroup(ctx context.Context, by authz.Actor, unit string) (file []byte, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err := viewOf(tx, by)
		if err != nil {
			return err
		}
		var list []System
		taken, seen, sees := map[string][]Share{}, map[string]bool{}, v.within(unit)
		if err := s.book.with(tx, func() error {
			for _, x := range s.book.systems {
				if seen[x.ID] = v.sees(x.ID, x.Unit); seen[x.ID] && (x.Kind != Enclave || sees(x)) {
					list = append(list, x)
				}
				taken[x.ID] = s.book.shares[x.ID]
			}
			return nil
		}); err != nil {
			return err
		}
		entities, err := entitiesByID(tx)
		if err != nil {
			return err
		}
		group := groupFile{Systems: []memberFile{}}
		for _, x := range list {
			alone := !slices.ContainsFunc(taken[x.ID], func(sh Share) bool { return !seen[sh.Provider] })
			raw, err := s.export(tx, by, x, true, alone)
			if err != nil {
				return err
			}
			m := memberFile{ID: x.ID, Kind: x.Kind, Region: entities[x.Entity].Region, Entity: entities[x.Entity].Name, Site: x.Unit, Level: x.Level, FedRAMP: x.FedRAMP, Assessment: raw}
			if x.Holds == "cui" {
				m.Data = "cui"
			}
			if alone {
				m.Shares = shareFiles(taken[x.ID])
			}
			group.Systems = append(group.Systems, m)
		}
		file, err = json.MarshalIndent(group, "", " ")
		return err
	})
	return append(file, '\n'), err
}

type groupFile struct {
	Systems []memberFile `json:"systems"`
}

type memberFile struct {
	ID         string          `json:"id"`
	Kind       Kind            `json:"kind"`
	Region     string          `json:"region,omitempty"`
	Entity     string          `json:"entity,omitempty"`
	Site       string          `json:"site,omitempty"`
	Level      int             `json:"level,omitempty"`
	Data       string          `json:"data,omitempty"`
	FedRAMP    string          `json:"fedramp,omitempty"`
	Assessment json.RawMessage `json:"assessment"`
	Shares     []shareFile     `json:"shares,omitempty"`
}

type shareFile struct {
	Provider   string       `json:"provider"`
	Kind       inherit.Kind `json:"kind"`
	Objectives []string     `json:"objectives"`
}

func shareFiles(taken []Share) (list []shareFile) {
	for _, sh := range taken {
		i := slices.IndexFunc(list, func(f shareFile) bool { return f.Provider == sh.Provider && f.Kind == sh.Kind })
		if i < 0 {
			i = len(list)
			list = append(list, shareFile{Provider: sh.Provider, Kind: sh.Kind})
		}
		list[i].Objectives = append(list[i].Objectives, catalog.Name(sh.Objective))
	}
	return list
}

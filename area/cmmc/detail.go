package cmmc

import (
	"context"
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Detail is all about one enclave or provider, for its page.
type Detail struct {
	Row
	CAGE      string
	Report    *score.Report // of the live state: deductions with paragraphs; nil for a provider
	SaidScore *score.Report // of the assessors' state
	Families  []FamilyState
	Providers []ProviderUse // whom it takes from
	Users     []Named       // who takes from it, as far as the actor may see
	Assets    []Asset
	Calendar  []Due
	Can       Can
}

// Can is what the actor may do here.
type Can struct{ Work, Review, Manage, Affirm bool }

// Named is a system by name.
type Named struct {
	ID, Name, NameJA string
	Kind             Kind
	Seen             bool // the actor may open it
}

// Label is its name in a language.
func (n Named) Label(lang text.Lang) string { return label(lang, n.ID, n.Name, n.NameJA) }

// FamilyState is a family with its requirements.
type FamilyState struct {
	Family       catalog.Family
	Requirements []RequirementState
	Met          int
}

// RequirementState is how a requirement stands at an enclave.
type RequirementState struct {
	*catalog.Requirement
	Live, Said catalog.State // unknown objectives counted as not met
	Unknown    bool          // it is not met only if what is unknown is not
	Deduction  *score.Deduction
	Objectives []ObjectiveState
}

// ObjectiveState is how an objective stands, and why.
type ObjectiveState struct {
	Index     int
	Live      score.Result // what counts today
	Said      score.Result // without signals
	OwnLive   score.Result // the system's own half; N/A is told here
	OwnSaid   score.Result
	Ours      bool         // its own half counts
	Why       text.Message // why a result does not count as said
	Judgement *Judgement
	Proposal  *Judgement
	Task      *Task
	Evidence  []Evidence
	Signals   []SignalState
	Halves    []Half // of providers
}

// Name is the objective as the guides write it.
func (o ObjectiveState) Name() string { return catalog.Name(o.Index) }

// SignalState is a signal at a system on this moment.
type SignalState struct {
	Signal
	Reading Reading // zero where there is no source yet
	Health  Health
}

// Half is a provider's half of an objective.
type Half struct {
	Provider   Named
	Kind       inherit.Kind
	Live, Said score.Result
}

// ProviderUse is a provider and what is taken from it.
type ProviderUse struct {
	Named
	Provider, Shared []int // objectives
	FedRAMP          string
	Lacks            text.Message // what 170.19(c)(2) asks for and is not proven
}

// Due is a day on which something falls due.
type Due struct {
	Day    time.Time
	Kind   string // close_out, affirmation, reassessment, retention, task, finding, evidence
	What   text.Message
	Clause string
	Href   string
}

// Enclave is all about an enclave that the actor may see.
func (s *Service) Enclave(ctx context.Context, by authz.Actor, id string) (d Detail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, id)
		if err != nil {
			return err
		}
		d, err = s.detail(tx, by, sys)
		return err
	})
	return d, err
}

// Provider is all about a service that others inherit from.
func (s *Service) Provider(ctx context.Context, by authz.Actor, id string) (d Detail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := open(tx, by, id)
		if err == nil && sys.Kind == Enclave {
			err = missing()
		}
		if err != nil {
			return err
		}
		d, err = s.detail(tx, by, sys)
		return err
	})
	return d, err
}

// Objective is one objective of a system with all that stands behind it.
func (s *Service) Objective(ctx context.Context, by authz.Actor, id, name string) (sys System, o ObjectiveState, changes []Change, err error) {
	i, ok := catalog.Index(name)
	if !ok {
		return sys, o, nil, fault.NotFound("There is no objective %s", name)
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if sys, err = open(tx, by, id); err != nil {
			return err
		}
		p, err := s.picture(tx, by, sys, only{sys.ID, i})
		if err != nil {
			return err
		}
		o = p.objective(i)
		changes, err = s.history(tx, sys, i, 200)
		return err
	})
	return sys, o, changes, err
}

// picture is what pages of one system are made of.
type picture struct {
	sys        System
	now        time.Time
	raw        *raw
	said, live half // effects, providers included
	shares     []Share
	names      map[string]Named
	providers  map[string]System
	halves     map[string][2]half // of providers: said, live
	judged     map[int]*Judgement
	proposed   map[int]*Judgement
	tasks      map[int]*Task
	docs       []Evidence
}

func (s *Service) picture(tx *store.Tx, by authz.Actor, sys System, o only) (*picture, error) {
	p := &picture{sys: sys, now: tx.Now, names: map[string]Named{}, providers: map[string]System{}, halves: map[string][2]half{}, judged: map[int]*Judgement{}, proposed: map[int]*Judgement{}, tasks: map[int]*Task{}}
	v, err := viewOf(tx, by)
	if err != nil {
		return nil, err
	}
	if err := s.book.with(tx, func() error {
		b := &s.book
		p.said, _ = b.said.Effect(sys.ID)
		p.live, _ = b.live.Effect(sys.ID)
		p.shares = b.shares[sys.ID]
		if i, ok := b.index[sys.ID]; ok {
			p.sys.Status.Affirmed = b.systems[i].Status.Affirmed
		}
		for _, sh := range p.shares {
			if _, known := p.names[sh.Provider]; known {
				continue
			}
			x := b.systems[b.index[sh.Provider]]
			p.names[x.ID], p.providers[x.ID] = Named{x.ID, x.Name, x.NameJA, x.Kind, v.sees(x.ID, x.Unit)}, x
			said, _ := b.said.Effect(x.ID)
			live, _ := b.live.Effect(x.ID)
			p.halves[x.ID] = [2]half{said, live}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	found, err := load(tx, o, []System{sys}, tx.Now)
	if err != nil {
		return nil, err
	}
	p.raw = found[sys.ID]
	js, err := judgements(tx, o)
	if err != nil {
		return nil, err
	}
	for i := range js {
		p.judged[js[i].Objective] = &js[i]
	}
	ps, err := proposals(tx, o)
	if err != nil {
		return nil, err
	}
	for i := range ps {
		p.proposed[ps[i].Objective] = &ps[i]
	}
	ts, err := tasks(tx, o)
	if err != nil {
		return nil, err
	}
	for i := range ts {
		p.tasks[ts[i].Objective] = &ts[i]
	}
	p.docs, err = documents(tx, o)
	return p, err
}

func (p *picture) objective(i int) ObjectiveState {
	o := ObjectiveState{Index: i, Live: bitsOf(p.live, i), Said: bitsOf(p.said, i), Ours: true, Judgement: p.judged[i], Proposal: p.proposed[i], Task: p.tasks[i]}
	o.OwnSaid, o.Why = p.raw.said.Effective(i)
	_, o.OwnLive = p.raw.weighed(i, p.now)
	for _, e := range p.docs {
		if slices.Contains(e.Objectives, i) {
			o.Evidence = append(o.Evidence, e)
		}
	}
	for _, name := range signalsOf[i] {
		sig, _ := FindSignal(name)
		r := p.raw.readings[name]
		o.Signals = append(o.Signals, SignalState{sig, r, r.Health(p.now)})
	}
	given, shared := false, false
	for _, sh := range p.shares {
		if sh.Objective != i {
			continue
		}
		h := p.halves[sh.Provider]
		o.Halves = append(o.Halves, Half{p.names[sh.Provider], sh.Kind, bitsOf(h[1], i), bitsOf(h[0], i)})
		given, shared = true, shared || sh.Kind == inherit.Shared
	}
	o.Ours = !given || shared
	if o.Ours && o.OwnLive == score.NA && o.Live == score.Met { // shown as what it is
		o.Live = score.NA
	}
	if o.Ours && o.OwnSaid == score.NA && o.Said == score.Met {
		o.Said = score.NA
	}
	return o
}

// assessment is the system as a file of the score would have it, what providers
// do included.
func (p *picture) assessment(live bool) *score.Assessment {
	a := *p.raw.said
	a.Partial = map[string]bool{}
	effect := p.said
	if live {
		effect = p.live
	}
	for i := range catalog.Objectives {
		o := p.objective(i)
		r := o.Said
		if live {
			r = o.Live
		}
		a.Objectives[i] = score.Objective{Result: r}
	}
	for _, q := range catalog.Requirements(2) {
		if mark, ok := q.Mark(); ok {
			a.Partial[q.ID] = !effect.Open.Has(mark)
		}
	}
	return &a
}

func (s *Service) detail(tx *store.Tx, by authz.Actor, sys System) (d Detail, err error) {
	p, err := s.picture(tx, by, sys, only{sys.ID, -1})
	if err != nil {
		return d, err
	}
	entities, err := entitiesByID(tx)
	if err != nil {
		return d, err
	}
	v, err := viewOf(tx, by)
	if err != nil {
		return d, err
	}
	e := entities[sys.Entity]
	if err := s.book.with(tx, func() error {
		d.Row = s.book.row(p.sys, e, tx.Now)
		for _, x := range s.book.systems {
			if slices.ContainsFunc(s.book.shares[x.ID], func(sh Share) bool { return sh.Provider == sys.ID }) && v.sees(x.ID, x.Unit) {
				d.Users = append(d.Users, Named{x.ID, x.Name, x.NameJA, x.Kind, true})
			}
		}
		return nil
	}); err != nil {
		return d, err
	}
	d.CAGE = e.CAGE
	if sys.Kind == Enclave {
		d.Report, d.SaidScore = p.assessment(true).Score(sys.Level), p.assessment(false).Score(sys.Level)
	}
	d.Families = p.families(d.Report)
	d.Providers = p.uses()
	if d.Assets, err = assets(tx, sys.ID); err != nil {
		return d, err
	}
	d.Can = Can{by.Can(Work, sys.Unit), by.Can(Review, sys.Unit), by.Can(Manage, sys.Unit), by.Can(Affirm, sys.Unit)}
	d.Calendar, err = dues(tx, p.sys)
	return d, err
}

func (p *picture) families(r *score.Report) (list []FamilyState) {
	level := p.sys.Level
	deductions := map[string]*score.Deduction{}
	if r != nil {
		for i := range r.Deductions {
			deductions[r.Deductions[i].Requirement.ID] = &r.Deductions[i]
		}
	}
	worst, worstSaid := p.live.Open.Or(p.live.Unknown), p.said.Open.Or(p.said.Unknown)
	for _, f := range catalog.Families() {
		fs := FamilyState{Family: f}
		requirements := catalog.Requirements(level)
		if level == 3 {
			requirements = append(slices.Clone(catalog.Requirements(2)), requirements...)
		}
		for _, q := range requirements {
			if q.Family != f.Abbr {
				continue
			}
			qs := RequirementState{Requirement: q, Live: q.In(&worst), Said: q.In(&worstSaid), Unknown: q.In(&p.live.Open) != q.In(&worst), Deduction: deductions[q.ID]}
			for _, i := range q.Objective {
				qs.Objectives = append(qs.Objectives, p.objective(i))
			}
			if qs.Live == catalog.Met {
				fs.Met++
			}
			fs.Requirements = append(fs.Requirements, qs)
		}
		if len(fs.Requirements) > 0 {
			list = append(list, fs)
		}
	}
	return list
}

func (p *picture) uses() (list []ProviderUse) {
	at := map[string]int{}
	for _, sh := range p.shares {
		i, ok := at[sh.Provider]
		if !ok {
			i = len(list)
			at[sh.Provider] = i
			list = append(list, ProviderUse{Named: p.names[sh.Provider]})
		}
		if sh.Kind == inherit.Shared {
			list[i].Shared = append(list[i].Shared, sh.Objective)
		} else {
			list[i].Provider = append(list[i].Provider, sh.Objective)
		}
	}
	for i := range list {
		x := p.providers[list[i].ID]
		list[i].FedRAMP, list[i].Lacks = x.FedRAMP, x.Lacks()
	}
	return list
}

// Lacks is what 32 CFR 170.19(c)(2) asks of a provider and is not proven; zero
// where nothing is.
func (s System) Lacks() text.Message {
	switch {
	case s.Kind == CSP && s.Holds == "cui" && s.FedRAMP == "":
		return text.M("a cloud service with CUI needs FedRAMP Moderate or its equivalent (%s)", catalog.Clause("esp"))
	case s.Kind == CSP && s.Holds == "cui" && s.Proof == "":
		return text.M("the FedRAMP proof is not named")
	}
	return text.Message{}
}

package cmmc

import (
	"context"
	"slices"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/library"
	"yagura/area/cmmc/paper"
	"yagura/area/cmmc/score"
	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Papers are the papers of an enclave as it stands now: by assessors' results, or
// with signals where live says so. What the actor may not see of providers is left
// out, as in Export.
func (s *Service) Papers(ctx context.Context, by authz.Actor, enclave string, lang text.Lang, live bool) (sys System, p *paper.Papers, err error) {
	raw, err := s.Export(ctx, by, enclave, live)
	if err != nil {
		return sys, nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if sys, err = openEnclave(tx, by, enclave); err != nil {
			return err
		}
		a, err := score.Read(sys.ID, raw, tx.Now)
		if err != nil {
			return err
		}
		d, err := s.description(tx, by, sys, lang)
		if err != nil {
			return err
		}
		a.Enclave, a.System.Name = sys.Label(lang), sys.Label(lang)
		for _, r := range d.Roles {
			a.System.Owner = r.Name
		}
		words, err := official(tx)
		if err != nil {
			return err
		}
		p = paper.From(a, d, paper.Options{Lang: lang, Now: tx.Now, Text: words})
		return nil
	})
	return sys, p, err
}

// official is the official text that is in use; nil where there is none. Of two
// texts the one taken into use last counts.
func official(tx *store.Tx) (*library.Library, error) {
	type piece struct{ ref, title, body, source, sum string }
	list, err := store.Rows(tx, func(r store.Scanner) (p piece, err error) {
		return p, r.Scan(&p.ref, &p.title, &p.body, &p.source, &p.sum)
	},
		"SELECT t.ref, t.title, t.body, l.source, l.sha256 FROM cmmc_text t JOIN cmmc_library l ON l.id = t.library WHERE l.state = 'used' ORDER BY l.used, l.id")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	l := &library.Library{}
	for _, p := range list {
		l.Source, l.SHA256 = p.source, p.sum
		if strings.Contains(p.ref, "[") {
			l.Objectives = append(l.Objectives, library.Objective{ID: p.ref, Text: p.body})
		} else {
			l.Requirements = append(l.Requirements, library.Requirement{ID: p.ref, Title: p.title, Text: p.body})
		}
	}
	return l, nil
}

// description is what the database knows beyond results: assets, providers and
// their shares, and who is to bring open objectives forward by when.
func (s *Service) description(tx *store.Tx, by authz.Actor, sys System, lang text.Lang) (*paper.Description, error) {
	p, err := s.picture(tx, by, sys, only{sys.ID, -1})
	if err != nil {
		return nil, err
	}
	entities, err := entitiesByID(tx)
	if err != nil {
		return nil, err
	}
	ids := []string{sys.Owner}
	for _, t := range p.tasks {
		ids = append(ids, t.Assignee)
	}
	slices.Sort(ids)
	people, err := authz.People(tx, slices.Compact(ids)...)
	if err != nil {
		return nil, err
	}
	e := entities[sys.Entity]
	d := &paper.Description{Plan: map[string]paper.PlanItem{}, SPRS: paper.SPRS{Scope: "enclave", ScopeText: sys.Boundary}}
	if e.CAGE != "" {
		d.SPRS.CAGEs = []string{e.CAGE}
	}
	if owner, ok := people[sys.Owner]; ok {
		d.Roles = append(d.Roles, paper.Role{Role: text.T(lang, "System owner§paper"), Name: owner.Name, Organization: e.Label(lang)})
	}
	list, err := assets(tx, sys.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		d.Assets = append(d.Assets, paper.Asset{Category: strings.ToUpper(string(a.Category)), Name: strings.TrimSpace(a.Name + " " + a.Ref), Note: notes(a, lang)})
	}
	for _, use := range p.uses() {
		d.Providers = append(d.Providers, provider(p, use, lang))
	}
	for i, t := range p.tasks {
		q := catalog.Owner(i)
		x := d.Plan[q.ID]
		name := people[t.Assignee].Name
		if name != "" && !slices.Contains(strings.Split(x.Owner, ", "), name) {
			names := append(strings.Split(x.Owner, ", "), name)
			slices.Sort(names)
			x.Owner = strings.TrimPrefix(strings.Join(names, ", "), ", ")
		}
		if t.Due.After(x.Due) { // done when the last of it is
			x.Due = t.Due
		}
		d.Plan[q.ID] = x
	}
	return d, nil
}

// notes are what was noted of an asset, and what it lacks.
func notes(a Asset, lang text.Lang) string {
	var list []string
	if a.Note != "" {
		list = append(list, a.Note)
	}
	for _, lack := range a.Lacks() {
		list = append(list, lack.In(lang))
	}
	return strings.Join(list, "; ")
}

func provider(p *picture, use ProviderUse, lang text.Lang) paper.Provider {
	x := p.providers[use.ID]
	out := paper.Provider{ID: x.ID, Name: use.Label(lang), Kind: string(x.Kind), Data: x.Holds, FedRAMP: x.FedRAMP, Services: x.Description, Matrix: x.Proof}
	if out.Kind == string(Corporate) {
		out.Kind = "service"
	}
	for kind, objectives := range map[inherit.Kind][]int{inherit.Provider: use.Provider, inherit.Shared: use.Shared} {
		if len(objectives) == 0 {
			continue
		}
		share := paper.Share{Shared: kind == inherit.Shared}
		for _, i := range objectives {
			share.Objectives.Set(i)
		}
		out.Shares = append(out.Shares, share)
	}
	slices.SortFunc(out.Shares, func(a, b paper.Share) int {
		if a.Shared == b.Shared {
			return 0
		}
		if b.Shared {
			return -1
		}
		return 1
	})
	return out
}

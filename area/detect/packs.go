package detect

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	rulepack "yagura/area/detect/pack"
	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func itoa(n int) string { return strconv.Itoa(n) }

// keptPacks is how many earlier versions of a pack are kept to go back to.
const keptPacks = 5

// InstalledPack is a pack that was brought here.
type InstalledPack struct {
	ID       string
	Name     string
	Version  string
	Digest   string
	Signer   string
	About    string
	Files    int
	State    string // staged, installed, previous
	By       string
	Brought  time.Time
	Decider  string
	Decided  time.Time
	Previous bool // there is an earlier version to go back to
}

const packColumns = "k.id, k.name, k.version, k.digest, k.signer, k.about, k.files, k.state, k.brought_by, k.brought, k.decided_by, k.decided"

func readInstalled(r store.Scanner) (p InstalledPack, err error) {
	var brought, decided int64
	err = r.Scan(&p.ID, &p.Name, &p.Version, &p.Digest, &p.Signer, &p.About, &p.Files, &p.State, &p.By, &brought, &p.Decider, &decided)
	p.Brought, p.Decided = store.Time(brought), store.Time(decided)
	return p, err
}

// keys are the keys by which packs are trusted here.
func (s *Service) keys() (rulepack.Keys, error) { return rulepack.ParseKeys(s.o.PackKeys...) }

// Change of a rule that a pack brings.
type PackRule struct {
	ID    string
	Title string
	Kind  string // added, changed, removed, conflict, broken
	Why   string
}

// PackPreview is what a pack would change.
type PackPreview struct {
	Name, Version, Digest, Signer, About string
	Made                                 time.Time
	Files                                int
	Installed                            string // version that is installed; "" = none
	Rules                                []PackRule
	Same                                 int // rules that stay as they are
	NoCase                               int // rules without a case that passes
}

// verified reads a pack, checks its signature and that it is newer than what is
// installed.
func (s *Service) verified(tx *store.Tx, raw []byte) (p *rulepack.Pack, signer string, was InstalledPack, err error) {
	refused := func(err error) error {
		if e, ok := rulepack.Refused(err); ok {
			return fault.Invalid(fault.Field{Name: "pack", Message: text.M("The pack is refused: %s", e.Say)})
		}
		return err
	}
	if p, err = rulepack.Read(raw); err != nil {
		return nil, "", was, refused(err)
	}
	k, err := s.keys()
	if err != nil {
		return nil, "", was, refused(err)
	}
	if signer, err = p.Verify(k); err != nil {
		return nil, "", was, refused(err)
	}
	was, err = installedPack(tx, p.Name)
	if err == nil && was.ID != "" {
		err = refused(p.Upgrade(was.Version, was.Digest))
	}
	return p, signer, was, err
}

func installedPack(tx *store.Tx, name string) (InstalledPack, error) {
	p, err := readInstalled(tx.QueryRow("SELECT "+packColumns+" FROM detect_pack k WHERE k.name = $1 AND k.state = 'installed'", name))
	if errors.Is(err, sql.ErrNoRows) {
		return InstalledPack{}, nil
	}
	return p, err
}

// StagePack keeps a pack that was brought and shows what it would change;
// nothing of it is in force yet.
func (s *Service) StagePack(ctx context.Context, by authz.Actor, raw []byte) (key string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		p, signer, _, err := s.verified(tx, raw)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM detect_pack WHERE state = 'staged' AND (name = $1 OR brought < $2)", p.Name, store.Millis(tx.Now.Add(-7*24*time.Hour))); err != nil {
			return err
		}
		key = id.New()
		if err := putPack(tx, by, key, p, signer, raw, "staged"); err != nil {
			return err
		}
		return tx.Record(by, packFact(p, "brought", signer))
	})
	return key, err
}

func putPack(tx *store.Tx, by authz.Actor, key string, p *rulepack.Pack, signer string, raw []byte, state string) error {
	_, err := tx.Exec("INSERT INTO detect_pack (id, name, version, digest, signer, about, files, state, body, brought_by, brought, decided_by, decided, reason) VALUES ("+marks(1, 11)+",'',0,'')",
		key, p.Name, p.Version, p.Digest, signer, short(p.About), len(p.Files), state, raw, by.Who(), tx.Millis())
	return err
}

func packFact(p *rulepack.Pack, act, signer string) fact.RulePack {
	return fact.RulePack{Pack: p.Name, Version: p.Version, Act: act, Digest: p.Digest, Signer: signer}
}

func packBody(tx *store.Tx, key, state string) (raw []byte, err error) {
	err = tx.QueryRow("SELECT body FROM detect_pack WHERE id = $1 AND state = $2", key, state).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, missing()
	}
	return raw, err
}

// PreviewPack shows what a staged pack would change.
func (s *Service) PreviewPack(ctx context.Context, by authz.Actor, key string) (v PackPreview, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := by.See(Rules, ""); err != nil {
			return err
		}
		raw, err := packBody(tx, key, "staged")
		if err != nil {
			return err
		}
		p, signer, was, err := s.verified(tx, raw)
		if err != nil {
			return err
		}
		v = s.preview2(p)
		v.Signer, v.Installed = signer, was.Version
		return nil
	})
	return v, err
}

// preview2 compares a pack with what is loaded.
func (s *Service) preview2(p *rulepack.Pack) PackPreview {
	v := PackPreview{Name: p.Name, Version: p.Version, Digest: p.Digest, About: p.About, Made: p.Made, Files: len(p.Files)}
	lib := s.lib.Load()
	set, cases := packRules(p)
	for _, b := range set.Problems {
		v.Rules = append(v.Rules, PackRule{ID: b.Rule, Title: b.Title, Kind: "broken", Why: b.Error()})
	}
	engine, problems := sigma.Compile(set.Rules, s.o.Mapping, sigma.Options{Placeholders: s.o.Placeholders})
	for _, b := range problems {
		v.Rules = append(v.Rules, PackRule{ID: b.Rule, Title: b.Title, Kind: "broken", Why: b.Text})
	}
	m := engine.NewMatcher()
	there := map[string]bool{}
	for _, r := range engine.Rules() {
		there[r.ID] = true
		passes := len(cases[r.ID].Fires) > 0
		for _, e := range cases[r.ID].Fires {
			hits, _ := m.Match([]byte(e), sigma.LogSource{})
			passes = passes && slices.ContainsFunc(hits, func(h sigma.Hit) bool { return h.Rule == r })
		}
		if !passes {
			v.NoCase++
		}
		raw, _ := fs.ReadFile(p.FS(), r.File)
		mine, err := describe(r, document(raw, r.Line))
		old := lib.byID[r.ID]
		switch {
		case err != nil:
			v.Rules = append(v.Rules, PackRule{ID: r.ID, Title: r.Title, Kind: "broken", Why: err.Error()})
		case old == nil:
			v.Rules = append(v.Rules, PackRule{ID: r.ID, Title: r.Title, Kind: "added"})
		case old.Origin != packOrigin(p.Name):
			v.Rules = append(v.Rules, PackRule{ID: r.ID, Title: r.Title, Kind: "conflict", Why: old.File})
		case old.Version != mine.Version:
			v.Rules = append(v.Rules, PackRule{ID: r.ID, Title: r.Title, Kind: "changed"})
		default:
			v.Same++
		}
	}
	for _, r := range lib.rules {
		if r.Origin == packOrigin(p.Name) && !there[r.ID] {
			v.Rules = append(v.Rules, PackRule{ID: r.ID, Title: r.Title.EN, Kind: "removed"})
		}
	}
	return v
}

func packOrigin(name string) string { return "pack:" + name }

// packRules are the rules of a pack and the cases beside them.
func packRules(p *rulepack.Pack) (set sigma.Set, cases map[string]rules.Case) {
	cases = map[string]rules.Case{}
	for _, f := range p.Files {
		raw, err := fs.ReadFile(p.FS(), f.Path)
		if err != nil {
			continue
		}
		if id, ok := caseFile(f.Path); ok {
			var c rules.Case
			if yaml.Unmarshal(raw, &c) == nil {
				cases[id] = c
			}
			continue
		}
		if ext := strings.ToLower(path.Ext(f.Path)); ext != ".yml" && ext != ".yaml" {
			continue
		}
		one := sigma.Parse(f.Path, raw)
		set.Rules = append(set.Rules, one.Rules...)
		set.Filters = append(set.Filters, one.Filters...)
		set.Correlations = append(set.Correlations, one.Correlations...)
		set.Problems = append(set.Problems, one.Problems...)
	}
	return set, cases
}

// caseFile tells whether a file holds the case of a rule, and of which: it is
// named after the rule and lies in a folder "cases".
func caseFile(name string) (ruleID string, ok bool) {
	name = filepath.ToSlash(name)
	if path.Base(path.Dir(name)) != "cases" {
		return "", false
	}
	ruleID, ok = strings.CutSuffix(path.Base(name), ".yml")
	return ruleID, ok
}

// InstallPack puts a staged pack in force, wholly or not at all.
func (s *Service) InstallPack(ctx context.Context, by authz.Actor, key string) (name string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		raw, err := packBody(tx, key, "staged")
		if err != nil {
			return err
		}
		name, err = s.install(tx, by, key, raw)
		return err
	})
	if err == nil {
		err = s.reload()
	}
	return name, err
}

func (s *Service) install(tx *store.Tx, by authz.Actor, key string, raw []byte) (string, error) {
	p, signer, was, err := s.verified(tx, raw)
	if err != nil {
		return "", err
	}
	if was.ID != "" {
		if _, err := tx.Exec("UPDATE detect_pack SET state = 'previous' WHERE id = $1", was.ID); err != nil {
			return "", err
		}
	}
	if _, err := tx.Exec("UPDATE detect_pack SET state = 'installed', decided_by = $2, decided = $3 WHERE id = $1", key, by.Who(), tx.Millis()); err != nil {
		return "", err
	}
	if _, err := tx.Exec("DELETE FROM detect_pack WHERE name = $1 AND state = 'previous' AND id NOT IN (SELECT id FROM (SELECT id FROM detect_pack WHERE name = $1 AND state = 'previous' ORDER BY decided DESC, id DESC LIMIT "+itoa(keptPacks)+") newest)", p.Name); err != nil {
		return "", err
	}
	if err := s.changed(tx); err != nil {
		return "", err
	}
	if err := entry(tx, packOrigin(p.Name), by.Who(), text.M("Version %s installed", p.Version), ""); err != nil {
		return "", err
	}
	return p.Name, tx.Record(by, packFact(p, "installed", signer))
}

// AddPack stages and installs at once, for the command line and the folder.
func (s *Service) AddPack(ctx context.Context, by authz.Actor, raw []byte) (name string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		p, signer, _, err := s.verified(tx, raw)
		if err != nil {
			return err
		}
		key := id.New()
		if err := putPack(tx, by, key, p, signer, raw, "staged"); err != nil {
			return err
		}
		name, err = s.install(tx, by, key, raw)
		return err
	})
	if err == nil {
		err = s.reload()
	}
	return name, err
}

// RollbackPack goes back to the version of a pack that was installed before.
func (s *Service) RollbackPack(ctx context.Context, by authz.Actor, name, why string) (version string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Rules, ""); err != nil {
			return err
		}
		if strings.TrimSpace(why) == "" {
			return fault.Invalid(fault.F("why", "Say why, in a sentence"))
		}
		was, err := installedPack(tx, name)
		if err != nil {
			return err
		}
		if was.ID == "" {
			return missing()
		}
		before, err := readInstalled(tx.QueryRow("SELECT "+packColumns+" FROM detect_pack k WHERE k.name = $1 AND k.state = 'previous' ORDER BY k.decided DESC, k.id DESC LIMIT 1", name))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Conflict("There is no earlier version to go back to")
		}
		if err != nil {
			return err
		}
		// What was gone back from is not what one goes back to next.
		if _, err := tx.Exec("DELETE FROM detect_pack WHERE id = $1", was.ID); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE detect_pack SET state = 'installed', decided_by = $2, decided = $3, reason = $4 WHERE id = $1", before.ID, by.Who(), tx.Millis(), short(why)); err != nil {
			return err
		}
		if err := s.changed(tx); err != nil {
			return err
		}
		version = before.Version
		if err := entry(tx, packOrigin(name), by.Who(), text.M("Gone back from version %s to %s", was.Version, before.Version), strings.TrimSpace(why)); err != nil {
			return err
		}
		return tx.Record(by, fact.RulePack{Pack: name, Version: before.Version, Act: "rolled-back", Digest: before.Digest, Signer: before.Signer})
	})
	if err == nil {
		err = s.reload()
	}
	return version, err
}

// PackOverview is all about packs.
type PackOverview struct {
	Packs    []InstalledPack // installed ones
	Staged   []InstalledPack
	Keys     []string // that are trusted
	Folder   string
	Problems []sigma.Problem // of the folder and of packs that are installed
	History  []Entry
	People   map[string]authz.Person
}

// Packs shows the packs that are installed and those that wait.
func (s *Service) Packs(ctx context.Context, by authz.Actor) (o PackOverview, err error) {
	if !by.CanAnywhere(Read) {
		return o, by.May(Read, "")
	}
	o.Folder = s.o.PackFolder
	o.Problems = append(o.Problems, s.lib.Load().packProblems...)
	if k, err := s.keys(); err == nil {
		o.Keys = k.Names()
	} else {
		o.Problems = append(o.Problems, sigma.Problem{File: "detection.pack_keys", Text: err.Error()})
	}
	if p := s.pulled.Load(); p != nil {
		o.Problems = append(o.Problems, *p...)
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := store.Rows(tx, readInstalled, "SELECT "+packColumns+" FROM detect_pack k ORDER BY k.name, k.decided DESC")
		if err != nil {
			return err
		}
		var ids []string
		for _, p := range all {
			ids = append(ids, p.By, p.Decider)
			switch p.State {
			case "installed":
				p.Previous = slices.ContainsFunc(all, func(x InstalledPack) bool { return x.Name == p.Name && x.State == "previous" })
				o.Packs = append(o.Packs, p)
				h, err := history(tx, packOrigin(p.Name))
				if err != nil {
					return err
				}
				o.History = append(o.History, h...)
			case "staged":
				o.Staged = append(o.Staged, p)
			}
		}
		for _, e := range o.History {
			ids = append(ids, e.Who)
		}
		o.People, err = authz.People(tx, ids...)
		return err
	})
	return o, err
}

// Pull installs packs that were laid into the folder and are newer than what is
// installed. What is refused is told on the page of packs.
func (s *Service) Pull(ctx context.Context) error {
	if s.o.PackFolder == "" {
		return nil
	}
	files, err := os.ReadDir(s.o.PackFolder)
	if err != nil {
		s.pulled.Store(&[]sigma.Problem{{File: s.o.PackFolder, Text: err.Error()}})
		return nil
	}
	var problems []sigma.Problem
	mark := ""
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			mark += fmt.Sprintf("%s %d %d\n", f.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	if s.pullMark.Swap(mark) == mark {
		return nil
	}
	for _, f := range files {
		if ext := filepath.Ext(f.Name()); f.IsDir() || strings.HasPrefix(f.Name(), ".") || ext != ".pack" && ext != ".zip" {
			continue
		}
		name := filepath.Join(s.o.PackFolder, f.Name())
		bad := func(err error) { problems = append(problems, sigma.Problem{File: name, Text: err.Error()}) }
		raw, err := readLimited(name)
		if err != nil {
			bad(err)
			continue
		}
		p, err := rulepack.Read(raw)
		if err != nil {
			bad(err)
			continue
		}
		known := false
		if err := s.db.View(ctx, func(tx *store.Tx) error {
			was, err := installedPack(tx, p.Name)
			known = was.Digest == p.Digest || was.ID != "" && rulepack.Compare(p.Version, was.Version) < 0
			return err
		}); err != nil {
			return err
		}
		if known {
			continue // it is installed, or an earlier one lies there still
		}
		if _, err := s.AddPack(ctx, authz.System("packs"), raw); fault.As(err) != nil {
			bad(err)
		} else if err != nil {
			return err
		} else {
			s.log.Info("detect: a rule pack was installed", "pack", p.String(), "file", name)
		}
	}
	s.pulled.Store(&problems)
	return nil
}

func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(f, rulepack.MaxBytes+1))
	return b.Bytes(), err
}

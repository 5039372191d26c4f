package app

import (
	"context"
	"fmt"
	"io"

	"yagura/area/identity"
	"yagura/area/identity/ldap"
	"yagura/area/org"
	"yagura/kernel/authz"
	"yagura/kernel/config"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// staff keeps for identity the people whom directories bring.
type staff struct{ org *org.Service }

func (p staff) Put(tx *store.Tx, by authz.Actor, m identity.Member) error {
	return p.org.PutPerson(tx, by, org.Person{ID: m.ID, Name: m.Name, Email: m.Email, Phone: m.Phone, Unit: m.Unit, Lang: m.Lang, Zone: m.Zone}, m.Present)
}

// people are those whom the organisation keeps; nobody where there is none.
func people(o *org.Service) identity.People {
	if o == nil {
		return nil
	}
	return staff{o}
}

// SyncDirectories asks the directories named, or all, for people and prints
// what became of them; stopped tells that the guard of one kept it from it.
func SyncDirectories(ctx context.Context, cfg config.Config, names []string, dry bool, out io.Writer, lang text.Lang) (stopped bool, err error) {
	if err := exists(cfg); err != nil {
		return false, err
	}
	a, err := Open(ctx, cfg, Options{Workers: -1})
	if err != nil {
		return false, err
	}
	defer a.Close()
	if len(names) == 0 {
		for _, c := range a.Identity.Asked() {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return false, fault.NotFound("The configuration names no directory: set directories.ldap")
	}
	for _, name := range names {
		run, err := a.Identity.Sync(ctx, name, dry)
		if err != nil {
			return stopped, err
		}
		r := run.Report
		for _, s := range r.Steps {
			fmt.Fprintf(out, "%s: %s %s\n", name, s.Label().In(lang), s.Name)
		}
		for _, w := range r.Wrong {
			fmt.Fprintf(out, "%s: %s\n", name, w)
		}
		fmt.Fprintln(out, text.T(lang, "%s: %d come, %d change, %d are disabled, %d leave, %d are as they were, %d could not be taken.", name, r.Added, r.Changed, r.Disabled, r.Left, r.Unchanged, r.WrongAll))
		switch run.State {
		case identity.RunDry:
			fmt.Fprintln(out, text.T(lang, "%s: nothing was changed.", name))
		case identity.RunStopped:
			stopped = true
			fmt.Fprintln(out, text.T(lang, "%s: more would leave at once than the guard allows. Nothing was changed; a person decides on the page of the directory.", name))
		}
	}
	return stopped, nil
}

// asked are the directories that the configuration says are to be asked.
func asked(cfg config.Config) (list []ldap.Connection, err error) {
	for _, file := range cfg.LDAP {
		c, err := ldap.Read(file)
		if err != nil {
			return nil, fmt.Errorf("directories.ldap: %w", err)
		}
		list = append(list, c)
	}
	return list, nil
}

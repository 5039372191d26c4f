package desk

import (
	"context"
	"log/slog"
	"time"

	"yagura/console"
	"yagura/kernel/alive"
	"yagura/kernel/job"
	"yagura/kernel/keyset"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

type system struct {
	Version  string
	Engine   store.Engine
	Pending  int64
	Counts   []job.Count
	Jobs     bool // the reader may see single jobs
	Dead     []job.Job
	Turns    []job.Turn
	Progress []ledger.Progress
	Running  []alive.Process
	Kept     []Kept
	Away     bool // the event store does not answer
	Now      time.Time
}

// deadShown bounds the dead letters on the page; there should be none.
const deadShown = 100

func (d *Desk) system(c *console.Context) error {
	// The system is one for the whole group: an administrator of a part of it
	// does not look in.
	if err := c.Actor.May(ReadSystem, ""); err != nil {
		return err
	}
	v := system{Version: d.Version, Engine: d.DB.Engine(), Now: c.Now}
	err := d.DB.View(c.Context(), func(tx *store.Tx) (err error) {
		if v.Running, err = alive.List(tx); err != nil {
			return err
		}
		if v.Counts, err = job.Counts(tx); err != nil {
			return err
		}
		if v.Jobs = c.Actor.Can(job.Read, ""); v.Jobs {
			if v.Dead, _, err = job.List(tx, c.Actor, job.Filter{State: job.Dead}, keyset.Page{Limit: deadShown}); err != nil {
				return err
			}
		}
		if v.Turns, err = job.Turns(tx); err != nil {
			return err
		}
		if v.Progress, err = ledger.Subscribers(tx); err != nil {
			return err
		}
		return tx.QueryRow("SELECT COUNT(*) FROM ledger_pending").Scan(&v.Pending)
	})
	if err != nil {
		return err
	}
	brief, cancel := context.WithTimeout(c.Context(), 5*time.Second)
	defer cancel()
	if v.Kept, err = d.Kept(brief); err != nil && c.Context().Err() == nil {
		slog.WarnContext(c.Context(), "system: the event store does not answer", "error", err)
		v.Away = true
	}
	return c.Render("system", v)
}

func (d *Desk) retry(c *console.Context) error {
	err := d.DB.Change(c.Context(), func(tx *store.Tx) error { return job.Retry(tx, c.Actor, c.Value("id")) })
	if err != nil {
		return err
	}
	c.Flash(text.M("The job is tried once more."))
	return c.Redirect("/system")
}

func (d *Desk) discard(c *console.Context) error {
	err := d.DB.Change(c.Context(), func(tx *store.Tx) error {
		return job.Discard(tx, c.Actor, c.Value("id"), c.Value("reason"))
	})
	if err != nil {
		return err
	}
	c.Flash(text.M("The job is discarded."))
	return c.Redirect("/system")
}

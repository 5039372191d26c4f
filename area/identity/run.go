package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// RunState is what became of one comparison with a directory.
type RunState string

// The states.
const (
	RunApplied   RunState = "applied"
	RunDry       RunState = "dry" // only looked
	RunFailed    RunState = "failed"
	RunStopped   RunState = "stopped"  // by the guard; a person decides
	RunApproved  RunState = "approved" // the next run with the same leavers applies
	RunDiscarded RunState = "discarded"
)

// Step is what a run does to one person.
type Step struct {
	Act    string `json:"act"` // "add", "change", "disable", "enable" or "leave"
	Name   string `json:"name"`
	Person string `json:"person,omitempty"` // empty for who is new
}

// Report is what a run found and did.
type Report struct {
	All       bool     `json:"all"` // all were compared, not only what had changed
	Seen      int      `json:"seen"`
	Added     int      `json:"added"`
	Changed   int      `json:"changed"`
	Disabled  int      `json:"disabled"`
	Left      int      `json:"left"`
	Unchanged int      `json:"unchanged"`
	Kept      int      `json:"kept"`             // whom the directory kept before; 0 where nobody would leave
	Recent    int      `json:"recent,omitempty"` // whom it had locked out shortly before, counted by the guard
	Steps     []Step   `json:"steps,omitempty"`  // the first of them
	Wrong     []string `json:"wrong,omitempty"`  // what could not be taken, and why; the first of them
	WrongAll  int      `json:"wrong_all,omitempty"`
	Error     string   `json:"error,omitempty"`
}

// mostSteps bounds what a report names.
const mostSteps = 200

// empty tells that there was nothing to do and nothing to say.
func (r Report) empty() bool {
	return r.Added+r.Changed+r.Disabled+r.Left+r.WrongAll == 0 && r.Error == ""
}

func (r *Report) wrong(format string, args ...any) {
	if r.WrongAll++; len(r.Wrong) < mostSteps {
		r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
	}
}

func (r *Report) step(s Step) {
	switch s.Act {
	case "add":
		r.Added++
	case "disable":
		r.Disabled++
	case "leave":
		r.Left++
	default:
		r.Changed++
	}
	if len(r.Steps) < mostSteps {
		r.Steps = append(r.Steps, s)
	}
}

// Run is one comparison with a directory.
type Run struct {
	ID        string
	Directory string
	At        time.Time
	State     RunState
	Report    Report
	DecidedBy string
	Decided   time.Time

	digest string // of who would leave
}

// Leaving is how many would be locked out.
func (r Run) Leaving() int { return r.Report.Left + r.Report.Disabled }

// Counted is how many the guard counts, and of how many: with those who were
// locked out shortly before.
func (r Run) Counted() (leaving, of int) {
	return r.Leaving() + r.Report.Recent, r.Report.Kept + r.Report.Recent
}

func readRun(r store.Scanner) (run Run, err error) {
	var at, decided int64
	var report string
	if err = r.Scan(&run.ID, &run.Directory, &at, &run.State, &report, &run.digest, &run.DecidedBy, &decided); err != nil {
		return run, err
	}
	run.At, run.Decided = store.Time(at), store.Time(decided)
	return run, json.Unmarshal([]byte(report), &run.Report)
}

const runColumns = "id, directory, at, state, report, digest, decided_by, decided"

// saveRun remembers a run. Of those before it stay the last 50, those of a day
// (a directory that tells of changes makes many), 1,000 at most, and whatever
// waits for a decision or for being applied. A stopped one is told to those who may decide, once
// for the same leavers.
func (s *Service) saveRun(ctx context.Context, d Directory, run *Run) error {
	run.ID, run.Directory = id.New(), d.ID
	report, err := json.Marshal(run.Report)
	if err != nil {
		return err
	}
	write := s.db.Operate
	if run.State == RunStopped {
		write = s.db.Change
	}
	return write(ctx, func(tx *store.Tx) error {
		run.At = tx.Now
		if run.State == RunStopped {
			waiting, err := store.Texts(tx, "SELECT id FROM identity_run WHERE directory = $1 AND state = $2 AND digest = $3", d.ID, string(RunStopped), run.digest)
			if err != nil || len(waiting) > 0 {
				if err == nil {
					run.ID = waiting[0]
				}
				return err
			}
			if _, err := tx.Exec("UPDATE identity_run SET state = $1 WHERE directory = $2 AND state = $3", string(RunDiscarded), d.ID, string(RunStopped)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT INTO identity_run (id, directory, at, state, report, digest) VALUES ($1,$2,$3,$4,$5,$6)",
			run.ID, d.ID, tx.Millis(), string(run.State), string(report), run.digest); err != nil {
			return err
		}
		day := store.Millis(tx.Now.Add(-24 * time.Hour))
		if _, err := tx.Exec(`DELETE FROM identity_run WHERE directory = $1 AND state <> $2 AND NOT (state = $3 AND decided > $4) AND (
			at < $4 AND id NOT IN (SELECT id FROM identity_run WHERE directory = $1 ORDER BY at DESC, id DESC LIMIT 50)
			OR id NOT IN (SELECT id FROM identity_run WHERE directory = $1 ORDER BY at DESC, id DESC LIMIT 1000))`,
			d.ID, string(RunStopped), string(RunApproved), day); err != nil {
			return err
		}
		if run.State != RunStopped {
			return nil
		}
		leaving, of := run.Counted()
		if err := tx.Record(d.actor(), fact.DirectoryStopped{Directory: d.ID, Unit: d.Unit, Run: run.ID, Leaving: leaving, Kept: of}); err != nil {
			return err
		}
		people, err := s.dir.Holders(tx, Provision, d.Unit)
		if err != nil {
			return err
		}
		for _, person := range people {
			if err := notify.Send(tx, notify.Message{To: person, Topic: "identity", Urgent: true, Href: "/identity/directories/" + d.ID, Key: "identity.stopped/" + run.ID,
				Subject: text.M("%s would take %d of %d people away at once", d.Name, leaving, of),
				Body:    text.M("That is more than its guard allows. Nothing was changed: look at who would leave, then approve or discard it.")}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Runs are the latest runs of a directory, and what waits for a decision.
func (s *Service) Runs(ctx context.Context, by authz.Actor, directory string) (list []Run, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		d, err := findDirectory(tx, directory)
		if err != nil {
			return err
		}
		if err := by.See(ReadFactors, d.Unit); err != nil {
			return err
		}
		list, err = store.Rows(tx, readRun, "SELECT "+runColumns+" FROM identity_run WHERE directory = $1 AND (state = $2 OR id IN (SELECT id FROM identity_run WHERE directory = $1 ORDER BY at DESC, id DESC LIMIT 20)) ORDER BY at DESC, id DESC", directory, string(RunStopped))
		return err
	})
	return list, err
}

// Decide approves or discards a run that the guard stopped. An approved one is
// applied by the next run, if then the same people would leave.
func (s *Service) Decide(ctx context.Context, by authz.Actor, run string, approve bool) (directory string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := readRun(tx.QueryRow("SELECT "+runColumns+" FROM identity_run WHERE id = $1", run))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.NotFound("There is no such entry, or you may not see it")
		}
		if err != nil {
			return err
		}
		d, err := s.manageDirectory(tx, by, r.Directory)
		if err != nil {
			return err
		}
		if r.State != RunStopped {
			return fault.Conflict("This was decided already")
		}
		directory = d.ID
		to := RunDiscarded
		if approve {
			to = RunApproved
		}
		if _, err := tx.Exec("UPDATE identity_run SET state = $1, decided_by = $2, decided = $3 WHERE id = $4", string(to), by.Who(), tx.Millis(), run); err != nil {
			return err
		}
		return tx.Record(by, fact.DirectoryDecided{Directory: d.ID, Unit: d.Unit, Run: run, Approved: approve})
	})
	return directory, err
}

package psirt

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/cve"
	"yagura/area/psirt/cve/services"
	"yagura/area/psirt/record"
	"yagura/area/psirt/site"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/job"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Publishing are the neighbours by which advisories reach the world. Each may be nil:
// then that step is left out, and says so.
type Publishing struct {
	Site      Sites
	Folder    string // of the site, for the self test
	URL       string // https://psirt.example.com, without a slash at the end
	Publisher site.Publisher
	Prefix    string // of numbers: PSA in PSA-2026-4711
	Records   Records
	Letters   Letters
	Mails     bool   // mails are sent: people outside may subscribe
	Forms     string // where people outside reach the public forms; empty: Ports.PublicURL
}

// Sites is the public site.
type Sites interface {
	Publish(now time.Time, c site.Change) (*site.Result, error)
}

// Records is CVE Services, or a simulator of it on this machine.
type Records interface {
	Update(ctx context.Context, id cve.ID, container *cve.Node, revive bool) (services.Outcome, error)
	Publish(ctx context.Context, id cve.ID, container *cve.Node) (services.Outcome, error)
	Record(ctx context.Context, id cve.ID) (*cve.Document, error)
	Local() bool
}

// Letters sends one mail to somebody outside.
type Letters interface {
	Send(ctx context.Context, l OutsideLetter) error
}

// OutsideLetter is a mail to somebody outside; the same reference is one mail.
type OutsideLetter struct {
	Ref, Name, Mail string
	Lang            text.Lang
	Subject, Body   text.Message
	URL             string
	Manage, Leave   string // of a subscription: where it is changed, and ended by one click; may be empty
}

// Publish sets by which ways advisories are published; it comes before Jobs run.
func (s *Service) Publish(p Publishing) { s.pub = p }

// Publication is the publication of one revision, at one instant.
type Publication struct {
	ID        string
	Advisory  string
	N         int64
	Due       time.Time
	State     string // scheduled, running, done, stopped, cancelled
	Rehearsal bool
	Asked     time.Time
	AskedBy   string
	Ended     time.Time
	Steps     []Step
}

// Step is one step of a publication. They are done in their order, which is that of the
// law: a record is never the first disclosure (CNA rule 5.3.1).
type Step struct {
	Ord    int64
	Kind   string // site, cve, notices, mails
	Target string // the CVE ID
	State  string // waiting, failed, done, skipped
	Tries  int64
	Tried  time.Time
	Ended  time.Time
	Said   string // what it came to, or what went wrong
}

// The states of steps.
const (
	StepWaiting = "waiting"
	StepFailed  = "failed"
	StepDone    = "done"
	StepSkipped = "skipped"
)

const publicationColumns = "id, advisory_id, n, due, state, rehearsal, asked, asked_by, ended"

func readPublication(r store.Scanner) (p Publication, err error) {
	var due, asked, ended int64
	var rehearsal int
	err = r.Scan(&p.ID, &p.Advisory, &p.N, &due, &p.State, &rehearsal, &asked, &p.AskedBy, &ended)
	p.Due, p.Asked, p.Ended, p.Rehearsal = store.Time(due), store.Time(asked), store.Time(ended), rehearsal != 0
	return p, err
}

func findPublication(tx *store.Tx, publication string) (Publication, error) {
	p, err := readPublication(tx.QueryRow("SELECT "+publicationColumns+" FROM psirt_publication WHERE id = $1", publication))
	if errors.Is(err, sql.ErrNoRows) {
		return p, missing()
	}
	if err != nil {
		return p, err
	}
	p.Steps, err = steps(tx, p.ID)
	return p, err
}

func steps(tx *store.Tx, publication string) ([]Step, error) {
	return store.Rows(tx, func(r store.Scanner) (s Step, err error) {
		var tried, ended int64
		err = r.Scan(&s.Ord, &s.Kind, &s.Target, &s.State, &s.Tries, &tried, &ended, &s.Said)
		s.Tried, s.Ended = store.Time(tried), store.Time(ended)
		return s, err
	}, "SELECT ord, kind, target, state, tries, tried, ended, said FROM psirt_publication_step WHERE publication_id = $1 ORDER BY ord", publication)
}

func publicationsOf(tx *store.Tx, advisory string) ([]Publication, error) {
	all, err := store.Rows(tx, readPublication, "SELECT "+publicationColumns+" FROM psirt_publication WHERE advisory_id = $1 ORDER BY asked DESC, id DESC", advisory)
	for i := range all {
		if err == nil {
			all[i].Steps, err = steps(tx, all[i].ID)
		}
	}
	return all, err
}

// ScheduleAdvisory has an approved text published at one instant, or at once. Everything
// that can be known to be wrong is refused now, not at that instant.
func (s *Service) ScheduleAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64, at time.Time, withoutRecords bool) (p Publication, err error) {
	_, err = s.step(ctx, by, advisory, version, AdvisoryApproved, AdvisoryScheduled, "scheduled", func(tx *store.Tx, a Advisory, v Revision) error {
		if !by.IsSystem() && !by.CanAnywhere(Approve) {
			return by.May(Approve, "")
		}
		now := tx.Now
		if at.IsZero() || at.Before(now) && now.Sub(at) < time.Hour {
			at = now
		}
		if at.Before(now) {
			return fault.Invalid(fault.F("at", "This instant is over"))
		}
		if at.After(now.AddDate(1, 0, 0)) {
			return fault.Invalid(fault.F("at", "This instant is more than a year away"))
		}
		if s.pub.Site == nil {
			return fault.Conflict("No public site is configured: see psirt.public in the configuration")
		}
		d, err := csaf.Parse(v.Text)
		if err != nil {
			return err
		}
		if problems := s.unfit(a, d, at); len(problems) > 0 {
			return fault.Conflict("The tests find what must be mended first: %s", problems[0])
		}
		rehearsal := rehearsing(d)
		if rehearsal && (s.pub.Records == nil || !s.pub.Records.Local()) {
			return fault.Conflict("IDs CVE-1900- are for rehearsals: they are published where a simulator stands for CVE Services, and nowhere else")
		}
		plan := []Step{{Kind: "site"}}
		if !withoutRecords && forEveryone(a.TLP) && !site.Withdrawn(d) {
			for _, r := range s.records(d, a.TLP, at) {
				if len(r.Problems) > 0 {
					return fault.Conflict("The record of %s can't be published: %s", string(r.ID), r.Problems[0])
				}
				var ours int
				if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_cve_id WHERE id = $1", string(r.ID)).Scan(&ours); err != nil {
					return err
				}
				st := Step{Kind: "cve", Target: string(r.ID)}
				if ours == 0 { // of another CNA, which publishes it
					st.State, st.Said = StepSkipped, "not an ID of our pool"
				}
				plan = append(plan, st)
			}
		}
		plan = append(plan, Step{Kind: "notices"}, Step{Kind: "mails"})
		p = Publication{ID: id.New(), Advisory: a.ID, N: a.Draft, Due: at, State: "scheduled", Rehearsal: rehearsal}
		flag := 0
		if rehearsal {
			flag = 1
		}
		if _, err := tx.Exec("INSERT INTO psirt_publication (id, advisory_id, n, due, state, rehearsal, asked, asked_by) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			p.ID, a.ID, a.Draft, store.Millis(at), p.State, flag, tx.Millis(), by.Who()); err != nil {
			return err
		}
		for i, st := range plan {
			if _, err := tx.Exec("INSERT INTO psirt_publication_step (publication_id, ord, kind, target, state, said) VALUES ($1,$2,$3,$4,$5,$6)", p.ID, i, st.Kind, st.Target, cmp.Or(st.State, StepWaiting), st.Said); err != nil {
				return err
			}
		}
		return s.enqueue(tx, p.ID, 0, at, 0)
	})
	return p, err
}

const publicationJob = "psirt.publish"

type publicationBody struct {
	Publication string `json:"publication"`
	Step        int64  `json:"step"`
}

// enqueue asks for one step. Its key makes it one of a kind: however often it is asked
// for, it is done once; only a person who tries again gives it a new key.
func (s *Service) enqueue(tx *store.Tx, publication string, ord int64, due time.Time, again int64) error {
	_, err := job.Enqueue(tx, job.Job{Kind: publicationJob, Key: fmt.Sprintf("%s/%d/%d", publication, ord, again), Due: due, Body: job.Body(publicationBody{publication, ord})})
	return err
}

func (s *Service) publicationJobs(q *job.Queue) {
	q.Register(publicationJob, job.Options{Attempts: 40, Backoff: 10 * time.Second, Timeout: 10 * time.Minute}, s.publish)
	q.Register(letterJob, job.Options{}, s.letter)
	q.Register(wishJob, job.Options{}, s.askBack)
	q.Every("psirt.wishes", time.Hour, s.forgetWishes)
	q.Register(siteJob, job.Options{Timeout: 10 * time.Minute}, func(ctx context.Context, _ job.Job) error { return s.renewSite(ctx) })
	q.Every("psirt.site-check", 24*time.Hour, s.renewSite)
}

// UnscheduleAdvisory takes a publication back as long as nothing of it is public.
func (s *Service) UnscheduleAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64) (Advisory, error) {
	return s.step(ctx, by, advisory, version, AdvisoryScheduled, AdvisoryApproved, "unscheduled", func(tx *store.Tx, a Advisory, v Revision) error {
		all, err := store.Rows(tx, readPublication, "SELECT "+publicationColumns+" FROM psirt_publication WHERE advisory_id = $1 AND state = 'scheduled'", a.ID)
		if err != nil {
			return err
		}
		for _, p := range all {
			if _, err := tx.Exec("UPDATE psirt_publication SET state = 'cancelled', ended = $2 WHERE id = $1", p.ID, tx.Millis()); err != nil {
				return err
			}
			if _, err := job.CancelPrefix(tx, publicationJob, p.ID+"/"); err != nil {
				return err
			}
		}
		return nil
	})
}

// RetryPublication tries the step at which a publication stands once more, at once.
func (s *Service) RetryPublication(ctx context.Context, by authz.Actor, advisory, publication string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		a, err := workOn(tx, by, advisory, 0)
		if err != nil {
			return err
		}
		p, err := findPublication(tx, publication)
		if err != nil || p.Advisory != a.ID {
			return missing()
		}
		i := slices.IndexFunc(p.Steps, func(st Step) bool { return st.State == StepWaiting || st.State == StepFailed })
		if p.State != "running" && p.State != "stopped" || i < 0 {
			return fault.Conflict("Nothing of this publication waits")
		}
		if _, err := job.CancelPrefix(tx, publicationJob, p.ID+"/"); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE psirt_publication SET state = 'running' WHERE id = $1", p.ID); err != nil {
			return err
		}
		if err := s.enqueue(tx, p.ID, p.Steps[i].Ord, tx.Now, p.Steps[i].Tries+1); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtPublicationStepped{Publication: p.ID, Step: p.Steps[i].Ord, State: "again"})
	})
}

// publish does one step: first the effect, which bears repeating, then its row together
// with the job of the next step. Killed in between it does the effect again, which finds
// that it is done.
func (s *Service) publish(ctx context.Context, j job.Job) error {
	var b publicationBody
	if err := j.Into(&b); err != nil {
		return err
	}
	var p Publication
	var a Advisory
	var d *csaf.Document
	begun := false
	err := s.db.Change(ctx, func(tx *store.Tx) (err error) {
		begun = false
		if p, err = findPublication(tx, b.Publication); err != nil {
			return err
		}
		if p.State == "cancelled" || p.State == "done" || b.Step >= int64(len(p.Steps)) || p.Steps[b.Step].State == StepDone || p.Steps[b.Step].State == StepSkipped {
			return nil
		}
		if a, err = readAdvisory(tx.QueryRow("SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.id = $1", p.Advisory)); err != nil {
			return err
		}
		if d, err = s.beginPublication(tx, &p, &a); err != nil {
			return err
		}
		begun = true
		return nil
	})
	if err != nil || !begun {
		return err
	}
	st := p.Steps[b.Step]
	state, said, failure := s.do(ctx, p, a, st, d)
	return errors.Join(failure, s.settleStep(ctx, p, a, st, d, state, said, failure))
}

// begin notes that a step is tried. The first try of the first step fixes the bytes that
// are published: with the instant at which that happens, not the one at which it was
// planned, which a server that was down may have missed.
func (s *Service) beginPublication(tx *store.Tx, p *Publication, a *Advisory) (*csaf.Document, error) {
	v, err := revision(tx, p.Advisory, p.N)
	if err != nil {
		return nil, err
	}
	d, err := csaf.Parse(v.Text)
	if err != nil || p.State != "scheduled" {
		return d, err
	}
	d = s.stamp(*a, d, tx.Now)
	sum := digestOf(d.Bytes())
	if _, err := tx.Exec("UPDATE psirt_advisory_revision SET text = $3, sha256 = $4, tracking = $5 WHERE advisory_id = $1 AND n = $2", p.Advisory, p.N, string(d.Bytes()), sum, d.Get("document", "tracking", "version").Text()); err != nil {
		return nil, err
	}
	if _, err := tx.Exec("UPDATE psirt_publication SET state = 'running' WHERE id = $1", p.ID); err != nil {
		return nil, err
	}
	p.State = "running"
	a.Stage = AdvisoryPublishing
	if err := saveAdvisory(tx, a); err != nil {
		return nil, err
	}
	return d, tx.Record(authz.System("psirt"), fact.PsirtPublicationStepped{Publication: p.ID, Step: 0, State: "begun"})
}

// do has the effect of a step. Each bears repeating.
func (s *Service) do(ctx context.Context, p Publication, a Advisory, st Step, d *csaf.Document) (state, said string, err error) {
	switch st.Kind {
	case "site":
		if s.pub.Site == nil {
			return StepFailed, "", errors.New("no public site is configured")
		}
		r, err := s.pub.Site.Publish(s.db.Now(), site.Change{Put: [][]byte{d.Bytes()}})
		if err != nil {
			return StepFailed, "", err
		}
		return StepDone, "generation " + r.Generation, nil
	case "cve":
		return s.doRecord(ctx, a, cve.ID(st.Target), d)
	}
	return StepDone, "", nil // notices and mails are asked for in the transaction that settles the step
}

// doRecord publishes the record of one ID and reads it back: advisory and record must
// agree.
func (s *Service) doRecord(ctx context.Context, a Advisory, cveID cve.ID, d *csaf.Document) (state, said string, err error) {
	if s.pub.Records == nil {
		return StepSkipped, "no CVE Services are configured", nil
	}
	page := s.pageURL(a.Number, a.TLP)
	r, err := record.Make(d, cveID, page)
	if err != nil {
		return StepFailed, "", job.Permanent(err)
	}
	out, err := s.pub.Records.Publish(ctx, cveID, r.CNA())
	if err != nil {
		return StepFailed, "", err
	}
	there := out.Record
	if there == nil {
		if there, err = s.pub.Records.Record(ctx, cveID); err != nil || there == nil {
			return StepFailed, "", errors.Join(err, errors.New("the record can't be read back"))
		}
	}
	if diff := record.Disagree(d, cveID, there, page); len(diff) > 0 {
		raw, _ := json.Marshal(diff)
		return StepFailed, "", fmt.Errorf("the record says something else: %s", raw)
	}
	return StepDone, string(out.Did), nil
}

// settleStep writes what a step came to, and asks for the next one.
func (s *Service) settleStep(ctx context.Context, p Publication, a Advisory, st Step, d *csaf.Document, state, said string, failure error) error {
	system := authz.System("psirt")
	return s.db.Change(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if failure != nil {
			said = cutText(failure.Error(), 2000)
		}
		ended := int64(0)
		if failure == nil {
			ended = tx.Millis()
		}
		n, err := tx.Exec("UPDATE psirt_publication_step SET state = $3, tries = tries + 1, tried = $4, ended = $5, said = $6 WHERE publication_id = $1 AND ord = $2 AND ended = 0",
			p.ID, st.Ord, state, tx.Millis(), ended, said)
		if err != nil || n == 0 { // another server was first
			return err
		}
		if failure != nil {
			if st.Tries == 2 { // it does not mend itself: somebody should know
				if err := s.tellOfAdvisory(tx, a, []string{p.AskedBy}, fmt.Sprintf("stands-%s-%d", p.ID, st.Ord)); err != nil {
					return err
				}
			}
			return tx.Record(system, fact.PsirtPublicationStepped{Publication: p.ID, Step: st.Ord, State: state})
		}
		if state == StepDone {
			if err := s.after(tx, p, st, d); err != nil {
				return err
			}
		}
		next := st.Ord + 1
		for next < int64(len(p.Steps)) && p.Steps[next].State == StepSkipped {
			next++
		}
		if next < int64(len(p.Steps)) {
			if err := s.enqueue(tx, p.ID, next, tx.Now, 0); err != nil {
				return err
			}
		} else if _, err := tx.Exec("UPDATE psirt_publication SET state = 'done', ended = $2 WHERE id = $1", p.ID, tx.Millis()); err != nil {
			return err
		}
		return tx.Record(system, fact.PsirtPublicationStepped{Publication: p.ID, Step: st.Ord, State: state})
	})
}

func cutText(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

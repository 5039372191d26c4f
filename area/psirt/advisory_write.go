package psirt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/area/psirt/site"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// LargestAdvisory is how large a document may be.
const LargestAdvisory = 8 << 20

// NewAdvisory is what an advisory begins with.
type NewAdvisory struct {
	Case     string // opaque id; the actor must be on its list
	Title    string
	TLP      string // WHITE where empty
	Lang     string // en where empty
	Summary  string
	Document *csaf.Document // made from a case; its id is replaced
}

// DraftAdvisory makes an advisory. Its number is drawn at random among those of the
// year: numbers in a row would tell how many there are that nobody may know of.
func (s *Service) DraftAdvisory(ctx context.Context, by authz.Actor, n NewAdvisory) (a Advisory, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if !by.IsSystem() && !by.CanAnywhere(Handle) {
			return by.May(Handle, "")
		}
		if n.Document == nil && strings.TrimSpace(n.Title) == "" {
			return fault.Invalid(fault.F("title", "Give it a title"))
		}
		if n.TLP == "" {
			n.TLP = "WHITE"
		}
		if !slices.Contains(AdvisoryLabels, n.TLP) {
			return fault.Invalid(fault.F("tlp", "Choose with whom it may be shared"))
		}
		if n.Case != "" && !by.IsSystem() {
			var one int
			if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case_access WHERE case_id = $1 AND person = $2", n.Case, by.Person).Scan(&one); err != nil {
				return err
			}
			if one == 0 {
				return missing()
			}
		}
		number, err := s.freeNumber(tx)
		if err != nil {
			return err
		}
		d := n.Document
		if d == nil {
			d = s.skeleton(number, n, tx.Now)
		} else {
			d.Edit().Get("document", "tracking").SetText("id", number)
		}
		a = Advisory{ID: id.New(), Number: number, Version: 1, Case: n.Case, Stage: AdvisoryDrafting, Draft: 1, Made: tx.Now, Member: true}
		a.Title, a.TLP, _ = aboutDocument(d)
		if _, err := tx.Exec("INSERT INTO psirt_advisory (id, number, case_id, title, tlp, stage, draft, made) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
			a.ID, a.Number, a.Case, a.Title, a.TLP, string(a.Stage), a.Draft, tx.Millis()); err != nil {
			return err
		}
		return s.keepDraft(tx, by, &a, d, "made")
	})
	return a, err
}

// AdvisoryLabels are the labels of CSAF 2.0.
var AdvisoryLabels = []string{"WHITE", "GREEN", "AMBER", "RED"}

// keepDraft writes the text that is worked on; who writes is an author from now on.
func (s *Service) keepDraft(tx *store.Tx, by authz.Actor, a *Advisory, d *csaf.Document, act string) error {
	sum, err := putRevision(tx, by, a.ID, a.Draft, d, time.Time{})
	if err != nil {
		return err
	}
	if !by.IsSystem() {
		if err := putAdvisoryPerson(tx, by, a.ID, by.Person, Author); err != nil {
			return err
		}
	}
	return tx.Record(by, fact.PsirtAdvisoryWritten{Advisory: a.ID, Revision: a.Draft, Act: act, SHA256: sum})
}

func putAdvisoryPerson(tx *store.Tx, by authz.Actor, advisory, person, part string) error {
	_, err := tx.Exec("INSERT INTO psirt_advisory_person (advisory_id, person, part, since, added_by) VALUES ($1,$2,$3,$4,$5) ON CONFLICT (advisory_id, person, part) DO NOTHING",
		advisory, person, part, tx.Millis(), by.Who())
	return err
}

func (s *Service) freeNumber(tx *store.Tx) (string, error) {
	prefix := s.pub.Prefix
	if prefix == "" {
		prefix = "PSA"
	}
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(9000))
		if err != nil {
			return "", err
		}
		number := fmt.Sprintf("%s-%d-%04d", prefix, tx.Now.Year(), 1000+n.Int64())
		var taken int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_advisory WHERE number = $1", number).Scan(&taken); err != nil || taken == 0 {
			return number, err
		}
	}
	return "", errors.New("psirt: no number is free this year")
}

// skeleton is an advisory that says nothing yet.
func (s *Service) skeleton(number string, n NewAdvisory, now time.Time) *csaf.Document {
	at := now.UTC().Truncate(time.Second).Format(time.RFC3339)
	lang := n.Lang
	if lang == "" {
		lang = "en"
	}
	root := csaf.NewObject()
	doc := csaf.NewObject().SetText("category", "csaf_security_advisory").SetText("csaf_version", "2.0")
	doc.Set("distribution", csaf.NewObject().Set("tlp", csaf.NewObject().SetText("label", n.TLP)))
	doc.SetText("lang", lang)
	summary := strings.TrimSpace(n.Summary)
	if summary == "" {
		summary = n.Title
	}
	doc.Set("notes", csaf.NewArray(csaf.NewObject().SetText("category", "summary").SetText("text", summary).SetText("title", "Summary")))
	doc.Set("publisher", publisherValue(s.pub.Publisher))
	doc.Set("references", csaf.NewArray(csaf.NewObject().SetText("category", "self").SetText("summary", "This advisory").SetText("url", s.selfURL(number, n.TLP, now))))
	doc.SetText("title", strings.TrimSpace(n.Title))
	doc.Set("tracking", csaf.NewObject().SetText("current_release_date", at).SetText("id", number).SetText("initial_release_date", at).
		Set("revision_history", csaf.NewArray(csaf.NewObject().SetText("date", at).SetText("number", "1").SetText("summary", "First release"))).
		SetText("status", "draft").SetText("version", "1"))
	root.Set("document", doc)
	root.Set("product_tree", csaf.NewObject().Set("branches", csaf.NewArray()))
	root.Set("vulnerabilities", csaf.NewArray())
	return csaf.New(root)
}

func publisherValue(p site.Publisher) *csaf.Value {
	v := csaf.NewObject().SetText("category", p.Category)
	for _, f := range [...][2]string{{"contact_details", p.Contact}, {"issuing_authority", p.Authority}, {"name", p.Name}, {"namespace", p.Namespace}} {
		if f[1] != "" {
			v.SetText(f[0], f[1])
		}
	}
	return v
}

// parseAdvisory reads a text that somebody wrote for an advisory.
func parseAdvisory(number string, raw []byte) (*csaf.Document, error) {
	if len(raw) > LargestAdvisory {
		return nil, fault.Invalid(fault.F("text", "An advisory has at most %d bytes", LargestAdvisory))
	}
	d, err := csaf.Parse(raw)
	if err != nil {
		return nil, fault.Invalid(fault.F("text", "This is no JSON: %s", err.Error()))
	}
	if d.ID() != number {
		return nil, fault.Invalid(fault.F("text", "The tracking id must stay %s", number))
	}
	if d.Version() != csaf.V20 {
		return nil, fault.Invalid(fault.F("text", "Advisories are published as CSAF 2.0: csaf_version must be 2.0"))
	}
	return d, nil
}

// SaveAdvisory keeps a text as it was written, right or wrong: the tests tell what is
// missing until it is published.
func (s *Service) SaveAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64, raw []byte) (a Advisory, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if a, err = workOn(tx, by, advisory, version); err != nil {
			return err
		}
		if a.Stage != AdvisoryDrafting {
			return fault.Conflict("Only a draft can be changed: take it back first")
		}
		d, err := parseAdvisory(a.Number, raw)
		if err != nil {
			return err
		}
		a.Title, a.TLP, _ = aboutDocument(d)
		if err := saveAdvisory(tx, &a); err != nil {
			return err
		}
		return s.keepDraft(tx, by, &a, d, "saved")
	})
	return a, err
}

// InviteToAdvisory puts somebody on an advisory's list who shall review it.
func (s *Service) InviteToAdvisory(ctx context.Context, by authz.Actor, advisory, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		a, err := workOn(tx, by, advisory, 0)
		if err != nil {
			return err
		}
		bad := fault.Invalid(fault.F("person", "This person is not known, or may not handle advisories"))
		if s.p.Directory != nil {
			who, err := s.p.Directory.ActorOf(tx, person)
			if fault.As(err) != nil || err == nil && !who.CanAnywhere(Handle) {
				return bad
			} else if err != nil {
				return err
			}
		}
		if err := putAdvisoryPerson(tx, by, a.ID, person, Reviewer); err != nil {
			return err
		}
		if err := tx.Record(by, fact.PsirtAdvisoryWritten{Advisory: a.ID, Revision: a.Draft, Act: "invited"}); err != nil {
			return err
		}
		return s.tellOfAdvisory(tx, a, []string{person}, "invited")
	})
}

// SubmitAdvisory asks for a review: from now on the text stands still.
func (s *Service) SubmitAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64) (a Advisory, err error) {
	return s.step(ctx, by, advisory, version, AdvisoryDrafting, AdvisoryInReview, "submitted", func(tx *store.Tx, a Advisory, v Revision) error {
		d, err := csaf.Parse(v.Text)
		if err != nil {
			return err
		}
		if problems := s.unfit(a, d, tx.Now); len(problems) > 0 {
			return fault.Invalid(fault.F("text", "The tests find what must be mended first: %s", problems[0]))
		}
		reviewers, err := advisoryPeople(tx, a.ID)
		if err != nil {
			return err
		}
		var who []string
		for _, p := range reviewers {
			if p.Part == Reviewer {
				who = append(who, p.Person)
			}
		}
		return s.tellOfAdvisory(tx, a, who, fmt.Sprintf("submitted-%d-%s", a.Draft, v.SHA256[:12]))
	})
}

// step moves the revision that is worked on from one stage to another.
func (s *Service) step(ctx context.Context, by authz.Actor, advisory string, version int64, from, to Stage, act string, check func(tx *store.Tx, a Advisory, v Revision) error) (a Advisory, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if a, err = workOn(tx, by, advisory, version); err != nil {
			return err
		}
		if a.Stage != from {
			return fault.Conflict("This can't be done now: the advisory is somewhere else")
		}
		v, err := revision(tx, a.ID, a.Draft)
		if err != nil {
			return err
		}
		if err := check(tx, a, v); err != nil {
			return err
		}
		a.Stage = to
		if err := saveAdvisory(tx, &a); err != nil {
			return err
		}
		if err := s.tellCase(tx, by, a, act); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtAdvisoryWritten{Advisory: a.ID, Revision: a.Draft, Act: act, SHA256: v.SHA256})
	})
	return a, err
}

// notAuthor refuses who wrote any part of the text.
func notAuthor(tx *store.Tx, by authz.Actor, a Advisory) error {
	people, err := advisoryPeople(tx, a.ID)
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.Part == Author && p.Person == by.Person || by.IsSystem() {
			return fault.Denied("Somebody who did not write it must do this")
		}
	}
	return nil
}

func putVerdict(tx *store.Tx, by authz.Actor, a Advisory, v Revision, verdict, note string) error {
	_, err := tx.Exec("INSERT INTO psirt_advisory_verdict (id, advisory_id, n, sha256, person, verdict, note, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
		id.New(), a.ID, a.Draft, v.SHA256, by.Person, verdict, note, tx.Millis())
	return err
}

// ReviewAdvisory says whether a text is right. Whoever wrote any of it can't; a text
// that is returned is a draft again.
func (s *Service) ReviewAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64, right bool, note string) (Advisory, error) {
	to, act := AdvisoryInReview, "reviewed"
	if !right {
		to, act = AdvisoryDrafting, "returned"
	}
	return s.step(ctx, by, advisory, version, AdvisoryInReview, to, act, func(tx *store.Tx, a Advisory, v Revision) error {
		if err := notAuthor(tx, by, a); err != nil {
			return err
		}
		if note = strings.TrimSpace(note); !right && note == "" {
			return fault.Invalid(fault.F("note", "Say what is to be mended"))
		}
		if err := putVerdict(tx, by, a, v, act, note); err != nil {
			return err
		}
		return s.tellAuthors(tx, a, fmt.Sprintf("%s-%d-%s-%s", act, a.Draft, v.SHA256[:12], by.Person))
	})
}

// ApproveAdvisory lets a text be published: after a review, by somebody who did not
// write it.
func (s *Service) ApproveAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64) (Advisory, error) {
	return s.step(ctx, by, advisory, version, AdvisoryInReview, AdvisoryApproved, "approved", func(tx *store.Tx, a Advisory, v Revision) error {
		if !by.CanAnywhere(Approve) {
			return by.May(Approve, "")
		}
		if err := notAuthor(tx, by, a); err != nil {
			return err
		}
		var reviews int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_advisory_verdict WHERE advisory_id = $1 AND n = $2 AND sha256 = $3 AND verdict = 'reviewed'", a.ID, a.Draft, v.SHA256).Scan(&reviews); err != nil {
			return err
		}
		if reviews == 0 {
			return fault.Conflict("Nobody has reviewed this text yet")
		}
		if err := putVerdict(tx, by, a, v, "approved", ""); err != nil {
			return err
		}
		return s.tellAuthors(tx, a, fmt.Sprintf("approved-%d-%s", a.Draft, v.SHA256[:12]))
	})
}

// ReopenAdvisory makes a text that stands still a draft again.
func (s *Service) ReopenAdvisory(ctx context.Context, by authz.Actor, advisory string, version int64) (a Advisory, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if a, err = workOn(tx, by, advisory, version); err != nil {
			return err
		}
		switch a.Stage {
		case AdvisoryDrafting:
			return nil
		case AdvisoryInReview, AdvisoryApproved:
		default:
			return fault.Conflict("This can't be done now: the advisory is somewhere else")
		}
		a.Stage = AdvisoryDrafting
		if err := saveAdvisory(tx, &a); err != nil {
			return err
		}
		return tx.Record(by, fact.PsirtAdvisoryWritten{Advisory: a.ID, Revision: a.Draft, Act: "reopened"})
	})
	return a, err
}

// ReviseAdvisory begins the next revision of what is public: "Update A" is the first.
func (s *Service) ReviseAdvisory(ctx context.Context, by authz.Actor, advisory string, what string) (Advisory, error) {
	return s.next(ctx, by, advisory, func(a Advisory, public *csaf.Document, updates int, now time.Time) (*csaf.Document, error) {
		if what = strings.TrimSpace(what); what == "" {
			return nil, fault.Invalid(fault.F("what", "Say what is new: it will stand in the history"))
		}
		root := public.Root().Clone()
		tracking := root.Get("document", "tracking")
		version, err := site.NextVersion(tracking.Get("version").Text())
		if err != nil {
			return nil, fault.Conflict("The public text can't be continued: %s", err.Error())
		}
		at := now.UTC().Truncate(time.Second).Format(time.RFC3339)
		tracking.SetText("status", "draft").SetText("version", version).SetText("current_release_date", at)
		tracking.Get("revision_history").Append(csaf.NewObject().SetText("date", at).SetText("number", version).SetText("summary", UpdateName(updates)+": "+what))
		return csaf.New(root), nil
	})
}

// UpdateName is what readers call the nth revision after the first: Update A, B, … Z, AA.
func UpdateName(n int) string {
	letters := ""
	for n = max(n, 1); n > 0; n = (n - 1) / 26 {
		letters = string(rune('A'+(n-1)%26)) + letters
	}
	return "Update " + letters
}

// EndAdvisory begins the last revision of what is public: it is withdrawn, or another
// advisory takes its place. It takes the same way as every revision.
func (s *Service) EndAdvisory(ctx context.Context, by authz.Actor, advisory, reason, successor string) (Advisory, error) {
	return s.next(ctx, by, advisory, func(a Advisory, public *csaf.Document, _ int, now time.Time) (*csaf.Document, error) {
		end := site.End{Reason: reason, Successor: strings.TrimSpace(successor)}
		if strings.TrimSpace(reason) == "" {
			return nil, fault.Invalid(fault.F("reason", "Say why: everyone will read it"))
		}
		if end.Successor != "" {
			end.SuccessorURL = s.selfURL(end.Successor, a.TLP, now)
		}
		d, err := site.Withdraw(public, end, now)
		if err != nil {
			return nil, fault.Conflict("The public text can't be continued: %s", err.Error())
		}
		d.Edit().Get("document", "tracking").SetText("status", "draft")
		return d, nil
	})
}

// next opens a revision on top of the public one.
func (s *Service) next(ctx context.Context, by authz.Actor, advisory string, make func(a Advisory, public *csaf.Document, updates int, now time.Time) (*csaf.Document, error)) (a Advisory, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if a, err = findAdvisory(tx, by, advisory); err != nil {
			return err
		}
		if !by.IsSystem() && !by.CanAnywhere(Handle) {
			return fault.Denied("You may read this advisory, not work on it")
		}
		if a.Live == 0 {
			return fault.Conflict("It was never published: there is nothing to continue")
		}
		// What is public has no embargo: whoever handles cases may continue it, unless
		// others are about to, of which he learns no more than that.
		full, err := readAdvisory(tx.QueryRow("SELECT "+advisoryColumns+" FROM psirt_advisory a WHERE a.id = $1", advisory))
		if err != nil {
			return err
		}
		if full.Stage != "" || full.Case != "" && !a.Member {
			return fault.Conflict("This can't be done now: the advisory is somewhere else")
		}
		a, a.Member = full, true
		v, err := revision(tx, a.ID, a.Live)
		if err != nil {
			return err
		}
		public, err := csaf.Parse(v.Text)
		if err != nil {
			return err
		}
		var last int64
		var updates int
		if err := tx.QueryRow("SELECT COALESCE(MAX(n), 0), COUNT(*) FROM psirt_advisory_revision WHERE advisory_id = $1", a.ID).Scan(&last, &updates); err != nil {
			return err
		}
		if a.Imported { // earlier updates stand in its history alone
			updates = max(updates, len(public.Get("document", "tracking", "revision_history").Items()))
		}
		d, err := make(a, public, updates, tx.Now)
		if err != nil {
			return err
		}
		a.Stage, a.Draft = AdvisoryDrafting, last+1
		a.Title, a.TLP, _ = aboutDocument(d)
		// Who wrote the revisions before wrote nothing of this one.
		if _, err := tx.Exec("DELETE FROM psirt_advisory_person WHERE advisory_id = $1 AND part = $2", a.ID, Author); err != nil {
			return err
		}
		if err := saveAdvisory(tx, &a); err != nil {
			return err
		}
		return s.keepDraft(tx, by, &a, d, "made")
	})
	return a, err
}

// tellOfAdvisory brings word of an advisory to people on its list, without saying what
// it is about: messages are mailed.
func (s *Service) tellOfAdvisory(tx *store.Tx, a Advisory, who []string, key string) error {
	if s.p.Notifier == nil {
		return nil
	}
	for _, p := range who {
		if err := s.p.Notifier.Notify(tx, Notice{To: p, Subject: advisoryWaits(key), Body: advisorySays(), Href: AdvisoryHref(a.ID), Key: "psirt-advisory:" + a.ID + ":" + key + ":" + p}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellAuthors(tx *store.Tx, a Advisory, key string) error {
	people, err := advisoryPeople(tx, a.ID)
	if err != nil {
		return err
	}
	var who []string
	for _, p := range people {
		if p.Part == Author {
			who = append(who, p.Person)
		}
	}
	return s.tellOfAdvisory(tx, a, who, key)
}

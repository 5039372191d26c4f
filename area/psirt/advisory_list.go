package psirt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// AdvisoryFilter narrows the list of advisories; empty fields do not.
type AdvisoryFilter struct {
	Query string // in number, title, CVE IDs, products of what is public; in number and title of the rest
	State string // a state, a stage, or "open"
	TLP   string
	Case  string
	Page  keyset.Page
}

// What a reader sees of a row: the public text, unless he is on its list.
const (
	seenTitle = "CASE WHEN m.member = 1 THEN a.title ELSE a.live_title END"
	seenTLP   = "CASE WHEN m.member = 1 THEN a.tlp ELSE a.live_tlp END"
	seenStage = "CASE WHEN m.member = 1 THEN a.stage ELSE '' END"
	seenDate  = "CASE WHEN a.updated > 0 THEN a.updated ELSE a.made END"
)

var advisorySorts = keyset.Columns{"number": keyset.Text("a.number"), "title": keyset.Text(seenTitle), "date": keyset.Int(seenDate)}

// AdvisoryAt is the position of an advisory in a list.
func AdvisoryAt(a Advisory, sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(a.Number, a.ID)
	case "title":
		return keyset.At(a.Title, a.ID)
	}
	return keyset.At(store.Millis(a.Date()), a.ID)
}

// Date is when an advisory was last published, or made where it never was.
func (a Advisory) Date() time.Time {
	if a.Updated.IsZero() {
		return a.Made
	}
	return a.Updated
}

// Advisories lists those that the actor may know of, and how many there are.
func (s *Service) Advisories(ctx context.Context, by authz.Actor, f AdvisoryFilter) (rows []Advisory, total int, err error) {
	args := []any{by.Person}
	from := ` FROM psirt_advisory a JOIN (SELECT a.id, CASE WHEN ` + strings.ReplaceAll(advisoryMember, "$P", "$1") + ` THEN 1 ELSE 0 END AS member FROM psirt_advisory a) m ON m.id = a.id WHERE `
	var where []string
	add := func(cond string, v ...any) {
		for _, x := range v {
			args = append(args, x)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, cond)
	}
	switch {
	case by.IsSystem():
	case !by.CanAnywhere(Read):
		add("1=0")
	case by.CanAnywhere(Handle):
		add("(m.member = 1 OR a.live > 0)")
	default:
		add("(m.member = 1 OR a.live > 0 AND a.live_tlp IN ('WHITE', 'UNLABELED'))")
	}
	for word := range strings.FieldsSeq(strings.ToLower(f.Query)) {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word) + "%"
		add(`((a.live > 0 AND a.haystack LIKE ? ESCAPE '\') OR LOWER(a.number) LIKE ? ESCAPE '\' OR LOWER(`+seenTitle+`) LIKE ? ESCAPE '\')`, like, like, like)
	}
	switch f.State {
	case "":
	case "open":
		add(seenStage + " <> ''")
	case AdvisoryPublished, AdvisoryWithdrawn, AdvisorySuperseded:
		add("a.state = ?", f.State)
	default:
		add(seenStage+" = ?", f.State)
	}
	if f.TLP != "" {
		add(seenTLP+" = ?", f.TLP)
	}
	if f.Case != "" {
		add("m.member = 1 AND a.case_id = ?", f.Case)
	}
	if len(where) == 0 {
		where = []string{"1=1"}
	}
	cond := strings.Join(where, " AND ")
	err = s.db.View(ctx, func(tx *store.Tx) error {
		after, more, order, err := f.Page.SQL(advisorySorts, "a.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*)"+from+cond, args...).Scan(&total); err != nil {
			return err
		}
		rows, err = store.Rows(tx, func(r store.Scanner) (Advisory, error) {
			var member int
			a, err := readAdvisory(r, &member)
			if a.Member = member == 1 || by.IsSystem(); err == nil && !a.Member {
				a, err = a.asReader(by)
			}
			return a, err
		}, "SELECT "+advisoryColumns+", m.member"+from+cond+" AND "+after+order, append(args, more...)...)
		return err
	})
	return rows, total, err
}

// AdvisoryDetail is an advisory with all that its page shows.
type AdvisoryDetail struct {
	Advisory
	Open      Revision // the revision that is worked on
	Public    Revision // the one that is public
	Revisions []Revision
	People    []AdvisoryPerson
	Verdicts  []Verdict
	Plans     []Publication // the newest first
}

// AdvisoryPerson is somebody on an advisory's list.
type AdvisoryPerson struct {
	Person, Part string
	Since        time.Time
}

// The parts somebody has in an advisory.
const (
	Author   = "author"
	Reviewer = "reviewer"
)

// Verdict is what somebody said of a text, and of which.
type Verdict struct {
	N              int64
	SHA256, Person string
	Verdict, Note  string // reviewed, returned, approved
	At             time.Time
	Who            authz.Person
}

// Advisory is one with what belongs to it. Who is not on its list gets what is public.
func (s *Service) Advisory(ctx context.Context, by authz.Actor, id string) (d AdvisoryDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		d, err = advisoryDetail(tx, by, id)
		return err
	})
	return d, err
}

func advisoryDetail(tx *store.Tx, by authz.Actor, id string) (d AdvisoryDetail, err error) {
	if d.Advisory, err = findAdvisory(tx, by, id); err != nil {
		return d, err
	}
	if d.Live > 0 {
		if d.Public, err = revision(tx, id, d.Live); err != nil {
			return d, err
		}
	}
	only := " AND published > 0"
	if d.Member {
		only = ""
	}
	if d.Revisions, err = store.Rows(tx, readRevision, "SELECT "+revisionColumns+" FROM psirt_advisory_revision WHERE advisory_id = $1"+only+" ORDER BY n DESC", id); err != nil || !d.Member {
		return d, err
	}
	if d.Draft > 0 {
		if d.Open, err = revision(tx, id, d.Draft); err != nil {
			return d, err
		}
	}
	if d.People, err = advisoryPeople(tx, id); err != nil {
		return d, err
	}
	if d.Verdicts, err = store.Rows(tx, func(r store.Scanner) (v Verdict, err error) {
		var at int64
		err = r.Scan(&v.N, &v.SHA256, &v.Person, &v.Verdict, &v.Note, &at)
		v.At = store.Time(at)
		return v, err
	}, "SELECT n, sha256, person, verdict, note, at FROM psirt_advisory_verdict WHERE advisory_id = $1 ORDER BY at DESC, id DESC", id); err != nil {
		return d, err
	}
	for i, v := range d.Verdicts {
		if d.Verdicts[i].Who, err = authz.FindPerson(tx, v.Person); err != nil {
			return d, err
		}
	}
	d.Plans, err = publicationsOf(tx, id)
	return d, err
}

func advisoryPeople(tx *store.Tx, id string) ([]AdvisoryPerson, error) {
	return store.Rows(tx, func(r store.Scanner) (p AdvisoryPerson, err error) {
		var since int64
		err = r.Scan(&p.Person, &p.Part, &since)
		p.Since = store.Time(since)
		return p, err
	}, "SELECT person, part, since FROM psirt_advisory_person WHERE advisory_id = $1 ORDER BY part, since, person", id)
}

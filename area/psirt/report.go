package psirt

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Channel is the way a report came in.
type Channel string

// The channels.
const (
	ByForm    Channel = "form"    // the public form
	ByMail    Channel = "mail"    // an e-mail, imported
	ByPerson  Channel = "person"  // somebody of the group
	ByPartner Channel = "partner" // a coordinator or another CNA
)

// Label is the word for the channel.
func (c Channel) Label() text.Message {
	switch c {
	case ByForm:
		return text.M("Public form")
	case ByMail:
		return text.M("E-mail")
	case ByPerson:
		return text.M("Somebody of the group")
	case ByPartner:
		return text.M("A coordinator or another CNA")
	}
	return text.Literal(string(c))
}

// Finder is who reported. It is kept veiled under a key of the report, which can
// be destroyed.
type Finder struct {
	Name    string `json:"name"`
	Contact string `json:"contact"`
	Key     string `json:"key,omitempty"` // his OpenPGP key or its fingerprint
}

// Report is one report of a weakness.
type Report struct {
	ID          string
	Case        string
	Channel     Channel
	Product     string // in the finder's words
	Description string
	Finder      Finder
	Forgotten   bool   // who it was is no longer known
	Reference   string // the finder's own number
	Credit      bool   // wants to be named
	Lang        text.Lang
	Arrived     time.Time
}

// Reporting is what a report says.
type Reporting struct {
	Title, Product, Description string
	Finder                      Finder
	Reference                   string
	Credit                      bool
	Lang                        text.Lang
	Channel                     Channel
	Arrived                     time.Time // zero: now
	Message                     string    // id of the mail; one mail is taken once
	Files                       []Upload
}

// Bounds of a report.
const (
	longestText  = 50_000 // characters
	longestTitle = 200
	perHour      = 60 // reports through the public form
)

func (r *Reporting) tidy() {
	r.Title = strings.Join(strings.Fields(r.Title), " ")
	for _, s := range []*string{&r.Product, &r.Finder.Name, &r.Finder.Contact, &r.Reference} {
		*s = strings.Join(strings.Fields(*s), " ")
	}
	r.Description, r.Finder.Key = strings.TrimSpace(r.Description), strings.TrimSpace(r.Finder.Key)
	if r.Lang == "" {
		r.Lang = text.EN
	}
}

func (r Reporting) check(now time.Time) (wrong []fault.Field) {
	long := func(name, s string, most int) {
		if utf8.RuneCountInString(s) > most {
			wrong = append(wrong, fault.F(name, "At most %d characters", most))
		}
	}
	if r.Title == "" {
		wrong = append(wrong, fault.F("title", "Say in one line what you found"))
	}
	if r.Description == "" {
		wrong = append(wrong, fault.F("description", "Describe what you found"))
	}
	long("title", r.Title, longestTitle)
	long("description", r.Description, longestText)
	for name, s := range map[string]string{"product": r.Product, "name": r.Finder.Name, "contact": r.Finder.Contact, "reference": r.Reference} {
		long(name, s, 300)
	}
	long("key", r.Finder.Key, 20_000)
	if err := past("arrived", r.Arrived, now); err != nil {
		wrong = append(wrong, fault.FieldsOf(err)...)
	}
	return wrong
}

const reportColumns = "id, case_id, channel, product, description, finder, reference, credit, lang, arrived"

func readReport(r store.Scanner) (x Report, err error) {
	var veiled string
	var credit int
	var arrived int64
	err = r.Scan(&x.ID, &x.Case, &x.Channel, &x.Product, &x.Description, &veiled, &x.Reference, &credit, &x.Lang, &arrived)
	x.Credit, x.Arrived = credit != 0, store.Time(arrived)
	x.Finder.Name = veiled // made readable by unveil, once the rows are closed
	return x, err
}

func veilOf(report string) string { return "psirt-finder:" + report }

func (r *Report) unveil(tx *store.Tx) error {
	veiled := r.Finder.Name
	r.Finder = Finder{}
	if veiled == "" {
		return nil
	}
	plain, err := tx.Unveil(veilOf(r.ID), veiled)
	if errors.Is(err, store.ErrForgotten) {
		r.Forgotten = true
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(plain), &r.Finder)
}

func reports(tx *store.Tx, where string, args ...any) ([]Report, error) {
	all, err := store.Rows(tx, readReport, "SELECT "+reportColumns+" FROM psirt_case_report WHERE "+where+" ORDER BY arrived, id", args...)
	for i := range all {
		if err == nil {
			err = all[i].unveil(tx)
		}
	}
	return all, err
}

func findReport(tx *store.Tx, caseID, report string) (Report, error) {
	all, err := reports(tx, "id = $1 AND case_id = $2", report, caseID)
	if err == nil && len(all) == 0 {
		err = missing()
	}
	if err != nil {
		return Report{}, err
	}
	return all[0], nil
}

// ReportByFinder takes in what somebody outside found, through the public form.
// The report is the case's first; the team of the PSIRT is on its list.
func (s *Service) ReportByFinder(ctx context.Context, r Reporting) (Report, error) {
	r.Channel, r.Arrived, r.Message = ByForm, time.Time{}, ""
	r.tidy()
	if wrong := r.check(s.db.Now()); len(wrong) > 0 {
		return Report{}, fault.Invalid(wrong...)
	}
	files, err := s.keepAll(ctx, r.Files)
	if err != nil {
		return Report{}, err
	}
	var made Report
	return made, s.db.Change(ctx, func(tx *store.Tx) error {
		var lately int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case_report WHERE channel = $1 AND arrived > $2", string(ByForm), tx.Millis()-time.Hour.Milliseconds()).Scan(&lately); err != nil {
			return err
		}
		if lately >= perHour {
			return fault.TooBusy(10*time.Minute, "Too many reports came in a short time. Please try again later, or send us an e-mail")
		}
		_, made, err = s.receive(tx, authz.Outsider(finder), r, files)
		return err
	})
}

// Receive takes in a report that somebody of the PSIRT has in hand. He is on the
// list of its case.
func (s *Service) Receive(ctx context.Context, by authz.Actor, r Reporting) (c Case, err error) {
	if err := by.May(Handle, ""); err != nil {
		return c, err
	}
	if r.Channel != ByMail && r.Channel != ByPartner {
		r.Channel = ByPerson
	}
	r.tidy()
	if wrong := r.check(s.db.Now()); len(wrong) > 0 {
		return c, fault.Invalid(wrong...)
	}
	files, err := s.keepAll(ctx, r.Files)
	if err != nil {
		return c, err
	}
	return c, s.db.Change(ctx, func(tx *store.Tx) error {
		c, _, err = s.receive(tx, by, r, files)
		return err
	})
}

// Attach adds a further report to a case: somebody else found the same.
func (s *Service) Attach(ctx context.Context, by authz.Actor, caseID string, r Reporting) error {
	r.tidy()
	if wrong := r.check(s.db.Now()); len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	files, err := s.keepAll(ctx, r.Files)
	if err != nil {
		return err
	}
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		_, err := s.enter(tx, by, c, r, files)
		return err
	})
}

// receive opens a case with a report.
func (s *Service) receive(tx *store.Tx, by authz.Actor, r Reporting, files []File) (c Case, made Report, err error) {
	c = Case{Title: r.Title}
	if err := begin(tx, &c); err != nil {
		return c, made, err
	}
	if _, err := write(tx, by, &c, Entry{Kind: Opened, Data: string(r.Channel)}); err != nil {
		return c, made, err
	}
	team, err := s.team(tx)
	if err != nil {
		return c, made, err
	}
	if by.CanAnywhere(Read) && !by.IsSystem() && !slices.Contains(team, by.Person) {
		team = append(team, by.Person)
	}
	for _, p := range team {
		if err := s.give(tx, authz.System("psirt"), &c, p, Member, ""); err != nil {
			return c, made, err
		}
	}
	if made, err = s.enter(tx, by, &c, r, files); err != nil {
		return c, made, err
	}
	return c, made, s.settle(tx, &c)
}

// enter writes a report of a case and tells who takes part.
func (s *Service) enter(tx *store.Tx, by authz.Actor, c *Case, r Reporting, files []File) (Report, error) {
	x := Report{ID: id.New(), Case: c.ID, Channel: r.Channel, Product: r.Product, Description: r.Description, Finder: r.Finder, Reference: r.Reference,
		Credit: r.Credit, Lang: r.Lang, Arrived: r.Arrived}
	if x.Arrived.IsZero() {
		x.Arrived = tx.Now
	}
	veiled := ""
	if r.Finder != (Finder{}) {
		plain, err := json.Marshal(r.Finder)
		if err != nil {
			return x, err
		}
		if veiled, err = tx.Veil(veilOf(x.ID), string(plain)); err != nil {
			return x, err
		}
	}
	if r.Message != "" {
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case_report WHERE message = $1", r.Message).Scan(&n); err != nil {
			return x, err
		}
		if n > 0 {
			return x, fault.Conflict("This mail was imported before")
		}
	}
	if _, err := tx.Exec(`INSERT INTO psirt_case_report (id, case_id, channel, product, description, finder, reference, credit, lang, message, arrived)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, x.ID, c.ID, string(x.Channel), x.Product, x.Description, veiled, x.Reference, flag(x.Credit), string(x.Lang),
		r.Message, store.Millis(x.Arrived)); err != nil {
		return x, err
	}
	if _, err := write(tx, by, c, Entry{Kind: WasReported, About: x.ID, Happened: x.Arrived, Data: string(x.Channel)}); err != nil {
		return x, err
	}
	if err := attachFiles(tx, by, c, x.ID, files); err != nil {
		return x, err
	}
	who, err := members(tx, c.ID)
	if err != nil {
		return x, err
	}
	return x, s.tell(tx, c, who, "report:"+x.ID, text.M("A report about a product came in"), false)
}

// team are the persons of the PSIRT; where the organisation knows none, whoever
// may handle cases of the whole group.
func (s *Service) team(tx *store.Tx) (team []string, err error) {
	if s.p.Team != nil {
		if team, err = s.p.Team.PSIRT(tx); err != nil {
			return nil, err
		}
	}
	if len(team) == 0 && s.p.Directory != nil {
		return s.p.Directory.Holders(tx, Handle, "")
	}
	return team, nil
}

// ForgetFinder destroys what is known of who reported: name, address and key. What
// he reported stays.
func (s *Service) ForgetFinder(ctx context.Context, by authz.Actor, caseID, report string) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		if _, err := findReport(tx, c.ID, report); err != nil {
			return err
		}
		if err := tx.Forget(veilOf(report)); err != nil {
			return err
		}
		_, err := write(tx, by, c, Entry{Kind: Changed, About: report, Data: "finder-forgotten"})
		return err
	})
}

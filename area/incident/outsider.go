package incident

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/ticket"
)

// Link lets people without an account report incidents of one unit until a day.
type Link struct {
	ID    string
	Unit  string
	Label string // for whom it is, "Visitors of Works 3"
	By    string
	At    time.Time
	Until time.Time
	Ended time.Time
	Used  int
}

// Live tells whether one can report through it.
func (l Link) Live(now time.Time) bool { return l.Ended.IsZero() && now.Before(l.Until) }

// What is signed begins with what it is for, so that one sort of link can't
// pass for the other.
const (
	forReport = "report"
	forFollow = "follow"

	longestLink  = 2 * 366 * 24 * time.Hour
	followFor    = 90 * 24 * time.Hour
	perLinkHour  = 30 // reports through one link in an hour
	perNotesHour = 20 // notes to one report in an hour
)

func (s *Service) tickets() ticket.Signer {
	return ticket.Signer{Secret: s.p.Secret, Name: "yagura incident link 1"}
}

// verify returns the subject of a token. Every failure is the same answer.
func (s *Service) verify(purpose, token string, now time.Time) (string, error) {
	subject, ok := s.tickets().Subject(purpose, token, now)
	if !ok {
		return "", fault.NotFound("This link is not valid, or no longer. Ask for a new one")
	}
	return subject, nil
}

const linkColumns = "l.id, l.unit, l.label, l.made_by, l.at, l.until, l.ended, (SELECT COUNT(*) FROM incident i WHERE i.link = l.id)"

func readLink(r store.Scanner) (l Link, err error) {
	var at, until, ended int64
	err = r.Scan(&l.ID, &l.Unit, &l.Label, &l.By, &at, &until, &ended, &l.Used)
	l.At, l.Until, l.Ended = store.Time(at), store.Time(until), store.Time(ended)
	return l, err
}

// MakeLink makes a signed link with which anybody can report incidents of the unit.
func (s *Service) MakeLink(ctx context.Context, by authz.Actor, unit, label string, until time.Time) (l Link, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Linking, unit); err != nil {
			return err
		}
		var wrong []fault.Field
		if unit == "" {
			wrong = append(wrong, fault.F("unit", "Choose a unit"))
		}
		if label = strings.TrimSpace(label); label == "" || len([]rune(label)) > 100 {
			wrong = append(wrong, fault.F("label", "Say for whom the link is, in at most %d characters", 100))
		}
		if !until.After(tx.Now) || until.After(tx.Now.Add(longestLink)) {
			wrong = append(wrong, fault.F("until", "A link ends at a day within the next two years"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if err := known(tx, []string{unit}); err != nil {
			return err
		}
		l = Link{ID: id.New(), Unit: unit, Label: label, By: by.Who(), At: tx.Now, Until: until}
		if _, err := tx.Exec("INSERT INTO incident_link (id, unit, label, made_by, at, until) VALUES ($1,$2,$3,$4,$5,$6)",
			l.ID, l.Unit, l.Label, l.By, tx.Millis(), store.Millis(until)); err != nil {
			return err
		}
		return tx.Record(by, fact.IncidentLink{Link: l.ID, Unit: unit, Act: "made", Until: until})
	})
	return l, err
}

// EndLink ends a link before its day.
func (s *Service) EndLink(ctx context.Context, by authz.Actor, link string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		l, err := findLink(tx, link)
		if err != nil {
			return err
		}
		if err := by.See(Linking, l.Unit); err != nil {
			return err
		}
		if !l.Live(tx.Now) {
			return nil
		}
		if _, err := tx.Exec("UPDATE incident_link SET ended = $1 WHERE id = $2", tx.Millis(), link); err != nil {
			return err
		}
		return tx.Record(by, fact.IncidentLink{Link: l.ID, Unit: l.Unit, Act: "ended", Until: l.Until})
	})
}

func findLink(tx *store.Tx, link string) (Link, error) {
	l, err := readLink(tx.QueryRow("SELECT "+linkColumns+" FROM incident_link l WHERE l.id = $1", link))
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.NotFound("There is no such entry, or you may not see it")
	}
	return l, err
}

// Links are the links of the units in the scope, newest first.
func (s *Service) Links(ctx context.Context, scope authz.Scope) (ls []Link, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := scope.Where("l.unit", 1)
		ls, err = store.Rows(tx, readLink, "SELECT "+linkColumns+" FROM incident_link l WHERE "+where+" ORDER BY l.at DESC, l.id DESC LIMIT 500", args...)
		return err
	})
	return ls, err
}

// ReportURL is the address of a link, to be given to people.
func (s *Service) ReportURL(l Link) string {
	return s.p.PublicURL + "/report/" + s.tickets().Sign(forReport, l.ID, l.Until)
}

// FollowPath is where the reporter of an incident sees its state and adds
// notes, for 90 days from now on.
func (s *Service) FollowPath(number string) string {
	return "/report/status/" + s.tickets().Sign(forFollow, number, s.db.Now().Add(followFor))
}

// ByToken is the link of a token, for showing its form.
func (s *Service) ByToken(ctx context.Context, token string) (l Link, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		l, err = s.byToken(tx, token)
		return err
	})
	return l, err
}

func (s *Service) byToken(tx *store.Tx, token string) (Link, error) {
	link, err := s.verify(forReport, token, tx.Now)
	if err != nil {
		return Link{}, err
	}
	l, err := findLink(tx, link)
	if err == nil && !l.Live(tx.Now) {
		return l, fault.NotFound("This link is not valid, or no longer. Ask for a new one")
	}
	return l, err
}

// ReportByToken makes an incident of what somebody without an account noticed.
// contact is how to reach him; it is kept veiled, under a key of its own.
func (s *Service) ReportByToken(ctx context.Context, token string, d Draft, contact string) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		l, err := s.byToken(tx, token)
		if err != nil {
			return err
		}
		var lately int
		if err := tx.QueryRow("SELECT COUNT(*) FROM incident WHERE link = $1 AND reported > $2", l.ID, tx.Millis()-time.Hour.Milliseconds()).Scan(&lately); err != nil {
			return err
		}
		if lately >= perLinkHour {
			return fault.TooBusy(10*time.Minute, "Too many reports came through this link. Please call your security team, or try again later")
		}
		if contact = strings.TrimSpace(contact); len([]rune(contact)) > 200 {
			return fault.Invalid(fault.F("contact", "At most %d characters", 200))
		}
		inc = s.draft(tx, Draft{Title: d.Title, Description: d.Description, Noticed: d.Noticed, Unit: l.Unit, Occurred: d.Occurred})
		inc.Source, inc.Link, inc.Reporter = ByOutsider, l.ID, authz.Outsider(l.ID).Who()
		if inc, err = s.begin(tx, authz.Outsider(l.ID), inc, nil, Request{}); err != nil {
			return err
		}
		if contact == "" {
			return nil
		}
		if inc.Contact, err = tx.Veil("incident-reporter:"+inc.ID, contact); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE incident SET contact = $1 WHERE id = $2", inc.Contact, inc.ID)
		return err
	})
	return inc, err
}

// Receipt is what a reporter may know of what he reported: that it is being
// handled, and what he himself wrote.
type Receipt struct {
	Number   string
	Reported time.Time
	State    State
	Unit     string
	Notes    []Entry
}

// Follow is the receipt of a token.
func (s *Service) Follow(ctx context.Context, token string) (r Receipt, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		number, err := s.verify(forFollow, token, tx.Now)
		if err != nil {
			return err
		}
		inc, err := find(tx, number)
		if err != nil {
			return err
		}
		r = Receipt{Number: inc.ID, Reported: inc.Reported, State: inc.State, Unit: inc.Unit}
		all, err := entries(tx, number)
		for _, e := range all {
			if e.Kind == Outside {
				r.Notes = append(r.Notes, e)
			}
		}
		return err
	})
	return r, err
}

// AddByToken appends what the reporter has to add.
func (s *Service) AddByToken(ctx context.Context, token, body string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		number, err := s.verify(forFollow, token, tx.Now)
		if err != nil {
			return err
		}
		inc, err := find(tx, number)
		if err != nil {
			return err
		}
		var lately int
		if err := tx.QueryRow("SELECT COUNT(*) FROM incident_entry WHERE incident = $1 AND kind = $2 AND at > $3", number, string(Outside), tx.Millis()-time.Hour.Milliseconds()).Scan(&lately); err != nil {
			return err
		}
		if lately >= perNotesHour {
			return fault.TooBusy(10*time.Minute, "Too many notes in a short time. Please try again later")
		}
		by := authz.Outsider(inc.Link)
		if inc.Source != ByOutsider {
			by = authz.Outsider("reporter of " + inc.ID)
		}
		_, err = remark(tx, by, inc, Remark{Kind: Outside, Body: body})
		return err
	})
}

// MyReports are what the actor reported himself, newest first.
func (s *Service) MyReports(ctx context.Context, by authz.Actor, limit int) (rs []Receipt, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		incs, err := store.Rows(tx, read, "SELECT "+columns+" FROM incident i WHERE i.reporter = $1 AND i.source = $2 ORDER BY i.reported DESC, i.id DESC LIMIT $3",
			by.Who(), string(ByPerson), limit)
		for _, i := range incs {
			rs = append(rs, Receipt{Number: i.ID, Reported: i.Reported, State: i.State, Unit: i.Unit})
		}
		return err
	})
	return rs, err
}

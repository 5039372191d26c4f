package psirt

import (
	"context"
	"strings"
	"time"

	"yagura/area/psirt/clock"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
	"yagura/kernel/ticket"
)

// The link of a finder is a signed ticket.
const (
	forFinder    = "finder"
	linkFor      = 2 * 365 * 24 * time.Hour
	perNotesHour = 20 // messages of one finder in an hour
)

func (s *Service) tickets() ticket.Signer {
	return ticket.Signer{Secret: s.p.Secret, Name: "yagura psirt link 1"}
}

// FinderPath is where the finder of a report follows what becomes of it. The same
// report always has the same link.
func (s *Service) FinderPath(r Report) string {
	return "/psirt/report/" + s.tickets().Sign(forFinder, r.ID, r.Arrived.Add(linkFor))
}

// FinderURL is FinderPath as it is given to a finder.
func (s *Service) FinderURL(r Report) string { return s.p.PublicURL + s.FinderPath(r) }

// verify returns the report of a token. Every failure is the same answer.
func (s *Service) verify(token string, now time.Time) (string, error) {
	report, ok := s.tickets().Subject(forFinder, token, now)
	if !ok {
		return "", fault.NotFound("This link is not valid, or no longer. Ask for a new one")
	}
	return report, nil
}

// Letter is one message of a finder's thread.
type Letter struct {
	At         time.Time
	FromFinder bool
	Body       string
}

// Receipt is what a finder may know of his report: how far it is, when he hears
// next, and what he and the PSIRT wrote to each other.
type Receipt struct {
	Number   string
	Arrived  time.Time
	State    State
	Promised time.Time // when he hears next; zero: nothing is promised
	IDs      []string  // CVE IDs that he was told
	Letters  []Letter
	Files    []File // his
	Embargo  time.Time
	Open     bool
}

// byToken is the report of a token with its case.
func (s *Service) byToken(tx *store.Tx, token string) (Report, Case, error) {
	report, err := s.verify(token, tx.Now)
	if err != nil {
		return Report{}, Case{}, err
	}
	all, err := reports(tx, "id = $1", report)
	if err != nil || len(all) == 0 {
		if err == nil {
			err = fault.NotFound("This link is not valid, or no longer. Ask for a new one")
		}
		return Report{}, Case{}, err
	}
	c, err := find(tx, all[0].Case)
	return all[0], c, err
}

// Follow is the receipt of a token.
func (s *Service) Follow(ctx context.Context, token string) (x Receipt, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, c, err := s.byToken(tx, token)
		if err != nil {
			return err
		}
		log, err := logOf(tx, c.ID)
		if err != nil {
			return err
		}
		clocks, err := s.clocksOf(tx, c, log)
		if err != nil {
			return err
		}
		x = receipt(r, c, log, clocks)
		files, err := store.Rows(tx, readFile, "SELECT "+fileColumns+" FROM psirt_case_file WHERE case_id = $1 AND about = $2 ORDER BY at, id", c.ID, r.ID)
		x.Files = files
		return err
	})
	return x, err
}

// receipt picks from a case what one finder may know. Others may have reported the
// same: nothing of them is in it.
func receipt(r Report, c Case, log []Entry, clocks []clock.Clock) Receipt {
	x := Receipt{Number: c.Number, Arrived: r.Arrived, State: c.State, Open: c.Open}
	told := map[string]bool{}
	for _, e := range log {
		if e.About != r.ID {
			continue
		}
		switch e.Kind {
		case Message:
			x.Letters = append(x.Letters, Letter{e.At, e.Author == finder, e.Body})
		case ToldFinder:
			for id := range strings.FieldsSeq(e.Data) {
				if !told[id] {
					x.IDs = append(x.IDs, id)
				}
				told[id] = true
			}
		}
	}
	for _, k := range clocks {
		if k.Open() && k.Of == r.ID && (k.Rule.ID == "own-acknowledge" || k.Rule.ID == "own-promise") && (x.Promised.IsZero() || k.Due.Before(x.Promised)) {
			x.Promised = k.Due
		}
	}
	if len(x.IDs) > 0 {
		x.Embargo = c.Embargo
	}
	return x
}

// FinderState is how far a report is in the words that a finder is told.
func FinderState(s State) text.Message {
	switch s {
	case Received:
		return text.M("Received. Somebody will look at it and answer you.")
	case Acknowledged:
		return text.M("Somebody is looking into it.")
	case Accepted, Numbered, Assessing:
		return text.M("Confirmed. We are finding out which products it concerns.")
	case Planned:
		return text.M("Confirmed. A correction is being made.")
	case FixReady, InReview, Approved, Scheduled:
		return text.M("The correction is ready; its publication is being prepared.")
	case Published, Updating:
		return text.M("Published. Thank you for your help.")
	case NoVulnerability:
		return text.M("Looked into: we see no vulnerability in it. Write to us if you think otherwise.")
	case Duplicate:
		return text.M("Somebody else reported it too; it is handled together with that.")
	case OtherCNA:
		return text.M("It belongs to another maker; we told you whom to turn to.")
	case Website:
		return text.M("It concerns a website: the team for that took it over.")
	}
	return text.M("Closed. Thank you for your help.")
}

// WriteByToken appends what the finder has to say, with files.
func (s *Service) WriteByToken(ctx context.Context, token, body string, ups []Upload) error {
	var caseID string
	if err := s.db.View(ctx, func(tx *store.Tx) error { // before anything is stored
		_, c, err := s.byToken(tx, token)
		caseID = c.ID
		return err
	}); err != nil {
		return err
	}
	if body = strings.TrimSpace(body); body == "" && len(ups) == 0 {
		return fault.Invalid(fault.F("body", "Write something, or add a file"))
	} else if len([]rune(body)) > longestText {
		return fault.Invalid(fault.F("body", "At most %d characters", longestText))
	}
	lately := func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case_entry WHERE case_id = $1 AND author = $2 AND at > $3", caseID, finder, tx.Millis()-time.Hour.Milliseconds()).Scan(&n); err != nil {
			return err
		}
		if n >= perNotesHour {
			return fault.TooBusy(10*time.Minute, "Too many notes in a short time. Please try again later")
		}
		return nil
	}
	if err := s.db.View(ctx, lately); err != nil {
		return err
	}
	files, err := s.keepAll(ctx, ups)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		r, c, err := s.byToken(tx, token)
		if err != nil {
			return err
		}
		if err := lately(tx); err != nil {
			return err
		}
		by := authz.Outsider(finder)
		if body != "" {
			if _, err := write(tx, by, &c, Entry{Kind: Message, Author: finder, About: r.ID, Body: body}); err != nil {
				return err
			}
		}
		if err := attachFiles(tx, by, &c, r.ID, files); err != nil {
			return err
		}
		who, err := members(tx, c.ID)
		if err != nil {
			return err
		}
		if err := s.tell(tx, &c, who, "letter:"+r.ID+":"+tx.Now.Format(time.RFC3339Nano), text.M("A finder wrote to the PSIRT"), false); err != nil {
			return err
		}
		return s.settle(tx, &c)
	})
}

// Answering is what is written to a finder.
type Answering struct {
	Body    string
	Promise time.Time // when he hears next; zero: nothing is promised
	TellIDs bool      // he is told the CVE IDs of the case (CNA Rules 4.3.3)
}

// Answer writes to the finder of a report. The first answer acknowledges it.
func (s *Service) Answer(ctx context.Context, by authz.Actor, caseID, report string, a Answering) error {
	return s.handle(ctx, by, caseID, func(tx *store.Tx, c *Case) error {
		r, err := findReport(tx, c.ID, report)
		if err != nil {
			return err
		}
		if a.Body = strings.TrimSpace(a.Body); a.Body == "" {
			return fault.Invalid(fault.F("body", "Write what the finder is to read"))
		}
		if len([]rune(a.Body)) > longestText {
			return fault.Invalid(fault.F("body", "At most %d characters", longestText))
		}
		if !a.Promise.IsZero() && !a.Promise.After(tx.Now) {
			return fault.Invalid(fault.F("promise", "A promise is about a day to come"))
		}
		log, err := logOf(tx, c.ID)
		if err != nil {
			return err
		}
		acked := false
		for _, e := range log {
			acked = acked || e.Kind == WasAcked && e.About == r.ID
		}
		list := []Entry{}
		if !acked {
			list = append(list, Entry{Kind: WasAcked, About: r.ID})
		}
		ids := ""
		if a.TellIDs {
			if ids, err = tellIDs(tx, c.ID); err != nil {
				return err
			}
		}
		list = append(list, Entry{Kind: Message, About: r.ID, Body: a.Body}, Entry{Kind: ToldFinder, About: r.ID, Data: ids})
		if !a.Promise.IsZero() {
			list = append(list, Entry{Kind: Promised, About: r.ID, Until: a.Promise})
		}
		for _, e := range list {
			if _, err := write(tx, by, c, e); err != nil {
				return err
			}
		}
		return nil
	})
}

package psirt

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

const caseColumns = `c.id, c.number, c.version, c.title, c.summary, c.tlp, c.unit, c.lead, c.state, c.open, c.restricted, c.urgent, c.exploited,
	c.embargo, c.due, c.opened`

func readCase(r store.Scanner) (c Case, err error) {
	var open, restricted, urgent, exploited int
	var embargo, due, opened int64
	err = r.Scan(&c.ID, &c.Number, &c.Version, &c.Title, &c.Summary, &c.TLP, &c.Unit, &c.Lead, &c.State, &open, &restricted, &urgent, &exploited,
		&embargo, &due, &opened)
	c.Open, c.Restricted, c.Urgent, c.Exploited = open != 0, restricted != 0, urgent != 0, exploited != 0
	c.Embargo, c.Due, c.Opened = store.Time(embargo), store.Time(due), store.Time(opened)
	return c, err
}

func find(tx *store.Tx, caseID string) (Case, error) {
	c, err := readCase(tx.QueryRow("SELECT "+caseColumns+" FROM psirt_case c WHERE c.id = $1", caseID))
	if errors.Is(err, sql.ErrNoRows) {
		return c, missing()
	}
	return c, err
}

func lower(s string) string { return strings.ToLower(s) }

func (c Case) haystack() string { return lower(c.Number + "\n" + c.Title + "\n" + c.Summary) }

// begin numbers and writes a new case. It has nobody on its list yet.
func begin(tx *store.Tx, c *Case) error {
	number, err := tx.Number("PSIRT")
	if err != nil {
		return err
	}
	c.ID, c.Number, c.Version, c.Opened = id.New(), number, 1, tx.Now
	if c.TLP == "" {
		c.TLP = "RED"
	}
	c.Status = Derive(nil)
	var seq int64
	if err := tx.QueryRow("SELECT COALESCE(MAX(seq), 0) + 1 FROM psirt_case").Scan(&seq); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO psirt_case (id, number, seq, title, summary, tlp, unit, lead, state, stage, opened, haystack)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, c.ID, c.Number, seq, c.Title, c.Summary, c.TLP, c.Unit, c.Lead, string(c.State), c.State.Stage(),
		store.Millis(c.Opened), c.haystack())
	return err
}

// kept is the case as its row can keep it, for comparing.
func (c Case) kept() Case {
	c.Status = Status{State: c.State, Open: c.Open, Restricted: c.Restricted, Urgent: c.Urgent, Exploited: c.Exploited, Embargo: store.Time(store.Millis(c.Embargo))}
	c.Due = store.Time(store.Millis(c.Due))
	return c
}

func save(tx *store.Tx, c *Case) error {
	_, err := tx.Exec(`UPDATE psirt_case SET version = version + 1, title=$2, summary=$3, tlp=$4, unit=$5, lead=$6, state=$7, stage=$8, open=$9, restricted=$10,
		urgent=$11, exploited=$12, embargo=$13, due=$14, haystack=$15 WHERE id = $1`, c.ID, c.Title, c.Summary, c.TLP, c.Unit, c.Lead, string(c.State),
		c.State.Stage(), flag(c.Open), flag(c.Restricted), flag(c.Urgent), flag(c.Exploited), store.Millis(c.Embargo), store.Millis(c.Due), c.haystack())
	c.Version++
	return err
}

// CaseFilter narrows a list of cases; empty fields do not.
type CaseFilter struct {
	Query string
	State string // a state, or "open"
	Page  keyset.Page
}

var caseSorts = keyset.Columns{"number": keyset.Int("c.seq"), "title": keyset.Text("c.title"), "state": keyset.Int("c.stage"),
	"opened": keyset.Int("c.opened"), "due": keyset.Int("c.due")}

// CaseRow is a case in a list.
type CaseRow struct {
	Case
	Seq        int64
	Unanswered int // cells without an answer
	Cells      int
	IDs        string // CVE IDs, for those on the list
}

// At is the position of a case in a list ordered by sort.
func (r CaseRow) At(sort string) keyset.Position {
	switch sort {
	case "number":
		return keyset.At(r.Seq, r.ID)
	case "title":
		return keyset.At(r.Title, r.ID)
	case "state":
		return keyset.At(r.State.Stage(), r.ID)
	case "due":
		return keyset.At(store.Millis(r.Due), r.ID)
	}
	return keyset.At(store.Millis(r.Opened), r.ID)
}

func (f CaseFilter) where(by authz.Actor) (string, []any) {
	in, args := visible(by, 1)
	where := []string{in}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if q := strings.TrimSpace(f.Query); q != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(lower(q)) + "%"
		add(`(c.haystack LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM psirt_case_vulnerability v WHERE v.case_id = c.id AND LOWER(v.cve) LIKE ? ESCAPE '\'))`, like)
	}
	switch f.State {
	case "":
	case "open":
		add("c.open = ?", 1)
	default:
		add("c.state = ?", f.State)
	}
	return strings.Join(where, " AND "), args
}

// Cases are a page of the cases that the actor may see (one more than its limit
// when there is a next page), and how many there are.
func (s *Service) Cases(ctx context.Context, by authz.Actor, f CaseFilter) (rows []CaseRow, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := f.where(by)
		after, more, order, err := f.Page.SQL(caseSorts, "c.id", len(args)+1)
		if err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT COUNT(*) FROM psirt_case c WHERE "+where, args...).Scan(&total); err != nil {
			return err
		}
		rows, err = store.Rows(tx, readRow, "SELECT "+caseColumns+`, c.seq,
			(SELECT COUNT(*) FROM psirt_case_cell k WHERE k.case_id = c.id AND k.status = ''), (SELECT COUNT(*) FROM psirt_case_cell k WHERE k.case_id = c.id)
			FROM psirt_case c WHERE `+where+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		for i := range rows {
			ids, err := store.Texts(tx, "SELECT cve FROM psirt_case_vulnerability WHERE case_id = $1 AND cve <> '' ORDER BY cve", rows[i].ID)
			if err != nil {
				return err
			}
			rows[i].IDs = strings.Join(ids, " ")
		}
		return nil
	})
	return rows, total, err
}

func readRow(r store.Scanner) (x CaseRow, err error) {
	x.Case, err = readCase(tail{r, []any{&x.Seq, &x.Unanswered, &x.Cells}})
	return x, err
}

// tail scans further columns after those that another reader takes.
type tail struct {
	store.Scanner
	more []any
}

func (t tail) Scan(into ...any) error { return t.Scanner.Scan(append(into, t.more...)...) }

// OpenCases is how many open cases the actor may see.
func (s *Service) OpenCases(ctx context.Context, by authz.Actor) (n int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		where, args := CaseFilter{State: "open"}.where(by)
		return tx.QueryRow("SELECT COUNT(*) FROM psirt_case c WHERE "+where, args...).Scan(&n)
	})
	return n, err
}

// fresh refuses a form that was filled in on an older version.
func (c Case) fresh(version int64) error {
	if c.Version != version {
		return fault.Conflict("Somebody changed this case meanwhile. Look at it again, then repeat what you wanted to do")
	}
	return nil
}

// past refuses moments that are still to come, beyond what clocks differ.
func past(field string, at, now time.Time) error {
	if at.After(now.Add(5 * time.Minute)) {
		return fault.Invalid(fault.F(field, "This lies in the future"))
	}
	return nil
}

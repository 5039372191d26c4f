package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

// ContainmentDetail is a containment with what is known of its targets.
type ContainmentDetail struct {
	Containment
	Targets []Target
	Tries   int64 // to sign in since, refused
	Tried   time.Time
	Names   map[string]authz.Person // of who acted
	Two     bool                    // it needs, or needed, a second person
	Account Standing                // now
	// FromDirectory tells that his directory keeps the person out as well.
	FromDirectory bool
}

// Open tells whether Yagura still tries at some target.
func (d ContainmentDetail) Open() bool {
	for _, t := range d.Targets {
		if t.Open {
			return true
		}
	}
	return false
}

// Unproven are the targets of which it is not known that the person is out.
func (d ContainmentDetail) Unproven() (list []Target) {
	for _, t := range d.Targets {
		if !t.Result.Out() {
			list = append(list, t)
		}
	}
	return list
}

// Containment is one with its targets, for who may read containments in the unit.
func (s *Service) Containment(ctx context.Context, by authz.Actor, containment string) (d ContainmentDetail, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err := findContainment(tx, by, ReadContainments, containment)
		if err != nil {
			return err
		}
		d = ContainmentDetail{Containment: c, Two: c.Began.IsZero() || c.Decider != ""}
		if d.Targets, err = store.Rows(tx, readTarget, "SELECT "+targetColumns+targetTables+`WHERE t.containment = $1
			ORDER BY CASE t.kind WHEN 'door' THEN 3 WHEN 'gate' THEN 2 ELSE 1 END, t.label, t.name, t.id`, c.ID); err != nil {
			return err
		}
		if !c.Began.IsZero() {
			until := c.Ended
			if until.IsZero() {
				until = tx.Now
			}
			var last int64
			if err := tx.QueryRow("SELECT COUNT(*), COALESCE(MAX(at), 0) FROM identity_event WHERE person = $1 AND at BETWEEN $2 AND $3 AND outcome = 'refused' AND reason = 'contained'",
				c.Person.ID, store.Millis(c.Began), store.Millis(until)).Scan(&d.Tries, &last); err != nil {
				return err
			}
			d.Tried = store.Time(last)
		}
		if d.Account, err = standing(tx, c.Person.ID); err != nil {
			return err
		}
		below, err := disabledByDirectory(tx, c.Person.ID)
		if err != nil {
			return err
		}
		d.FromDirectory = below.State == Disabled
		who := []string{c.AskedBy, c.Decider, c.EndedBy}
		for _, t := range d.Targets {
			if t.SeenBy != "" {
				who = append(who, t.SeenBy)
			}
		}
		d.Names, err = authz.People(tx, who...)
		return err
	})
	return d, err
}

// ContainmentRow is a containment in a list.
type ContainmentRow struct {
	Containment
	All, Unproven int64 // targets
}

// ContainmentFilter narrows a list.
type ContainmentFilter struct {
	State  ContainmentState // "asked" leaves out those that waited too long
	Person string
	Page   keyset.Page
}

// Containments are those of the scope.
func (s *Service) Containments(ctx context.Context, scope authz.Scope, f ContainmentFilter) (list []ContainmentRow, total int, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		in, args := scope.Where("c.unit", 1)
		where := []string{in}
		also := func(sql string, arg any) {
			args = append(args, arg)
			where = append(where, fmt.Sprintf(sql, len(args)))
		}
		if f.State != "" {
			also("c.state = $%d", string(f.State))
		}
		if f.State == ContainAsked {
			also("c.asked > $%d", store.Millis(tx.Now.Add(-askedFor)))
		}
		if f.Person != "" {
			also("c.person = $%d", f.Person)
		}
		on := strings.Join(where, " AND ")
		if err := tx.QueryRow("SELECT COUNT(*) FROM identity_containment c WHERE "+on, args...).Scan(&total); err != nil {
			return err
		}
		after, more, order, err := f.Page.SQL(keyset.Columns{"asked": keyset.Int("c.asked")}, "c.id", len(args)+1)
		if err != nil {
			return err
		}
		list, err = store.Rows(tx, func(r store.Scanner) (row ContainmentRow, err error) {
			row.Containment, err = readContainment(tailed{r, []any{&row.All, &row.Unproven}})
			return row, err
		}, "SELECT "+containmentColumns+`, (SELECT COUNT(*) FROM identity_target t WHERE t.containment = c.id),
			(SELECT COUNT(*) FROM identity_target t WHERE t.containment = c.id AND t.result NOT IN ('ended', 'confirmed')) FROM identity_containment c WHERE `+on+" AND "+after+order, append(args, more...)...)
		if err != nil {
			return err
		}
		var ids []string
		for _, row := range list {
			ids = append(ids, row.Person.ID)
		}
		people, err := authz.People(tx, ids...)
		for i := range list {
			if p, ok := people[list[i].Person.ID]; ok {
				list[i].Person = p
			}
		}
		return err
	})
	return list, total, err
}

// tailed scans further columns behind those that a reader knows.
type tailed struct {
	store.Scanner
	tail []any
}

func (t tailed) Scan(into ...any) error { return t.Scanner.Scan(append(into, t.tail...)...) }

// ContainmentOf is the containment of a person that waits or is in force; ok is
// false where there is none.
func (s *Service) ContainmentOf(ctx context.Context, by authz.Actor, person string) (c Containment, ok bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if c, ok, err = openContainment(tx, person); err != nil || !ok {
			return err
		}
		if !by.Can(ReadContainments, c.Unit) || c.State == ContainAsked && !c.Waiting(tx.Now) {
			c, ok = Containment{}, false
		}
		return nil
	})
	return c, ok, err
}

// Suspect is the person whom a name means – an id, a mail address, the name of
// an account with or without its domain – among those whom the actor may
// contain. Nobody is the answer where several fit.
func (s *Service) Suspect(ctx context.Context, by authz.Actor, name string) (p authz.Person, ok bool, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || len(name) > 300 {
		return p, false, nil
	}
	account := name
	if _, after, found := strings.Cut(account, `\`); found { // DOMAIN\account
		account = after
	}
	account, _, _ = strings.Cut(account, "@")
	err = s.db.View(ctx, func(tx *store.Tx) error {
		for _, try := range [][2]string{
			{"SELECT id FROM authz_person WHERE id = $1", name},
			{"SELECT id FROM authz_person WHERE lower(email) = $1", name},
			{"SELECT person FROM identity_provisioned WHERE name = $1 AND deleted = 0", name},
			{"SELECT id FROM authz_person WHERE id = $1", account},
			{"SELECT person FROM identity_provisioned WHERE name = $1 AND deleted = 0", account},
		} {
			ids, err := store.Texts(tx, try[0]+" LIMIT 2", try[1])
			if err != nil {
				return err
			}
			if len(ids) != 1 {
				continue
			}
			found, err := authz.FindPerson(tx, ids[0])
			if err != nil {
				return err
			}
			if by.Can(Contain, found.Unit) {
				p, ok = found, true
				return nil
			}
		}
		return nil
	})
	return p, ok, err
}

// Privileged tells whether the containment of a person by the actor waits for a
// second person, for the form.
func (s *Service) Privileged(ctx context.Context, by authz.Actor, person string) (two bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		two, err = s.needsTwo(tx, by, person)
		return err
	})
	return two, err
}

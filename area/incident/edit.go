package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Edit is what can be corrected of an incident at any time.
type Edit struct {
	Title, Description, Noticed string
	Unit                        string
	Units                       []string
	Severity                    Severity
	TLP                         TLP
	Class, Type                 string
	Occurred, Detected          time.Time
}

// Change corrects fields. version is the one on which the person decided; 0
// skips the check.
func (s *Service) Change(ctx context.Context, by authz.Actor, number string, version int64, e Edit) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		was, r, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if version != 0 && version != was.Version {
			return stale()
		}
		inc = was
		inc.Title, inc.Description, inc.Noticed = strings.Join(strings.Fields(e.Title), " "), strings.TrimSpace(e.Description), strings.TrimSpace(e.Noticed)
		inc.Unit, inc.Severity, inc.TLP, inc.Class, inc.Type = e.Unit, e.Severity, e.TLP, e.Class, e.Type
		inc.Occurred, inc.Detected = e.Occurred, e.Detected
		if inc.Occurred.IsZero() {
			inc.Occurred = was.Occurred
		}
		wrong := inc.check(tx.Now)
		if inc.State != Reported && inc.Class == "" && was.Class != "" {
			wrong = append(wrong, fault.F("class", "Choose what kind of incident it is"))
		}
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		if inc.State != Reported {
			inc.Peak = graver(inc.Peak, inc.Severity)
		} else {
			inc.Peak = inc.Severity
		}
		units := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(e.Units))), func(u string) bool { return u == inc.Unit || u == "" })
		if err := known(tx, append([]string{inc.Unit}, units...)); err != nil {
			return err
		}
		// To move it under another unit one must be allowed to work there too.
		if inc.Unit != was.Unit {
			if err := by.May(Respond, inc.Unit); err != nil {
				return fault.Invalid(fault.F("unit", "You cannot move an incident to a unit where you do not work on incidents"))
			}
		}
		fields := differences(was, inc)
		if !slices.Equal(units, r.affected()) {
			fields = append(fields, "units")
		}
		if len(fields) == 0 {
			return nil
		}
		if err := setUnits(tx, inc.ID, units); err != nil {
			return err
		}
		if err := save(tx, &inc); err != nil {
			return err
		}
		if inc.TLP == Red && was.TLP != Red { // nobody who works on it loses it
			for _, p := range []string{by.Person, inc.Lead} {
				if err := join(tx, by, inc, p, p != "" && p == inc.Lead); err != nil {
					return err
				}
			}
		}
		if err := tx.Record(by, fact.IncidentEdited{ID: inc.ID, Unit: inc.Unit, Fields: fields, Severity: string(inc.Severity), TLP: string(inc.TLP), Units: units}); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Change, Said: changedSaid(was, inc, fields)}); err != nil {
			return err
		}
		if inc.Severity.Rank() > was.Severity.Rank() && inc.Open() {
			if err := s.tellTeam(tx, inc, inc.Team, fmt.Sprintf("graver:%s:%d", inc.ID, inc.Version),
				text.M("Incident %s is now %s: %s", inc.ID, inc.Severity.Label(), inc.Title), text.M("Its severity was raised.")); err != nil {
				return err
			}
		}
		return s.index(tx, inc)
	})
	return inc, err
}

func differences(a, b Incident) []string {
	var fields []string
	for name, differs := range map[string]bool{
		"title": a.Title != b.Title, "description": a.Description != b.Description, "noticed": a.Noticed != b.Noticed, "unit": a.Unit != b.Unit,
		"severity": a.Severity != b.Severity, "tlp": a.TLP != b.TLP, "class": a.Class != b.Class || a.Type != b.Type,
		"occurred": !a.Occurred.Equal(b.Occurred), "detected": !a.Detected.Equal(b.Detected),
	} {
		if differs {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// changedSaid tells what a field was and is where that matters for the work.
func changedSaid(was, inc Incident, fields []string) text.Message {
	m := text.Message{}
	add := func(next text.Message) {
		if m.IsZero() {
			m = next
		} else {
			m = text.M("%s; %s§changes", m, next)
		}
	}
	for _, f := range fields {
		switch f {
		case "severity":
			add(text.M("severity: %s → %s", was.Severity.Label(), inc.Severity.Label()))
		case "tlp":
			add(text.M("TLP: %s → %s", string(was.TLP), string(inc.TLP)))
		case "title":
			add(text.M("title: “%s” → “%s”", was.Title, inc.Title))
		case "unit":
			add(text.M("unit: %s → %s", "@unit:"+was.Unit, "@unit:"+inc.Unit))
		case "units":
			add(text.M("affected units changed"))
		case "class":
			add(text.M("kind: %s", ClassLabel(inc.Class, inc.Type)))
		case "occurred", "detected":
			add(text.M("times changed"))
		case "description", "noticed":
			add(text.M("description changed"))
		}
	}
	return m
}

// Lead makes a team and a person answer for the incident. It is for within a
// team; to another team an incident is offered, see Offer.
func (s *Service) Assign(ctx context.Context, by authz.Actor, number string, version int64, lead string) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		was, _, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if version != 0 && version != was.Version {
			return stale()
		}
		if !was.Open() {
			return fault.Conflict("This cannot be done to an incident in the state “%s”", was.State.Label())
		}
		if err := s.able(tx, "lead", lead, Respond); err != nil {
			return err
		}
		if inc = was; lead == was.Lead {
			return nil
		}
		inc.Lead = lead
		if err := save(tx, &inc); err != nil {
			return err
		}
		if err := join(tx, by, inc, lead, true); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Change, Said: text.M("%s leads it from now on", "@person:"+lead)}); err != nil {
			return err
		}
		return s.afterMove(tx, by, was, inc)
	})
	return inc, err
}

// Invite makes a person a participant: with TLP:RED it gives the right to read.
func (s *Service) Invite(ctx context.Context, by authz.Actor, number, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		inc, r, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if err := s.able(tx, "person", person, Read); err != nil {
			return err
		}
		if r.people[person] {
			return nil
		}
		if err := join(tx, by, inc, person, false); err != nil {
			return err
		}
		if _, err := write(tx, by, inc, Entry{Kind: Change, Said: text.M("%s takes part", "@person:"+person)}); err != nil {
			return err
		}
		return s.tell(tx, inc, []string{person}, "joined:"+inc.ID, text.M("You take part in incident %s: %s", inc.ID, inc.Title),
			text.M("You were asked to take part in this incident."))
	})
}

// Release ends that a person takes part. The present lead stays.
func (s *Service) Release(ctx context.Context, by authz.Actor, number, person string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		inc, r, err := working(tx, by, Respond, number)
		if err != nil {
			return err
		}
		if person == inc.Lead {
			return fault.Conflict("The lead takes part as long as he leads")
		}
		if !r.people[person] {
			return nil
		}
		// Who led is remembered for the rule of the second person.
		var led int
		if err := tx.QueryRow("SELECT led FROM incident_person WHERE incident = $1 AND person = $2", inc.ID, person).Scan(&led); err != nil {
			return err
		}
		if led != 0 {
			return fault.Conflict("Who led an incident stays a participant of it")
		}
		if _, err := tx.Exec("DELETE FROM incident_person WHERE incident = $1 AND person = $2", inc.ID, person); err != nil {
			return err
		}
		if err := tx.Record(by, fact.IncidentLeft{ID: inc.ID, Unit: inc.Unit, Person: person}); err != nil {
			return err
		}
		_, err = write(tx, by, inc, Entry{Kind: Change, Said: text.M("%s takes part no longer", "@person:"+person)})
		return err
	})
}

package incident

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Draft is what a report says.
type Draft struct {
	Title       string
	Description string
	Noticed     string
	Unit        string
	Units       []string // affected beside the unit
	Severity    Severity // empty: medium, until triage says better
	TLP         TLP      // empty: AMBER
	Class, Type string
	Occurred    time.Time // zero: now
	Detected    time.Time // zero: now
}

// AlertRef is an alert that an incident came from, as far as the incident
// keeps it.
type AlertRef struct {
	ID       string
	Title    string
	Rule     string
	Severity Severity
	Hits     int64
	First    time.Time
	Last     time.Time
	Href     string
	Sample   json.RawMessage // one event as it was
}

// Observation is an observable as it is added.
type Observation struct {
	Type  Kind
	Value string
	Note  string
}

// Request asks that an incident be raised from alerts.
type Request struct {
	Key         string // of the asker: the same key never makes a second incident
	Draft              // Unit is required; Severity is that of the gravest alert where empty
	Alerts      []AlertRef
	Observables []Observation
}

// Report makes an incident of what a person noticed and tells the team on call.
func (s *Service) Report(ctx context.Context, by authz.Actor, d Draft) (inc Incident, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := by.May(Report, d.Unit); err != nil {
			return err
		}
		inc = s.draft(tx, d)
		inc.Source, inc.Reporter = ByPerson, by.Who()
		inc, err = s.begin(tx, by, inc, d.Units, Request{})
		return err
	})
	return inc, err
}

// Raise makes an incident of alerts inside the caller's transaction. Where one
// of that key is there already it gets the alerts and observables that it does
// not have, and created is false.
func (s *Service) Raise(tx *store.Tx, by authz.Actor, r Request) (inc Incident, created bool, err error) {
	if err := by.May(Report, r.Unit); err != nil {
		return inc, false, err
	}
	if r.Key == "" {
		return inc, false, fault.Invalid(fault.F("key", "This entry is required"))
	}
	have, err := store.Rows(tx, read, "SELECT "+columns+" FROM incident i WHERE i.key <> '' AND i.key = $1", r.Key)
	if err != nil {
		return inc, false, err
	}
	if len(have) > 0 {
		inc = have[0]
		return inc, false, s.attach(tx, by, inc, r)
	}
	if r.Severity == "" {
		for _, a := range r.Alerts {
			r.Severity = graver(r.Severity, a.Severity)
		}
	}
	for _, a := range r.Alerts {
		if !a.First.IsZero() && (r.Occurred.IsZero() || a.First.Before(r.Occurred)) {
			r.Occurred = a.First
		}
	}
	inc = s.draft(tx, r.Draft)
	inc.Source, inc.Key, inc.Reporter = ByAlert, r.Key, by.Who()
	inc, err = s.begin(tx, by, inc, r.Units, r)
	return inc, err == nil, err
}

func (s *Service) draft(tx *store.Tx, d Draft) Incident {
	i := Incident{
		Title: strings.Join(strings.Fields(d.Title), " "), Description: strings.TrimSpace(d.Description), Noticed: strings.TrimSpace(d.Noticed),
		Unit: d.Unit, Severity: d.Severity, TLP: d.TLP, Class: d.Class, Type: d.Type, State: Reported,
		Occurred: d.Occurred, Detected: d.Detected, Reported: tx.Now, Version: 1,
	}
	if i.Severity == "" {
		i.Severity = Medium
	}
	if i.TLP == "" {
		i.TLP = Amber
	}
	if i.Detected.IsZero() {
		i.Detected = tx.Now
	}
	if i.Occurred.IsZero() {
		i.Occurred = i.Detected
	}
	i.Peak = i.Severity
	return i
}

// begin numbers, writes and records a new incident and tells who must know.
func (s *Service) begin(tx *store.Tx, by authz.Actor, i Incident, units []string, r Request) (Incident, error) {
	if wrong := i.check(tx.Now); len(wrong) > 0 {
		return i, fault.Invalid(wrong...)
	}
	if err := known(tx, append([]string{i.Unit}, units...)); err != nil {
		return i, err
	}
	var err error
	if i.ID, err = tx.Number("INC"); err != nil {
		return i, err
	}
	if i.Team == "" {
		if i.Team, err = s.nearest(tx, i.Unit); err != nil {
			return i, err
		}
	}
	units = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(units))), func(u string) bool { return u == i.Unit || u == "" })
	if err := insert(tx, i); err != nil {
		return i, err
	}
	if err := setUnits(tx, i.ID, units); err != nil {
		return i, err
	}
	var alerts []string
	for _, a := range r.Alerts {
		alerts = append(alerts, a.ID)
	}
	if err := tx.Record(by, fact.IncidentReported{ID: i.ID, Unit: i.Unit, Units: units, Source: string(i.Source), Severity: string(i.Severity),
		TLP: string(i.TLP), Class: i.Class, Team: i.Team, Key: i.Key, Link: i.Link, Alerts: alerts, Occurred: i.Occurred}); err != nil {
		return i, err
	}
	said := text.M("Reported by a person")
	switch i.Source {
	case ByOutsider:
		said = text.M("Reported by a signed link")
	case ByAlert:
		if said = text.M("Raised from %d alerts", len(r.Alerts)); len(r.Alerts) == 1 {
			said = text.M("Raised from an alert")
		}
	}
	if _, err := write(tx, by, i, Entry{Kind: Change, Said: said, Body: i.Noticed}); err != nil {
		return i, err
	}
	// Who reports by a role that works on incidents takes part from the start.
	if i.Source == ByPerson && by.CanAnywhere(Read) {
		if err := join(tx, by, i, by.Person, false); err != nil {
			return i, err
		}
	}
	if i.TLP == Red {
		if err := s.callIn(tx, by, i); err != nil {
			return i, err
		}
	}
	if len(r.Alerts) > 0 || len(r.Observables) > 0 {
		if err := s.attach(tx, by, i, r); err != nil {
			return i, err
		}
	}
	if err := s.index(tx, i); err != nil {
		return i, err
	}
	return i, s.tellTeam(tx, i, i.Team, "reported:"+i.ID, text.M("New incident %s (%s): %s", i.ID, i.Severity.Label(), i.Title),
		text.M("Your team answers for it. Please triage it."))
}

// callIn makes those on call participants: with TLP:RED nobody else could even
// see that there is something to do.
func (s *Service) callIn(tx *store.Tx, by authz.Actor, i Incident) error {
	who, err := s.onCall(tx, i.Team)
	if err != nil {
		return err
	}
	for _, p := range who {
		if err := join(tx, by, i, p, false); err != nil {
			return err
		}
	}
	return nil
}

// attach adds alerts and observables that are not there yet.
func (s *Service) attach(tx *store.Tx, by authz.Actor, i Incident, r Request) error {
	var added []string
	for _, a := range r.Alerts {
		n, err := tx.Exec(`INSERT INTO incident_alert (incident, alert, title, rule, severity, hits, first, last, href, sample, at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) ON CONFLICT DO NOTHING`, i.ID, a.ID, a.Title, a.Rule, string(a.Severity), a.Hits,
			store.Millis(a.First), store.Millis(a.Last), a.Href, string(a.Sample), tx.Millis())
		if err != nil {
			return err
		}
		if n > 0 {
			added = append(added, a.ID)
		}
	}
	if len(added) > 0 {
		if err := tx.Record(by, fact.IncidentAlerted{ID: i.ID, Unit: i.Unit, Alerts: added}); err != nil {
			return err
		}
	}
	if len(r.Observables) == 0 {
		return nil
	}
	var good []Observation
	for _, o := range r.Observables { // what a detector saw is kept even where it fits no type
		if o.Type == "" {
			o.Type = Guess(o.Value)
		}
		if _, err := Canonical(o.Type, o.Value); err != nil {
			o.Type = Misc
		}
		good = append(good, o)
	}
	_, err := observe(tx, by, i, good)
	return err
}

// known refuses units that are not there.
func known(tx *store.Tx, units []string) error {
	args := make([]any, 0, len(units))
	for _, u := range units {
		if u != "" && !slices.Contains(args, any(u)) {
			args = append(args, u)
		}
	}
	if len(args) == 0 {
		return nil
	}
	var n int
	if err := tx.QueryRow("SELECT COUNT(*) FROM authz_unit WHERE id IN ("+marks(1, len(args))+")", args...).Scan(&n); err != nil {
		return err
	}
	if n != len(args) {
		return fault.Invalid(fault.F("unit", "There is no such unit"))
	}
	return nil
}

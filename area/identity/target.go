package identity

import (
	"context"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/job"
	"yagura/kernel/store"
)

// Target is one thing by which a contained person got in, and what is known of
// it now.
type Target struct {
	ID       string
	Kind     TargetKind
	Name     string // code: of the door, the application or the server that asks by RADIUS
	Label    string // as people know it; empty for a door
	Session  string // at an application: the sid; by RADIUS: the Class
	Count    int64  // how many a door had open
	Result   Result
	Detail   Detail
	Status   int64  // of the latest answer by HTTP; 0: none
	Problem  string // of the latest attempt, in English
	Millis   int64  // from the act to the result
	At       time.Time
	Open     bool  // Yagura still tries
	Attempts int64 // to get in afterwards, refused; counted once a minute at most
	Tried    time.Time
	SeenBy   string // who made sure by hand

	containment, person, unit, incident string
	began                               int64
}

// TargetKind is what a target is.
type TargetKind string

// The kinds.
const (
	DoorTarget        TargetKind = "door"        // of Yagura itself
	ApplicationTarget TargetKind = "application" // one session at one application
	GateTarget        TargetKind = "gate"        // an application behind a proxy that asks for every request
	RADIUSTarget      TargetKind = "radius"      // one session at a server that asks by RADIUS
)

// Result is what is known.
type Result string

// The results. Only the first two say that the person is out.
const (
	Ended       Result = "ended"       // by who held it
	Confirmed   Result = "confirmed"   // it was looked, and he is out
	Unconfirmed Result = "unconfirmed" // nobody knows
	RefusedBy   Result = "refused"     // the other side would not
	NoAnswer    Result = "no answer"
	Pending     Result = "pending"
)

// Out tells whether it is known that the person is out.
func (r Result) Out() bool { return r == Ended || r == Confirmed }

// Detail says how a result is known, or why it is not.
type Detail string

// The details.
const (
	NoDetail    Detail = ""
	AsksAlways  Detail = "asks-always"  // it asks Yagura for every request, and is refused
	Answered    Detail = "answered"     // it said yes, and proved nothing
	StillIn     Detail = "still-in"     // it said yes, and still lets the person in
	ProbeSilent Detail = "probe-silent" // it said yes; what it was asked then it did not answer
	ProbedOut   Detail = "probed"       // it said that the session is over when it was asked again
	Untold      Detail = "untold"       // it has no address for sign-outs
	Reported    Detail = "reported"     // its accounting says that the session is over
	LookedAt    Detail = "by-hand"      // somebody looked
)

const targetColumns = "t.id, t.kind, t.name, t.label, t.session, t.count, t.result, t.detail, t.status, t.problem, t.millis, t.at, t.open, t.attempts, t.tried, t.seen_by, c.id, c.person, c.unit, c.incident, c.began"

const targetTables = " FROM identity_target t JOIN identity_containment c ON c.id = t.containment "

func readTarget(r store.Scanner) (t Target, err error) {
	var at, tried, open int64
	err = r.Scan(&t.ID, &t.Kind, &t.Name, &t.Label, &t.Session, &t.Count, &t.Result, &t.Detail, &t.Status, &t.Problem, &t.Millis, &at, &open, &t.Attempts, &tried, &t.SeenBy,
		&t.containment, &t.person, &t.unit, &t.incident, &t.began)
	t.At, t.Tried, t.Open = store.Time(at), store.Time(tried), open != 0
	return t, err
}

// applicationTargets are the sessions by which applications know a person: of
// grants that count, of sessions that live, and those of which an application
// was told in vain before.
func applicationTargets(tx *store.Tx, person string) (list []Target, err error) {
	type known struct{ client, session, as string }
	all, err := store.Rows(tx, func(r store.Scanner) (k known, err error) { return k, r.Scan(&k.client, &k.session, &k.as) },
		`SELECT g.client, g.session, g.known_as FROM identity_grant g WHERE g.person = $1 AND g.ended = 0 AND g.until > $2 AND g.generation > 0 AND g.session <> ''
		UNION SELECT g.client, g.session, g.known_as FROM identity_grant g JOIN identity_session s ON s.id = g.session WHERE s.person = $1 AND g.generation > 0
		UNION SELECT l.client, l.session, COALESCE((SELECT MAX(g.known_as) FROM identity_grant g WHERE g.client = l.client AND g.session = l.session), '')
			FROM identity_logout l WHERE l.person = $1 AND l.done = 0 ORDER BY 1, 2, 3 DESC`, person, tx.Millis())
	clients := map[string]Client{}
	for i, k := range all {
		if i > 0 && all[i-1].client == k.client && all[i-1].session == k.session {
			continue
		}
		c, ok := clients[k.client]
		if !ok {
			if c, err = findClient(tx, k.client); err != nil && !fault.Is(err, fault.KindNotFound) {
				return nil, err
			}
			clients[k.client] = c
		}
		if c.ID == "" { // removed: it has nothing any more by which Yagura could know it
			continue
		}
		t := Target{ID: c.ID + "/" + k.session, Kind: ApplicationTarget, Name: c.ID, Label: c.Name, Session: k.session, Result: Pending, Open: true}
		f := Farewell{Client: c.ID, Session: k.session, Person: person, KnownAs: k.as}
		switch {
		case c.Kind == GateClient:
			t.Kind, t.Result, t.Detail, t.Open = GateTarget, Confirmed, AsksAlways, false
		case c.LogoutURI != "":
			err = f.send(tx, c.Kind)
		case c.ProbeURI != "":
			if err = f.due(tx); err == nil {
				err = f.probe(tx)
			}
		default:
			t.Result, t.Detail, t.Open = Unconfirmed, Untold, false
		}
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, err
}

// radiusTargets are the sessions at gates that were just asked to end.
func radiusTargets(tx *store.Tx, person string) ([]Target, error) {
	list, err := store.Rows(tx, func(r store.Scanner) (t Target, err error) {
		var ends string
		if err := r.Scan(&t.ID, &t.Name, &t.Label, &ends); err != nil {
			return t, err
		}
		t.Kind, t.Session, t.Result, t.Open = RADIUSTarget, t.ID, Pending, true
		if ends == "" {
			t.Result, t.Detail, t.Open = Unconfirmed, Untold, false
		}
		return t, nil
	}, `SELECT g.id, n.id, n.name, n.ends FROM (SELECT y.id, y.nas, y.began FROM identity_stay y WHERE y.person = $1 AND y.asked = $2
		UNION ALL SELECT r.id, r.nas, r.began FROM identity_radius r WHERE r.person = $1 AND r.ended = $2 AND NOT EXISTS (SELECT 1 FROM identity_stay y WHERE y.entry = r.id AND y.asked = $2)) g
		JOIN identity_nas n ON n.id = g.nas ORDER BY g.began, g.id`, person, tx.Millis())
	return list, err
}

// aim writes the targets of a containment down.
func aim(tx *store.Tx, c Containment, targets []Target) error {
	for _, t := range targets {
		if t.At.IsZero() && t.Result != Pending {
			t.At = tx.Now
		}
		if _, err := tx.Exec(`INSERT INTO identity_target (containment, id, kind, name, label, session, count, result, detail, status, problem, millis, at, open) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'',$11,$12,$13)`,
			c.ID, t.ID, string(t.Kind), t.Name, t.Label, t.Session, t.Count, string(t.Result), string(t.Detail), t.Status, t.Millis, store.Millis(t.At), flag(t.Open)); err != nil {
			return err
		}
		t.containment, t.person, t.unit, t.incident = c.ID, c.Person.ID, c.Unit, c.Incident
		if t.Result == Pending || t.Kind == DoorTarget && t.Count == 0 {
			continue // there is nothing to tell
		}
		if err := tx.Record(authz.System("identity"), t.fact()); err != nil {
			return err
		}
	}
	return nil
}

func (t Target) fact() fact.ContainmentTarget {
	name := t.Name
	if t.Kind == RADIUSTarget { // ids of servers say nothing to who reads
		name = t.Label
	}
	return fact.ContainmentTarget{Containment: t.containment, Person: t.person, Unit: t.unit, Incident: t.incident, Target: t.ID, Form: string(t.Kind), Name: name,
		Count: t.Count, Result: string(t.Result), Detail: string(t.Detail), Status: t.Status, Millis: t.Millis}
}

// found sets what is known of a target now. A result that is news is recorded;
// the same once more is not.
func (t Target) found(tx *store.Tx, by authz.Actor, result Result, detail Detail, status int64, problem string, open bool) error {
	news := result != t.Result || detail != t.Detail
	t.Result, t.Detail, t.Status = result, detail, status
	if news {
		t.At, t.Millis = tx.Now, max(0, tx.Millis()-t.began)
	}
	if _, err := tx.Exec("UPDATE identity_target SET result = $1, detail = $2, status = $3, problem = $4, millis = $5, at = $6, open = $7, seen_by = $8 WHERE containment = $9 AND id = $10",
		string(result), string(detail), status, problem, t.Millis, store.Millis(t.At), flag(open), t.SeenBy, t.containment, t.ID); err != nil {
		return err
	}
	if !news || result == Pending {
		return nil
	}
	return tx.Record(by, t.fact())
}

// targetsAt are the targets that a session at an application or a gate is, of
// containments in force of which something is still open.
func targetsAt(tx *store.Tx, name, session string) ([]Target, error) {
	return store.Rows(tx, readTarget, "SELECT "+targetColumns+targetTables+"WHERE t.session = $1 AND t.name = $2 AND t.open = 1 AND c.state = 'in-force'", session, name)
}

// answered takes what an application answered to its sign-out as what is known of
// the target.
func answered(tx *store.Tx, c Client, f Farewell, a Answer) error {
	list, err := targetsAt(tx, f.Client, f.Session)
	for _, t := range list {
		if t.Kind != ApplicationTarget {
			continue
		}
		result, detail, open := NoAnswer, NoDetail, !a.Last
		switch {
		case a.Problem == "" && c.ProbeURI != "":
			result, detail, open = Pending, Answered, true
		case a.Problem == "":
			result, detail, open = Unconfirmed, Answered, false
		case a.Status > 0:
			result = RefusedBy
		}
		if err := t.found(tx, authz.System("identity"), result, detail, int64(a.Status), a.Problem, open); err != nil {
			return err
		}
	}
	return err
}

// ProbeJob is the kind of jobs that ask an application whether a session still
// lives there. Its body is a Farewell.
const ProbeJob = "identity.probe"

func (f Farewell) probe(tx *store.Tx) error {
	_, err := job.Enqueue(tx, job.Job{Kind: ProbeJob, Deadline: tx.Now.Add(time.Hour), Body: job.Body(f)})
	return err
}

// Probed keeps what an application said when it was asked whether the session
// still lives there: alive counts where there is no problem.
func (s *Service) Probed(ctx context.Context, f Farewell, alive bool, a Answer) error {
	return s.db.Operate(ctx, func(tx *store.Tx) error {
		result, detail, open := Confirmed, ProbedOut, false
		switch {
		case a.Problem != "":
			result, detail, open = Unconfirmed, ProbeSilent, !a.Last
		case alive:
			result, detail, open = Unconfirmed, StillIn, !a.Last
		}
		if err := f.proved(tx, detail); err != nil {
			return err
		}
		list, err := targetsAt(tx, f.Client, f.Session)
		for _, t := range list {
			if err := t.found(tx, authz.System("identity"), result, detail, int64(a.Status), a.Problem, open); err != nil {
				return err
			}
		}
		return err
	})
}

// turnedAway notes that something of a contained person was tried and refused:
// whoever tries has not let go of it. That it could not be noted changes
// nothing about the refusal.
func (s *Service) turnedAway(ctx context.Context, g Grant) {
	if g.Person == "" {
		return
	}
	at := func(tx *store.Tx) ([]Target, error) {
		return store.Rows(tx, readTarget, "SELECT "+targetColumns+targetTables+`WHERE c.person = $1 AND c.state = 'in-force' AND (t.session = $2 AND t.name = $3 OR t.id = $4)
			ORDER BY CASE WHEN t.kind = 'door' THEN 1 ELSE 0 END LIMIT 1`, g.Person, g.Session, g.Client, "door/"+applicationsDoor)
	}
	var list []Target
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) { list, err = at(tx); return err }); err != nil || len(list) == 0 {
		return
	}
	if s.db.Now().Sub(list[0].Tried) < seenEvery { // a flood of dead tokens costs no flood of writes
		return
	}
	_ = s.db.Operate(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		list, err := at(tx)
		if err != nil || len(list) == 0 {
			return err
		}
		t := list[0]
		if _, err := tx.Exec("UPDATE identity_target SET attempts = attempts + 1, tried = $1 WHERE containment = $2 AND id = $3", tx.Millis(), t.containment, t.ID); err != nil || t.Attempts > 0 {
			return err
		}
		return tx.Record(authz.System("identity"), fact.ContainmentAttempt{Containment: t.containment, Person: t.person, Unit: t.unit, Incident: t.incident,
			Target: t.ID, Form: string(t.Kind), Name: t.Name, Millis: max(0, tx.Millis()-t.began)})
	})
}

// ConfirmTarget takes a person's word that he looked and found the contained
// person out: where nothing can ask by itself.
func (s *Service) ConfirmTarget(ctx context.Context, by authz.Actor, containment, target string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		c, err := findContainment(tx, by, Contain, containment)
		if err != nil {
			return err
		}
		list, err := store.Rows(tx, readTarget, "SELECT "+targetColumns+targetTables+"WHERE t.containment = $1 AND t.id = $2", c.ID, target)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return fault.NotFound("There is no such entry, or you may not see it")
		case by.Person == c.Person.ID:
			return fault.Denied("Nobody decides about himself")
		case c.State != ContainInForce:
			return fault.Conflict("This containment is not in force")
		case list[0].Result.Out():
			return fault.Conflict("This is confirmed already")
		}
		list[0].SeenBy = by.Who()
		return list[0].found(tx, by, Confirmed, LookedAt, list[0].Status, "", false)
	})
}

package incident

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/id"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

const columns = `i.id, i.key, i.version, i.title, i.description, i.source, i.noticed, i.unit, i.severity, i.peak, i.tlp, i.class, i.type,
	i.team, i.lead, i.state, i.occurred, i.detected, i.reported, i.triaged, i.confirmed, i.contained, i.eradicated, i.recovered,
	i.reviewed, i.closed, i.reporter, i.contact, i.link, i.other, i.reason, i.lessons, i.cause, i.reviewer, i.reopened`

func read(r store.Scanner) (i Incident, err error) {
	var at [11]int64
	err = r.Scan(&i.ID, &i.Key, &i.Version, &i.Title, &i.Description, &i.Source, &i.Noticed, &i.Unit, &i.Severity, &i.Peak, &i.TLP,
		&i.Class, &i.Type, &i.Team, &i.Lead, &i.State, &at[0], &at[1], &at[2], &at[3], &at[4], &at[5], &at[6], &at[7], &at[8], &at[9],
		&i.Reporter, &i.Contact, &i.Link, &i.Other, &i.Reason, &i.Lessons, &i.Cause, &i.Reviewer, &i.Reopened)
	for n, t := range i.times() {
		*t = store.Time(at[n])
	}
	return i, err
}

// times are the moments of an incident in the order of the columns.
func (i *Incident) times() []*time.Time {
	return []*time.Time{&i.Occurred, &i.Detected, &i.Reported, &i.Triaged, &i.Confirmed, &i.Contained, &i.Eradicated, &i.Recovered, &i.Reviewed, &i.Closed}
}

func find(tx *store.Tx, number string) (Incident, error) {
	i, err := read(tx.QueryRow("SELECT "+columns+" FROM incident i WHERE i.id = $1", number))
	if errors.Is(err, sql.ErrNoRows) {
		return i, missing()
	}
	return i, err
}

func insert(tx *store.Tx, i Incident) error {
	open, _ := flags(i)
	args := []any{i.ID, seq(i.ID), i.Key, i.Title, i.Description, string(i.Source), i.Noticed, i.Unit, string(i.Severity), string(i.Peak),
		i.Severity.Rank(), string(i.TLP), i.Class, i.Type, i.Team, i.Lead, string(i.State), i.State.Stage(), open,
		i.Reporter, i.Contact, i.Link, i.Other, i.Reason, i.Lessons, i.Cause, i.Reviewer, i.Reopened, haystack(i)}
	for _, t := range i.times() {
		args = append(args, store.Millis(*t))
	}
	_, err := tx.Exec(`INSERT INTO incident (id, seq, key, title, description, source, noticed, unit, severity, peak, rank, tlp, class, type,
		team, lead, state, stage, open, reporter, contact, link, other, reason, lessons, cause, reviewer, reopened, haystack,
		occurred, detected, reported, triaged, confirmed, contained, eradicated, recovered, reviewed, closed) VALUES (`+marks(1, len(args))+")", args...)
	return err
}

// save writes all fields that can change and counts the version up.
func save(tx *store.Tx, i *Incident) error {
	open, _ := flags(*i)
	args := []any{i.ID, i.Title, i.Description, i.Noticed, i.Unit, string(i.Severity), string(i.Peak), i.Severity.Rank(), string(i.TLP), i.Class,
		i.Type, i.Team, i.Lead, string(i.State), i.State.Stage(), open, i.Other, i.Reason, i.Lessons, i.Cause, i.Reviewer, i.Reopened, haystack(*i)}
	for _, t := range i.times() {
		args = append(args, store.Millis(*t))
	}
	_, err := tx.Exec(`UPDATE incident SET version = version + 1, title=$2, description=$3, noticed=$4, unit=$5, severity=$6, peak=$7, rank=$8, tlp=$9,
		class=$10, type=$11, team=$12, lead=$13, state=$14, stage=$15, open=$16, other=$17, reason=$18, lessons=$19, cause=$20, reviewer=$21,
		reopened=$22, haystack=$23, occurred=$24, detected=$25, reported=$26, triaged=$27, confirmed=$28, contained=$29, eradicated=$30,
		recovered=$31, reviewed=$32, closed=$33 WHERE id = $1`, args...)
	i.Version++
	return err
}

func flags(i Incident) (open, red int) {
	if i.Open() {
		open = 1
	}
	if i.TLP == Red {
		red = 1
	}
	return open, red
}

// seq orders numbers as people do: INC-2026-10000 comes after INC-2026-9999.
func seq(number string) int64 {
	parts := strings.Split(number, "-")
	if len(parts) != 3 {
		return 0
	}
	year, _ := strconv.ParseInt(parts[1], 10, 64)
	n, _ := strconv.ParseInt(parts[2], 10, 64)
	return year*10_000_000 + n
}

// haystack is what the list's search looks into.
func haystack(i Incident) string { return fold(i.ID + "\n" + i.Title + "\n" + i.Description) }

// fold makes texts comparable: small letters, and the wide Latin letters of
// Japanese input as ordinary ones.
func fold(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xfee0
		case r == 0x3000:
			return ' '
		}
		return r
	}, s))
}

// like is a pattern that finds the text anywhere; \ is its escape.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(fold(strings.TrimSpace(s))) + "%"
}

func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

func reachOf(tx *store.Tx, i Incident) (reach, error) {
	units, err := store.Texts(tx, "SELECT unit FROM incident_unit WHERE incident = $1 ORDER BY unit", i.ID)
	if err != nil {
		return reach{}, err
	}
	people, err := store.Texts(tx, "SELECT person FROM incident_person WHERE incident = $1", i.ID)
	r := reach{units: append([]string{i.Unit}, units...), people: map[string]bool{}}
	for _, p := range people {
		r.people[p] = true
	}
	return r, err
}

// affected are the units beside its own.
func (r reach) affected() []string { return r.units[1:] }

func setUnits(tx *store.Tx, number string, units []string) error {
	if _, err := tx.Exec("DELETE FROM incident_unit WHERE incident = $1", number); err != nil {
		return err
	}
	for _, u := range units {
		if _, err := tx.Exec("INSERT INTO incident_unit (incident, unit) VALUES ($1,$2) ON CONFLICT DO NOTHING", number, u); err != nil {
			return err
		}
	}
	return nil
}

// join makes a person a participant, once. led marks the lead, for good.
func join(tx *store.Tx, by authz.Actor, i Incident, person string, led bool) error {
	if person == "" || strings.Contains(person, ":") {
		return nil
	}
	n, err := tx.Exec("INSERT INTO incident_person (incident, person, since, added_by) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
		i.ID, person, tx.Millis(), by.Who())
	if err != nil {
		return err
	}
	if led {
		if _, err := tx.Exec("UPDATE incident_person SET led = 1 WHERE incident = $1 AND person = $2", i.ID, person); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	return tx.Record(by, fact.IncidentJoined{ID: i.ID, Unit: i.Unit, Person: person})
}

func ledBy(tx *store.Tx, number string) ([]string, error) {
	return store.Texts(tx, "SELECT person FROM incident_person WHERE incident = $1 AND led = 1 ORDER BY person", number)
}

// EntryKind is what an entry of a timeline is.
type EntryKind string

// The kinds of entries.
const (
	Note       EntryKind = "note"
	Decision   EntryKind = "decision"
	Correction EntryKind = "correction"
	Change     EntryKind = "change"   // a step or a change of fields
	Handover   EntryKind = "handover" // an offer and its answers
	Evidence   EntryKind = "evidence"
	Outside    EntryKind = "outside" // by a reporter through his link
)

// Entry is one entry of a timeline. It is never changed; a later entry may
// correct it.
type Entry struct {
	ID       string
	At       time.Time // when it was written
	Happened time.Time // when what it tells was so
	Author   string
	Kind     EntryKind
	Said     text.Message // what the system says of a change
	Body     string       // what a person wrote
	Corrects string       // id of the entry that it corrects
	Digest   string       // salted SHA-256, as in the ledger
	salt     string
}

// write appends an entry and records it.
func write(tx *store.Tx, by authz.Actor, i Incident, e Entry) (Entry, error) {
	e.ID, e.salt = id.New(), id.Token()
	if e.Author == "" { // set already only where history is put in
		e.Author = by.Who()
	}
	if e.At.IsZero() {
		e.At = tx.Now
	}
	if e.Happened.IsZero() {
		e.Happened = e.At
	}
	said := ""
	if !e.Said.IsZero() {
		b, err := json.Marshal(e.Said)
		if err != nil {
			return e, err
		}
		said = string(b)
	}
	e.Digest = digest(e, said)
	if _, err := tx.Exec(`INSERT INTO incident_entry (id, incident, at, happened, author, kind, said, body, corrects, salt, digest)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, e.ID, i.ID, store.Millis(e.At), store.Millis(e.Happened), e.Author, string(e.Kind),
		said, e.Body, e.Corrects, e.salt, e.Digest); err != nil {
		return e, err
	}
	return e, tx.Record(by, fact.IncidentNoted{ID: i.ID, Unit: i.Unit, Entry: e.ID, Kind: string(e.Kind), Digest: e.Digest})
}

// digest binds an entry to its row of the ledger. The salt keeps short texts
// from being guessed out of it.
func digest(e Entry, said string) string {
	h := sha256.New()
	for _, s := range []string{"yagura incident entry 1", e.salt, e.ID, strconv.FormatInt(store.Millis(e.At), 10),
		strconv.FormatInt(store.Millis(e.Happened), 10), e.Author, string(e.Kind), said, e.Body, e.Corrects} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func entries(tx *store.Tx, number string) ([]Entry, error) {
	return store.Rows(tx, func(r store.Scanner) (e Entry, err error) {
		var at, happened int64
		var said string
		if err := r.Scan(&e.ID, &at, &happened, &e.Author, &e.Kind, &said, &e.Body, &e.Corrects, &e.salt, &e.Digest); err != nil {
			return e, err
		}
		e.At, e.Happened = store.Time(at), store.Time(happened)
		if digest(e, said) != e.Digest {
			e.Digest = "" // what stands here is not what was written
		}
		if said != "" {
			err = json.Unmarshal([]byte(said), &e.Said)
		}
		return e, err
	}, "SELECT id, at, happened, author, kind, said, body, corrects, salt, digest FROM incident_entry WHERE incident = $1 ORDER BY at, id", number)
}

func (s *Service) index(tx *store.Tx, i Incident) error {
	switch {
	case s.p.Index == nil:
		return nil
	case i.TLP == Red:
		return s.p.Index.Drop(tx, i.ID)
	}
	return s.p.Index.Put(tx, Found{Ref: i.ID, Unit: i.Unit, Title: i.Title, Text: i.Description, Href: Href(i.ID)})
}

// Href is the page of an incident.
func Href(number string) string { return "/incidents/" + number }

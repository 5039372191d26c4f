package psirt

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"yagura/area/psirt/csaf"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Advisory is a document with which the group tells the world of weaknesses. It has at
// most one revision that is public and one that is being worked on.
type Advisory struct {
	ID       string
	Number   string // tracking id
	Version  int64  // of the row, for forms that were open for long
	Case     string // opaque id; empty: of none
	Title    string
	TLP      string
	Stage    Stage  // of the revision that is worked on; empty: there is none
	Draft    int64  // its number
	State    string // published, withdrawn, superseded; empty: never published
	Live     int64  // number of the public revision; 0: none
	Interim  bool   // the public revision says that more follows soon
	Imported bool
	Made     time.Time
	Released time.Time // first
	Updated  time.Time // of the public revision

	Member bool // the reader knows of what is not public

	liveTitle, liveTLP string
}

// Stage is how far a revision is that is not public yet.
type Stage string

// The stages, in their order.
const (
	AdvisoryDrafting   Stage = "draft"
	AdvisoryInReview   Stage = "review"
	AdvisoryApproved   Stage = "approved"
	AdvisoryScheduled  Stage = "scheduled"
	AdvisoryPublishing Stage = "publishing"
)

// Stages are all of them.
var Stages = []Stage{AdvisoryDrafting, AdvisoryInReview, AdvisoryApproved, AdvisoryScheduled, AdvisoryPublishing}

// Label is what a stage is called.
func (s Stage) Label() text.Message {
	switch s {
	case AdvisoryDrafting:
		return text.M("Draft§advisory")
	case AdvisoryInReview:
		return text.M("In review§advisory")
	case AdvisoryApproved:
		return text.M("Approved§advisory")
	case AdvisoryScheduled:
		return text.M("Scheduled§advisory")
	case AdvisoryPublishing:
		return text.M("Being published")
	}
	return text.M("Nothing is being worked on")
}

// The states of what is public.
const (
	AdvisoryPublished  = "published"
	AdvisoryWithdrawn  = "withdrawn"
	AdvisorySuperseded = "superseded"
)

// StateLabel is what the state of an advisory is called.
func StateLabel(state string) text.Message {
	switch state {
	case AdvisoryPublished:
		return text.M("Published§advisory")
	case AdvisoryWithdrawn:
		return text.M("Withdrawn§advisory")
	case AdvisorySuperseded:
		return text.M("Superseded§advisory")
	}
	return text.M("Not published")
}

// AdvisoryHref is the page of an advisory.
func AdvisoryHref(id string) string { return "/psirt/advisories/" + id }

// forEveryone tells whether a label lets everyone read.
func forEveryone(tlp string) bool { return tlp == "WHITE" || tlp == "UNLABELED" }

const advisoryColumns = `a.id, a.number, a.version, a.case_id, a.title, a.tlp, a.stage, a.draft, a.state, a.live, a.live_title, a.live_tlp,
	a.interim, a.imported, a.made, a.released, a.updated`

func readAdvisory(r store.Scanner, more ...any) (a Advisory, err error) {
	var interim, imported int
	var made, released, updated int64
	err = r.Scan(append([]any{&a.ID, &a.Number, &a.Version, &a.Case, &a.Title, &a.TLP, &a.Stage, &a.Draft, &a.State, &a.Live, &a.liveTitle, &a.liveTLP,
		&interim, &imported, &made, &released, &updated}, more...)...)
	a.Interim, a.Imported = interim != 0, imported != 0
	a.Made, a.Released, a.Updated = store.Time(made), store.Time(released), store.Time(updated)
	return a, err
}

// advisoryMember is the predicate for advisories of which the person in $n may know
// before they are public: its authors and reviewers, and the list of its case.
const advisoryMember = `(EXISTS (SELECT 1 FROM psirt_advisory_person x WHERE x.advisory_id = a.id AND x.person = $P)
	OR a.case_id <> '' AND EXISTS (SELECT 1 FROM psirt_case_access y WHERE y.case_id = a.case_id AND y.person = $P AND y.part = 'member'))`

// findAdvisory loads an advisory as somebody may see it. What is not public is there
// for its members alone: no role, however high, opens it. Others see what is public,
// and of that GREEN, AMBER and RED only those who handle cases.
func findAdvisory(tx *store.Tx, by authz.Actor, id string) (Advisory, error) {
	var member int
	a, err := func() (Advisory, error) {
		return readAdvisory(tx.QueryRow("SELECT "+advisoryColumns+", CASE WHEN "+strings.ReplaceAll(advisoryMember, "$P", "$2")+" THEN 1 ELSE 0 END FROM psirt_advisory a WHERE a.id = $1", id, by.Person), &member)
	}()
	if errors.Is(err, sql.ErrNoRows) {
		return a, missing()
	}
	if err != nil {
		return a, err
	}
	if a.Member = by.IsSystem() || member == 1; a.Member {
		return a, nil
	}
	return a.asReader(by)
}

// asReader leaves of an advisory what somebody may see who is not on its list.
func (a Advisory) asReader(by authz.Actor) (Advisory, error) {
	if a.Live == 0 || !by.CanAnywhere(Read) || !forEveryone(a.liveTLP) && !by.CanAnywhere(Handle) {
		return Advisory{}, missing()
	}
	a.Title, a.TLP, a.Stage, a.Draft, a.Version = a.liveTitle, a.liveTLP, "", 0, 0
	return a, nil
}

// workOn loads an advisory on which the actor may work.
func workOn(tx *store.Tx, by authz.Actor, id string, version int64) (Advisory, error) {
	a, err := findAdvisory(tx, by, id)
	if err != nil {
		return a, err
	}
	if !by.IsSystem() && (!a.Member || !by.CanAnywhere(Handle)) {
		return a, fault.Denied("You may read this advisory, not work on it")
	}
	if version != 0 && version != a.Version {
		return a, fault.Conflict("Somebody else changed this advisory meanwhile: look at it again")
	}
	return a, nil
}

// saveAdvisory writes what can change and counts the version up.
func saveAdvisory(tx *store.Tx, a *Advisory) error {
	interim := 0
	if a.Interim {
		interim = 1
	}
	_, err := tx.Exec(`UPDATE psirt_advisory SET version = version + 1, title=$2, tlp=$3, stage=$4, draft=$5, state=$6, live=$7, live_title=$8, live_tlp=$9,
		interim=$10, released=$11, updated=$12 WHERE id = $1`,
		a.ID, a.Title, a.TLP, string(a.Stage), a.Draft, a.State, a.Live, a.liveTitle, a.liveTLP, interim, store.Millis(a.Released), store.Millis(a.Updated))
	a.Version++
	return err
}

// Revision is one text of an advisory, as exact bytes.
type Revision struct {
	N         int64
	Text      []byte
	SHA256    string
	Tracking  string // its version, as the document says
	Saved     time.Time
	SavedBy   string
	Published time.Time
}

func readRevision(r store.Scanner) (v Revision, err error) {
	var said string
	var saved, published int64
	err = r.Scan(&v.N, &said, &v.SHA256, &v.Tracking, &saved, &v.SavedBy, &published)
	v.Text, v.Saved, v.Published = []byte(said), store.Time(saved), store.Time(published)
	return v, err
}

const revisionColumns = "n, text, sha256, tracking, saved, saved_by, published"

func revision(tx *store.Tx, advisory string, n int64) (Revision, error) {
	v, err := readRevision(tx.QueryRow("SELECT "+revisionColumns+" FROM psirt_advisory_revision WHERE advisory_id = $1 AND n = $2", advisory, n))
	if errors.Is(err, sql.ErrNoRows) {
		return v, missing()
	}
	return v, err
}

func putRevision(tx *store.Tx, by authz.Actor, advisory string, n int64, d *csaf.Document, published time.Time) (sum string, err error) {
	sum = digestOf(d.Bytes())
	_, err = tx.Exec(`INSERT INTO psirt_advisory_revision (advisory_id, n, text, sha256, tracking, saved, saved_by, published) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		ON CONFLICT (advisory_id, n) DO UPDATE SET text = excluded.text, sha256 = excluded.sha256, tracking = excluded.tracking, saved = excluded.saved, saved_by = excluded.saved_by, published = excluded.published`,
		advisory, n, string(d.Bytes()), sum, d.Get("document", "tracking", "version").Text(), tx.Millis(), by.Who(), store.Millis(published))
	return sum, err
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// aboutDocument is what lists and searches know of a text.
func aboutDocument(d *csaf.Document) (title, tlp, haystack string) {
	title = d.Get("document", "title").Text()
	if tlp = d.Get("document", "distribution", "tlp", "label").Text(); tlp == "" {
		tlp = "UNLABELED"
	}
	parts := []string{d.ID(), title}
	for _, v := range d.Get("vulnerabilities").Items() {
		parts = append(parts, v.Get("cve").Text(), v.Get("title").Text())
	}
	parts = append(parts, productNamesOf(d)...)
	return title, tlp, strings.ToLower(strings.Join(parts, "\n"))
}

// productNamesOf are the names under which a reader looks for products.
func productNamesOf(d *csaf.Document) (names []string) {
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
	}
	var walk func(list *csaf.Value)
	walk = func(list *csaf.Value) {
		for _, b := range list.Items() {
			switch b.Get("category").Text() {
			case "vendor", "product_name", "product_family":
				add(b.Get("name").Text())
			}
			add(b.Get("product", "name").Text())
			walk(b.Get("branches"))
		}
	}
	walk(d.Get("product_tree", "branches"))
	for _, p := range d.Get("product_tree", "full_product_names").Items() {
		add(p.Get("name").Text())
	}
	return names
}

// advisoryWaits is the subject of a message about an advisory that is not public.
func advisoryWaits(key string) text.Message {
	what, _, _ := strings.Cut(key, "-")
	switch what {
	case "submitted", "invited":
		return text.M("An advisory waits for your review")
	case "returned":
		return text.M("An advisory came back from its review")
	case "reviewed":
		return text.M("An advisory was reviewed")
	case "approved":
		return text.M("An advisory was approved")
	}
	return text.M("The publication of an advisory needs you")
}

func advisorySays() text.Message {
	return text.M("Sign in to look at it: a mail tells nothing of its content.")
}

// StateLabel is what the state of what is public is called.
func (a Advisory) StateLabel() text.Message { return StateLabel(a.State) }

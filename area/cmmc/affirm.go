package cmmc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// AffirmationFile is what the executive officer reads before he signs for an
// enclave: how it stands, and everything that changed since the last signature.
type AffirmationFile struct {
	Enclave   string            `json:"enclave"`
	Name      string            `json:"name"`
	Level     int               `json:"level"`
	Held      score.Status      `json:"held"` // the status that the enclave holds
	Dates     map[string]string `json:"dates"`
	Last      string            `json:"last_signature,omitempty"`
	SSP       string            `json:"ssp,omitempty"`
	Assessed  standingFile      `json:"assessed"`
	Live      standingFile      `json:"live"`
	Open      []openFile        `json:"open"`
	Unknown   []string          `json:"unknown"`
	NotSource []string          `json:"signals_without_source"`
	Changes   []changeFile      `json:"changes"` // the earliest first
}

type standingFile struct {
	Low    *int         `json:"low,omitempty"`
	High   *int         `json:"high,omitempty"`
	Status score.Status `json:"status"`
	Best   score.Status `json:"best_status"`
}

type openFile struct {
	Requirement string   `json:"requirement"`
	Points      int      `json:"points"`
	Clause      string   `json:"clause"`
	Deferrable  bool     `json:"deferrable"`
	Objectives  []string `json:"objectives"`
}

type changeFile struct {
	At        time.Time `json:"at"`
	System    string    `json:"system"`
	Objective string    `json:"objective,omitempty"`
	Kind      string    `json:"kind"`
	Was       string    `json:"was,omitempty"`
	Now       string    `json:"now,omitempty"`
	Signal    string    `json:"signal,omitempty"`
	WasValue  string    `json:"was_value,omitempty"`
	Value     string    `json:"value,omitempty"`
	Ref       string    `json:"ref,omitempty"`
	By        string    `json:"by"`
}

// Affirmation is a signature that was given.
type Affirmation struct {
	ID      string
	Enclave string
	Day     time.Time
	Content []byte
	SHA256  string
	By      string
	At      time.Time
}

// mostChanges bounds what one file tells; more than that a person does not read.
const mostChanges = 5000

// ForAffirmation is the file as it is now, and its hash, which the signature names.
func (s *Service) ForAffirmation(ctx context.Context, by authz.Actor, enclave string) (f AffirmationFile, raw []byte, sum string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, enclave)
		if err != nil {
			return err
		}
		f, raw, sum, err = s.affirmationFile(tx, by, sys)
		return err
	})
	return f, raw, sum, err
}

func (s *Service) affirmationFile(tx *store.Tx, by authz.Actor, sys System) (f AffirmationFile, raw []byte, sum string, err error) {
	p, err := s.picture(tx, by, sys, only{sys.ID, -1})
	if err != nil {
		return f, nil, "", err
	}
	live, said := p.assessment(true).Score(sys.Level), p.assessment(false).Score(sys.Level)
	signed, err := signatures(tx, sys.ID)
	if err != nil {
		return f, nil, "", err
	}
	var since time.Time
	if len(signed) > 0 {
		since = signed[0].At
	}
	f = AffirmationFile{Enclave: sys.ID, Name: sys.Name, Level: sys.Level, Held: sys.Holding(tx.Now), Dates: map[string]string{}, SSP: planText(sys),
		Assessed: standingFile{said.Low, said.High, said.Status, said.Best}, Live: standingFile{live.Low, live.High, live.Status, live.Best},
		Open: []openFile{}, Unknown: []string{}, NotSource: []string{}, Changes: []changeFile{}}
	if !since.IsZero() {
		f.Last = since.UTC().Format(time.RFC3339)
	}
	for name, d := range map[string]time.Time{"conditional": sys.Status.Conditional, "final": sys.Status.Final} {
		if !d.IsZero() {
			f.Dates[name] = dayText(d)
		}
	}
	for _, d := range live.Deductions {
		o := openFile{d.Requirement.ID, d.Points, d.Clause, d.Deferrable, []string{}}
		for _, i := range d.Open {
			o.Objectives = append(o.Objectives, catalog.Name(i))
		}
		for _, i := range d.Unknown {
			f.Unknown = append(f.Unknown, catalog.Name(i))
		}
		if len(d.Open) > 0 {
			f.Open = append(f.Open, o)
		}
	}
	for _, sig := range signals {
		if p.raw.readings[sig.Name].At.IsZero() && len(sig.Objectives) > 0 {
			f.NotSource = append(f.NotSource, sig.Name)
		}
	}
	list, err := changesOf(tx, sys.ID, since, mostChanges)
	if err != nil {
		return f, nil, "", err
	}
	for _, c := range slices.Backward(list) {
		x := changeFile{At: c.At, System: c.System, Kind: c.Kind, Was: c.Was, Now: c.Now, Signal: c.Signal, WasValue: c.WasValue, Value: c.Value, Ref: c.Ref, By: c.By}
		if c.Objective >= 0 {
			x.Objective = catalog.Name(c.Objective)
		}
		f.Changes = append(f.Changes, x)
	}
	if raw, err = json.MarshalIndent(f, "", " "); err != nil {
		return f, nil, "", err
	}
	raw = append(raw, '\n')
	hash := sha256.Sum256(raw)
	return f, raw, hex.EncodeToString(hash[:]), nil
}

// Affirm is the officer's signature under the file of that hash. Where anything has
// changed since he read it, the file is another one, and nothing is signed. Nor is
// it where the enclave, as it stands today, does not carry the status it holds.
func (s *Service) Affirm(ctx context.Context, by authz.Actor, enclave, read string) error {
	return s.db.Change(ctx, func(tx *store.Tx) error {
		sys, err := openEnclave(tx, by, enclave)
		if err != nil {
			return err
		}
		if err := by.May(Affirm, sys.Unit); err != nil {
			return err
		}
		f, raw, sum, err := s.affirmationFile(tx, by, sys)
		switch {
		case err != nil:
			return err
		case f.Held == score.None:
			return fault.Conflict("%s holds no status that could be affirmed", sys.Name)
		case sum != read:
			return fault.Conflict("Something has changed since you read the file: read it again")
		case !f.Live.Status.AtLeast(f.Held):
			return fault.Conflict("%s does not stand as its status says: today it is “%s”. It can't be affirmed", sys.Name, StatusLabel(f.Live.Status))
		}
		return s.sign(tx, by, sys, dayOf(tx.Now), raw, sum)
	})
}

func (s *Service) sign(tx *store.Tx, by authz.Actor, sys System, day time.Time, raw []byte, sum string) error {
	a := id.New()
	if _, err := tx.Exec("INSERT INTO cmmc_affirmation (id, enclave, day, content, sha256, actor, at) VALUES ("+marks(1, 7)+")",
		a, sys.ID, store.Millis(day), string(raw), sum, by.Who(), tx.Millis()); err != nil {
		return err
	}
	if err := note(tx, by, Change{System: sys.ID, Objective: -1, Kind: "affirmed", Now: dayText(day), Ref: a}); err != nil {
		return err
	}
	if err := tx.Record(by, fact.CMMCAffirmed{Affirmation: a, Enclave: sys.ID, Unit: sys.Unit, Day: day, SHA256: sum}); err != nil {
		return err
	}
	return stir(tx, sys.ID, pulseAll)
}

// signatures are those of an enclave, the latest first.
func signatures(tx *store.Tx, enclave string) ([]Affirmation, error) {
	return store.Rows(tx, func(r store.Scanner) (a Affirmation, err error) {
		var day, at int64
		var content string
		err = r.Scan(&a.ID, &a.Enclave, &day, &content, &a.SHA256, &a.By, &at)
		a.Day, a.At, a.Content = store.Time(day), store.Time(at), []byte(content)
		return a, err
	}, "SELECT id, enclave, day, content, sha256, actor, at FROM cmmc_affirmation WHERE enclave = $1 ORDER BY at DESC, id DESC", enclave)
}

// Affirmations are the signatures under an enclave, the latest first.
func (s *Service) Affirmations(ctx context.Context, by authz.Actor, enclave string) (list []Affirmation, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := openEnclave(tx, by, enclave); err != nil {
			return err
		}
		list, err = signatures(tx, enclave)
		return err
	})
	return list, err
}

package cmmc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/area/cmmc/score"
	"yagura/fact"
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
)

// LargestImport is how large a file of results may be, in bytes.
const LargestImport = 8 << 20

// Imported is what became of a file.
type Imported struct {
	Judged, Proposed int // results that count at once; that wait for a second person
	Same             int
	Warnings         place.Problems
}

// Import takes the results of a file of `yagura cmmc score` as what somebody says of
// an enclave or a provider: as with Judge, what is better waits for a second
// person. What is wrong is told with its place, and then nothing is taken. Evidence
// is not imported: a name and a hash are no document.
func (s *Service) Import(ctx context.Context, by authz.Actor, system, name string, data []byte) (out Imported, err error) {
	if len(data) > LargestImport {
		return out, fault.Invalid(fault.F("file", "The file is larger than %d MiB", LargestImport>>20))
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		out = Imported{}
		sys, err := working(tx, by, Work, system)
		if err != nil {
			return err
		}
		a, err := score.Read(name, data, dayOf(tx.Now))
		if err != nil {
			return problems(err)
		}
		if err := s.fitsHere(tx, sys, a); err != nil {
			return err
		}
		out.Warnings = a.Warnings
		was, err := judgements(tx, only{system, -1})
		if err != nil {
			return err
		}
		old := map[int]Judgement{}
		for _, j := range was {
			old[j.Objective] = j
		}
		for i := range a.Objectives {
			o := &a.Objectives[i]
			if o.Result == "" && o.Exception == nil {
				continue
			}
			j := Judgement{Objective: i, Result: o.Result, Reason: o.Reason, Method: o.Method, Assessor: o.Assessor, Exception: o.Exception}
			if j.Result == "" { // an exception speaks for itself
				j.Result = score.NotMet
			}
			if x, ok := old[i]; ok && x.Result == j.Result && x.Reason == j.Reason && x.Method == j.Method && exceptionText(x.Exception) == exceptionText(j.Exception) {
				out.Same++
				continue
			}
			waits, err := s.judge(tx, by, sys, j)
			switch {
			case err != nil:
				return err
			case waits:
				out.Proposed++
			default:
				out.Judged++
			}
		}
		sum := sha256.Sum256(data)
		return tx.Record(by, fact.CMMCImported{System: sys.ID, Unit: sys.Unit, SHA256: hex.EncodeToString(sum[:]), Judged: out.Judged, Proposed: out.Proposed})
	})
	return out, err
}

// fitsHere refuses a file that says what can't be of this system.
func (s *Service) fitsHere(tx *store.Tx, sys System, a *score.Assessment) error {
	var wrong fields
	wrong.add(sys.Kind == Enclave && a.Level != sys.Level, fault.F("file", "The file is of Level %d, this enclave's target is Level %d", a.Level, sys.Level))
	wrong.add(a.Date.After(tx.Now), fault.F("file", "The file is dated %s: this day lies in the future", dayText(a.Date)))
	allowed := objectivesOf(sys.Level)
	var extra []string
	for i := range a.Objectives {
		if o := &a.Objectives[i]; (o.Result != "" || o.Exception != nil) && sys.Kind == Enclave && i < catalog.Level2Objectives+catalog.Level3Objectives && !allowed.Has(i) && !(sys.Level == 1 && catalog.Owner(i).Level == 2) {
			extra = append(extra, catalog.Name(i))
		}
	}
	wrong.add(len(extra) > 0, fault.F("file", "At Level %d there is no %s", sys.Level, strings.Join(extra, ", ")))
	return wrong.err()
}

// problems are faults of a file, each with its place.
func problems(err error) error {
	var list place.Problems
	if !errors.As(err, &list) {
		return err
	}
	var wrong fields
	for _, p := range list {
		wrong.add(true, fault.F("file", "%s:%d: %s: %s", p.File, p.Line, p.Path, p.What))
	}
	return wrong.err()
}

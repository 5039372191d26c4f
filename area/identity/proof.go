package identity

import (
	"context"
	"slices"

	"yagura/kernel/store"
)

// What applications proved when they were asked whether a session is over. It is
// kept for each of them and each session, as for the targets of a containment.

// proved keeps the latest answer to the probe. One that was found out stays so:
// the time is that of the first proof.
func (f Farewell) proved(tx *store.Tx, d Detail) error {
	if d != ProbedOut {
		_, err := tx.Exec("UPDATE identity_logout SET proof = $1, probed = $2 WHERE client = $3 AND session = $4 AND proof <> $5",
			string(d), tx.Millis(), f.Client, f.Session, string(ProbedOut))
		return err
	}
	_, err := tx.Exec(`UPDATE identity_logout SET proof = $1, probed = $2, proved = CASE WHEN $2 > asked THEN $2 - asked ELSE 0 END, done = CASE WHEN done = 0 THEN $2 ELSE done END
		WHERE client = $3 AND session = $4 AND proof <> $1`, string(d), tx.Millis(), f.Client, f.Session)
	return err
}

// Proven is how well an application lets go, of the last 90 days.
type Proven struct {
	Asked    int64 // sign-outs
	Proved   int64 // of them, found out by the probe
	P50, P95 int64 // milliseconds from the end of the session to the proof
}

// mostProofs bounds how many sign-outs of an application are looked at, the latest:
// of a large one they are those of the last hours, and more would tell no more.
const mostProofs = 2000

// Proofs are of the applications that are named, as far as there were sign-outs.
func (s *Service) Proofs(ctx context.Context, clients ...string) (map[string]Proven, error) {
	found := map[string]Proven{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, client := range clients {
			var p Proven
			var took []int64
			_, err := store.Rows(tx, func(r store.Scanner) (none struct{}, err error) {
				var proof Detail
				var millis int64
				err = r.Scan(&proof, &millis)
				if p.Asked++; proof == ProbedOut {
					took = append(took, millis)
				}
				return none, err
			}, "SELECT proof, proved FROM identity_logout WHERE client = $1 AND asked > $2 ORDER BY asked DESC LIMIT $3", client, tx.Millis()-loggedFor, mostProofs)
			if err != nil {
				return err
			}
			if p.Asked == 0 {
				continue
			}
			slices.Sort(took)
			p.Proved, p.P50, p.P95 = int64(len(took)), nearest(took, 50), nearest(took, 95)
			found[client] = p
		}
		return nil
	})
	return found, err
}

// nearest is a percentile by the nearest rank; 0 of nothing.
func nearest(sorted []int64, percent int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

package incident

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Tracked counts open incidents of the scope, and those of them that are not kept
// track of: reported longer than a day ago and not looked at, without anybody who
// leads though confirmed, or with a task past its day.
func (s *Service) Tracked(tx *store.Tx, scope authz.Scope) (open, lost int, err error) {
	in, args := scope.Where("i.unit", 3)
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN i.state = 'reported' AND i.reported < $1 OR i.state NOT IN ('reported', 'triaged') AND i.lead = ''
			OR EXISTS (SELECT 1 FROM incident_task t WHERE t.incident = i.id AND t.done = 0 AND t.due > 0 AND t.due < $2) THEN 1 ELSE 0 END), 0)
		FROM incident i WHERE i.open = 1 AND `+in, append([]any{store.Millis(tx.Now.Add(-24 * time.Hour)), tx.Millis()}, args...)...).Scan(&open, &lost)
	return open, lost, err
}

// LastExercise is when the latest incident of the scope that was an exercise was
// reported; zero where there was none.
func (s *Service) LastExercise(tx *store.Tx, scope authz.Scope) (time.Time, error) {
	in, args := scope.Where("i.unit", 1)
	var at int64
	err := tx.QueryRow("SELECT COALESCE(MAX(i.reported), 0) FROM incident i WHERE i.state = 'dismissed' AND i.reason = 'exercise' AND "+in, args...).Scan(&at)
	return store.Time(at), err
}

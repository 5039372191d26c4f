package detect

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

// Untriaged is when the oldest of the high and critical alerts of the scope was
// raised that nobody has taken up; zero where there is none.
func (s *Service) Untriaged(tx *store.Tx, scope authz.Scope) (time.Time, error) {
	in, args := scope.Where("a.unit", 1)
	var at int64
	err := tx.QueryRow("SELECT COALESCE(MIN(a.raised), 0) FROM detect_alert a WHERE a.level >= 3 AND a.triaged = 0 AND "+in, args...).Scan(&at)
	return store.Time(at), err
}

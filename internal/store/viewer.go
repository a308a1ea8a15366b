package store

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// Viewer is the person on whose behalf a list is read. What they may not see is left out by the query itself.
type Viewer struct {
	UserID     string
	Principals []string // 'user:…', 'group:…', 'post:…' as people.Directory.Principals gives them
	All        bool     // administrators and operators see everything
}

func (v Viewer) principals() []string {
	own := "user:" + v.UserID
	if slices.Contains(v.Principals, own) {
		return v.Principals
	}
	return append([]string{own}, v.Principals...)
}

// visibleSQL asks whether the viewer may read the process in column id: they started it, acted in it, were sent a copy, or are a
// candidate of one of its open tasks now.
func (v Viewer) visibleSQL(s *statement, id string) string {
	if v.All {
		return "true"
	}
	user, principals := s.arg(v.UserID), s.arg(v.principals())
	return `(EXISTS (SELECT 1 FROM processes vp WHERE vp.id = ` + id + ` AND vp.starter = ` + user + `)
	OR EXISTS (SELECT 1 FROM process_participants vx WHERE vx.process_id = ` + id + ` AND vx.user_id = ` + user + `)
	OR EXISTS (SELECT 1 FROM tasks vt JOIN task_candidates vc ON vc.task_id = vt.id
	           WHERE vt.process_id = ` + id + ` AND vt.status = 'open'
	             AND vc.principal = ANY (` + principals + `) AND NOT ` + user + ` = ANY (vc.excluded)))`
}

// CanSee reports whether the viewer may read the process. An unknown process cannot be seen.
func (s *Store) CanSee(ctx context.Context, viewer Viewer, processID uuid.UUID) (bool, error) {
	var stmt statement
	id := stmt.arg(processID)
	sql := `SELECT EXISTS (SELECT 1 FROM processes p WHERE p.id = ` + id + ` AND ` + viewer.visibleSQL(&stmt, "p.id") + `)`
	var visible bool
	err := s.pool.QueryRow(ctx, sql, stmt.args...).Scan(&visible)
	return visible, Classify(err)
}

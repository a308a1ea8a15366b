package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store"
)

// Limits of one look at vacancies.
const (
	maxVacancies = 1000 // found by one look; the next one goes on
	// smallGroup is up to how many active members a group, post or person is looked at task by task: all of them may be excluded
	// from a task. In a larger one somebody is always left.
	smallGroup = 4
)

// sqlMembers answers the active people behind a principal in column p, at most one more than smallGroup.
const sqlMembers = `ARRAY(SELECT u.id FROM users u WHERE u.active AND (
  p LIKE 'user:%' AND u.id = substr(p, 6)
  OR p LIKE 'group:%' AND EXISTS (SELECT FROM memberships m WHERE m.group_id = substr(p, 7) AND m.user_id = u.id)
  OR p LIKE 'post:%' AND EXISTS (SELECT FROM post_holders h WHERE h.post_id = substr(p, 6) AND h.user_id = u.id)) LIMIT 5)`

// sqlVacant says whether nobody can do task t: whoever has it has left, or it is nobody's and no active person may take it.
const sqlVacant = `(t.status = 'open' AND CASE
 WHEN t.assignee IS NOT NULL THEN NOT EXISTS (SELECT FROM users u WHERE u.id = t.assignee AND u.active)
 ELSE NOT EXISTS (SELECT FROM task_candidates c CROSS JOIN LATERAL (SELECT c.principal AS p) o CROSS JOIN LATERAL (SELECT ` + sqlMembers + ` AS members) m
  WHERE c.task_id = t.id AND NOT m.members <@ c.excluded) END)`

// sqlVacancies finds open tasks that nobody can do and no open incident names. It walks over the principals that tasks wait for, from
// one to the next along the inbox's index, and looks at the tasks of those alone behind whom few or none are left: what a look
// costs follows the number of principals and not the number of tasks.
const sqlVacancies = `WITH RECURSIVE waiting (p) AS (
 (SELECT principal FROM task_candidates WHERE NOT claimed ORDER BY principal LIMIT 1)
 UNION ALL
 SELECT (SELECT c.principal FROM task_candidates c WHERE NOT c.claimed AND c.principal > w.p ORDER BY c.principal LIMIT 1) FROM waiting w WHERE w.p IS NOT NULL),
few AS MATERIALIZED (
 SELECT p, members FROM (SELECT p, ` + sqlMembers + ` AS members FROM waiting WHERE p IS NOT NULL) w WHERE cardinality(members) <= $2),
suspects AS (
 SELECT c.task_id AS id FROM few f JOIN task_candidates c ON c.principal = f.p AND NOT c.claimed WHERE f.members <@ c.excluded
 UNION SELECT t.id FROM users u JOIN tasks t ON t.assignee = u.id AND t.status = 'open' WHERE NOT u.active)
SELECT t.id, t.process_id, t.title, t.step, coalesce(t.assignee, ''),
 ARRAY(SELECT c.principal FROM task_candidates c WHERE c.task_id = t.id ORDER BY 1) FROM suspects s JOIN tasks t ON t.id = s.id
WHERE ` + sqlVacant + ` AND NOT EXISTS (SELECT FROM incidents i WHERE i.process_id = t.process_id AND i.event_id = 'nobody/' || t.id AND i.resolved_at IS NULL)
LIMIT $1`

const sqlStaffed = `UPDATE incidents i SET resolved_at = clock_timestamp(), resolution = 'staffed', resolved_by = 'steward'
WHERE i.kind = $1 AND i.resolved_at IS NULL
 AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = substr(i.event_id, 8)::uuid AND ` + sqlVacant + `)`

// vacancy is an open task that nobody can do.
type vacancy struct {
	Task       uuid.UUID
	Process    uuid.UUID
	Title      store.Text
	Step       string
	Assignee   string
	Candidates []string
}

// LookForVacancies opens an incident for every open task that nobody is left to do, once, and closes those of tasks that are over or
// that somebody can do again. It answers how many it opened and closed. Calls must not overlap.
func (a *Auditor) LookForVacancies(ctx context.Context) (opened, closed int, err error) {
	tag, err := a.store.Lists().Exec(ctx, sqlStaffed, store.IncidentNobodyLeft)
	if err != nil {
		return 0, 0, fmt.Errorf("close incidents of tasks that somebody can do: %w", store.Classify(err))
	}
	rows, err := a.store.Lists().Query(ctx, sqlVacancies, maxVacancies, smallGroup)
	if err != nil {
		return 0, int(tag.RowsAffected()), fmt.Errorf("look for tasks that nobody can do: %w", store.Classify(err))
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[vacancy])
	if err != nil {
		return 0, int(tag.RowsAffected()), fmt.Errorf("look for tasks that nobody can do: %w", store.Classify(err))
	}
	for _, v := range found {
		if _, err := a.store.ReportIncident(ctx, v.incident()); err != nil {
			return opened, int(tag.RowsAffected()), err
		}
		opened++
	}
	return opened, int(tag.RowsAffected()), nil
}

// incident says what to do.
func (v vacancy) incident() store.NewIncident {
	remedy := fmt.Sprintf("Nobody is left who can do the task %q (step %s): an operator or administrator transfers it to somebody, or put an active person behind %s.",
		v.Title.In("en"), v.Step, strings.Join(v.Candidates, " or "))
	if v.Assignee != "" {
		remedy = fmt.Sprintf("%s, who has the task %q (step %s), has left: an operator or administrator transfers it to somebody else.", v.Assignee, v.Title.In("en"), v.Step)
	}
	return store.NewIncident{
		ProcessID: v.Process, EventID: "nobody/" + v.Task.String(), Kind: store.IncidentNobodyLeft, Message: remedy,
		Detail: "task " + v.Task.String() + "; the incident closes by itself when somebody can do the task, or when it is over",
	}
}

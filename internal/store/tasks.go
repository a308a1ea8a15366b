package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// TaskList names one of the lists of tasks that a person has.
type TaskList string

// The lists of tasks. All but TasksDone hold open tasks, most urgent first: what is due earliest, then what has no due date.
const (
	TasksInbox     TaskList = "inbox"     // mine and claimable together
	TasksMine      TaskList = "mine"      // assigned to me
	TasksClaimable TaskList = "claimable" // nobody's yet, and I am a candidate
	TasksOverdue   TaskList = "overdue"   // of my inbox, what is due already
	TasksDone      TaskList = "done"      // completed by me, latest first
	TasksAll       TaskList = "all"       // every open task; administrators and operators only
)

// TaskFilter narrows a list of tasks. Zero fields do not narrow. A page of a narrowed list passes Options.SearchDepth tasks at most,
// and may therefore hold fewer than asked for, even none, and still have a next one.
type TaskFilter struct {
	DefinitionID string
	Kind         string
	Query        string // text that the title of the task or of its process holds, letter case ignored; at most 100 characters
}

// TaskItem is a task as lists show it.
type TaskItem struct {
	ID           uuid.UUID
	ProcessID    uuid.UUID
	Node         int32
	DefinitionID string
	Step         string
	Kind         string
	Title        Text
	ProcessTitle Text
	Status       string
	Assignee     *string
	Owner        *string
	Outcome      *string
	DueAt        *time.Time
	DueKey       time.Time // DueAt, or the end of the year 9999
	OpenedAt     time.Time
	ClaimedAt    *time.Time
	ClosedAt     *time.Time
	ClosedBy     *string
	Revision     int32
	Priority     int32
	LateStart    bool
	Starter      string   // who started the process
	Candidates   []string // principals that may claim it, none when it is not open
}

// taskItemColumns are in the order of TaskItem's fields.
const taskItemColumns = `t.id, t.process_id, t.node, t.definition_id, t.step, t.kind, t.title, t.process_title, t.status, t.assignee,
	t.owner, t.outcome, t.due_at, t.due_key, t.opened_at, t.claimed_at, t.closed_at, t.closed_by, t.revision, t.priority, t.late_start,
	coalesce((SELECT p.starter FROM processes p WHERE p.id = t.process_id), ''),
	(SELECT coalesce(array_agg(c.principal ORDER BY c.principal), '{}') FROM task_candidates c WHERE c.task_id = t.id)`

// Tasks reads a page of one of the viewer's lists. TasksAll is refused with ErrInvalid unless the viewer sees everything.
func (s *Store) Tasks(ctx context.Context, viewer Viewer, list TaskList, filter TaskFilter, page Page) (Slice[TaskItem], error) {
	limit, err := page.limit()
	if err != nil {
		return Slice[TaskItem]{}, err
	}
	if err := checkTaskList(viewer, list, filter); err != nil {
		return Slice[TaskItem]{}, err
	}
	after, err := decodeCursor[timeKey]("tasks/"+string(list), page.Cursor)
	if err != nil {
		return Slice[TaskItem]{}, err
	}
	var stmt statement
	filter.apply(&stmt)
	l := taskListing(viewer, list, after)
	if l.filters = stmt.take(); len(l.filters) > 0 {
		l.plan = planAnew
	}
	return collectListing[judgedTask](ctx, s, "tasks/"+string(list), l, &stmt, limit, func(t TaskItem) timeKey { return t.position(list) })
}

// judgedTask is a task that a page of a list came to.
type judgedTask struct {
	TaskItem
	Passes bool
	Stops  bool
}

func (t judgedTask) verdict() (item TaskItem, passes, stops bool) {
	return t.TaskItem, t.Passes, t.Stops
}

func (t TaskItem) position(list TaskList) timeKey {
	if list == TasksDone && t.ClosedAt != nil {
		return timeKey{At: *t.ClosedAt, ID: t.ID}
	}
	return timeKey{At: t.DueKey, ID: t.ID}
}

func checkTaskList(viewer Viewer, list TaskList, filter TaskFilter) error {
	lists := []string{"inbox", "mine", "claimable", "overdue", "done", "all"}
	if !slices.Contains(lists, string(list)) {
		return fmt.Errorf("%w: list must be one of %s", ErrInvalid, strings.Join(lists, ", "))
	}
	if list == TasksAll && !viewer.All {
		return fmt.Errorf("%w: the list of all tasks is for administrators and operators, ask for the inbox", ErrInvalid)
	}
	if len([]rune(filter.Query)) > maxQueryLength {
		return fmt.Errorf("%w: search text must have at most %d characters", ErrInvalid, maxQueryLength)
	}
	return nil
}

func (f TaskFilter) apply(s *statement) {
	when(s, equals("t.definition_id"), f.DefinitionID)
	when(s, equals("t.kind"), f.Kind)
	when(s, func(p string) string {
		return "(t.title ILIKE " + p + " OR t.process_title ILIKE " + p + ")"
	}, containing(f.Query))
}

func taskListing(viewer Viewer, list TaskList, after *timeKey) listing {
	l := listing{columns: taskItemColumns, table: "tasks", alias: "t", plan: planOnce}
	if list == TasksDone {
		l.direction = " DESC"
	}
	l.ranges = func(s *statement) []string {
		switch list {
		case TasksDone:
			return []string{`SELECT t.id, t.closed_at AS at FROM tasks t WHERE t.closed_by = ` + s.arg(viewer.UserID) + ` AND t.status = 'done'` +
				s.before("t.closed_at", "t.id", after)}
		case TasksAll:
			return []string{`SELECT t.id, t.due_key AS at FROM tasks t WHERE t.status = 'open'` + s.after("t.due_key", "t.id", after)}
		}
		return openRanges(s, viewer, list, after)
	}
	return l
}

// openRanges are one range for the person and one for each principal.
func openRanges(s *statement, viewer Viewer, list TaskList, after *timeKey) (ranges []string) {
	user := s.arg(viewer.UserID)
	if list != TasksClaimable {
		ranges = append(ranges, `SELECT t.id, t.due_key AS at FROM tasks t WHERE t.status = 'open' AND t.assignee = `+user+
			overdue(list, "t.due_key")+s.after("t.due_key", "t.id", after))
	}
	if list != TasksMine {
		for _, principal := range viewer.principals() {
			ranges = append(ranges, `SELECT c.task_id AS id, c.due_key AS at FROM task_candidates c
				WHERE c.principal = `+s.arg(principal)+` AND NOT c.claimed AND NOT `+user+` = ANY (c.excluded)`+
				overdue(list, "c.due_key")+s.after("c.due_key", "c.task_id", after))
		}
	}
	return ranges
}

func overdue(list TaskList, column string) string {
	if list != TasksOverdue {
		return ""
	}
	return ` AND ` + column + ` <= now()`
}

// TaskCounts are the figures of the page's badges. Each stops at MaxCount, shown as "99+".
type TaskCounts struct {
	Mine      int
	Claimable int
	Overdue   int
}

// MaxCount is where counting for a badge stops, so that its cost does not grow with the backlog.
const MaxCount = 100

// CountTasks counts the viewer's open tasks in one round trip.
func (s *Store) CountTasks(ctx context.Context, viewer Viewer) (TaskCounts, error) {
	var stmt statement
	maxRows := strconv.Itoa(MaxCount)
	count := func(list TaskList) string {
		return `(SELECT count(*) FROM (SELECT 1 FROM (` + merged(openRanges(&stmt, viewer, list, nil), ` ORDER BY at, id`, maxRows) + `) h LIMIT ` + maxRows + `) c)`
	}
	sql := `SELECT ` + count(TasksMine) + `, ` + count(TasksClaimable) + `, ` + count(TasksOverdue)
	var counts TaskCounts
	err := s.lists.QueryRow(ctx, sql, stmt.args...).Scan(&counts.Mine, &counts.Claimable, &counts.Overdue)
	return counts, Classify(err)
}

// TaskInProcess is a task, and of its process what is needed to act on it.
type TaskInProcess struct {
	TaskItem
	Version int32  // of the process's definition
	State   string // of the process, JSON; "" unless the task is open
}

// Task reads one task. The error is ErrNotFound when there is none or the viewer may not see its process.
func (s *Store) Task(ctx context.Context, viewer Viewer, id uuid.UUID) (TaskInProcess, error) {
	var stmt statement
	where := `t.id = ` + stmt.arg(id) + ` AND ` + viewer.visibleSQL(&stmt, "t.process_id")
	rows, err := s.pool.Query(ctx, `SELECT `+taskItemColumns+`, at.version, CASE WHEN t.status = 'open' THEN at.state ELSE '' END
		FROM tasks t JOIN processes at ON at.id = t.process_id WHERE `+where, stmt.args...)
	if err != nil {
		return TaskInProcess{}, fmt.Errorf("task %s: %w", id, Classify(err))
	}
	task, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[TaskInProcess])
	if err != nil {
		return TaskInProcess{}, fmt.Errorf("task %s: %w", id, Classify(err))
	}
	return task, nil
}

// WasOffered reports whether the viewer could once have taken a task that has been closed or given to others since.
func (s *Store) WasOffered(ctx context.Context, viewer Viewer, id uuid.UUID) (bool, error) {
	var offered bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM tasks WHERE id = $1 AND former && $2 AND NOT $3 = ANY (excluded))`,
		id, viewer.principals(), viewer.UserID).Scan(&offered)
	return offered, Classify(err)
}

// ProcessTasks lists the tasks of a process, oldest first, at most max. The caller has checked that the viewer may see the process.
func (s *Store) ProcessTasks(ctx context.Context, processID uuid.UUID, limit int) ([]Task, error) {
	tasks, err := s.Queries().ProcessTasks(ctx, storesql.ProcessTasksParams{ProcessID: processID, MaxRows: int32(min(max(limit, 1), 10_000))})
	return tasks, Classify(err)
}

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"steward/internal/store/storesql"
)

// ProcessItem is a process as lists show it: without its state.
type ProcessItem struct {
	ID           uuid.UUID
	DefinitionID string
	Version      int32
	Title        Text
	BusinessKey  *string
	Status       string
	Outcome      *string
	Starter      string
	ParentID     *uuid.UUID
	StartedAt    time.Time
	EndedAt      *time.Time
	NextAt       *time.Time // earliest deadline
	UpdatedAt    time.Time
}

// processItemColumns are in the order of ProcessItem's fields.
const processItemColumns = `p.id, p.definition_id, p.version, p.title, p.business_key, p.status, p.outcome, p.starter, p.parent_id,
	p.started_at, p.ended_at, p.next_at, p.updated_at`

// ProcessFilter narrows a list of processes. Zero fields do not narrow.
type ProcessFilter struct {
	DefinitionID  string
	Starter       string
	BusinessKey   string
	Statuses      []string // any of starting, running, ending, ended, parked
	Open          bool     // only processes that have not ended
	Parent        uuid.UUID
	StartedFrom   time.Time // inclusive
	StartedBefore time.Time // exclusive
	Query         string    // text that the title or business key holds, letter case ignored; at most 100 characters
}

var processStatuses = []string{"starting", "running", "ending", "ended", "parked"}

const maxQueryLength = 100

func (f ProcessFilter) check() error {
	for _, status := range f.Statuses {
		if !slices.Contains(processStatuses, status) {
			return fmt.Errorf("%w: status must be one of %s", ErrInvalid, strings.Join(processStatuses, ", "))
		}
	}
	if len([]rune(f.Query)) > maxQueryLength {
		return fmt.Errorf("%w: search text must have at most %d characters", ErrInvalid, maxQueryLength)
	}
	return nil
}

func (f ProcessFilter) apply(s *statement) {
	when(s, equals("p.definition_id"), f.DefinitionID)
	when(s, equals("p.starter"), f.Starter)
	when(s, equals("p.business_key"), f.BusinessKey)
	when(s, equals("p.parent_id"), f.Parent)
	when(s, func(p string) string { return "p.started_at >= " + p }, f.StartedFrom)
	when(s, func(p string) string { return "p.started_at < " + p }, f.StartedBefore)
	when(s, func(p string) string {
		return "(p.title ILIKE " + p + " OR p.business_key ILIKE " + p + ")"
	}, containing(f.Query))
	if len(f.Statuses) > 0 {
		s.add("p.status = ANY (" + s.arg(f.Statuses) + ")")
	}
	if f.Open {
		s.add("p.status <> 'ended'")
	}
}

// containing makes a LIKE pattern in which what the user typed stands for itself.
func containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

const processList = "processes"

// Processes lists what the viewer may see, newest start first.
func (s *Store) Processes(ctx context.Context, viewer Viewer, filter ProcessFilter, page Page) (Slice[ProcessItem], error) {
	limit, err := page.limit()
	if err != nil {
		return Slice[ProcessItem]{}, err
	}
	if err := filter.check(); err != nil {
		return Slice[ProcessItem]{}, err
	}
	after, err := decodeCursor[timeKey](processList, page.Cursor)
	if err != nil {
		return Slice[ProcessItem]{}, err
	}
	sql, args := processesSQL(viewer, filter, after, limit+1)
	return collect(ctx, s, processList, planAnew, sql, args, limit, func(p ProcessItem) timeKey { return timeKey{At: p.StartedAt, ID: p.ID} })
}

// processesSQL reads each way of being allowed to see a process along an index of its own, newest first, and merges their heads:
// the cost follows the length of the page and not the number of processes.
func processesSQL(viewer Viewer, filter ProcessFilter, after *timeKey, limit int) (string, []any) {
	var s statement
	filter.apply(&s)
	maxRows := s.arg(limit)
	if viewer.All {
		return `SELECT ` + processItemColumns + ` FROM processes p WHERE true` + s.and() + s.before("p.started_at", "p.id", after) +
			` ORDER BY p.started_at DESC, p.id DESC LIMIT ` + maxRows, s.args
	}
	user, principals := s.arg(viewer.UserID), s.arg(viewer.principals())
	started := `SELECT p.id, p.started_at FROM processes p WHERE p.starter = ` + user + s.and() +
		s.before("p.started_at", "p.id", after) + ` ORDER BY p.started_at DESC, p.id DESC LIMIT ` + maxRows
	acted := `SELECT p.id, p.started_at FROM process_participants x JOIN processes p ON p.id = x.process_id WHERE x.user_id = ` + user +
		s.and() + s.before("x.process_started_at", "x.process_id", after) +
		` ORDER BY x.process_started_at DESC, x.process_id DESC LIMIT ` + maxRows
	asked := `SELECT a.id, a.started_at FROM unnest(` + principals + `::text[]) AS who (principal) CROSS JOIN LATERAL (
		SELECT DISTINCT c.process_started_at AS started_at, c.process_id AS id FROM task_candidates c JOIN processes p ON p.id = c.process_id
		WHERE c.principal = who.principal AND NOT ` + user + ` = ANY (c.excluded)` + s.and() +
		s.before("c.process_started_at", "c.process_id", after) +
		` ORDER BY c.process_started_at DESC, c.process_id DESC LIMIT ` + maxRows + `) a`
	return `SELECT ` + processItemColumns + ` FROM (
		SELECT id, started_at FROM ((` + started + `) UNION (` + acted + `) UNION (` + asked + `)) seen
		ORDER BY started_at DESC, id DESC LIMIT ` + maxRows + `) head
		JOIN processes p ON p.id = head.id ORDER BY p.started_at DESC, p.id DESC`, s.args
}

// Process reads one process with its state. The error is ErrNotFound when there is none or the viewer may not see it.
func (s *Store) Process(ctx context.Context, viewer Viewer, id uuid.UUID) (Process, error) {
	visible, err := s.CanSee(ctx, viewer, id)
	if err == nil && !visible {
		err = ErrNotFound
	}
	if err != nil {
		return Process{}, fmt.Errorf("process %s: %w", id, err)
	}
	process, err := s.Queries().ProcessByID(ctx, id)
	return found(process, err, "process %s", id)
}

// OpenProcessByKey finds the open process of a definition that has a business key. The error is ErrNotFound when there is none or
// the viewer may not see it: only those who may see the other process learn which it is.
func (s *Store) OpenProcessByKey(ctx context.Context, viewer Viewer, definitionID, businessKey string) (uuid.UUID, error) {
	id, err := s.Queries().ProcessByBusinessKey(ctx, storesql.ProcessByBusinessKeyParams{DefinitionID: definitionID, BusinessKey: businessKey})
	if err != nil {
		return uuid.Nil, fmt.Errorf("process of %s with key %q: %w", definitionID, businessKey, Classify(err))
	}
	visible, err := s.CanSee(ctx, viewer, id)
	if err == nil && !visible {
		err = ErrNotFound
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("process of %s with key %q: %w", definitionID, businessKey, err)
	}
	return id, nil
}

// Children lists the processes that a process started, oldest first, at most MaxLimit.
func (s *Store) Children(ctx context.Context, id uuid.UUID) ([]Process, error) {
	children, err := s.Queries().ChildProcesses(ctx, storesql.ChildProcessesParams{ParentID: id, MaxRows: MaxLimit})
	return children, Classify(err)
}

// Log reads a page of the decision log, oldest first. The caller has checked that the viewer may see the process.
func (s *Store) Log(ctx context.Context, processID uuid.UUID, page Page) (Slice[LogEntry], error) {
	limit, err := page.limit()
	if err != nil {
		return Slice[LogEntry]{}, err
	}
	list := "log/" + processID.String()
	after, err := decodeCursor[seqKey](list, page.Cursor)
	if err != nil {
		return Slice[LogEntry]{}, err
	}
	if after == nil {
		after = &seqKey{Seq: -1}
	}
	entries, err := s.Queries().LogPage(ctx, storesql.LogPageParams{ProcessID: processID, AfterSeq: after.Seq, MaxRows: int32(limit + 1)})
	if err != nil {
		return Slice[LogEntry]{}, fmt.Errorf("read the log of process %s: %w", processID, Classify(err))
	}
	return cut(list, entries, limit, func(e LogEntry) seqKey { return seqKey{Seq: e.Seq} }), nil
}

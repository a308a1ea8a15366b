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

// ProcessFilter narrows a list of processes. Zero fields do not narrow. A page passes Options.SearchDepth processes at most, and may
// therefore hold fewer than asked for, even none, and still have a next one. It passes only what is asked for where an index narrows: by
// the time of the start; by the starter, where the viewer sees everything or asks for what they started; and, where the viewer sees
// everything, by the parent, the definition or what is open (by one of them, in this order).
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

// split divides the filter into what an index narrows by, and the rest. The time of the start belongs to neither: every index has it.
func (f ProcessFilter) split(viewer Viewer) (indexed, rest ProcessFilter) {
	rest = f
	switch {
	case viewer.All && f.Parent != uuid.Nil:
		indexed.Parent, rest.Parent = f.Parent, uuid.Nil
	case f.Starter != "" && (viewer.All || f.Starter == viewer.UserID):
		indexed.Starter, rest.Starter = f.Starter, ""
	case viewer.All && f.DefinitionID != "":
		indexed.DefinitionID, rest.DefinitionID = f.DefinitionID, ""
	case viewer.All && f.Open:
		indexed.Open, rest.Open = true, false
	case viewer.All && len(f.Statuses) > 0 && !slices.Contains(f.Statuses, "ended"):
		indexed.Open = true
	}
	return indexed, rest
}

// started bounds a column with the time of the start, and continues the list after a position.
func (f ProcessFilter) started(s *statement, at, id string, after *timeKey) string {
	bounds := statement{args: s.args}
	when(&bounds, func(p string) string { return at + " >= " + p }, f.StartedFrom)
	when(&bounds, func(p string) string { return at + " < " + p }, f.StartedBefore)
	s.args = bounds.args
	return bounds.and() + s.before(at, id, after)
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
	var stmt statement
	indexed, rest := filter.split(viewer)
	rest.apply(&stmt)
	indexed.StartedFrom, indexed.StartedBefore = filter.StartedFrom, filter.StartedBefore
	l := listing{columns: processItemColumns, table: "processes", alias: "p", direction: " DESC", plan: planAnew, filters: stmt.take()}
	l.ranges = func(s *statement) []string { return processRanges(s, viewer, indexed, after) }
	return collectListing[judgedProcess](ctx, s, processList, l, &stmt, limit, func(p ProcessItem) timeKey { return timeKey{At: p.StartedAt, ID: p.ID} })
}

// judgedProcess is a process that a page of the list came to.
type judgedProcess struct {
	ProcessItem
	Passes bool
	Stops  bool
}

func (p judgedProcess) verdict() (item ProcessItem, passes, stops bool) {
	return p.ProcessItem, p.Passes, p.Stops
}

// processRanges are one range for each way of being allowed to see a process.
func processRanges(s *statement, viewer Viewer, indexed ProcessFilter, after *timeKey) []string {
	if viewer.All || indexed.Starter != "" { // which split leaves to others only where it is the viewer
		indexed.apply(s)
		conditions := strings.Join(append([]string{"true"}, s.take()...), " AND ")
		return []string{`SELECT p.id, p.started_at AS at FROM processes p WHERE ` + conditions + indexed.started(s, "p.started_at", "p.id", after)}
	}
	user := s.arg(viewer.UserID)
	ranges := []string{
		`SELECT p.id, p.started_at AS at FROM processes p WHERE p.starter = ` + user + indexed.started(s, "p.started_at", "p.id", after),
		`SELECT x.process_id AS id, x.process_started_at AS at FROM process_participants x WHERE x.user_id = ` + user +
			indexed.started(s, "x.process_started_at", "x.process_id", after),
	}
	for _, principal := range viewer.principals() {
		ranges = append(ranges, `SELECT DISTINCT c.process_id AS id, c.process_started_at AS at FROM task_candidates c
			WHERE c.principal = `+s.arg(principal)+` AND NOT `+user+` = ANY (c.excluded)`+
			indexed.started(s, "c.process_started_at", "c.process_id", after))
	}
	return ranges
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

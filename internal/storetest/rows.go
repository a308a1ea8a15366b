package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
)

// Process inserts a running process of definition "visit", started by "starter" now, after change (which may be nil) had its say.
func Process(t testing.TB, db store.DBTX, change func(*store.Process)) store.Process {
	t.Helper()
	p := store.Process{
		ID: uuid.New(), DefinitionID: "visit", Version: 1, Digest: "digest", Title: store.Text{Zh: "来访", En: "Visit"},
		Status: "running", Starter: "starter", State: "{}", StateFormat: 1, StartedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	if change != nil {
		change(&p)
	}
	_, err := db.Exec(t.Context(), `INSERT INTO processes (id, definition_id, version, digest, title, business_key, status, outcome,
			starter, parent_id, state, state_format, started_at, unsettled_since)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		p.ID, p.DefinitionID, p.Version, p.Digest, p.Title, p.BusinessKey, p.Status, p.Outcome,
		p.Starter, p.ParentID, p.State, p.StateFormat, p.StartedAt, p.UnsettledSince)
	require.NoError(t, err)
	return p
}

// Task inserts an open task of a process, after change (which may be nil) had its say, with candidates that may claim it.
func Task(t testing.TB, db store.DBTX, process store.Process, change func(*store.Task), candidates ...string) store.Task {
	t.Helper()
	task := store.Task{
		ID: uuid.New(), ProcessID: process.ID, Node: 1, DefinitionID: process.DefinitionID, Step: "greet", Kind: "task",
		Title: store.Text{Zh: "迎接", En: "Greet"}, ProcessTitle: process.Title, Status: "open", OpenedAt: process.StartedAt, Revision: 1,
	}
	if change != nil {
		change(&task)
	}
	_, err := db.Exec(t.Context(), `INSERT INTO tasks (id, process_id, node, definition_id, step, kind, title, process_title, status,
			assignee, outcome, due_at, opened_at, closed_at, closed_by, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		task.ID, task.ProcessID, task.Node, task.DefinitionID, task.Step, task.Kind, task.Title, task.ProcessTitle, task.Status,
		task.Assignee, task.Outcome, task.DueAt, task.OpenedAt, task.ClosedAt, task.ClosedBy, task.Revision)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO task_candidates (task_id, principal, due_at) SELECT $1, unnest($2::text[]), $3`,
		task.ID, candidates, task.DueAt)
	require.NoError(t, err)
	return task
}

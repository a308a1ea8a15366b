package store_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

const insertLog = `INSERT INTO decision_log (process_id, seq, event_id, event, changes, at, chain_hash, state_digest)
	VALUES ($1, $2, $3, '{}', '[]', now(), '\x01', '\x02')`

func TestAppendOnlyTablesRefuseEverythingElse(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	_, err := s.Pool().Exec(t.Context(), insertLog, uuid.New(), 1, "cmd/1")
	require.NoError(t, err)
	require.NoError(t, store.Audit(t.Context(), s.Pool(), store.Actor{UserID: "u"}, "test", "x", nil, nil))

	for _, sql := range []string{
		"UPDATE decision_log SET changes = '[1]'", "DELETE FROM decision_log", "TRUNCATE decision_log",
		"UPDATE audit SET actor = 'other'", "DELETE FROM audit", "TRUNCATE audit",
	} {
		_, err := s.Pool().Exec(t.Context(), sql)
		require.ErrorContains(t, err, "is append-only", sql)
	}
	entries, err := s.AuditTrail(t.Context(), store.AuditFilter{}, store.Page{})
	require.NoError(t, err)
	require.Len(t, entries.Items, 1)
}

func TestTheArchiverMayRemoveLogs(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	_, err := s.Pool().Exec(t.Context(), insertLog, uuid.New(), 1, "cmd/1")
	require.NoError(t, err)
	err = s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL steward.archiving = 'on'"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM decision_log")
		return err
	})
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "DELETE FROM decision_log")
	require.ErrorContains(t, err, "is append-only", "the permission ends with its transaction")
}

func TestNobodyDecidesTwice(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := uuid.New()
	_, err := s.Pool().Exec(t.Context(), insertLog, process, 1, "cmd/1")
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), insertLog, process, 2, "cmd/1")
	require.ErrorIs(t, store.Classify(err), store.ErrConflict, "the same event")
	_, err = s.Pool().Exec(t.Context(), insertLog, process, 1, "cmd/2")
	require.ErrorIs(t, store.Classify(err), store.ErrConflict, "the same sequence")
}

func TestBusinessKeyIsUniqueAmongOpenProcesses(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	key := "K-1"
	keyed := func(p *store.Process) { p.BusinessKey = &key }
	first := storetest.Process(t, s.Pool(), keyed)
	storetest.Process(t, s.Pool(), func(p *store.Process) { keyed(p); p.DefinitionID = "other" })

	_, err := s.Pool().Exec(t.Context(), `INSERT INTO processes (id, definition_id, version, digest, title, business_key, status, starter, state, state_format, started_at)
		SELECT gen_random_uuid(), definition_id, version, digest, title, business_key, status, starter, state, state_format, started_at FROM processes WHERE id = $1`, first.ID)
	var constraint *store.ConstraintError
	require.ErrorAs(t, store.Classify(err), &constraint)
	require.Equal(t, "processes_business_key", constraint.Constraint)

	_, err = s.Pool().Exec(t.Context(), "UPDATE processes SET status = 'ended' WHERE id = $1", first.ID)
	require.NoError(t, err)
	storetest.Process(t, s.Pool(), keyed)
}

func TestCandidatesFollowTheirTask(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := storetest.Process(t, s.Pool(), nil)
	task := storetest.Task(t, s.Pool(), process, nil, "group:office", "user:ann")
	type candidate struct {
		Principal string
		Claimed   bool
		HasDue    bool
	}
	candidates := func() []candidate {
		rows, err := s.Pool().Query(t.Context(), "SELECT principal, claimed, due_at IS NOT NULL FROM task_candidates WHERE process_id = $1 ORDER BY 1", process.ID)
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[candidate])
		require.NoError(t, err)
		return found
	}
	for _, step := range []struct {
		sql  string
		want []candidate
	}{
		{"UPDATE tasks SET priority = 1", []candidate{{"group:office", false, false}, {"user:ann", false, false}}},
		{"UPDATE tasks SET assignee = 'ann'", []candidate{{"group:office", true, false}, {"user:ann", true, false}}},
		{"UPDATE tasks SET assignee = NULL, due_at = now()", []candidate{{"group:office", false, true}, {"user:ann", false, true}}},
		{"UPDATE tasks SET status = 'closed', closed_at = now()", []candidate{}},
	} {
		_, err := s.Pool().Exec(t.Context(), step.sql+" WHERE id = $1", task.ID)
		require.NoError(t, err)
		require.ElementsMatch(t, step.want, candidates(), step.sql)
	}
}

func TestCandidatesOfAnAssignedTaskAreNotOffered(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	ann := "ann"
	process := storetest.Process(t, s.Pool(), nil)
	storetest.Task(t, s.Pool(), process, func(task *store.Task) { task.Assignee = &ann }, "group:office")
	var claimed bool
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT claimed FROM task_candidates").Scan(&claimed))
	require.True(t, claimed)
}

func TestPrincipalsHaveAKind(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO task_candidates (task_id, principal, process_id, process_started_at)
		VALUES (gen_random_uuid(), 'ann', gen_random_uuid(), now())`)
	require.ErrorIs(t, store.Classify(err), store.ErrInvalid)
}

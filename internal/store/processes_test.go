package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/internal/store"
	"steward/internal/storetest"
)

func processIDs(items []store.ProcessItem) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	return ids
}

// sees lists what a viewer sees, and checks that reading each process one by one agrees.
func sees(t *testing.T, s *store.Store, viewer store.Viewer, all []store.Process) []uuid.UUID {
	t.Helper()
	listed := processIDs(pages(t, 2, func(page store.Page) (store.Slice[store.ProcessItem], error) {
		return s.Processes(t.Context(), viewer, store.ProcessFilter{}, page)
	}))
	for _, process := range all {
		_, err := s.Process(t.Context(), viewer, process.ID)
		if err != nil {
			require.ErrorIs(t, err, store.ErrNotFound)
			require.NotContains(t, listed, process.ID)
			continue
		}
		require.Contains(t, listed, process.ID)
	}
	return listed
}

func TestWhoSeesWhichProcess(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	db := s.Pool()
	var all []store.Process
	start := time.Now().UTC().Truncate(time.Microsecond)
	add := func(starter string) store.Process {
		p := storetest.Process(t, db, func(p *store.Process) {
			p.Starter = starter
			p.StartedAt = start.Add(time.Duration(len(all)) * time.Minute)
		})
		all = append(all, p)
		return p
	}
	person := "ann"
	started := add("ann")
	acted := add("x")
	did := storetest.Task(t, db, acted, func(task *store.Task) { task.Assignee = &person })
	candidate := add("x")
	open := storetest.Task(t, db, candidate, nil, "group:office", "post:desk@north")
	storetest.Task(t, db, candidate, nil, "group:office")
	copied := add("x")
	_, err := db.Exec(t.Context(), `INSERT INTO process_participants (process_id, user_id, reason, process_started_at) VALUES ($1, 'ann', 'copied', $2)`,
		copied.ID, copied.StartedAt)
	require.NoError(t, err)
	foreign := add("x")
	storetest.Task(t, db, foreign, nil, "group:kitchen")

	require.Equal(t, []uuid.UUID{copied.ID, candidate.ID, acted.ID, started.ID}, sees(t, s, ann, all), "newest first")
	require.Len(t, sees(t, s, store.Viewer{UserID: "root", All: true}, all), 5)
	require.Empty(t, sees(t, s, store.Viewer{UserID: "nobody"}, all))

	_, err = db.Exec(t.Context(), "UPDATE tasks SET status = 'closed', assignee = NULL WHERE process_id = ANY ($1)", []uuid.UUID{candidate.ID, acted.ID})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{copied.ID, acted.ID, started.ID}, sees(t, s, ann, all),
		"who acted keeps seeing a process, who only might have acted does not")

	for task, want := range map[uuid.UUID]error{did.ID: nil, open.ID: store.ErrNotFound} {
		_, err := s.Task(t.Context(), ann, task)
		require.ErrorIs(t, err, want)
	}
}

// TestVisibilityAgainstAModel compares the merged index ranges with the plain condition on random houses.
func TestVisibilityAgainstAModel(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := s.Pool().Exec(t.Context(), "WITH a AS (DELETE FROM processes), b AS (DELETE FROM tasks), c AS (DELETE FROM task_candidates) DELETE FROM process_participants")
		require.NoError(t, err)
		people := rapid.SampledFrom([]string{"ann", "bob", "cid"})
		principals := rapid.SampledFrom([]string{"user:ann", "group:office", "post:desk@north", "group:kitchen", "user:bob"})
		start := time.Now().UTC().Truncate(time.Microsecond)
		var all []store.Process
		for range rapid.IntRange(0, 5).Draw(rt, "processes") {
			process := storetest.Process(t, s.Pool(), func(p *store.Process) {
				p.Starter = people.Draw(rt, "starter")
				p.StartedAt = start.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "minute")) * time.Minute)
			})
			all = append(all, process)
			for range rapid.IntRange(0, 2).Draw(rt, "tasks") {
				storetest.Task(t, s.Pool(), process, func(task *store.Task) {
					if rapid.Bool().Draw(rt, "assigned") {
						to := people.Draw(rt, "assignee")
						task.Assignee = &to
					}
				}, rapid.SliceOfNDistinct(principals, 0, 3, rapid.ID[string]).Draw(rt, "candidates")...)
			}
		}
		listed := sees(t, s, ann, all)
		seen := make(map[uuid.UUID]bool)
		for _, id := range listed {
			require.False(t, seen[id], "listed twice")
			seen[id] = true
		}
	})
}

func TestProcessFilters(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	key := "HT_1%"
	long := time.Now().UTC().Add(-48 * time.Hour)
	parent := storetest.Process(t, s.Pool(), func(p *store.Process) { p.DefinitionID, p.BusinessKey = "a", &key })
	ended := storetest.Process(t, s.Pool(), func(p *store.Process) { p.DefinitionID, p.Status, p.StartedAt = "b", "ended", long })
	child := storetest.Process(t, s.Pool(), func(p *store.Process) {
		p.DefinitionID, p.Starter, p.ParentID, p.Title = "c", "bob", &parent.ID, store.Text{Zh: "展商", En: "Exhibitor"}
	})
	for name, c := range map[string]struct {
		filter store.ProcessFilter
		want   []uuid.UUID
	}{
		"definition":   {store.ProcessFilter{DefinitionID: "a"}, []uuid.UUID{parent.ID}},
		"starter":      {store.ProcessFilter{Starter: "bob"}, []uuid.UUID{child.ID}},
		"business key": {store.ProcessFilter{BusinessKey: key}, []uuid.UUID{parent.ID}},
		"open":         {store.ProcessFilter{Open: true}, []uuid.UUID{child.ID, parent.ID}},
		"status":       {store.ProcessFilter{Statuses: []string{"ended", "parked"}}, []uuid.UUID{ended.ID}},
		"parent":       {store.ProcessFilter{Parent: parent.ID}, []uuid.UUID{child.ID}},
		"before":       {store.ProcessFilter{StartedBefore: long.Add(time.Hour)}, []uuid.UUID{ended.ID}},
		"from":         {store.ProcessFilter{StartedFrom: long.Add(time.Hour), DefinitionID: "a"}, []uuid.UUID{parent.ID}},
		"title":        {store.ProcessFilter{Query: "exhib"}, []uuid.UUID{child.ID}},
		"literal key":  {store.ProcessFilter{Query: "t_1%"}, []uuid.UUID{parent.ID}},
	} {
		slice, err := s.Processes(t.Context(), store.Viewer{All: true}, c.filter, store.Page{})
		require.NoError(t, err, name)
		require.ElementsMatch(t, c.want, processIDs(slice.Items), name)
	}
	for name, filter := range map[string]store.ProcessFilter{
		"status must be one of":                 {Statuses: []string{"lost"}},
		"search text must have at most 100 cha": {Query: strings.Repeat("会", 101)},
	} {
		_, err := s.Processes(t.Context(), ann, filter, store.Page{})
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, name)
	}
	_, err := s.Processes(t.Context(), ann, store.ProcessFilter{Query: strings.Repeat("会", 100)}, store.Page{})
	require.NoError(t, err, "characters are counted, not bytes")
	id, err := s.OpenProcessByKey(t.Context(), store.Viewer{UserID: "starter"}, "a", key)
	require.NoError(t, err)
	require.Equal(t, parent.ID, id)
	for _, viewer := range []store.Viewer{{UserID: "stranger"}, {}} {
		_, err = s.OpenProcessByKey(t.Context(), viewer, "a", key)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	children, err := s.Children(t.Context(), parent.ID)
	require.NoError(t, err)
	require.Len(t, children, 1)
}

func TestLogPages(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := uuid.New()
	for seq := range 5 {
		_, err := s.Pool().Exec(t.Context(), insertLog, process, seq, uuid.NewString())
		require.NoError(t, err)
	}
	entries := pages(t, 2, func(page store.Page) (store.Slice[store.LogEntry], error) { return s.Log(t.Context(), process, page) })
	require.Len(t, entries, 5)
	for i, entry := range entries {
		require.EqualValues(t, i, entry.Seq)
	}
	slice, err := s.Log(t.Context(), process, store.Page{Limit: 1})
	require.NoError(t, err)
	_, err = s.Log(t.Context(), uuid.New(), store.Page{Cursor: slice.Next})
	require.ErrorIs(t, err, store.ErrInvalidCursor, "a cursor of another process")
}

func TestAMarkIsClearedOnlyAsItWasSeen(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	since := time.Now().UTC().Add(-time.Minute).Truncate(time.Microsecond)
	process := storetest.Process(t, s.Pool(), func(p *store.Process) { p.UnsettledSince = &since })
	settled, err := s.MarkSettled(t.Context(), process.ID, since.Add(-time.Second))
	require.NoError(t, err)
	require.False(t, settled, "it wanted something else meanwhile")
	settled, err = s.MarkSettled(t.Context(), process.ID, since)
	require.NoError(t, err)
	require.True(t, settled)
}

func TestIncidents(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	report := store.NewIncident{ProcessID: uuid.New(), EventID: "cmd/1", Kind: "panic", Message: "first"}
	first, err := s.ReportIncident(t.Context(), report)
	require.NoError(t, err)
	report.Message = "second"
	again, err := s.ReportIncident(t.Context(), report)
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID, "one open incident per event")
	require.Equal(t, "second", again.Message)

	_, err = s.Pool().Exec(t.Context(), "UPDATE incidents SET resolved_at = now()")
	require.NoError(t, err)
	next, err := s.ReportIncident(t.Context(), report)
	require.NoError(t, err)
	require.NotEqual(t, first.ID, next.ID)

	open, err := s.Incidents(t.Context(), true, store.Page{})
	require.NoError(t, err)
	require.Len(t, open.Items, 1)
	all := pages(t, 1, func(page store.Page) (store.Slice[store.Incident], error) {
		return s.Incidents(t.Context(), false, page)
	})
	require.Len(t, all, 2)
	ofProcess, err := s.ProcessIncidents(t.Context(), report.ProcessID)
	require.NoError(t, err)
	require.Equal(t, next.ID, ofProcess[0].ID)
	_, err = s.Incident(t.Context(), uuid.New())
	require.ErrorIs(t, err, store.ErrNotFound)
}

// insertCommand stores a command of ann: id, process, end of the undo window.
const insertCommand = `INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until) VALUES ($1, $2, 'ann', $1::uuid::text, '', 'complete', '{}', $3)`

func TestUndoWindow(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	held := time.Now().Add(time.Hour)
	store1 := func(hold *time.Time) uuid.UUID {
		id := uuid.New()
		_, err := s.Pool().Exec(t.Context(), insertCommand, id, uuid.New(), hold)
		require.NoError(t, err)
		return id
	}
	inTime, past, never, settled := store1(&held), store1(new(time.Now().Add(-time.Second))), store1(nil), store1(&held)
	_, err := s.Pool().Exec(t.Context(), "UPDATE commands SET settled_at = now() WHERE id = $1", settled)
	require.NoError(t, err)

	require.ErrorIs(t, s.UndoCommand(t.Context(), inTime, "bob"), store.ErrNotFound, "only the author")
	require.NoError(t, s.UndoCommand(t.Context(), inTime, "ann"))
	for _, id := range []uuid.UUID{past, never, settled, inTime} {
		require.ErrorIs(t, s.UndoCommand(t.Context(), id, "ann"), store.ErrNotFound)
	}
	_, err = s.Command(t.Context(), inTime)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, store.Classify(pgx.ErrNoRows), store.ErrNotFound)
}

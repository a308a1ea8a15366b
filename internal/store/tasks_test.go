package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// pages reads a whole list page by page.
func pages[T any](t *testing.T, limit int, read func(store.Page) (store.Slice[T], error)) []T {
	t.Helper()
	var all []T
	page := store.Page{Limit: limit}
	for range 1000 {
		slice, err := read(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(slice.Items), limit)
		all = append(all, slice.Items...)
		if slice.Next == "" {
			return all
		}
		page.Cursor = slice.Next
	}
	t.Fatal("the list does not end")
	return nil
}

func taskSteps(tasks []store.TaskItem) []string {
	steps := []string{}
	for _, task := range tasks {
		steps = append(steps, task.Step)
	}
	return steps
}

// desk is one process with tasks that show every way of being in a list, named by what they are.
func desk(t *testing.T, s *store.Store) store.Process {
	process := storetest.Process(t, s.Pool(), nil)
	now := time.Now().UTC()
	add := func(step string, due time.Duration, change func(*store.Task), candidates ...string) {
		storetest.Task(t, s.Pool(), process, func(task *store.Task) {
			task.Step = step
			if due != 0 {
				at := now.Add(due)
				task.DueAt = &at
			}
			if change != nil {
				change(task)
			}
		}, candidates...)
	}
	assigned := func(to string) func(*store.Task) { return func(task *store.Task) { task.Assignee = &to } }
	closed := func(status, by string, ago time.Duration) func(*store.Task) {
		return func(task *store.Task) {
			at := now.Add(-ago)
			task.Status, task.ClosedBy, task.ClosedAt = status, &by, &at
		}
	}
	add("mine-late", -time.Hour, assigned("ann"))
	add("group-late", -2*time.Hour, nil, "group:office")
	add("mine-soon", time.Hour, assigned("ann"), "group:office")
	add("twice-candidate", 2*time.Hour, nil, "group:office", "user:ann", "post:desk@north")
	add("someone-else's", 3*time.Hour, assigned("bob"), "group:office")
	add("other-group", 3*time.Hour, nil, "group:kitchen")
	add("no-due", 0, nil, "post:desk@north")
	add("done-first", 0, closed("done", "ann", 2*time.Hour))
	add("done-last", 0, closed("done", "ann", time.Hour))
	add("done-by-bob", 0, closed("done", "bob", time.Hour))
	add("closed", 0, closed("closed", "ann", time.Hour))
	return process
}

var ann = store.Viewer{UserID: "ann", Principals: []string{"user:ann", "group:office", "post:desk@north"}}

func TestTaskLists(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	desk(t, s)
	for _, limit := range []int{1, 2, 50} {
		for list, want := range map[store.TaskList][]string{
			store.TasksInbox:     {"group-late", "mine-late", "mine-soon", "twice-candidate", "no-due"},
			store.TasksMine:      {"mine-late", "mine-soon"},
			store.TasksClaimable: {"group-late", "twice-candidate", "no-due"},
			store.TasksOverdue:   {"group-late", "mine-late"},
			store.TasksDone:      {"done-last", "done-first"},
		} {
			tasks := pages(t, limit, func(page store.Page) (store.Slice[store.TaskItem], error) {
				return s.Tasks(t.Context(), ann, list, store.TaskFilter{}, page)
			})
			require.Equal(t, want, taskSteps(tasks), "%s, %d a page", list, limit)
		}
	}
	counts, err := s.CountTasks(t.Context(), ann)
	require.NoError(t, err)
	require.Equal(t, store.TaskCounts{Mine: 2, Claimable: 3, Overdue: 2}, counts)
}

func TestTaskItemShowsWhatACardNeeds(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	desk(t, s)
	slice, err := s.Tasks(t.Context(), store.Viewer{UserID: "ann", Principals: ann.Principals}, store.TasksClaimable, store.TaskFilter{}, store.Page{})
	require.NoError(t, err)
	card := slice.Items[1]
	require.Equal(t, "starter", card.Starter)
	require.Equal(t, []string{"group:office", "post:desk@north", "user:ann"}, card.Candidates)
	require.Equal(t, store.Text{Zh: "迎接", En: "Greet"}, card.Title)
	require.Equal(t, card.DueKey, *card.DueAt)
	require.Equal(t, 9999, slice.Items[2].DueKey.Year())
}

func TestTasksAllIsForThoseWhoSeeEverything(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	desk(t, s)
	_, err := s.Tasks(t.Context(), ann, store.TasksAll, store.TaskFilter{}, store.Page{})
	require.ErrorIs(t, err, store.ErrInvalid)
	tasks := pages(t, 3, func(page store.Page) (store.Slice[store.TaskItem], error) {
		return s.Tasks(t.Context(), store.Viewer{UserID: "root", All: true}, store.TasksAll, store.TaskFilter{}, page)
	})
	require.Len(t, tasks, 7)
	require.True(t, slices.IsSortedFunc(tasks, func(a, b store.TaskItem) int { return a.DueKey.Compare(b.DueKey) }))
}

func TestTaskFilters(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := storetest.Process(t, s.Pool(), func(p *store.Process) { p.Title = store.Text{Zh: "100% 满意", En: "Full"} })
	storetest.Task(t, s.Pool(), process, func(task *store.Task) { task.Step = "a"; task.Kind = "approval" }, "group:office")
	storetest.Task(t, s.Pool(), process, func(task *store.Task) { task.Step = "b"; task.DefinitionID = "other" }, "group:office")
	storetest.Task(t, s.Pool(), process, func(task *store.Task) { task.Step = "c"; task.Title = store.Text{Zh: "铺台", En: "Lay Tables"} }, "user:ann")
	for name, c := range map[string]struct {
		filter store.TaskFilter
		want   []string
	}{
		"kind":              {store.TaskFilter{Kind: "approval"}, []string{"a"}},
		"definition":        {store.TaskFilter{DefinitionID: "other"}, []string{"b"}},
		"title":             {store.TaskFilter{Query: "lay tab"}, []string{"c"}},
		"Chinese title":     {store.TaskFilter{Query: "铺"}, []string{"c"}},
		"process, literal%": {store.TaskFilter{Query: "100%"}, []string{"a", "b", "c"}},
		"no pattern":        {store.TaskFilter{Query: "1%满"}, []string{}},
	} {
		slice, err := s.Tasks(t.Context(), ann, store.TasksInbox, c.filter, store.Page{})
		require.NoError(t, err, name)
		require.ElementsMatch(t, c.want, taskSteps(slice.Items), name)
	}
}

func TestExcludedPeopleAreNotOffered(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := storetest.Process(t, s.Pool(), nil)
	task := storetest.Task(t, s.Pool(), process, nil, "group:office")
	_, err := s.Pool().Exec(t.Context(), "UPDATE task_candidates SET excluded = '{ann}'")
	require.NoError(t, err)

	slice, err := s.Tasks(t.Context(), ann, store.TasksClaimable, store.TaskFilter{}, store.Page{})
	require.NoError(t, err)
	require.Empty(t, slice.Items)
	_, err = s.Task(t.Context(), ann, task.ID)
	require.ErrorIs(t, err, store.ErrNotFound)

	bob := store.Viewer{UserID: "bob", Principals: []string{"group:office"}}
	slice, err = s.Tasks(t.Context(), bob, store.TasksClaimable, store.TaskFilter{}, store.Page{})
	require.NoError(t, err)
	require.Len(t, slice.Items, 1)
}

func TestBadTaskListArguments(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for name, c := range map[string]struct {
		list   store.TaskList
		filter store.TaskFilter
		page   store.Page
		want   error
	}{
		"list":   {"everything", store.TaskFilter{}, store.Page{}, store.ErrInvalid},
		"limit":  {store.TasksInbox, store.TaskFilter{}, store.Page{Limit: 1000}, store.ErrInvalid},
		"query":  {store.TasksInbox, store.TaskFilter{Query: fmt.Sprintf("%101d", 1)}, store.Page{}, store.ErrInvalid},
		"NUL":    {store.TasksInbox, store.TaskFilter{Query: "a\x00"}, store.Page{}, store.ErrInvalid},
		"cursor": {store.TasksInbox, store.TaskFilter{}, store.Page{Cursor: "x"}, store.ErrInvalidCursor},
	} {
		_, err := s.Tasks(t.Context(), ann, c.list, c.filter, c.page)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestProcessTasksAndUnknownTask(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	process := desk(t, s)
	tasks, err := s.ProcessTasks(t.Context(), process.ID, 100)
	require.NoError(t, err)
	require.Len(t, tasks, 11)
	_, err = s.Task(t.Context(), store.Viewer{All: true}, uuid.New())
	require.ErrorIs(t, err, store.ErrNotFound)
	task, err := s.Task(t.Context(), store.Viewer{All: true}, tasks[0].ID)
	require.NoError(t, err)
	require.Equal(t, tasks[0].Step, task.Step)
}

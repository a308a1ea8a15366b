package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// TestASearchThatStopsEarlyMissesNothing: however few rows a page passes and however few it may hold, all pages together are the plain
// list without what does not match, in its order.
func TestASearchThatStopsEarlyMissesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	plain := storetest.Open(t, url, store.Options{})
	desk(t, plain)
	_, err := plain.Pool().Exec(t.Context(), `UPDATE tasks SET title = '{"zh": "铺台"}' WHERE step IN ('mine-soon', 'no-due', 'other-group', 'done-first')`)
	require.NoError(t, err)
	root := store.Viewer{UserID: "root", All: true}
	for list, viewer := range map[store.TaskList]store.Viewer{
		store.TasksInbox: ann, store.TasksMine: ann, store.TasksClaimable: ann, store.TasksOverdue: ann, store.TasksDone: ann, store.TasksAll: root,
	} {
		read := func(s *store.Store, filter store.TaskFilter) func(store.Page) (store.Slice[store.TaskItem], error) {
			return func(page store.Page) (store.Slice[store.TaskItem], error) {
				return s.Tasks(t.Context(), viewer, list, filter, page)
			}
		}
		want := []string{}
		for _, task := range pages(t, 50, read(plain, store.TaskFilter{})) {
			if task.Title.Zh == "铺台" {
				want = append(want, task.Step)
			}
		}
		for _, depth := range []int{1, 2, 3, 4, 5, 100} {
			s := storetest.Open(t, url, store.Options{MaxConns: 1, ListMaxConns: 1, SearchDepth: depth})
			for _, limit := range []int{1, 2, 50} {
				found := pages(t, limit, read(s, store.TaskFilter{Query: "铺"}))
				require.Equal(t, want, taskSteps(found), "%s, %d a page, %d deep", list, limit, depth)
			}
			s.Close()
		}
	}
}

// TestASearchOfProcessesMissesNothing: as TestASearchThatStopsEarlyMissesNothing, for what one may see in each way and for filters that
// an index serves, that it does not, and both.
func TestASearchOfProcessesMissesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	plain := storetest.Open(t, url, store.Options{})
	start := time.Now().UTC().Truncate(time.Microsecond)
	person := "ann"
	for i := range 24 {
		process := storetest.Process(t, plain.Pool(), func(p *store.Process) {
			p.StartedAt = start.Add(time.Duration(i/2) * time.Minute) // two at a time
			p.DefinitionID, p.Starter = []string{"visit", "leave", "leave"}[i%3], []string{"ann", "bob"}[i%2]
			p.Status = []string{"running", "parked", "ended", "running", "running"}[i%5]
			p.Title = store.Text{Zh: []string{"来访", "展商"}[i/3%2], En: fmt.Sprint(i)}
		})
		switch i % 4 {
		case 1:
			storetest.Task(t, plain.Pool(), process, func(task *store.Task) { task.Assignee = &person })
		case 3:
			storetest.Task(t, plain.Pool(), process, nil, "group:office", "post:desk@north")
			storetest.Task(t, plain.Pool(), process, nil, "group:office")
		}
	}
	shown := map[string]func(store.ProcessItem) bool{
		"展":       func(p store.ProcessItem) bool { return p.Title.Zh == "展商" },
		"leave":   func(p store.ProcessItem) bool { return p.DefinitionID == "leave" },
		"ann":     func(p store.ProcessItem) bool { return p.Starter == "ann" },
		"bob":     func(p store.ProcessItem) bool { return p.Starter == "bob" },
		"open":    func(p store.ProcessItem) bool { return p.Status != "ended" },
		"parked":  func(p store.ProcessItem) bool { return p.Status == "parked" },
		"earlier": func(p store.ProcessItem) bool { return p.StartedAt.Before(start.Add(9 * time.Minute)) },
	}
	for words, filter := range map[string]store.ProcessFilter{
		"展":                      {Query: "展"},
		"leave":                  {DefinitionID: "leave"},
		"leave open":             {DefinitionID: "leave", Open: true},
		"ann leave 展":            {Starter: "ann", DefinitionID: "leave", Query: "展"},
		"bob earlier":            {Starter: "bob", StartedBefore: start.Add(9 * time.Minute)},
		"open 展":                 {Open: true, Query: "展"},
		"parked":                 {Statuses: []string{"parked"}},
		"parked leave earlier 展": {Statuses: []string{"parked"}, DefinitionID: "leave", StartedBefore: start.Add(9 * time.Minute), Query: "展"},
	} {
		for _, viewer := range []store.Viewer{ann, {UserID: "root", All: true}, {UserID: "ann", All: true}, {UserID: "bob"}, {}} {
			read := func(s *store.Store, filter store.ProcessFilter) func(store.Page) (store.Slice[store.ProcessItem], error) {
				return func(page store.Page) (store.Slice[store.ProcessItem], error) {
					return s.Processes(t.Context(), viewer, filter, page)
				}
			}
			want := []uuid.UUID{}
			for _, p := range pages(t, 50, read(plain, store.ProcessFilter{})) {
				passes := true
				for word := range strings.FieldsSeq(words) {
					passes = passes && shown[word](p)
				}
				if passes {
					want = append(want, p.ID)
				}
			}
			for _, depth := range []int{1, 2, 7, 100} {
				s := storetest.Open(t, url, store.Options{MaxConns: 1, ListMaxConns: 1, SearchDepth: depth})
				found := processIDs(pages(t, 3, read(s, filter)))
				s.Close()
				require.Equal(t, want, found, "%s for %+v, %d deep", words, viewer, depth)
			}
		}
	}
}

// TestAPageOfASearchEnds: it says where to go on although it found nothing, and does not come to what is beyond.
func TestAPageOfASearchEnds(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	s := storetest.Open(t, url, store.Options{SearchDepth: 3})
	process := storetest.Process(t, s.Pool(), nil)
	for i := range 5 {
		storetest.Task(t, s.Pool(), process, func(task *store.Task) {
			at := process.StartedAt.Add(time.Duration(i) * time.Hour)
			task.DueAt, task.Step = &at, fmt.Sprint(i)
			task.Kind = []string{"task", "approval"}[i/4]
		}, "group:office")
	}
	first, err := s.Tasks(t.Context(), ann, store.TasksInbox, store.TaskFilter{Kind: "approval"}, store.Page{})
	require.NoError(t, err)
	require.Empty(t, first.Items)
	require.NotEmpty(t, first.Next)
	second, err := s.Tasks(t.Context(), ann, store.TasksInbox, store.TaskFilter{Kind: "approval"}, store.Page{Cursor: first.Next})
	require.NoError(t, err)
	require.Equal(t, []string{"4"}, taskSteps(second.Items))
	require.Empty(t, second.Next)
}

package advance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/advance"
	"steward/internal/store"
	"steward/workflows/engine"
)

const shared = `process: shared
name: { zh: 合办, en: Shared }
domain: office
outcomes: [done]
input: { type: object, properties: {} }
roles: { asker: { starter: true }, office: { group: meeting-office }, floor: { group: attendants } }
steps:
  - { id: a, uses: task, assign: floor }
  - { id: b, uses: task, assign: office, exclude: asker, due: +1s, escalate: [{ at: +0, to: floor }] }
  - { end: done }
`

// offered says which of some people could once have taken the task of a step that is closed now.
func (h *house) offered(process uuid.UUID, step string, people ...string) []string {
	h.t.Helper()
	id := scan[uuid.UUID](h, `SELECT id FROM tasks WHERE process_id = $1 AND step = '`+step+`'`, process)
	var found []string
	for _, who := range people {
		person := scan[[]string](h, `SELECT array(SELECT 'group:' || group_id FROM memberships WHERE user_id = $1)`, who)
		was, err := h.store.WasOffered(h.t.Context(), store.Viewer{UserID: who, Principals: append(person, "user:"+who)}, id)
		require.NoError(h.t, err)
		if was {
			found = append(found, who)
		}
	}
	return found
}

// TestFormerCandidatesAreKept: of a claimed, transferred, escalated and closed task, as it happens, after a rebuild, and for tasks that
// closed before the columns were there.
func TestFormerCandidatesAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, shared)
	send := func(p uuid.UUID, kind, actor, step, to string) {
		res, err := h.service.Submit(t.Context(), advance.Command{Process: p, Type: kind, Actor: actor, Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(p, step), To: to}})
		require.NoError(t, err)
		require.Equal(t, "applied", res.Receipt.Status, "%+v", res.Receipt)
	}
	p := h.start("shared", "aming", map[string]any{})
	send(p, engine.EventClaim, "ahua", "a", "")
	send(p, engine.EventTransfer, "ahua", "a", "aqiang")
	require.Equal(t, "{user:ahua}", scan[string](h, `SELECT former::text FROM tasks WHERE process_id = $1 AND status = 'open'`, p), "it was taken from one, the others may still get it")
	h.complete(p, "a", "aqiang", "done")
	require.Equal(t, []string{"ahua", "amei"}, h.offered(p, "a", "ahua", "amei", "afang", "aming"))
	require.Zero(t, scan[int](h, `SELECT count(*) FROM task_candidates c JOIN tasks t ON t.id = c.task_id WHERE c.process_id = $1 AND t.step = 'a'`, p), "no inbox holds it")

	h.until(p, func(advance.Effects) bool {
		return scan[string](h, `SELECT former::text FROM tasks WHERE process_id = $1 AND step = 'b'`, p) == "{group:meeting-office}"
	}, "it is escalated")
	live := normalize(t, h.row(p))
	require.NoError(t, h.advancer.Rebuild(t.Context(), p))
	require.Equal(t, live, normalize(t, h.row(p)))
	require.Equal(t, "applied", h.complete(p, "b", "ahua", "done").Receipt.Status)
	require.Equal(t, []string{"afang", "amei"}, h.offered(p, "b", "afang", "amei", "aming", "ashan"), "not the starter, who was excluded, nor an outsider")
	live = normalize(t, h.row(p))
	require.NoError(t, h.advancer.Rebuild(t.Context(), p))
	require.Equal(t, live, normalize(t, h.row(p)))
}

// TestFormerCandidatesOfEarlierTasks are read from the log by the migration.
func TestFormerCandidatesOfEarlierTasks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave, shared)
	closed, open := h.start("leave", "ahua", map[string]any{"days": 2}), h.start("shared", "aming", map[string]any{})
	h.complete(closed, "plan", "ahua", "done")
	h.complete(closed, "approve", "ali", "approved")
	h.complete(open, "a", "ahua", "done")
	before := h.row(closed) + h.row(open)
	migration, err := os.ReadFile("../store/migrations/00007_former.sql")
	require.NoError(t, err)
	_, statement, found := strings.Cut(string(migration), "WITH opened")
	require.True(t, found)
	for _, sql := range []string{`UPDATE tasks SET former = '{}', excluded = '{}'`, "WITH opened" + statement} {
		_, err := h.store.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.Equal(t, before, h.row(closed)+h.row(open))
	require.Equal(t, "{aming}", scan[string](h, `SELECT excluded::text FROM tasks WHERE process_id = $1 AND status = 'open'`, open))
}

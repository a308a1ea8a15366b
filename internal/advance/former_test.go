package advance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// TestFormerCandidatesOfEarlierTasks: the migration reads them from the log, as a rebuild does, for tasks of each course; it may be
// broken off, and run again.
func TestFormerCandidatesOfEarlierTasks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, leave, strings.Replace(shared, "due: +1s", "due: +3s", 1)) // time to claim it
	send := func(p uuid.UUID, kind, actor, step, to string) {
		res, err := h.service.Submit(t.Context(), advance.Command{Process: p, Type: kind, Actor: actor, Key: uuid.NewString(), Payload: engine.TaskData{Task: h.task(p, step), To: to}})
		require.NoError(t, err)
		require.Equal(t, "applied", res.Receipt.Status, "%+v", res.Receipt)
	}
	escalated := func(p uuid.UUID) {
		h.until(p, func(advance.Effects) bool {
			return scan[bool](h, `SELECT former @> '{group:meeting-office}' FROM tasks WHERE process_id = $1 AND step = 'b'`, p)
		}, "it is escalated")
	}
	want := map[uuid.UUID]string{}
	course := func(definition string, input map[string]any, steps func(p uuid.UUID)) {
		p := h.start(definition, "aming", input)
		steps(p)
		require.NoError(t, h.advancer.Rebuild(t.Context(), p))
		want[p] = normalize(t, h.row(p))
	}
	course("leave", map[string]any{"days": 2}, func(p uuid.UUID) { h.complete(p, "plan", "aming", "done") })
	course("shared", nil, func(uuid.UUID) {})
	course("shared", map[string]any{}, func(p uuid.UUID) { send(p, engine.EventClaim, "ahua", "a", "") })
	course("shared", map[string]any{}, func(p uuid.UUID) {
		for _, to := range []string{"aqiang", "amei", "ahua"} { // from hand to hand, and back
			send(p, engine.EventTransfer, scan[string](h, `SELECT coalesce(assignee, 'ahua') FROM tasks WHERE process_id = $1`, p), "a", to)
		}
	})
	course("shared", map[string]any{}, func(p uuid.UUID) {
		send(p, engine.EventClaim, "ahua", "a", "")
		send(p, engine.EventRelease, "ahua", "a", "")
		require.Equal(t, "applied", h.complete(p, "a", "amei", "done").Receipt.Status)
		escalated(p)
	})
	course("shared", map[string]any{}, func(p uuid.UUID) {
		h.complete(p, "a", "ahua", "done")
		send(p, engine.EventClaim, "afang", "b", "")
		escalated(p)
		require.Equal(t, "applied", h.complete(p, "b", "ahua", "done").Receipt.Status)
	})
	require.NotEmpty(t, scan[int](h, `SELECT count(*) FROM tasks WHERE former <> '{}' AND status = 'open'`))
	for _, sql := range []string{ // back to 00006; 00009 replaces a function by the same one
		`ALTER TABLE tasks DROP COLUMN former, DROP COLUMN excluded`, `CREATE TABLE counters ()`, `DELETE FROM goose_db_version WHERE version_id > 6`,
		// What a broken-off run leaves.
		`ALTER TABLE tasks ADD COLUMN former text[] NOT NULL DEFAULT '{}'`,
	} {
		h.exec(sql)
	}
	h.migrateBesideAReader()
	h.store.Pool().Reset()
	for p, row := range want {
		require.Equal(t, row, normalize(t, h.row(p)))
	}
}

// migrateBesideAReader migrates while somebody reads tasks for long: the migration lets others pass, and finishes after the reader.
func (h *house) migrateBesideAReader() {
	h.t.Helper()
	reader, err := h.store.Lists().Begin(h.t.Context())
	require.NoError(h.t, err)
	_, err = reader.Exec(h.t.Context(), `LOCK TABLE tasks IN ACCESS SHARE MODE`)
	require.NoError(h.t, err)
	migrated := make(chan error, 1)
	go func() {
		ran, err := store.Migrate(h.t.Context(), h.store.Pool().Config().ConnString())
		if err == nil && (len(ran) == 0 || ran[0] != "00007_former.sql") {
			err = fmt.Errorf("ran %v", ran)
		}
		migrated <- err
	}()
	for _, waits := range []bool{true, false, true} { // it tries, gives up, and tries again
		require.Eventually(h.t, func() bool {
			return waits == scan[bool](h, `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'tasks'::regclass AND NOT granted)`)
		}, 20*time.Second, 10*time.Millisecond)
	}
	require.NoError(h.t, reader.Rollback(h.t.Context()))
	require.NoError(h.t, <-migrated)
}

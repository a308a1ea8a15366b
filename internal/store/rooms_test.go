package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/store"
	"steward/internal/storetest"
)

// TestEditRoom keeps what edit does not touch, is silent about what is so already, and leaves other resources alone.
func TestEditRoom(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	by := store.Actor{UserID: "awei"}
	edit := func(id string, change func(*store.Resource)) (store.Edit, error) {
		return s.EditRoom(t.Context(), id, by, func(r *store.Resource, known bool) error {
			require.Equal(t, known, r.Name.Zh != "")
			change(r)
			return nil
		})
	}
	named := func(r *store.Resource) { r.Name = store.Text{Zh: "大厅"} }
	result, err := edit("hall", named)
	require.NoError(t, err)
	require.Equal(t, store.Added, result)
	_, err = s.Pool().Exec(t.Context(), `UPDATE resources SET data = '{"floor": 2}' WHERE id = 'hall'`)
	require.NoError(t, err)
	for _, want := range []store.Edit{store.Changed, store.Unchanged} {
		result, err = edit("hall", func(r *store.Resource) { r.Capacity = 80 })
		require.NoError(t, err)
		require.Equal(t, want, result)
	}
	room, err := s.Resource(t.Context(), "hall")
	require.NoError(t, err)
	require.JSONEq(t, `{"floor": 2}`, string(room.Data))
	require.True(t, room.Active)

	_, err = s.PutResource(t.Context(), store.Resource{ID: "van-1", Kind: "vehicle", Name: store.Text{Zh: "面包车"}, Active: true})
	require.NoError(t, err)
	for id, change := range map[string]func(*store.Resource){
		"van-1": func(*store.Resource) {}, "Hall": named, "": named, "plain": func(*store.Resource) {},
		"hall": func(r *store.Resource) { r.Capacity = -1 },
	} {
		_, err := edit(id, change)
		require.ErrorIs(t, err, store.ErrInvalid, id)
	}
	trail, err := s.AuditTrail(t.Context(), store.AuditFilter{Target: "room/hall"}, store.Page{})
	require.NoError(t, err)
	require.Len(t, trail.Items, 2)
}

func TestOpenBookings(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	_, err := s.PutResource(t.Context(), store.Resource{ID: "hall", Kind: store.KindRoom, Name: store.Text{Zh: "大厅"}, Active: true})
	require.NoError(t, err)
	process := storetest.Process(t, s.Pool(), nil)
	for _, from := range []time.Duration{-3 * time.Hour, -time.Hour, time.Hour} {
		begin := time.Now().Add(from)
		_, err := s.Pool().Exec(t.Context(), `INSERT INTO reservations (id, resource_id, process_id, node, during, title) VALUES ($1, 'hall', $2, 1, tstzrange($3, $4), '{}')`,
			uuid.New(), process.ID, begin, begin.Add(90*time.Minute))
		require.NoError(t, err)
	}
	n, err := s.OpenBookings(t.Context(), "hall")
	require.NoError(t, err)
	require.Equal(t, 2, n, "the one that runs and the one to come")
}

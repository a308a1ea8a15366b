package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"steward/internal/store"
	"steward/internal/storetest"
)

func TestRegisters(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	require.NoError(t, s.PutRegister(t.Context(), store.Register{ID: "lost", Name: store.Text{Zh: "失物"}, Schema: `{}`}))
	key := "A-1"
	process := uuid.New()
	record := func(key *string, data string) (store.RegisterEntry, error) {
		return store.Record(t.Context(), s.Pool(), store.NewEntry{
			ID: uuid.New(), Register: "lost", Key: key, Data: json.RawMessage(data), ProcessID: &process,
		})
	}
	first, err := record(&key, `{"item": "Umbrella", "hall": 1}`)
	require.NoError(t, err)
	_, err = record(&key, `{}`)
	require.ErrorIs(t, err, store.ErrConflict)
	for i := range 3 {
		_, err = record(nil, fmt.Sprintf(`{"item": "Glove", "hall": %d}`, i))
		require.NoError(t, err)
	}
	_, err = store.Record(t.Context(), s.Pool(), store.NewEntry{ID: uuid.New(), Register: "none", Data: json.RawMessage(`{}`)})
	require.ErrorIs(t, err, store.ErrInvalid)

	found, err := store.Lookup(t.Context(), s.Pool(), "lost", key)
	require.NoError(t, err)
	require.Equal(t, first.ID, found.ID)
	_, err = store.Lookup(t.Context(), s.Pool(), "lost", "B")
	require.ErrorIs(t, err, store.ErrNotFound)
	count, err := store.CountForGuard(t.Context(), s.Pool(), "lost", "hall-1", json.RawMessage(`{"hall": 1}`))
	require.NoError(t, err)
	require.EqualValues(t, 2, count)

	for name, c := range map[string]struct {
		filter store.EntryFilter
		want   int
	}{
		"all":      {store.EntryFilter{}, 4},
		"key":      {store.EntryFilter{Key: key}, 1},
		"matching": {store.EntryFilter{Matching: json.RawMessage(`{"item": "Glove"}`)}, 3},
		"text":     {store.EntryFilter{Query: "umbr"}, 1},
	} {
		entries := pages(t, 2, func(page store.Page) (store.Slice[store.RegisterEntry], error) {
			return s.Entries(t.Context(), "lost", c.filter, page)
		})
		require.Len(t, entries, c.want, name)
	}
	for name, filter := range map[string]store.EntryFilter{
		"no JSON":  {Matching: json.RawMessage(`{`)},
		"too long": {Query: strings.Repeat("伞", 101)},
	} {
		_, err = s.Entries(t.Context(), "lost", filter, store.Page{})
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
}

func TestGuardsThatForbidEachOtherWait(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	require.NoError(t, s.PutRegister(t.Context(), store.Register{ID: "gift", Schema: `{}`}))
	var given atomic.Int32
	var group errgroup.Group
	group.SetLimit(4)
	for range 12 {
		group.Go(func() error {
			return s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				count, err := store.CountForGuard(ctx, tx, "gift", "guest-7", json.RawMessage(`{"guest": 7}`))
				if err != nil || count > 0 {
					return err
				}
				given.Add(1)
				_, err = store.Record(ctx, tx, store.NewEntry{ID: uuid.New(), Register: "gift", Data: json.RawMessage(`{"guest": 7}`)})
				return err
			})
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, given.Load())
}

func TestSettingsAreAudited(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	by := store.Actor{UserID: "root", IP: "127.0.0.1"}
	require.NoError(t, s.PutSetting(t.Context(), "tea_every", json.RawMessage(`"30m"`), by))
	require.NoError(t, s.PutSetting(t.Context(), "tea_every", json.RawMessage(`"20m"`), by))
	require.NoError(t, s.PutSetting(t.Context(), "teaXevery", json.RawMessage(`1`), by))
	require.ErrorIs(t, s.PutSetting(t.Context(), "x", json.RawMessage(`{`), by), store.ErrInvalid)
	listed, err := s.Settings(t.Context(), "tea_")
	require.NoError(t, err)
	require.Len(t, listed, 1, "an underscore stands for itself")
	require.NoError(t, s.DeleteSetting(t.Context(), "tea_every", by))
	require.ErrorIs(t, s.DeleteSetting(t.Context(), "tea_every", by), store.ErrNotFound)
	_, err = s.Setting(t.Context(), "tea_every")
	require.ErrorIs(t, err, store.ErrNotFound)

	trail := pages(t, 2, func(page store.Page) (store.Slice[store.AuditEntry], error) {
		return s.AuditTrail(t.Context(), store.AuditFilter{Target: "tea_every", Actor: "root", From: time.Now().Add(-time.Hour)}, page)
	})
	require.Len(t, trail, 3)
	require.Equal(t, "setting.delete", trail[0].Action)
	require.JSONEq(t, `"30m"`, string(trail[1].Before))
	require.JSONEq(t, `"20m"`, string(trail[1].After))
	require.Nil(t, trail[2].Before)
	none, err := s.AuditTrail(t.Context(), store.AuditFilter{Action: "setting.put", Before: time.Now().Add(-time.Hour)}, store.Page{})
	require.NoError(t, err)
	require.Empty(t, none.Items)
}

func TestCalendarVersions(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for _, c := range []struct {
		source  string
		version int32
		stored  bool
	}{{"a", 1, true}, {"a", 1, false}, {"b", 2, true}, {"a", 3, true}} {
		calendar, stored, err := s.PutCalendar(t.Context(), "cn", c.source)
		require.NoError(t, err)
		require.Equal(t, c.version, calendar.Version)
		require.Equal(t, c.stored, stored)
	}
	old, err := s.Calendar(t.Context(), "cn", 2)
	require.NoError(t, err)
	require.Equal(t, "b", old.Data)
	_, err = s.Calendar(t.Context(), "cn", 9)
	require.ErrorIs(t, err, store.ErrNotFound)
	latest, err := s.LatestCalendars(t.Context())
	require.NoError(t, err)
	require.Len(t, latest, 1)
}

func TestDefinitionsArePublishedOncePerDigest(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	publish := func(digest string) (store.Definition, bool) {
		d, created, err := s.PublishDefinition(t.Context(), store.NewDefinition{ID: "visit", Digest: digest, Bundle: "{}", PublishedBy: "root"})
		require.NoError(t, err)
		return d, created
	}
	var group errgroup.Group
	for i := range 6 {
		group.Go(func() error {
			_, _, err := s.PublishDefinition(t.Context(), store.NewDefinition{ID: "visit", Digest: fmt.Sprint(i % 3), Bundle: "{}", PublishedBy: "root"})
			return err
		})
	}
	require.NoError(t, group.Wait())
	versions, err := s.DefinitionVersions(t.Context(), "visit")
	require.NoError(t, err)
	require.Len(t, versions, 3, "versions without gaps, one per digest")

	latest, err := s.LatestDefinition(t.Context(), "visit")
	require.NoError(t, err)
	require.EqualValues(t, 3, latest.Version)
	require.NoError(t, s.RetireDefinition(t.Context(), "visit", 3))
	require.ErrorIs(t, s.RetireDefinition(t.Context(), "visit", 9), store.ErrNotFound)
	latest, err = s.LatestDefinition(t.Context(), "visit")
	require.NoError(t, err)
	require.EqualValues(t, 2, latest.Version)
	again, created := publish(versions[0].Digest)
	require.False(t, created)
	require.EqualValues(t, 3, again.Version, "published again under its old number")
	_, err = s.LatestDefinition(t.Context(), "none")
	require.ErrorIs(t, err, store.ErrNotFound)

	storetest.Process(t, s.Pool(), func(p *store.Process) { p.Version = 2 })
	storetest.Process(t, s.Pool(), func(p *store.Process) { p.Version, p.Status = 1, "ended" })
	used, err := s.DefinitionsInUse(t.Context())
	require.NoError(t, err)
	require.Len(t, used, 1)
	require.EqualValues(t, 2, used[0].Version)
	all, err := s.LatestDefinitions(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	one, err := s.Definition(t.Context(), "visit", 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, one.Version)
}

func TestComments(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	c := store.NewComment{ID: uuid.New(), ProcessID: uuid.New(), Author: "ann", Body: "请多备两壶茶"}
	first, err := s.AddComment(t.Context(), c)
	require.NoError(t, err)
	again, err := s.AddComment(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, first, again, "the same request again")
	c.Body = "other"
	_, err = s.AddComment(t.Context(), c)
	require.ErrorIs(t, err, store.ErrConflict)
	for _, body := range []string{"", "  \n", strings.Repeat("字", store.MaxCommentLength+1)} {
		_, err = s.AddComment(t.Context(), store.NewComment{ID: uuid.New(), ProcessID: c.ProcessID, Author: "ann", Body: body})
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	for range 2 {
		_, err = s.AddComment(t.Context(), store.NewComment{ID: uuid.New(), ProcessID: c.ProcessID, Author: "bob", Body: "好"})
		require.NoError(t, err)
	}
	all := pages(t, 2, func(page store.Page) (store.Slice[store.Comment], error) {
		return s.Comments(t.Context(), c.ProcessID, page)
	})
	require.Len(t, all, 3)
	require.Equal(t, first.ID, all[2].ID, "newest first")
}

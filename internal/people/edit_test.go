package people_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/people"
	"steward/internal/store"
)

var editor = store.Actor{UserID: "awei"}

// TestEditsAtTheSameTimeLoseNothing: each adds one member to what the others left.
func TestEditsAtTheSameTimeLoseNothing(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	ids := []string{"aguo", "afang", "aming", "ali", "aqiang", "ahua"}
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			_, errs[i] = service.EditGroup(t.Context(), "choir", editor, func(g *people.Group, _ bool) error {
				g.Name = store.Text{Zh: "合唱团"}
				g.Members = append(g.Members, id)
				return nil
			})
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	members, err := service.Directory().Members(t.Context(), "choir")
	require.NoError(t, err)
	require.ElementsMatch(t, ids, members)
}

// TestWhoLeavesIsSignedOut at once, and keeps their place in groups for the day they are back.
func TestWhoLeavesIsSignedOut(t *testing.T) {
	t.Parallel()
	service, _ := house(t, nil)
	session := signIn(t, service, "ahua")
	active := func(is bool) store.Edit {
		edit, err := service.EditUser(t.Context(), "ahua", editor, func(p *people.Person, known bool) error {
			require.True(t, known)
			p.Active = is
			return nil
		})
		require.NoError(t, err)
		return edit
	}
	require.Equal(t, store.Unchanged, active(true))
	_, err := service.Authenticate(t.Context(), session.Token)
	require.NoError(t, err)
	require.Equal(t, store.Changed, active(false))
	_, err = service.Authenticate(t.Context(), session.Token)
	require.ErrorIs(t, err, people.ErrUnauthenticated)

	edit, err := service.EditGroup(t.Context(), "attendants", editor, func(g *people.Group, _ bool) error {
		require.Equal(t, []string{"ahua", "ajuan", "amei"}, g.Members)
		g.Name.En = "Hall staff"
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, store.Changed, edit)
	active(true)
	members, err := service.Directory().Members(t.Context(), "attendants")
	require.NoError(t, err)
	require.Equal(t, []string{"ahua", "ajuan", "amei"}, members)
}

// TestAnEditIsOnRecord with what was before; one that is refused leaves nothing.
func TestAnEditIsOnRecord(t *testing.T) {
	t.Parallel()
	service, s := house(t, nil)
	put := func(holders ...string) error {
		_, err := service.EditPost(t.Context(), "guard@north", editor, func(p *people.Post, known bool) error {
			if !known {
				p.Name = store.Text{Zh: "保安"}
			}
			p.Holders = holders
			return nil
		})
		return err
	}
	require.NoError(t, put("ahua"))
	require.NoError(t, put())
	var unknown *people.UnknownPeopleError
	require.ErrorAs(t, put("ahua", "ghost"), &unknown)
	require.Equal(t, &people.UnknownPeopleError{Field: "holders", IDs: []string{"ghost"}}, unknown)
	require.ErrorIs(t, unknown, store.ErrInvalid)
	refusal := fmt.Errorf("not today")
	_, err := service.EditPost(t.Context(), "guard@north", editor, func(*people.Post, bool) error { return refusal })
	require.ErrorIs(t, err, refusal)

	trail, err := s.AuditTrail(t.Context(), store.AuditFilter{Target: "post/guard@north"}, store.Page{})
	require.NoError(t, err)
	require.Len(t, trail.Items, 2)
	require.Equal(t, []string{"awei", "post.put"}, []string{trail.Items[0].Actor, trail.Items[0].Action})
	require.JSONEq(t, `{"name":{"zh":"保安"},"holders":["ahua"]}`, string(trail.Items[0].Before))
	require.JSONEq(t, `{"name":{"zh":"保安"},"holders":[]}`, string(trail.Items[0].After))
	require.Nil(t, trail.Items[1].Before)
}

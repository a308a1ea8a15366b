package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/definitions/library"
	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/apptest/sample"
)

// TestTheLibraryIsPublishedOnce: a start of the same program makes no new versions; what changed makes one, and only of itself.
func TestTheLibraryIsPublishedOnce(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	bundles, err := library.Bundles()
	require.NoError(t, err)
	made, err := h.App.PublishLibrary(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(bundles), made)
	made, err = h.App.PublishLibrary(t.Context())
	require.NoError(t, err)
	require.Zero(t, made)

	changed := bundles[0]
	changed.Source += "\n# changed\n"
	created, err := h.App.Publish(t.Context(), changed, "test")
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, len(bundles)+1, h.Count("SELECT count(*) FROM definitions"))

	made, err = h.App.PublishLibrary(t.Context())
	require.NoError(t, err)
	require.Zero(t, made)
	require.Equal(t, 1, h.Count("SELECT count(*) FROM definitions WHERE version = 2 AND state = 'published'"),
		"a program that starts with what was published before does not take the newest back")
}

// TestPublishingBringsTheRegistersAlong: a process must not find the book missing that it writes into.
func TestPublishingBringsTheRegistersAlong(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	h.PublishLibrary()
	bundles, err := library.Bundles()
	require.NoError(t, err)
	want := map[string]bool{}
	for _, b := range bundles {
		for file := range b.Files {
			if name, ok := strings.CutPrefix(file, "registers/"); ok {
				want[strings.TrimSuffix(name, ".yaml")] = true
			}
		}
	}
	require.NotEmpty(t, want)
	kept, err := h.App.Store.Registers(t.Context())
	require.NoError(t, err)
	require.Len(t, kept, len(want))
	for _, r := range kept {
		require.True(t, want[r.ID], r.ID)
		require.NotEmpty(t, r.Name.In("zh"), r.ID)
		require.NotEmpty(t, r.Name.In("en"), r.ID)
	}
}

// TestAFaultyDefinitionIsNotPublished: it is named with its first problem, and nothing of it is stored.
func TestAFaultyDefinitionIsNotPublished(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	source := strings.Replace(sample.Leave, "assign: asker", "assign: nobody", 1)
	_, err := h.App.Publish(t.Context(), definitions.Bundle{Name: "office/leave.yaml", Source: source, Files: map[string]string{}}, "test")
	var faulty *app.FaultyError
	require.ErrorAs(t, err, &faulty)
	require.Equal(t, "office/leave.yaml", faulty.File)
	require.Len(t, faulty.Problems, 2, "with what is only a hint: nobody uses the role asker")
	require.EqualError(t, err, "office/leave.yaml has errors (1), the first in line 13: there is no role nobody")
	require.Zero(t, h.Count("SELECT (SELECT count(*) FROM definitions) + (SELECT count(*) FROM registers)"))
}

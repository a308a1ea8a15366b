package advance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/definitions"
	"steward/internal/advance"
	"steward/internal/store"
	"steward/internal/storetest"
)

const tea = `process: tea
name: { zh: 茶, en: Tea }
parameters:
  every:  { type: duration, default: 30m, title: { zh: 续茶间隔, en: Time between refills } }
  due:    { type: time, default: +2wh }
  cups:   { type: integer, default: 8 }
  ratio:  { type: number, default: 0.5 }
  strong: { type: boolean, default: false }
  sort:   { type: string, default: 龙井 }
roles: { me: { starter: true } }
outcomes: [drunk]
title: "{{parameters.cups}} × {{parameters.sort}}, {{7 / parameters.ratio}}"
steps:
  - { id: pour, uses: task, assign: me, due: =parameters.due, with: { cups: =parameters.cups, strong: =parameters.strong } }
  - { id: pour_again, uses: task, assign: me, due: =parameters.due, repeat: { every: =parameters.every, overlap: skip, max: 2 },
      with: { cups: =parameters.cups } }
  - { end: drunk }
`

func newCatalog(st *store.Store) *advance.Catalog {
	return advance.NewCatalog(st, definitions.NewRegistry(definitions.Builtin()...))
}

func setting(t *testing.T, st *store.Store, key string) any {
	t.Helper()
	s, err := st.Setting(t.Context(), key)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(s.Value, &value))
	return value
}

// TestParameterValuesAreReadByTheirType: each type takes what the language takes, and a refused value leaves what was set.
func TestParameterValuesAreReadByTheirType(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	publish(t, st, definitions.NewRegistry(definitions.Builtin()...), tea)
	catalog := newCatalog(st)
	by := store.Actor{UserID: "awei"}
	for _, tc := range []struct {
		name, text string
		want       any
		wrong      string
	}{
		{"every", "45m", "45m", ""},
		{"every", "1wd", nil, "parameters.every: it must be a fixed duration such as 30m"},
		{"every", "0m", nil, "at least one second"},
		{"due", "-30m", "-30m", ""},
		{"due", "+1wd", "+1wd", ""},
		{"due", "soonish+", nil, "a time expression such as +2wh"},
		{"due", strings.Repeat("+1d", 200), nil, "…"},
		{"cups", "12", 12.0, ""},
		{"cups", " 6.0 ", 6.0, ""},
		{"cups", "-1", -1.0, ""},
		{"cups", "4.5", nil, "of type integer, such as 30, not \"4.5\""},
		{"cups", "twelve", nil, "of type integer"},
		{"cups", "", nil, "of type integer"},
		{"cups", "null", nil, "of type integer"},
		{"cups", "12 13", nil, "of type integer"},
		{"cups", "9007199254740995", nil, "of type integer"},
		{"ratio", "3.25", 3.25, ""},
		{"ratio", "1e-3", 0.001, ""},
		{"ratio", "0", nil, "must not be 0"},
		{"ratio", "3,5", nil, "of type number, such as 3.5"},
		{"ratio", "1e999", nil, "of type number"},
		{"ratio", "NaN", nil, "of type number"},
		{"strong", "true", true, ""},
		{"strong", "yes", nil, "of type boolean: true or false"},
		{"sort", "12", "12", ""},
		{"sort", "true", "true", ""},
		{"sort", "<碧螺春> \"x\"", "<碧螺春> \"x\"", ""},
		{"sort", "", "", ""},
		{"sort", strings.Repeat("x", advance.MaxParameter), strings.Repeat("x", advance.MaxParameter), ""},
		{"sort", strings.Repeat("x", advance.MaxParameter+1), nil, "at most 4000 bytes"},
		{"sort", "\xff", nil, "UTF-8"},
		{"sort", "a\x00b", nil, "UTF-8"},
	} {
		_, value, err := catalog.SetParameter(t.Context(), "tea", tc.name, tc.text, by)
		if tc.wrong == "" {
			require.NoError(t, err, "%s %q", tc.name, tc.text)
			require.Equal(t, tc.want, value)
			require.Equal(t, tc.want, setting(t, st, advance.ParameterKey("tea", tc.name)))
			require.Equal(t, tc.want, catalogued(t, catalog, tc.name), "seen at once in this program")
			continue
		}
		before, known := catalogued(t, catalog, tc.name), len(trail(t, st))
		require.ErrorIs(t, err, store.ErrInvalid, "%s %q", tc.name, tc.text)
		require.ErrorContains(t, err, tc.wrong)
		require.ErrorContains(t, err, "parameters."+tc.name)
		require.Equal(t, before, catalogued(t, catalog, tc.name), "what was set stays")
		require.Len(t, trail(t, st), known)
	}
}

func catalogued(t *testing.T, catalog *advance.Catalog, name string) any {
	t.Helper()
	require.NoError(t, catalog.Refresh(t.Context()))
	return catalog.Parameters("tea")[name]
}

func trail(t *testing.T, st *store.Store) []store.AuditEntry {
	t.Helper()
	slice, err := st.AuditTrail(t.Context(), store.AuditFilter{}, store.Page{Limit: store.MaxLimit})
	require.NoError(t, err)
	return slice.Items
}

// TestEveryChangeOfAParameterIsAudited: who, from what, to what; what changes nothing leaves no trace.
func TestEveryChangeOfAParameterIsAudited(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	publish(t, st, definitions.NewRegistry(definitions.Builtin()...), tea)
	catalog := newCatalog(st)
	set := func(text, by string) advance.HouseParameter {
		before, _, err := catalog.SetParameter(t.Context(), "tea", "cups", text, store.Actor{UserID: by})
		require.NoError(t, err)
		return before
	}
	unset := func(by string) advance.HouseParameter {
		before, err := catalog.UnsetParameter(t.Context(), "tea", "cups", store.Actor{UserID: by})
		require.NoError(t, err)
		return before
	}
	require.False(t, unset("axia").Set)
	require.False(t, set("10", "awei").Set)
	before := set("10", "axia")
	require.Equal(t, []any{true, 10.0, "awei"}, []any{before.Set, before.Value, before.By})
	require.EqualValues(t, 10, set("12", "axia").Value)
	require.EqualValues(t, 12, unset("ali").Value)
	require.False(t, unset("ali").Set)
	require.Nil(t, catalogued(t, catalog, "cups"))

	var told []string
	for _, a := range trail(t, st) {
		require.Equal(t, "parameter/tea/cups", a.Target)
		require.False(t, a.At.IsZero())
		told = append(told, strings.Join([]string{a.Actor, a.Action, string(a.Before), string(a.After)}, " "))
	}
	require.Equal(t, []string{"ali setting.delete 12 ", "axia setting.put 10 12", "awei setting.put  10"}, told, "latest first")
}

// TestParametersAreListedWithWhatIsWrong: a newer version may have made a value useless, and other definitions are kept apart.
func TestParametersAreListedWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	registry := definitions.NewRegistry(definitions.Builtin()...)
	publish(t, st, registry, leave)
	publish(t, st, registry, tea)
	catalog := newCatalog(st)
	by := store.Actor{UserID: "awei"}
	for name, text := range map[string]string{"cups": "12", "sort": "普洱", "every": "1h"} {
		_, _, err := catalog.SetParameter(t.Context(), "tea", name, text, by)
		require.NoError(t, err)
	}
	newer := strings.NewReplacer("cups:   { type: integer, default: 8 }", "cups:   { type: string, default: many }",
		"  strong: { type: boolean, default: false }\n", "", ", strong: =parameters.strong", "",
		"sort:   {", "kind:   {", "{{parameters.sort}}", "{{parameters.kind}}").Replace(tea)
	publish(t, st, registry, newer)
	require.NoError(t, st.PutSetting(t.Context(), "parameter/gone/x", json.RawMessage(`[1]`), by))
	require.NoError(t, st.PutSetting(t.Context(), "parameter/teapot/x", json.RawMessage(`1`), by))

	all, err := catalog.HouseParameters(t.Context(), "tea")
	require.NoError(t, err)
	none := "without effect: the newest published version has no such parameter"
	require.Empty(t, cmp.Diff([]advance.HouseParameter{
		{Name: "every", Type: "duration", Default: "30m", Title: definitions.Text{Zh: "续茶间隔", En: "Time between refills"}, Set: true, Value: "1h", By: "awei"},
		{Name: "due", Type: "time", Default: "+2wh"},
		{Name: "cups", Type: "string", Default: "many", Set: true, Value: 12.0, By: "awei", Problem: "no process can be started: it must be of type string"},
		{Name: "ratio", Type: "number", Default: 0.5},
		{Name: "kind", Type: "string", Default: "龙井"},
		{Name: "sort", Set: true, Value: "普洱", By: "awei", Problem: none},
	}, all, cmpopts.IgnoreFields(advance.HouseParameter{}, "At", "Definition")))
	for _, h := range all {
		require.Equal(t, "tea", h.Definition)
		require.Equal(t, h.Set, !h.At.IsZero())
	}
	whole, err := catalog.HouseParameters(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, whole, len(all)+2)
	require.Equal(t, []string{"gone", "tea", "teapot"}, []string{whole[5].Definition, whole[6].Definition, whole[7].Definition})

	_, _, err = catalog.SetParameter(t.Context(), "tea", "sort", "白茶", by)
	require.ErrorIs(t, err, store.ErrNotFound, "a newer version has it no more")
	for _, c := range [][2]string{{"tea", "sort"}, {"gone", "x"}} {
		before, err := catalog.UnsetParameter(t.Context(), c[0], c[1], by)
		require.NoError(t, err, "what has no effect can be removed")
		require.True(t, before.Set)
		_, err = catalog.UnsetParameter(t.Context(), c[0], c[1], by)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err = catalog.HouseParameters(t.Context(), "gone")
	require.EqualError(t, err, `definition: nothing is published as "gone"`)
}

const pots = `process: pots
name: { zh: 壶, en: Pots }
parameters:
  a: { type: integer, default: 10 }
  b: { type: integer, default: 5 }
  c: { type: integer, default: 1 }
roles: { me: { starter: true } }
outcomes: [drunk]
steps:
  - { id: pour, repeat: { every: =minutes(parameters.a - parameters.b), overlap: skip, max: 2 }, uses: task, assign: me }
  - { id: clear, uses: task, assign: me, with: { cups: =parameters.c } }
  - { end: drunk }
`

// TestHouseValuesAreCheckedTogether: values that are each sound with the defaults may stop every start together.
func TestHouseValuesAreCheckedTogether(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	registry := definitions.NewRegistry(definitions.Builtin()...)
	publish(t, st, registry, pots)
	catalog := newCatalog(st)
	by := store.Actor{UserID: "awei"}
	set := func(name, text string) error {
		_, _, err := catalog.SetParameter(t.Context(), "pots", name, text, by)
		return err
	}
	unset := func(name string) error {
		_, err := catalog.UnsetParameter(t.Context(), "pots", name, by)
		return err
	}
	listed := func() map[string]string {
		all, err := catalog.HouseParameters(t.Context(), "pots")
		require.NoError(t, err)
		found := map[string]string{}
		for _, h := range all {
			if h.Problem != "" {
				found[h.Name] = h.Problem
			}
		}
		return found
	}
	const every = "it must leave at least one second between repetitions, which come every minutes(parameters.a - parameters.b)"
	require.NoError(t, set("a", "6"))
	known := len(trail(t, st))
	err := set("b", "8")
	require.ErrorIs(t, err, store.ErrInvalid)
	require.EqualError(t, err, `parameters.b: together with a 6 `+every+`, not "8"`)
	require.EqualError(t, set("a", "5"), `parameters.a: together with b 5 (the default) `+every+`, not "5"`)
	require.Len(t, trail(t, st), known, "nothing was stored")
	require.NoError(t, set("a", "20"))
	require.NoError(t, set("b", "12"))
	err = unset("a")
	require.ErrorIs(t, err, store.ErrInvalid)
	require.EqualError(t, err, `parameters.b: together with a 10 (the default) `+every+`, not 12: change or unset it before a is unset`)
	require.InDelta(t, 20, setting(t, st, advance.ParameterKey("pots", "a")), 0, "it stays")
	require.Empty(t, listed())

	publish(t, st, registry, strings.Replace(pots, "parameters.b)", "parameters.b * 2 + 1)", 1))
	const newer = "it must leave at least one second between repetitions, which come every minutes(parameters.a - parameters.b * 2 + 1)"
	require.Equal(t, map[string]string{
		"a": "no process can be started: together with b 12 " + newer, "b": "no process can be started: together with a 20 " + newer,
	}, listed(), "a newer version made them useless")
	require.NoError(t, set("c", "2"), "what has no part in it can be set")
	require.ErrorContains(t, set("b", "11"), "together with a 20")
	require.NoError(t, unset("a"), "there is always a way back to the defaults")
	require.Len(t, listed(), 1)
	require.NoError(t, unset("b"))
	require.Empty(t, listed())
}

// TestRunningProcessesKeepTheirParameters, and those that start afterwards have what was set, in another program too.
func TestRunningProcessesKeepTheirParameters(t *testing.T) {
	t.Parallel()
	h := newHouse(t, advance.ModeAPI, tea)
	of := func(process uuid.UUID) (title, with string) {
		h.t.Helper()
		row, err := h.store.Process(t.Context(), store.Viewer{All: true}, process)
		require.NoError(t, err)
		var state struct {
			Parameters struct {
				Cups json.Number `json:"cups"`
			} `json:"parameters"`
		}
		require.NoError(t, json.Unmarshal([]byte(row.State), &state))
		return row.Title.Zh, state.Parameters.Cups.String()
	}
	early := h.start("tea", "ahua", nil)
	other := newCatalog(h.store) // as the command does
	_, _, err := other.SetParameter(t.Context(), "tea", "cups", "12", store.Actor{UserID: "awei"})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		title, cups := of(h.start("tea", "ahua", nil))
		return title == "12 × 龙井, 14" && cups == "12"
	}, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, "applied", h.complete(early, "pour", "ahua", "done").Receipt.Status)
	title, cups := of(early)
	require.Equal(t, []string{"8 × 龙井, 14", "8"}, []string{title, cups})

	_, err = other.UnsetParameter(t.Context(), "tea", "cups", store.Actor{UserID: "awei"})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, cups := of(h.start("tea", "ahua", nil))
		return cups == "8"
	}, 20*time.Second, 50*time.Millisecond)
}

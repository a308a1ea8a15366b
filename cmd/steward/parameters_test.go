package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"steward/internal/apptest"
	"steward/internal/store"
	"steward/internal/storetest"
)

const watering = `process: watering
name: { zh: 浇花, en: Watering }
outcomes: [watered]
parameters:
  flowers: { type: integer, default: 8, title: { zh: 盆数, en: Pots } }
  remind:  { type: time, default: -10m }
  wet:     { type: boolean, default: true }
roles: { me: { starter: true } }
title: "{{parameters.flowers}} pots"
steps:
  - { id: pour, uses: task, assign: me, due: +1h, remind: [=parameters.remind], with: { wet: =parameters.wet } }
  - { end: watered }
`

const kept = "; processes that start from now on use it, running ones keep the value they started with\n"

// TestHouseParametersAreKept: what is said, what is refused, what is stored, and which processes have it.
func TestHouseParametersAreKept(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	h.Publish(watering)
	db := []string{"--database-url", h.DatabaseURL}
	parameters := func(verb string, args ...string) said {
		return steward(t, "", slices.Concat([]string{"parameters", verb}, db, args)...)
	}
	change := func(verb string, args ...string) said {
		return parameters(verb, append([]string{"--by", "awei"}, args...)...)
	}
	person := h.SignIn("axia")
	early := person.Start("watering", map[string]any{})

	for _, tc := range []struct {
		verb string
		args []string
		want string
	}{
		{"unset", []string{"watering", "flowers"}, "watering flowers is not set: 8 (default)\n"},
		{"set", []string{"watering", "flowers", "12"}, "watering flowers: 8 (default) → 12" + kept},
		{"set", []string{"watering", "flowers", "10"}, "watering flowers: 12 → 10" + kept},
		{"set", []string{"watering", "wet", "false"}, "watering wet: true (default) → false" + kept},
		{"set", []string{"watering", "remind", "--", "-30m"}, "watering remind: -10m (default) → -30m" + kept},
		{"unset", []string{"watering", "wet"}, "watering wet: false → true (default)" + kept},
	} {
		require.Equal(t, said{out: tc.want}, change(tc.verb, tc.args...), "%s %v", tc.verb, tc.args)
	}
	require.Regexp(t, `^watering flowers is 10 already, set by awei on \d{4}-\d\d-\d\dT[\d:]+Z\n$`, change("set", "watering", "flowers", "10").out)

	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown definition": {[]string{"watring", "flowers", "1"}, exitFailed, `definition: nothing is published as "watring"; ` + "`steward parameters list`"},
		"unknown name":       {[]string{"watering", "flower", "1"}, exitFailed, "parameters.flower: watering has no such parameter; `steward parameters list`"},
		"bad value":          {[]string{"watering", "flowers", "many"}, exitFailed, `parameters.flowers: it must be of type integer, such as 30, not "many"; nothing was stored`},
		"taken for a flag":   {[]string{"watering", "remind", "-20m"}, exitUsage, "after --, as in: -- -30m"},
		"nothing":            {[]string{"watering", "remind"}, exitUsage, "<value>"},
	} {
		s := change("set", tc.args...)
		require.Equal(t, tc.code, s.code, name)
		require.Contains(t, s.err, tc.want, name)
	}
	stored, err := h.App.Store.Settings(t.Context(), "parameter/")
	require.NoError(t, err)
	require.Len(t, stored, 2, "flowers and remind")

	apptest.Until(t, "a process that starts afterwards has what was set", func() bool { return flowers(t, h, person.Start("watering", map[string]any{})) == 10 })
	require.Equal(t, 8, flowers(t, h, early), "one that runs keeps its own")
	require.Zero(t, change("unset", "watering", "flowers").code)
	apptest.Until(t, "the default counts again", func() bool { return flowers(t, h, person.Start("watering", map[string]any{})) == 8 })

	require.NoError(t, h.App.Store.PutSetting(t.Context(), "parameter/watering/hoses", json.RawMessage(`""`), store.Actor{UserID: "root"}))
	listed(t, parameters)
}

func flowers(t *testing.T, h *apptest.House, process string) int {
	t.Helper()
	row, err := h.App.Store.Process(t.Context(), store.Viewer{All: true}, uuid.MustParse(process))
	require.NoError(t, err)
	var state struct {
		Parameters struct {
			Flowers int `json:"flowers"`
		} `json:"parameters"`
	}
	require.NoError(t, json.Unmarshal([]byte(row.State), &state))
	return state.Parameters.Flowers
}

// listed looks at both forms of the list, with remind set and a parameter that no definition has.
func listed(t *testing.T, parameters func(verb string, args ...string) said) {
	t.Helper()
	table := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	require.Equal(t, said{out: table(
		`DEFINITION  NAME     TYPE     DEFAULT  HOUSE  FOR`,
		`watering    flowers  integer  8        –      盆数`,
		`watering    remind   time     -10m     -30m   –`,
		`watering    wet      boolean  true     –      –`,
		`watering    hoses    –        –        ""     without effect: the newest published version has no such parameter`,
	)}, parameters("list", "watering", "--lang", "zh"))
	require.Equal(t, parameters("list", "watering"), parameters("list"))

	s := parameters("list", "--format", "json")
	require.Zero(t, s.code, s.err)
	var lines []map[string]any
	for text := range strings.Lines(s.out) {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		lines = append(lines, line)
	}
	require.Len(t, lines, 4)
	require.Equal(t, map[string]any{
		"definition": "watering", "name": "flowers", "type": "integer", "default": 8.0, "title": map[string]any{"zh": "盆数", "en": "Pots"},
		"set": false, "value": nil, "problem": "", "setBy": nil, "setAt": nil,
	}, lines[0])
	require.Equal(t, []any{true, "-30m", "awei"}, []any{lines[1]["set"], lines[1]["value"], lines[1]["setBy"]})
	at, ok := lines[1]["setAt"].(string)
	require.True(t, ok)
	when, err := time.Parse(time.RFC3339, at)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), when, time.Hour)
	require.NotEmpty(t, lines[3]["problem"])

	s = parameters("list", "watring")
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, s.err, "`steward publish`")
}

// TestNoParametersIsSaid on an installation without definitions.
func TestNoParametersIsSaid(t *testing.T) {
	t.Parallel()
	url := storetest.NewURL(t)
	require.Equal(t, said{out: "no parameters\n"}, steward(t, "", "parameters", "list", "--database-url", url))
	require.Equal(t, said{}, steward(t, "", "parameters", "list", "--format", "json", "--database-url", url))
}

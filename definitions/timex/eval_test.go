package timex_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions/timex"
)

func TestEval(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ src, want string }{
		{"opened", "2026-03-04 10:00:00"},
		{"+0", "2026-03-04 10:00:00"},
		{"-0", "2026-03-04 10:00:00"},
		{"now", "2026-05-05 12:00:00"},
		{"layout.done+5m", "2026-03-07 09:05:00"},
		// elapsed time
		{"start-30m", "2026-03-13 13:30:30"},
		{"start-12h", "2026-03-13 02:00:30"},
		{"+1h30m15s", "2026-03-04 11:30:15"},
		{"start -1d -2h", "2026-03-12 12:00:30"},
		// dates on the wall clock
		{"+1d", "2026-03-05 10:00:00"},
		{"+2w", "2026-03-18 10:00:00"},
		{"end+1mo", "2026-02-28 18:00:00"},
		{"end+1mo +1mo", "2026-03-28 18:00:00"},
		{"end+2mo", "2026-03-31 18:00:00"},
		{"end-2mo", "2025-11-30 18:00:00"},
		{"end+1mo1d", "2026-03-01 18:00:00"},
		{"leap+12mo", "2025-02-28 08:00:00"},
		{"leap+48mo", "2028-02-29 08:00:00"},
		// working time
		{"+2wd", "2026-03-06 10:00:00"},
		{"start+1wd", "2026-03-23 14:00:30"},
		{"start-3wd", "2026-03-10 14:00:30"},
		{"layout.done+1wd", "2026-03-09 09:00:00"},
		{"layout.done+0wd", "2026-03-09 09:00:00"},
		{"layout.done-0wd", "2026-03-06 09:00:00"},
		{"start+0wd", "2026-03-13 14:00:30"},
		{"+4wh", "2026-03-04 14:00:00"},
		{"+8wh", "2026-03-05 10:00:00"},
		{"-2wh", "2026-03-03 16:00:00"},
		{"layout.done+0wh", "2026-03-09 09:00:00"},
		{"layout.done-0wh", "2026-03-06 17:00:00"},
		{"+1wd2wh", "2026-03-05 12:00:00"},
		// time of day
		{"start-1wd 17:00", "2026-03-12 17:00:00"},
		{"start 24:00", "2026-03-14 00:00:00"},
		{"09:30", "2026-03-04 09:30:00"},
		{"start 17:00 +1wd", "2026-03-23 17:00:00"},
		{"+1d 08:15:45", "2026-03-05 08:15:45"},
		// days of months and weeks
		{"month(+1) day 25 16:00", "2026-04-25 16:00:00"},
		{"month(0) day last", "2026-03-31 10:00:00"},
		{"month(end, +1) day 31", "2026-02-28 18:00:00"},
		{"month(-13) day 5", "2025-02-05 10:00:00"},
		{"month(now, +1) day 1 00:00", "2026-06-01 00:00:00"},
		{"month(+1) day 25 16:00 -0wd", "2026-04-24 16:00:00"}, // the 25th is a Saturday
		{"month(+1) day 25 16:00 +0wd", "2026-04-27 16:00:00"},
		{"week(0) mon", "2026-03-02 10:00:00"},
		{"week(0) sun 20:00", "2026-03-08 20:00:00"},
		{"week(+1) tue 09:00", "2026-03-10 09:00:00"},
		{"week(layout.done, -1) fri", "2026-02-27 09:00:00"},
		// windows of the calendar
		{"next(calls)", "2026-03-04 10:00:00"},
		{"next(calls, opened+1m)", "2026-03-04 10:01:00"},
		{"next(calls, start)", "2026-03-23 10:00:00"},
		{"next(calls, opened+7wd)", "2026-03-13 10:00:00"},
		{"after(calls)", "2026-03-05 10:00:00"},
		{"after(calls, start)", "2026-03-24 10:00:00"}, // the next one is on the 23rd, another is on the 24th
		{"next(calls, month(+1) day 25)-1d", "2026-04-26 10:00:00"},
		{"next(calls, after(calls)+1h)", "2026-03-06 10:00:00"},
	} {
		t.Run(tc.src, func(t *testing.T) {
			t.Parallel()
			e, err := timex.Parse(tc.src)
			require.NoError(t, err)
			got, err := e.Eval(env(t))
			require.NoError(t, err)
			require.True(t, got.Known)
			require.Equal(t, tc.want, got.At.In(shanghai(t)).Format("2006-01-02 15:04:05"))
			require.Equal(t, time.UTC, got.At.Location())
			require.True(t, got.From.IsZero())
			require.Equal(t, got.At, got.Why[len(got.Why)-1].At, "the explanation ends at the result")
			require.Equal(t, e.NeedsCalendar(), got.CalendarVersion == "model@2026-1")
			require.False(t, got.Provisional)
		})
	}
}

func TestEvalWindow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ src, from, at string }{
		{"end+3d..7d", "2026-02-03 18:00:00", "2026-02-07 18:00:00"},
		{"start+3wd..7wd", "2026-03-25 14:00:30", "2026-03-31 14:00:30"},
		{"start-3d..1d", "2026-03-10 14:00:30", "2026-03-12 14:00:30"},
		{"start-1d..+1d", "2026-03-12 14:00:30", "2026-03-14 14:00:30"},
		{"start-3d..0", "2026-03-10 14:00:30", "2026-03-13 14:00:30"},
		{"start+0..30m", "2026-03-13 14:00:30", "2026-03-13 14:30:30"},
		{"start-1d+1h..2h", "2026-03-12 15:00:30", "2026-03-12 16:00:30"},
		{"+1wd 09:00..2wd 18:00", "2026-03-05 09:00:00", "2026-03-06 18:00:00"},
		{"+1wd 09:00..2wd", "2026-03-05 09:00:00", "2026-03-06 10:00:00"},
		{"month(+1) day 5 09:00 +1d..2d", "2026-04-06 09:00:00", "2026-04-07 09:00:00"},
		{"next(calls, start)+0..1h", "2026-03-23 10:00:00", "2026-03-23 11:00:00"},
		{"start+1wd..3d", "2026-03-23 14:00:30", "2026-03-23 14:00:30"}, // three days end inside the festival
	} {
		t.Run(tc.src, func(t *testing.T) {
			t.Parallel()
			e, err := timex.Parse(tc.src)
			require.NoError(t, err)
			require.True(t, e.IsWindow())
			got, err := e.Eval(env(t))
			require.NoError(t, err)
			require.Equal(t, tc.from, got.From.In(shanghai(t)).Format("2006-01-02 15:04:05"))
			require.Equal(t, tc.at, got.At.In(shanghai(t)).Format("2006-01-02 15:04:05"))
		})
	}
}

func TestEvalProvisional(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{
		"year_end": false, "year_end+1wd": true, "year_end+1wd-2wd": true, "year_end-1wd": false, "year_end+1d": false,
		"year_end+1wh": false, "year_end+9wh": true, "next(calls, year_end)": true, "year_end-1wd..+1wd": true,
		"year_end+1d +0wd": true, "month(year_end, +1) day 5": false,
	} {
		got, err := must(t, src).Eval(env(t))
		require.NoError(t, err)
		require.Equal(t, want, got.Provisional, src)
	}
}

func must(t testing.TB, src string) timex.Expr {
	t.Helper()
	e, err := timex.Parse(src)
	require.NoError(t, err)
	return e
}

func TestMissingAnchors(t *testing.T) {
	t.Parallel()
	got, err := must(t, "next(calls, meeting_ended+1d)").Eval(env(t))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(timex.Result{Missing: []string{"meeting_ended"}}, got))
	got, err = must(t, "opened+1d").Eval(timex.Env{})
	require.NoError(t, err)
	require.Equal(t, []string{"opened"}, got.Missing)
}

func TestParseFromAnotherAnchor(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"-1wh": "2026-03-06 16:00:00", "+0": "2026-03-06 17:00:00", "start": "2026-03-13 14:00:30", "opened+1h": "2026-03-04 11:00:00",
		"next(calls)": "2026-03-09 10:00:00", "month(0) day 1": "2026-03-01 17:00:00",
	} {
		e, err := timex.ParseFrom("due", src)
		require.NoError(t, err)
		got, err := e.Eval(env(t))
		require.NoError(t, err)
		require.Equal(t, want, got.At.In(shanghai(t)).Format("2006-01-02 15:04:05"), src)
	}
	e, err := timex.ParseFrom("due", "+2wh")
	require.NoError(t, err)
	require.Equal(t, []string{"due"}, e.Anchors())
}

func TestZeroExprIsTheDefaultAnchor(t *testing.T) {
	t.Parallel()
	var e timex.Expr
	require.Equal(t, "opened", e.String())
	got, err := e.Eval(env(t))
	require.NoError(t, err)
	require.True(t, at(t, "2026-03-04 10:00:00").Equal(got.At))
}

func TestEarliest(t *testing.T) {
	t.Parallel()
	got, err := timex.Earliest(env(t), must(t, "+2wd"), must(t, "start-10d"), must(t, "meeting_ended+1h"), must(t, "+1wd"))
	require.NoError(t, err)
	require.True(t, got.Known)
	require.True(t, at(t, "2026-03-03 14:00:30").Equal(got.At))
	require.Empty(t, got.CalendarVersion, "the one that won asked no calendar")
	require.Equal(t, []string{"meeting_ended"}, got.Missing)

	got, err = timex.Earliest(env(t), must(t, "a"), must(t, "b+1d"), must(t, "a+1d"))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(timex.Result{Missing: []string{"a", "b"}}, got))
	_, err = timex.Earliest(env(t), must(t, "+1d"), must(t, "next(nowhere)"))
	requireEvalCode(t, err, timex.CodeUnknownWindow)
}

func TestWhy(t *testing.T) {
	t.Parallel()
	got, err := must(t, "start-1h +1wd..2wd 17:00").Eval(env(t))
	require.NoError(t, err)
	utc := func(text string) time.Time { return at(t, text).UTC() }
	require.Empty(t, cmp.Diff(timex.Result{
		Known: true, From: utc("2026-03-23 13:00:30"), At: utc("2026-03-24 17:00:00"), CalendarVersion: "model@2026-1",
		Why: []timex.Step{
			{Kind: timex.StepAnchor, Text: "start", At: utc("2026-03-13 14:00:30")},
			{Kind: timex.StepAdd, Text: "-1h", At: utc("2026-03-13 13:00:30")},
			{Kind: timex.StepAdd, Text: "+1wd", At: utc("2026-03-23 13:00:30"), Skipped: 9},
			{Kind: timex.StepFrom, At: utc("2026-03-23 13:00:30")},
			{Kind: timex.StepAnchor, Text: "start", At: utc("2026-03-13 14:00:30")},
			{Kind: timex.StepAdd, Text: "-1h", At: utc("2026-03-13 13:00:30")},
			{Kind: timex.StepAdd, Text: "+2wd", At: utc("2026-03-24 13:00:30"), Skipped: 9},
			{Kind: timex.StepClock, Text: "17:00", At: utc("2026-03-24 17:00:00")},
		},
	}, got))

	text, err := json.Marshal(got)
	require.NoError(t, err)
	var again timex.Result
	require.NoError(t, json.Unmarshal(text, &again))
	require.Empty(t, cmp.Diff(got, again), "a result survives the decision log")

	raised, err := must(t, "start+1wd..3d").Eval(env(t))
	require.NoError(t, err)
	require.Equal(t, timex.StepRaise, raised.Why[len(raised.Why)-1].Kind)
}

func requireEvalCode(t testing.TB, err error, code timex.Code) {
	t.Helper()
	var mistake *timex.EvalError
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, code, mistake.Code, err.Error())
	require.NotEmpty(t, mistake.Hint)
	require.Contains(t, err.Error(), mistake.Expr)
}

func TestEvalMistakes(t *testing.T) {
	t.Parallel()
	known := env(t)
	bare := timex.Env{Anchor: known.Anchor}
	far := timex.Env{Calendar: known.Calendar, Anchor: func(string) (time.Time, bool) {
		return time.Date(9999, 12, 1, 0, 0, 0, 0, time.UTC), true
	}}
	never := timex.Env{Anchor: func(string) (time.Time, bool) { return time.Time{}, true }}
	for _, tc := range []struct {
		src  string
		env  timex.Env
		code timex.Code
	}{
		{"+1wd", bare, timex.CodeNoCalendar},
		{"+1wh", bare, timex.CodeNoCalendar},
		{"next(calls)", bare, timex.CodeNoCalendar},
		{"+1d", bare, timex.CodeNoLocation},
		{"+1mo", bare, timex.CodeNoLocation},
		{"17:00", bare, timex.CodeNoLocation},
		{"month(0) day 1", bare, timex.CodeNoLocation},
		{"next(lunch)", known, timex.CodeUnknownWindow},
		{"after(lunch)", known, timex.CodeUnknownWindow},
		{"+2mo", far, timex.CodeOutOfRange},
		{"+1d..100w", far, timex.CodeOutOfRange},
		{"+1h", never, timex.CodeOutOfRange},
	} {
		_, err := must(t, tc.src).Eval(tc.env)
		requireEvalCode(t, err, tc.code)
	}
	got, err := must(t, "+90m").Eval(bare)
	require.NoError(t, err, "elapsed time needs neither calendar nor location")
	require.True(t, at(t, "2026-03-04 11:30:00").Equal(got.At))
}

// The location of the environment wins over the calendar's, and days keep the wall clock through a change of clocks.
func TestLocation(t *testing.T) {
	t.Parallel()
	ny, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	e := env(t)
	e.Location = ny
	e.Anchor = func(string) (time.Time, bool) { return time.Date(2026, 3, 7, 12, 0, 0, 7, ny), true }
	for src, want := range map[string]time.Time{
		"+1d":            time.Date(2026, 3, 8, 16, 0, 0, 7, time.UTC),
		"+24h":           time.Date(2026, 3, 8, 17, 0, 0, 7, time.UTC),
		"+1d 09:00":      time.Date(2026, 3, 8, 13, 0, 0, 0, time.UTC),
		"+1w":            time.Date(2026, 3, 14, 16, 0, 0, 7, time.UTC),
		"month(0) day 1": time.Date(2026, 3, 1, 17, 0, 0, 7, time.UTC),
	} {
		got, err := must(t, src).Eval(e)
		require.NoError(t, err)
		require.Equal(t, want, got.At, src)
	}
}

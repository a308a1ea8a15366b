package timex_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/definitions/timex"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src   string
		want  timex.Amount
		fixed time.Duration // -1: not fixed
	}{
		{"0", nil, 0},
		{"30m", timex.Amount{{N: 30, Unit: timex.Minutes}}, 30 * time.Minute},
		{" 1h30m ", timex.Amount{{N: 1, Unit: timex.Hours}, {N: 30, Unit: timex.Minutes}}, 90 * time.Minute},
		{"2d", timex.Amount{{N: 2, Unit: timex.Days}}, 48 * time.Hour},
		{"1w1d1s", timex.Amount{{N: 1, Unit: timex.Weeks}, {N: 1, Unit: timex.Days}, {N: 1, Unit: timex.Seconds}}, 192*time.Hour + time.Second},
		{"1wd", timex.Amount{{N: 1, Unit: timex.WorkingDays}}, -1},
		{"4wh", timex.Amount{{N: 4, Unit: timex.WorkingHours}}, -1},
		{"1mo", timex.Amount{{N: 1, Unit: timex.Months}}, -1},
		{"36500d", timex.Amount{{N: 36500, Unit: timex.Days}}, 36500 * 24 * time.Hour},
	} {
		got, err := timex.ParseDuration(tc.src)
		require.NoError(t, err, tc.src)
		require.Empty(t, cmp.Diff(tc.want, got), tc.src)
		fixed, ok := got.Fixed()
		require.Equal(t, tc.fixed >= 0, ok, tc.src)
		if ok {
			require.Equal(t, tc.fixed, fixed, tc.src)
		}
		again, err := timex.ParseDuration(got.String())
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(got, again))
	}
}

func TestParseDurationMistakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		src    string
		code   timex.Code
		offset int
	}{
		{"", timex.CodeEmpty, 0},
		{"-1h", timex.CodeSignInDuration, 0},
		{" +1h", timex.CodeSignInDuration, 1},
		{"h", timex.CodeAmount, 0},
		{"30", timex.CodeUnit, 2},
		{"30min", timex.CodeUnit, 2},
		{"1h 30m", timex.CodeSyntax, 3},
		{"1h30m 17:00", timex.CodeSyntax, 6},
		{"1d1wd1d", timex.CodeUnitOrder, 5},
		{"36501d", timex.CodeAmount, 0},
		{"36500d24h", timex.CodeAmount, 6},
		{"99999999999999999999d", timex.CodeAmount, 0},
		{"1h;", timex.CodeCharacter, 2},
	} {
		_, err := timex.ParseDuration(tc.src)
		requireParseCode(t, err, tc.code, tc.offset)
	}
}

func TestAmountAdd(t *testing.T) {
	t.Parallel()
	cal := model{shanghai(t)}
	from := at(t, "2026-03-13 16:00:00")
	for src, want := range map[string]string{
		"0": "2026-03-13 16:00:00", "1h30m": "2026-03-13 17:30:00", "1wd": "2026-03-23 16:00:00", "2wh": "2026-03-23 10:00:00", "1mo": "2026-04-13 16:00:00",
	} {
		a, err := timex.ParseDuration(src)
		require.NoError(t, err)
		got, err := a.Add(from, cal)
		require.NoError(t, err)
		require.Equal(t, want, got.At.In(cal.loc).Format("2006-01-02 15:04:05"), src)
		require.Equal(t, a.NeedsCalendar(), got.CalendarVersion != "", src)
	}
	late, err := timex.Amount{{N: 1, Unit: timex.WorkingDays}}.Add(at(t, "2026-12-31 09:00:00"), cal)
	require.NoError(t, err)
	require.True(t, late.Provisional)
}

func TestAmountMadeByHand(t *testing.T) {
	t.Parallel()
	for _, a := range []timex.Amount{{{N: 1, Unit: "y"}}, {{N: -1, Unit: timex.Days}}, {{N: 1 << 62, Unit: timex.Weeks}}} {
		_, ok := a.Fixed()
		require.False(t, ok)
		_, err := a.Add(at(t, "2026-03-13 16:00:00"), model{shanghai(t)})
		requireEvalCode(t, err, timex.CodeAmount)
	}
	long := timex.Quantity{N: 36500 * 24, Unit: timex.Hours}
	_, ok := timex.Amount{long, long, long, long}.Fixed()
	require.False(t, ok, "400 years do not fit")
	_, err := timex.Amount{{N: 1, Unit: timex.WorkingDays}}.Add(at(t, "2026-03-13 16:00:00"), nil)
	requireEvalCode(t, err, timex.CodeNoCalendar)
}

func TestTimeOfDay(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]time.Duration{
		"00:00": 0, "09:05": 9*time.Hour + 5*time.Minute, "23:59:59": 24*time.Hour - time.Second, "24:00": 24 * time.Hour, "17:00": 17 * time.Hour,
	} {
		got, err := timex.ParseTimeOfDay(src)
		require.NoError(t, err, src)
		require.Equal(t, timex.TimeOfDay(want), got, src)
		again, err := timex.ParseTimeOfDay(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
		spaced, err := timex.ParseTimeOfDay(" " + src + " ")
		require.NoError(t, err)
		require.Equal(t, got, spaced)
	}
	for _, src := range []string{"9:00", "24:01", "25:00", "12:60", "12:00:60", "12", "12:", "1200", "012:00", "-1:00", "12:0x"} {
		_, err := timex.ParseTimeOfDay(src)
		requireParseCode(t, err, timex.CodeClock, 0)
	}
	_, err := timex.ParseTimeOfDay("12:00 h")
	requireParseCode(t, err, timex.CodeSyntax, 6)
	got := timex.TimeOfDay(24*time.Hour).On(at(t, "2026-02-28 12:00:00"), shanghai(t))
	require.True(t, at(t, "2026-03-01 00:00:00").Equal(got))
}

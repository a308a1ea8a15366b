package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/definitions/timex"
	"steward/internal/calendar"
)

// The language's time expressions meet this package only here: neither imports the other.
var _ timex.Calendar = (*calendar.Calendar)(nil)

func environment(t testing.TB, c *calendar.Calendar, anchors map[string]string) timex.Env {
	t.Helper()
	known := map[string]time.Time{}
	for name, text := range anchors {
		known[name] = at(t, text)
	}
	return timex.Env{
		Calendar: c,
		Anchor:   func(name string) (time.Time, bool) { got, ok := known[name]; return got, ok },
	}
}

func TestTimeExpressionsOnRealDates(t *testing.T) {
	t.Parallel()
	c := china(t)
	for _, tc := range []struct {
		name, src, anchor, at string
		from, want            string
		skipped               int
		provisional           bool
	}{
		{"finance verifies in 2 working days", "+2wd", "opened", "2026-02-13 16:40:00", "", "2026-02-24 16:40:00", 9, false},
		{"approval in 4 working hours", "+4wh", "opened", "2026-02-14 16:00:00", "", "2026-02-24 11:00:00", 9, false},
		{"reminder an hour before", "due-1wh", "due", "2025-02-05 09:30:00", "", "2025-01-27 17:30:00", 8, false},
		{"layout half a day before", "start-12h", "start", "2026-02-24 14:00:00", "", "2026-02-24 02:00:00", 0, false},
		{"the evening before", "start-1wd 17:00", "start", "2026-02-24 09:00:00", "", "2026-02-14 17:00:00", 9, false},
		{"return visit 7 to 15 working days after receipt", "receipt+7wd..15wd", "receipt", "2026-09-14 11:20:00", "2026-09-22 11:20:00", "2026-10-10 11:20:00", 11, false},
		{"reconcile by the 5th", "month(+1) day 5 24:00", "opened", "2026-09-30 09:00:00", "", "2026-10-06 00:00:00", 0, false},
		{"the 25th falls on a holiday: before it", "month(0) day 25 16:00 -0wd", "opened", "2026-09-10 09:00:00", "", "2026-09-24 16:00:00", 1, false},
		{"the 25th falls on a holiday: after it", "month(0) day 25 16:00 +0wd", "opened", "2026-09-10 09:00:00", "", "2026-09-28 16:00:00", 3, false},
		{"call in a window", "next(call_windows)", "opened", "2026-02-14 17:59:59", "", "2026-02-14 17:59:59", 0, false},
		{"call in the next window", "next(call_windows)", "opened", "2026-02-14 18:00:00", "", "2026-02-24 10:30:00", 0, false},
		{"call in another window", "after(call_windows)", "opened", "2026-02-14 15:30:00", "", "2026-02-24 10:30:00", 0, false},
		{"call from 7 working days after receipt", "next(call_windows, receipt+7wd)", "receipt", "2026-02-10 20:00:00", "", "2026-02-27 10:30:00", 9, false},
		{"renewal two months before expiry", "expiry-2mo", "expiry", "2026-04-30 00:00:00", "", "2026-02-28 00:00:00", 0, false},
		{"settled after 7 working days in 2027", "left+7wd", "left", "2026-12-30 12:00:00", "", "2027-01-08 12:00:00", 2, true},
		{"complaint taken on a holiday", "+1wd", "opened", "2026-10-03 23:10:05", "", "2026-10-08 23:10:05", 4, false},
		{"handed over at the end of work", "+0wh", "opened", "2026-02-14 18:00:00", "", "2026-02-24 09:00:00", 9, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e, err := timex.Parse(tc.src)
			require.NoError(t, err)
			got, err := e.Eval(environment(t, c, map[string]string{tc.anchor: tc.at}))
			require.NoError(t, err)
			require.Equal(t, tc.want, wall(c, got.At))
			if e.IsWindow() {
				require.Equal(t, tc.from, wall(c, got.From))
			}
			skipped, asked := 0, ""
			for _, step := range got.Why {
				skipped = max(skipped, step.Skipped)
			}
			if e.NeedsCalendar() {
				asked = "cn@2026-1"
			}
			require.Equal(t, tc.skipped, skipped)
			require.Equal(t, asked, got.CalendarVersion)
			require.Equal(t, tc.provisional, got.Provisional)
		})
	}
}

// When the year's notice is out, the same expression is planned again under the new version and is no longer
// provisional.
func TestTimeExpressionAfterTheNotice(t *testing.T) {
	t.Parallel()
	e, err := timex.Parse("left+7wd")
	require.NoError(t, err)
	y, err := calendar.ParseYear([]byte(notice2027))
	require.NoError(t, err)
	c, err := china(t).WithYear(y)
	require.NoError(t, err)
	got, err := e.Eval(environment(t, c, map[string]string{"left": "2026-12-30 12:00:00"}))
	require.NoError(t, err)
	require.Equal(t, "2027-01-09 12:00:00", wall(c, got.At), "a Friday off, a make-up Saturday")
	require.False(t, got.Provisional)
	require.Equal(t, "cn@2027-1", got.CalendarVersion)
}

// A window of the case stands beside the house's.
func TestTimeExpressionWithTheCasesWindow(t *testing.T) {
	t.Parallel()
	e, err := timex.Parse("next(windows, receipt+7wd)")
	require.NoError(t, err)
	c, err := china(t).WithWindow("windows", calendar.WindowData{Hours: []string{"10:30-11:40", "15:00-18:00"}, Days: []string{"all"}})
	require.NoError(t, err)
	got, err := e.Eval(environment(t, c, map[string]string{"receipt": "2026-03-05 12:00:00"}))
	require.NoError(t, err)
	require.Equal(t, "2026-03-16 15:00:00", wall(c, got.At))
	_, err = e.Eval(environment(t, china(t), map[string]string{"receipt": "2026-03-05 12:00:00"}))
	require.ErrorContains(t, err, "calendar cn@2026-1 has no window windows")
}

func BenchmarkEvalWorkingDays(b *testing.B) {
	e, err := timex.Parse("start+3wd..7wd")
	if err != nil {
		b.Fatal(err)
	}
	env := environment(b, china(b), map[string]string{"start": "2026-02-13 14:00:00"})
	for b.Loop() {
		if _, err := e.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

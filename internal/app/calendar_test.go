package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/app"
	"steward/internal/apptest"
	"steward/internal/calendar"
)

const year2027 = `calendar: cn
year: 2027
notice: made up for this test
off: [2027-01-01..2027-01-03]
work: [2027-01-10]
`

func TestLoadedYearsAddUp(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	first, err := h.App.LoadCalendar(t.Context(), []byte(year2027))
	require.NoError(t, err)
	require.Equal(t, app.LoadedCalendar{ID: "cn", Version: 1, Changed: true}, first)
	same, err := h.App.LoadCalendar(t.Context(), []byte(year2027))
	require.NoError(t, err)
	require.Equal(t, app.LoadedCalendar{ID: "cn", Version: 1}, same)

	second, err := h.App.LoadCalendar(t.Context(), []byte("calendar: cn\nyear: 2028\nnotice: made up too\noff: [2028-01-01]\n"))
	require.NoError(t, err)
	require.EqualValues(t, 2, second.Version)
	rows, err := h.App.Store.LatestCalendars(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	data, err := calendar.ParseData([]byte(rows[0].Data))
	require.NoError(t, err)
	require.Len(t, data.Years, 2)
	require.Equal(t, []int{2027, 2028}, []int{data.Years[0].Year, data.Years[1].Year})
}

func TestOpenProcessesPlanAgain(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, nil)
	h.Publish(visit)
	h.SignIn("aming").Start("visit", map[string]any{})
	loaded, err := h.App.LoadCalendar(t.Context(), []byte(year2027))
	require.NoError(t, err)
	require.EqualValues(t, 1, loaded.Processes)
	apptest.Until(t, "the command to be settled", func() bool {
		var open int
		require.NoError(t, h.App.Store.Pool().QueryRow(t.Context(), "SELECT count(*) FROM commands WHERE settled_at IS NULL").Scan(&open))
		return open == 0
	})
}

func TestFaultyCalendarsAreRefused(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	for name, c := range map[string]struct{ text, want string }{
		"no YAML":          {"a: [", ""},
		"unknown key":      {"calendar: cn\nyears: []\nholidaze: 1\n", "holidaze"},
		"no calendar":      {"year: 2027\nnotice: n\n", "calendar"},
		"impossible day":   {"calendar: cn\nyear: 2027\nnotice: n\noff: [2027-02-30]\n", "2027-02-30"},
		"day of other":     {"calendar: cn\nyear: 2027\nnotice: n\noff: [2026-02-03]\n", "2026-02-03"},
		"new, no location": {"calendar: moon\nweekdays: [mon]\n", "location"},
		"worked anyway":    {"calendar: cn\nyear: 2027\nnotice: made up\noff: [2027-01-01]\nwork: [2027-01-05]\n", "2027-01-05 is a Tuesday"},
		"placeholder":      {"calendar: cn\nyear: 2027\nnotice: <title and date of the notice>\noff: [2027-01-01]\n", "notice"},
		"shipped year":     {"calendar: cn\nyear: 2026\nnotice: made up\noff: [2026-01-01]\n", "revision"},
	} {
		_, err := h.App.LoadCalendar(t.Context(), []byte(c.text))
		require.ErrorContains(t, err, c.want, name)
	}
	rows, err := h.App.Store.LatestCalendars(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
}

// TestACorrectionNeedsAHigherRevision, as the docs demand: otherwise one version would stand for two sets of days.
func TestACorrectionNeedsAHigherRevision(t *testing.T) {
	t.Parallel()
	h := apptest.Start(t, func(c *app.Config) { c.Worker = false })
	load := func(text string) (app.LoadedCalendar, error) { return h.App.LoadCalendar(t.Context(), []byte(text)) }
	_, err := load(year2027)
	require.NoError(t, err)
	const other = "calendar: cn\nyear: 2027\nnotice: made up for this test\noff: [2027-01-01..2027-01-03]\nwork: [2027-01-09]\n"
	_, err = load(other)
	require.ErrorContains(t, err, "the year 2027 is known already, with other data, as revision 1, and this is revision 1 (write revision: 2")
	corrected, err := load(other + "revision: 2\n")
	require.NoError(t, err)
	require.Equal(t, app.LoadedCalendar{ID: "cn", Version: 2, Changed: true}, corrected)
	again, err := load(other + "revision: 2\n")
	require.NoError(t, err)
	require.False(t, again.Changed)
	_, err = load(year2027)
	require.ErrorContains(t, err, "as revision 2, and this is revision 1", "an old file does not come back by accident")
}

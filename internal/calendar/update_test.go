package calendar_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

// good2027 is a year as it should be: a holiday with its notice, and a Saturday that is worked for it.
func good2027() calendar.Year {
	return calendar.Year{Calendar: "cn", Year: 2027, Notice: "made up for this test (2026-11-01)", Off: []string{"2027-01-01..2027-01-03"}, Work: []string{"2027-01-09"}}
}

func TestWhatIsLoadedMustBeMeant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*calendar.Year)
		want   string // of the error; none when the year is fine
	}{
		"as it should be":          {func(*calendar.Year) {}, ""},
		"without make-up days":     {func(y *calendar.Year) { y.Work = nil }, ""},
		"a worked Tuesday":         {func(y *calendar.Year) { y.Work = []string{"2027-01-05"} }, "work[0]: 2027-01-05 is a Tuesday and worked anyway"},
		"a range into the week":    {func(y *calendar.Year) { y.Work = []string{"2027-01-16", "2027-01-09..2027-01-11"} }, "work[1]: 2027-01-11 is a Monday"},
		"the example's notice":     {func(y *calendar.Year) { y.Notice = "<title and date of the notice>" }, "notice: \"<title and date of the notice>\" stands where a notice should be"},
		"to be done":               {func(y *calendar.Year) { y.Notice = " TODO " }, "cite the notice by its title and date"},
		"dots":                     {func(y *calendar.Year) { y.Notice = "..." }, "cite the notice by its title and date"},
		"blanks":                   {func(y *calendar.Year) { y.Notice = "  " }, "cite the notice by its title and date"},
		"no day off":               {func(y *calendar.Year) { y.Off = nil }, "off: 2027 would have no day off (list the days off that the notice names)"},
		"a shipped year, as it is": {func(y *calendar.Year) { *y = shipped(t, 2026) }, ""},
		"a shipped year, altered": {func(y *calendar.Year) {
			*y = shipped(t, 2026)
			y.Off = y.Off[1:]
		}, "revision: the data changed, but the version is still cn@2026-1"},
		"a shipped year, corrected": {func(y *calendar.Year) {
			*y = shipped(t, 2026)
			y.Off, y.Revision = y.Off[1:], 2
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := good2027()
			c.change(&y)
			old := china(t)
			next, err := old.WithYear(y)
			if err == nil { // Extend notices some of it by itself, as the version would stay
				err = calendar.CheckUpdate(old, next)
			}
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			var wrong *calendar.Error
			require.ErrorAs(t, err, &wrong)
		})
	}
}

func shipped(t *testing.T, year int) calendar.Year {
	t.Helper()
	d, err := calendar.BundledData("cn")
	require.NoError(t, err)
	for _, y := range d.Years {
		if y.Year == year {
			return y
		}
	}
	require.FailNow(t, "not shipped")
	return calendar.Year{}
}

// TestACorrectionRaisesTheRevision of the very thing it corrects: another year's revision does not count.
func TestACorrectionRaisesTheRevision(t *testing.T) {
	t.Parallel()
	build := func(years ...calendar.Year) *calendar.Calendar {
		c, err := china(t).Extend(calendar.Data{Years: years})
		require.NoError(t, err)
		return c
	}
	other := calendar.Year{Year: 2028, Notice: "made up", Off: []string{"2028-01-03"}, Revision: 3}
	corrected := good2027()
	corrected.Work = []string{"2027-01-10"}
	for revision, allowed := range map[int]bool{0: false, 1: false, 2: true, 7: true} {
		corrected.Revision = revision
		err := calendar.CheckUpdate(build(good2027()), build(corrected, other))
		require.Equal(t, allowed, err == nil, "revision %d: %v", revision, err)
	}
	corrected.Revision = 5
	lower := good2027()
	lower.Revision = 4
	require.ErrorContains(t, calendar.CheckUpdate(build(corrected), build(lower)), "as revision 5, and this is revision 4 (write revision: 6")
}

func TestSettingsRaiseTheRevisionToo(t *testing.T) {
	t.Parallel()
	shop := func(revision int, hours string) *calendar.Calendar {
		c, err := calendar.New(calendar.Data{ID: "shop", Location: "Asia/Shanghai", Revision: revision, Hours: []string{hours}})
		require.NoError(t, err)
		return c
	}
	require.NoError(t, calendar.CheckUpdate(nil, shop(0, "09:00-17:00")))
	require.NoError(t, calendar.CheckUpdate(shop(1, "09:00-17:00"), shop(0, "09:00-17:00")), "nothing changes")
	require.NoError(t, calendar.CheckUpdate(shop(1, "09:00-17:00"), shop(2, "10:00-17:00")))
	require.ErrorContains(t, calendar.CheckUpdate(shop(1, "09:00-17:00"), shop(1, "10:00-17:00")), "the calendar shop is known already")
	require.ErrorContains(t, calendar.CheckUpdate(shop(2, "09:00-17:00"), shop(1, "09:00-17:00")), "write revision: 3")
}

// TestYAMLTroubleIsOneLine with the place, for a reader who sees neither colors nor an excerpt.
func TestYAMLTroubleIsOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"calendar: cn\nyear: 2027\nnotise: n\n":      `line 3, column 1: unknown field "notise" (compare with the shipped calendar)`,
		"calendar: cn\nyear: next\nnotice: n\n":      "line 2, column 7: ",
		"calendar: cn\nyear: 2027\noff: [2027-01-01": "line 3, column ",
		"calendar: cn\ncalendar: de\nyear: 2027\n":   "line 2, column 1: ",
	} {
		_, err := calendar.ParseYear([]byte(text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
		require.NotContains(t, err.Error(), "|", "no excerpt")
		require.NotContains(t, err.Error(), "^")
		var wrong *calendar.Error
		require.True(t, errors.As(err, &wrong) && wrong.Code == calendar.CodeSyntax)
	}
}

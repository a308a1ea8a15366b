package devmode

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

// TestTheSampleMeetingIsNeverLate: whenever somebody tries the program, the work of the sample meeting lies ahead.
func TestTheSampleMeetingIsNeverLate(t *testing.T) {
	t.Parallel()
	workdays, err := calendar.Bundled(house)
	require.NoError(t, err)
	for name, c := range map[string]struct{ now, meeting string }{
		"a working morning":       {"2026-11-23 09:00", "2026-11-23 16:00"},
		"a working noon":          {"2026-11-23 12:00", "2026-11-24 10:00"},
		"a working evening":       {"2026-11-23 17:59", "2026-11-24 16:00"},
		"midnight":                {"2026-11-24 00:00", "2026-11-24 16:00"},
		"Friday night":            {"2026-11-20 23:30", "2026-11-23 16:00"},
		"Sunday":                  {"2026-11-22 11:07", "2026-11-23 16:00"},
		"a Saturday that is work": {"2026-05-09 08:00", "2026-05-09 16:00"},
		"the National Day":        {"2026-10-01 08:00", "2026-10-08 16:00"},
		"New Year's Eve, unknown": {"2026-12-31 18:30", "2027-01-01 16:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.ParseInLocation("2006-01-02 15:04", c.now, workdays.Location())
			require.NoError(t, err)
			f := filler{workdays: workdays, now: now}
			start := f.nextMeeting()
			require.Equal(t, c.meeting, start.Format("2006-01-02 15:04"))
			due, _, _ := workdays.AddWorkingTime(start, -lead)
			require.True(t, due.After(now), "due %s", due)
			for _, day := range []time.Time{f.workday(1), f.workday(2)} {
				working, _ := workdays.IsWorkingDay(day)
				require.True(t, working && day.After(now), day)
			}
		})
	}
}

package calendar_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"steward/internal/calendar"
)

const notice2027 = `
calendar: cn
year: 2027
notice: for this test only
off: [2027-01-01..2027-01-03]
work: [2027-01-09]
`

func TestVersions(t *testing.T) {
	t.Parallel()
	c := china(t)
	require.Equal(t, "cn@2026-1", c.Version())
	require.Equal(t, "cn", c.ID())
	require.Equal(t, "Asia/Shanghai", c.Location().String())
	require.Equal(t, 7*time.Hour+30*time.Minute, c.DayLength())
	require.True(t, c.HasYear(2024))
	require.False(t, c.HasYear(2027))
	require.False(t, c.HasYear(2023))

	y, err := calendar.ParseYear([]byte(notice2027))
	require.NoError(t, err)
	next, err := c.WithYear(y)
	require.NoError(t, err)
	require.Equal(t, "cn@2027-1", next.Version())
	got, _, provisional := next.AddWorkingDays(at(t, "2026-12-31 10:00:00"), 6)
	require.Equal(t, "2027-01-09 10:00:00", wall(c, got))
	require.False(t, provisional)
	got, _, provisional = c.AddWorkingDays(at(t, "2026-12-31 10:00:00"), 6)
	require.Equal(t, "2027-01-08 10:00:00", wall(c, got), "the older calendar is unchanged")
	require.True(t, provisional)
}

func TestExtendDemandsANewVersion(t *testing.T) {
	t.Parallel()
	c := china(t)
	y := calendar.Year{Calendar: "cn", Year: 2026, Notice: "a correction", Off: []string{"2026-03-03"}}
	_, err := c.WithYear(y)
	requireCode(t, err, calendar.CodeRevisionMissing, "revision")
	y.Revision = 2
	corrected, err := c.WithYear(y)
	require.NoError(t, err)
	require.Equal(t, "cn@2026-2", corrected.Version())
	require.NotEqual(t, c.Digest(), corrected.Digest())

	same, err := c.Extend(calendar.Data{})
	require.NoError(t, err)
	require.Equal(t, c.Digest(), same.Digest())
	_, err = c.Extend(calendar.Data{Hours: []string{"08:00-17:00"}})
	requireCode(t, err, calendar.CodeRevisionMissing, "revision")
	longer, err := c.Extend(calendar.Data{Revision: 2, Hours: []string{"08:00-17:00"}})
	require.NoError(t, err)
	require.Equal(t, "cn@2026-2", longer.Version())
}

func TestExtendForASite(t *testing.T) {
	t.Parallel()
	site, err := china(t).Extend(calendar.Data{ID: "hotel", Weekdays: []string{"tue", "wed", "thu", "fri", "sat"}, Hours: []string{"08:00-12:00"}, Quiet: []string{}})
	require.NoError(t, err)
	require.Equal(t, "hotel@2026-1", site.Version())
	require.False(t, site.IsQuiet(at(t, "2026-03-03 03:00:00")), "an empty list clears")
	got, _, _ := site.AddWorkingDays(at(t, "2026-03-06 10:00:00"), 2)
	require.Equal(t, "2026-03-10 10:00:00", wall(site, got), "Saturday, then Tuesday")
	got, _, _ = site.AddWorkingDays(at(t, "2026-02-14 10:00:00"), 1)
	require.Equal(t, "2026-02-24 10:00:00", wall(site, got), "the country's holidays stay")

	always, err := site.Extend(calendar.Data{ID: "desk", Holidays: "none"})
	require.NoError(t, err)
	require.Equal(t, "desk@none-1", always.Version())
}

// The digest is stored beside the version; a release that changed it for the same data would refuse every calendar.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	c, err := calendar.New(calendar.Data{ID: "cn", Location: "Asia/Shanghai"})
	require.NoError(t, err)
	require.Equal(t, "fd100e3762480e4a4a03db4b37795cf9b49851fb775f36beefb974f2df41394e", c.Digest())
	d, err := calendar.BundledData("cn")
	require.NoError(t, err)
	d.Years[0], d.Years[2] = d.Years[2], d.Years[0]
	shuffled, err := calendar.New(d)
	require.NoError(t, err)
	require.Equal(t, china(t).Digest(), shuffled.Digest(), "the order of years does not matter")
	require.Equal(t, china(t).Version(), shuffled.Version())
}

func TestBundledDataStandsByItself(t *testing.T) {
	t.Parallel()
	d, err := calendar.BundledData("cn")
	require.NoError(t, err)
	require.Len(t, d.Years, 3)
	r := newReference(t)
	for _, y := range d.Years {
		require.NotEmpty(t, y.Notice)
		for _, text := range y.Work {
			day := at(t, text)
			require.Contains(t, []string{"Saturday", "Sunday"}, day.Weekday().String(), "make-up days are weekend days: %s", text)
			require.True(t, r.worked(day))
		}
	}
	_, err = calendar.Bundled("xx")
	requireCode(t, err, calendar.CodeRequired, "calendar")
	_, err = calendar.Bundled("../cn")
	requireCode(t, err, calendar.CodeName, "calendar")
}

func requireCode(t testing.TB, err error, code calendar.Code, field string) {
	t.Helper()
	var mistake *calendar.Error
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, []string{string(code), field}, []string{string(mistake.Code), mistake.Field}, err.Error())
	require.NotEmpty(t, mistake.Hint)
	require.Contains(t, err.Error(), mistake.Hint)
}

func TestMistakesInData(t *testing.T) {
	t.Parallel()
	type data = calendar.Data
	year := func(off, work []string) data {
		return data{Years: []calendar.Year{{Year: 2026, Notice: "n", Off: off, Work: work}}}
	}
	for name, tc := range map[string]struct {
		change data
		code   calendar.Code
		field  string
	}{
		"id":                     {data{ID: "C-N"}, calendar.CodeName, "calendar"},
		"long id":                {data{ID: strings.Repeat("a", 65)}, calendar.CodeName, "calendar"},
		"location":               {data{Location: "Asia/Nowhere"}, calendar.CodeLocation, "location"},
		"local":                  {data{Location: "Local"}, calendar.CodeLocation, "location"},
		"revision":               {data{Revision: -1}, calendar.CodeYear, "revision"},
		"weekday":                {data{Weekdays: []string{"monday"}}, calendar.CodeWeekday, "weekdays"},
		"weekday twice":          {data{Weekdays: []string{"mon", "mon"}}, calendar.CodeWeekday, "weekdays"},
		"holidays":               {data{Holidays: "some"}, calendar.CodeRequired, "holidays"},
		"hours unreadable":       {data{Hours: []string{"9-12"}}, calendar.CodeHours, "hours[0]"},
		"hours signed":           {data{Hours: []string{"+9:00-12:00"}}, calendar.CodeHours, "hours[0]"},
		"hours beyond the day":   {data{Hours: []string{"09:00-24:30"}}, calendar.CodeHours, "hours[0]"},
		"hours empty":            {data{Hours: []string{"09:00-09:00"}}, calendar.CodeHours, "hours[0]"},
		"hours overlap":          {data{Hours: []string{"09:00-12:00", "11:30-13:00"}}, calendar.CodeHours, "hours"},
		"hours over midnight":    {data{Hours: []string{"22:00-06:00"}}, calendar.CodeHours, "hours"},
		"quiet overlaps itself":  {data{Quiet: []string{"21:00-08:00", "07:00-09:00"}}, calendar.CodeHours, "quiet"},
		"quiet around the clock": {data{Quiet: []string{"12:00-24:00", "00:00-12:00"}}, calendar.CodeQuiet, "quiet"},
		"window name":            {data{Windows: map[string]calendar.WindowData{"A": {}}}, calendar.CodeName, "windows.A"},
		"window hours missing":   {data{Windows: map[string]calendar.WindowData{"a": {}}}, calendar.CodeRequired, "windows.a.hours"},
		"window hours":           {data{Windows: map[string]calendar.WindowData{"a": {Hours: []string{"x"}}}}, calendar.CodeHours, "windows.a.hours[0]"},
		"window days":            {data{Windows: map[string]calendar.WindowData{"a": {Hours: []string{"09:00-10:00"}, Days: []string{"all", "mon"}}}}, calendar.CodeWeekday, "windows.a.days"},
		"date of another year":   {year([]string{"2025-12-31"}, nil), calendar.CodeDate, "years[0].off[0]"},
		"no such date":           {year([]string{"2026-01-01", "2026-02-30"}, nil), calendar.CodeDate, "years[0].off[1]"},
		"range backwards":        {year([]string{"2026-02-03..2026-02-01"}, nil), calendar.CodeDate, "years[0].off[0]"},
		"off and work":           {year([]string{"2026-02-01..2026-02-03"}, []string{"2026-02-02"}), calendar.CodeConflict, "years[0].work[0]"},
		"no notice":              {data{Years: []calendar.Year{{Year: 2026}}}, calendar.CodeRequired, "years[0].notice"},
		"year out of range":      {data{Years: []calendar.Year{{Year: 3000, Notice: "n"}}}, calendar.CodeYear, "years[0].year"},
		"year's revision":        {data{Years: []calendar.Year{{Year: 2026, Notice: "n", Revision: -2}}}, calendar.CodeYear, "years[0].revision"},
		"year of another":        {data{Years: []calendar.Year{{Calendar: "de", Year: 2026, Notice: "n"}}}, calendar.CodeYear, "years[0].calendar"},
		"year twice":             {data{Years: []calendar.Year{{Year: 2026, Notice: "n"}, {Year: 2026, Notice: "n"}}}, calendar.CodeConflict, "years[1].year"},
		"too many years":         {data{Years: make([]calendar.Year, 201)}, calendar.CodeTooLarge, "years"},
		"years without holidays": {data{Holidays: "none", Years: []calendar.Year{{Year: 2026, Notice: "n"}}}, calendar.CodeConflict, "holidays"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := tc.change
			if d.ID == "" {
				d.ID = "cn"
			}
			if d.Location == "" {
				d.Location = "Asia/Shanghai"
			}
			_, err := calendar.New(d)
			requireCode(t, err, tc.code, tc.field)
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	d, err := calendar.ParseData([]byte("calendar: house\nlocation: Asia/Shanghai\nhours: [\"08:00-12:00\"]\nwindows: {calls: {hours: [\"09:00-10:00\"], days: [all]}}\nyears: [{year: 2026, notice: n, off: [2026-01-01]}]\n"))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(calendar.Data{
		ID: "house", Location: "Asia/Shanghai", Hours: []string{"08:00-12:00"},
		Windows: map[string]calendar.WindowData{"calls": {Hours: []string{"09:00-10:00"}, Days: []string{"all"}}},
		Years:   []calendar.Year{{Year: 2026, Notice: "n", Off: []string{"2026-01-01"}}},
	}, d))

	_, err = calendar.ParseData([]byte("calendar: cn\nholiday: none\n"))
	requireCode(t, err, calendar.CodeSyntax, "line 2, column 1")
	require.ErrorContains(t, err, "holiday")
	_, err = calendar.ParseData([]byte("calendar: cn\ncalendar: de\n"))
	requireCode(t, err, calendar.CodeSyntax, "line 2, column 1")
	_, err = calendar.ParseData([]byte(strings.Repeat("#", calendar.MaxDataBytes+1)))
	requireCode(t, err, calendar.CodeTooLarge, "")
	_, err = calendar.ParseYear([]byte("year: 2026\nnotice: n\n"))
	requireCode(t, err, calendar.CodeRequired, "calendar")
	_, err = calendar.ParseYear([]byte("calendar: cn\nyear: 2026\nnotice: n\noff: [2025-01-01]\n"))
	requireCode(t, err, calendar.CodeDate, "year.off[0]")
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := china(t)
	from := at(t, "2026-02-13 16:00:00")
	want, _, _ := c.AddWorkingDays(from, 5)
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for range 8 {
		group.Go(func() {
			for range 200 {
				if got, _, _ := c.AddWorkingDays(from, 5); !got.Equal(want) {
					failures <- fmt.Errorf("got %s, want %s", got, want)
					return
				}
				if _, err := c.WithWindow("own", calendar.WindowData{Hours: []string{"09:00-10:00"}}); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	require.NoError(t, all)
}

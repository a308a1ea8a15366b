package calendar_test

import (
	"errors"
	"testing"
	"time"

	"steward/internal/calendar"
)

// FuzzParseData feeds the YAML reader and everything behind it: no text may panic or hang, what is refused is refused
// with a typed error, and what is accepted answers.
func FuzzParseData(f *testing.F) {
	for _, seed := range []string{
		"calendar: cn\nlocation: Asia/Shanghai\n",
		"calendar: cn\nlocation: Asia/Shanghai\nhours: [office]\nquiet: ['21:00-08:00']\nwindows: {w: {hours: ['20:00-09:00'], days: [sat]}}\n",
		"calendar: cn\nlocation: UTC\nyears: [{year: 2026, notice: n, off: [2026-01-01..2026-01-03], work: [2026-01-04]}]\n",
		"calendar: cn\nlocation: UTC\nholidays: none\nweekdays: [sun]\nhours: ['23:59:59-24:00']\n",
		"calendar: &a [*a]\n", "- x", "{", "years: 3", "", "\x00", "calendar: !!binary x",
	} {
		f.Add([]byte(seed))
	}
	from := time.Date(2026, 2, 13, 8, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := calendar.ParseData(src)
		var c *calendar.Calendar
		if err == nil {
			c, err = calendar.New(d)
		}
		if err != nil {
			var mistake *calendar.Error
			if !errors.As(err, &mistake) || mistake.Hint == "" || mistake.Code == "" {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if to, _, _ := c.AddWorkingDays(from, 3); !to.After(from) {
			t.Fatalf("3 working days after %s is %s", from, to)
		}
		if to, _, _ := c.AddWorkingTime(from, -time.Minute); !to.Before(from) {
			t.Fatalf("a working minute before %s is %s", from, to)
		}
		for _, name := range c.WindowNames() {
			opens, closes, _, ok := c.Next(name, from)
			if !ok || opens.Before(from) || !closes.After(opens) {
				t.Fatalf("window %s after %s: %s to %s, %v", name, from, opens, closes, ok)
			}
		}
		if c.IsQuiet(c.AfterQuiet(from)) {
			t.Fatal("quiet after the quiet hours")
		}
	})
}

// FuzzParseYear does the same for the file of one year.
func FuzzParseYear(f *testing.F) {
	f.Add([]byte("calendar: cn\nyear: 2027\nrevision: 2\nnotice: n\noff: [2027-01-01..2027-01-03]\nwork: [2027-01-09]\n"))
	f.Add([]byte("calendar: cn\nyear: 99999999999\n"))
	base, err := calendar.Bundled("cn")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		y, err := calendar.ParseYear(src)
		if err == nil {
			_, err = base.WithYear(y)
		}
		var mistake *calendar.Error
		if err != nil && !errors.As(err, &mistake) {
			t.Fatalf("untyped error %v", err)
		}
	})
}

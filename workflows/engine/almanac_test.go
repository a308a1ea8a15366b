package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"steward/definitions/timex"
	"steward/internal/calendar"
)

// The almanac answers time expressions slowly and obviously: it lists every day, and walks over the list day by day and minute
// by minute. It shares no arithmetic with packages timex and calendar, only the dates that the public notices name.

type almanacDay struct {
	year, month, day, weekday int // weekday 0 is Monday
	worked                    bool
}

type almanac []almanacDay

// wall is a time on the clock of the house: an index into the almanac and the minute of that day.
type wall struct{ day, minute int }

const minutesOfDay = 24 * 60

func newAlmanac(t *testing.T) almanac {
	t.Helper()
	data, err := calendar.BundledData("cn")
	require.NoError(t, err)
	var a almanac
	weekday := 4 // 1 January 2010 was a Friday
	for year := 2010; year < 2045; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= daysOf(year, month); day++ {
				a = append(a, almanacDay{year, month, day, weekday, weekday < 5})
				weekday = (weekday + 1) % 7
			}
		}
	}
	require.NotEmpty(t, data.Years)
	for _, y := range data.Years {
		a.mark(y.Off, false)
		a.mark(y.Work, true)
	}
	return a
}

// mark notes the days of a notice, each a date or a range of dates.
func (a almanac) mark(texts []string, worked bool) {
	for i, d := range a {
		date := fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
		for _, text := range texts {
			from, to, ranged := strings.Cut(text, "..")
			if date == from || ranged && from <= date && date <= to {
				a[i].worked = worked
			}
		}
	}
}

func daysOf(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func (a almanac) text(w wall) string {
	d := a[w.day]
	return fmt.Sprintf("%04d-%02d-%02d %02d:%02d", d.year, d.month, d.day, w.minute/60, w.minute%60)
}

// minutes walks one minute at a time.
func (a almanac) minutes(w wall, n int) wall {
	for ; n > 0; n-- {
		if w.minute++; w.minute == minutesOfDay {
			w = wall{w.day + 1, 0}
		}
	}
	for ; n < 0; n++ {
		if w.minute--; w.minute < 0 {
			w = wall{w.day - 1, minutesOfDay - 1}
		}
	}
	return w
}

// atWork says whether the minute that begins now is worked, open whether it lies in the calling hours.
func (a almanac) atWork(w wall) bool {
	return a[w.day].worked && (w.minute >= 9*60 && w.minute < 12*60 || w.minute >= 13*60+30 && w.minute < 18*60)
}

func (a almanac) open(w wall) bool {
	return a[w.day].worked && (w.minute >= 10*60+30 && w.minute < 11*60+40 || w.minute >= 15*60 && w.minute < 18*60)
}

func (a almanac) next(w wall) wall {
	for !a.open(w) {
		w = a.minutes(w, 1)
	}
	return w
}

func (a almanac) after(w wall) wall {
	for w = a.next(w); a.open(w); {
		w = a.minutes(w, 1)
	}
	return a.next(w)
}

// monthDay goes to a day of the month n months on, held to the end of a shorter one.
func (a almanac) monthDay(w wall, n, day int) wall {
	first := func() {
		for a[w.day].day != 1 {
			w.day--
		}
	}
	for first(); n < 0; n++ {
		w.day--
		first()
	}
	for ; n > 0; n-- {
		w.day++
		for a[w.day].day != 1 {
			w.day++
		}
	}
	for k := 1; k < day && a[w.day+1].day != 1; k++ {
		w.day++
	}
	return w
}

func (a almanac) weekDay(w wall, n, weekday int) wall {
	for a[w.day].weekday != 0 {
		w.day--
	}
	w.day += 7*n + weekday
	return w
}

// add walks n of a unit, forward or back; 0 of a working unit goes to the nearest.
func (a almanac) add(w wall, n int, unit string, back bool) wall {
	step := 1
	if back {
		step = -1
	}
	switch unit {
	case "mo":
		return a.monthDay(w, step*n, a[w.day].day)
	case "w":
		w.day += step * 7 * n
	case "d":
		w.day += step * n
	case "h":
		return a.minutes(w, step*60*n)
	case "m":
		return a.minutes(w, step*n)
	case "s":
		return a.minutes(w, step*n/60)
	case "wd":
		return a.addWorkingDays(w, n, step)
	case "wh":
		return a.addWorkingHours(w, n, step)
	}
	return w
}

func (a almanac) addWorkingDays(w wall, n, step int) wall {
	if n == 0 {
		for !a[w.day].worked {
			w.day += step
		}
	}
	for n > 0 {
		if w.day += step; a[w.day].worked {
			n--
		}
	}
	return w
}

func (a almanac) addWorkingHours(w wall, n, step int) wall {
	passed := func() bool { // the minute ahead, in the direction of the walk
		if step < 0 {
			return a.atWork(a.minutes(w, -1))
		}
		return a.atWork(w)
	}
	if n == 0 {
		for !passed() {
			w = a.minutes(w, step)
		}
	}
	for left := n * 60; left > 0; w = a.minutes(w, step) {
		if passed() {
			left--
		}
	}
	return w
}

// written is a part of an expression: as a definition writes it, and as the almanac walks it.
type written struct {
	text string
	walk func(w wall) wall
}

// scribe draws expressions.
type scribe struct {
	almanac
	anchors map[string]wall
}

func (s scribe) anchor(t *rapid.T) (name string, at wall) {
	name = rapid.SampledFrom([]string{"opened", "start", "end", "layout.done"}).Draw(t, "anchor")
	return name, s.anchors[name]
}

// base draws where a point begins; what it is applied to does not matter, for it begins at an anchor.
func (s scribe) base(t *rapid.T) written {
	name, at := s.anchor(t)
	n := rapid.IntRange(-4, 4).Draw(t, "offset")
	day, week := rapid.IntRange(1, 32).Draw(t, "day"), rapid.IntRange(0, 6).Draw(t, "weekday")
	dayText := fmt.Sprint(day)
	if day == 32 {
		dayText = "last"
	}
	weekText := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}[week]
	fixed := func(text string, at wall) written { return written{text, func(wall) wall { return at }} }
	opened := s.anchors["opened"]
	switch rapid.SampledFrom([]string{"", "anchor", "month", "own month", "week", "next", "after"}).Draw(t, "base") {
	case "anchor":
		return fixed(name, at)
	case "month":
		return fixed(fmt.Sprintf("month(%s, %+d) day %s", name, n, dayText), s.monthDay(at, n, day))
	case "own month":
		return fixed(fmt.Sprintf("month(%d) day %s", n, dayText), s.monthDay(opened, n, day))
	case "week":
		return fixed(fmt.Sprintf("week(%s, %+d) %s", name, n, weekText), s.weekDay(at, n, week))
	case "next":
		shift := s.shift(t)
		return fixed("next(call_windows, "+name+shift.text+")", s.next(shift.walk(at)))
	case "after":
		return fixed("after(call_windows)", s.after(opened))
	}
	return fixed("", opened)
}

// amount draws quantities, large before small.
func (s scribe) amount(t *rapid.T) (text string, walk func(w wall, back bool) wall) {
	type quantity struct {
		n    int
		unit string
	}
	var all []quantity
	for _, u := range []quantity{{14, "mo"}, {10, "w"}, {60, "d"}, {40, "wd"}, {100, "h"}, {25, "wh"}, {300, "m"}, {9, "s"}} {
		if rapid.IntRange(0, 3).Draw(t, "take "+u.unit) == 0 {
			n := rapid.IntRange(0, u.n).Draw(t, u.unit)
			if u.unit == "s" {
				n *= 60
			}
			all = append(all, quantity{n, u.unit})
			text += fmt.Sprint(n, u.unit)
		}
	}
	if text == "" {
		text = "0"
	}
	return text, func(w wall, back bool) wall {
		for _, q := range all {
			w = s.add(w, q.n, q.unit, back)
		}
		return w
	}
}

func (s scribe) shift(t *rapid.T) written {
	sign := rapid.SampledFrom([]string{"+", "-"}).Draw(t, "sign")
	text, walk := s.amount(t)
	return written{sign + text, func(w wall) wall { return walk(w, sign == "-") }}
}

func (s scribe) clock(t *rapid.T) written {
	minute := rapid.IntRange(0, minutesOfDay).Draw(t, "clock")
	return written{fmt.Sprintf(" %02d:%02d", minute/60, minute%60), func(w wall) wall { return wall{w.day + minute/minutesOfDay, minute % minutesOfDay} }}
}

// point draws a base with what happens to it, at most one time of day among it; of a window, to is its later end.
func (s scribe) point(t *rapid.T) (text string, from, to wall) {
	base := s.base(t)
	text, from = base.text, base.walk(wall{})
	then := func(part written) {
		text, from = strings.TrimSpace(text+" "+strings.TrimSpace(part.text)), part.walk(from)
	}
	clocks := rapid.SampledFrom([]string{"none", "first", "last", "both ends"}).Draw(t, "clocks")
	if clocks == "first" || text == "" && clocks == "none" {
		clocks = "first"
		then(s.clock(t))
	}
	if rapid.Bool().Draw(t, "shifted before") {
		then(s.shift(t))
	}
	before, last := from, s.shift(t)
	then(last)
	if clocks == "last" || clocks == "both ends" {
		then(s.clock(t))
	}
	if rapid.Bool().Draw(t, "one moment") {
		return text, from, from
	}
	own := rapid.SampledFrom([]string{"", "+", "-"}).Draw(t, "own sign")
	bound, walk := s.amount(t)
	text, to = text+".."+own+bound, walk(before, own == "-" || own == "" && last.text[0] == '-' && last.text != "-0") // a bare 0 has no direction
	if clocks == "both ends" {
		c := s.clock(t)
		text, to = text+c.text, c.walk(to)
	}
	if to.day < from.day || to.day == from.day && to.minute < from.minute {
		to = from
	}
	return text, from, to
}

// TestTimeExpressionsAgainstTheAlmanac: random expressions over random anchors, by the real calendar and by the walk.
func TestTimeExpressionsAgainstTheAlmanac(t *testing.T) {
	t.Parallel()
	cal, err := calendar.Bundled("cn")
	require.NoError(t, err)
	s := scribe{almanac: newAlmanac(t)}
	instant := func(w wall) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s.text(w), cal.Location())
		require.NoError(t, err)
		return at.UTC()
	}
	first := 0
	for s.almanac[first].year < 2024 {
		first++
	}
	rapid.Check(t, func(t *rapid.T) {
		s := scribe{s.almanac, map[string]wall{}}
		for _, name := range []string{"opened", "start", "end", "layout.done"} {
			season := rapid.SampledFrom([]int{0, 35, 390, 635, 765, 990, 1080}).Draw(t, name) // near the long holidays of three years
			s.anchors[name] = wall{first + season + rapid.IntRange(0, 25).Draw(t, "day"), rapid.IntRange(0, minutesOfDay-1).Draw(t, "at")}
		}
		text, from, to := s.point(t)
		e, err := timex.Parse(text)
		var mistake *timex.ParseError
		if errors.As(err, &mistake) && mistake.Code == timex.CodeWindow {
			require.Equal(t, s.text(from), s.text(to), "%s is refused on sight, so it has no length", text)
			return
		}
		require.NoError(t, err, text)
		got, err := e.Eval(timex.Env{Calendar: cal, Anchor: func(name string) (time.Time, bool) { at, ok := s.anchors[name]; return instant(at), ok }})
		require.NoError(t, err, text)
		local := func(at time.Time) string { return at.In(cal.Location()).Format("2006-01-02 15:04") }
		require.Equal(t, s.text(to), local(got.At), "%s with opened at %s", text, s.text(s.anchors["opened"]))
		if e.IsWindow() {
			require.Equal(t, s.text(from), local(got.From), "the beginning of %s", text)
		}
	})
}

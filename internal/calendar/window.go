package calendar

import (
	"cmp"
	"slices"
	"time"
)

// window is a named opening time.
type window struct {
	spans   []interval // of one opening day, quiet hours taken out; may reach into the next day
	working bool       // opens on working days; otherwise on the weekdays of week
	week    weekRule
}

func (c *Calendar) compileWindow(name string, data WindowData) (window, error) {
	field := "windows." + name
	if !validName(name) {
		return window{}, mistake(CodeName, field, "use lower case letters, digits and _, such as call_windows", "%q is no window name", name)
	}
	if len(data.Hours) == 0 {
		return window{}, mistake(CodeRequired, field+".hours", `list intervals such as "10:30-11:40"`, "is missing")
	}
	spans, err := parseIntervals(field+".hours", data.Hours)
	if err != nil {
		return window{}, err
	}
	w := window{spans: without(spans, c.quiet)}
	if len(w.spans) == 0 {
		return window{}, mistake(CodeQuiet, field+".hours", "move the window out of the quiet hours", "lies within quiet hours altogether")
	}
	if err := w.openOn(field+".days", data.Days); err != nil {
		return window{}, err
	}
	return w, nil
}

func (w *window) openOn(field string, days []string) (err error) {
	switch {
	case len(days) == 0 || slices.Equal(days, []string{"working"}):
		w.working = true
	case slices.Equal(days, []string{"all"}):
		w.week, err = parseWeekdays(field, weekdayNames())
	default:
		w.week, err = parseWeekdays(field, days)
	}
	return err
}

func (c *Calendar) opens(w *window, d day) bool {
	if w.working {
		return c.days.has(d)
	}
	return w.week.has(d)
}

// openingDay returns the first day from d on which the window opens.
func (c *Calendar) openingDay(w *window, d day) day {
	if w.working {
		return c.days.pick(c.days.rank(d))
	}
	return w.week.pick(w.week.rank(d)).clamp()
}

// Next returns when the named window is open next: from is t itself while it is open, else its next opening; to is when
// it closes then. Windows that touch at midnight are two. Ok is false when the calendar has no such window.
func (c *Calendar) Next(name string, t time.Time) (from, to time.Time, provisional, ok bool) {
	w, ok := c.windows[name]
	if !ok {
		return time.Time{}, time.Time{}, false, false
	}
	d, tod := split(t, c.loc)
	looked := d
	if w.spans[len(w.spans)-1].to > fullDay {
		looked = d - 1
	}
	for k := looked; k <= d; k++ {
		into := time.Duration(d-k)*fullDay + tod
		s, found := firstOpen(w.spans, into)
		if !found || !c.opens(&w, k) {
			continue
		}
		from = t.UTC()
		if s.from > into {
			from = join(k, s.from, c.loc)
		}
		return from, join(k, s.to, c.loc), w.working && c.days.provisional(looked, k), true
	}
	k := c.openingDay(&w, d+1)
	return join(k, w.spans[0].from, c.loc), join(k, w.spans[0].to, c.loc), w.working && c.days.provisional(looked, k), true
}

func firstOpen(spans []interval, tod time.Duration) (interval, bool) {
	for _, s := range spans {
		if tod < s.to {
			return s, true
		}
	}
	return interval{}, false
}

// parseQuiet reads quiet hours and folds them into one day.
func parseQuiet(field string, texts []string) ([]interval, error) {
	spans, err := parseIntervals(field, texts)
	if err != nil {
		return nil, err
	}
	var out []interval
	for _, s := range spans {
		if s.to > fullDay {
			out = append(out, interval{0, s.to - fullDay})
		}
		out = append(out, interval{s.from, min(s.to, fullDay)})
	}
	slices.SortFunc(out, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	if len(without([]interval{{0, fullDay}}, out)) == 0 {
		return nil, mistake(CodeQuiet, field, "leave some time of the day open", "the whole day is quiet")
	}
	return out, nil
}

// without takes the quiet hours of two days out of spans that may reach into the second.
func without(spans, quiet []interval) []interval {
	for shift := time.Duration(0); shift <= fullDay; shift += fullDay {
		for _, q := range quiet {
			spans = cut(spans, interval{q.from + shift, q.to + shift})
		}
	}
	return spans
}

func cut(spans []interval, q interval) []interval {
	var out []interval
	for _, s := range spans {
		if s.from < min(s.to, q.from) {
			out = append(out, interval{s.from, min(s.to, q.from)})
		}
		if max(s.from, q.to) < s.to {
			out = append(out, interval{max(s.from, q.to), s.to})
		}
	}
	return out
}

// IsQuiet says whether t lies in quiet hours.
func (c *Calendar) IsQuiet(t time.Time) bool {
	return !c.AfterQuiet(t).Equal(t)
}

// AfterQuiet returns t, or the end of the quiet hours in which t lies. A message that must not disturb is held until
// then.
func (c *Calendar) AfterQuiet(t time.Time) time.Time {
	d, tod := split(t, c.loc)
	out := tod
	for range 2 { // once more for quiet hours that run over midnight
		for _, q := range c.quiet {
			into := out % fullDay
			if q.from <= into && into < q.to {
				out += q.to - into
			}
		}
	}
	if out == tod {
		return t.UTC()
	}
	return joinToward(t, false, d, out, c.loc)
}

package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of sets of working hours that [Data].Hours may use instead of intervals.
const (
	HoursOffice        = "office"          // 09:00-12:00 and 13:30-18:00, 7½ hours; the default
	HoursRoundTheClock = "round_the_clock" // 00:00-24:00
)

// interval is a range of the day, in time since midnight. It holds from but not to; to may pass 24 h when the interval
// runs over midnight.
type interval struct{ from, to time.Duration }

// hours are the working intervals of one day, in order and apart.
type hours struct {
	spans  []interval
	before []time.Duration // working time in the spans before
	length time.Duration   // working time of a day
}

func parseHours(field string, texts []string) (hours, error) {
	spans, err := parseIntervals(field, expandHours(texts))
	if err != nil {
		return hours{}, err
	}
	var h hours
	for _, s := range spans {
		if s.to > fullDay {
			return hours{}, mistake(CodeHours, field, "write two intervals, one up to 24:00 and one from 00:00", "%s runs over midnight", s)
		}
		h.before = append(h.before, h.length)
		h.length += s.to - s.from
	}
	h.spans = spans
	return h, nil
}

func expandHours(texts []string) []string {
	var out []string
	for _, t := range texts {
		switch t {
		case HoursOffice:
			out = append(out, "09:00-12:00", "13:30-18:00")
		case HoursRoundTheClock:
			out = append(out, "00:00-24:00")
		default:
			out = append(out, t)
		}
	}
	return out
}

// parseIntervals reads intervals, puts them in order and refuses overlaps. Intervals that touch are joined.
func parseIntervals(field string, texts []string) ([]interval, error) {
	var all []interval
	for i, text := range texts {
		s, ok := parseInterval(text)
		if !ok {
			at := fmt.Sprintf("%s[%d]", field, i)
			return nil, mistake(CodeHours, at, "write it like 09:00-12:00, or 00:00-24:00 for a whole day", "%q is no interval of the day", text)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	var out []interval
	for _, s := range all {
		n := len(out)
		if n > 0 && s.from < out[n-1].to {
			return nil, mistake(CodeHours, field, "make the intervals follow each other", "%s overlaps %s", s, out[n-1])
		}
		if n > 0 && s.from == out[n-1].to {
			out[n-1].to = s.to
			continue
		}
		out = append(out, s)
	}
	if n := len(out); n > 0 && out[n-1].to > out[0].from+fullDay {
		return nil, mistake(CodeHours, field, "make the intervals follow each other", "%s runs into the next %s", out[n-1], out[0])
	}
	return out, nil
}

// parseInterval reads 09:00-12:00; an end that is not after the start lies on the next day.
func parseInterval(text string) (interval, bool) {
	a, b, ok := strings.Cut(text, "-")
	if !ok {
		return interval{}, false
	}
	from, okFrom := parseTime(strings.TrimSpace(a))
	to, okTo := parseTime(strings.TrimSpace(b))
	if !okFrom || !okTo || from == to || from == fullDay {
		return interval{}, false
	}
	if to < from {
		to += fullDay
	}
	return interval{from, to}, true
}

// parseTime reads 09:00 or 09:00:30, up to 24:00.
func parseTime(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	limits := []int{24, 59, 59}
	units := []time.Duration{time.Hour, time.Minute, time.Second}
	var t time.Duration
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || len(p) != 2 || p[0] == '+' || n < 0 || n > limits[i] {
			return 0, false
		}
		t += time.Duration(n) * units[i]
	}
	return t, t <= fullDay
}

func (s interval) String() string {
	return clock(s.from) + "-" + clock(s.to)
}

func clock(t time.Duration) string {
	if t > fullDay {
		t -= fullDay
	}
	text := fmt.Sprintf("%02d:%02d", int(t.Hours()), int(t.Minutes())%60)
	if s := int(t.Seconds()) % 60; s != 0 {
		text += fmt.Sprintf(":%02d", s)
	}
	return text
}

// worked returns the working time of a worked day before the time of day.
func (h *hours) worked(tod time.Duration) time.Duration {
	for i, s := range h.spans {
		if tod < s.to {
			return h.before[i] + max(0, tod-s.from)
		}
	}
	return h.length
}

// earliest returns the first time of day by which w has been worked, 0 < w ≤ length.
func (h *hours) earliest(w time.Duration) time.Duration {
	i := len(h.spans) - 1
	for i > 0 && w <= h.before[i] {
		i--
	}
	return h.spans[i].from + w - h.before[i]
}

// latest returns the last time of day by which no more than w has been worked, 0 ≤ w < length.
func (h *hours) latest(w time.Duration) time.Duration {
	i := len(h.spans) - 1
	for i > 0 && w < h.before[i] {
		i--
	}
	return h.spans[i].from + w - h.before[i]
}

package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// compiledYear is a checked Year.
type compiledYear struct {
	year        int
	first, last day
	off, work   []day
}

// compile checks a year; field is its path for messages.
func (y Year) compile(field string) (compiledYear, error) {
	if y.Year < MinYear || y.Year > MaxYear {
		hint := fmt.Sprintf("use a year from %d to %d", MinYear, MaxYear)
		return compiledYear{}, mistake(CodeYear, field+".year", hint, "%d is out of range", y.Year)
	}
	if y.Notice == "" {
		return compiledYear{}, mistake(CodeRequired, field+".notice", "cite the publication that fixes the days", "is missing")
	}
	if y.Revision < 0 {
		return compiledYear{}, mistake(CodeYear, field+".revision", "count from 1", "%d is negative", y.Revision)
	}
	c := compiledYear{year: y.Year, first: dayOf(y.Year, time.January, 1), last: dayOf(y.Year, time.December, 31)}
	seen := map[day]string{}
	var err error
	if c.off, err = c.days(field+".off", y.Off, seen); err != nil {
		return compiledYear{}, err
	}
	if c.work, err = c.days(field+".work", y.Work, seen); err != nil {
		return compiledYear{}, err
	}
	return c, nil
}

func (c compiledYear) days(field string, texts []string, seen map[day]string) ([]day, error) {
	var out []day
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", field, i)
		from, to, ok := parseDays(text)
		if !ok || from < c.first || to > c.last {
			hint := fmt.Sprintf("write %d-02-14 or %d-02-15..%d-02-23", c.year, c.year, c.year)
			return nil, mistake(CodeDate, at, hint, "%q is no day or range of days of %d", text, c.year)
		}
		for d := from; d <= to; d++ {
			if other, twice := seen[d]; twice {
				return nil, mistake(CodeConflict, at, "list each day once, as off or as work", "%s is already listed in %s", d, other)
			}
			seen[d] = at
			out = append(out, d)
		}
	}
	return out, nil
}

// compileYears checks all years of a calendar and returns them in order.
func compileYears(id string, years []Year) ([]compiledYear, error) {
	if len(years) > MaxYears {
		return nil, mistake(CodeTooLarge, "years", fmt.Sprintf("keep at most %d", MaxYears), "lists %d years", len(years))
	}
	var out []compiledYear
	for i, y := range years {
		field := fmt.Sprintf("years[%d]", i)
		if y.Calendar != "" && y.Calendar != id {
			return nil, mistake(CodeYear, field+".calendar", "load it into the calendar it names", "belongs to %q, not to %q", y.Calendar, id)
		}
		c, err := y.compile(field)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o compiledYear) bool { return o.year == y.Year }) {
			return nil, mistake(CodeConflict, field+".year", "give each year once", "%d is listed twice", y.Year)
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b compiledYear) int { return cmp.Compare(a.year, b.year) })
	return out, nil
}

package simulate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/definitions"
	"steward/internal/calendar"
	"steward/workflows/engine"
)

func textf(zh, en string, args ...any) definitions.Text {
	return definitions.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
}

func (r *rehearsal) clock(t time.Time) string {
	return t.In(r.cal.Location()).Format("2006-01-02 15:04")
}

// reckoning is what the log keeps about a deadline.
type reckoning struct {
	Expr  string         `json:"expr"`
	Steps []reckonedStep `json:"steps"`
}

type reckonedStep struct {
	Provisional bool `json:"provisional"`
}

// whyDue explains the due date of a node from the deadline that this decision set for it.
func (n *noting) whyDue(node int, from time.Time, due *time.Time, late bool) definitions.Text {
	if due == nil {
		return definitions.Text{}
	}
	var k reckoning
	for _, c := range n.d.Changes {
		s, ok := c.(*engine.DeadlineSet)
		if !ok || s.Deadline.Node != node || s.Deadline.Key != "due" || s.Why == nil {
			continue
		}
		if text, err := json.Marshal(s.Why); err != nil || json.Unmarshal(text, &k) != nil {
			k = reckoning{}
		}
	}
	return n.explain(n.p, k, from, *due, late)
}

func (r *rehearsal) explain(p *process, k reckoning, from, due time.Time, late bool) definitions.Text {
	var zh, en []string
	add := func(t definitions.Text) { zh, en = append(zh, t.Zh), append(en, t.En) }
	if k.Expr != "" {
		add(definitions.Text{Zh: k.Expr, En: k.Expr})
	}
	if late {
		add(definitions.Text{Zh: "开始时已逾期", En: "late start"})
	} else if n, _ := p.cal.WorkingDaysBetween(from, due); n > 0 {
		add(textf("+%d 个工作日", "+"+plural("%d working day", n), n))
	}
	if due.Sub(from) >= 24*time.Hour {
		for _, h := range r.jumped(p, from, due) {
			add(h)
		}
	}
	if k.provisional() {
		add(definitions.Text{Zh: "该年放假安排未知，暂定", En: "provisional: the holidays of that year are not known"})
	}
	return definitions.Text{Zh: strings.Join(zh, "，"), En: strings.Join(en, ", ")}
}

func (k reckoning) provisional() bool {
	return slices.ContainsFunc(k.Steps, func(s reckonedStep) bool { return s.Provisional })
}

func plural(format string, n int) string {
	if n == 1 {
		return format
	}
	return format + "s"
}

// span writes a duration as people do: 2d 7h 10m.
func span(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	d = d.Round(time.Minute)
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, unit.name))
			d %= unit.length
		}
	}
	return strings.Join(parts, " ")
}

// holiday is a public holiday of a shipped calendar, both days included, or a day worked in its place.
type holiday struct {
	from, to time.Time // midnight on the calendar's clock; to is the day after
	name     definitions.Text
}

// jumped names the holidays and make-up working days between two moments.
func (r *rehearsal) jumped(p *process, from, due time.Time) []definitions.Text {
	list, ok := r.holidays[p.cal.ID()]
	if !ok {
		list = publicHolidays(p.cal)
		r.holidays[p.cal.ID()] = list
	}
	var out []definitions.Text
	for _, h := range list {
		if h.from.Before(due) && h.to.After(from) {
			out = append(out, h.name)
		}
	}
	return out
}

// publicHolidays lists the holidays of a calendar that is shipped; a house's own calendar has none that could be named.
func publicHolidays(cal *calendar.Calendar) []holiday {
	data, err := calendar.BundledData(cal.ID())
	if err != nil {
		return nil
	}
	var list []holiday
	for _, y := range data.Years {
		for _, text := range y.Off {
			if h, ok := parseHoliday(text, cal.Location()); ok {
				name := holidayName(h.from, h.to)
				h.name = textf(name.Zh+"（%s）", name.En+" (%s)", days(h))
				list = append(list, h)
			}
		}
		for _, text := range y.Work {
			if h, ok := parseHoliday(text, cal.Location()); ok {
				h.name = textf("调休上班 %s", "make-up working day %s", days(h))
				list = append(list, h)
			}
		}
	}
	return list
}

func parseHoliday(text string, loc *time.Location) (holiday, bool) {
	a, b, ranged := strings.Cut(text, "..")
	if !ranged {
		b = a
	}
	from, err := time.ParseInLocation(time.DateOnly, a, loc)
	to, err2 := time.ParseInLocation(time.DateOnly, b, loc)
	return holiday{from: from, to: to.AddDate(0, 0, 1)}, err == nil && err2 == nil
}

func days(h holiday) string {
	last := h.to.AddDate(0, 0, -1)
	if last.Equal(h.from) {
		return h.from.Format("01-02")
	}
	return h.from.Format("01-02") + ".." + last.Format("01-02")
}

// holidayName tells the public holidays of mainland China by their season; the notices name ranges of days only.
func holidayName(from, to time.Time) definitions.Text {
	has := func(m time.Month, d int) bool {
		day := time.Date(to.Year(), m, d, 12, 0, 0, 0, from.Location())
		return day.After(from) && day.Before(to)
	}
	switch m := from.Month(); {
	case has(time.January, 1):
		return definitions.Text{Zh: "元旦", En: "New Year"}
	case has(time.May, 1):
		return definitions.Text{Zh: "劳动节", En: "Labor Day"}
	case has(time.October, 1):
		return definitions.Text{Zh: "国庆节", En: "National Day"}
	case m <= time.February:
		return definitions.Text{Zh: "春节", En: "Spring Festival"}
	case m == time.April:
		return definitions.Text{Zh: "清明节", En: "Qingming Festival"}
	case m == time.May || m == time.June:
		return definitions.Text{Zh: "端午节", En: "Dragon Boat Festival"}
	case m == time.September || m == time.October:
		return definitions.Text{Zh: "中秋节", En: "Mid-Autumn Festival"}
	}
	return definitions.Text{Zh: "节假日", En: "holiday"}
}

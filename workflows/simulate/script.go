package simulate

import (
	"fmt"
	"time"

	"steward/definitions/timex"
	"steward/internal/calendar"
)

// Script says what people do otherwise than their profile has it.
type Script struct {
	Steps  map[string]Acts `yaml:"steps"`  // by step; for a child process "<process>.<step>"
	Events []ScriptEvent   `yaml:"events"` // in any order
}

// Acts is what is done with the tasks of a step: the first entry with the first task, and so on. With Always the only
// entry goes for every task.
type Acts struct {
	List   []Act
	Always bool
}

// Act is what somebody does with one task. What it leaves empty is as the profile has it.
type Act struct {
	Outcome string         `yaml:"outcome"`
	Form    map[string]any `yaml:"form"`
	After   string         `yaml:"after"` // a duration from the opening, such as 30m or 2wh
	At      When           `yaml:"at"`    // or a moment
	By      string         `yaml:"by"`    // user id
	Comment string         `yaml:"comment"`
	Never   bool           `yaml:"never"` // nobody does it
}

// ScriptEvent is something told to the process: an event of its definition, or a request to cancel it.
type ScriptEvent struct {
	At     When           `yaml:"at"`
	Event  string         `yaml:"event"`
	Cancel string         `yaml:"cancel"` // the reason
	By     string         `yaml:"by"`     // user id; "" means somebody who may
	Data   map[string]any `yaml:"data"`
}

// When is a moment as people write it: "2026-03-04 14:00" on the clock of the process's calendar, an RFC 3339 time, or a
// time expression over the anchors known when the process has started, counted from its start when it names none.
type When struct {
	Text string
	spot spot
}

// nth answers what a script says about the n-th task of a step (from 0); false when it says nothing.
func (a Acts) nth(n int) (Act, bool) {
	switch {
	case a.Always && len(a.List) > 0:
		return a.List[0], true
	case n < len(a.List):
		return a.List[n], true
	}
	return Act{}, false
}

// clockLayouts are the ways to write a moment without a time zone.
func clockLayouts() []string {
	return []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly}
}

// ParseClock reads a time on the wall clock of loc, or an RFC 3339 time.
func ParseClock(text string, loc *time.Location) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	for _, layout := range clockLayouts() {
		if at, err := time.ParseInLocation(layout, text, loc); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write it as 2026-03-02 09:00", text)
}

// moments resolves the times of scripts and expectations.
type moments struct {
	cal     *calendar.Calendar
	started time.Time
	anchors map[string]time.Time
}

func (m moments) resolve(w When) (time.Time, error) {
	if at, err := ParseClock(w.Text, m.cal.Location()); err == nil {
		return at, nil
	}
	e, err := timex.Parse(w.Text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time such as 2026-03-02 09:00 nor a time expression: %w", w.Text, err)
	}
	r, err := e.Eval(timex.Env{Calendar: m.cal, Anchor: m.anchor})
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: %w", w.Text, err)
	}
	if !r.Known {
		return time.Time{}, fmt.Errorf("%q counts from %s, which is not known when the process has started: write the time itself", w.Text, r.Missing[0])
	}
	return r.At, nil
}

func (m moments) anchor(name string) (time.Time, bool) {
	if name == timex.DefaultAnchor {
		return m.started, true
	}
	at, ok := m.anchors[name]
	return at, ok
}

// after answers a moment some time after from.
func after(text string, from time.Time, cal *calendar.Calendar) (time.Time, error) {
	d, err := timex.ParseDuration(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("after %q: write a duration such as 30m or 2wh: %w", text, err)
	}
	r, err := d.Add(from, cal)
	if err != nil {
		return time.Time{}, fmt.Errorf("after %q: %w", text, err)
	}
	return r.At, nil
}

package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // a calendar must find its location in a container without a zone database
)

const (
	holidaysListed = "listed"
	holidaysNone   = "none"
	maxName        = 64
)

// Calendar answers questions about working time. It is an immutable value, safe for concurrent use; make one with
// [New], [Bundled] or [Calendar.Extend].
type Calendar struct {
	data    Data
	version string
	digest  string
	loc     *time.Location
	days    *workdays
	hours   hours
	quiet   []interval // within one day, in order
	windows map[string]window
}

// New checks data and makes a calendar of it. It returns an *[Error] that names the field.
func New(d Data) (*Calendar, error) {
	if !validName(d.ID) {
		return nil, mistake(CodeName, "calendar", "use lower case letters, digits and _, such as cn", "%q is no calendar id", d.ID)
	}
	if d.Revision < 0 {
		return nil, mistake(CodeYear, "revision", "count from 1", "%d is negative", d.Revision)
	}
	loc, err := loadLocation(d.Location)
	if err != nil {
		return nil, err
	}
	d.Windows, d.Years = maps.Clone(d.Windows), slices.Clone(d.Years)
	c := &Calendar{data: d, loc: loc}
	if err := c.compileDays(); err != nil {
		return nil, err
	}
	if err := c.compileHours(); err != nil {
		return nil, err
	}
	c.windows = make(map[string]window, len(d.Windows))
	for _, name := range slices.Sorted(maps.Keys(d.Windows)) {
		if c.windows[name], err = c.compileWindow(name, d.Windows[name]); err != nil {
			return nil, err
		}
	}
	c.version = c.nameVersion()
	c.digest, err = d.digest()
	return c, err
}

func (c *Calendar) compileDays() error {
	names := c.data.Weekdays
	if len(names) == 0 {
		names = []string{"mon", "tue", "wed", "thu", "fri"}
	}
	week, err := parseWeekdays("weekdays", names)
	if err != nil {
		return err
	}
	years, err := compileYears(c.data.ID, c.data.Years)
	if err != nil {
		return err
	}
	none := c.data.Holidays == holidaysNone
	switch {
	case none && len(years) > 0:
		return mistake(CodeConflict, "holidays", "leave the years out or write holidays: listed", "is none, yet years are given")
	case !none && c.data.Holidays != "" && c.data.Holidays != holidaysListed:
		return mistake(CodeRequired, "holidays", "write listed or none", "%q is unknown", c.data.Holidays)
	}
	c.days = newWorkdays(week, years, none)
	return nil
}

func (c *Calendar) compileHours() (err error) {
	texts := c.data.Hours
	if len(texts) == 0 {
		texts = []string{HoursOffice}
	}
	if c.hours, err = parseHours("hours", texts); err != nil {
		return err
	}
	c.quiet, err = parseQuiet("quiet", c.data.Quiet)
	return err
}

func loadLocation(name string) (*time.Location, error) {
	const hint = "name an IANA time zone such as Asia/Shanghai"
	if name == "" || name == "Local" {
		return nil, mistake(CodeLocation, "location", hint, "%q names no place", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, mistake(CodeLocation, "location", hint, "%q is no known time zone", name)
	}
	return loc, nil
}

func validName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// nameVersion makes cn@2026-1: the last year with data, and one more than all corrections to the years and settings.
func (c *Calendar) nameVersion() string {
	revision := max(c.data.Revision, 1)
	last := "none"
	for _, y := range c.data.Years {
		revision += max(y.Revision, 1) - 1
	}
	if known := c.days.known; len(known) > 0 {
		year, _, _ := join(known[len(known)-1].to, 0, time.UTC).Date()
		last = strconv.Itoa(year)
	}
	return fmt.Sprintf("%s@%s-%d", c.data.ID, last, revision)
}

func (d Data) digest() (string, error) {
	d.Years = slices.Clone(d.Years)
	slices.SortFunc(d.Years, func(a, b Year) int { return a.Year - b.Year })
	text, err := json.Marshal(d) //nolint:musttag // never read back: the Go names are part of the digests that are stored already
	if err != nil {
		return "", fmt.Errorf("digest calendar %s: %w", d.ID, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Extend returns a new calendar: c with more laid over it. What more leaves out stays, an empty list clears, years and
// windows are added or replaced one by one; with holidays: none the years of c are dropped. A site's calendar is the
// country's, extended under an id of its own. Under the same id the version must change, so raise a revision or add a
// later year: otherwise deadlines computed by different rules would carry the same version, and Extend refuses
// ([CodeRevisionMissing]).
func (c *Calendar) Extend(more Data) (*Calendar, error) {
	merged := more.over(c.data)
	if merged.ID != c.data.ID {
		for i := range merged.Years {
			if merged.Years[i].Calendar == c.data.ID {
				merged.Years[i].Calendar = merged.ID
			}
		}
	}
	out, err := New(merged)
	if err != nil {
		return nil, err
	}
	if out.version == c.version && out.digest != c.digest {
		return nil, mistake(CodeRevisionMissing, "revision", "raise the revision of what changed", "the data changed, but the version is still %s", c.version)
	}
	return out, nil
}

// WithYear returns a new calendar that also knows the year, or knows it anew. See [Calendar.Extend].
func (c *Calendar) WithYear(y Year) (*Calendar, error) {
	return c.Extend(Data{Years: []Year{y}})
}

// WithWindow returns a copy of c with one more window, for windows that belong to a case and not to the house (the
// hours a customer asked for). The version stays: the window is recorded with the case, not with the calendar.
func (c *Calendar) WithWindow(name string, w WindowData) (*Calendar, error) {
	compiled, err := c.compileWindow(name, w)
	if err != nil {
		return nil, err
	}
	out := *c
	out.windows = maps.Clone(c.windows)
	out.windows[name] = compiled
	return &out, nil
}

// ID returns the calendar's id, such as cn.
func (c *Calendar) ID() string { return c.data.ID }

// Version names the data behind every answer, such as cn@2026-1: the id, the last year with data, and a number that
// rises with each correction. Record it with each deadline.
func (c *Calendar) Version() string { return c.version }

// Digest is the SHA-256 of the data in hexadecimal. Two calendars with the same version and different digests are a
// mistake of whoever edited the data; a store should refuse the second.
func (c *Calendar) Digest() string { return c.digest }

// Location is where the calendar's wall clock hangs.
func (c *Calendar) Location() *time.Location { return c.loc }

// HasYear says whether the year's holidays are known. Answers about other years are provisional, unless the calendar
// follows no public holidays at all; then HasYear is true for every year.
func (c *Calendar) HasYear(year int) bool {
	return !c.days.provisional(dayOf(year, time.January, 1), dayOf(year, time.December, 31))
}

// WindowNames returns the names of all windows in alphabetical order.
func (c *Calendar) WindowNames() []string {
	return slices.Sorted(maps.Keys(c.windows))
}

// DayLength is the working time of one working day.
func (c *Calendar) DayLength() time.Duration { return c.hours.length }

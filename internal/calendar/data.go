package calendar

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Limits of calendar data.
const (
	MaxDataBytes = 256 << 10 // longest YAML text that is read
	MaxYears     = 200       // most years in one calendar
	MinYear      = 1900      // first year that may carry data
	MaxYear      = 2199      // last year that may carry data
)

// Data is everything a calendar is made of, as it is written in YAML and kept in the table of calendars. [New] turns it
// into a [Calendar]; the zero values of optional fields mean what their comments say.
type Data struct {
	// ID names the calendar in definitions, lower_snake. Required.
	ID string `yaml:"calendar"`
	// Revision counts changes to the fields below; 0 means 1.
	Revision int `yaml:"revision,omitempty"`
	// Location is an IANA time zone such as Asia/Shanghai. Required.
	Location string `yaml:"location,omitempty"`
	// Weekdays are the days worked in an ordinary week: mon, tue, wed, thu, fri, sat, sun. None means mon to fri.
	Weekdays []string `yaml:"weekdays,omitempty"`
	// Holidays is "listed" (the default: a year without data is provisional) or "none" (the house follows no public
	// holidays: nothing is ever provisional and no years may be given).
	Holidays string `yaml:"holidays,omitempty"`
	// Hours are the working intervals of a day, such as 09:00-12:00, or the name of a set of them. None means office.
	Hours []string `yaml:"hours,omitempty"`
	// Quiet are the intervals of any day in which nobody is disturbed; one may run over midnight.
	Quiet []string `yaml:"quiet,omitempty"`
	// Windows are named opening times, by lower_snake name.
	Windows map[string]WindowData `yaml:"windows,omitempty"`
	// Years hold the exceptions from the ordinary week, each year at most once.
	Years []Year `yaml:"years,omitempty"`
}

// WindowData is one named window.
type WindowData struct {
	// Hours are the window's intervals; one may run over midnight and then belongs to the day on which it opens.
	Hours []string `yaml:"hours"`
	// Days on which it opens: working, all, or weekdays. None means working.
	Days []string `yaml:"days,omitempty"`
}

// Year is the data of one year: the days off and the make-up working days that its public notice lists.
type Year struct {
	// Calendar is the id of the calendar that the year belongs to. Required in a file of its own.
	Calendar string `yaml:"calendar,omitempty"`
	// Year is the calendar year, MinYear to MaxYear.
	Year int `yaml:"year"`
	// Revision counts corrections of the year; 0 means 1.
	Revision int `yaml:"revision,omitempty"`
	// Notice cites the publication that fixes the days. Required: a holiday without a source cannot be checked.
	Notice string `yaml:"notice"`
	// Off are days off: dates (2026-01-01) or ranges with both ends included (2026-02-15..2026-02-23).
	Off []string `yaml:"off,omitempty"`
	// Work are make-up working days, written like Off.
	Work []string `yaml:"work,omitempty"`
}

// ParseData reads a calendar from YAML. Unknown keys are refused. It returns an *[Error]; the values themselves are
// checked by [New].
func ParseData(src []byte) (Data, error) {
	var d Data
	if err := decode(src, &d); err != nil {
		return Data{}, err
	}
	return d, nil
}

// ParseYear reads one year from YAML, in the form of the files in cn/. Unknown keys are refused. It returns an *[Error].
func ParseYear(src []byte) (Year, error) {
	var y Year
	if err := decode(src, &y); err != nil {
		return Year{}, err
	}
	if y.Calendar == "" {
		return Year{}, mistake(CodeRequired, "calendar", "name the calendar that the year belongs to, such as cn", "is missing")
	}
	if _, err := y.compile("year"); err != nil {
		return Year{}, err
	}
	return y, nil
}

// decode guards the YAML library: its input comes from administrators, and a text that trips it must not take a worker
// down.
func decode(src []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = mistake(CodeSyntax, "", "write it in the form of the shipped calendar", "cannot be read as YAML: %v", p)
		}
	}()
	if len(src) > MaxDataBytes {
		return mistake(CodeTooLarge, "", fmt.Sprintf("keep it under %d bytes", MaxDataBytes), "has %d bytes", len(src))
	}
	if e := yaml.UnmarshalWithOptions(src, into, yaml.Strict()); e != nil {
		return unreadable(e)
	}
	return nil
}

// unreadable puts what the YAML library says on one line: the place, and what is wrong there.
func unreadable(err error) *Error {
	const hint = "compare with the shipped calendar"
	var found yaml.Error
	if !errors.As(err, &found) || found.GetToken() == nil || found.GetToken().Position == nil {
		return mistake(CodeSyntax, "", hint, "%s", strings.Join(strings.Fields(err.Error()), " "))
	}
	at := found.GetToken().Position
	return mistake(CodeSyntax, fmt.Sprintf("line %d, column %d", at.Line, at.Column), hint, "%s", strings.Join(strings.Fields(found.GetMessage()), " "))
}

// over lays d on top of base: what d does not say stays as it is in base, an empty list clears, years and windows are
// added or replaced one by one.
func (d Data) over(base Data) Data {
	out := base
	out.ID = first(d.ID, base.ID)
	out.Revision = first(d.Revision, base.Revision)
	out.Location = first(d.Location, base.Location)
	out.Holidays = first(d.Holidays, base.Holidays)
	out.Weekdays = firstList(d.Weekdays, base.Weekdays)
	out.Hours = firstList(d.Hours, base.Hours)
	out.Quiet = firstList(d.Quiet, base.Quiet)
	out.Windows = maps.Clone(base.Windows)
	if out.Windows == nil {
		out.Windows = map[string]WindowData{}
	}
	maps.Copy(out.Windows, d.Windows)
	out.Years = mergeYears(base.Years, d.Years)
	if out.Holidays == holidaysNone {
		out.Years = slices.Clone(d.Years)
	}
	return out
}

func mergeYears(base, more []Year) []Year {
	out := slices.Clone(base)
	for _, y := range more {
		i := slices.IndexFunc(out, func(o Year) bool { return o.Year == y.Year })
		if i < 0 {
			out = append(out, y)
			continue
		}
		out[i] = y
	}
	return out
}

func first[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

func firstList(a, b []string) []string {
	if a != nil {
		return a
	}
	return b
}

package calendar

import "fmt"

// Code names a kind of mistake in calendar data. Codes are stable: programs and documentation may refer to them.
type Code string

// The mistakes that loading a calendar can find.
const (
	CodeSyntax          Code = "calendar_syntax"           // not YAML, or a key that does not exist
	CodeTooLarge        Code = "calendar_too_large"        // longer than MaxDataBytes or more than MaxYears
	CodeRequired        Code = "calendar_required"         // a value is missing
	CodeName            Code = "calendar_name"             // an id or window name is not lower_snake
	CodeLocation        Code = "calendar_location"         // not an IANA time zone
	CodeWeekday         Code = "calendar_weekday"          // not mon … sun, or twice
	CodeHours           Code = "calendar_hours"            // an interval that cannot be read or overlaps another
	CodeDate            Code = "calendar_date"             // a date that does not exist or lies in another year
	CodeConflict        Code = "calendar_conflict"         // a day that is listed twice, or off and work at once
	CodeYear            Code = "calendar_year"             // a year out of range or of another calendar
	CodeQuiet           Code = "calendar_quiet"            // quiet hours leave no time, or none of a window
	CodeRevisionMissing Code = "calendar_revision_missing" // data changed but the version would stay the same
)

// Error is a mistake in calendar data. It names the field, says what is wrong and how to put it right.
type Error struct {
	Code    Code   // stable
	Field   string // path inside the data, such as years[1].off[0]; empty for the text as a whole
	Problem string // what is wrong
	Hint    string // what to write instead
}

// Error returns the field, the problem and the hint on one line.
func (e *Error) Error() string {
	field := e.Field
	if field == "" {
		field = "calendar"
	}
	return fmt.Sprintf("%s: %s (%s)", field, e.Problem, e.Hint)
}

func mistake(code Code, field, hint, problem string, args ...any) *Error {
	return &Error{Code: code, Field: field, Problem: fmt.Sprintf(problem, args...), Hint: hint}
}

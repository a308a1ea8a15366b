package timex

import "fmt"

// Code names a kind of mistake. Codes are stable: the compiler's problems and the documentation refer to them.
type Code string

// Mistakes that parsing finds.
const (
	CodeEmpty          Code = "time_empty"            // nothing written
	CodeTooLong        Code = "time_too_long"         // longer than MaxLength, or more than MaxTerms parts
	CodeTooDeep        Code = "time_too_deep"         // next inside next inside next …
	CodeCharacter      Code = "time_character"        // a character that no expression has
	CodeSyntax         Code = "time_syntax"           // something else was expected here
	CodeName           Code = "time_name"             // a word that cannot stand for an anchor
	CodeStepAnchor     Code = "time_step_anchor"      // not opened, claimed or done after the dot
	CodeUnit           Code = "time_unit"             // an unknown or missing unit
	CodeUnitOrder      Code = "time_unit_order"       // a unit twice, or small before large
	CodeAmount         Code = "time_amount"           // not a whole number, or more than MaxYears
	CodeClock          Code = "time_clock"            // not a time of day, or two of them
	CodeDay            Code = "time_day"              // not a day of a month or week
	CodeWindow         Code = "time_window"           // a window whose bounds make no sense
	CodeExpression     Code = "time_expression"       // an expression of the other language
	CodeSignInDuration Code = "time_sign_in_duration" // a duration has no direction
)

// Mistakes that evaluation finds.
const (
	CodeNoCalendar    Code = "time_no_calendar"    // working time or a window without a calendar
	CodeNoLocation    Code = "time_no_location"    // a wall clock without a location
	CodeUnknownWindow Code = "time_unknown_window" // the calendar has no such window
	CodeOutOfRange    Code = "time_out_of_range"   // a year outside 1 to 9999
)

// Codes returns every code of this package, for documentation and its tests.
func Codes() []Code {
	return []Code{
		CodeEmpty, CodeTooLong, CodeTooDeep, CodeCharacter, CodeSyntax, CodeName, CodeStepAnchor, CodeUnit, CodeUnitOrder,
		CodeAmount, CodeClock, CodeDay, CodeWindow, CodeExpression, CodeSignInDuration,
		CodeNoCalendar, CodeNoLocation, CodeUnknownWindow, CodeOutOfRange,
	}
}

// ParseError is a mistake in the text of a time expression, a duration or a time of day.
type ParseError struct {
	Source string // the text
	Offset int    // byte offset of the mistake, 0 to len(Source)
	Code   Code   // stable
	Text   string // what is wrong
	Hint   string // what to write instead
}

// Error returns the text, the offset, the problem and the hint on one line.
func (e *ParseError) Error() string {
	return fmt.Sprintf("time expression %q, offset %d: %s (%s)", e.Source, e.Offset, e.Text, e.Hint)
}

// EvalError is a mistake that shows only when an expression is evaluated.
type EvalError struct {
	Expr string // the expression or duration
	Code Code   // stable
	Text string // what is wrong
	Hint string // how to put it right
}

// Error returns the expression, the problem and the hint on one line.
func (e *EvalError) Error() string {
	return fmt.Sprintf("time expression %q: %s (%s)", e.Expr, e.Text, e.Hint)
}

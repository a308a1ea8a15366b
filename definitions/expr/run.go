package expr

import (
	"errors"
	"fmt"
	"time"
)

// Facts reads registers for an evaluation. Values in keys and filters are run-time values (see [Kind]), those of rows
// may be as they come from JSON. An error ends the evaluation and is found again with errors.As and errors.Is.
type Facts interface {
	// Lookup returns the row with this key, or nil when there is none.
	Lookup(register string, key any) (map[string]any, error)
	// Count returns how many rows have all the values of filter.
	Count(register string, filter map[string]any) (int, error)
	// Exists reports whether any row has all the values of filter.
	Exists(register string, filter map[string]any) (bool, error)
}

// Env is what one evaluation knows. It is only read, and may be used by several evaluations at once.
type Env struct {
	// Values holds the run-time value of each name in scope, as [Bind] yields it. A name that is missing is nil.
	Values map[string]any
	// Facts reads registers; without it an expression that reads one fails.
	Facts Facts
	// Location is the time zone in which date and day understand a calendar day and in which a text shows a time;
	// nil means UTC.
	Location *time.Location
	// FormatTime renders times in texts; nil means RFC 3339 in Location.
	FormatTime func(time.Time) string
	// NameOf answers how a template shows a text that it reads as it stands, such as the id in input.room; nil means unchanged.
	NameOf func(path Path, text string) string
}

func (e Env) location() *time.Location {
	if e.Location == nil {
		return time.UTC
	}
	return e.Location
}

func (e Env) formatTime(t time.Time) string {
	if e.FormatTime != nil {
		return e.FormatTime(t)
	}
	return t.In(e.location()).Format(time.RFC3339)
}

// run is one evaluation: what it may read and what it may still spend.
type run struct {
	env       Env
	steps     int
	memory    int
	registers map[string]*Binder
}

func (r *run) step(n int) error {
	r.steps -= n
	if r.steps < 0 {
		return fault(CodeBudget, "the evaluation takes more steps than its limit")
	}
	return nil
}

func (r *run) grow(n int) error {
	r.memory -= n
	if r.memory < 0 {
		return fault(CodeBudget, "the evaluation takes more memory than its limit")
	}
	return nil
}

// faultError is an error within a function; the program turns it into an [EvalError] with its place.
type faultError struct {
	code    Code
	message string
	cause   error
}

func (f *faultError) Error() string { return f.message }

func (f *faultError) Unwrap() error { return f.cause }

func fault(code Code, format string, args ...any) error {
	return &faultError{code: code, message: fmt.Sprintf(format, args...)}
}

func factFault(register string, cause error) error {
	return &faultError{
		code: CodeFact, message: fmt.Sprintf("register %q cannot be read: %v", register, cause), cause: cause,
	}
}

var errNoFacts = errors.New("no registers are available here")

// running returns the evaluation that the compiler passes as the first argument.
func running(args []any) (*run, []any, error) {
	if len(args) > 0 {
		if r, ok := args[0].(*run); ok {
			return r, args[1:], nil
		}
	}
	return nil, nil, fault(CodeEvaluation, "the function was called outside an evaluation")
}

func step(args ...any) (any, error) {
	r, _, err := running(args)
	if err != nil {
		return nil, err
	}
	return nil, r.step(1)
}

// describe names a run-time value's kind for messages.
func describe(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return KindBool.String()
	case int, int64:
		return KindInt.String()
	case float64:
		return KindNumber.String()
	case string:
		return KindText.String()
	case time.Time:
		return KindTime.String()
	case time.Duration:
		return KindDuration.String()
	case []any:
		return KindList.String()
	case map[string]any:
		return KindObject.String()
	}
	return fmt.Sprintf("a value of Go type %T", v)
}

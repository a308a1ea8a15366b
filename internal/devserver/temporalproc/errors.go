package temporalproc

import "errors"

// The kinds of trouble a caller may want to tell apart, for errors.Is.
var (
	// ErrNoSource means that the program's source is not where it should be.
	ErrNoSource = errors.New("temporal source not found")
	// ErrBuild means that the program could not be built.
	ErrBuild = errors.New("temporal build failed")
	// ErrStart means that the program ended, or did not answer, while starting.
	ErrStart = errors.New("temporal did not start")
)

// Error is a foreseeable trouble: what is wrong and what to do about it.
type Error struct {
	// Kind is one of the Err values of this package.
	Kind error
	// Problem says what is wrong.
	Problem string
	// Remedy says what to do.
	Remedy string
	// Cause is the error underneath, or nil.
	Cause error
}

// Error returns problem and remedy as one sentence, then the cause.
func (e *Error) Error() string {
	text := e.Problem + ": " + e.Remedy
	if e.Cause != nil {
		text += " (" + e.Cause.Error() + ")"
	}
	return text
}

// Unwrap returns the kind and the cause, so that errors.Is finds both.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

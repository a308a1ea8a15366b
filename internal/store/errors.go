package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Errors that callers tell apart with errors.Is. Every error of this package that stems from Postgres has gone through Classify.
var (
	// ErrNotFound says that nothing by that name exists, or that the caller may not see it.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that the database cannot be reached or is starting, stopping or out of connections: try again later.
	ErrUnavailable = errors.New("database unavailable")
	// ErrConflict says that a unique key or an exclusion constraint refused the row. Use errors.As with *ConstraintError to learn which.
	ErrConflict = errors.New("conflict")
	// ErrBusy says that a lock or statement timeout, a deadlock or a serialization failure ended the attempt: the same call may succeed.
	ErrBusy = errors.New("database busy")
	// ErrInvalidCursor says that a page cursor was not made by this program for this list.
	ErrInvalidCursor = errors.New("invalid cursor")
	// ErrInvalid says that an argument is not acceptable; the message names it and the remedy.
	ErrInvalid = errors.New("invalid argument")
)

// ConstraintError tells which constraint refused a row. errors.Is reports ErrConflict for unique keys and exclusions, ErrInvalid
// for checks, missing values and foreign keys.
type ConstraintError struct {
	Constraint string
	kind       error
	cause      error
}

// Error names the constraint; the values of the row are not part of it.
func (e *ConstraintError) Error() string {
	return fmt.Sprintf("%s: constraint %s", e.kind, e.Constraint)
}

// Unwrap gives the kind of the refusal and the error of the driver.
func (e *ConstraintError) Unwrap() []error { return []error{e.kind, e.cause} }

// Classify wraps an error of pgx with the domain error that it stands for and keeps it in the chain. It returns nil for nil, and
// an error that is already classified, or that it does not know, as it is.
func Classify(err error) error {
	if err == nil || classified(err) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w (%w)", ErrNotFound, err)
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return classifyCode(err, pgErr)
	}
	if connectionLost(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func classified(err error) bool {
	return slices.ContainsFunc([]error{ErrNotFound, ErrUnavailable, ErrConflict, ErrBusy, ErrInvalidCursor, ErrInvalid},
		func(known error) bool { return errors.Is(err, known) })
}

func classifyCode(err error, pgErr *pgconn.PgError) error {
	switch code := pgErr.Code; {
	case code == "23505" || code == "23P01":
		return &ConstraintError{Constraint: pgErr.ConstraintName, kind: ErrConflict, cause: err}
	case strings.HasPrefix(code, "23"):
		return &ConstraintError{Constraint: pgErr.ConstraintName, kind: ErrInvalid, cause: err}
	case Retryable(err) || code == "57014":
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "53") || code == "25P03":
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case code == "22021" || code == "22P05" || code == "22P02":
		return fmt.Errorf("%w: text holds a character that cannot be stored, remove NUL and malformed characters: %w", ErrInvalid, err)
	}
	return err
}

// Retryable reports whether Postgres gave up on a whole transaction that may well succeed when it is run again: deadlock,
// serialization failure, lock not available.
func Retryable(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	return pgErr.Code == "40P01" || pgErr.Code == "40001" || pgErr.Code == "55P03"
}

func connectionLost(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var connectErr *pgconn.ConnectError
	var netErr net.Error
	return errors.As(err, &connectErr) || errors.As(err, &netErr) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed")
}

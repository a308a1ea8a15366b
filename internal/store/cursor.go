package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

const (
	// DefaultLimit is the length of a page when the caller names none.
	DefaultLimit = 20
	// MaxLimit is the longest page that a caller may ask for.
	MaxLimit = 200
)

// Page asks for one page of a list. Pages are continued by key, never by offset: rows that come and go between two pages
// neither repeat nor hide others.
type Page struct {
	Limit  int    // 0 means DefaultLimit; at most MaxLimit
	Cursor string // Next of the page before, "" for the first
}

// Slice is one page of a list.
type Slice[T any] struct {
	Items []T
	Next  string // cursor of the next page, "" when this is the last
}

func (p Page) limit() (int, error) {
	if p.Limit < 0 || p.Limit > MaxLimit {
		return 0, fmt.Errorf("%w: limit must be between 1 and %d", ErrInvalid, MaxLimit)
	}
	return orDefault(p.Limit, DefaultLimit), nil
}

// A cursor is opaque to callers: a version, the list it belongs to, and the key of the last row shown. It grants nothing (the
// list's own conditions still apply), so it is not signed.
const cursorVersion = 1

const maxCursorLength = 1024

type cursorEnvelope[K any] struct {
	Version int    `json:"v"`
	List    string `json:"l"`
	Key     K      `json:"k"`
}

// timeKey is the position in a list ordered by time and then by id.
type timeKey struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"d"`
}

// seqKey is the position in a list ordered by a number that Postgres or the log gave out.
type seqKey struct {
	Seq int64 `json:"s"`
}

func encodeCursor[K any](list string, key K) string {
	payload, _ := json.Marshal(cursorEnvelope[K]{Version: cursorVersion, List: list, Key: key}) //nolint:errchkjson // K is timeKey or seqKey, which always marshal
	return base64.RawURLEncoding.EncodeToString(payload)
}

// decodeCursor returns nil for the empty cursor of a first page.
func decodeCursor[K any](list, cursor string) (*K, error) {
	if cursor == "" {
		return nil, nil
	}
	if len(cursor) > maxCursorLength {
		return nil, fmt.Errorf("%w: too long, start again from the first page", ErrInvalidCursor)
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64, start again from the first page", ErrInvalidCursor)
	}
	var envelope cursorEnvelope[*K]
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&envelope); err != nil || decoder.Decode(new(any)) != io.EOF || envelope.Key == nil {
		return nil, fmt.Errorf("%w: not readable, start again from the first page", ErrInvalidCursor)
	}
	if envelope.Version != cursorVersion || envelope.List != list {
		return nil, fmt.Errorf("%w: made for another list or version, start again from the first page", ErrInvalidCursor)
	}
	return envelope.Key, nil
}

// cut turns limit+1 fetched rows into a page and derives the cursor from the last row shown.
func cut[T, K any](list string, rows []T, limit int, key func(T) K) Slice[T] {
	if len(rows) <= limit {
		return Slice[T]{Items: rows}
	}
	rows = rows[:limit]
	return Slice[T]{Items: rows, Next: encodeCursor(list, key(rows[limit-1]))}
}

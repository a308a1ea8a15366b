package api

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"steward/internal/store"
)

// at answers a stored time in UTC, the zero time for none.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// deref answers what p points to, the zero value for nil.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// orEmpty makes a list that is always written as one.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func page(cursor string, limit int32) store.Page {
	return store.Page{Cursor: cursor, Limit: int(limit)}
}

// parsedID reads an id kept as text; nil UUID when it is none.
func parsedID(s string) uuid.UUID {
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil
	}
	return id
}

package expr

import (
	"slices"
	"strings"
)

// Path is a static reference such as input.start, one name per element. Where an index is computed or a list is
// indexed, the path ends before it.
type Path []string

// String joins the names with dots.
func (p Path) String() string { return strings.Join(p, ".") }

// HasPrefix reports whether the path is prefix or lies within it.
func (p Path) HasPrefix(prefix Path) bool {
	return len(p) >= len(prefix) && slices.Equal(p[:len(prefix)], prefix)
}

// mergePaths returns the distinct paths of all lists, sorted.
func mergePaths(lists ...[]Path) []Path {
	all := slices.Concat(lists...)
	slices.SortFunc(all, slices.Compare[Path])
	return slices.CompactFunc(all, slices.Equal[Path])
}

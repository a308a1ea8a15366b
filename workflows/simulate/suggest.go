package simulate

import (
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// longestMeant bounds the work of comparing names.
const longestMeant = 64

// meant is the hint at the name that was probably meant, empty when none is near enough.
func meant(written string, names []string) string {
	best, least := "", min(len(written)/3+2, len(written)) // a short name is near to everything
	for _, name := range names {
		if d := changes(written, name); name != "" && d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// changes counts the bytes to insert, drop or replace to turn a into b, whatever their case, dashes and underscores.
func changes(a, b string) int {
	fold := strings.NewReplacer("_", "", "-", "")
	a, b = fold.Replace(strings.ToLower(a)), fold.Replace(strings.ToLower(b))
	if len(a) > longestMeant || len(b) > longestMeant {
		return longestMeant
	}
	above := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := []int{i + 1}
		for j := range len(b) {
			replaced := above[j]
			if a[i] != b[j] {
				replaced++
			}
			row = append(row, min(replaced, above[j+1]+1, row[j]+1))
		}
		above = row
	}
	return above[len(b)]
}

// unknownKey is how the YAML reader words a key that it does not know.
var unknownKey = regexp.MustCompile(`^unknown field "([^"]+)"`)

// meantKey is the hint at the key that was probably meant when the message of the YAML reader is about an unknown one.
func meantKey(message string, into any) string {
	found := unknownKey.FindStringSubmatch(message)
	if found == nil {
		return ""
	}
	known := map[reflect.Type][]string{}
	collectKeys(reflect.TypeOf(into), known)
	var all []string
	for _, keys := range known {
		all = append(all, keys...)
	}
	slices.Sort(all)
	return meant(found[1], all)
}

// collectKeys notes the keys of every struct that values of a type may hold.
func collectKeys(t reflect.Type, known map[reflect.Type][]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collectKeys(t.Elem(), known)
	case reflect.Struct:
		if _, seen := known[t]; seen {
			return
		}
		known[t] = nil
		for field := range t.Fields() {
			if key := field.Tag.Get("yaml"); key != "" {
				known[t] = append(known[t], key)
			}
			if field.IsExported() {
				collectKeys(field.Type, known)
			}
		}
	}
}

// pairsOf walks the pairs of a mapping by their keys; other nodes have none.
func pairsOf(n ast.Node) iter.Seq2[string, *ast.MappingValueNode] {
	return func(yield func(string, *ast.MappingValueNode) bool) {
		m, ok := n.(*ast.MappingNode)
		if !ok {
			return
		}
		for _, pair := range m.Values {
			if !yield(pair.Key.GetToken().Value, pair) {
				return
			}
		}
	}
}

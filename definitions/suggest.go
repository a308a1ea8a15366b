package definitions

import "strings"

// longestSuggestion bounds the work of comparing names.
const longestSuggestion = 64

// nearest answers the candidate that was probably meant by written, "" when none is near enough.
func nearest(written string, candidates []string) string {
	best, distance := "", len(written)/3+2
	for _, c := range candidates {
		if d := editDistance(folded(written), folded(c)); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// folded makes notBefore, not_before and not-before equal.
func folded(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

// editDistance counts the characters to insert, drop or replace to turn a into b.
func editDistance(a, b string) int {
	if len(a) > longestSuggestion || len(b) > longestSuggestion {
		return longestSuggestion
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

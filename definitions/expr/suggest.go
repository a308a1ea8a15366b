package expr

import "strings"

// didYouMean returns a hint with the candidate nearest to name, or "" when none is near enough.
func didYouMean(name string, candidates []string) string {
	best, distance := "", min(len(name)/3+2, len(name)) // a short name is near to everything
	for _, candidate := range candidates {
		if d := editDistance(fold(name), fold(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + quote(best) + "?"
}

// fold makes the spellings meetingRoom, meeting-room and meeting_room equal.
func fold(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

const longestSuggested = 64

// editDistance counts insertions, deletions, replacements and swaps of neighbors.
func editDistance(a, b string) int {
	if len(a) > longestSuggested || len(b) > longestSuggested {
		return longestSuggested
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}

func quote(text string) string { return "`" + text + "`" }

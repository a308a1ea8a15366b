//go:build race

package simulate_test

// underRace says that the race detector runs, which makes everything many times slower.
const underRace = true

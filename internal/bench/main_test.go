package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestParse(t *testing.T) {
	t.Parallel()
	set, err := parse([]string{"-only", "history,memory", "-results", "rows.json"}, env(map[string]string{"BENCH": "quick"}))
	require.NoError(t, err)
	require.Equal(t, []string{"history", "memory"}, set.only)
	require.Equal(t, "rows.json", set.results)
	require.Equal(t, Quick(), set.plan)

	set, err = parse(nil, env(nil))
	require.NoError(t, err)
	require.Equal(t, Full(), set.plan)
	require.Empty(t, set.only)
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-only", "speed"}, env(nil))
	require.ErrorContains(t, err, `no part "speed", want any of throughput`)
	_, err = parse(nil, env(map[string]string{"BENCH": "fast"}))
	require.ErrorContains(t, err, "BENCH=fast is unknown, want quick or full")
}

func TestMainSaysThatResultsCannotBeKept(t *testing.T) {
	t.Parallel()
	err := Main(t.Context(), []string{"-results", t.TempDir() + "/none/rows.json"}, env(nil), t.Output())
	require.ErrorContains(t, err, "choose another file with -results")
	err = Main(t.Context(), []string{"-results", t.TempDir() + "/rows.json", "-cpuprofile", t.TempDir() + "/none/p"}, env(nil), t.Output())
	require.ErrorContains(t, err, "choose another file with -cpuprofile")
}

// TestPlansAreWhole holds for every plan: nothing is left at zero, and the published figures use the targets' numbers.
func TestPlansAreWhole(t *testing.T) {
	t.Parallel()
	for _, p := range []Plan{Quick(), Full()} {
		require.Equal(t, 32, p.Clients, p.Name)
		require.Equal(t, 100, p.PerSecond, p.Name)
		require.Equal(t, 200, p.Behind, p.Name)
		require.NotZero(t, p.Rounds*p.Alone*p.Evicted*p.Samples*p.Deadlines*p.Decisions*p.Warmups, p.Name)
		require.NotZero(t, int64(p.Warm)*int64(p.Span/p.Burst), p.Name)
		require.Greater(t, p.Evicted, evictedCache, "a process must have left the cache when its turn comes again")
	}
}

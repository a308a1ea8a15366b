package bench

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		want       task
		ok         bool
	}{
		{
			"a backend", "42 (postgres) S 7 42 42 0 -1 4194560 1 0 0 0 150 50 3 4 20 0 1 0 99 1 1",
			task{pid: 42, parent: 7, used: 2 * time.Second, children: 70 * time.Millisecond},
			true,
		},
		{
			"a name with spaces and parentheses", "9 (a) S (b) R 1 0 0 0 0 0 0 0 0 0 1 2 0 0 20 0 1 0 0 0 0",
			task{pid: 9, parent: 1, used: 30 * time.Millisecond},
			true,
		},
		{"nothing", "", task{}, false},
		{"cut off", "9 (a) R 1 0 0", task{}, false},
		{"not a number", "x (a) R 1 0 0 0 0 0 0 0 0 0 1 2 0 0 20 0", task{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := parseStat(c.line)
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestProcessesKnowsThisProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		require.Empty(t, processes(), "there is no /proc to read")
		return
	}
	own := processes()[os.Getpid()]
	require.Equal(t, os.Getppid(), own.parent)
	require.GreaterOrEqual(t, own.used, time.Duration(0))
}

func TestCostOfOneProcess(t *testing.T) {
	t.Parallel()
	before := cost{Own: time.Second, Temporal: time.Second, Postgres: time.Second, Behind: time.Second, Commits: 100, ForUs: 10}
	after := cost{Own: 2 * time.Second, Temporal: 5 * time.Second, Postgres: 4 * time.Second, Behind: 3 * time.Second, Commits: 500, ForUs: 110}
	got := after.minus(before)
	require.Equal(t, 8*time.Second, got.processor())
	require.Equal(t, "80 ms of CPU each (clients, worker, API 10; Temporal 40; Postgres for Temporal 20, else 10), commits 3 + 1", got.per(100))
	require.Equal(t, after, before.plus(got))
}

package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWarmStartSaysThatTheProgramEnded(t *testing.T) {
	t.Parallel()
	s := &Site{Stack: &Stack{Root: t.TempDir()}}
	_, err := s.start(t.Context(), "false", t.TempDir())
	require.ErrorContains(t, err, "ended by itself")
}

func TestWithoutServers(t *testing.T) {
	t.Parallel()
	got := withoutServers([]string{"PATH=/bin", "DATABASE_URL=postgres://x", "TEMPORAL_ADDRESS=x:1", "STEWARD_DECIDE=api", "HOME=/"})
	require.Equal(t, []string{"PATH=/bin", "HOME=/"}, got)
}

package devmode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListeningBeyondThisMachineIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen string
		warned bool
	}{{"127.0.0.1:0", false}, {"localhost:0", false}, {"0.0.0.0:0", true}} {
		t.Run(c.listen, func(t *testing.T) {
			t.Parallel()
			out := new(output)
			s := &stack{opts: Options{Listen: c.listen}, voice: &voice{out: out}}
			require.NoError(t, s.listen(t.Context()))
			require.NoError(t, s.listener.Close())
			if c.warned {
				require.Contains(t, out.String(), "demo passwords are public")
			} else {
				require.Empty(t, out.String())
			}
		})
	}
}

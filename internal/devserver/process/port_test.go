package process

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", Address(0))
	require.NoError(t, err)
	taken := listener.Addr().(*net.TCPAddr).Port

	var inUse *PortInUseError
	require.ErrorAs(t, CheckPort(t.Context(), taken, "Postgres"), &inUse)
	require.Equal(t, taken, inUse.Port)
	require.ErrorContains(t, inUse, "wanted for Postgres, is in use by another program: stop that program or choose another port")

	require.NoError(t, listener.Close())
	require.NoError(t, CheckPort(t.Context(), taken, "Postgres"))
	for _, port := range []int{-1, 0, 65536} {
		require.ErrorContains(t, CheckPort(t.Context(), port, "Postgres"), "choose one from 1 to 65535")
	}
}

func TestFreePortCanBeListenedOn(t *testing.T) {
	t.Parallel()
	address, err := FreeAddress(t.Context())
	require.NoError(t, err)
	listener, err := net.Listen("tcp4", address)
	require.NoError(t, err)
	require.Less(t, listener.Addr().(*net.TCPAddr).Port, kernelsLowest(), "no outgoing connection takes it")
	require.NoError(t, listener.Close())
}

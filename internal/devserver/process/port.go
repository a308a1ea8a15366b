package process

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// Loopback is the only address anything below devserver listens on.
const Loopback = "127.0.0.1"

// PortInUseError says that a port somebody asked for belongs to another process.
type PortInUseError struct {
	// Port is the TCP port on 127.0.0.1.
	Port int
	// For names what wanted the port, for example "Postgres".
	For string
	// Cause is what the operating system said.
	Cause error
}

// Error says in one sentence what is wrong and what to do.
func (e *PortInUseError) Error() string {
	return fmt.Sprintf("port %d on %s, wanted for %s, is in use by another program: stop that program or choose another port",
		e.Port, Loopback, e.For)
}

// Unwrap returns what the operating system said.
func (e *PortInUseError) Unwrap() error { return e.Cause }

// Address returns the loopback address of port, as in "127.0.0.1:5432".
func Address(port int) string {
	return net.JoinHostPort(Loopback, strconv.Itoa(port))
}

// The ports that FreePort chooses from begin here, and end where the kernel's own choice begins, which is 32768 on most machines.
const (
	lowestPort   = 15000
	kernelsPorts = 32768
	// fewestPorts are enough to choose from at random.
	fewestPorts = 1000
	portTries   = 100
)

// FreePort returns a TCP port nobody listens on at 127.0.0.1. Nothing holds it, but it is none of those that the kernel gives
// to outgoing connections: only a program that asks for it by number can take it before it is used, or while the program that
// uses it is restarted.
func FreePort(ctx context.Context) (int, error) {
	count := kernelsLowest() - lowestPort
	for range portTries {
		if count < fewestPorts {
			break
		}
		if port, err := listen(ctx, lowestPort+rand.IntN(count)); err == nil {
			return port, nil
		}
	}
	return listen(ctx, 0)
}

// FreeAddress returns the loopback address of a FreePort.
func FreeAddress(ctx context.Context) (string, error) {
	port, err := FreePort(ctx)
	return Address(port), err
}

// kernelsLowest returns the lowest port that the kernel gives to outgoing connections.
func kernelsLowest() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return kernelsPorts
	}
	var lowest, highest int
	if _, err := fmt.Sscan(string(text), &lowest, &highest); err != nil {
		return kernelsPorts
	}
	return lowest
}

// CheckPort returns a *PortInUseError when somebody listens on port at 127.0.0.1.
func CheckPort(ctx context.Context, port int, wantedFor string) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("port %d, wanted for %s, is not a TCP port: choose one from 1 to 65535", port, wantedFor)
	}
	if _, err := listen(ctx, port); err != nil {
		return &PortInUseError{Port: port, For: wantedFor, Cause: err}
	}
	return nil
}

func listen(ctx context.Context, port int) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", Address(port))
	if err != nil {
		return 0, fmt.Errorf("listen on %s: %w", Address(port), err)
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("listen on %s: the listener's address %s has no TCP port", Address(port), listener.Addr())
	}
	return address.Port, nil
}

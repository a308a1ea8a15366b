//go:build !linux

package store

import (
	"syscall"
	"time"
)

// tcpUserTimeout has nothing to set here: keep-alive probes and the caller's context bound a lost connection.
func tcpUserTimeout(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }

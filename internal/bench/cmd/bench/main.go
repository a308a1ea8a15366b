// Bench measures Steward's speed and cost against baselines in the same run, and prints every figure with its target.
// BENCH=quick takes a few minutes, BENCH=full (the default) about a quarter of an hour. The exit code is 0 when all could be
// measured, whether or not targets were met: a figure that falls short is reported, not hidden.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"steward/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench.Main(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

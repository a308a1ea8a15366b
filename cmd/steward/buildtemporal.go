package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"steward/internal/devserver/temporalproc"
)

type buildTemporalCmd struct{}

// Run builds the development Temporal server unless that was done before, and prints where it is.
func (buildTemporalCmd) Run(ctx context.Context, out io.Writer) error {
	here, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	root, err := temporalproc.FindRoot(here)
	if err != nil {
		return err
	}
	program, err := temporalproc.Build(ctx, root, func(text string) { fmt.Fprintln(out, text) })
	if err == nil {
		_, err = fmt.Fprintln(out, "development Temporal:", program)
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"steward/definitions"
	"steward/internal/app"
	"steward/internal/store"
)

type migrateCmd struct {
	databaseFlags
}

// Run brings the schema up to date and says what it did.
func (c *migrateCmd) Run(ctx context.Context, out io.Writer) error {
	ran, err := store.Migrate(ctx, c.DatabaseURL)
	for _, name := range ran {
		fmt.Fprintln(out, "migrated", path.Base(name))
	}
	if err == nil && len(ran) == 0 {
		fmt.Fprintln(out, "the schema is up to date")
	}
	return err
}

type publishCmd struct {
	operatorFlags
	Files []string `arg:"" optional:"" help:"Definitions, as <library>/<domain>/<process>.yaml with tasks, forms and registers beside the domain; none for the shipped library." type:"existingfile"`
	By    string   `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who publishes, for the record."`
}

// Run publishes every definition that is new or changed.
func (c *publishCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	a, err := c.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	if len(c.Files) == 0 {
		made, err := a.PublishLibrary(ctx)
		fmt.Fprintf(out, "%d new versions of the shipped definitions\n", made)
		return err
	}
	for _, file := range c.Files {
		if err := c.publish(ctx, a, out, file); err != nil {
			return err
		}
	}
	return nil
}

func (c *publishCmd) publish(ctx context.Context, a *app.App, out io.Writer, file string) error {
	full, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("publish %s: %w", file, err)
	}
	domain := filepath.Dir(full)
	bundle, err := definitions.LoadBundle(os.DirFS(filepath.Dir(domain)), path.Join(filepath.Base(domain), filepath.Base(full)))
	if err != nil {
		return fmt.Errorf("publish %s: %w", file, err)
	}
	created, err := a.Publish(ctx, bundle, c.By)
	if err != nil {
		return fmt.Errorf("publish %s (`steward lint` shows all problems): %w", file, err)
	}
	what := "unchanged"
	if created {
		what = "published"
	}
	fmt.Fprintln(out, what, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	return nil
}

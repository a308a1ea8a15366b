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
	"steward/definitions/library"
	"steward/internal/app"
	"steward/internal/store"
)

type migrateCmd struct {
	databaseFlags
	GrantTo string `env:"STEWARD_GRANT_TO" placeholder:"ROLE" help:"Existing role with which Steward will run: rights on rows, but none to change the decision log or the audit trail."`
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
	if err != nil || c.GrantTo == "" {
		return err
	}
	if err := store.Grant(ctx, c.DatabaseURL, c.GrantTo); err != nil {
		return fmt.Errorf("--grant-to: %w", err)
	}
	fmt.Fprintf(out, "the role %s may work with it\n", c.GrantTo)
	return nil
}

type publishCmd struct {
	operatorFlags
	Files []string `arg:"" optional:"" help:"Definitions, as <library>/<domain>/<process>.yaml with tasks, forms and registers beside the domain; none for the shipped library."`
	By    string   `env:"STEWARD_OPERATOR,USER" default:"operator" placeholder:"NAME" help:"Who publishes, for the record."`
}

// Run publishes every definition that is new or changed, and names what they count on and the house does not have.
func (c *publishCmd) Run(ctx context.Context, out io.Writer, around *surroundings) error {
	for _, file := range c.Files { // before anything is published
		if _, err := readFile("publish", file); err != nil {
			return err
		}
	}
	a, err := c.open(ctx, around)
	if err != nil {
		return err
	}
	defer a.Stop()
	if len(c.Files) == 0 {
		made, err := a.PublishLibrary(ctx)
		fmt.Fprintf(out, "%d new versions of the shipped definitions\n", made)
		if err != nil {
			return err
		}
		bundles, err := library.Bundles()
		if err != nil {
			return err
		}
		return warn(ctx, a, out, bundles)
	}
	var bundles []definitions.Bundle
	for _, file := range c.Files {
		bundle, err := c.publish(ctx, a, out, file)
		if err != nil {
			return err
		}
		bundles = append(bundles, bundle)
	}
	return warn(ctx, a, out, bundles)
}

func (c *publishCmd) publish(ctx context.Context, a *app.App, out io.Writer, file string) (definitions.Bundle, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return definitions.Bundle{}, fmt.Errorf("publish %s: %w", file, err)
	}
	domain := filepath.Dir(full)
	bundle, err := definitions.LoadBundle(os.DirFS(filepath.Dir(domain)), path.Join(filepath.Base(domain), filepath.Base(full)))
	if err != nil {
		return bundle, fmt.Errorf("publish %s: %w", file, err)
	}
	created, err := a.Publish(ctx, bundle, c.By)
	if err != nil {
		return bundle, fmt.Errorf("publish %s (`steward lint` shows all problems): %w", file, err)
	}
	what := "unchanged"
	if created {
		what = "published"
	}
	_, err = fmt.Fprintln(out, what, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	return bundle, err
}

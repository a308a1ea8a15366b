package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"steward/definitions"
	"steward/definitions/library"
	"steward/internal/store"
)

// PublishLibrary publishes every shipped definition that is new or changed, and the registers that they write. It answers
// how many versions were made.
func (a *App) PublishLibrary(ctx context.Context) (int, error) {
	bundles, err := library.Bundles()
	if err != nil {
		return 0, err
	}
	made := 0
	for _, b := range bundles {
		created, err := a.Publish(ctx, b, "library")
		if err != nil {
			return made, err
		}
		if created {
			made++
		}
	}
	return made, nil
}

// Publish compiles a bundle and stores it as the newest version of its definition, unless a version with this content is there
// already: an older program that starts beside a newer one must not take its definitions back. The error is a *FaultyError when
// the bundle does not compile.
func (a *App) Publish(ctx context.Context, b definitions.Bundle, by string) (created bool, err error) {
	def, problems := definitions.Compile(b, a.registry)
	if def == nil {
		return false, &FaultyError{File: b.Name, Problems: problems}
	}
	if err := a.putRegisters(ctx, b); err != nil {
		return false, err
	}
	text, err := json.Marshal(b)
	if err != nil {
		return false, fmt.Errorf("encode bundle %s: %w", b.Name, err)
	}
	_, created, err = a.Store.PublishDefinition(ctx, store.NewDefinition{ID: def.ID, Digest: def.Digest, Bundle: string(text), PublishedBy: by})
	if err == nil {
		a.Catalog.Reload()
	}
	return created, err
}

// putRegisters stores the registers of a bundle.
func (a *App) putRegisters(ctx context.Context, b definitions.Bundle) error {
	for name, text := range b.Files {
		id, ok := strings.CutPrefix(name, "registers/")
		if !ok {
			continue
		}
		r, problems := definitions.ParseRegister(name, text)
		if r == nil {
			return &FaultyError{File: name, Problems: problems}
		}
		schema, err := json.Marshal(r.Schema.Raw)
		if err != nil {
			return fmt.Errorf("register %s: %w", id, err)
		}
		if err := a.Store.PutRegister(ctx, store.Register{ID: r.Name, Name: store.Text{Zh: r.Title.Zh, En: r.Title.En}, Schema: string(schema)}); err != nil {
			return fmt.Errorf("register %s: %w", id, err)
		}
	}
	return nil
}

// FaultyError is a definition that does not compile.
type FaultyError struct {
	File     string
	Problems []definitions.Problem
}

// Error says how many errors there are and names the first; hints are not why it was refused.
func (e *FaultyError) Error() string {
	faults := slices.DeleteFunc(slices.Clone(e.Problems), func(p definitions.Problem) bool { return p.Severity != definitions.Error })
	if len(faults) == 0 {
		return e.File + " does not compile"
	}
	return fmt.Sprintf("%s has errors (%d), the first in line %d: %s", e.File, len(faults), faults[0].Line, faults[0].Message.En)
}

package app

import (
	"context"
	"errors"
	"fmt"

	"steward/definitions"
	"steward/internal/store"
)

// Lack is something that definitions count on and the house does not have.
type Lack struct {
	Need  definitions.Need
	There bool // it exists, but nobody active stands behind it, or it is out of use
}

// Lacks answers which of the needs the house does not meet now, in their order. What definitions can do without is left out.
func (a *App) Lacks(ctx context.Context, needs []definitions.Need) ([]Lack, error) {
	var lacks []Lack
	for _, n := range needs {
		if n.Optional {
			continue
		}
		there, met, err := a.has(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("look for the %s %s: %w", n.Kind, n.ID, err)
		}
		if !met {
			lacks = append(lacks, Lack{Need: n, There: there})
		}
	}
	return lacks, nil
}

// has says whether something is there at all, and whether it is of use.
func (a *App) has(ctx context.Context, n definitions.Need) (there, met bool, err error) {
	directory := a.People.Directory()
	switch n.Kind {
	case "group":
		members, err := directory.Members(ctx, n.ID)
		return known(err, len(members) > 0)
	case "post":
		holders, err := directory.Holders(ctx, n.ID)
		return known(err, len(holders) > 0)
	case "user":
		person, err := directory.User(ctx, n.ID)
		return known(err, person.Active)
	}
	if n.ID != "" {
		resource, err := a.Store.Resource(ctx, n.ID)
		return known(err, resource.Active)
	}
	usable, err := a.Store.Resources(ctx, n.Kind, false)
	return false, len(usable) > 0, err
}

func known(err error, of bool) (there, met bool, _ error) {
	if errors.Is(err, store.ErrNotFound) {
		return false, false, nil
	}
	return true, of, err
}

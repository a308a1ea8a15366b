package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// NewDefinition is what a publication stores. Digest identifies the content: the same digest is never stored twice.
type NewDefinition struct {
	ID          string
	Digest      string
	Bundle      string // JSON of the source and every file it includes
	PublishedBy string
}

// PublishDefinition stores a new version and reports created, or answers the version that already holds this digest. A digest
// that was retired is published again under its old number. Versions count from 1 without gaps.
func (s *Store) PublishDefinition(ctx context.Context, d NewDefinition) (definition Definition, created bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		definition, created, err = publish(ctx, storesql.New(tx), d)
		return err
	})
	if err != nil {
		return Definition{}, false, fmt.Errorf("publish definition %s: %w", d.ID, err)
	}
	return definition, created, nil
}

func publish(ctx context.Context, q *storesql.Queries, d NewDefinition) (Definition, bool, error) {
	if err := q.LockDefinition(ctx, d.ID); err != nil {
		return Definition{}, false, err
	}
	known, err := q.DefinitionByDigest(ctx, storesql.DefinitionByDigestParams{ID: d.ID, Digest: d.Digest})
	if errors.Is(err, pgx.ErrNoRows) {
		stored, err := q.InsertDefinition(ctx, storesql.InsertDefinitionParams(d))
		return stored, err == nil, err
	}
	if err != nil || known.State == DefinitionPublished {
		return known, false, err
	}
	_, err = q.SetDefinitionState(ctx, storesql.SetDefinitionStateParams{ID: d.ID, Version: known.Version, State: DefinitionPublished})
	known.State = DefinitionPublished
	return known, false, err
}

// States of a definition's version. A retired one starts no new process; those that stand on it go on.
const (
	DefinitionPublished = "published"
	DefinitionRetired   = "retired"
)

// RetireDefinition keeps a version from starting new processes. The error is ErrNotFound when there is no such version.
func (s *Store) RetireDefinition(ctx context.Context, id string, version int32) error {
	changed, err := s.Queries().SetDefinitionState(ctx, storesql.SetDefinitionStateParams{ID: id, Version: version, State: DefinitionRetired})
	return oneRow(changed, err, "definition %s version %d", id, version)
}

// Definition reads one version, published or retired. The error is ErrNotFound when there is none.
func (s *Store) Definition(ctx context.Context, id string, version int32) (Definition, error) {
	d, err := s.Queries().DefinitionVersion(ctx, storesql.DefinitionVersionParams{ID: id, Version: version})
	return found(d, err, "definition %s version %d", id, version)
}

// LatestDefinition reads the newest published version. The error is ErrNotFound when there is none.
func (s *Store) LatestDefinition(ctx context.Context, id string) (Definition, error) {
	d, err := s.Queries().LatestDefinition(ctx, id)
	return found(d, err, "definition %s", id)
}

// LatestDefinitions reads the newest published version of every definition, by id.
func (s *Store) LatestDefinitions(ctx context.Context) ([]Definition, error) {
	definitions, err := s.Queries().LatestDefinitions(ctx)
	return definitions, Classify(err)
}

// DefinitionVersions lists the versions of a definition, newest first, without their sources.
func (s *Store) DefinitionVersions(ctx context.Context, id string) ([]DefinitionSummary, error) {
	versions, err := s.Queries().DefinitionVersions(ctx, id)
	return versions, Classify(err)
}

// DefinitionsInUse reads every version that an unfinished process stands on.
func (s *Store) DefinitionsInUse(ctx context.Context) ([]Definition, error) {
	definitions, err := storesql.New(s.lists).DefinitionsInUse(ctx)
	return definitions, Classify(err)
}

// found gives the row, or names what was looked for.
func found[T any](row T, err error, format string, args ...any) (T, error) {
	if err != nil {
		var zero T
		return zero, fmt.Errorf(format+": %w", append(args, Classify(err))...)
	}
	return row, nil
}

// oneRow turns a change of no row into ErrNotFound.
func oneRow(changed int64, err error, format string, args ...any) error {
	if err == nil && changed == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf(format+": %w", append(args, Classify(err))...)
	}
	return nil
}

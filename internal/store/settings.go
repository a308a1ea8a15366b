package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/store/storesql"
)

// PutSetting stores a house parameter and writes the change to the audit trail in the same transaction. The error is ErrInvalid
// when the value is not JSON.
func (s *Store) PutSetting(ctx context.Context, key string, value json.RawMessage, by Actor) error {
	if !json.Valid(value) {
		return fmt.Errorf("%w: the value of setting %s must be JSON", ErrInvalid, key)
	}
	return s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		before, err := settingValue(ctx, tx, key)
		if err != nil {
			return err
		}
		if err := storesql.New(tx).SetSetting(ctx, storesql.SetSettingParams{Key: key, Value: value, UpdatedBy: by.UserID}); err != nil {
			return err
		}
		return Audit(ctx, tx, by, "setting.put", key, before, value)
	})
}

// DeleteSetting removes a house parameter, so that its default counts again, and writes that to the audit trail. The error is
// ErrNotFound when it was not set.
func (s *Store) DeleteSetting(ctx context.Context, key string, by Actor) error {
	return s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		before, err := settingValue(ctx, tx, key)
		if err != nil {
			return err
		}
		deleted, err := storesql.New(tx).DeleteSetting(ctx, key)
		if err := oneRow(deleted, err, "setting %s", key); err != nil {
			return err
		}
		return Audit(ctx, tx, by, "setting.delete", key, before, nil)
	})
}

func settingValue(ctx context.Context, tx pgx.Tx, key string) (json.RawMessage, error) {
	setting, err := storesql.New(tx).SettingByKey(ctx, key)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return setting.Value, err
}

// Setting reads one house parameter. The error is ErrNotFound when it is not set.
func (s *Store) Setting(ctx context.Context, key string) (Setting, error) {
	setting, err := s.Queries().SettingByKey(ctx, key)
	return found(setting, err, "setting %s", key)
}

// Settings lists the house parameters whose key begins with prefix, by key.
func (s *Store) Settings(ctx context.Context, prefix string) ([]Setting, error) {
	settings, err := s.Queries().Settings(ctx, prefix)
	return settings, Classify(err)
}

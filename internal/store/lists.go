package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// listNewest reads a page of a list ordered by a time and an id, newest first. The SQL ends within its WHERE clause.
func listNewest[T any](ctx context.Context, s *Store, list, sql, at, id string, page Page, filter func(*statement), key func(T) timeKey) (Slice[T], error) {
	limit, err := page.limit()
	if err != nil {
		return Slice[T]{}, err
	}
	after, err := decodeCursor[timeKey](list, page.Cursor)
	if err != nil {
		return Slice[T]{}, err
	}
	var stmt statement
	filter(&stmt)
	where := stmt.and() + stmt.before(at, id, after)
	return collect(ctx, s, list, planAnew, sql+where+" ORDER BY "+at+" DESC, "+id+" DESC LIMIT "+stmt.arg(limit+1), stmt.args, limit, key)
}

// listLatest reads a page of a list ordered by an ascending number, latest first. The SQL ends within its WHERE clause.
func listLatest[T any](ctx context.Context, s *Store, list, sql, id string, page Page, filter func(*statement), key func(T) seqKey) (Slice[T], error) {
	limit, err := page.limit()
	if err != nil {
		return Slice[T]{}, err
	}
	after, err := decodeCursor[seqKey](list, page.Cursor)
	if err != nil {
		return Slice[T]{}, err
	}
	var stmt statement
	filter(&stmt)
	if after != nil {
		stmt.add(id + " < " + stmt.arg(after.Seq))
	}
	return collect(ctx, s, list, planAnew, sql+stmt.and()+" ORDER BY "+id+" DESC LIMIT "+stmt.arg(limit+1), stmt.args, limit, key)
}

// How Postgres plans a list. Where filters narrow it, how many rows a person, a group or a page has decides which index serves:
// such a list is planned for the values at hand. One that runs along an index whoever asks is planned once for all, which saves more
// time than it takes to run.
const (
	planAnew = pgx.QueryExecModeCacheDescribe
	planOnce = pgx.QueryExecModeCacheStatement
)

func collect[T, K any](
	ctx context.Context, s *Store, list string, plan pgx.QueryExecMode, sql string, args []any, limit int, key func(T) K,
) (Slice[T], error) {
	items, err := query[T](ctx, s, list, plan, sql, args)
	if err != nil {
		return Slice[T]{}, err
	}
	return cut(list, items, limit, key), nil
}

func query[T any](ctx context.Context, s *Store, list string, plan pgx.QueryExecMode, sql string, args []any) ([]T, error) {
	rows, err := s.lists.Query(ctx, sql, append([]any{plan}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", list, Classify(err))
	}
	items, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", list, Classify(err))
	}
	return items, nil
}

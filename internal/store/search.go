package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A search runs along the same indexes as the plain list, and looks at the rows as it passes them. A page ends when it is full, or when
// it has passed Options.SearchDepth rows: what it costs follows neither the backlog nor how rare the hits are. The next page goes on
// where it stopped.
//
// An index over the texts would not do instead: most searches are for two Chinese characters, of which a trigram index knows nothing,
// and every step of every process would pay for it.

// judged is a row that a page came to: it passes the filter, or the page stops there, or both.
type judged[T any] interface {
	verdict() (item T, passes, stops bool)
}

// listing is a page of a list that runs along indexes.
type listing struct {
	columns   string // of the alias, in the order of the item's fields
	table     string
	alias     string
	direction string // "" or " DESC"
	plan      pgx.QueryExecMode
	filters   []string // what decides row by row, on the alias
	// ranges are what the list is made of: each a SELECT of id and at, the time that orders the list, which gives a row once and along
	// an index in that order.
	ranges func(s *statement) []string
}

// sql reads at most limit + 1 rows that pass, and the row at which a search stops. Numbers of rows stand in the text: a plan that does
// not know them has to guess how far to read.
func (l listing) sql(s *statement, limit, searchDepth int) string {
	maxRows, depth := strconv.Itoa(limit+1), strconv.Itoa(searchDepth)
	order := l.order(`head.`)
	if len(l.filters) == 0 {
		return `SELECT ` + l.columns + `, true, false FROM (` + merged(l.ranges(s), l.order(``), maxRows) + `) head
			JOIN ` + l.table + ` ` + l.alias + ` ON ` + l.alias + `.id = head.id` + order
	}
	passes := `(` + strings.Join(l.filters, ` AND `) + `) IS TRUE`
	// OFFSET 0 keeps the rows looked up one by one: they are few, and the table may be large.
	return `SELECT ` + l.columns + `, ` + passes + `, head.stops
		FROM (SELECT id, at, row_number() OVER (` + l.order(``) + `) = ` + depth + ` AS stops FROM (` + merged(l.ranges(s), l.order(``), depth) + `) head) head
		CROSS JOIN LATERAL (SELECT * FROM ` + l.table + ` WHERE id = head.id OFFSET 0) ` + l.alias + `
		WHERE head.stops OR ` + passes + order + ` LIMIT ` + maxRows
}

func (l listing) order(of string) string {
	return ` ORDER BY ` + of + `at` + l.direction + `, ` + of + `id` + l.direction
}

// merged reads the rows at the head of some ranges, each once. LIMIT must stand in every branch: it bounds what is read of a range, and
// of long ones, which Postgres reads side by side, only what all of them together need.
func merged(ranges []string, order, maxRows string) string {
	limit := order + ` LIMIT ` + maxRows
	if len(ranges) == 1 {
		return ranges[0] + limit
	}
	branches := make([]string, len(ranges))
	for i, r := range ranges {
		branches[i] = `(` + r + limit + `)`
	}
	return `SELECT DISTINCT id, at FROM (` + strings.Join(branches, ` UNION ALL `) + `) ranges` + limit
}

// collectListing reads a page.
func collectListing[R judged[T], T, K any](
	ctx context.Context, s *Store, list string, l listing, stmt *statement, limit int, key func(T) K,
) (Slice[T], error) {
	sql := l.sql(stmt, limit, s.searchDepth)
	rows, err := query[R](ctx, s, list, l.plan, sql, stmt.args)
	if err != nil {
		return Slice[T]{}, err
	}
	return cutJudged(list, rows, limit, key), nil
}

// cutJudged is cut for rows that were judged: what does not pass is left out, and the cursor is that of the last row that the page
// came to, shown or not.
func cutJudged[R judged[T], T, K any](list string, rows []R, limit int, key func(T) K) Slice[T] {
	slice := Slice[T]{Items: make([]T, 0, min(len(rows), limit))}
	for i, row := range rows[:min(len(rows), limit)] {
		item, passes, stops := row.verdict()
		if passes {
			slice.Items = append(slice.Items, item)
		}
		if stops || i == limit-1 && len(rows) > limit {
			slice.Next = encodeCursor(list, key(item))
		}
	}
	return slice
}

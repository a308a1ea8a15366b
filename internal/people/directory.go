package people

import (
	"context"
	"fmt"

	"steward/internal/store"
	"steward/internal/store/storesql"
)

// MaxLeaderLevel bounds how far up Leader looks.
const MaxLeaderLevel = 20

// Directory reads people as decisions need them. Give it the transaction of the decision, so that what was read and what was
// decided commit together. Each method is one round trip; lists are sorted by id, so that the same facts give the same decision.
// People who have left are never in a result, except of User and Names. Errors are those of package store.
type Directory struct {
	db store.DBTX
	q  *storesql.Queries
}

// NewDirectory reads through db: a pool, a connection or a transaction.
func NewDirectory(db store.DBTX) Directory { return Directory{db: db, q: storesql.New(db)} }

// User reads one person. The error is store.ErrNotFound when there is none.
func (d Directory) User(ctx context.Context, id string) (Person, error) {
	row, err := d.q.UserByID(ctx, id)
	if err != nil {
		return Person{}, fmt.Errorf("user %s: %w", id, store.Classify(err))
	}
	return fromRow(row), nil
}

// Members lists the ids of a group's members. The error is store.ErrNotFound when there is no such group; a group may be empty.
func (d Directory) Members(ctx context.Context, group string) ([]string, error) {
	members, err := d.q.Members(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", group, store.Classify(err))
	}
	return members, nil
}

// Holders lists the ids of those who hold a post ("post" or "post@site"). The error is store.ErrNotFound when there is no such
// post; a post may be vacant.
func (d Directory) Holders(ctx context.Context, post string) ([]string, error) {
	holders, err := d.q.Holders(ctx, post)
	if err != nil {
		return nil, fmt.Errorf("post %s: %w", post, store.Classify(err))
	}
	return holders, nil
}

// Department lists the ids of the people of a department; an unknown department has none.
func (d Directory) Department(ctx context.Context, department string) ([]string, error) {
	members, err := d.q.DepartmentMembers(ctx, department)
	return members, store.Classify(err)
}

// A leader who has left leads nobody any more: their own leader steps in, without counting as a level. A circle ends the walk.
const leaderSQL = `
WITH RECURSIVE up AS (
    SELECT u.id, u.leader_id, true AS active, 0 AS level, ARRAY[u.id] AS seen FROM users u WHERE u.id = $1
    UNION ALL
    SELECT l.id, l.leader_id, l.active, up.level + CASE WHEN l.active THEN 1 ELSE 0 END, up.seen || l.id
    FROM up JOIN users l ON l.id = up.leader_id
    WHERE NOT l.id = ANY (up.seen) AND up.level < $2
)
SELECT coalesce((SELECT id FROM up WHERE level = $2 AND active), '') FROM up WHERE level = 0 LIMIT 1`

// Leader gives the id of the leader so many levels above a person, 1 being their own; "" when nobody stands there. The error is
// store.ErrNotFound when the person is unknown, store.ErrInvalid when the level is not between 1 and MaxLeaderLevel.
func (d Directory) Leader(ctx context.Context, userID string, level int) (string, error) {
	if level < 1 || level > MaxLeaderLevel {
		return "", fmt.Errorf("%w: level of a leader must be between 1 and %d", store.ErrInvalid, MaxLeaderLevel)
	}
	var leader string
	if err := d.db.QueryRow(ctx, leaderSQL, userID, level).Scan(&leader); err != nil {
		return "", fmt.Errorf("leader of %s: %w", userID, store.Classify(err))
	}
	return leader, nil
}

// Principals lists what a person may act as: "user:…" for themselves, "group:…" for each group, "post:…" for each post. Nobody
// who is unknown or has left may act as anything.
func (d Directory) Principals(ctx context.Context, userID string) ([]string, error) {
	principals, err := d.q.Principals(ctx, userID)
	return principals, store.Classify(err)
}

// Load counts the open tasks assigned to each of the people.
func (d Directory) Load(ctx context.Context, userIDs []string) (map[string]int, error) {
	rows, err := d.q.OpenTaskCounts(ctx, userIDs)
	if err != nil {
		return nil, fmt.Errorf("count open tasks: %w", store.Classify(err))
	}
	load := make(map[string]int, len(rows))
	for _, row := range rows {
		load[row.ID] = int(row.Open)
	}
	return load, nil
}

// Names gives the names of people for display, those who have left included. Unknown ids are missing from the result.
func (d Directory) Names(ctx context.Context, userIDs []string) (map[string]store.Text, error) {
	rows, err := d.q.UsersByID(ctx, userIDs)
	if err != nil {
		return nil, fmt.Errorf("names of people: %w", store.Classify(err))
	}
	names := make(map[string]store.Text, len(rows))
	for _, row := range rows {
		names[row.ID] = fromRow(row).DisplayName()
	}
	return names, nil
}

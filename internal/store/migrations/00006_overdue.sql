-- Deadlines that nobody fired, although their time came a while ago: the sweeper looks for them along this index.

-- +goose Up
CREATE INDEX processes_overdue ON processes (next_at, id) WHERE status <> 'ended' AND next_at IS NOT NULL;

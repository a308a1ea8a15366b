-- Tasks from which so many people are excluded that nobody of even a large group may be left: the auditor looks for them along this
-- index. Hardly any row is in it. People go on working while it is built; broken off, it may be built again.

-- +goose NO TRANSACTION
-- +goose Up
SET statement_timeout = 0;
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS task_candidates_crowded;
CREATE INDEX CONCURRENTLY task_candidates_crowded ON task_candidates (principal, due_key, task_id)
    WHERE NOT claimed AND cardinality(excluded) > 4;
RESET lock_timeout;
RESET statement_timeout;

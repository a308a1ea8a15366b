-- name: InsertCommand :one
INSERT INTO commands (id, process_id, actor, key, body_digest, type, payload, hold_until, trace)
VALUES (@id, @process_id, @actor, @key, @body_digest, @type, @payload, @hold_until, @trace)
ON CONFLICT (actor, key) DO NOTHING
RETURNING *;

-- name: CommandByKey :one
SELECT * FROM commands WHERE actor = @actor AND key = @key;

-- name: CommandByID :one
SELECT * FROM commands WHERE id = @id;

-- name: DeleteHeldCommand :execrows
-- The undo window: only its author, only before it ends, only while nothing was decided.
DELETE FROM commands
WHERE id = @id AND actor = @actor AND settled_at IS NULL AND hold_until > clock_timestamp();

-- name: SettledReceipts :many
SELECT id, receipt::text AS receipt FROM commands
WHERE id = ANY (@ids::uuid[]) AND settled_at IS NOT NULL AND receipt IS NOT NULL;

-- name: UnsettledCommands :many
-- For the sweeper: commands that no Advance has applied although they are old enough and not held back.
SELECT id, process_id, received_at FROM commands
WHERE settled_at IS NULL AND received_at < @before AND (hold_until IS NULL OR hold_until < @before)
ORDER BY received_at LIMIT @max_rows;

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


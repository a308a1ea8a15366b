-- name: AddComment :one
INSERT INTO comments (id, process_id, task_id, author, body) VALUES (@id, @process_id, @task_id, @author, @body)
ON CONFLICT (id) DO UPDATE SET body = comments.body WHERE comments.author = excluded.author AND comments.body = excluded.body
RETURNING *;

-- name: InsertNotification :execrows
INSERT INTO notifications (user_id, outbox_id, kind, args, process_id, task_id)
VALUES (@user_id, @outbox_id, @kind, @args, @process_id, @task_id)
ON CONFLICT (outbox_id) DO NOTHING;

-- name: UnreadNotifications :one
-- Counts to 100 and no further: the page shows "99+".
SELECT count(*) FROM (SELECT 1 FROM notifications n WHERE n.user_id = @user_id AND n.read_at IS NULL LIMIT 100) unread;

-- name: MarkNotificationsRead :execrows
UPDATE notifications SET read_at = clock_timestamp()
WHERE user_id = @user_id AND read_at IS NULL AND id = ANY (@ids::bigint[]);

-- name: MarkNotificationsReadUpTo :execrows
UPDATE notifications SET read_at = clock_timestamp()
WHERE user_id = @user_id AND read_at IS NULL AND id <= @last_id;

-- name: ClaimMessages :many
-- Takes messages that are due and pushes them away for the time of the lease, so that a dispatcher that dies gives them back.
UPDATE outbox SET attempts = attempts + 1, not_before = clock_timestamp() + make_interval(secs => @lease_seconds::float8)
WHERE id IN (
    SELECT o.id FROM outbox o
    WHERE o.sent_at IS NULL AND o.dead_at IS NULL AND o.not_before <= clock_timestamp()
    ORDER BY o.not_before, o.id LIMIT @max_rows FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: MessageSent :execrows
UPDATE outbox SET sent_at = clock_timestamp(), args = '{}', last_error = NULL
WHERE id = @id AND sent_at IS NULL AND dead_at IS NULL;

-- name: MessageFailed :execrows
UPDATE outbox SET last_error = @last_error::text, not_before = clock_timestamp() + make_interval(secs => @wait_seconds::float8)
WHERE id = @id AND sent_at IS NULL AND dead_at IS NULL;

-- name: MessageDead :execrows
UPDATE outbox SET dead_at = clock_timestamp(), last_error = @last_error::text
WHERE id = @id AND sent_at IS NULL AND dead_at IS NULL;

-- name: RedeliverMessage :execrows
-- An operator gives a dead message another round of attempts.
UPDATE outbox SET dead_at = NULL, attempts = 0, not_before = clock_timestamp()
WHERE id = @id AND dead_at IS NOT NULL;

-- name: ProcessTasks :many
SELECT * FROM tasks WHERE process_id = @process_id ORDER BY opened_at, id LIMIT @max_rows;

-- name: AddParticipant :exec
-- Lets a person who was sent a copy read the process.
INSERT INTO process_participants (process_id, user_id, reason, process_started_at)
SELECT p.id, @user_id, 'copied', p.started_at FROM processes p WHERE p.id = @process_id
ON CONFLICT DO NOTHING;

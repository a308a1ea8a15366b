-- name: ProcessTasks :many
SELECT * FROM tasks WHERE process_id = @process_id ORDER BY opened_at, id LIMIT @max_rows;

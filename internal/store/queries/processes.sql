-- name: ProcessByID :one
SELECT * FROM processes WHERE id = @id;

-- name: ProcessByBusinessKey :one
SELECT id FROM processes WHERE definition_id = @definition_id AND business_key = @business_key::text AND status <> 'ended';

-- name: ChildProcesses :many
SELECT * FROM processes WHERE parent_id = @parent_id::uuid ORDER BY started_at, id LIMIT @max_rows;

-- name: LogPage :many
SELECT * FROM decision_log WHERE process_id = @process_id AND seq > @after_seq ORDER BY seq LIMIT @max_rows;

-- name: MarkSettled :execrows
-- Clears the mark only when nothing new was wanted since it was read.
UPDATE processes SET unsettled_since = NULL WHERE id = @id AND unsettled_since = @seen::timestamptz;

-- name: CreateIncident :one
-- One open incident per event: a second report of the same event refreshes the first.
INSERT INTO incidents (process_id, event_id, kind, message, detail)
VALUES (@process_id, @event_id, @kind, @message, @detail)
ON CONFLICT (process_id, event_id) WHERE resolved_at IS NULL
DO UPDATE SET kind = excluded.kind, message = excluded.message, detail = excluded.detail
RETURNING *;

-- name: IncidentByID :one
SELECT * FROM incidents WHERE id = @id;

-- name: ProcessIncidents :many
SELECT * FROM incidents WHERE process_id = @process_id ORDER BY created_at DESC, id DESC LIMIT @max_rows;

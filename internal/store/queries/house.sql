-- name: UpsertResource :one
INSERT INTO resources (id, kind, name, capacity, layout, active, data)
VALUES (@id, @kind, @name, @capacity, @layout, @active, @data)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, capacity = excluded.capacity,
    layout = excluded.layout, active = excluded.active, data = excluded.data
RETURNING *;

-- name: ResourceByID :one
SELECT * FROM resources WHERE id = @id;

-- name: Resources :many
SELECT * FROM resources WHERE (@kind::text = '' OR kind = @kind) AND (active OR @with_inactive::boolean) ORDER BY kind, id;

-- name: ProcessReservations :many
SELECT id, resource_id, process_id, node, lower(during)::timestamptz AS from_at, upper(during)::timestamptz AS to_at, hold, title, created_at
FROM reservations WHERE process_id = @process_id ORDER BY node, from_at, id;

-- name: UpsertRegister :exec
INSERT INTO registers (id, name, schema) VALUES (@id, @name, @schema)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, schema = excluded.schema;

-- name: RegisterByID :one
SELECT * FROM registers WHERE id = @id;

-- name: Registers :many
SELECT * FROM registers ORDER BY id;

-- name: InsertRegisterEntry :one
INSERT INTO register_entries (id, register, key, data, process_id, seq)
VALUES (@id, @register, @key, @data, @process_id, @seq)
RETURNING *;

-- name: RegisterEntryByKey :one
SELECT * FROM register_entries WHERE register = @register AND key = @key::text;

-- name: RegisterEntryByID :one
SELECT * FROM register_entries WHERE register = @register AND id = @id;

-- name: CountRegisterEntries :one
SELECT count(*) FROM register_entries WHERE register = @register AND data @> @matching::jsonb;

-- name: LockRegisterKey :exec
-- Taken before a count or exists that a guard relies on: writers of the same key wait until the guard's transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('steward/register/' || @register::text || '/' || @key::text, 0));

-- name: SetSetting :exec
INSERT INTO settings (key, value, updated_by) VALUES (@key, @value, @updated_by)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_by = excluded.updated_by, updated_at = clock_timestamp();

-- name: SettingByKey :one
SELECT * FROM settings WHERE key = @key;

-- name: Settings :many
SELECT * FROM settings WHERE starts_with(key, @prefix::text) ORDER BY key;

-- name: DeleteSetting :execrows
DELETE FROM settings WHERE key = @key;

-- name: LockCalendar :exec
SELECT pg_advisory_xact_lock(hashtextextended('steward/calendar/' || @id::text, 0));

-- name: InsertCalendar :one
INSERT INTO calendars (id, version, data)
VALUES (@id, (SELECT coalesce(max(c.version), 0) + 1 FROM calendars c WHERE c.id = @id), @data)
RETURNING *;

-- name: LatestCalendar :one
SELECT * FROM calendars WHERE id = @id ORDER BY version DESC LIMIT 1;

-- name: CalendarVersion :one
SELECT * FROM calendars WHERE id = @id AND version = @version;

-- name: LatestCalendars :many
SELECT DISTINCT ON (id) * FROM calendars ORDER BY id, version DESC;

-- name: InsertAudit :exec
INSERT INTO audit (actor, action, target, before, after, ip) VALUES (@actor, @action, @target, @before, @after, @ip);

-- name: LockDefinition :exec
-- Publications of one definition wait for one another, so that versions have no gap and no rival.
SELECT pg_advisory_xact_lock(hashtextextended('steward/definition/' || @id::text, 0));

-- name: DefinitionByDigest :one
SELECT * FROM definitions WHERE id = @id AND digest = @digest;

-- name: InsertDefinition :one
INSERT INTO definitions (id, version, digest, bundle, published_by)
VALUES (@id, (SELECT coalesce(max(d.version), 0) + 1 FROM definitions d WHERE d.id = @id), @digest, @bundle, @published_by)
RETURNING *;

-- name: DefinitionVersion :one
SELECT * FROM definitions WHERE id = @id AND version = @version;

-- name: LatestDefinition :one
SELECT * FROM definitions WHERE id = @id AND state = 'published' ORDER BY version DESC LIMIT 1;

-- name: LatestDefinitions :many
SELECT DISTINCT ON (id) * FROM definitions WHERE state = 'published' ORDER BY id, version DESC;

-- name: DefinitionVersions :many
SELECT id, version, digest, state, published_at, published_by FROM definitions WHERE id = @id ORDER BY version DESC;

-- name: SetDefinitionState :execrows
UPDATE definitions SET state = @state WHERE id = @id AND version = @version;

-- name: DefinitionsInUse :many
-- Every version that an unfinished process stands on: a worker loads these before it takes work.
SELECT d.* FROM definitions d
WHERE EXISTS (SELECT 1 FROM processes p WHERE p.definition_id = d.id AND p.version = d.version AND p.status <> 'ended')
ORDER BY d.id, d.version;

-- name: UpsertUser :one
INSERT INTO users (id, name, name_en, email, department, leader_id, active, roles, locale)
VALUES (@id, @name, @name_en, @email, @department, @leader_id, @active, @roles, @locale)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, email = excluded.email,
    department = excluded.department, leader_id = excluded.leader_id, active = excluded.active, roles = excluded.roles,
    locale = excluded.locale
RETURNING *;

-- name: UserByID :one
SELECT * FROM users WHERE id = @id;

-- name: UsersByID :many
SELECT * FROM users WHERE id = ANY (@ids::text[]) ORDER BY id;

-- name: SetPasswordHash :execrows
UPDATE users SET password_hash = @password_hash WHERE id = @id;

-- name: UpsertGroup :exec
INSERT INTO groups (id, name) VALUES (@id, @name) ON CONFLICT (id) DO UPDATE SET name = excluded.name;

-- name: Groups :many
SELECT * FROM groups ORDER BY id;

-- name: ClearMembers :exec
DELETE FROM memberships WHERE group_id = @group_id;

-- name: AddMembers :exec
INSERT INTO memberships (group_id, user_id) SELECT @group_id, unnest(@user_ids::text[]) ON CONFLICT DO NOTHING;

-- name: UpsertPost :exec
INSERT INTO posts (id, site, name) VALUES (@id, @site, @name)
ON CONFLICT (id) DO UPDATE SET site = excluded.site, name = excluded.name;

-- name: Posts :many
SELECT * FROM posts ORDER BY id;

-- name: ClearHolders :exec
DELETE FROM post_holders WHERE post_id = @post_id;

-- name: AddHolders :exec
INSERT INTO post_holders (post_id, user_id) SELECT @post_id, unnest(@user_ids::text[]) ON CONFLICT DO NOTHING;

-- name: DepartmentMembers :many
SELECT id FROM users WHERE department = @department AND active ORDER BY id;

-- name: OpenTaskCounts :many
SELECT u.id::text AS id, (SELECT count(*) FROM tasks t WHERE t.status = 'open' AND t.assignee = u.id) AS open
FROM unnest(@user_ids::text[]) AS u (id);

-- name: PurgeSignIn :exec
-- Housekeeping: forgets sessions that ended and attempts that no longer count.
WITH old_sessions AS (DELETE FROM sessions WHERE expires_at < clock_timestamp() OR last_seen_at < clock_timestamp() - make_interval(secs => @idle_seconds::float8))
DELETE FROM sign_in_attempts WHERE decays_from < clock_timestamp() - make_interval(secs => @forget_seconds::float8)
    AND (locked_until IS NULL OR locked_until < clock_timestamp());

-- name: InsertSession :exec
INSERT INTO sessions (token_hash, user_id, expires_at, user_agent, ip)
VALUES (@token_hash, @user_id, clock_timestamp() + make_interval(secs => @lifetime_seconds::float8), @user_agent, @ip);

-- name: SessionPerson :one
-- The person behind a session that has not ended, with principals, in one round trip.
SELECT sqlc.embed(u), s.created_at, s.last_seen_at, s.expires_at,
       extract(epoch FROM clock_timestamp() - s.last_seen_at)::float8 AS idle_seconds,
       (SELECT coalesce(array_agg('group:' || m.group_id ORDER BY m.group_id), '{}') FROM memberships m WHERE m.user_id = u.id)::text[] AS group_principals,
       (SELECT coalesce(array_agg('post:' || h.post_id ORDER BY h.post_id), '{}') FROM post_holders h WHERE h.user_id = u.id)::text[] AS post_principals
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = @token_hash AND u.active AND s.expires_at > clock_timestamp()
  AND s.last_seen_at > clock_timestamp() - make_interval(secs => @idle_seconds::float8);

-- name: TouchSession :exec
UPDATE sessions SET last_seen_at = clock_timestamp() WHERE token_hash = @token_hash AND last_seen_at < clock_timestamp() - interval '1 minute';

-- name: DeleteUserSession :execrows
DELETE FROM sessions WHERE user_id = @user_id AND token_hash = @token_hash;

-- name: DeleteUserSessions :many
DELETE FROM sessions WHERE user_id = @user_id AND token_hash <> @keep RETURNING token_hash;

-- name: UserSessions :many
SELECT token_hash, created_at, last_seen_at, expires_at, user_agent, ip FROM sessions
WHERE user_id = @user_id AND expires_at > clock_timestamp() AND last_seen_at > clock_timestamp() - make_interval(secs => @idle_seconds::float8)
ORDER BY last_seen_at DESC;

-- name: InsertToken :one
INSERT INTO api_tokens (token_hash, user_id, name, scopes, expires_at)
VALUES (@token_hash, @user_id, @name, @scopes, @expires_at)
RETURNING *;

-- name: TokenPerson :one
SELECT sqlc.embed(u), t.id AS token_id, t.name AS token_name, t.scopes, t.expires_at,
       coalesce(t.last_used_at < clock_timestamp() - interval '1 minute', true)::boolean AS stale_use,
       (SELECT coalesce(array_agg('group:' || m.group_id ORDER BY m.group_id), '{}') FROM memberships m WHERE m.user_id = u.id)::text[] AS group_principals,
       (SELECT coalesce(array_agg('post:' || h.post_id ORDER BY h.post_id), '{}') FROM post_holders h WHERE h.user_id = u.id)::text[] AS post_principals
FROM api_tokens t JOIN users u ON u.id = t.user_id
WHERE t.token_hash = @token_hash AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND u.active;

-- name: TouchToken :exec
UPDATE api_tokens SET last_used_at = clock_timestamp()
WHERE id = @id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute');

-- name: RevokeToken :one
UPDATE api_tokens SET revoked_at = clock_timestamp() WHERE id = @id AND user_id = @user_id AND revoked_at IS NULL RETURNING token_hash;

-- name: UserTokens :many
SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE user_id = @user_id ORDER BY created_at DESC, id;

-- name: Members :one
-- No row: no such group.
SELECT ARRAY(SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.group_id = g.id AND u.active ORDER BY u.id)::text[] AS members
FROM groups g WHERE g.id = @group_id;

-- name: Holders :one
-- No row: no such post.
SELECT ARRAY(SELECT u.id FROM post_holders h JOIN users u ON u.id = h.user_id WHERE h.post_id = p.id AND u.active ORDER BY u.id)::text[] AS holders
FROM posts p WHERE p.id = @post_id;

-- name: Principals :many
-- Nothing for people who are unknown or have left.
WITH who AS (SELECT id FROM users WHERE id = @user_id AND active)
SELECT ('user:' || who.id)::text AS principal FROM who
UNION ALL
SELECT 'group:' || m.group_id FROM memberships m JOIN who ON who.id = m.user_id
UNION ALL
SELECT 'post:' || h.post_id FROM post_holders h JOIN who ON who.id = h.user_id;

-- name: People :many
SELECT id, name, name_en, email, department, leader_id, active, roles, locale, created_at FROM users ORDER BY id;

-- name: PasswordHash :one
-- Empty for people who are unknown, have left or have no password: none of them can sign in with one.
SELECT coalesce((SELECT password_hash FROM users WHERE id = @id AND active), '')::text;

-- name: OpenSignInRecords :exec
INSERT INTO sign_in_attempts (subject, attempts, decays_from)
SELECT subject, 0, clock_timestamp() FROM unnest(@subjects::text[]) AS s (subject) ORDER BY subject ON CONFLICT DO NOTHING;

-- name: LockSignInRecords :many
SELECT subject, attempts, decays_from, locked_until, clock_timestamp()::timestamptz AS now FROM sign_in_attempts
WHERE subject = ANY (@subjects::text[]) ORDER BY subject FOR UPDATE;

-- name: SetSignInRecord :exec
UPDATE sign_in_attempts SET attempts = @attempts, decays_from = @decays_from, locked_until = @locked_until WHERE subject = @subject;

-- name: ClearSignInRecord :exec
DELETE FROM sign_in_attempts WHERE subject = @subject;

-- name: ForgiveSignInAttempt :exec
UPDATE sign_in_attempts SET attempts = greatest(attempts - 1, 0) WHERE subject = @subject;

-- name: SetLocale :execrows
UPDATE users SET locale = @locale WHERE id = @id;

-- name: EndSession :execrows
DELETE FROM sessions WHERE token_hash = @token_hash;

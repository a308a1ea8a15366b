-- People, the groups and posts they belong to, and how they sign in.

-- +goose Up
CREATE TABLE users (
    id            text        PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    name          text        NOT NULL,
    name_en       text        NOT NULL DEFAULT '',
    email         text        NOT NULL DEFAULT '',
    department    text        NOT NULL DEFAULT '',
    leader_id     text        REFERENCES users (id) CHECK (leader_id <> id),
    password_hash text        NOT NULL DEFAULT '', -- PHC string; empty: cannot sign in with a password
    active        boolean     NOT NULL DEFAULT true,
    roles         text[]      NOT NULL DEFAULT '{staff}' CHECK (roles <@ ARRAY['admin', 'operator', 'staff']),
    locale        text        NOT NULL DEFAULT 'zh' CHECK (locale IN ('zh', 'en')),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX users_leader ON users (leader_id) WHERE leader_id IS NOT NULL;
CREATE INDEX users_department ON users (department, id);

CREATE TABLE groups (
    id   text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    name text NOT NULL -- JSON {zh, en}
);

CREATE TABLE memberships (
    group_id text NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX memberships_user ON memberships (user_id);

-- A post at a site is called post@site; the one post of the whole house has an empty site and is called by its id alone.
CREATE TABLE posts (
    id   text NOT NULL CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,63}(@[a-z0-9][a-z0-9._-]{0,63})?$'),
    site text NOT NULL DEFAULT '',
    name text NOT NULL, -- JSON {zh, en}
    PRIMARY KEY (id)
);

CREATE TABLE post_holders (
    post_id text NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, user_id)
);

CREATE INDEX post_holders_user ON post_holders (user_id);

CREATE TABLE sessions (
    token_hash   bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id      text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL, -- the absolute end; the sliding one is counted from last_seen_at
    user_agent   text        NOT NULL DEFAULT '',
    ip           text        NOT NULL DEFAULT ''
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    token_hash   bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_id      text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text        NOT NULL,
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE INDEX api_tokens_user ON api_tokens (user_id);

-- Sign-ins that were tried and have not proved right, by what was tried: an account ('user:x', whether it exists or not) or an address ('ip:…').
CREATE TABLE sign_in_attempts (
    subject      text        PRIMARY KEY,
    attempts     int         NOT NULL,
    decays_from  timestamptz NOT NULL,
    locked_until timestamptz
);

CREATE INDEX sign_in_attempts_age ON sign_in_attempts (decays_from);

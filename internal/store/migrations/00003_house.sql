-- What the house keeps: rooms and their bookings, books (registers), settings, calendars, remarks, the audit trail.

-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE resources (
    id       text    PRIMARY KEY,
    kind     text    NOT NULL, -- room, vehicle, person, …
    name     text    NOT NULL, -- JSON {zh, en}
    capacity int     NOT NULL DEFAULT 0 CHECK (capacity >= 0), -- 0 means not stated
    layout   text    NOT NULL DEFAULT '',
    active   boolean NOT NULL DEFAULT true,
    data     jsonb   NOT NULL DEFAULT '{}'
);

CREATE INDEX resources_kind ON resources (kind, id);

-- A double booking cannot be stored. Bookings of one process may overlap each other: while it moves a meeting it holds the new
-- time beside the old one.
CREATE TABLE reservations (
    id          uuid        PRIMARY KEY,
    resource_id text        NOT NULL REFERENCES resources (id),
    process_id  uuid        NOT NULL,
    node        int         NOT NULL,
    during      tstzrange   NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    hold        boolean     NOT NULL DEFAULT false,
    title       text        NOT NULL DEFAULT '{}', -- JSON {zh, en}
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reservations_no_overlap EXCLUDE USING gist (resource_id WITH =, during WITH &&, process_id WITH <>)
);

CREATE INDEX reservations_process ON reservations (process_id, node);

CREATE TABLE registers (
    id     text PRIMARY KEY,
    name   text NOT NULL, -- JSON {zh, en}
    schema text NOT NULL  -- JSON Schema 2020-12
);

CREATE TABLE register_entries (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    register   text        NOT NULL REFERENCES registers (id),
    key        text,
    data       jsonb       NOT NULL,
    process_id uuid,
    seq        bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (register, key)
);

CREATE INDEX register_entries_list ON register_entries (register, created_at DESC, id DESC);
CREATE INDEX register_entries_process ON register_entries (process_id) WHERE process_id IS NOT NULL;
CREATE INDEX register_entries_data ON register_entries USING gin (data jsonb_path_ops);

CREATE TABLE settings (
    key        text        PRIMARY KEY,
    value      jsonb       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text        NOT NULL
);

CREATE TABLE calendars (
    id        text        NOT NULL,
    version   int         NOT NULL CHECK (version > 0),
    data      text        NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version)
);

CREATE TABLE comments (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    process_id uuid        NOT NULL,
    task_id    uuid,
    author     text        NOT NULL,
    body       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX comments_process ON comments (process_id, created_at, id);

CREATE TABLE audit (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor  text        NOT NULL,
    action text        NOT NULL,
    target text        NOT NULL DEFAULT '',
    before jsonb,
    after  jsonb,
    ip     text        NOT NULL DEFAULT ''
);

CREATE INDEX audit_actor ON audit (actor, id DESC);
CREATE INDEX audit_target ON audit (target, id DESC);

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION steward_append_only();

-- Definitions, processes, their decision logs and the commands sent to them.
--
-- Tables written by every human step (processes, decision_log, commands, tasks, task_candidates, outbox) carry no foreign keys:
-- one transaction that holds the row lock of the process writes them all, so a key check would cost time and prove nothing.

-- +goose Up
CREATE TABLE definitions (
    id           text        NOT NULL,
    version      int         NOT NULL CHECK (version > 0),
    digest       text        NOT NULL,
    bundle       text        NOT NULL, -- JSON: the source as published and every file it includes
    state        text        NOT NULL DEFAULT 'published' CHECK (state IN ('published', 'retired')),
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_by text        NOT NULL,
    PRIMARY KEY (id, version),
    UNIQUE (id, digest)
);

CREATE TABLE processes (
    id              uuid        PRIMARY KEY,
    definition_id   text        NOT NULL,
    version         int         NOT NULL,
    digest          text        NOT NULL,
    title           text        NOT NULL, -- JSON {zh, en}, rendered
    business_key    text,
    status          text        NOT NULL CHECK (status IN ('starting', 'running', 'ending', 'ended', 'parked')),
    outcome         text,
    starter         text        NOT NULL,
    parent_id       uuid,
    parent_node     int,
    parent_seq      bigint,
    state           text        NOT NULL, -- JSON, the exact bytes that state_digest covers
    state_format    int         NOT NULL,
    seq             bigint      NOT NULL DEFAULT 0,
    head_hash       bytea       NOT NULL DEFAULT '\x',
    state_digest    bytea       NOT NULL DEFAULT '\x',
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    next_at         timestamptz, -- earliest deadline
    armed_at        timestamptz, -- the earliest deadline that Temporal was told of
    unsettled_since timestamptz, -- something is wanted from Temporal that it may not have
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70); -- each step updates the row once; room on the page keeps those updates off the indexes

CREATE UNIQUE INDEX processes_business_key ON processes (definition_id, business_key)
    WHERE status <> 'ended' AND business_key IS NOT NULL;
CREATE INDEX processes_unsettled ON processes (unsettled_since) WHERE unsettled_since IS NOT NULL;
CREATE INDEX processes_started ON processes (started_at DESC, id DESC);
CREATE INDEX processes_starter ON processes (starter, started_at DESC, id DESC);
CREATE INDEX processes_definition ON processes (definition_id, started_at DESC, id DESC);
CREATE INDEX processes_open ON processes (started_at DESC, id DESC) WHERE status <> 'ended';
CREATE INDEX processes_parent ON processes (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE decision_log (
    process_id   uuid        NOT NULL,
    seq          bigint      NOT NULL,
    event_id     text        NOT NULL,
    event        text        NOT NULL,
    changes      text        NOT NULL, -- JSON, the exact bytes that chain_hash covers
    receipt      text,
    at           timestamptz NOT NULL, -- the event's own time
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    chain_hash   bytea       NOT NULL,
    state_digest bytea       NOT NULL,
    PRIMARY KEY (process_id, seq),
    UNIQUE (process_id, event_id)
);

-- Append-only tables refuse every statement but INSERT. The archiver, and only it, says SET LOCAL steward.archiving = 'on' first;
-- in production it has a database role of its own and the application's role is not granted UPDATE, DELETE or TRUNCATE at all.
-- +goose StatementBegin
CREATE FUNCTION steward_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('steward.archiving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Archiving runs in a transaction that says SET LOCAL steward.archiving = ''on''.';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER decision_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision_log
    FOR EACH STATEMENT EXECUTE FUNCTION steward_append_only();

CREATE TABLE commands (
    id          uuid        PRIMARY KEY,
    process_id  uuid        NOT NULL,
    actor       text        NOT NULL,
    key         text        NOT NULL, -- the Idempotency-Key
    body_digest bytea       NOT NULL,
    type        text        NOT NULL,
    payload     text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    hold_until  timestamptz, -- end of the undo window
    trace       text,
    settled_at  timestamptz,
    receipt     text, -- JSON
    UNIQUE (actor, key)
);

CREATE INDEX commands_pending ON commands (process_id, received_at, id) WHERE settled_at IS NULL;
CREATE INDEX commands_unsettled ON commands (received_at) WHERE settled_at IS NULL;

CREATE TABLE incidents (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    process_id  uuid        NOT NULL,
    event_id    text        NOT NULL,
    kind        text        NOT NULL,
    message     text        NOT NULL,
    detail      text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolution  text,
    resolved_by text
);

CREATE UNIQUE INDEX incidents_open_event ON incidents (process_id, event_id) WHERE resolved_at IS NULL;
CREATE INDEX incidents_open ON incidents (created_at DESC, id DESC) WHERE resolved_at IS NULL;
CREATE INDEX incidents_all ON incidents (created_at DESC, id DESC);

CREATE TABLE counters (
    name  text   PRIMARY KEY,
    value bigint NOT NULL
);

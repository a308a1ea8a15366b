-- Messages: what decisions asked to be sent (outbox) and what people find in the page (notifications).

-- +goose Up
CREATE TABLE outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process_id uuid        NOT NULL,
    seq        bigint      NOT NULL,
    cause      text        NOT NULL,
    recipient  text        NOT NULL,
    channel    text        NOT NULL,
    template   text        NOT NULL,
    args       text        NOT NULL DEFAULT '{}', -- JSON, emptied once sent
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts   int         NOT NULL DEFAULT 0,
    last_error text,
    sent_at    timestamptz,
    dead_at    timestamptz,
    UNIQUE (process_id, seq, cause, recipient, channel)
);

CREATE INDEX outbox_undelivered ON outbox (not_before, id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at DESC, id DESC) WHERE dead_at IS NOT NULL;

CREATE TABLE notifications (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    text        NOT NULL,
    outbox_id  bigint      UNIQUE, -- makes in-app delivery happen exactly once
    kind       text        NOT NULL,
    args       text        NOT NULL DEFAULT '{}',
    process_id uuid        NOT NULL,
    task_id    uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at    timestamptz
);

CREATE INDEX notifications_user ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, id DESC) WHERE read_at IS NULL;

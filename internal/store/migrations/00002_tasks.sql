-- Tasks and who may see them. Projections of the decision log: a rebuild may empty and refill them.

-- +goose Up
CREATE TABLE tasks (
    id               uuid        PRIMARY KEY,
    process_id       uuid        NOT NULL,
    node             int         NOT NULL,
    definition_id    text        NOT NULL,
    step             text        NOT NULL,
    kind             text        NOT NULL,
    title            text        NOT NULL, -- JSON {zh, en}
    process_title    text        NOT NULL, -- JSON {zh, en}
    status           text        NOT NULL CHECK (status IN ('open', 'done', 'closed')),
    assignee         text,
    owner            text, -- who delegated it and gets it back
    outcome          text,
    due_at           timestamptz,
    -- Where the task stands in a list ordered by urgency: tasks without a due date come last.
    due_key          timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, '9999-12-31 00:00:00+00'::timestamptz)) STORED,
    opened_at        timestamptz NOT NULL,
    claimed_at       timestamptz,
    closed_at        timestamptz,
    closed_by        text,
    revision         int         NOT NULL DEFAULT 1,
    priority         int         NOT NULL DEFAULT 0,
    late_start       boolean     NOT NULL DEFAULT false,
    overdue_notified boolean     NOT NULL DEFAULT false
) WITH (fillfactor = 85);

CREATE INDEX tasks_process ON tasks (process_id, opened_at);
CREATE INDEX tasks_assigned ON tasks (assignee, due_key, id) WHERE status = 'open' AND assignee IS NOT NULL;
CREATE INDEX tasks_open ON tasks (due_key, id) WHERE status = 'open';
CREATE INDEX tasks_done ON tasks (closed_by, closed_at DESC, id DESC) WHERE status = 'done';

-- One row per principal that may claim an open task. Rows go when the task is no longer open; while somebody holds the task they
-- stay (a release offers it again) but are marked, so that a group's list never walks over what its members already hold.
CREATE TABLE task_candidates (
    task_id            uuid        NOT NULL,
    principal          text        NOT NULL CHECK (principal ~ '^(user|group|post):.'),
    due_at             timestamptz,
    due_key            timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, '9999-12-31 00:00:00+00'::timestamptz)) STORED,
    claimed            boolean     NOT NULL DEFAULT false,
    excluded           text[]      NOT NULL DEFAULT '{}', -- members of the principal who may not act (for example the starter)
    process_id         uuid        NOT NULL,
    process_started_at timestamptz NOT NULL,
    PRIMARY KEY (task_id, principal)
);

CREATE INDEX task_candidates_claimable ON task_candidates (principal, due_key, task_id) WHERE NOT claimed;
CREATE INDEX task_candidates_processes ON task_candidates (principal, process_started_at DESC, process_id DESC);

-- Who acted in a process, or was sent a copy of it, and so may read it.
CREATE TABLE process_participants (
    process_id         uuid        NOT NULL,
    user_id            text        NOT NULL,
    reason             text        NOT NULL CHECK (reason IN ('acted', 'copied')),
    process_started_at timestamptz NOT NULL,
    since              timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (process_id, user_id)
);

CREATE INDEX process_participants_user ON process_participants (user_id, process_started_at DESC, process_id DESC);

-- Fills what a writer left out, so that an insert needs only (task_id, principal, due_at, excluded). A writer that knows the
-- process gives process_id, process_started_at and claimed itself and saves the look-up.
-- +goose StatementBegin
CREATE FUNCTION task_candidates_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT t.process_id, p.started_at, t.assignee IS NOT NULL
    INTO NEW.process_id, NEW.process_started_at, NEW.claimed
    FROM tasks t JOIN processes p ON p.id = t.process_id
    WHERE t.id = NEW.task_id;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER task_candidates_fill BEFORE INSERT ON task_candidates
    FOR EACH ROW WHEN (NEW.process_id IS NULL OR NEW.process_started_at IS NULL)
    EXECUTE FUNCTION task_candidates_fill();

-- Keeps candidates and participants equal to the task, whoever writes it.
-- +goose StatementBegin
CREATE FUNCTION tasks_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.assignee IS NOT NULL OR NEW.closed_by IS NOT NULL THEN
        INSERT INTO process_participants (process_id, user_id, reason, process_started_at)
        SELECT p.id, u, 'acted', p.started_at
        FROM processes p, unnest(ARRAY[NEW.assignee, NEW.closed_by]) u
        WHERE p.id = NEW.process_id AND u IS NOT NULL AND u <> p.starter
        ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.status <> 'open' THEN
            DELETE FROM task_candidates WHERE task_id = NEW.id;
        ELSE
            UPDATE task_candidates SET claimed = NEW.assignee IS NOT NULL, due_at = NEW.due_at WHERE task_id = NEW.id;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER tasks_follow_insert AFTER INSERT ON tasks
    FOR EACH ROW WHEN (NEW.assignee IS NOT NULL OR NEW.closed_by IS NOT NULL)
    EXECUTE FUNCTION tasks_follow();
CREATE TRIGGER tasks_follow_update AFTER UPDATE OF status, assignee, due_at, closed_by ON tasks
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.assignee IS DISTINCT FROM NEW.assignee
                       OR OLD.due_at IS DISTINCT FROM NEW.due_at OR OLD.closed_by IS DISTINCT FROM NEW.closed_by)
    EXECUTE FUNCTION tasks_follow();

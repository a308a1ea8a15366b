-- Completing a task that one holds makes nobody new a participant: the trigger no longer asks whether it does.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION tasks_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.assignee IS DISTINCT FROM OLD.assignee OR NEW.closed_by IS DISTINCT FROM OLD.assignee THEN
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

-- Who could have taken a task, kept with the task itself: somebody who loses a race for it, or from whom it was taken, may still
-- learn how it ended. The rows of task_candidates are those of open tasks alone, so no inbox grows with what is done.
--
-- People go on working meanwhile: no lock is waited for behind which others would queue for long, and what is read from the log
-- is written batch by batch. Broken off at any point, the migration may be run again.

-- +goose NO TRANSACTION
-- +goose Up
SET statement_timeout = 0;
SET lock_timeout = '500ms';

-- Constant defaults: no row is written. Behind a long list the ALTER gives up, lets those pass who came after it, and tries again.
-- +goose StatementBegin
DO $$
BEGIN
    FOR attempt IN 1..60 LOOP
        BEGIN
            ALTER TABLE tasks
                ADD COLUMN IF NOT EXISTS former   text[] NOT NULL DEFAULT '{}', -- principals that could have taken it, until it closed or was given to others
                ADD COLUMN IF NOT EXISTS excluded text[] NOT NULL DEFAULT '{}'; -- members of those principals who may not act (for example the starter)
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.5);
        END;
    END LOOP;
    RAISE EXCEPTION 'the table tasks was in use for a minute' USING HINT = 'End long transactions that read it, then run steward migrate again.';
END
$$;
-- +goose StatementEnd

RESET lock_timeout;

-- Folds the changes of one task in the order of the log, as a rebuild does. closing says of each change whether the task closes in
-- the same row of the log: nobody is offered such a task any more.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION tasks_fold_former(changes json[], closing boolean[], OUT former text[], OUT excluded text[]) LANGUAGE plpgsql AS $$
DECLARE
    change     json;
    candidates text[] := '{}';
    offered    text[];
    assignee   text;
BEGIN
    former := '{}';
    excluded := '{}';
    FOR i IN 1..cardinality(changes) LOOP
        change := changes[i];
        CASE change ->> 'k'
        WHEN 'task.opened' THEN
            assignee := change #>> '{task,assignee}';
            candidates := ARRAY(SELECT json_array_elements_text(coalesce(change #> '{task,candidates}', '[]')));
            excluded := ARRAY(SELECT json_array_elements_text(coalesce(change #> '{task,exclude}', '[]')));
        WHEN 'task.assigned' THEN
            IF assignee <> coalesce(change ->> 'assignee', '') THEN
                former := array_append(array_remove(former, 'user:' || assignee), 'user:' || assignee);
            END IF;
            assignee := change ->> 'assignee';
            IF change ->> 'verb' = 'escalate' THEN
                offered := ARRAY(SELECT json_array_elements_text(coalesce(change -> 'candidates', '[]')));
                IF NOT candidates <@ offered THEN
                    former := ARRAY(SELECT unnest(former) UNION (SELECT unnest(candidates) EXCEPT SELECT unnest(offered)) ORDER BY 1);
                END IF;
                candidates := CASE WHEN closing[i] THEN ARRAY(SELECT unnest(candidates) INTERSECT SELECT unnest(offered)) ELSE offered END;
            END IF;
        WHEN 'task.closed' THEN
            former := ARRAY(SELECT unnest(former) UNION SELECT unnest(candidates) ORDER BY 1);
            candidates := '{}';
        ELSE
            NULL; -- says nothing about who may take it
        END CASE;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Reads from the log who could have taken each task, and writes where the task says otherwise. Each batch is a transaction that
-- holds its processes as a decision does. It reads some hundred rows of the log, in some milliseconds; a process with more of them
-- makes a batch of its own. It may run at any time beside any program, and again.
-- +goose StatementBegin
CREATE OR REPLACE PROCEDURE tasks_fill_former() LANGUAGE plpgsql AS $$
DECLARE
    last  uuid := '00000000-0000-0000-0000-000000000000';
    batch uuid[];
BEGIN
    LOOP
        batch := ARRAY(
            SELECT id FROM (
                SELECT id, sum(seq + 1) OVER (ORDER BY id) AS through, row_number() OVER (ORDER BY id) AS n
                FROM (SELECT id, seq FROM processes WHERE id > last ORDER BY id LIMIT 50) ahead
            ) counted
            WHERE through <= 500 OR n = 1
            ORDER BY id);
        EXIT WHEN cardinality(batch) = 0;
        PERFORM FROM processes WHERE id = ANY (batch) ORDER BY id FOR NO KEY UPDATE;
        UPDATE tasks t SET former = f.former, excluded = f.excluded
        FROM (
            SELECT id, array_agg(c ORDER BY seq, n) AS changes, array_agg(closing ORDER BY seq, n) AS closing
            FROM (
                SELECT id, seq, n, c, bool_or(k = 'task.closed') OVER (PARTITION BY id, seq) AS closing
                FROM (
                    SELECT l.seq, e.n, e.c, e.c ->> 'k' AS k, coalesce(e.c #>> '{task,id}', e.c ->> 'task')::uuid AS id
                    -- A NUL, which only texts can hold that nobody reads here, is valid JSON that Postgres refuses to take apart.
                    FROM decision_log l, json_array_elements(replace(l.changes, '\u0000', '\ufffd')::json) WITH ORDINALITY e (c, n)
                    WHERE l.process_id = ANY (batch) AND l.changes LIKE '%{"k":"task.%' AND e.c::text LIKE '{"k":"task.%'
                ) changed
            ) marked
            GROUP BY id
        ) folded, tasks_fold_former(folded.changes, folded.closing) f
        WHERE t.id = folded.id AND (t.former, t.excluded) IS DISTINCT FROM (f.former, f.excluded);
        last := batch[cardinality(batch)];
        COMMIT;
    END LOOP;
END
$$;
-- +goose StatementEnd

CALL tasks_fill_former();

RESET statement_timeout;

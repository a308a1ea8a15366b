-- Who could have taken a task, kept with the task itself: somebody who loses a race for it, or from whom it was taken, may still
-- learn how it ended. The rows of task_candidates are those of open tasks alone, so no inbox grows with what is done.

-- +goose Up
ALTER TABLE tasks
    ADD COLUMN former   text[] NOT NULL DEFAULT '{}', -- principals that could have taken it, until it closed or was given to others
    ADD COLUMN excluded text[] NOT NULL DEFAULT '{}'; -- members of those principals who may not act (for example the starter)

-- What closed before: its candidates are read from the decision log once.
WITH opened AS (
    SELECT (c -> 'task' ->> 'id')::uuid AS id,
           ARRAY(SELECT jsonb_array_elements_text(coalesce(c -> 'task' -> 'candidates', '[]')) ORDER BY 1) AS offered,
           ARRAY(SELECT jsonb_array_elements_text(coalesce(c -> 'task' -> 'exclude', '[]'))) AS excluded
    FROM decision_log l, jsonb_array_elements(l.changes::jsonb) c
    WHERE c ->> 'k' = 'task.opened'
)
UPDATE tasks t SET excluded = o.excluded, former = CASE WHEN t.status = 'open' THEN '{}' ELSE o.offered END
FROM opened o WHERE o.id = t.id;

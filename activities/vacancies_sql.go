package activities

// sqlPlanning is for the queries below. What they cost is bounded by their limits, which the planner does not see: it would compile
// them to machine code for seconds.
const sqlPlanning = `SELECT set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)`

// sqlActive begins the question whether the person whose id follows is active; NULL says that there is no such person. Asked like this,
// and not by a join, it always goes along the key.
const sqlActive = `(SELECT u.active FROM users u WHERE u.id = `

// sqlWaiting answers the principals after $1 that tasks wait for, at most $2, and the active people behind each as a list of ids, at
// most one more than smallGroup ($3). It goes from one principal to the next along the inbox's index, over no matter how many tasks.
const sqlWaiting = `WITH RECURSIVE waiting (n, p) AS (
 SELECT 1, (SELECT c.principal FROM task_candidates c WHERE NOT c.claimed AND c.principal > $1 ORDER BY c.principal, c.due_key LIMIT 1)
 UNION ALL
 SELECT n + 1, (SELECT c.principal FROM task_candidates c WHERE NOT c.claimed AND c.principal > w.p ORDER BY c.principal, c.due_key LIMIT 1)
 FROM waiting w WHERE w.p IS NOT NULL AND n < $2)
SELECT p, CASE
 WHEN p LIKE 'user:%' THEN ARRAY(SELECT u.id FROM users u WHERE u.id = substr(p, 6) AND u.active)
 WHEN p LIKE 'group:%' THEN ARRAY(SELECT m.user_id FROM memberships m WHERE m.group_id = substr(p, 7) AND ` + sqlActive + `m.user_id) LIMIT $3 + 1)
 ELSE ARRAY(SELECT h.user_id FROM post_holders h WHERE h.post_id = substr(p, 6) AND ` + sqlActive + `h.user_id) LIMIT $3 + 1) END
FROM waiting WHERE p IS NOT NULL ORDER BY n`

// sqlCapable says whether an active person behind the principal of candidate c may do its task.
const sqlCapable = `CASE
 WHEN c.principal LIKE 'user:%' THEN substr(c.principal, 6) <> ALL (c.excluded) AND coalesce(` + sqlActive + `substr(c.principal, 6)), false)
 WHEN c.principal LIKE 'group:%' THEN EXISTS (SELECT FROM memberships m WHERE m.group_id = substr(c.principal, 7)
  AND m.user_id <> ALL (c.excluded) AND ` + sqlActive + `m.user_id))
 ELSE EXISTS (SELECT FROM post_holders h WHERE h.post_id = substr(c.principal, 6)
  AND h.user_id <> ALL (c.excluded) AND ` + sqlActive + `h.user_id)) END`

// sqlCrowded says of candidate c that more than smallGroup people may not do its task. The index task_candidates_crowded says the same,
// word for word: the rows of large groups are found along it, without a look at the others.
const sqlCrowded = `cardinality(c.excluded) > 4`

// sqlLooked reads at most $6 tasks that wait for the principals $1, behind whom are the people $2 (ids joined by commas), and for the
// principals $7, behind whom are more, those from which many are excluded, after the place $3, $4, $5. It answers for each principal up to where it read, how many of its
// tasks nobody can do, the first, and whether anything was left. A task that waits for several principals counts for the first of them,
// which is a group or post where there is one. Each long list of excluded people is held against a large group once, and all these
// lists together have about $6 people at most: the look ends before one more.
const sqlLooked = `WITH small AS MATERIALIZED (SELECT p, string_to_array(m, ',') AS members FROM unnest($1::text[], $2::text[]) s (p, m)),
ahead AS MATERIALIZED (
 SELECT *, row_number() OVER (ORDER BY principal, due_key, task_id) AS n FROM (
  (SELECT c.principal, c.due_key, c.task_id, c.excluded FROM task_candidates c
  WHERE NOT c.claimed AND c.principal = ANY ($1) AND (c.principal, c.due_key, c.task_id) > ($3::text, $4::timestamptz, $5::uuid)
  ORDER BY c.principal, c.due_key, c.task_id LIMIT $6::int)
  UNION ALL
  (SELECT c.principal, c.due_key, c.task_id, c.excluded FROM task_candidates c
  WHERE NOT c.claimed AND ` + sqlCrowded + ` AND c.principal = ANY ($7) AND (c.principal, c.due_key, c.task_id) > ($3::text, $4::timestamptz, $5::uuid)
  ORDER BY c.principal, c.due_key, c.task_id LIMIT $6::int)) c
 ORDER BY principal, due_key, task_id LIMIT $6::int),
crowded AS MATERIALIZED (
 SELECT *, sum(cardinality(excluded)) OVER (ORDER BY n) - cardinality(excluded) AS before
 FROM (SELECT c.principal, c.excluded, min(c.n) AS n FROM ahead c WHERE ` + sqlCrowded + ` GROUP BY c.principal, c.excluded) c),
looked AS MATERIALIZED (SELECT * FROM ahead WHERE n < coalesce((SELECT min(n) FROM crowded WHERE before >= $6::int), $6::int + 1)),
barred AS MATERIALIZED (SELECT c.principal, c.excluded FROM crowded c WHERE c.before < $6::int AND c.principal = ANY ($7) AND NOT ` + sqlCapable + `),
stuck AS MATERIALIZED (
 SELECT l.n, l.task_id, l.principal FROM looked l LEFT JOIN small s ON s.p = l.principal
 WHERE CASE WHEN s.p IS NULL THEN (l.principal, l.excluded) IN (SELECT principal, excluded FROM barred) ELSE s.members <@ l.excluded END),
others AS MATERIALIZED (
 SELECT s.n, c.principal, c.excluded, c.principal < s.principal AS counts FROM stuck s
 CROSS JOIN LATERAL (SELECT * FROM task_candidates c WHERE c.task_id = s.task_id AND c.principal <> s.principal OFFSET 0) c),
capable AS MATERIALIZED (SELECT c.principal, c.excluded FROM (SELECT DISTINCT principal, excluded FROM others WHERE NOT counts) c WHERE ` + sqlCapable + `),
vacant AS MATERIALIZED (
 SELECT n FROM stuck EXCEPT SELECT n FROM others WHERE counts OR (principal, excluded) IN (SELECT principal, excluded FROM capable)),
counted AS (
 SELECT l.principal, max(l.due_key) AS due, (array_agg(l.task_id ORDER BY l.n DESC))[1] AS task,
  count(v.n) AS vacant, (array_agg(l.task_id ORDER BY l.n) FILTER (WHERE v.n IS NOT NULL))[1] AS first
 FROM looked l LEFT JOIN vacant v ON v.n = l.n GROUP BY l.principal)
SELECT c.principal, c.due, c.task, c.vacant, CASE WHEN t.id IS NOT NULL THEN json_build_object('id', t.id, 'process', t.process_id, 'title', t.title::json, 'step', t.step) END,
 (SELECT count(*) FROM ahead) = $6::int OR (SELECT count(*) FROM looked) < (SELECT count(*) FROM ahead)
FROM counted c LEFT JOIN tasks t ON t.id = c.first ORDER BY c.principal`

// sqlHolders answers the people after $1 who have open tasks, at most $2, and of those who left how many tasks, counted up to $3,
// and the first.
const sqlHolders = `WITH RECURSIVE holders (n, h) AS (
 SELECT 1, (SELECT t.assignee FROM tasks t WHERE t.status = 'open' AND t.assignee > $1 ORDER BY t.assignee LIMIT 1)
 UNION ALL
 SELECT n + 1, (SELECT t.assignee FROM tasks t WHERE t.status = 'open' AND t.assignee > w.h ORDER BY t.assignee LIMIT 1)
 FROM holders w WHERE w.h IS NOT NULL AND n < $2)
SELECT h, coalesce(c.tasks, 0), f.first
FROM (SELECT n, h, coalesce(` + sqlActive + `h), false) AS there FROM holders WHERE h IS NOT NULL) p
LEFT JOIN LATERAL (SELECT count(*) AS tasks FROM (SELECT FROM tasks t WHERE NOT there AND t.status = 'open' AND t.assignee = h LIMIT $3) t) c ON true
LEFT JOIN LATERAL (SELECT json_build_object('id', t.id, 'process', t.process_id, 'title', t.title::json, 'step', t.step) AS first FROM tasks t
 WHERE NOT there AND t.status = 'open' AND t.assignee = h ORDER BY t.due_key, t.id LIMIT 1) f ON true
ORDER BY n`

// sqlStaffed closes the incidents whose event begins with $2 and goes on with a name after $3, up to $4 (NULL: to the end), unless it
// is one of $5. It also closes those that name a task, as one was opened for each task once.
const sqlStaffed = `UPDATE incidents i SET resolved_at = clock_timestamp(), resolution = 'staffed', resolved_by = 'steward'
FROM (SELECT id, substr(event_id, length($2) + 1) AS name FROM incidents
 WHERE kind = $1 AND resolved_at IS NULL AND starts_with(event_id, $2)) o
WHERE i.id = o.id AND i.resolved_at IS NULL AND o.name > $3 AND ($4::text IS NULL OR o.name <= $4) AND o.name <> ALL ($5::text[])`

// sqlRefreshVacancies brings the open incidents of some events up to date.
const sqlRefreshVacancies = `UPDATE incidents i SET process_id = f.process, message = f.message, detail = f.detail
FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) f (event, process, message, detail)
WHERE i.kind = $1 AND i.resolved_at IS NULL AND i.event_id = f.event
 AND (i.process_id, i.message, i.detail) IS DISTINCT FROM (f.process, f.message, f.detail)`

// sqlOpenVacancies opens incidents of events that have none.
const sqlOpenVacancies = `INSERT INTO incidents (kind, event_id, process_id, message, detail)
SELECT $1, f.event, f.process, f.message, f.detail FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) f (event, process, message, detail)
WHERE NOT EXISTS (SELECT FROM incidents i WHERE i.kind = $1 AND i.resolved_at IS NULL AND i.event_id = f.event)`

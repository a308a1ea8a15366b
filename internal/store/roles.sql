-- What the application's role may do, granted by the owner of the schema after every migration: `steward migrate --grant-to ROLE`.
-- It reads and writes rows and changes nothing else. The decision log and the audit trail it can only add to: UPDATE, DELETE and
-- TRUNCATE belong to the owner and the archiver. {{role}} stands for the role's quoted name, {{schema}} for the schema's.

GRANT USAGE ON SCHEMA {{schema}} TO {{role}};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {{schema}} TO {{role}};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {{schema}} TO {{role}};
REVOKE UPDATE, DELETE, TRUNCATE ON decision_log, audit FROM {{role}};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON goose_db_version FROM {{role}};

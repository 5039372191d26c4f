-- migration 1: sealed rows, checkpoints, subscribers
CREATE TABLE ledger (
	pos bigint PRIMARY KEY,
	id text NOT NULL UNIQUE,
	at bigint NOT NULL,
	actor text NOT NULL,
	unit text NOT NULL,
	kind text NOT NULL,
	subject text NOT NULL,
	body text NOT NULL,
	hash text NOT NULL
);
CREATE INDEX ledger_subject ON ledger (subject, pos);
CREATE INDEX ledger_unit ON ledger (unit, pos);
CREATE INDEX ledger_kind ON ledger (kind, pos);
CREATE INDEX ledger_actor ON ledger (actor, pos);
CREATE TABLE ledger_checkpoint (
	seq bigint PRIMARY KEY,
	size bigint NOT NULL,
	at bigint NOT NULL,
	note text NOT NULL
);
CREATE TABLE ledger_subscriber (
	name text PRIMARY KEY,
	pos bigint NOT NULL,
	failures bigint NOT NULL DEFAULT 0,
	error text NOT NULL DEFAULT '',
	at bigint NOT NULL DEFAULT 0
);
-- migration 2 (sqlite): sealed rows can't be changed by a mistake of the program
-- begin
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN
	SELECT RAISE(ABORT, 'sealed rows of the ledger do not change');
END;
-- end
-- begin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN
	SELECT RAISE(ABORT, 'sealed rows of the ledger do not change');
END;
-- end
-- migration 2 (postgres): sealed rows can't be changed by a mistake of the program
-- begin
CREATE FUNCTION ledger_refuse() RETURNS trigger AS $$
BEGIN
	RAISE EXCEPTION 'sealed rows of the ledger do not change';
END;
$$ LANGUAGE plpgsql;
-- end
CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger EXECUTE FUNCTION ledger_refuse();

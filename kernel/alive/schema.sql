-- migration 1: processes
CREATE TABLE alive_process (
	id text PRIMARY KEY,
	host text NOT NULL,
	pid bigint NOT NULL,
	roles text NOT NULL,
	version text NOT NULL,
	started bigint NOT NULL,
	seen bigint NOT NULL
);

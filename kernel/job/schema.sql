-- migration 1: jobs, and what is run again and again
CREATE TABLE job (
	id text PRIMARY KEY,
	kind text NOT NULL,
	key text NOT NULL,
	state text NOT NULL,
	due bigint NOT NULL,
	deadline bigint NOT NULL,
	body text NOT NULL,
	attempt bigint NOT NULL DEFAULT 0,
	created bigint NOT NULL,
	started bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0,
	claim text NOT NULL DEFAULT '',
	lease bigint NOT NULL DEFAULT 0,
	error text NOT NULL DEFAULT '',
	UNIQUE (kind, key)
);
CREATE INDEX job_due ON job (state, due, id);
CREATE INDEX job_ended ON job (state, ended, id);
CREATE TABLE job_recurring (
	name text PRIMARY KEY,
	due bigint NOT NULL,
	claim text NOT NULL DEFAULT '',
	lease bigint NOT NULL DEFAULT 0,
	ran bigint NOT NULL DEFAULT 0,
	took bigint NOT NULL DEFAULT 0,
	failures bigint NOT NULL DEFAULT 0,
	error text NOT NULL DEFAULT ''
);

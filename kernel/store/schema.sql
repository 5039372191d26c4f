-- migration 1: numbers for people, the ledger's intake, the subjects' keys
CREATE TABLE store_number (
	series text NOT NULL,
	year bigint NOT NULL,
	last bigint NOT NULL,
	PRIMARY KEY (series, year)
);
CREATE TABLE ledger_pending (
	id text PRIMARY KEY,
	at bigint NOT NULL,
	actor text NOT NULL,
	unit text NOT NULL,
	kind text NOT NULL,
	subject text NOT NULL,
	body text NOT NULL
);
CREATE TABLE store_subject_key (
	subject text PRIMARY KEY,
	wrapped text NOT NULL,
	created bigint NOT NULL,
	destroyed bigint NOT NULL DEFAULT 0
);

-- migration 1: sources, their secrets, the journal, counters, files, unknown senders
CREATE TABLE telemetry_source (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	kind text NOT NULL,
	unit text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	networks text NOT NULL,
	hosts text NOT NULL,
	zone text NOT NULL,
	silent_after bigint NOT NULL,
	stopped bigint NOT NULL DEFAULT 0,
	created bigint NOT NULL,
	last_seen bigint NOT NULL DEFAULT 0,
	silent_since bigint NOT NULL DEFAULT 0
);
CREATE INDEX telemetry_source_unit ON telemetry_source (unit, id);
CREATE TABLE telemetry_secret (
	id text PRIMARY KEY,
	digest text NOT NULL UNIQUE,
	source text NOT NULL,
	issued bigint NOT NULL,
	issued_by text NOT NULL,
	until bigint NOT NULL DEFAULT 0,
	last_used bigint NOT NULL DEFAULT 0
);
CREATE INDEX telemetry_secret_source ON telemetry_secret (source);
CREATE TABLE telemetry_batch (
	id text PRIMARY KEY,
	source text NOT NULL,
	unit text NOT NULL,
	received bigint NOT NULL,
	events bigint NOT NULL,
	bytes bigint NOT NULL,
	size bigint NOT NULL,
	state smallint NOT NULL DEFAULT 0,
	claim text NOT NULL DEFAULT '',
	claimed_until bigint NOT NULL DEFAULT 0,
	attempts bigint NOT NULL DEFAULT 0,
	retry_at bigint NOT NULL DEFAULT 0,
	error text NOT NULL DEFAULT '',
	applied bigint NOT NULL DEFAULT 0,
	stored bigint NOT NULL DEFAULT 0,
	unreadable bigint NOT NULL DEFAULT 0
);
CREATE INDEX telemetry_batch_state ON telemetry_batch (state, id);
CREATE TABLE telemetry_body (
	batch text PRIMARY KEY,
	body bytea NOT NULL
);
CREATE TABLE telemetry_count (
	source text NOT NULL,
	span bigint NOT NULL,
	at bigint NOT NULL,
	journaled bigint NOT NULL DEFAULT 0,
	stored bigint NOT NULL DEFAULT 0,
	unreadable bigint NOT NULL DEFAULT 0,
	dropped bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (source, span, at)
);
CREATE INDEX telemetry_count_at ON telemetry_count (span, at);
CREATE TABLE telemetry_delivery (
	id text PRIMARY KEY,
	batch text NOT NULL,
	events bigint NOT NULL,
	unreadable bigint NOT NULL,
	at bigint NOT NULL
);
CREATE INDEX telemetry_delivery_at ON telemetry_delivery (at);
CREATE TABLE telemetry_file (
	digest text NOT NULL,
	source text NOT NULL,
	name text NOT NULL,
	size bigint NOT NULL,
	events bigint NOT NULL DEFAULT 0,
	unreadable bigint NOT NULL DEFAULT 0,
	begun bigint NOT NULL,
	finished bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (digest, source)
);
CREATE TABLE telemetry_sender (
	address text NOT NULL,
	host text NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	events bigint NOT NULL,
	PRIMARY KEY (address, host)
);
CREATE TABLE telemetry_epoch (
	epoch bigint NOT NULL
);
INSERT INTO telemetry_epoch (epoch) VALUES (1);
-- migration 2: saved searches
CREATE TABLE telemetry_search (
	id text PRIMARY KEY,
	name text NOT NULL,
	owner text NOT NULL,
	unit text NOT NULL,
	shared smallint NOT NULL,
	body text NOT NULL,
	last text NOT NULL,
	source text NOT NULL,
	created bigint NOT NULL,
	UNIQUE (owner, name)
);
CREATE INDEX telemetry_search_unit ON telemetry_search (unit, name) WHERE shared = 1;
-- migration 3: relays, their tokens, reports and history; the outbox of a relay
CREATE TABLE telemetry_relay (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	unit text NOT NULL,
	sources text NOT NULL,
	silent_after bigint NOT NULL,
	created bigint NOT NULL,
	created_by text NOT NULL,
	serial text NOT NULL DEFAULT '',
	next_serial text NOT NULL DEFAULT '',
	until bigint NOT NULL DEFAULT 0,
	enrolled bigint NOT NULL DEFAULT 0,
	revoked bigint NOT NULL DEFAULT 0,
	epoch text NOT NULL DEFAULT '',
	seq bigint NOT NULL DEFAULT 0,
	digest text NOT NULL DEFAULT '',
	last_seen bigint NOT NULL DEFAULT 0,
	silent_since bigint NOT NULL DEFAULT 0,
	address text NOT NULL DEFAULT '',
	skew bigint NOT NULL DEFAULT 0,
	report text NOT NULL DEFAULT ''
);
CREATE INDEX telemetry_relay_unit ON telemetry_relay (unit, id);
CREATE INDEX telemetry_relay_serial ON telemetry_relay (serial);
CREATE INDEX telemetry_relay_next ON telemetry_relay (next_serial);
CREATE TABLE telemetry_relay_token (
	digest text PRIMARY KEY,
	relay text NOT NULL,
	until bigint NOT NULL,
	used bigint NOT NULL DEFAULT 0
);
CREATE TABLE telemetry_relay_count (
	relay text NOT NULL,
	at bigint NOT NULL,
	events bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	strayed bigint NOT NULL DEFAULT 0,
	dropped bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	waiting bigint NOT NULL DEFAULT 0,
	delay bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (relay, at)
);
CREATE TABLE telemetry_outbox (
	one smallint PRIMARY KEY,
	epoch text NOT NULL,
	seq bigint NOT NULL DEFAULT 0,
	head text NOT NULL DEFAULT '',
	mapping text NOT NULL DEFAULT '',
	contact bigint NOT NULL DEFAULT 0,
	problem text NOT NULL DEFAULT ''
);
-- migration 4: personal fields of sources
ALTER TABLE telemetry_source ADD COLUMN masks text NOT NULL DEFAULT '[]';
ALTER TABLE telemetry_source ADD COLUMN mask_mode text NOT NULL DEFAULT '';
-- migration 5: whose child keeps the events, where many servers share a database
CREATE TABLE telemetry_keeper (
	one smallint PRIMARY KEY,
	id text NOT NULL,
	host text NOT NULL,
	folder text NOT NULL
);
-- migration 6: how long events are kept by class, and events whose time lies outside of that
ALTER TABLE telemetry_source ADD COLUMN class text NOT NULL DEFAULT '';
ALTER TABLE telemetry_batch ADD COLUMN class text NOT NULL DEFAULT '';
ALTER TABLE telemetry_batch ADD COLUMN arrived bigint NOT NULL DEFAULT 0;
ALTER TABLE telemetry_batch ADD COLUMN horizon bigint NOT NULL DEFAULT 0;
ALTER TABLE telemetry_batch ADD COLUMN outside bigint NOT NULL DEFAULT 0;
ALTER TABLE telemetry_count ADD COLUMN outside bigint NOT NULL DEFAULT 0;
-- migration 7: sources whose events are kept on the way and come later
CREATE TABLE telemetry_late (
	source text NOT NULL,
	way text NOT NULL,
	last bigint NOT NULL,
	PRIMARY KEY (source, way)
);

-- migration 1: blocks of events in order of time
CREATE TABLE event_block (
	batch text NOT NULL,
	part bigint NOT NULL,
	source text NOT NULL,
	unit text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	received bigint NOT NULL,
	oldest bigint NOT NULL,
	newest bigint NOT NULL,
	events bigint NOT NULL,
	problems bigint NOT NULL,
	PRIMARY KEY (batch, part)
);
CREATE INDEX event_block_newest ON event_block (newest, batch, part);
CREATE INDEX event_block_source ON event_block (source, newest, batch, part);
CREATE TABLE event_body (
	batch text NOT NULL,
	part bigint NOT NULL,
	body bytea NOT NULL,
	PRIMARY KEY (batch, part)
);

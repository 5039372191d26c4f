-- migration 1: links, sessions, passkeys, ceremonies, tokens
CREATE TABLE identity_link (
	digest text PRIMARY KEY,
	person text NOT NULL,
	purpose text NOT NULL,
	made_by text NOT NULL,
	made bigint NOT NULL,
	until bigint NOT NULL,
	used bigint NOT NULL DEFAULT 0
);
CREATE TABLE identity_session (
	digest text PRIMARY KEY,
	id text NOT NULL UNIQUE,
	person text NOT NULL,
	method text NOT NULL,
	agent text NOT NULL,
	network text NOT NULL,
	began bigint NOT NULL,
	seen bigint NOT NULL,
	until bigint NOT NULL
);
CREATE INDEX identity_session_person ON identity_session (person);
CREATE TABLE identity_passkey (
	id text PRIMARY KEY,
	person text NOT NULL,
	name text NOT NULL,
	credential text NOT NULL,
	made bigint NOT NULL,
	used bigint NOT NULL DEFAULT 0,
	removed bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_passkey_person ON identity_passkey (person);
CREATE TABLE identity_handle (
	handle text PRIMARY KEY,
	person text NOT NULL UNIQUE
);
CREATE TABLE identity_ceremony (
	digest text PRIMARY KEY,
	person text NOT NULL,
	data text NOT NULL,
	until bigint NOT NULL
);
CREATE TABLE identity_token (
	id text PRIMARY KEY,
	digest text NOT NULL UNIQUE,
	person text NOT NULL,
	name text NOT NULL,
	acts text NOT NULL,
	made bigint NOT NULL,
	until bigint NOT NULL,
	used bigint NOT NULL DEFAULT 0,
	revoked bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_token_person ON identity_token (person);

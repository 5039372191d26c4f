-- migration 1: inboxes, preferences, webhooks
CREATE TABLE notify_inbox (
	id text PRIMARY KEY,
	person text NOT NULL,
	at bigint NOT NULL,
	topic text NOT NULL,
	key text NOT NULL,
	subject text NOT NULL,
	body text NOT NULL,
	href text NOT NULL,
	urgent smallint NOT NULL,
	seen bigint NOT NULL DEFAULT 0,
	mailed bigint NOT NULL DEFAULT 0,
	digest smallint NOT NULL DEFAULT 0,
	UNIQUE (person, key)
);
CREATE INDEX notify_inbox_person ON notify_inbox (person, at, id);
CREATE INDEX notify_inbox_unseen ON notify_inbox (person, seen);
CREATE INDEX notify_inbox_at ON notify_inbox (at);
CREATE TABLE notify_preference (
	person text PRIMARY KEY,
	mail text NOT NULL,
	digest_at bigint NOT NULL,
	quiet_from bigint NOT NULL,
	quiet_to bigint NOT NULL,
	quiet_days bigint NOT NULL
);
CREATE TABLE notify_target (
	id text PRIMARY KEY,
	name text NOT NULL,
	url text NOT NULL,
	secret text NOT NULL,
	topics text NOT NULL,
	urgent smallint NOT NULL,
	created bigint NOT NULL
);

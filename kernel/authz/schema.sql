-- migration 1: units, grants
CREATE TABLE authz_unit (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	kind text NOT NULL,
	parent text NOT NULL,
	region text NOT NULL,
	path text NOT NULL,
	geo text NOT NULL
);
CREATE INDEX authz_unit_path ON authz_unit (path);
CREATE INDEX authz_unit_geo ON authz_unit (geo);
CREATE TABLE authz_epoch (
	epoch bigint NOT NULL
);
INSERT INTO authz_epoch (epoch) VALUES (1);
CREATE TABLE authz_grant (
	id text PRIMARY KEY,
	person text NOT NULL,
	role text NOT NULL,
	tree text NOT NULL,
	unit text NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	until bigint NOT NULL,
	approver text NOT NULL DEFAULT '',
	approved bigint NOT NULL DEFAULT 0,
	revoked bigint NOT NULL DEFAULT 0
);
CREATE INDEX authz_grant_person ON authz_grant (person);
CREATE INDEX authz_grant_unit ON authz_grant (unit);
-- migration 2: people as every area needs to name and to reach them
CREATE TABLE authz_person (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	unit text NOT NULL,
	email text NOT NULL,
	lang text NOT NULL,
	zone text NOT NULL,
	active smallint NOT NULL
);
CREATE INDEX authz_person_unit ON authz_person (unit, id);
CREATE INDEX authz_person_email ON authz_person (email);
-- migration 3: roles that wait for approval
CREATE INDEX authz_grant_waiting ON authz_grant (asked) WHERE approver = '' AND revoked = 0;
-- migration 4: people are looked up by address as it is typed
CREATE INDEX authz_person_address ON authz_person (LOWER(email));
-- migration 5: since when people are known
ALTER TABLE authz_person ADD COLUMN added bigint NOT NULL DEFAULT 0;

-- migration 1: products, their models and versions
CREATE TABLE psirt_product_family (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL DEFAULT '',
	unit text NOT NULL
);
CREATE INDEX psirt_product_family_unit ON psirt_product_family (unit);
-- migration 2: cases and CVE IDs
CREATE TABLE psirt_case (
	id text PRIMARY KEY,
	number text NOT NULL UNIQUE,
	version bigint NOT NULL DEFAULT 1,
	title text NOT NULL,
	unit text NOT NULL DEFAULT '',
	state text NOT NULL,
	restricted smallint NOT NULL DEFAULT 1,
	opened bigint NOT NULL
);
CREATE TABLE psirt_case_access (
	case_id text NOT NULL,
	person text NOT NULL,
	since bigint NOT NULL,
	added_by text NOT NULL,
	PRIMARY KEY (case_id, person)
);
CREATE INDEX psirt_case_access_person ON psirt_case_access (person);
-- migration 3: advisories and their publication
CREATE TABLE psirt_advisory (
	id text PRIMARY KEY,
	number text NOT NULL UNIQUE,
	case_id text NOT NULL DEFAULT '',
	title text NOT NULL,
	state text NOT NULL,
	made bigint NOT NULL
);
CREATE INDEX psirt_advisory_case ON psirt_advisory (case_id);

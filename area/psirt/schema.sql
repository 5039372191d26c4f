-- migration 1: products, their models and versions
CREATE TABLE psirt_product_family (
	id text PRIMARY KEY,
	name text NOT NULL UNIQUE,
	name_ja text NOT NULL DEFAULT '',
	scheme text NOT NULL,
	unit text NOT NULL,
	version bigint NOT NULL DEFAULT 1
);
CREATE INDEX psirt_product_family_unit ON psirt_product_family (unit);
CREATE TABLE psirt_product (
	id text PRIMARY KEY,
	version bigint NOT NULL DEFAULT 1,
	family text NOT NULL DEFAULT '',
	vendor text NOT NULL,
	vendor_ja text NOT NULL DEFAULT '',
	name text NOT NULL,
	name_ja text NOT NULL DEFAULT '',
	scheme text NOT NULL DEFAULT '',
	software smallint NOT NULL DEFAULT 0,
	unit text NOT NULL,
	cpe text NOT NULL DEFAULT '',
	purl text NOT NULL DEFAULT '',
	registered bigint NOT NULL,
	changed bigint NOT NULL,
	retired bigint NOT NULL DEFAULT 0,
	support_end bigint NOT NULL DEFAULT 0,
	haystack text NOT NULL DEFAULT '',
	UNIQUE (vendor, name)
);
CREATE INDEX psirt_product_unit ON psirt_product (unit, retired);
CREATE INDEX psirt_product_family_of ON psirt_product (family);
CREATE TABLE psirt_product_model (
	id text PRIMARY KEY,
	product text NOT NULL,
	number text NOT NULL,
	cpe text NOT NULL DEFAULT '',
	retired bigint NOT NULL DEFAULT 0,
	UNIQUE (product, number)
);
CREATE TABLE psirt_product_hardware (
	id text PRIMARY KEY,
	product text NOT NULL,
	model text NOT NULL,
	name text NOT NULL,
	cpe text NOT NULL DEFAULT '',
	serial_from text NOT NULL DEFAULT '',
	serial_through text NOT NULL DEFAULT '',
	UNIQUE (model, name)
);
CREATE INDEX psirt_product_hardware_product ON psirt_product_hardware (product);
CREATE TABLE psirt_product_firmware (
	id text PRIMARY KEY,
	product text NOT NULL,
	version text NOT NULL,
	released bigint NOT NULL DEFAULT 0,
	support_end bigint NOT NULL DEFAULT 0,
	bill text NOT NULL DEFAULT '',
	bill_at bigint NOT NULL DEFAULT 0,
	bill_made bigint NOT NULL DEFAULT 0,
	bill_sha256 text NOT NULL DEFAULT '',
	components bigint NOT NULL DEFAULT 0,
	UNIQUE (product, version)
);
CREATE TABLE psirt_product_component (
	firmware text NOT NULL,
	place text NOT NULL,
	product text NOT NULL,
	type text NOT NULL DEFAULT '',
	grp text NOT NULL DEFAULT '',
	name text NOT NULL,
	known text NOT NULL,
	version text NOT NULL DEFAULT '',
	purl text NOT NULL DEFAULT '',
	cpe text NOT NULL DEFAULT '',
	supplier text NOT NULL DEFAULT '',
	license text NOT NULL DEFAULT '',
	sha256 text NOT NULL DEFAULT '',
	PRIMARY KEY (firmware, place)
);
CREATE INDEX psirt_product_component_known ON psirt_product_component (known);
CREATE INDEX psirt_product_component_product ON psirt_product_component (product);
CREATE TABLE psirt_product_import (
	id text PRIMARY KEY,
	kind text NOT NULL,
	person text NOT NULL,
	at bigint NOT NULL,
	unit text NOT NULL,
	vendor text NOT NULL DEFAULT '',
	file bytea NOT NULL,
	sha256 text NOT NULL,
	digest text NOT NULL,
	applied bigint NOT NULL DEFAULT 0
);
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

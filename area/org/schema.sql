-- migration 1: units, people, teams, offices, calendars, imports
CREATE TABLE org_unit (
	id text PRIMARY KEY,
	kind text NOT NULL,
	name text NOT NULL,
	name_ja text NOT NULL,
	parent text NOT NULL,
	region text NOT NULL,
	country text NOT NULL,
	lang text NOT NULL,
	zone text NOT NULL,
	calendar text NOT NULL,
	people bigint NOT NULL DEFAULT 0,
	retired bigint NOT NULL DEFAULT 0,
	added bigint NOT NULL
);
CREATE INDEX org_unit_parent ON org_unit (parent);
CREATE INDEX org_unit_region ON org_unit (region);
CREATE TABLE org_person (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	sort text NOT NULL,
	email text NOT NULL,
	phone text NOT NULL,
	unit text NOT NULL,
	lang text NOT NULL,
	zone text NOT NULL,
	present smallint NOT NULL,
	added bigint NOT NULL,
	gone bigint NOT NULL DEFAULT 0
);
CREATE INDEX org_person_sort ON org_person (present, sort, id);
CREATE INDEX org_person_unit ON org_person (unit, present, sort, id);
CREATE INDEX org_person_email ON org_person (email);
CREATE TABLE org_word (
	word text NOT NULL,
	unit text NOT NULL,
	person text NOT NULL
);
CREATE INDEX org_word_word ON org_word (word, unit, person);
CREATE INDEX org_word_person ON org_word (person, word);
CREATE TABLE org_office (
	id text PRIMARY KEY,
	person text NOT NULL,
	unit text NOT NULL,
	office text NOT NULL,
	title text NOT NULL,
	title_ja text NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL DEFAULT 0
);
CREATE INDEX org_office_person ON org_office (person);
CREATE INDEX org_office_unit ON org_office (unit);
CREATE TABLE org_team (
	id text PRIMARY KEY,
	kind text NOT NULL,
	name text NOT NULL,
	name_ja text NOT NULL,
	unit text NOT NULL,
	email text NOT NULL,
	phone text NOT NULL,
	lead text NOT NULL,
	zone text NOT NULL,
	anchor text NOT NULL,
	handover text NOT NULL,
	days bigint NOT NULL,
	disbanded bigint NOT NULL DEFAULT 0,
	added bigint NOT NULL
);
CREATE INDEX org_team_unit ON org_team (unit, kind);
CREATE TABLE org_member (
	team text NOT NULL,
	person text NOT NULL,
	turn bigint NOT NULL,
	PRIMARY KEY (team, person)
);
CREATE INDEX org_member_person ON org_member (person);
CREATE TABLE org_standin (
	id text PRIMARY KEY,
	team text NOT NULL,
	person text NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL
);
CREATE INDEX org_standin_team ON org_standin (team, until);
CREATE TABLE org_calendar (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL,
	base text NOT NULL,
	week text NOT NULL,
	opens bigint NOT NULL,
	closes bigint NOT NULL
);
CREATE TABLE org_day (
	calendar text NOT NULL,
	day text NOT NULL,
	working smallint NOT NULL,
	name text NOT NULL,
	name_ja text NOT NULL,
	PRIMARY KEY (calendar, day)
);
CREATE TABLE org_import (
	id text PRIMARY KEY,
	kind text NOT NULL,
	person text NOT NULL,
	at bigint NOT NULL,
	file bytea NOT NULL,
	sha256 text NOT NULL,
	preview text NOT NULL,
	digest text NOT NULL,
	applied bigint NOT NULL DEFAULT 0
);

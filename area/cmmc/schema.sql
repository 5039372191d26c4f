-- migration 1: legal entities, enclaves, providers, results, evidence, signals, assessments
CREATE TABLE cmmc_epoch (
	n bigint NOT NULL
);
INSERT INTO cmmc_epoch (n) VALUES (0);
CREATE TABLE cmmc_pulse (
	n bigint PRIMARY KEY,
	system text NOT NULL,
	beat text NOT NULL,
	at bigint NOT NULL
);
CREATE TABLE cmmc_entity (
	id text PRIMARY KEY,
	name text NOT NULL,
	name_ja text NOT NULL DEFAULT '',
	unit text NOT NULL,
	region text NOT NULL DEFAULT '',
	cage text NOT NULL DEFAULT '',
	parent text NOT NULL DEFAULT ''
);
CREATE TABLE cmmc_system (
	id text PRIMARY KEY,
	kind text NOT NULL,
	unit text NOT NULL,
	name text NOT NULL,
	name_ja text NOT NULL DEFAULT '',
	entity text NOT NULL DEFAULT '',
	level smallint NOT NULL DEFAULT 2,
	description text NOT NULL DEFAULT '',
	boundary text NOT NULL DEFAULT '',
	owner text NOT NULL DEFAULT '',
	ssp smallint NOT NULL DEFAULT 0,
	ssp_id text NOT NULL DEFAULT '',
	ssp_version text NOT NULL DEFAULT '',
	ssp_date bigint NOT NULL DEFAULT 0,
	holds text NOT NULL DEFAULT '',
	fedramp text NOT NULL DEFAULT '',
	proof text NOT NULL DEFAULT '',
	conditional_on bigint NOT NULL DEFAULT 0,
	final_on bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL DEFAULT 1,
	created bigint NOT NULL
);
CREATE INDEX cmmc_system_unit ON cmmc_system (unit);
CREATE TABLE cmmc_partial (
	system text NOT NULL,
	requirement text NOT NULL,
	PRIMARY KEY (system, requirement)
);
CREATE TABLE cmmc_share (
	system text NOT NULL,
	provider text NOT NULL,
	objective bigint NOT NULL,
	kind text NOT NULL,
	PRIMARY KEY (system, provider, objective)
);
CREATE INDEX cmmc_share_provider ON cmmc_share (provider);
CREATE TABLE cmmc_asset (
	id text PRIMARY KEY,
	system text NOT NULL,
	name text NOT NULL,
	category text NOT NULL,
	ref text NOT NULL DEFAULT '',
	inventory smallint NOT NULL DEFAULT 0,
	ssp smallint NOT NULL DEFAULT 0,
	diagram smallint NOT NULL DEFAULT 0,
	note text NOT NULL DEFAULT ''
);
CREATE INDEX cmmc_asset_system ON cmmc_asset (system, category);
CREATE TABLE cmmc_judgement (
	system text NOT NULL,
	objective bigint NOT NULL,
	result text NOT NULL,
	reason text NOT NULL DEFAULT '',
	method text NOT NULL DEFAULT '',
	assessor text NOT NULL DEFAULT '',
	notes text NOT NULL DEFAULT '',
	exception text NOT NULL DEFAULT '',
	actor text NOT NULL,
	at bigint NOT NULL,
	reviewer text NOT NULL DEFAULT '',
	reviewed bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (system, objective)
);
CREATE TABLE cmmc_proposal (
	system text NOT NULL,
	objective bigint NOT NULL,
	result text NOT NULL,
	reason text NOT NULL DEFAULT '',
	method text NOT NULL DEFAULT '',
	assessor text NOT NULL DEFAULT '',
	notes text NOT NULL DEFAULT '',
	exception text NOT NULL DEFAULT '',
	actor text NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (system, objective)
);
CREATE TABLE cmmc_task (
	system text NOT NULL,
	objective bigint NOT NULL,
	assignee text NOT NULL,
	due bigint NOT NULL DEFAULT 0,
	actor text NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (system, objective)
);
CREATE INDEX cmmc_task_assignee ON cmmc_task (assignee);
CREATE TABLE cmmc_evidence (
	id text PRIMARY KEY,
	system text NOT NULL,
	name text NOT NULL,
	sha256 text NOT NULL,
	size bigint NOT NULL,
	media text NOT NULL DEFAULT '',
	draft smallint NOT NULL,
	collected bigint NOT NULL,
	valid_until bigint NOT NULL DEFAULT 0,
	actor text NOT NULL,
	at bigint NOT NULL,
	reviewer text NOT NULL DEFAULT '',
	reviewed bigint NOT NULL DEFAULT 0,
	withdrawn bigint NOT NULL DEFAULT 0
);
CREATE INDEX cmmc_evidence_system ON cmmc_evidence (system);
CREATE TABLE cmmc_evidence_of (
	evidence text NOT NULL,
	objective bigint NOT NULL,
	PRIMARY KEY (evidence, objective)
);
CREATE TABLE cmmc_signal (
	system text NOT NULL,
	signal text NOT NULL,
	state text NOT NULL,
	value text NOT NULL DEFAULT '',
	source text NOT NULL DEFAULT '',
	at bigint NOT NULL,
	since bigint NOT NULL,
	PRIMARY KEY (system, signal)
);
CREATE TABLE cmmc_state (
	system text NOT NULL,
	objective bigint NOT NULL,
	said text NOT NULL,
	live text NOT NULL,
	since bigint NOT NULL,
	PRIMARY KEY (system, objective)
);
CREATE TABLE cmmc_change (
	id text PRIMARY KEY,
	system text NOT NULL,
	objective bigint NOT NULL,
	at bigint NOT NULL,
	kind text NOT NULL,
	was text NOT NULL DEFAULT '',
	now text NOT NULL DEFAULT '',
	signal text NOT NULL DEFAULT '',
	was_value text NOT NULL DEFAULT '',
	value text NOT NULL DEFAULT '',
	ref text NOT NULL DEFAULT '',
	actor text NOT NULL
);
CREATE INDEX cmmc_change_system ON cmmc_change (system, at);
CREATE INDEX cmmc_change_objective ON cmmc_change (system, objective, at);
CREATE TABLE cmmc_standing (
	enclave text NOT NULL,
	at bigint NOT NULL,
	level smallint NOT NULL,
	low bigint NOT NULL,
	high bigint NOT NULL,
	status text NOT NULL,
	best text NOT NULL,
	said_low bigint NOT NULL,
	said_high bigint NOT NULL,
	said_status text NOT NULL,
	said_best text NOT NULL,
	PRIMARY KEY (enclave, at)
);
CREATE TABLE cmmc_assessment (
	id text PRIMARY KEY,
	enclave text NOT NULL,
	kind text NOT NULL,
	level smallint NOT NULL,
	day bigint NOT NULL,
	content text NOT NULL,
	sha256 text NOT NULL,
	low bigint NOT NULL,
	high bigint NOT NULL,
	status text NOT NULL,
	assessor text NOT NULL DEFAULT '',
	actor text NOT NULL,
	at bigint NOT NULL
);
CREATE INDEX cmmc_assessment_enclave ON cmmc_assessment (enclave, at);
CREATE TABLE cmmc_finding (
	id text PRIMARY KEY,
	assessment text NOT NULL,
	enclave text NOT NULL,
	objective bigint NOT NULL,
	finding text NOT NULL,
	due bigint NOT NULL DEFAULT 0,
	actor text NOT NULL,
	at bigint NOT NULL,
	closed bigint NOT NULL DEFAULT 0,
	closer text NOT NULL DEFAULT '',
	answer text NOT NULL DEFAULT ''
);
CREATE INDEX cmmc_finding_enclave ON cmmc_finding (enclave);
CREATE TABLE cmmc_affirmation (
	id text PRIMARY KEY,
	enclave text NOT NULL,
	day bigint NOT NULL,
	content text NOT NULL,
	sha256 text NOT NULL,
	actor text NOT NULL,
	at bigint NOT NULL
);
CREATE INDEX cmmc_affirmation_enclave ON cmmc_affirmation (enclave, at);
CREATE TABLE cmmc_assessor (
	enclave text NOT NULL,
	person text NOT NULL,
	until bigint NOT NULL,
	actor text NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (enclave, person)
);
CREATE INDEX cmmc_assessor_person ON cmmc_assessor (person);

-- migration 2: measures and their money, budgets, official text, crosswalks

-- closes and partly are names of objectives and requirements, parted by blanks.
CREATE TABLE cmmc_measure (
	id text PRIMARY KEY,
	ord text NOT NULL UNIQUE,
	unit text NOT NULL,
	name text NOT NULL,
	note text NOT NULL,
	yen bigint NOT NULL,
	months bigint NOT NULL,
	year bigint NOT NULL,
	state text NOT NULL,
	closes text NOT NULL,
	partly text NOT NULL,
	objectives bigint NOT NULL,
	owner text NOT NULL,
	committed bigint NOT NULL DEFAULT 0,
	spent bigint NOT NULL DEFAULT 0,
	proposed_by text NOT NULL,
	proposed bigint NOT NULL,
	approved_by text NOT NULL DEFAULT '',
	approved bigint NOT NULL DEFAULT 0,
	moved bigint NOT NULL,
	why text NOT NULL DEFAULT '',
	version bigint NOT NULL DEFAULT 1
);
CREATE INDEX cmmc_measure_unit ON cmmc_measure (unit, state);
CREATE INDEX cmmc_measure_state ON cmmc_measure (state, ord);

CREATE TABLE cmmc_measure_enclave (
	measure text NOT NULL REFERENCES cmmc_measure (id),
	enclave text NOT NULL,
	PRIMARY KEY (measure, enclave)
);
CREATE INDEX cmmc_measure_enclave_of ON cmmc_measure_enclave (enclave);

-- day is a date as text: a payment has no hour.
CREATE TABLE cmmc_money (
	id text PRIMARY KEY,
	measure text NOT NULL REFERENCES cmmc_measure (id),
	kind text NOT NULL,
	yen bigint NOT NULL,
	day text NOT NULL,
	note text NOT NULL,
	by_person text NOT NULL,
	at bigint NOT NULL
);
CREATE INDEX cmmc_money_measure ON cmmc_money (measure, day);

CREATE TABLE cmmc_budget (
	unit text NOT NULL,
	year bigint NOT NULL,
	yen bigint NOT NULL,
	by_person text NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (unit, year)
);

-- Official text as it was imported; state: draft, used, replaced.
CREATE TABLE cmmc_library (
	id text PRIMARY KEY,
	source text NOT NULL,
	format text NOT NULL,
	sha256 text NOT NULL,
	state text NOT NULL,
	requirements bigint NOT NULL,
	objectives bigint NOT NULL,
	by_person text NOT NULL,
	at bigint NOT NULL,
	used_by text NOT NULL DEFAULT '',
	used bigint NOT NULL DEFAULT 0
);

-- ref is 3.1.1 or 3.1.1[a].
CREATE TABLE cmmc_text (
	library text NOT NULL REFERENCES cmmc_library (id),
	ref text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (library, ref)
);
CREATE INDEX cmmc_text_ref ON cmmc_text (ref);

-- State: draft, signed, ended.
CREATE TABLE cmmc_crosswalk (
	id text PRIMARY KEY,
	standard text NOT NULL,
	source text NOT NULL,
	sha256 text NOT NULL,
	state text NOT NULL,
	lines bigint NOT NULL,
	by_person text NOT NULL,
	at bigint NOT NULL,
	signed_by text NOT NULL DEFAULT '',
	signed bigint NOT NULL DEFAULT 0,
	statement text NOT NULL DEFAULT '',
	ended_by text NOT NULL DEFAULT '',
	ended bigint NOT NULL DEFAULT 0
);

CREATE TABLE cmmc_crosswalk_line (
	crosswalk text NOT NULL REFERENCES cmmc_crosswalk (id),
	n bigint NOT NULL,
	ref text NOT NULL,
	target text NOT NULL,
	relation text NOT NULL,
	title text NOT NULL,
	note text NOT NULL,
	PRIMARY KEY (crosswalk, n)
);
CREATE INDEX cmmc_crosswalk_line_ref ON cmmc_crosswalk_line (ref);

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
	seq bigint NOT NULL,
	version bigint NOT NULL DEFAULT 1,
	title text NOT NULL,
	summary text NOT NULL DEFAULT '',
	tlp text NOT NULL,
	unit text NOT NULL DEFAULT '',
	lead text NOT NULL DEFAULT '',
	state text NOT NULL,
	stage smallint NOT NULL,
	open smallint NOT NULL DEFAULT 1,
	restricted smallint NOT NULL DEFAULT 1,
	urgent smallint NOT NULL DEFAULT 0,
	exploited smallint NOT NULL DEFAULT 0,
	embargo bigint NOT NULL DEFAULT 0,
	due bigint NOT NULL DEFAULT 0,
	opened bigint NOT NULL,
	haystack text NOT NULL DEFAULT ''
);
CREATE INDEX psirt_case_open ON psirt_case (open, opened);
CREATE TABLE psirt_case_access (
	case_id text NOT NULL,
	person text NOT NULL,
	part text NOT NULL,
	unit text NOT NULL DEFAULT '',
	since bigint NOT NULL,
	added_by text NOT NULL,
	PRIMARY KEY (case_id, person, unit)
);
CREATE INDEX psirt_case_access_person ON psirt_case_access (person);
CREATE TABLE psirt_case_entry (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	at bigint NOT NULL,
	happened bigint NOT NULL,
	author text NOT NULL,
	kind text NOT NULL,
	about text NOT NULL DEFAULT '',
	until bigint NOT NULL DEFAULT 0,
	data text NOT NULL DEFAULT '',
	body text NOT NULL DEFAULT '',
	salt text NOT NULL,
	digest text NOT NULL
);
CREATE INDEX psirt_case_entry_case ON psirt_case_entry (case_id, at, id);
CREATE TABLE psirt_case_report (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	channel text NOT NULL,
	product text NOT NULL DEFAULT '',
	description text NOT NULL,
	finder text NOT NULL DEFAULT '',
	reference text NOT NULL DEFAULT '',
	credit smallint NOT NULL DEFAULT 0,
	lang text NOT NULL DEFAULT 'en',
	message text NOT NULL DEFAULT '',
	arrived bigint NOT NULL
);
CREATE INDEX psirt_case_report_case ON psirt_case_report (case_id, arrived);
CREATE INDEX psirt_case_report_arrived ON psirt_case_report (channel, arrived);
CREATE UNIQUE INDEX psirt_case_report_message ON psirt_case_report (message) WHERE message <> '';
CREATE TABLE psirt_case_file (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	about text NOT NULL DEFAULT '',
	name text NOT NULL,
	media text NOT NULL,
	size bigint NOT NULL,
	sha256 text NOT NULL,
	sealed smallint NOT NULL DEFAULT 0,
	at bigint NOT NULL,
	added_by text NOT NULL
);
CREATE INDEX psirt_case_file_case ON psirt_case_file (case_id, at);
CREATE TABLE psirt_case_party (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	kind text NOT NULL,
	name text NOT NULL,
	contact text NOT NULL DEFAULT '',
	zone text NOT NULL DEFAULT '',
	reference text NOT NULL DEFAULT '',
	at bigint NOT NULL
);
CREATE INDEX psirt_case_party_case ON psirt_case_party (case_id, at);
CREATE TABLE psirt_case_vulnerability (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	title text NOT NULL,
	title_ja text NOT NULL DEFAULT '',
	description text NOT NULL DEFAULT '',
	description_ja text NOT NULL DEFAULT '',
	cve text NOT NULL DEFAULT '',
	cwe text NOT NULL DEFAULT '',
	vectors text NOT NULL DEFAULT '',
	ssvc text NOT NULL DEFAULT '',
	exploited bigint NOT NULL DEFAULT 0,
	at bigint NOT NULL
);
CREATE INDEX psirt_case_vulnerability_case ON psirt_case_vulnerability (case_id, at);
CREATE TABLE psirt_case_range (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	product text NOT NULL,
	range text NOT NULL,
	label text NOT NULL,
	label_ja text NOT NULL DEFAULT '',
	unit text NOT NULL DEFAULT '',
	at bigint NOT NULL
);
CREATE INDEX psirt_case_range_case ON psirt_case_range (case_id, at);
CREATE TABLE psirt_case_cell (
	case_id text NOT NULL,
	vulnerability text NOT NULL,
	range_id text NOT NULL,
	status text NOT NULL DEFAULT '',
	justification text NOT NULL DEFAULT '',
	note text NOT NULL DEFAULT '',
	answered bigint NOT NULL DEFAULT 0,
	answered_by text NOT NULL DEFAULT '',
	asked bigint NOT NULL DEFAULT 0,
	asked_unit text NOT NULL DEFAULT '',
	step smallint NOT NULL DEFAULT 0,
	due bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (vulnerability, range_id)
);
CREATE INDEX psirt_case_cell_case ON psirt_case_cell (case_id);
CREATE INDEX psirt_case_cell_due ON psirt_case_cell (status, due);
CREATE TABLE psirt_case_remedy (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	vulnerability text NOT NULL,
	kind text NOT NULL,
	details text NOT NULL,
	details_ja text NOT NULL DEFAULT '',
	url text NOT NULL DEFAULT '',
	ranges text NOT NULL DEFAULT '',
	planned bigint NOT NULL DEFAULT 0,
	available bigint NOT NULL DEFAULT 0,
	at bigint NOT NULL
);
CREATE INDEX psirt_case_remedy_case ON psirt_case_remedy (case_id, at);
CREATE TABLE psirt_case_task (
	id text PRIMARY KEY,
	case_id text NOT NULL,
	title text NOT NULL,
	assignee text NOT NULL DEFAULT '',
	due bigint NOT NULL DEFAULT 0,
	done bigint NOT NULL DEFAULT 0,
	done_by text NOT NULL DEFAULT '',
	at bigint NOT NULL
);
CREATE INDEX psirt_case_task_case ON psirt_case_task (case_id, at);
CREATE INDEX psirt_case_task_assignee ON psirt_case_task (assignee, done);
CREATE TABLE psirt_cve_id (
	id text PRIMARY KEY,
	year bigint NOT NULL,
	state text NOT NULL,
	vulnerability text NOT NULL DEFAULT '',
	case_id text NOT NULL DEFAULT '',
	told smallint NOT NULL DEFAULT 0,
	reserved bigint NOT NULL
);
CREATE INDEX psirt_cve_id_state ON psirt_cve_id (state, year);
CREATE TABLE psirt_cve_order (
	id text PRIMARY KEY,
	wish text NOT NULL,
	state text NOT NULL,
	outcome text NOT NULL DEFAULT '',
	at bigint NOT NULL,
	by_whom text NOT NULL
);
-- migration 3: advisories and their publication
CREATE TABLE psirt_advisory (
	id text PRIMARY KEY,
	number text NOT NULL UNIQUE,
	version bigint NOT NULL DEFAULT 1,
	case_id text NOT NULL DEFAULT '',
	title text NOT NULL,
	tlp text NOT NULL,
	stage text NOT NULL DEFAULT '',
	draft bigint NOT NULL DEFAULT 0,
	state text NOT NULL DEFAULT '',
	live bigint NOT NULL DEFAULT 0,
	live_title text NOT NULL DEFAULT '',
	live_tlp text NOT NULL DEFAULT '',
	interim smallint NOT NULL DEFAULT 0,
	imported smallint NOT NULL DEFAULT 0,
	made bigint NOT NULL,
	released bigint NOT NULL DEFAULT 0,
	updated bigint NOT NULL DEFAULT 0,
	haystack text NOT NULL DEFAULT ''
);
CREATE INDEX psirt_advisory_case ON psirt_advisory (case_id);
CREATE INDEX psirt_advisory_updated ON psirt_advisory (updated);
CREATE TABLE psirt_advisory_person (
	advisory_id text NOT NULL,
	person text NOT NULL,
	part text NOT NULL,
	since bigint NOT NULL,
	added_by text NOT NULL,
	PRIMARY KEY (advisory_id, person, part)
);
CREATE INDEX psirt_advisory_person_person ON psirt_advisory_person (person);
CREATE TABLE psirt_advisory_revision (
	advisory_id text NOT NULL,
	n bigint NOT NULL,
	text text NOT NULL,
	sha256 text NOT NULL,
	tracking text NOT NULL DEFAULT '',
	saved bigint NOT NULL,
	saved_by text NOT NULL,
	published bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (advisory_id, n)
);
CREATE TABLE psirt_advisory_verdict (
	id text PRIMARY KEY,
	advisory_id text NOT NULL,
	n bigint NOT NULL,
	sha256 text NOT NULL,
	person text NOT NULL,
	verdict text NOT NULL,
	note text NOT NULL DEFAULT '',
	at bigint NOT NULL
);
CREATE INDEX psirt_advisory_verdict_advisory ON psirt_advisory_verdict (advisory_id, at);
CREATE TABLE psirt_publication (
	id text PRIMARY KEY,
	advisory_id text NOT NULL,
	n bigint NOT NULL,
	due bigint NOT NULL,
	state text NOT NULL,
	rehearsal smallint NOT NULL DEFAULT 0,
	asked bigint NOT NULL,
	asked_by text NOT NULL,
	ended bigint NOT NULL DEFAULT 0
);
CREATE INDEX psirt_publication_advisory ON psirt_publication (advisory_id, asked);
CREATE TABLE psirt_publication_step (
	publication_id text NOT NULL,
	ord bigint NOT NULL,
	kind text NOT NULL,
	target text NOT NULL DEFAULT '',
	state text NOT NULL,
	tries bigint NOT NULL DEFAULT 0,
	tried bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0,
	said text NOT NULL DEFAULT '',
	PRIMARY KEY (publication_id, ord)
);
CREATE TABLE psirt_publication_subscriber (
	id text PRIMARY KEY,
	name text NOT NULL,
	mail text NOT NULL,
	lang text NOT NULL,
	tlp text NOT NULL,
	since bigint NOT NULL,
	added_by text NOT NULL
);
CREATE TABLE psirt_publication_check (
	id text PRIMARY KEY,
	at bigint NOT NULL,
	documents bigint NOT NULL,
	findings text NOT NULL
);
-- migration 4: customers subscribe themselves, to products that they may choose
ALTER TABLE psirt_product ADD COLUMN offered smallint NOT NULL DEFAULT 0;
ALTER TABLE psirt_publication_subscriber ADD COLUMN own smallint NOT NULL DEFAULT 0;
ALTER TABLE psirt_publication_subscriber ADD COLUMN everything smallint NOT NULL DEFAULT 1;
ALTER TABLE psirt_publication_subscriber ADD COLUMN mail_key text NOT NULL DEFAULT '';
UPDATE psirt_publication_subscriber SET mail_key = LOWER(mail);
CREATE UNIQUE INDEX psirt_publication_subscriber_own ON psirt_publication_subscriber (mail_key) WHERE own = 1;
CREATE TABLE psirt_publication_interest (
	subscriber text NOT NULL,
	product text NOT NULL,
	PRIMARY KEY (subscriber, product)
);
CREATE INDEX psirt_publication_interest_product ON psirt_publication_interest (product);
CREATE TABLE psirt_publication_wish (
	id text PRIMARY KEY,
	mail text NOT NULL,
	mail_key text NOT NULL,
	lang text NOT NULL,
	everything smallint NOT NULL,
	products text NOT NULL,
	made bigint NOT NULL
);
CREATE INDEX psirt_publication_wish_made ON psirt_publication_wish (made);

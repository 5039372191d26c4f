-- migration 1: incidents and all that belongs to one
CREATE TABLE incident (
	id text PRIMARY KEY,
	seq bigint NOT NULL,
	key text NOT NULL DEFAULT '',
	version bigint NOT NULL DEFAULT 1,
	title text NOT NULL,
	description text NOT NULL DEFAULT '',
	source text NOT NULL,
	noticed text NOT NULL DEFAULT '',
	unit text NOT NULL,
	severity text NOT NULL,
	peak text NOT NULL,
	rank smallint NOT NULL,
	tlp text NOT NULL,
	class text NOT NULL DEFAULT '',
	type text NOT NULL DEFAULT '',
	team text NOT NULL DEFAULT '',
	lead text NOT NULL DEFAULT '',
	state text NOT NULL,
	stage smallint NOT NULL,
	open smallint NOT NULL,
	occurred bigint NOT NULL,
	detected bigint NOT NULL DEFAULT 0,
	reported bigint NOT NULL,
	triaged bigint NOT NULL DEFAULT 0,
	confirmed bigint NOT NULL DEFAULT 0,
	contained bigint NOT NULL DEFAULT 0,
	eradicated bigint NOT NULL DEFAULT 0,
	recovered bigint NOT NULL DEFAULT 0,
	reviewed bigint NOT NULL DEFAULT 0,
	closed bigint NOT NULL DEFAULT 0,
	reporter text NOT NULL DEFAULT '',
	contact text NOT NULL DEFAULT '',
	link text NOT NULL DEFAULT '',
	other text NOT NULL DEFAULT '',
	reason text NOT NULL DEFAULT '',
	lessons text NOT NULL DEFAULT '',
	cause text NOT NULL DEFAULT '',
	reviewer text NOT NULL DEFAULT '',
	reopened smallint NOT NULL DEFAULT 0,
	haystack text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX incident_key ON incident (key) WHERE key <> '';
CREATE INDEX incident_open ON incident (open, unit);
CREATE INDEX incident_occurred ON incident (occurred, id);
CREATE INDEX incident_reported ON incident (reported, id);
CREATE INDEX incident_lead ON incident (lead, open);
CREATE INDEX incident_reporter ON incident (reporter, reported);
CREATE INDEX incident_link_used ON incident (link, reported);
CREATE TABLE incident_unit (
	incident text NOT NULL,
	unit text NOT NULL,
	PRIMARY KEY (incident, unit)
);
CREATE INDEX incident_unit_unit ON incident_unit (unit);
CREATE TABLE incident_person (
	incident text NOT NULL,
	person text NOT NULL,
	led smallint NOT NULL DEFAULT 0,
	since bigint NOT NULL,
	added_by text NOT NULL,
	PRIMARY KEY (incident, person)
);
CREATE INDEX incident_person_person ON incident_person (person);
CREATE TABLE incident_entry (
	id text PRIMARY KEY,
	incident text NOT NULL,
	at bigint NOT NULL,
	happened bigint NOT NULL,
	author text NOT NULL,
	kind text NOT NULL,
	said text NOT NULL DEFAULT '',
	body text NOT NULL DEFAULT '',
	corrects text NOT NULL DEFAULT '',
	salt text NOT NULL,
	digest text NOT NULL
);
CREATE INDEX incident_entry_incident ON incident_entry (incident, at, id);
CREATE TABLE incident_observable (
	id text PRIMARY KEY,
	incident text NOT NULL,
	type text NOT NULL,
	value text NOT NULL,
	note text NOT NULL DEFAULT '',
	at bigint NOT NULL,
	added_by text NOT NULL,
	UNIQUE (incident, type, value)
);
CREATE INDEX incident_observable_value ON incident_observable (type, value);
CREATE TABLE incident_evidence (
	id text PRIMARY KEY,
	incident text NOT NULL,
	sha256 text NOT NULL,
	size bigint NOT NULL,
	name text NOT NULL,
	media text NOT NULL,
	note text NOT NULL DEFAULT '',
	holder text NOT NULL,
	at bigint NOT NULL,
	added_by text NOT NULL
);
CREATE INDEX incident_evidence_incident ON incident_evidence (incident, at);
CREATE TABLE incident_custody (
	id text PRIMARY KEY,
	evidence text NOT NULL,
	incident text NOT NULL,
	at bigint NOT NULL,
	actor text NOT NULL,
	act text NOT NULL,
	receiver text NOT NULL DEFAULT '',
	note text NOT NULL DEFAULT ''
);
CREATE INDEX incident_custody_evidence ON incident_custody (evidence, at, id);
CREATE TABLE incident_task (
	id text PRIMARY KEY,
	incident text NOT NULL,
	title text NOT NULL,
	assignee text NOT NULL DEFAULT '',
	due bigint NOT NULL DEFAULT 0,
	done bigint NOT NULL DEFAULT 0,
	done_by text NOT NULL DEFAULT '',
	result text NOT NULL DEFAULT '',
	at bigint NOT NULL,
	added_by text NOT NULL
);
CREATE INDEX incident_task_incident ON incident_task (incident, at);
CREATE INDEX incident_task_assignee ON incident_task (assignee, done, due);
CREATE TABLE incident_offer (
	id text PRIMARY KEY,
	incident text NOT NULL,
	from_team text NOT NULL DEFAULT '',
	from_person text NOT NULL,
	to_team text NOT NULL,
	to_person text NOT NULL DEFAULT '',
	asked_team text NOT NULL,
	note text NOT NULL DEFAULT '',
	step smallint NOT NULL DEFAULT 0,
	at bigint NOT NULL,
	due bigint NOT NULL,
	state text NOT NULL,
	decided bigint NOT NULL DEFAULT 0,
	decided_by text NOT NULL DEFAULT '',
	answer text NOT NULL DEFAULT ''
);
CREATE INDEX incident_offer_incident ON incident_offer (incident, at);
CREATE INDEX incident_offer_open ON incident_offer (state, asked_team);
CREATE TABLE incident_offer_asked (
	offer text NOT NULL,
	person text NOT NULL,
	team text NOT NULL,
	PRIMARY KEY (offer, person)
);
CREATE INDEX incident_offer_asked_person ON incident_offer_asked (person);
CREATE TABLE incident_alert (
	incident text NOT NULL,
	alert text NOT NULL,
	title text NOT NULL,
	rule text NOT NULL DEFAULT '',
	severity text NOT NULL DEFAULT '',
	hits bigint NOT NULL DEFAULT 1,
	first bigint NOT NULL DEFAULT 0,
	last bigint NOT NULL DEFAULT 0,
	href text NOT NULL DEFAULT '',
	sample text NOT NULL DEFAULT '',
	at bigint NOT NULL,
	PRIMARY KEY (incident, alert)
);
CREATE INDEX incident_alert_alert ON incident_alert (alert);
CREATE TABLE incident_link (
	id text PRIMARY KEY,
	unit text NOT NULL,
	label text NOT NULL,
	made_by text NOT NULL,
	at bigint NOT NULL,
	until bigint NOT NULL,
	ended bigint NOT NULL DEFAULT 0
);
CREATE INDEX incident_link_unit ON incident_link (unit, at);
-- migration 2 (sqlite): the timeline and the custody of evidence only grow
-- begin
CREATE TRIGGER incident_entry_no_update BEFORE UPDATE ON incident_entry BEGIN
	SELECT RAISE(ABORT, 'entries of a timeline do not change');
END;
-- end
-- begin
CREATE TRIGGER incident_entry_no_delete BEFORE DELETE ON incident_entry BEGIN
	SELECT RAISE(ABORT, 'entries of a timeline do not change');
END;
-- end
-- begin
CREATE TRIGGER incident_custody_no_update BEFORE UPDATE ON incident_custody BEGIN
	SELECT RAISE(ABORT, 'entries of custody do not change');
END;
-- end
-- begin
CREATE TRIGGER incident_custody_no_delete BEFORE DELETE ON incident_custody BEGIN
	SELECT RAISE(ABORT, 'entries of custody do not change');
END;
-- end
-- migration 2 (postgres): the timeline and the custody of evidence only grow
-- begin
CREATE FUNCTION incident_refuse() RETURNS trigger AS $$
BEGIN
	RAISE EXCEPTION 'entries of a timeline and of custody do not change';
END;
$$ LANGUAGE plpgsql;
-- end
CREATE TRIGGER incident_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_entry EXECUTE FUNCTION incident_refuse();
CREATE TRIGGER incident_custody_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_custody EXECUTE FUNCTION incident_refuse();
-- migration 3: the custody of an incident
CREATE INDEX incident_custody_incident ON incident_custody (incident, at, id);

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
-- migration 2: what a session is worth, the state of accounts, the log of authentication
ALTER TABLE identity_session ADD COLUMN level text NOT NULL DEFAULT '';
ALTER TABLE identity_session ADD COLUMN methods text NOT NULL DEFAULT '';
ALTER TABLE identity_session ADD COLUMN proved bigint NOT NULL DEFAULT 0;
ALTER TABLE identity_session ADD COLUMN passkey text NOT NULL DEFAULT '';
CREATE TABLE identity_account (
	person text PRIMARY KEY,
	state text NOT NULL,
	since bigint NOT NULL,
	reason text NOT NULL,
	incident text NOT NULL DEFAULT ''
);
CREATE TABLE identity_event (
	id text PRIMARY KEY,
	at bigint NOT NULL,
	kind text NOT NULL,
	outcome text NOT NULL,
	reason text NOT NULL,
	person text NOT NULL,
	unit text NOT NULL,
	session text NOT NULL,
	client text NOT NULL,
	method text NOT NULL,
	level text NOT NULL,
	agent text NOT NULL,
	network text NOT NULL,
	place text NOT NULL,
	country text NOT NULL
);
CREATE INDEX identity_event_person ON identity_event (person, at);
CREATE INDEX identity_event_at ON identity_event (at, id);
-- migration 3: what is spent of the state between steps, models of authenticators
DROP TABLE identity_ceremony;
CREATE TABLE identity_spent (
	digest text PRIMARY KEY,
	until bigint NOT NULL
);
CREATE INDEX identity_spent_until ON identity_spent (until);
ALTER TABLE identity_passkey ADD COLUMN model text NOT NULL DEFAULT '';
ALTER TABLE identity_passkey ADD COLUMN hardware bigint NOT NULL DEFAULT 0;
-- migration 4: codes, passwords, throttling, lost factors, break-glass
CREATE TABLE identity_totp (
	person text PRIMARY KEY,
	seed text NOT NULL,
	made bigint NOT NULL,
	last bigint NOT NULL
);
CREATE TABLE identity_recovery_code (
	digest text PRIMARY KEY,
	person text NOT NULL,
	made bigint NOT NULL,
	used bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_recovery_code_person ON identity_recovery_code (person);
CREATE TABLE identity_password (
	person text PRIMARY KEY,
	hash text NOT NULL,
	made bigint NOT NULL
);
CREATE TABLE identity_throttle (
	id text PRIMARY KEY,
	person text NOT NULL,
	account text NOT NULL,
	network text NOT NULL,
	failures bigint NOT NULL,
	at bigint NOT NULL,
	until bigint NOT NULL
);
CREATE INDEX identity_throttle_network ON identity_throttle (network, at);
CREATE INDEX identity_throttle_at ON identity_throttle (at);
CREATE TABLE identity_probation (
	person text PRIMARY KEY,
	until bigint NOT NULL
);
CREATE TABLE identity_lost (
	id text PRIMARY KEY,
	person text NOT NULL,
	unit text NOT NULL,
	asked bigint NOT NULL,
	asked_by text NOT NULL,
	manager text NOT NULL DEFAULT '',
	desk text NOT NULL DEFAULT '',
	state text NOT NULL,
	ended bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_lost_person ON identity_lost (person);
CREATE INDEX identity_lost_asked ON identity_lost (asked, id);
CREATE TABLE identity_lost_manager (
	request text NOT NULL,
	person text NOT NULL,
	PRIMARY KEY (request, person)
);
CREATE INDEX identity_lost_manager_person ON identity_lost_manager (person);
CREATE TABLE identity_breakglass (
	person text PRIMARY KEY,
	made bigint NOT NULL,
	made_by text NOT NULL,
	used bigint NOT NULL DEFAULT 0,
	drill bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0
);
-- migration 5: directories by which people come and go, their groups and runs
CREATE TABLE identity_directory (
	id text PRIMARY KEY,
	name text NOT NULL,
	kind text NOT NULL,
	unit text NOT NULL,
	leaving text NOT NULL,
	digest text NOT NULL,
	until bigint NOT NULL,
	made bigint NOT NULL,
	made_by text NOT NULL,
	seen bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_directory_digest ON identity_directory (digest);
CREATE TABLE identity_provisioned (
	person text PRIMARY KEY,
	directory text NOT NULL,
	name text NOT NULL,
	external text NOT NULL,
	active smallint NOT NULL,
	data text NOT NULL,
	created bigint NOT NULL,
	changed bigint NOT NULL,
	deleted bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX identity_provisioned_name ON identity_provisioned (directory, name) WHERE deleted = 0;
CREATE INDEX identity_provisioned_external ON identity_provisioned (directory, external);
CREATE INDEX identity_person_email ON authz_person (lower(email));
CREATE TABLE identity_group (
	id text PRIMARY KEY,
	directory text NOT NULL,
	name text NOT NULL,
	external text NOT NULL,
	created bigint NOT NULL,
	changed bigint NOT NULL,
	claim text NOT NULL DEFAULT '',
	claimed_by text NOT NULL DEFAULT '',
	claimed bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_group_directory ON identity_group (directory, id);
CREATE TABLE identity_group_member (
	grp text NOT NULL,
	person text NOT NULL,
	PRIMARY KEY (grp, person)
);
CREATE INDEX identity_group_member_person ON identity_group_member (person);
CREATE TABLE identity_run (
	id text PRIMARY KEY,
	directory text NOT NULL,
	at bigint NOT NULL,
	state text NOT NULL,
	report text NOT NULL,
	digest text NOT NULL DEFAULT '',
	decided_by text NOT NULL DEFAULT '',
	decided bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_run_directory ON identity_run (directory, at);
-- migration 6: up to where a directory that is asked was read
ALTER TABLE identity_directory ADD COLUMN server text NOT NULL DEFAULT '';
ALTER TABLE identity_directory ADD COLUMN mark text NOT NULL DEFAULT '';
ALTER TABLE identity_directory ADD COLUMN compared bigint NOT NULL DEFAULT 0;
-- migration 7: applications, signing keys, grants, logouts, device codes
CREATE TABLE identity_client (
	id text PRIMARY KEY,
	name text NOT NULL,
	unit text NOT NULL,
	kind text NOT NULL,
	host text NOT NULL,
	logout_uri text NOT NULL,
	secret text NOT NULL,
	settings text NOT NULL,
	made bigint NOT NULL,
	changed bigint NOT NULL,
	removed bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_client_host ON identity_client (host);
CREATE TABLE identity_key (
	kid text PRIMARY KEY,
	algorithm text NOT NULL,
	state text NOT NULL,
	public text NOT NULL,
	private text NOT NULL,
	made bigint NOT NULL,
	began bigint NOT NULL DEFAULT 0,
	until bigint NOT NULL DEFAULT 0
);
CREATE TABLE identity_grant (
	id text PRIMARY KEY,
	client text NOT NULL,
	person text NOT NULL,
	session text NOT NULL,
	scopes text NOT NULL,
	method text NOT NULL,
	level text NOT NULL,
	methods text NOT NULL,
	proved bigint NOT NULL,
	agent text NOT NULL,
	network text NOT NULL,
	began bigint NOT NULL,
	used bigint NOT NULL,
	until bigint NOT NULL,
	offline bigint NOT NULL,
	generation bigint NOT NULL,
	ended bigint NOT NULL,
	reason text NOT NULL
);
CREATE INDEX identity_grant_person ON identity_grant (person, ended);
CREATE INDEX identity_grant_session ON identity_grant (session);
CREATE INDEX identity_grant_until ON identity_grant (until);
CREATE TABLE identity_logout (
	client text NOT NULL,
	session text NOT NULL,
	person text NOT NULL,
	asked bigint NOT NULL,
	done bigint NOT NULL DEFAULT 0,
	attempts bigint NOT NULL DEFAULT 0,
	status bigint NOT NULL DEFAULT 0,
	millis bigint NOT NULL DEFAULT 0,
	problem text NOT NULL DEFAULT '',
	PRIMARY KEY (client, session)
);
CREATE INDEX identity_logout_asked ON identity_logout (asked);
CREATE TABLE identity_device_code (
	digest text PRIMARY KEY,
	user_code text NOT NULL UNIQUE,
	client text NOT NULL,
	scopes text NOT NULL,
	network text NOT NULL,
	asked bigint NOT NULL,
	until bigint NOT NULL,
	pause bigint NOT NULL,
	polled bigint NOT NULL DEFAULT 0,
	state text NOT NULL DEFAULT 'waiting',
	person text NOT NULL DEFAULT '',
	session text NOT NULL DEFAULT ''
);
-- migration 8: places: networks, devices, trips, what units ask for, and where sessions and events were
ALTER TABLE identity_session ADD COLUMN place text NOT NULL DEFAULT '';
ALTER TABLE identity_session ADD COLUMN country text NOT NULL DEFAULT '';
ALTER TABLE identity_session ADD COLUMN device text NOT NULL DEFAULT '';
ALTER TABLE identity_session ADD COLUMN trip text NOT NULL DEFAULT '';
ALTER TABLE identity_event ADD COLUMN methods text NOT NULL DEFAULT '';
ALTER TABLE identity_event ADD COLUMN device text NOT NULL DEFAULT '';
ALTER TABLE identity_event ADD COLUMN managed smallint NOT NULL DEFAULT 0;
CREATE TABLE identity_context (
	epoch text NOT NULL
);
INSERT INTO identity_context (epoch) VALUES ('');
CREATE TABLE identity_network (
	id text PRIMARY KEY,
	prefix text NOT NULL UNIQUE,
	kind text NOT NULL,
	name text NOT NULL,
	unit text NOT NULL,
	country text NOT NULL,
	added bigint NOT NULL
);
CREATE TABLE identity_device (
	id text PRIMARY KEY,
	digest text NOT NULL,
	asset text NOT NULL,
	name text NOT NULL,
	unit text NOT NULL,
	person text NOT NULL,
	managed smallint NOT NULL,
	agent text NOT NULL,
	added bigint NOT NULL,
	seen bigint NOT NULL DEFAULT 0,
	removed bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX identity_device_digest ON identity_device (digest) WHERE digest <> '';
CREATE UNIQUE INDEX identity_device_asset ON identity_device (asset) WHERE asset <> '' AND removed = 0;
CREATE INDEX identity_device_person ON identity_device (person);
CREATE INDEX identity_session_device ON identity_session (device) WHERE device <> '';
CREATE INDEX identity_session_trip ON identity_session (trip) WHERE trip <> '';
CREATE TABLE identity_device_use (
	person text NOT NULL,
	device text NOT NULL,
	first bigint NOT NULL,
	PRIMARY KEY (person, device)
);
CREATE TABLE identity_trip (
	id text PRIMARY KEY,
	person text NOT NULL,
	unit text NOT NULL,
	countries text NOT NULL,
	starts bigint NOT NULL,
	ends bigint NOT NULL,
	device text NOT NULL,
	purpose text NOT NULL,
	state text NOT NULL,
	asked bigint NOT NULL,
	decided bigint NOT NULL DEFAULT 0,
	decided_by text NOT NULL DEFAULT '',
	note text NOT NULL DEFAULT '',
	cut bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_trip_person ON identity_trip (person, ends);
CREATE INDEX identity_trip_starts ON identity_trip (starts, id);
CREATE INDEX identity_trip_asked ON identity_trip (asked) WHERE state = 'asked';
CREATE TABLE identity_trip_approver (
	person text NOT NULL,
	trip text NOT NULL,
	PRIMARY KEY (person, trip)
);
CREATE TABLE identity_policy (
	id text PRIMARY KEY,
	unit text NOT NULL,
	said text NOT NULL,
	why text NOT NULL,
	state text NOT NULL,
	author text NOT NULL,
	made bigint NOT NULL,
	approver text NOT NULL DEFAULT '',
	approved bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_policy_unit ON identity_policy (unit, made);
CREATE UNIQUE INDEX identity_policy_force ON identity_policy (unit) WHERE state = 'in-force';
-- migration 9: gates that speak RADIUS, and who entered by them
CREATE TABLE identity_nas (
	id text PRIMARY KEY,
	name text NOT NULL,
	unit text NOT NULL,
	networks text NOT NULL,
	filter text NOT NULL,
	ends text NOT NULL,
	secret text NOT NULL,
	made bigint NOT NULL,
	removed bigint NOT NULL DEFAULT 0
);
CREATE TABLE identity_radius (
	id text PRIMARY KEY,
	person text NOT NULL,
	name text NOT NULL,
	nas text NOT NULL,
	network text NOT NULL,
	began bigint NOT NULL,
	until bigint NOT NULL,
	ended bigint NOT NULL DEFAULT 0,
	result text NOT NULL DEFAULT '',
	took bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_radius_person ON identity_radius (person, ended);
CREATE INDEX identity_radius_nas ON identity_radius (nas, ended);
-- migration 10: what of the log is telemetry already, and at which account somebody guessed
ALTER TABLE identity_event ADD COLUMN told smallint NOT NULL DEFAULT 1;
ALTER TABLE identity_event ADD COLUMN account text NOT NULL DEFAULT '';
CREATE INDEX identity_event_untold ON identity_event (id) WHERE told = 0;
-- migration 11: applications that speak SAML, and the names by which they know people
ALTER TABLE identity_client ADD COLUMN entity text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX identity_client_entity ON identity_client (entity) WHERE entity <> '' AND removed = 0;
ALTER TABLE identity_grant ADD COLUMN known_as text NOT NULL DEFAULT '';
CREATE INDEX identity_grant_known ON identity_grant (client, known_as) WHERE known_as <> '';
-- migration 12: containments and what became of each target, sign-outs by person
CREATE TABLE identity_containment (
	id text PRIMARY KEY,
	person text NOT NULL,
	unit text NOT NULL,
	reason text NOT NULL,
	incident text NOT NULL,
	alert text NOT NULL,
	state text NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	decided_by text NOT NULL DEFAULT '',
	decided bigint NOT NULL DEFAULT 0,
	began bigint NOT NULL DEFAULT 0,
	ended bigint NOT NULL DEFAULT 0,
	ended_by text NOT NULL DEFAULT '',
	why text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX identity_containment_person ON identity_containment (person) WHERE state IN ('asked', 'in-force');
CREATE INDEX identity_containment_asked ON identity_containment (asked, id);
CREATE TABLE identity_target (
	containment text NOT NULL,
	id text NOT NULL,
	kind text NOT NULL,
	name text NOT NULL,
	label text NOT NULL,
	session text NOT NULL,
	count bigint NOT NULL,
	result text NOT NULL,
	detail text NOT NULL,
	status bigint NOT NULL,
	problem text NOT NULL,
	millis bigint NOT NULL,
	at bigint NOT NULL,
	open smallint NOT NULL,
	attempts bigint NOT NULL DEFAULT 0,
	tried bigint NOT NULL DEFAULT 0,
	seen_by text NOT NULL DEFAULT '',
	PRIMARY KEY (containment, id)
);
CREATE INDEX identity_target_session ON identity_target (session, name) WHERE session <> '';
CREATE INDEX identity_logout_person ON identity_logout (person, done);
ALTER TABLE identity_context ADD COLUMN nas text NOT NULL DEFAULT '';
-- migration 13: what was told of how people of a unit can sign in
CREATE TABLE identity_coverage (
	unit text NOT NULL,
	at bigint NOT NULL,
	people bigint NOT NULL,
	hardware bigint NOT NULL,
	passkey bigint NOT NULL,
	two_factors bigint NOT NULL,
	password bigint NOT NULL,
	unenrolled bigint NOT NULL,
	privileged bigint NOT NULL,
	privileged_mfa bigint NOT NULL,
	general bigint NOT NULL,
	general_mfa bigint NOT NULL,
	PRIMARY KEY (unit, at)
);
-- migration 14: counts of a time are looked up, old ones dropped, and those before the first filled in
ALTER TABLE identity_coverage ADD COLUMN filled smallint NOT NULL DEFAULT 0;
CREATE INDEX identity_coverage_at ON identity_coverage (at);
-- migration 15: what is looked for by what else
CREATE INDEX identity_provisioned_called ON identity_provisioned (name) WHERE deleted = 0;
CREATE INDEX identity_device_use_device ON identity_device_use (device);
CREATE INDEX identity_session_until ON identity_session (until);
CREATE INDEX identity_device_seen ON identity_device (seen, id);
-- migration 16: directories that tell of changes, one run at a time, and whom each locked out lately
ALTER TABLE identity_directory ADD COLUMN claim text NOT NULL DEFAULT '';
ALTER TABLE identity_directory ADD COLUMN lease bigint NOT NULL DEFAULT 0;
ALTER TABLE identity_directory ADD COLUMN watch text NOT NULL DEFAULT '';
ALTER TABLE identity_directory ADD COLUMN watch_note text NOT NULL DEFAULT '';
ALTER TABLE identity_directory ADD COLUMN heard bigint NOT NULL DEFAULT 0;
CREATE TABLE identity_lockout (
	directory text NOT NULL,
	person text NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (directory, person)
);
CREATE INDEX identity_provisioned_kept ON identity_provisioned (directory, external) WHERE deleted = 0 AND active = 1;
-- migration 17: whom a directory calls so, and how many it keeps
DROP INDEX identity_provisioned_kept;
CREATE INDEX identity_provisioned_kept ON identity_provisioned (directory, active, deleted);
CREATE INDEX identity_provisioned_names ON identity_provisioned (directory, name);
-- migration 18: by which passkey a grant was given, and what its application is told of the level
ALTER TABLE identity_grant ADD COLUMN passkey text NOT NULL DEFAULT '';
ALTER TABLE identity_grant ADD COLUMN acr text NOT NULL DEFAULT '';
-- migration 19: who is in where by RADIUS accounting, and devices as gates name them
CREATE TABLE identity_stay (
	id text PRIMARY KEY,
	nas text NOT NULL,
	box text NOT NULL,
	acct text NOT NULL,
	entry text NOT NULL,
	person text NOT NULL,
	name text NOT NULL,
	address text NOT NULL,
	station text NOT NULL,
	network text NOT NULL,
	port text NOT NULL,
	started smallint NOT NULL,
	stamp bigint NOT NULL,
	began bigint NOT NULL,
	heard bigint NOT NULL,
	every bigint NOT NULL,
	lapses bigint NOT NULL,
	sent bigint NOT NULL,
	received bigint NOT NULL,
	asked bigint NOT NULL,
	ended bigint NOT NULL,
	how text NOT NULL,
	cause text NOT NULL,
	UNIQUE (nas, box, acct)
);
CREATE INDEX identity_stay_person ON identity_stay (person, ended);
CREATE INDEX identity_stay_nas ON identity_stay (nas, ended);
CREATE INDEX identity_stay_entry ON identity_stay (entry) WHERE entry <> '';
CREATE INDEX identity_stay_lapses ON identity_stay (lapses) WHERE ended = 0;
CREATE INDEX identity_stay_ended ON identity_stay (ended) WHERE ended > 0;
ALTER TABLE identity_radius ADD COLUMN box text NOT NULL DEFAULT '';
ALTER TABLE identity_radius ADD COLUMN acct text NOT NULL DEFAULT '';
CREATE INDEX identity_radius_acct ON identity_radius (nas, box, acct) WHERE acct <> '';
ALTER TABLE identity_event ADD COLUMN inside text NOT NULL DEFAULT '';
CREATE TABLE identity_station (
	person text NOT NULL,
	digest text NOT NULL,
	seen bigint NOT NULL,
	PRIMARY KEY (person, digest)
);
CREATE INDEX identity_station_seen ON identity_station (seen);
-- migration 20: from where an application behind a proxy was last entered
ALTER TABLE identity_grant ADD COLUMN judged text NOT NULL DEFAULT '';
ALTER TABLE identity_grant ADD COLUMN country text NOT NULL DEFAULT '';
ALTER TABLE identity_grant ADD COLUMN trip text NOT NULL DEFAULT '';
-- migration 21: since when somebody is on probation, who had something to sign in by, addresses changed by hand, break-glass accounts that two people decide about
ALTER TABLE identity_probation ADD COLUMN since bigint NOT NULL DEFAULT 0;
CREATE TABLE identity_known (
	person text PRIMARY KEY
);
CREATE TABLE identity_address (
	person text PRIMARY KEY,
	at bigint NOT NULL
);
CREATE TABLE identity_breakglass_ask (
	id text PRIMARY KEY,
	person text NOT NULL,
	ends smallint NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	state text NOT NULL,
	decided_by text NOT NULL DEFAULT '',
	decided bigint NOT NULL DEFAULT 0
);
CREATE INDEX identity_breakglass_ask_person ON identity_breakglass_ask (person, state);
-- migration 22: what rules of detection did about people; by which server somebody guessed
CREATE TABLE identity_byrule (
	alert text PRIMARY KEY,
	rule text NOT NULL,
	person text NOT NULL,
	unit text NOT NULL,
	at bigint NOT NULL,
	outcome text NOT NULL,
	containment text NOT NULL
);
CREATE INDEX identity_byrule_at ON identity_byrule (at);
ALTER TABLE identity_containment ADD COLUMN rule text NOT NULL DEFAULT '';
ALTER TABLE identity_containment ADD COLUMN rule_title text NOT NULL DEFAULT '';
ALTER TABLE identity_containment ADD COLUMN rule_title_ja text NOT NULL DEFAULT '';
ALTER TABLE identity_throttle ADD COLUMN server text NOT NULL DEFAULT '';
CREATE INDEX identity_throttle_server ON identity_throttle (server, at) WHERE server <> '';
CREATE INDEX identity_containment_alert ON identity_containment (alert) WHERE alert <> '';
-- migration 23: whether applications proved that a session is over
ALTER TABLE identity_logout ADD COLUMN proof text NOT NULL DEFAULT '';
ALTER TABLE identity_logout ADD COLUMN probed bigint NOT NULL DEFAULT 0;
ALTER TABLE identity_logout ADD COLUMN proved bigint NOT NULL DEFAULT 0;
CREATE INDEX identity_logout_client ON identity_logout (client, asked);

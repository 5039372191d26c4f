-- migration 1: alerts, their windows and samples; rules, exclusions, counters

-- ord is the number in a form that sorts as people count: 202600000417.
CREATE TABLE detect_alert (
	id text PRIMARY KEY,
	ord text NOT NULL UNIQUE,
	rule text NOT NULL,
	version text NOT NULL,
	title text NOT NULL,
	title_ja text NOT NULL,
	level smallint NOT NULL,
	unit text NOT NULL,
	source text NOT NULL,
	host text NOT NULL,
	account text NOT NULL,
	image text NOT NULL,
	entity text NOT NULL,
	storm smallint NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	hits bigint NOT NULL,
	samples smallint NOT NULL,
	raised bigint NOT NULL,
	state text NOT NULL,
	open smallint NOT NULL,
	assignee text NOT NULL,
	triaged bigint NOT NULL,
	reason text NOT NULL,
	note text NOT NULL,
	decided_by text NOT NULL,
	decided bigint NOT NULL,
	incident text NOT NULL,
	haystack text NOT NULL
);

CREATE INDEX detect_alert_queue ON detect_alert (level, ord, unit, state) WHERE open = 1;
CREATE INDEX detect_alert_queue_first ON detect_alert (first, ord) WHERE open = 1;
CREATE INDEX detect_alert_queue_unit ON detect_alert (unit, state, level, ord) WHERE open = 1;
CREATE INDEX detect_alert_queue_text ON detect_alert (unit, haystack, id) WHERE open = 1;
CREATE INDEX detect_alert_mine ON detect_alert (assignee, level, ord) WHERE open = 1;
CREATE INDEX detect_alert_grave ON detect_alert (triaged, unit, level, raised, first) WHERE level >= 3;
CREATE INDEX detect_alert_first ON detect_alert (first, ord);
CREATE INDEX detect_alert_last ON detect_alert (last, ord);
CREATE INDEX detect_alert_level ON detect_alert (level, ord);
CREATE INDEX detect_alert_level_first ON detect_alert (level, first, ord);
CREATE INDEX detect_alert_unit ON detect_alert (unit, first, ord);
CREATE INDEX detect_alert_rule ON detect_alert (rule, first, ord);
CREATE INDEX detect_alert_host ON detect_alert (host, first) WHERE host <> '';
CREATE INDEX detect_alert_account ON detect_alert (account, first) WHERE account <> '';
CREATE INDEX detect_alert_incident ON detect_alert (incident) WHERE incident <> '';

-- While a window is open, hits of its key and time count on its alert.
CREATE TABLE detect_window (
	alert text PRIMARY KEY REFERENCES detect_alert (id),
	key text NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL
);
CREATE INDEX detect_window_key ON detect_window (key);
CREATE INDEX detect_window_until ON detect_window (until);

-- The first events of an alert, as they were.
CREATE TABLE detect_sample (
	alert text NOT NULL REFERENCES detect_alert (id),
	n smallint NOT NULL,
	event text NOT NULL,
	at bigint NOT NULL,
	host text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	size bigint NOT NULL,
	raw bytea NOT NULL,
	matched text NOT NULL,
	PRIMARY KEY (alert, n)
);

CREATE INDEX detect_sample_event ON detect_sample (event);

-- Which events of a batch a rule was counted for: the same batch counts once.
CREATE TABLE detect_applied (
	batch text NOT NULL,
	rule text NOT NULL,
	ordinals bytea NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (batch, rule)
);
CREATE INDEX detect_applied_at ON detect_applied (at);

CREATE TABLE detect_minute (
	rule text NOT NULL,
	minute bigint NOT NULL,
	hits bigint NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (rule, minute)
);
CREATE INDEX detect_minute_at ON detect_minute (at);

CREATE TABLE detect_day (
	day text NOT NULL,
	unit text NOT NULL,
	level smallint NOT NULL,
	alerts bigint NOT NULL,
	PRIMARY KEY (day, unit, level)
);

CREATE TABLE detect_rule_day (
	rule text NOT NULL,
	day text NOT NULL,
	unit text NOT NULL,
	hits bigint NOT NULL,
	alerts bigint NOT NULL,
	silent bigint NOT NULL,
	hidden bigint NOT NULL,
	PRIMARY KEY (rule, day, unit)
);
CREATE INDEX detect_rule_day_day ON detect_rule_day (day, rule);

-- What people decided about a rule; a rule without a row is as it was written.
CREATE TABLE detect_rule (
	id text PRIMARY KEY,
	state text NOT NULL,
	enabled smallint NOT NULL,
	level text NOT NULL,
	changed_by text NOT NULL,
	changed bigint NOT NULL
);

-- Rules as they stood when an alert was raised.
CREATE TABLE detect_rule_text (
	rule text NOT NULL,
	version text NOT NULL,
	body text NOT NULL,
	seen bigint NOT NULL,
	PRIMARY KEY (rule, version)
);

CREATE TABLE detect_exclusion (
	id text PRIMARY KEY,
	rule text NOT NULL,
	unit text NOT NULL,
	owner text NOT NULL,
	reason text NOT NULL,
	filter text NOT NULL,
	two smallint NOT NULL,
	created bigint NOT NULL,
	created_by text NOT NULL,
	approved bigint NOT NULL,
	approved_by text NOT NULL,
	expires bigint NOT NULL,
	ended bigint NOT NULL,
	ended_by text NOT NULL,
	hidden bigint NOT NULL,
	last_hidden bigint NOT NULL
);
CREATE INDEX detect_exclusion_rule ON detect_exclusion (rule, created);

CREATE TABLE detect_history (
	id text PRIMARY KEY,
	subject text NOT NULL,
	at bigint NOT NULL,
	who text NOT NULL,
	said text NOT NULL,
	body text NOT NULL
);
CREATE INDEX detect_history_subject ON detect_history (subject, at, id);

-- Grows whenever rules or exclusions are set otherwise; one row.
CREATE TABLE detect_generation (id smallint PRIMARY KEY, n bigint NOT NULL);
INSERT INTO detect_generation (id, n) VALUES (1, 1);

-- migration 2: stories, risk, suppression, undoing

ALTER TABLE detect_alert ADD COLUMN story text NOT NULL DEFAULT '';
ALTER TABLE detect_alert ADD COLUMN tactics bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_alert ADD COLUMN risk bigint NOT NULL DEFAULT 0;
CREATE INDEX detect_alert_story ON detect_alert (story, first) WHERE story <> '';
CREATE INDEX detect_alert_queue_risk ON detect_alert (risk, ord, unit, state) WHERE open = 1;

-- When an alert had to do with a host, a user, an address …; in minutes.
CREATE TABLE detect_joint (
	alert text NOT NULL REFERENCES detect_alert (id),
	key text NOT NULL,
	partner text NOT NULL,
	tactics bigint NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	PRIMARY KEY (alert, key)
);
CREATE INDEX detect_joint_key ON detect_joint (key, last);

-- Runs of a key that so many share that they join nothing.
CREATE TABLE detect_noise (
	key text NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	PRIMARY KEY (key, first)
);

-- A story that became part of another says which.
CREATE TABLE detect_story (
	id text PRIMARY KEY,
	ord text NOT NULL UNIQUE,
	begun bigint NOT NULL,
	part_of text NOT NULL
);

-- What of a story lies in a unit; readers add up those of their units.
CREATE TABLE detect_story_unit (
	story text NOT NULL,
	unit text NOT NULL,
	alerts bigint NOT NULL,
	open bigint NOT NULL,
	fresh bigint NOT NULL,
	level smallint NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	tactics bigint NOT NULL,
	risk bigint NOT NULL,
	top text NOT NULL,
	PRIMARY KEY (story, unit)
);
CREATE INDEX detect_story_unit_open ON detect_story_unit (story) WHERE open > 0;

-- One row: who joins stories holds it until the end of the transaction.
CREATE TABLE detect_story_turn (id smallint PRIMARY KEY, n bigint NOT NULL);
INSERT INTO detect_story_turn (id, n) VALUES (1, 1);

-- What an alert gives to its host, its user and its unit, in millionths of a
-- point; what was taken back stays with its mark.
CREATE TABLE detect_risk_point (
	alert text NOT NULL REFERENCES detect_alert (id),
	kind text NOT NULL,
	unit text NOT NULL,
	thing text NOT NULL,
	at bigint NOT NULL,
	day bigint NOT NULL,
	points bigint NOT NULL,
	weight bigint NOT NULL,
	tactics bigint NOT NULL,
	void smallint NOT NULL,
	PRIMARY KEY (alert, kind)
);
CREATE INDEX detect_risk_point_thing ON detect_risk_point (kind, unit, thing, at);

-- The sum of a day, discounted to its end.
CREATE TABLE detect_risk_day (
	kind text NOT NULL,
	unit text NOT NULL,
	thing text NOT NULL,
	day bigint NOT NULL,
	weight bigint NOT NULL,
	alerts bigint NOT NULL,
	PRIMARY KEY (kind, unit, thing, day)
);

CREATE TABLE detect_risk (
	kind text NOT NULL,
	unit text NOT NULL,
	thing text NOT NULL,
	name text NOT NULL,
	rank bigint NOT NULL,
	PRIMARY KEY (kind, unit, thing)
);
CREATE INDEX detect_risk_rank ON detect_risk (kind, rank, unit, thing);

-- How much what happens on hosts of a unit weighs, in per cent.
CREATE TABLE detect_weight (
	id text PRIMARY KEY,
	unit text NOT NULL,
	hosts text NOT NULL,
	weight bigint NOT NULL,
	reason text NOT NULL,
	set_by text NOT NULL,
	set_at bigint NOT NULL
);

-- Silence after an alert, and planned windows of maintenance.
CREATE TABLE detect_suppression (
	id text PRIMARY KEY,
	kind text NOT NULL,
	rule text NOT NULL,
	unit text NOT NULL,
	hosts text NOT NULL,
	silence bigint NOT NULL,
	grave smallint NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL,
	owner text NOT NULL,
	reason text NOT NULL,
	two smallint NOT NULL,
	created bigint NOT NULL,
	created_by text NOT NULL,
	approved bigint NOT NULL,
	approved_by text NOT NULL,
	ended bigint NOT NULL,
	ended_by text NOT NULL,
	hits bigint NOT NULL,
	things bigint NOT NULL,
	last_hit bigint NOT NULL
);

-- Alerts that were not raised because of a suppression.
CREATE TABLE detect_held (
	id text PRIMARY KEY,
	cause text NOT NULL,
	key text NOT NULL,
	rule text NOT NULL,
	title text NOT NULL,
	title_ja text NOT NULL,
	level smallint NOT NULL,
	unit text NOT NULL,
	host text NOT NULL,
	account text NOT NULL,
	entity text NOT NULL,
	first bigint NOT NULL,
	last bigint NOT NULL,
	hits bigint NOT NULL,
	event text NOT NULL,
	alert text NOT NULL,
	UNIQUE (cause, key)
);
CREATE INDEX detect_held_last ON detect_held (last, id);
CREATE INDEX detect_held_unit ON detect_held (unit, last);

-- The last alert on a thing, by which silence is measured.
CREATE TABLE detect_latest (
	key text PRIMARY KEY,
	at bigint NOT NULL,
	alert text NOT NULL
);
CREATE INDEX detect_latest_at ON detect_latest (at);

-- Hits of a rule in a unit within a minute, for the storm guard.
CREATE TABLE detect_unit_minute (
	rule text NOT NULL,
	unit text NOT NULL,
	minute bigint NOT NULL,
	hits bigint NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY (rule, unit, minute)
);
CREATE INDEX detect_unit_minute_at ON detect_unit_minute (at);

-- What a person did last with alerts, for taking it back.
CREATE TABLE detect_undo (
	person text PRIMARY KEY,
	at bigint NOT NULL,
	act text NOT NULL,
	body text NOT NULL
);

-- migration 3: the life of rules: rules of the house, cases, budgets, promotions, backtests; packs; what was seen; names of techniques

-- Rules that people wrote in the console; each version's text is in
-- detect_rule_text.
CREATE TABLE detect_own (
	id text PRIMARY KEY,
	version text NOT NULL,
	body text NOT NULL,
	written_by text NOT NULL,
	written bigint NOT NULL
);

-- Events on which a rule must fire (1) or stay silent (0).
CREATE TABLE detect_case (
	id text PRIMARY KEY,
	rule text NOT NULL,
	fires smallint NOT NULL,
	event text NOT NULL,
	kept_by text NOT NULL,
	kept bigint NOT NULL
);
CREATE INDEX detect_case_rule ON detect_case (rule, kept);

CREATE TABLE detect_budget (
	rule text PRIMARY KEY,
	per_day bigint NOT NULL,
	changed_by text NOT NULL,
	changed bigint NOT NULL
);

CREATE TABLE detect_promotion (
	id text PRIMARY KEY,
	rule text NOT NULL,
	version text NOT NULL,
	was text NOT NULL,
	target text NOT NULL,
	why text NOT NULL,
	backtest text NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	state text NOT NULL,
	decided_by text NOT NULL,
	decided bigint NOT NULL
);
CREATE INDEX detect_promotion_rule ON detect_promotion (rule, asked);
CREATE UNIQUE INDEX detect_promotion_waiting ON detect_promotion (rule) WHERE state = 'waiting';

CREATE TABLE detect_backtest (
	id text PRIMARY KEY,
	rule text NOT NULL,
	version text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	filter text NOT NULL,
	unit text NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL,
	budget bigint NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	state text NOT NULL,
	started bigint NOT NULL,
	ended bigint NOT NULL,
	looked bigint NOT NULL,
	hits bigint NOT NULL,
	position bigint NOT NULL,
	error text NOT NULL,
	result text NOT NULL
);
CREATE INDEX detect_backtest_rule ON detect_backtest (rule, version, asked);
CREATE INDEX detect_backtest_asked ON detect_backtest (asked, id);

-- Which log sources sent events, by day and unit.
CREATE TABLE detect_seen (
	day text NOT NULL,
	unit text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	events bigint NOT NULL,
	PRIMARY KEY (day, unit, product, category, service)
);

CREATE TABLE detect_pack (
	id text PRIMARY KEY,
	name text NOT NULL,
	version text NOT NULL,
	digest text NOT NULL,
	signer text NOT NULL,
	about text NOT NULL,
	files bigint NOT NULL,
	state text NOT NULL,
	body bytea NOT NULL,
	brought_by text NOT NULL,
	brought bigint NOT NULL,
	decided_by text NOT NULL,
	decided bigint NOT NULL,
	reason text NOT NULL
);
CREATE INDEX detect_pack_name ON detect_pack (name, decided);
CREATE UNIQUE INDEX detect_pack_installed ON detect_pack (name) WHERE state = 'installed';

CREATE TABLE detect_attack (
	domain text NOT NULL,
	id text NOT NULL,
	name text NOT NULL,
	tactics text NOT NULL,
	PRIMARY KEY (domain, id)
);

-- Grows whenever rules of the house or packs change.
INSERT INTO detect_generation (id, n) VALUES (2, 1);

-- migration 4: correlations

-- Hits of rules that correlations join, until they are taken into its state.
CREATE TABLE detect_joined_hit (
	id text PRIMARY KEY,
	rule text NOT NULL,
	part smallint NOT NULL,
	event text NOT NULL,
	at bigint NOT NULL,
	source text NOT NULL,
	unit text NOT NULL,
	grp text NOT NULL,
	value text NOT NULL,
	number text NOT NULL,
	carry text NOT NULL,
	host text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	size bigint NOT NULL,
	raw bytea NOT NULL,
	matched text NOT NULL
);

-- Events that a firing may be shown by, until nothing can fire of them.
CREATE TABLE detect_joined_event (
	event text PRIMARY KEY,
	until bigint NOT NULL,
	at bigint NOT NULL,
	source text NOT NULL,
	unit text NOT NULL,
	host text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	service text NOT NULL,
	size bigint NOT NULL,
	raw bytea NOT NULL,
	matched text NOT NULL
);
CREATE INDEX detect_joined_event_until ON detect_joined_event (until);

-- The state of a group of a correlation.
CREATE TABLE detect_joined_group (
	rule text NOT NULL,
	grp text NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (rule, grp)
);

-- How far a correlation is, and how it is doing.
CREATE TABLE detect_joined (
	rule text PRIMARY KEY,
	shape text NOT NULL,
	mark bigint NOT NULL,
	feeders text NOT NULL,
	groups bigint NOT NULL,
	bytes bigint NOT NULL,
	hits bigint NOT NULL,
	late bigint NOT NULL,
	evicted bigint NOT NULL,
	fired bigint NOT NULL,
	approx bigint NOT NULL,
	last_evicted bigint NOT NULL
);

-- The time of each stream of events; lateness 0: as its kind has it.
CREATE TABLE detect_joined_source (
	source text PRIMARY KEY,
	newest bigint NOT NULL,
	heard bigint NOT NULL,
	lateness bigint NOT NULL,
	late bigint NOT NULL,
	last_late bigint NOT NULL
);

-- Who joins: one process at a time.
CREATE TABLE detect_joined_turn (id smallint PRIMARY KEY, holder text NOT NULL, until bigint NOT NULL);
INSERT INTO detect_joined_turn (id, holder, until) VALUES (1, '', 0);

-- migration 5: the queue by story, rule and host

CREATE INDEX detect_alert_queue_groups ON detect_alert (unit, story, rule, host, account, level, risk, last, id, state) WHERE open = 1;

-- migration 6: what of a story lies in the whole group, as its units add up

ALTER TABLE detect_story ADD COLUMN alerts bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN open bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN fresh bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN level smallint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN first bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN last bigint NOT NULL DEFAULT 0;
ALTER TABLE detect_story ADD COLUMN risk bigint NOT NULL DEFAULT 0;
UPDATE detect_story SET alerts = u.alerts, open = u.open, fresh = u.fresh, level = u.level, first = u.first, last = u.last, risk = u.risk
	FROM (SELECT story, SUM(alerts) AS alerts, SUM(open) AS open, SUM(fresh) AS fresh, MAX(level) AS level, MIN(first) AS first, MAX(last) AS last, MAX(risk) AS risk
		FROM detect_story_unit GROUP BY story) u WHERE u.story = detect_story.id;
CREATE INDEX detect_story_open ON detect_story (level, ord) WHERE open > 0;
-- migration 7: stories by what they became part of
CREATE INDEX detect_story_part ON detect_story (part_of) WHERE part_of <> '';
-- migration 8: rules whose alerts contain the person they are about
CREATE TABLE detect_containing (
	id text PRIMARY KEY,
	rule text NOT NULL,
	version text NOT NULL,
	most bigint NOT NULL,
	why text NOT NULL,
	asked_by text NOT NULL,
	asked bigint NOT NULL,
	state text NOT NULL,
	decided_by text NOT NULL,
	decided bigint NOT NULL
);
CREATE UNIQUE INDEX detect_containing_open ON detect_containing (rule) WHERE state IN ('waiting', 'on');

-- migration 1 (sqlite): what can be found
CREATE TABLE search_doc (
	n INTEGER PRIMARY KEY,
	kind text NOT NULL,
	ref text NOT NULL,
	unit text NOT NULL,
	act text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	href text NOT NULL,
	at bigint NOT NULL,
	head text NOT NULL,
	norm text NOT NULL,
	UNIQUE (kind, ref)
);
CREATE INDEX search_doc_act ON search_doc (act);
CREATE VIRTUAL TABLE search_text USING fts5(tokens, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='6');
-- migration 1 (postgres): what can be found
CREATE TABLE search_doc (
	kind text NOT NULL,
	ref text NOT NULL,
	unit text NOT NULL,
	act text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	href text NOT NULL,
	at bigint NOT NULL,
	head text NOT NULL,
	norm text NOT NULL,
	tokens tsvector NOT NULL,
	PRIMARY KEY (kind, ref)
);
CREATE INDEX search_doc_act ON search_doc (act);
CREATE INDEX search_doc_tokens ON search_doc USING gin (tokens);

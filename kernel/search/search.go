// Package search finds what the areas hold, for those who may see it. A
// document is put in the transaction that changes what it describes, so the
// index is never behind. Japanese is found by pairs of letters and Latin
// scripts by the beginnings of words, after NFKC and without regard to case or
// accents; what the index proposes is checked against the text, so a Japanese
// word is found exactly where it stands. The words of a query are never part of
// the language of an engine.
package search

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/store"
)

//go:embed schema.sql
var schema string

// Migrations are the tables of the index.
var Migrations = store.Migrations{Area: "search", SQL: schema}

// Doc is what can be found of a thing.
type Doc struct {
	Kind  string // what it is, such as "incident"
	Ref   string // its number or id; with Kind, its name in the index
	Unit  string // id of the unit it belongs to; empty: the whole group
	Act   authz.Act
	Title string
	Text  string // at most 64 KiB of it are found
	Href  string
	At    time.Time // newer ones come first; zero: now
}

const (
	mostText  = 64 << 10
	mostTitle = 1000
)

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 {
		most--
	}
	return s[:most]
}

// clean takes out what PostgreSQL can't keep in a text.
func clean(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "�") }

// Put adds a document or renews it. It belongs inside Change, beside what it
// describes, or inside Operate when the whole index is made anew. An empty Act
// is for every person who is signed in.
func Put(tx *store.Tx, d Doc) error {
	if d.Kind == "" || d.Ref == "" {
		return fmt.Errorf("search: a document needs a kind and a reference")
	}
	if d.At.IsZero() {
		d.At = tx.Now
	}
	d.Title, d.Text = clean(cut(d.Title, mostTitle)), clean(cut(d.Text, mostText))
	head, text := plain(d.Title+" "+d.Ref), plain(d.Text)
	words := strings.Join(tokens(head+"\n"+text), " ")
	args := []any{d.Kind, d.Ref, d.Unit, string(d.Act), d.Title, d.Text, d.Href, store.Millis(d.At), head, head + "\n" + text}
	const fresh = ` ON CONFLICT (kind, ref) DO UPDATE SET unit = excluded.unit, act = excluded.act, title = excluded.title,
		body = excluded.body, href = excluded.href, at = excluded.at, head = excluded.head, norm = excluded.norm`
	const columns = "INSERT INTO search_doc (kind, ref, unit, act, title, body, href, at, head, norm"
	if tx.Engine() == store.Postgres {
		_, err := tx.Exec(columns+", tokens) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10, array_to_tsvector(string_to_array($11, ' ')))"+fresh+", tokens = excluded.tokens",
			append(args, words)...)
		return err
	}
	var n int64
	if err := tx.QueryRow(columns+") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)"+fresh+" RETURNING n", args...).Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT OR REPLACE INTO search_text (rowid, tokens) VALUES ($1, $2)", n, words)
	return err
}

// Remove takes a document out; it need not be there. It belongs inside Change.
func Remove(tx *store.Tx, kind, ref string) error {
	return remove(tx, "kind = $1 AND ref = $2", kind, ref)
}

// RemoveKind takes all documents of a kind out, before they are put anew.
func RemoveKind(tx *store.Tx, kind string) error { return remove(tx, "kind = $1", kind) }

func remove(tx *store.Tx, where string, args ...any) error {
	if tx.Engine() == store.SQLite {
		if _, err := tx.Exec("DELETE FROM search_text WHERE rowid IN (SELECT n FROM search_doc WHERE "+where+")", args...); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM search_doc WHERE "+where, args...)
	return err
}

// Query is what to look for.
type Query struct {
	Text  string // words; all must be found; "several words" in quotes must stand together
	Kind  string // empty: all kinds
	Unit  string // only this unit and what lies below it; empty: all
	Limit int    // at most 200; zero: 20
	Skip  int    // how many of the best to leave out, for further pages; at most 2,000
}

// Hit is a document that was found.
type Hit struct {
	Kind, Ref, Unit, Href string
	At                    time.Time
	Title                 []Span
	Snippet               []Span // the surroundings of the first place in the text; nil where only the title has the words
}

// Name is the title without marks.
func (h Hit) Name() string {
	var b strings.Builder
	for _, s := range h.Title {
		b.WriteString(s.Text)
	}
	return b.String()
}

// KindCount is how many documents of a kind were found.
type KindCount struct {
	Kind  string
	Total int
}

// Found is the outcome of a search.
type Found struct {
	Total int         // of the kind asked for, or of all
	Kinds []KindCount // of every kind, whichever was asked for, most first
	Hits  []Hit
}

// Find looks for text in everything that the actor may see.
func Find(tx *store.Tx, by authz.Actor, text string, limit int) (Found, error) {
	return Look(tx, by, Query{Text: text, Limit: limit})
}

// Look is Find with more to say. Where the title or the number has all the
// words, that comes first; then the newest.
func Look(tx *store.Tx, by authz.Actor, q Query) (Found, error) {
	var found Found
	q.Text = clean(cut(q.Text, mostQuery))
	terms := parse(q.Text)
	if len(terms) == 0 {
		return found, nil
	}
	args := &arguments{}
	may, err := visible(tx, by, q.Unit, args)
	if err != nil || may == "" {
		return found, err
	}
	from, where := match(tx.Engine(), terms, args)
	where += " AND " + may

	found.Kinds, err = store.Rows(tx, func(r store.Scanner) (k KindCount, err error) { return k, r.Scan(&k.Kind, &k.Total) },
		"SELECT d.kind, COUNT(*) FROM "+from+" WHERE "+where+" GROUP BY d.kind", args.values...)
	if err != nil {
		return found, err
	}
	slices.SortFunc(found.Kinds, func(a, b KindCount) int {
		if a.Total != b.Total {
			return b.Total - a.Total
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	for _, k := range found.Kinds {
		if q.Kind == "" || k.Kind == q.Kind {
			found.Total += k.Total
		}
	}
	if found.Total == 0 {
		return found, nil
	}
	if q.Kind != "" {
		where += " AND d.kind = " + args.add(q.Kind)
	}
	var whole []string
	for _, t := range terms {
		whole = append(whole, "d.head LIKE "+args.add(like(t.norm))+` ESCAPE '\'`)
	}
	first := "CASE WHEN lower(d.ref) = " + args.add(plain(strings.TrimSpace(q.Text))) + " THEN 0 WHEN " + strings.Join(whole, " AND ") + " THEN 1 ELSE 2 END"
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	found.Hits, err = store.Rows(tx, func(r store.Scanner) (h Hit, err error) {
		var title, body string
		var at int64
		err = r.Scan(&h.Kind, &h.Ref, &h.Unit, &h.Href, &at, &title, &body)
		h.At, h.Title, h.Snippet = store.Time(at), mark(title, terms), snippet(body, terms)
		return h, err
	}, "SELECT d.kind, d.ref, d.unit, d.href, d.at, d.title, d.body FROM "+from+" WHERE "+where+
		fmt.Sprintf(" ORDER BY %s, d.at DESC, d.kind, d.ref LIMIT %d OFFSET %d", first, min(limit, 200), min(max(q.Skip, 0), 2000)), args.values...)
	return found, err
}

type arguments struct{ values []any }

func (a *arguments) add(v any) string {
	a.values = append(a.values, v)
	return fmt.Sprintf("$%d", len(a.values))
}

// match is the tables and the predicate of the terms. The index proposes by
// tokens, which consist of a-z and 0-9 alone; a term of several tokens is then
// looked for as it was written.
func match(engine store.Engine, terms []term, args *arguments) (from, where string) {
	var words, exact []string
	for _, t := range terms {
		for _, w := range t.tokens {
			switch {
			case engine == store.Postgres && w.prefix:
				words = append(words, "'"+w.text+"':*")
			case engine == store.Postgres:
				words = append(words, "'"+w.text+"'")
			case w.prefix:
				words = append(words, `"`+w.text+`" *`)
			default:
				words = append(words, `"`+w.text+`"`)
			}
		}
		if t.check {
			exact = append(exact, "d.norm LIKE "+args.add(like(t.norm))+` ESCAPE '\'`)
		}
	}
	if engine == store.Postgres {
		from, where = "search_doc d", "d.tokens @@ "+args.add(strings.Join(words, " & "))+"::text::tsquery"
	} else {
		from, where = "search_text JOIN search_doc d ON d.n = search_text.rowid", "search_text MATCH "+args.add(strings.Join(words, " AND "))
	}
	return from, strings.Join(append([]string{where}, exact...), " AND ")
}

func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}

// visible is the predicate of what the actor may see: for each act that
// documents ask for, the units where he may do it. It is empty where he may see
// nothing at all.
func visible(tx *store.Tx, by authz.Actor, unit string, args *arguments) (string, error) {
	// Each act once, by jumping through the index.
	acts, err := store.Texts(tx, `WITH RECURSIVE acts (act) AS (
		SELECT MIN(act) FROM search_doc
		UNION ALL SELECT (SELECT MIN(d.act) FROM search_doc d WHERE d.act > acts.act) FROM acts WHERE acts.act IS NOT NULL)
		SELECT act FROM acts WHERE act IS NOT NULL`)
	if err != nil {
		return "", err
	}
	var any []string
	for _, act := range acts {
		if act == "" {
			if by.IsSystem() || by.Person != "" && !strings.HasPrefix(by.Person, "outsider:") {
				any = append(any, "d.act || '' = ''")
			}
			continue
		}
		scope := by.Scope(authz.Act(act))
		if scope.Empty() {
			continue
		}
		if unit != "" && by.Units() != nil {
			scope = scope.Within(by.Units(), unit)
		}
		where, values := scope.Where("d.unit", len(args.values)+2)
		// Not a plain comparison: PostgreSQL would take the index of acts, which
		// narrows nothing, for that of the words.
		any = append(any, "(d.act || '' = "+args.add(act)+" AND "+where+")")
		args.values = append(args.values, values...)
	}
	if len(any) == 0 {
		return "", nil
	}
	return "(" + strings.Join(any, " OR ") + ")", nil
}

package cmmc

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/place"
	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// Relation is how what stands in another standard relates to a requirement, in
// the words of NIST IR 8477.
type Relation string

// The relations.
const (
	Equal      Relation = "equal"
	SubsetOf   Relation = "subset of"   // the requirement asks for less
	SupersetOf Relation = "superset of" // the requirement asks for more
	Intersects Relation = "intersects"
	Related    Relation = "related" // nothing more is said
)

// Label is the word for the relation.
func (r Relation) Label() text.Message {
	switch r {
	case Equal:
		return text.M("equal§relation")
	case SubsetOf:
		return text.M("the requirement asks for less")
	case SupersetOf:
		return text.M("the requirement asks for more")
	case Intersects:
		return text.M("they overlap")
	}
	return text.M("related§relation")
}

// CrosswalkLine says which part of another standard belongs to a requirement or
// an objective.
type CrosswalkLine struct {
	N        int    // line of the file
	Ref      string // 3.1.1 or 3.1.1[a]
	Target   string // A.5.15, PR.AA-05
	Relation Relation
	Title    string
	Note     string
}

// columns of a crosswalk file; the first name of each is the one to use.
var crosswalkColumns = map[string][]string{
	"requirement": {"requirement", "id", "cmmc", "800-171"},
	"reference":   {"reference", "target", "control"},
	"relation":    {"relation", "relationship"},
	"title":       {"title", "name"},
	"note":        {"note", "comment", "rationale"},
}

const (
	mostCrosswalkLines = 20_000
	mostCrosswalkText  = 2_000
)

// ReadCrosswalk reads a table of requirements and the parts of another standard.
// Everything wrong is named with its line, and nothing is taken then.
func ReadCrosswalk(file string, data []byte) ([]CrosswalkLine, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var wrong place.Problems
	bad := func(line int, what text.Message) {
		if len(wrong) < 50 {
			wrong = append(wrong, place.Problem{File: file, Line: line, What: what})
		}
	}
	if !utf8.Valid(data) {
		return nil, place.Problems{{File: file, What: text.M("this is not UTF-8; save the table as “CSV UTF-8”")}}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes = -1, false
	head, err := r.Read()
	if err != nil {
		return nil, place.Problems{{File: file, Line: 1, What: text.M("there is no table in the file")}}
	}
	at, err := crosswalkHead(file, head)
	if err != nil {
		return nil, err
	}
	get := func(record []string, name string) string {
		if i, ok := at[name]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	var lines []CrosswalkLine
	seen := map[[2]string]int{}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			var parse *csv.ParseError
			n := 0
			if errors.As(err, &parse) {
				n = parse.Line
			}
			bad(n, text.M("the quotes of this line do not close, or stand where they may not"))
			break
		}
		n, _ := r.FieldPos(0)
		if strings.Join(record, "") == "" {
			continue
		}
		if len(lines) >= mostCrosswalkLines {
			bad(n, text.M("a table has at most %d lines", mostCrosswalkLines))
			break
		}
		l := CrosswalkLine{N: n, Target: get(record, "reference"), Title: get(record, "title"), Note: get(record, "note")}
		id, ok := refOf(get(record, "requirement"))
		if l.Ref = id; !ok {
			bad(n, text.M("there is no requirement or objective %q", get(record, "requirement")))
			continue
		}
		if l.Target == "" {
			bad(n, text.M("the reference is missing"))
			continue
		}
		if utf8.RuneCountInString(l.Target)+utf8.RuneCountInString(l.Title)+utf8.RuneCountInString(l.Note) > mostCrosswalkText {
			bad(n, text.M("this line is longer than %d characters", mostCrosswalkText))
			continue
		}
		if l.Relation = Relation(strings.ToLower(get(record, "relation"))); l.Relation == "" {
			l.Relation = Related
		}
		if !slices.Contains([]Relation{Equal, SubsetOf, SupersetOf, Intersects, Related}, l.Relation) {
			bad(n, text.M("%q is no relation: equal, subset of, superset of, intersects or related", string(l.Relation)))
			continue
		}
		if first, twice := seen[[2]string{l.Ref, l.Target}]; twice {
			bad(n, text.M("%s and %s stand together in line %d already", l.Ref, l.Target, first))
			continue
		}
		seen[[2]string{l.Ref, l.Target}] = n
		lines = append(lines, l)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	if len(lines) == 0 {
		return nil, place.Problems{{File: file, What: text.M("there is no line in the table")}}
	}
	return lines, nil
}

// crosswalkHead finds the columns.
func crosswalkHead(file string, head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range head {
		h = strings.ToLower(strings.TrimSpace(h))
		for name, words := range crosswalkColumns {
			if !slices.Contains(words, h) {
				continue
			}
			if _, twice := at[name]; twice {
				return nil, place.Problems{{File: file, Line: 1, What: text.M("the column %q stands twice", name)}}
			}
			at[name] = i
		}
	}
	for _, name := range []string{"requirement", "reference"} {
		if _, ok := at[name]; !ok {
			return nil, place.Problems{{File: file, Line: 1, What: text.M("the column %q is missing", name)}}
		}
	}
	return at, nil
}

// refOf is a requirement or objective in our spelling.
func refOf(name string) (string, bool) {
	if q := catalog.Find(name); q != nil {
		return q.ID, true
	}
	if i, ok := catalog.Index(name); ok {
		return catalog.Name(i), true
	}
	return "", false
}

// asFault makes what is wrong with an uploaded file a fault of the field.
func asFault(field string, err error) error {
	problems, ok := err.(place.Problems)
	if !ok {
		return err
	}
	var fields []fault.Field
	for i, p := range problems {
		if i == 20 {
			fields = append(fields, fault.F(field, "and %d more", len(problems)-i))
			break
		}
		where := text.Literal(p.File)
		switch {
		case p.Line > 0 && p.Path != "" && p.Path != "$":
			where = text.M("%s, line %d, %s", p.File, p.Line, p.Path)
		case p.Line > 0:
			where = text.M("%s, line %d", p.File, p.Line)
		}
		fields = append(fields, fault.F(field, "%s: %s", where, p.What))
	}
	return fault.Invalid(fields...)
}

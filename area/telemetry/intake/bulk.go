package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"yagura/kernel/text"
)

// Bulk is one item of a request in the form of Elasticsearch's _bulk: a line
// that says what is wanted, and the document behind it.
type Bulk struct {
	Action string // "create" or "index", or one that is refused: "update", "delete"
	Index  string
	ID     string // as the sender named it; may be empty
	Refuse string // why the item is no event: a sentence of the catalog
	Event  Event  // where Refuse is empty; may have a Problem
}

// ProblemAction says that an item wants what an event store does not do.
var ProblemAction = text.M("only create and index are understood").Key

// BulkError says that a body is not in the form of _bulk; nothing of it is
// taken then.
type BulkError struct {
	Line   int // from 1
	Reason string
}

func (e *BulkError) Error() string {
	return fmt.Sprintf("Malformed action/metadata line [%d], %s", e.Line, e.Reason)
}

// Bulks goes through a body: {"create":{…}} or {"index":{…}}, a line end, the
// document, a line end, and again. index stands for items that name none. An
// error of each ends it. A document that is no JSON object is an item with an
// event that has a Problem; a line before it that cannot be read is a
// *BulkError: where one begins and ends is not known any more.
func Bulks(body []byte, index string, zone *time.Location, limits Limits, each func(Bulk) error) error {
	limits = limits.withDefaults()
	line, n := 0, 0
	next := func() ([]byte, bool) {
		for len(body) > 0 {
			line++
			l := body
			if nl := bytes.IndexByte(body, '\n'); nl >= 0 {
				l, body = body[:nl], body[nl+1:]
			} else {
				body = nil
			}
			if l = bytes.TrimSpace(l); len(l) > 0 {
				return l, true
			}
		}
		return nil, false
	}
	for {
		head, ok := next()
		if !ok {
			return nil
		}
		b, err := bulkHead(head, index)
		if err != "" {
			return &BulkError{line, err}
		}
		if b.Action != "delete" {
			doc, ok := next()
			if !ok {
				return &BulkError{line, "the body ends before its document"}
			}
			if b.Refuse == "" {
				b.Event = document(doc, zone, limits)
				b.Event.Line, b.Event.Offset = n, -1
			}
		}
		n++
		if err := each(b); err != nil {
			return err
		}
	}
}

func bulkHead(line []byte, index string) (Bulk, string) {
	b := Bulk{Index: index}
	if len(line) > 64<<10 {
		return b, "longer than 64 KiB"
	}
	var head map[string]struct {
		Index any `json:"_index"`
		ID    any `json:"_id"`
	}
	if json.Unmarshal(line, &head) != nil {
		return b, "expected START_OBJECT with one action"
	}
	if len(head) != 1 {
		return b, fmt.Sprintf("expected one action but found %d", len(head))
	}
	for action, at := range head {
		b.Action = action
		if s := word(at.Index); s != "" {
			b.Index = s
		}
		b.ID = word(at.ID)
	}
	switch b.Action {
	case "create", "index":
	case "update", "delete":
		b.Refuse = ProblemAction
	default:
		return b, "expected create, index, update or delete"
	}
	return b, ""
}

func word(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprint(v)
	}
	return ""
}

// document makes an event of one line that is to be a JSON object.
func document(doc []byte, zone *time.Location, limits Limits) Event {
	el := Element{Raw: doc[:len(doc):len(doc)], BrokenUTF8: !utf8.Valid(doc)}
	if len(doc) > limits.Element {
		el.Raw, el.Problem = doc[:limits.Element:limits.Element], ProblemLong
		return FromElement(el, zone)
	}
	var js scanner
	js.reset(limits.Depth)
	n, v := js.feed(doc)
	switch {
	case v == tooDeep:
		el.Problem = ProblemDeep
	case v == more && !js.finish():
		el.Problem = ProblemEnds
	case v == invalid || v == whole && n != len(doc):
		el.Problem = ProblemNotJSON
	case js.first != '{':
		el.Problem = ProblemNotObject
	}
	return FromElement(el, zone)
}

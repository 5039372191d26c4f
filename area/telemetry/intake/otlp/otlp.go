// Package otlp reads logs in the form of OpenTelemetry's protocol (OTLP 1.x),
// as protobuf and as JSON, and makes one event of each record: its body and
// attributes, and those of its scope and resource, become fields of one JSON
// object. Nothing that a record says is left out.
package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"yagura/area/telemetry/intake"
	"yagura/kernel/quote"
)

// MaxBody is the longest request, unpacked: a message takes several times its
// bytes in memory.
const MaxBody = 32 << 20

// depth bounds messages within messages; values nest by two each.
const depth = 200

// ErrTooLarge says that a request is longer than MaxBody.
var ErrTooLarge = errors.New("longer than 32 MiB")

// Read reads the body of a request; asJSON where it is not protobuf.
func Read(body io.Reader, asJSON bool) (*collector.ExportLogsServiceRequest, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(body, MaxBody+1)); err != nil {
		return nil, err
	}
	if b.Len() > MaxBody {
		return nil, ErrTooLarge
	}
	var r collector.ExportLogsServiceRequest
	if asJSON {
		if !json.Valid(b.Bytes()) { // its errors are shorter and its depth is bounded
			return nil, errors.New("not valid JSON")
		}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: depth}).Unmarshal(b.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("no logs in the form of OTLP: %w", err)
		}
		return &r, nil
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: depth}).Unmarshal(b.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("no logs in the form of OTLP: %w", err)
	}
	return &r, nil
}

// Events calls each with every record as an event, in their order, until it
// returns an error.
func Events(r *collector.ExportLogsServiceRequest, zone *time.Location, each func(intake.Event) error) error {
	for _, rl := range r.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, rec := range sl.GetLogRecords() {
				if err := each(event(rl, sl, rec, zone)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// event writes one record as an object. Attributes stand under their own names;
// those of a map in the body too, as OpenTelemetry's collector hands on what it
// parsed. Where names meet, the record goes before the body, the body before
// scope and resource, and the one that gives way stands under its place:
// "resource": {…}.
func event(rl *logs.ResourceLogs, sl *logs.ScopeLogs, rec *logs.LogRecord, zone *time.Location) intake.Event {
	w := &writer{seen: map[string]bool{}}
	w.b = append(make([]byte, 0, 512), '{')
	at := rec.GetTimeUnixNano()
	if at == 0 {
		at = rec.GetObservedTimeUnixNano()
	}
	e := intake.Event{Kind: "otlp", Offset: -1}
	if at > 0 && at <= math.MaxInt64 {
		e.Time = time.Unix(0, int64(at)).UTC()
		w.text("@timestamp", e.Time.Format(time.RFC3339Nano))
	}
	w.number("time_unix_nano", rec.GetTimeUnixNano())
	w.number("observed_time_unix_nano", rec.GetObservedTimeUnixNano())
	w.some("severity_text", rec.GetSeverityText())
	w.number("severity_number", uint64(max(rec.GetSeverityNumber(), 0)))
	w.some("event_name", rec.GetEventName())
	w.some("trace_id", id(rec.GetTraceId(), 16))
	w.some("span_id", id(rec.GetSpanId(), 8))
	w.number("flags", uint64(rec.GetFlags()))
	w.attributes("attributes", rec.GetAttributes())
	w.number("dropped_attributes_count", uint64(rec.GetDroppedAttributesCount()))
	switch body := rec.GetBody().GetValue().(type) {
	case nil:
	case *common.AnyValue_KvlistValue:
		w.attributes("body", body.KvlistValue.GetValues())
	default:
		if w.key("message") {
			w.value(rec.GetBody(), 0)
		} else if w.key("body") {
			w.value(rec.GetBody(), 0)
		}
	}
	if s := sl.GetScope(); s != nil {
		w.some("otel.scope.name", s.GetName())
		w.some("otel.scope.version", s.GetVersion())
		w.attributes("scope", s.GetAttributes())
	}
	w.attributes("resource", rl.GetResource().GetAttributes())
	if u := sl.GetSchemaUrl(); u != "" {
		w.text("otel.schema_url", u)
	} else {
		w.some("otel.schema_url", rl.GetSchemaUrl())
	}
	e.Raw = append(w.b, '}')
	facts := intake.Look(e.Raw, zone)
	e.Host = facts.Host
	if facts.Kind != "json" {
		e.Kind = facts.Kind
	}
	if e.Time.IsZero() {
		e.Time = facts.Time
	}
	e.BrokenUTF8 = w.broken
	return e
}

// id is a trace or span in hexadecimal. In JSON it is written so; the reader of
// protobuf's JSON took it for base64, which gives the letters back.
func id(b []byte, size int) string {
	switch {
	case len(b) == size*3/2:
		return base64.StdEncoding.EncodeToString(b)
	default:
		return hex.EncodeToString(b)
	}
}

type writer struct {
	b      []byte
	seen   map[string]bool
	broken bool
}

func (w *writer) key(name string) bool {
	if w.seen[name] {
		return false
	}
	w.seen[name] = true
	if len(w.b) > 1 {
		w.b = append(w.b, ',')
	}
	w.b = append(w.str(name), ':')
	return true
}

func (w *writer) text(name, v string) {
	if w.key(name) {
		w.b = w.str(v)
	}
}

func (w *writer) some(name, v string) {
	if v != "" {
		w.text(name, v)
	}
}

func (w *writer) number(name string, v uint64) {
	if v != 0 && w.key(name) {
		w.b = strconv.AppendUint(w.b, v, 10)
	}
}

func (w *writer) str(s string) []byte {
	w.broken = w.broken || !utf8.ValidString(s)
	return quote.JSON(w.b, s)
}

// attributes writes each under its own name; those whose name is taken in an
// object of their place.
func (w *writer) attributes(place string, list []*common.KeyValue) {
	var rest []*common.KeyValue
	for _, kv := range list {
		if kv.GetKey() != "" && w.key(kv.GetKey()) {
			w.value(kv.GetValue(), 0)
		} else {
			rest = append(rest, kv)
		}
	}
	if len(rest) > 0 && w.key(place) {
		w.object(rest, 0)
	}
}

// object writes every pair, doubled names too: they are as they came.
func (w *writer) object(list []*common.KeyValue, level int) {
	w.b = append(w.b, '{')
	for i, kv := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.str(kv.GetKey()), ':')
		w.value(kv.GetValue(), level+1)
	}
	w.b = append(w.b, '}')
}

func (w *writer) value(v *common.AnyValue, level int) {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		w.b = w.str(v.StringValue)
	case *common.AnyValue_BoolValue:
		w.b = strconv.AppendBool(w.b, v.BoolValue)
	case *common.AnyValue_IntValue:
		w.b = strconv.AppendInt(w.b, v.IntValue, 10)
	case *common.AnyValue_DoubleValue:
		if f := v.DoubleValue; math.IsNaN(f) || math.IsInf(f, 0) {
			w.b = w.str(fmt.Sprint(f))
		} else {
			w.b = strconv.AppendFloat(w.b, f, 'g', -1, 64)
		}
	case *common.AnyValue_BytesValue:
		w.b = append(base64.StdEncoding.AppendEncode(append(w.b, '"'), v.BytesValue), '"')
	case *common.AnyValue_ArrayValue:
		w.b = append(w.b, '[')
		for i, x := range v.ArrayValue.GetValues() {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.value(x, level+1)
		}
		w.b = append(w.b, ']')
	case *common.AnyValue_KvlistValue:
		w.object(v.KvlistValue.GetValues(), level)
	default:
		w.b = append(w.b, "null"...)
	}
}

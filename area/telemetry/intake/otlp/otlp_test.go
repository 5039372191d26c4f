package otlp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"yagura/area/telemetry/intake"
)

func str(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func kv(k string, v *common.AnyValue) *common.KeyValue { return &common.KeyValue{Key: k, Value: v} }

func request(r *logs.LogRecord) *collector.ExportLogsServiceRequest {
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource:  &resource.Resource{Attributes: []*common.KeyValue{kv("host.name", str("h1")), kv("twice", str("resource"))}},
		ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "lib", Version: "1", Attributes: []*common.KeyValue{kv("twice", str("scope"))}}, LogRecords: []*logs.LogRecord{r}}},
	}}}
}

func TestNothingOfARecordIsLeftOut(t *testing.T) {
	list := &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{str("a"), nil, {Value: &common.AnyValue_DoubleValue{DoubleValue: 1.5}}}}}}
	for name, c := range map[string]struct {
		r    *logs.LogRecord
		want []string
	}{
		"all": {&logs.LogRecord{ObservedTimeUnixNano: 1776403493092051000, SeverityNumber: 17, SeverityText: "ERROR", TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Flags: 1, EventName: "e",
			Body: str("圧力"), Attributes: []*common.KeyValue{kv("twice", str("record")), kv("twice", str("again")), kv("", str("no name")), kv("list", list)}},
			[]string{`"@timestamp":"2026-04-17T05:24:53.092051Z"`, `"severity_number":17`, `"trace_id":"30313233343536373839616263646566"`, `"message":"圧力"`, `"twice":"record"`, `"attributes":{"twice":"again","":"no name"}`,
				`"scope":{"twice":"scope"}`, `"resource":{"twice":"resource"}`, `"list":["a",null,1.5]`, `"host.name":"h1"`, `"otel.scope.version":"1"`}},
		"map body": {&logs.LogRecord{TimeUnixNano: 1, Body: &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{kv("channel", str("Security")), kv("host.name", str("h2"))}}}}},
			[]string{`"channel":"Security"`, `"host.name":"h2"`, `"resource":{"host.name":"h1","twice":"resource"}`}},
		"bytes":         {&logs.LogRecord{Body: &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{0, 255}}}}, []string{`"message":"AP8="`}},
		"no body":       {&logs.LogRecord{}, []string{`"host.name":"h1"`}},
		"message taken": {&logs.LogRecord{Body: str("body"), Attributes: []*common.KeyValue{kv("message", str("attribute"))}}, []string{`"message":"attribute"`, `"body":"body"`}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := proto.Marshal(request(c.r))
			if err != nil {
				t.Fatal(err)
			}
			r, err := Read(bytes.NewReader(b), false)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			if err := Events(r, nil, func(e intake.Event) error {
				n++
				for _, want := range c.want {
					if !strings.Contains(string(e.Raw), want) {
						t.Errorf("%s is missing in %s", want, e.Raw)
					}
				}
				if !json.Valid(e.Raw) {
					t.Errorf("not JSON: %s", e.Raw)
				}
				return nil
			}); err != nil || n != 1 {
				t.Errorf("%d %v", n, err)
			}
		})
	}
	if _, err := Read(strings.NewReader(strings.Repeat(" ", MaxBody+1)), true); err != ErrTooLarge {
		t.Errorf("too large: %v", err)
	}
}

func FuzzOTLP(f *testing.F) {
	b, _ := proto.Marshal(request(&logs.LogRecord{Body: str("x"), TimeUnixNano: 5, TraceId: []byte("0123456789abcdef")}))
	f.Add(b, false)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","traceId":"5B8EFFF798038103D269B633813FC60C","body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{}}}]}}}]}]}]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, asJSON bool) {
		r, err := Read(bytes.NewReader(b), asJSON)
		if err != nil {
			return
		}
		Events(r, nil, func(e intake.Event) error {
			if !json.Valid(e.Raw) {
				t.Fatalf("not JSON: %q", e.Raw)
			}
			return nil
		})
	})
}

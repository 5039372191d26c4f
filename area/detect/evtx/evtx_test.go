package evtx

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
)

// read returns what a log holds: JSON of each record, and all problems.
func read(t testing.TB, b []byte) (out []string, problems []*Problem) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range r.Records() {
		var j []byte
		if err == nil {
			j, err = rec.JSON()
		}
		var p *Problem
		switch {
		case errors.As(err, &p):
			problems = append(problems, p)
		case err != nil:
			t.Fatalf("not a Problem: %v", err)
		case !json.Valid(j):
			t.Fatalf("not JSON: %s", j)
		default:
			out = append(out, string(j))
		}
	}
	return out, problems
}

func TestOwnLog(t *testing.T) {
	b := newBuilder(7)
	b.add(logonEvent("山田 \"太郎\"", "tab\there"))
	log := file(0, b.chunk())
	got, problems := read(t, log)
	want := `{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},` +
		`"System":{"Provider":{"#attributes":{"Name":"Works-Terminal"}},"EventID":4624,` +
		`"TimeCreated":{"#attributes":{"SystemTime":"2024-01-17T21:20:00.000000Z"}},"Channel":"Security",` +
		`"Computer":"himeji-pc-07","Security":null},"EventData":{"User":"山田 \"太郎\"","Note":"tab\there"}}}`
	if len(problems) > 0 || len(got) != 1 || got[0] != want {
		t.Fatalf("problems %v\n got %s\nwant %s", problems, got, want)
	}
	r, _ := NewReader(bytes.NewReader(log), int64(len(log)))
	for rec, err := range r.Records() {
		if err != nil || rec.ID != 7 || rec.Chunk != 0 || rec.Offset != headerBlock+chunkHeader || !rec.Verified ||
			rec.Written.Format("2006-01-02T15:04:05Z") != "2024-01-17T21:20:00Z" {
			t.Errorf("%+v %v", rec, err)
		}
		x, err := rec.XML()
		if err != nil || !strings.Contains(string(x), `<Data Name="User">山田 &quot;太郎&quot;</Data><Data Name="Note">tab&#x9;here</Data>`) {
			t.Errorf("%s %v", x, err)
		}
	}
}

func TestValues(t *testing.T) {
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	guid := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	systime := []byte{0xe9, 7, 10, 0, 0, 0, 26, 0, 23, 0, 20, 0, 6, 0, 0x3f, 1}
	for _, c := range []struct {
		v    val
		want string
	}{
		{val{typeNull, nil}, `""`},
		{str("a\\b\x01"), `"a\\b\u0001"`},
		{str("ends in zero\x00\x00"), `"ends in zero"`},
		{str("hidden\x00behind"), `"hidden\u0000behind"`},
		{val{typeString, []byte{0x3d, 0xd8, 0x00, 0xde}}, `"😀"`},
		{val{typeString, []byte{0x3d, 0xd8}}, `"` + "\uFFFD" + `"`},
		{val{typeANSI, []byte("caf\xe9\x00")}, `"café"`},
		{val{typeANSI, []byte("工場")}, `"工場"`},
		{val{typeInt8, []byte{0xff}}, `-1`},
		{val{typeUint8, []byte{0xff}}, `255`},
		{val{typeInt16, []byte{0, 0x80}}, `-32768`},
		{val{typeUint16, []byte{0, 0x80}}, `32768`},
		{u32v(typeInt32, 0xffffffff), `-1`},
		{u32v(typeUint32, 0xffffffff), `4294967295`},
		{u64v(typeInt64, 1<<63), `-9223372036854775808`},
		{u64v(typeUint64, 1<<64-1), `18446744073709551615`},
		{u32v(typeReal32, 0x3fc00000), `1.5`},
		{f64(2.25), `2.25`},
		{u64v(typeReal64, 0x7ff0000000000000), `"+Inf"`},
		{u32v(typeBool, 1), `true`},
		{u32v(typeBool, 0), `false`},
		{val{typeBinary, []byte{0xde, 0xad}}, `"DEAD"`},
		{val{typeGUID, guid}, `"00112233-4455-6677-8899-AABBCCDDEEFF"`},
		{u64v(typeSize, 4096), `"0x1000"`},
		{u32v(typeSize, 4096), `"0x1000"`},
		{u64v(typeFiletime, written+12345670), `"2024-01-17T21:20:01.234567Z"`},
		{u64v(typeFiletime, 0), `"1601-01-01T00:00:00.000000Z"`},
		{val{typeSystime, systime}, `"2025-10-26T23:20:06.319000Z"`},
		{val{typeSID, sid}, `"S-1-5-32-544"`},
		{val{typeSID, sid[:9]}, `"010200000000000520"`},
		{u32v(typeHex32, 0x1fffff), `"0x1fffff"`},
		{u64v(typeHex64, 0x8000000000000000), `"0x8000000000000000"`},
		{val{typeHex64, []byte{1, 2}}, `"0102"`}, // a size that does not fit
		{val{typeString | typeArray, wide("one\x00two\x00")}, `["one","two"]`},
		{val{typeANSI | typeArray, []byte("one\x00two\x00")}, `["one","two"]`},
		{val{typeUint16 | typeArray, []byte{1, 0, 2, 0}}, `[1,2]`},
		{val{typeSID | typeArray, append(sid, sid...)}, `["S-1-5-32-544","S-1-5-32-544"]`},
		{val{typeHex32 | typeArray, []byte{1, 0, 0, 0}}, `["0x1"]`},
		{val{0x55, []byte{1, 2}}, `"0102"`}, // a type nobody has described
	} {
		b := newBuilder(1)
		b.add(build{&el{name: "Event", kids: []any{el{name: "EventData", kids: []any{
			el{name: "Data", attrs: []at{{"Name", "v"}}, kids: []any{sub(0)}}}}}}, []val{c.v}})
		got, problems := read(t, file(0, b.chunk()))
		want := `{"Event":{"EventData":{"v":` + c.want + `}}}`
		if len(problems) > 0 || len(got) != 1 || got[0] != want {
			t.Errorf("type 0x%02x: got %v %v, want %s", c.v.typ, got, problems, want)
		}
	}
}

func TestShapes(t *testing.T) {
	data := func(kids ...any) *el { return &el{name: "Event", kids: []any{el{name: "EventData", kids: kids}}} }
	for _, c := range []struct {
		name string
		tmpl *el
		vals []val
		want string
	}{
		{"text beside attributes", &el{name: "Event", kids: []any{el{name: "EventID", attrs: []at{{"Qualifiers", sub(0)}}, kids: []any{sub(1)}}}},
			[]val{{typeUint16, []byte{0, 64}}, {typeUint16, []byte{232, 3}}}, `{"Event":{"EventID":{"#attributes":{"Qualifiers":16384},"#text":1000}}}`},
		{"one unnamed", data(el{name: "Data", kids: []any{"x"}}), nil, `{"Event":{"EventData":{"Data":{"#text":"x"}}}}`},
		{"two unnamed", data(el{name: "Data", kids: []any{"x"}}, el{name: "Data"}), nil, `{"Event":{"EventData":{"Data":{"#text":["x",""]}}}}`},
		{"an array unnamed", data(el{name: "Data", kids: []any{sub(0)}}), []val{{typeString | typeArray, wide("x\x00y\x00")}},
			`{"Event":{"EventData":{"Data":{"#text":["x","y"]}}}}`},
		{"named and unnamed", data(el{name: "Data", attrs: []at{{"Name", "a"}}, kids: []any{"1"}}, el{name: "Data", kids: []any{"2"}}), nil,
			`{"Event":{"EventData":{"a":"1","Data":{"#text":"2"}}}}`},
		{"a name again", data(el{name: "A", kids: []any{"1"}}, el{name: "A", kids: []any{"2"}}, el{name: "A_1", kids: []any{"3"}}, el{name: "A", kids: []any{"4"}}), nil,
			`{"Event":{"EventData":{"A":"1","A_1":"2","A_1_1":"3","A_2":"4"}}}`},
		{"text and values run together", data(el{name: "A", kids: []any{"n=", sub(0), ";"}}), []val{{typeUint8, []byte{9}}}, `{"Event":{"EventData":{"A":"n=9;"}}}`},
		{"character and entity references", data(el{name: "A", kids: []any{raw{tokCharRef, 0x42, 0x30}}}), nil, `{"Event":{"EventData":{"A":"あ"}}}`},
		{"a value that is not there", data(el{name: "A", kids: []any{sub(9)}}), nil, `{"Event":{"EventData":{"A":null}}}`},
		{"cdata", data(el{name: "A", kids: []any{raw{tokCDATA, 1, 0, '<', 0}}}), nil, `{"Event":{"EventData":{"A":"<"}}}`},
		{"nothing", data(), nil, `{"Event":{"EventData":null}}`},
	} {
		b := newBuilder(1)
		b.add(build{c.tmpl, c.vals})
		got, problems := read(t, file(0, b.chunk()))
		if len(problems) > 0 || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: got %v %v, want %s", c.name, got, problems, c.want)
		}
	}
}

// A value may itself be binary XML: with a template of its own, or bare.
func TestFragmentAsValue(t *testing.T) {
	outer := &el{name: "Event", kids: []any{el{name: "UserData", kids: []any{sub(0)}}}}
	change := &el{name: "Change", kids: []any{el{name: "By", kids: []any{sub(0)}}}}
	for _, bare := range []bool{false, true} {
		b := newBuilder(1)
		for range 2 { // the second record refers to templates by offset
			b.record(func() {
				b.instance(outer, []val{{typeBinXML, nil}})
				size := len(b.data) - 4
				from := len(b.data)
				if bare {
					b.bytes(tokFragment, 1, 1, 0)
					b.element(el{name: "Change", kids: []any{el{name: "By", kids: []any{"sato"}}}})
					b.bytes(tokEOF)
				} else {
					b.instance(change, []val{str("sato")})
				}
				le.PutUint16(b.data[size:], uint16(len(b.data)-from))
			})
		}
		got, problems := read(t, file(0, b.chunk()))
		want := `{"Event":{"UserData":{"Change":{"By":"sato"}}}}`
		if len(problems) > 0 || len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("bare %v: %v %v", bare, got, problems)
		}
	}
}

func TestCodepage(t *testing.T) {
	b := newBuilder(1)
	b.add(build{&el{name: "Event", kids: []any{sub(0)}}, []val{{typeANSI, []byte{0x8d, 0x48, 0x8f, 0xea}}}})
	log := file(0, b.chunk())
	r, err := NewReader(bytes.NewReader(log), int64(len(log)))
	if err != nil {
		t.Fatal(err)
	}
	r.Codepage = japanese.ShiftJIS
	for rec, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if j, err := rec.JSON(); err != nil || string(j) != `{"Event":"工場"}` {
			t.Errorf("%s %v", j, err)
		}
	}
}

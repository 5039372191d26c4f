package evtx

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Value types of [MS-EVEN6] 2.2.12 and of the file format.
const (
	typeNull     = 0x00
	typeString   = 0x01
	typeANSI     = 0x02
	typeInt8     = 0x03
	typeUint8    = 0x04
	typeInt16    = 0x05
	typeUint16   = 0x06
	typeInt32    = 0x07
	typeUint32   = 0x08
	typeInt64    = 0x09
	typeUint64   = 0x0a
	typeReal32   = 0x0b
	typeReal64   = 0x0c
	typeBool     = 0x0d
	typeBinary   = 0x0e
	typeGUID     = 0x0f
	typeSize     = 0x10
	typeFiletime = 0x11
	typeSystime  = 0x12
	typeSID      = 0x13
	typeHex32    = 0x14
	typeHex64    = 0x15
	typeHandle   = 0x20
	typeBinXML   = 0x21
	typeXML      = 0x23
	typeArray    = 0x80
)

// width is the size of one value of a type in bytes, 0 where it varies.
func width(typ byte) int {
	switch typ {
	case typeInt8, typeUint8:
		return 1
	case typeInt16, typeUint16:
		return 2
	case typeInt32, typeUint32, typeReal32, typeBool, typeHex32:
		return 4
	case typeInt64, typeUint64, typeReal64, typeFiletime, typeHex64:
		return 8
	case typeGUID, typeSystime:
		return 16
	}
	return 0
}

// empty tells whether a value has nothing to show.
func (v value) empty() bool {
	return v.typ == typeNull || len(v.data) == 0
}

// items splits an array into its members.
func (v value) items() []value {
	typ := v.typ &^ typeArray
	var out []value
	switch w := width(typ); {
	case w > 0:
		for d := v.data; len(d) >= w; d = d[w:] {
			out = append(out, value{typ: typ, data: d[:w]})
		}
		return out
	case typ == typeString:
		d := v.data
		from := 0
		for i := 0; i+1 < len(d); i += 2 {
			if d[i] == 0 && d[i+1] == 0 {
				out = append(out, value{typ: typ, data: d[from:i]})
				from = i + 2
			}
		}
		if from < len(d) {
			out = append(out, value{typ: typ, data: d[from:]})
		}
		return out
	case typ == typeANSI:
		for part := range strings.SplitSeq(strings.TrimSuffix(string(v.data), "\x00"), "\x00") {
			out = append(out, value{typ: typ, data: []byte(part)})
		}
		return out
	case typ == typeSID:
		for d := v.data; len(d) >= 8; {
			n := 8 + 4*int(d[1])
			if n > len(d) {
				break
			}
			out = append(out, value{typ: typ, data: d[:n]})
			d = d[n:]
		}
		return out
	}
	return []value{{typ: typeBinary, data: v.data}}
}

// text appends the value as plain text. quoted says whether JSON has to put it
// into quotes: numbers and truth values stand as they are.
func (v value) text(b []byte, cp encoding.Encoding) (out []byte, quoted bool) {
	d := v.data
	if w := width(v.typ); w > 0 && len(d) != w {
		return appendHex(b, d), true // a size that does not fit its type: as it stands
	}
	switch v.typ {
	case typeString, typeXML:
		return append(b, decodeUTF16(d)...), true
	case typeANSI:
		return append(b, decodeANSI(d, cp)...), true
	case typeInt8:
		return strconv.AppendInt(b, int64(int8(d[0])), 10), false
	case typeUint8:
		return strconv.AppendUint(b, uint64(d[0]), 10), false
	case typeInt16:
		return strconv.AppendInt(b, int64(int16(le.Uint16(d))), 10), false
	case typeUint16:
		return strconv.AppendUint(b, uint64(le.Uint16(d)), 10), false
	case typeInt32:
		return strconv.AppendInt(b, int64(int32(le.Uint32(d))), 10), false
	case typeUint32:
		return strconv.AppendUint(b, uint64(le.Uint32(d)), 10), false
	case typeInt64:
		return strconv.AppendInt(b, int64(le.Uint64(d)), 10), false
	case typeUint64:
		return strconv.AppendUint(b, le.Uint64(d), 10), false
	case typeReal32:
		return appendFloat(b, float64(math.Float32frombits(le.Uint32(d))), 32)
	case typeReal64:
		return appendFloat(b, math.Float64frombits(le.Uint64(d)), 64)
	case typeBool:
		return strconv.AppendBool(b, le.Uint32(d) != 0), false
	case typeGUID:
		return appendGUID(b, d), true
	case typeSize, typeHandle:
		switch len(d) {
		case 4:
			return appendHexInt(b, uint64(le.Uint32(d))), true
		case 8:
			return appendHexInt(b, le.Uint64(d)), true
		}
	case typeHex32:
		return appendHexInt(b, uint64(le.Uint32(d))), true
	case typeHex64:
		return appendHexInt(b, le.Uint64(d)), true
	case typeFiletime:
		return appendTime(b, filetime(le.Uint64(d))), true
	case typeSystime:
		u := func(i int) int { return int(le.Uint16(d[2*i:])) }
		return appendTime(b, time.Date(u(0), time.Month(u(1)), u(3), u(4), u(5), u(6), u(7)*1e6, time.UTC)), true
	case typeSID:
		if len(d) >= 8 && len(d) == 8+4*int(d[1]) {
			return appendSID(b, d), true
		}
	}
	return appendHex(b, d), true
}

// appendFloat writes finite numbers as JSON has them, others as words.
func appendFloat(b []byte, f float64, bits int) ([]byte, bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return strconv.AppendFloat(b, f, 'g', -1, bits), true
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits), false
}

func appendTime(b []byte, t time.Time) []byte {
	return t.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

func appendHexInt(b []byte, v uint64) []byte {
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}

const hexDigits = "0123456789ABCDEF"

func appendHex(b, d []byte) []byte {
	for _, c := range d {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}

// appendGUID writes the first three groups in the byte order of numbers.
func appendGUID(b, d []byte) []byte {
	for i, at := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hexDigits[d[at]>>4], hexDigits[d[at]&15])
	}
	return b
}

// appendSID writes a security identifier as [MS-DTYP] 2.4.2.1 has it.
func appendSID(b, d []byte) []byte {
	b = append(b, "S-"...)
	b = strconv.AppendUint(b, uint64(d[0]), 10)
	var authority uint64
	for _, c := range d[2:8] {
		authority = authority<<8 | uint64(c)
	}
	b = append(b, '-')
	if authority < 1<<32 {
		b = strconv.AppendUint(b, authority, 10)
	} else {
		b = append(append(b, "0x"...), appendHex(nil, d[2:8])...)
	}
	for i := range int(d[1]) {
		b = strconv.AppendUint(append(b, '-'), uint64(le.Uint32(d[8+4*i:])), 10)
	}
	return b
}

// trimUTF16 takes away the zeros that end a string, not those within it:
// somebody may hide behind them.
func trimUTF16(d []byte) []byte {
	d = d[:len(d)&^1]
	for len(d) > 0 && d[len(d)-1] == 0 && d[len(d)-2] == 0 {
		d = d[:len(d)-2]
	}
	return d
}

func decodeANSI(d []byte, cp encoding.Encoding) string {
	s := strings.TrimRight(string(d), "\x00")
	if cp == nil {
		if utf8.ValidString(s) {
			return s
		}
		cp = charmap.Windows1252
	}
	if t, err := cp.NewDecoder().String(s); err == nil {
		return t
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

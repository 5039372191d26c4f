package sigma

// Events of one kind have the same names in the same order. A Matcher remembers
// which name followed which, and compares the next one with that before it
// reads it: what is remembered changes the time an event takes, never what is
// found in it.

// name is one name as it stands in events, with its quotes and colon, and what
// it means at its place.
type name struct {
	text  string
	at    *place
	field int32
	sub   *place
	then  [2]int32 // the names that followed lately
}

type nameKey struct {
	at   *place
	text string
}

const (
	maxNames = 2048 // remembered by one Matcher
	maxName  = 128
)

// guess returns the name that begins at i if it is one that followed before.
func (e *event) guess(last int32, at *place, i int) int32 {
	b := e.raw[i:]
	for _, n := range e.names[last].then {
		k := &e.names[n]
		if k.at == at && n > 0 && len(b) >= len(k.text) && string(b[:len(k.text)]) == k.text {
			return n
		}
	}
	return 0
}

// learn remembers a name and that it followed another.
func (e *event) learn(last int32, at *place, text []byte, field int32, sub *place) int32 {
	n, ok := e.nameNum[nameKey{at, string(text)}]
	if !ok {
		if len(e.names) >= maxNames || len(text) > maxName {
			return 0
		}
		if e.nameNum == nil {
			e.nameNum = map[nameKey]int32{}
		}
		n = int32(len(e.names))
		e.names = append(e.names, name{text: string(text), at: at, field: field, sub: sub})
		e.nameNum[nameKey{at, e.names[n].text}] = n
	}
	k := &e.names[last]
	k.then[1], k.then[0] = k.then[0], n
	return n
}

// Package text holds what people read, in English and Japanese. The English
// sentence is the key; each area brings one Japanese file. A sentence that has
// no translation is shown in English, and a test of the house fails for it.
package text

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Lang is a language of the product as an RFC 5646 tag.
type Lang string

// The languages of the product.
const (
	EN Lang = "en"
	JA Lang = "ja"
)

// Parse returns the language of a tag such as "ja-JP" and whether the product
// speaks it.
func Parse(tag string) (Lang, bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	switch Lang(base) {
	case EN:
		return EN, true
	case JA:
		return JA, true
	}
	return EN, false
}

// Japanese maps English sentences to Japanese ones.
type Japanese map[string]string

var (
	mu       sync.RWMutex
	japanese = Japanese{}
)

// Add brings in an area's translations. Two areas that translate one sentence
// differently are a mistake of the programmers: it panics and names the
// sentence. Where one English word has two meanings, the key takes a mark that
// is not shown: "Open§verb".
func Add(ja Japanese) {
	mu.Lock()
	defer mu.Unlock()
	for en, t := range ja {
		if old, ok := japanese[en]; ok && old != t {
			panic(fmt.Sprintf("text: %q is translated twice: %q and %q", en, old, t))
		}
		japanese[en] = t
	}
}

// Catalog is a copy of all translations, for tests.
func Catalog() Japanese {
	mu.RLock()
	defer mu.RUnlock()
	return maps.Clone(japanese)
}

// Message is a sentence with its arguments, not yet in a language. The zero
// Message is no sentence.
type Message struct {
	Key  string `json:"key"`
	Args []any  `json:"args,omitempty"`
}

// M makes a message. The key is a literal: the house's test reads it.
func M(key string, args ...any) Message { return Message{Key: key, Args: args} }

// Foreign is an argument in the words of another program, in English whatever
// the language of the sentence around it. Pages mark it as such.
type Foreign string

// Literal is a message that is the same in every language, such as a name.
func Literal(s string) Message { return Message{Key: "%s", Args: []any{s}} }

// MarshalJSON keeps a float a float: 50 is written 50.0.
func (m Message) MarshalJSON() ([]byte, error) {
	type plain Message
	p := plain{Key: m.Key, Args: slices.Clone(m.Args)}
	for i, a := range p.Args {
		if f, ok := a.(float64); ok && f == math.Trunc(f) && !math.IsInf(f, 0) {
			p.Args[i] = json.RawMessage(strconv.FormatFloat(f, 'f', 1, 64))
		}
	}
	return json.Marshal(p)
}

// UnmarshalJSON reads what MarshalJSON wrote: whole numbers come back as int64
// and messages within as messages, so that the verbs still fit.
func (m *Message) UnmarshalJSON(b []byte) error {
	var raw struct {
		Key  string            `json:"key"`
		Args []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*m = Message{Key: raw.Key}
	for _, r := range raw.Args {
		var whole int64
		var inner Message
		var other any
		switch {
		case string(r) != "null" && json.Unmarshal(r, &whole) == nil:
			m.Args = append(m.Args, whole)
		case len(r) > 0 && r[0] == '{' && json.Unmarshal(r, &inner) == nil && inner.Key != "":
			m.Args = append(m.Args, inner)
		default:
			if err := json.Unmarshal(r, &other); err != nil {
				return err
			}
			m.Args = append(m.Args, other)
		}
	}
	return nil
}

// IsZero tells whether there is no sentence.
func (m Message) IsZero() bool { return m.Key == "" }

// In is the message in a language. Arguments which are messages are put into
// the same language.
func (m Message) In(lang Lang) string { return T(lang, m.Key, m.Args...) }

// String is the message in English, for logs.
func (m Message) String() string { return m.In(EN) }

// T is the sentence of the key in a language, with fmt verbs filled in.
func T(lang Lang, key string, args ...any) string {
	sentence := key
	if lang == JA {
		mu.RLock()
		ja, ok := japanese[key]
		mu.RUnlock()
		if ok {
			sentence = ja
		}
	}
	if cut := strings.Index(sentence, "§"); cut >= 0 {
		sentence = sentence[:cut]
	}
	if len(args) == 0 {
		return sentence
	}
	spoken := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Message:
			spoken[i] = a.In(lang)
		default:
			spoken[i] = a
		}
	}
	return fmt.Sprintf(sentence, spoken...)
}

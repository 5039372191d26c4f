// Package fault is what can go wrong in a way that concerns the person who
// asked. Each fault has a kind, which the edges turn into an HTTP status or an
// exit code by one table each, and a sentence in both languages. Every other
// error is internal: it is wrapped with context, logged, and shown as a
// reference only.
package fault

import (
	"errors"
	"strings"
	"time"

	"yagura/kernel/text"
)

// Kind says what sort of fault it is.
type Kind int

// The kinds. Internal is that of every error which is no fault.
const (
	KindInternal Kind = iota
	KindInvalid
	KindUnauthenticated
	KindDenied
	KindNotFound
	KindConflict
	KindTooBusy
)

// Field is what is wrong with one input, named as in the form or document.
type Field struct {
	Name    string
	Message text.Message
}

// Error is a fault.
type Error struct {
	Kind       Kind
	Message    text.Message
	Fields     []Field
	RetryAfter time.Duration // with KindTooBusy: when asking again makes sense
}

// Error is the fault in English, fields included.
func (e *Error) Error() string {
	s := e.Message.String()
	if len(e.Fields) == 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(f.Name + ": " + f.Message.String())
	}
	return b.String()
}

// F names a field and what is wrong with it. The key is a literal.
func F(name, key string, args ...any) Field {
	return Field{Name: name, Message: text.M(key, args...)}
}

// Invalid says that some inputs are wrong, each by name.
func Invalid(fields ...Field) error {
	return &Error{Kind: KindInvalid, Message: text.M("Some entries need to be corrected"), Fields: fields}
}

// Invalidf says that the input as a whole is wrong.
func Invalidf(key string, args ...any) error {
	return &Error{Kind: KindInvalid, Message: text.M(key, args...)}
}

// Unauthenticated says that the asker must sign in first.
func Unauthenticated(key string, args ...any) error {
	return &Error{Kind: KindUnauthenticated, Message: text.M(key, args...)}
}

// Denied says that the asker may not do this to something he may see.
func Denied(key string, args ...any) error {
	return &Error{Kind: KindDenied, Message: text.M(key, args...)}
}

// NotFound says that there is no such thing, or none that the asker may know of.
func NotFound(key string, args ...any) error {
	return &Error{Kind: KindNotFound, Message: text.M(key, args...)}
}

// Conflict says that the thing is not, or no longer, in a state that allows this.
func Conflict(key string, args ...any) error {
	return &Error{Kind: KindConflict, Message: text.M(key, args...)}
}

// TooBusy says that it may work later.
func TooBusy(after time.Duration, key string, args ...any) error {
	return &Error{Kind: KindTooBusy, Message: text.M(key, args...), RetryAfter: after}
}

// As returns the fault within err, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf is the kind of err; KindInternal where it holds no fault.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return KindInternal
}

// MessageOf is what a person may read of err; zero where it holds no fault.
func MessageOf(err error) text.Message {
	if e := As(err); e != nil {
		return e.Message
	}
	return text.Message{}
}

// FieldsOf are the fields that err names.
func FieldsOf(err error) []Field {
	if e := As(err); e != nil {
		return e.Fields
	}
	return nil
}

// Is tells whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

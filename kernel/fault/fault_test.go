package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

func TestFaults(t *testing.T) {
	for kind, err := range map[fault.Kind]error{
		fault.KindInvalid: fault.Invalidf("The line %d is wrong", 3), fault.KindUnauthenticated: fault.Unauthenticated("Please sign in"),
		fault.KindDenied: fault.Denied("No"), fault.KindNotFound: fault.NotFound("There is none"),
		fault.KindConflict: fault.Conflict("Too late"), fault.KindTooBusy: fault.TooBusy(time.Second, "Later"),
		fault.KindInternal: io.ErrUnexpectedEOF,
	} {
		for _, wrapped := range []error{err, fmt.Errorf("reading: %w", err), errors.Join(io.EOF, err)} {
			if got := fault.KindOf(wrapped); got != kind || !fault.Is(wrapped, kind) {
				t.Errorf("%v: kind %v, want %v", wrapped, got, kind)
			}
			if internal := kind == fault.KindInternal; fault.MessageOf(wrapped).IsZero() != internal || (fault.As(wrapped) == nil) != internal {
				t.Errorf("%v: what may a person read?", wrapped)
			}
		}
	}
	if fault.Is(nil, fault.KindInternal) || fault.KindOf(nil) != fault.KindInternal || fault.FieldsOf(nil) != nil {
		t.Error("no error is a fault")
	}
	if e := fault.As(fault.TooBusy(time.Minute, "Later")); e.RetryAfter != time.Minute {
		t.Error(e.RetryAfter)
	}
}

func TestFieldsAreNamed(t *testing.T) {
	err := fmt.Errorf("saving: %w", fault.Invalid(fault.F("name", "Give a name"), fault.F("until", "At most %d days", 3)))
	if got := err.Error(); got != "saving: Some entries need to be corrected: name: Give a name; until: At most 3 days" {
		t.Error(got)
	}
	fields := fault.FieldsOf(err)
	if len(fields) != 2 || fields[1].Name != "until" || fields[1].Message.In(text.EN) != "At most 3 days" {
		t.Errorf("%+v", fields)
	}
}

package scim

import (
	"fmt"
	"net/http"
)

// Error is what a client is told (RFC 7644 §3.12).
type Error struct {
	Status int
	Type   string // scimType; empty where none fits
	Detail string
}

func (e *Error) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("scim: %d %s", e.Status, e.Detail)
	}
	return fmt.Sprintf("scim: %d %s: %s", e.Status, e.Type, e.Detail)
}

func bad(kind, format string, args ...any) error {
	return &Error{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

// Invalid says that a value can't be taken.
func Invalid(format string, args ...any) error { return bad("invalidValue", format, args...) }

// Taken says that a value that must be unique is in use.
func Taken(format string, args ...any) error {
	return &Error{http.StatusConflict, "uniqueness", fmt.Sprintf(format, args...)}
}

// Missing says that there is no such resource, or none that the client may see.
func Missing(k Kind, id string) error {
	return &Error{http.StatusNotFound, "", fmt.Sprintf("There is no %s %q", k.Name, id)}
}

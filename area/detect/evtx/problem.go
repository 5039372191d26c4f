package evtx

import (
	"fmt"

	"yagura/kernel/text"
)

// Problem is something that could not be read, or not be trusted, and where.
type Problem struct {
	Chunk  int    // from 0; -1: the head of the file
	Record uint64 // identifier of the record, 0 where it is not known
	Offset int64  // in the file, in bytes
	Reason text.Message
	Lost   bool // records are missing because of it; otherwise only trust is

	cause error
}

// Message is the problem with its place, for people.
func (p *Problem) Message() text.Message {
	switch {
	case p.Chunk < 0:
		return text.M("file header, offset %d: %s", p.Offset, p.Reason)
	case p.Record == 0:
		return text.M("chunk %d, offset %d: %s", p.Chunk, p.Offset, p.Reason)
	}
	return text.M("chunk %d, record %d, offset %d: %s", p.Chunk, p.Record, p.Offset, p.Reason)
}

// Error is the problem in English.
func (p *Problem) Error() string {
	s := "evtx: " + p.Message().String()
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return s
}

// Unwrap is what the system said, where it said something.
func (p *Problem) Unwrap() error { return p.cause }

// syntaxError is a mistake in binary XML at an offset within the chunk.
type syntaxError struct {
	at     int
	reason text.Message
}

func (e *syntaxError) Error() string { return fmt.Sprintf("offset %d: %s", e.at, e.reason) }

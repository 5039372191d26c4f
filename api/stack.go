package api

import "runtime/debug"

// stack is the calling goroutine's, cut to what a log line can bear.
func stack() string {
	s := debug.Stack()
	if len(s) > 8<<10 {
		s = s[:8<<10]
	}
	return string(s)
}

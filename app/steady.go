package app

import (
	"io"
	"net/http"
	"time"

	"yagura/kernel/clock"
)

// pace is what is asked of whoever sends a request or reads an answer, so that
// nobody holds a connection, and what hangs on it, by doing it drop by drop.
type pace struct {
	grace time.Duration // to begin with, and for each part of an answer to be taken
	rate  int64         // bytes of a body per second after that
}

var usualPace = pace{time.Minute, 4 << 10}

// steady hands requests to next and ends those that fall behind. A large upload
// or download that goes on may take as long as it needs.
func (p pace) steady(next http.Handler) http.Handler {
	now := clock.System().Now
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		door := http.NewResponseController(w)
		door.SetWriteDeadline(time.Time{}) // that of an earlier request on this connection
		if r.Body != nil && r.Body != http.NoBody {
			body := &steadyBody{ReadCloser: r.Body, door: door, pace: p, began: now()}
			r.Body = body
			defer func() {
				if !body.whole { // the server reads on, to use the connection again
					door.SetReadDeadline(now().Add(p.grace))
				}
			}()
		}
		next.ServeHTTP(&steadyWriter{ResponseWriter: w, door: door, pace: p, now: now}, r)
	})
}

type steadyBody struct {
	io.ReadCloser
	door  *http.ResponseController
	pace  pace
	began time.Time
	read  int64
	whole bool
}

func (b *steadyBody) Read(p []byte) (int, error) {
	b.door.SetReadDeadline(b.began.Add(b.pace.grace + time.Duration(b.read/b.pace.rate)*time.Second))
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err == io.EOF { // the server goes on to watch whether the sender is still there
		b.whole = true
		b.door.SetReadDeadline(time.Time{})
	}
	return n, err
}

type steadyWriter struct {
	http.ResponseWriter
	door *http.ResponseController
	pace pace
	now  func() time.Time
	last time.Time // when the deadline was set
}

func (w *steadyWriter) Write(p []byte) (int, error) {
	if now := w.now(); now.Sub(w.last) > w.pace.grace/10 {
		w.door.SetWriteDeadline(now.Add(w.pace.grace))
		w.last = now
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *steadyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

package console

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// zipper compresses an answer when it is text and long enough to gain. What is
// secret in our pages (there are no form tokens) is never echoed beside what a
// stranger can choose, so compression reveals nothing.
type zipper struct {
	http.ResponseWriter
	status  int
	buf     []byte
	gz      *gzip.Writer
	decided bool
}

const zipFrom = 1400 // bytes: what one packet carries gains nothing

var gzPool = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, 5)
	return z
}}

func newZipper(w http.ResponseWriter, r *http.Request) *zipper {
	if r.Method == http.MethodHead || !acceptsGzip(r) || strings.HasPrefix(r.URL.Path, "/static/") {
		return nil
	}
	return &zipper{ResponseWriter: w}
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

func (z *zipper) started() bool { return z.decided }

func (z *zipper) WriteHeader(status int) {
	if status < 200 {
		z.ResponseWriter.WriteHeader(status)
		return
	}
	if z.status == 0 {
		z.status = status
	}
}

func (z *zipper) Write(b []byte) (int, error) {
	if z.status == 0 {
		z.status = http.StatusOK
	}
	if !z.decided {
		z.buf = append(z.buf, b...)
		if len(z.buf) >= zipFrom {
			if err := z.decide(true); err != nil {
				return 0, err
			}
		}
		return len(b), nil
	}
	if z.gz != nil {
		return z.gz.Write(b)
	}
	return z.ResponseWriter.Write(b)
}

// decide sends the head and what has gathered, compressed if it pays.
func (z *zipper) decide(long bool) error {
	z.decided = true
	h := z.Header()
	if h.Get("Content-Type") == "" && len(z.buf) > 0 {
		h.Set("Content-Type", http.DetectContentType(z.buf))
	}
	h.Add("Vary", "Accept-Encoding")
	if long && h.Get("Content-Encoding") == "" && compressible(h.Get("Content-Type")) && z.status != http.StatusPartialContent {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		z.gz = gzPool.Get().(*gzip.Writer)
		z.gz.Reset(z.ResponseWriter)
	}
	if z.status != 0 {
		z.ResponseWriter.WriteHeader(z.status)
	}
	var err error
	if len(z.buf) > 0 {
		if z.gz != nil {
			_, err = z.gz.Write(z.buf)
		} else {
			_, err = z.ResponseWriter.Write(z.buf)
		}
	}
	z.buf = nil
	return err
}

// FlushError sends what there is, for answers that go on for long.
func (z *zipper) FlushError() error {
	if !z.decided {
		if z.status == 0 {
			z.status = http.StatusOK
		}
		if err := z.decide(true); err != nil {
			return err
		}
	}
	if z.gz != nil {
		if err := z.gz.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(z.ResponseWriter).Flush()
}

// Flush is FlushError for those who ask for an http.Flusher.
func (z *zipper) Flush() { z.FlushError() }

// Unwrap lets http.ResponseController set deadlines.
func (z *zipper) Unwrap() http.ResponseWriter { return z.ResponseWriter }

func (z *zipper) close() {
	if !z.decided && (z.status != 0 || len(z.buf) > 0) {
		z.decide(false)
	}
	if z.gz != nil {
		z.gz.Close()
		gzPool.Put(z.gz)
		z.gz = nil
	}
}

func compressible(ct string) bool {
	ct, _, _ = strings.Cut(ct, ";")
	return strings.HasPrefix(ct, "text/") || strings.HasSuffix(ct, "json") || strings.HasSuffix(ct, "xml") ||
		strings.HasSuffix(ct, "javascript")
}

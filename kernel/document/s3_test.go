package document_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"yagura/kernel/document"
	"yagura/kernel/fault"
)

// s3 is as much of an S3 server as a store of objects needs, outside of this
// product: put (also in several parts), get, head and list, in path style.
type s3 struct {
	mu      sync.Mutex
	objects map[string][]byte
	parts   map[string][]byte
}

func (s *s3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	switch {
	case r.Method == "POST" && q.Has("uploads"):
		s.parts = map[string][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>%s</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>", key)
	case r.Method == "PUT" && q.Has("partNumber"):
		n, _ := strconv.Atoi(q.Get("partNumber"))
		s.parts[fmt.Sprintf("%05d", n)] = payload(r)
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
	case r.Method == "POST" && q.Has("uploadId"):
		var whole []byte
		numbers := []string{}
		for n := range s.parts {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		for _, n := range numbers {
			whole = append(whole, s.parts[n]...)
		}
		s.objects[key] = whole
		fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>%s</Key><ETag>x</ETag></CompleteMultipartUploadResult>", key)
	case r.Method == "PUT":
		s.objects[key] = payload(r)
		w.Header().Set("ETag", `"x"`)
	case key == "":
		fmt.Fprint(w, "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>")
		for k, v := range s.objects {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>", k, len(v))
		}
		fmt.Fprint(w, "</ListBucketResult>")
	default:
		content, ok := s.objects[key]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			if r.Method == "GET" {
				fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
			}
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.Header().Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
		if r.Method == "GET" {
			w.Write(content)
		}
	}
}

// payload is the body without the framing of aws-chunked.
func payload(r *http.Request) []byte {
	raw, _ := io.ReadAll(r.Body)
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return raw
	}
	var whole []byte
	for in := bufio.NewReader(bytes.NewReader(raw)); ; {
		line, err := in.ReadString('\n')
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, bad := strconv.ParseInt(size, 16, 64)
		if err != nil || bad != nil || n == 0 {
			return whole
		}
		chunk := make([]byte, n)
		io.ReadFull(in, chunk)
		in.ReadString('\n')
		whole = append(whole, chunk...)
	}
}

func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("TMPDIR", t.TempDir())
	server := &s3{objects: map[string][]byte{}}
	door := httptest.NewServer(server)
	defer door.Close()
	s, err := document.Open(ctx, "s3://b?region=us-east-1&use_path_style=true&endpoint="+url.QueryEscape(door.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 12345, 17 << 20} {
		content := random(size)
		ref, err := s.Put(ctx, bytes.NewReader(content), limit)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		r, err := s.Open(ctx, ref.SHA256)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
	}
	if _, err := s.Open(ctx, hex.EncodeToString(make([]byte, 32))); !fault.Is(err, fault.KindNotFound) {
		t.Error(err)
	}
	if report, err := s.Verify(ctx); err != nil || report.Documents != 3 || len(report.Damaged) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

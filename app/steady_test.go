package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestSlowSendersAndReadersAreLetGo(t *testing.T) {
	ended := make(chan error, 10)
	server := httptest.NewServer(pace{300 * time.Millisecond, 1 << 20}.steady(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			ended <- err
			return
		}
		switch r.URL.Path {
		case "/long": // thinks longer than a sender may be silent
			select {
			case <-r.Context().Done():
				ended <- r.Context().Err()
				return
			case <-time.After(700 * time.Millisecond):
			}
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					ended <- err
					return
				}
			}
		}
		fmt.Fprint(w, "ok")
		ended <- nil
	})))
	defer server.Close()
	dial := func(request string) net.Conn {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, request)
		return conn
	}
	wait := func(what string) error {
		select {
		case err := <-ended:
			return err
		case <-time.After(10 * time.Second):
			t.Fatalf("%s holds its connection", what)
			return nil
		}
	}
	dial("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome")
	if wait("a body that stops") == nil {
		t.Error("half a body was taken for a whole one")
	}
	dial("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
	if wait("a reader that does not read") == nil {
		t.Error("the answer has no end")
	}
	for _, body := range []string{"", "a=b"} {
		// Two on one connection: no deadline stays behind.
		one := fmt.Sprintf("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		conn := dial(one)
		in := bufio.NewReader(conn)
		for turn := range 2 {
			if turn == 1 {
				io.WriteString(conn, one)
			}
			answer, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if said, _ := io.ReadAll(answer.Body); string(said) != "ok" {
				t.Errorf("a long thought about %q: %q", body, said)
			}
			if err := wait("a long thought"); err != nil {
				t.Errorf("a long thought about %q: %v", body, err)
			}
		}
		conn.Close()
	}
}

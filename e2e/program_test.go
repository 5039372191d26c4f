package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yagura/app"
)

// yagura is the program, built once for all tests.
var yagura string

// scratch is a folder for what all tests share.
var scratch string

func TestMain(m *testing.M) {
	app.EventStore()
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "yagura-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		scratch = folder
		if yagura = os.Getenv("YAGURA_BINARY"); yagura == "" { // one that is there already, to try things quickly
			yagura = filepath.Join(folder, "bin", "yagura")
			if err := build(yagura); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		defer endBrowser()
		defer func() {
			if shared.server != nil {
				shared.server.kill()
			}
		}()
		return m.Run()
	}())
}

func build(path string) error {
	// The test's cache knows files that are read, not what the compiler reads.
	sources, err := filepath.Glob("../cmd/yagura/*.go")
	if err != nil || len(sources) == 0 {
		return fmt.Errorf("the program's sources were not found: %w", err)
	}
	for _, source := range sources {
		if _, err := os.ReadFile(source); err != nil {
			return err
		}
	}
	cmd := exec.Command("go", "build", "-o", path, "./cmd/yagura")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the program does not build: %w\n%s", err, out)
	}
	return nil
}

// server is one installation: a folder, an address, and a process that runs or
// not.
type server struct {
	folder string // of data
	url    string
	args   []string
	env    []string

	cmd    *exec.Cmd
	exited chan struct{}
	out    *journal
}

// journal keeps all that a process says.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (j *journal) last(lines int) string {
	all := strings.Split(strings.TrimRight(j.String(), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// freePort is a port that nobody listens at.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// installation prepares `yagura serve` on a folder; env are further settings.
func installation(folder string, env ...string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, url: fmt.Sprintf("http://localhost:%d", port), args: []string{"serve", "-data", folder}, out: &journal{}}
	s.env = append([]string{fmt.Sprintf("YAGURA_LISTEN=127.0.0.1:%d", port), "YAGURA_PUBLIC_URL=" + s.url}, env...)
	return s, nil
}

// environment is what processes of tests see: nothing of whoever runs the tests.
func environment(env ...string) []string {
	clean := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "TMPDIR=" + os.TempDir(), "TZ=UTC", "LANG=C.UTF-8"}
	return append(clean, env...)
}

// start begins the process; it does not wait.
func (s *server) start() error {
	s.cmd = exec.Command(yagura, s.args...)
	s.cmd.Env = environment(s.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.SysProcAttr = dieWithUs()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	return nil
}

// ready waits until the server answers.
func (s *server) ready(limit time.Duration) error {
	client := &http.Client{Timeout: 2 * time.Second}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		select {
		case <-s.exited:
			return fmt.Errorf("the server ended: %v\n%s", s.cmd.ProcessState, s.out.last(30))
		default:
		}
		res, err := client.Get(s.url + "/readyz")
		if err != nil {
			continue
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the server was not ready within %s\n%s", limit, s.out.last(30))
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// kill ends the process as a power cut does.
func (s *server) kill() {
	if s.running() {
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// stop asks the process to end and waits.
func (s *server) stop() error {
	if !s.running() {
		return nil
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		s.kill()
		return fmt.Errorf("the server did not end within 30 s\n%s", s.out.last(30))
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with %d\n%s", code, s.out.last(30))
	}
	return nil
}

var links = regexp.MustCompile(`https?://\S+/enter\?t=\S+`)

// link waits for a sign-in link in what the process said.
func (s *server) link(limit time.Duration) (string, error) {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if l := links.FindString(s.out.String()); l != "" {
			return l, nil
		}
		if !s.running() {
			break
		}
	}
	return "", fmt.Errorf("no link was printed\n%s", s.out.last(30))
}

// theatre is `yagura demo`, ready to be visited.
func theatre(limit time.Duration, args ...string) (*server, error) {
	s := &server{args: append([]string{"demo", "-listen", "127.0.0.1:0"}, args...), out: &journal{}}
	if err := s.start(); err != nil {
		return nil, err
	}
	link, err := s.link(limit)
	if err != nil {
		s.kill()
		return nil, err
	}
	s.url = link[:strings.Index(link, "/enter")]
	return s, s.ready(limit)
}

// persona is the link of somebody of the demo by name.
func (s *server) persona(name string) (string, error) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		found := false
		for line := range strings.Lines(s.out.String()) {
			if strings.Contains(line, name+" – ") {
				found = true
			}
			if l := links.FindString(line); found && l != "" && strings.HasSuffix(line, "\n") {
				return l, nil
			}
		}
	}
	return "", fmt.Errorf("the demo knows nobody called %s", name)
}

// run runs a command of the program to its end.
func run(t testing.TB, limit time.Duration, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, yagura, args...)
	cmd.Env = environment(env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("yagura %s did not end within %s", strings.Join(args, " "), limit)
	}
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// started is a running server that ends with the test.
func started(t testing.TB, s *server, err error) *server {
	t.Helper()
	if err == nil && s.cmd == nil {
		if err = s.start(); err == nil {
			err = s.ready(time.Minute)
		}
	}
	if s != nil {
		t.Cleanup(func() {
			s.kill()
			if t.Failed() {
				t.Logf("what the server said at last:\n%s", s.out.last(40))
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

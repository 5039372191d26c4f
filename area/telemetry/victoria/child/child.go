// Package child runs VictoriaLogs as a child of this process: it starts it,
// waits until it answers, starts it again when it dies, and ends it. Nobody but
// who has the folder's access file can speak to it: it listens at this machine
// only, and asks for a password that is made anew for each start.
package child

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"yagura/area/telemetry/victoria"
	"yagura/area/telemetry/victoria/server"
	"yagura/kernel/clock"
	"yagura/kernel/file"
)

// Options are what a Child needs.
type Options struct {
	Folder string        // of this store's data; beside it lie its lock and its access file
	Keep   time.Duration // events older than this are deleted by the store, in whole days
	// Memory is how many hundredths of the machine's memory its caches may take; 0:
	// Memory as a whole. Children of one machine share it.
	Memory float64
	// Over makes it a front: it keeps nothing, and answers for these. When one of
	// them is started again, so is the front.
	Over []*Child
	Log  *slog.Logger
	// Flags are further flags of VictoriaLogs, and Port and Password are not chosen
	// anew for each start, for tests of clusters.
	Flags    []string
	Port     int
	Password string
	// Restarted is called after each start but the first.
	Restarted func()
}

// Child is a store that runs below this process, or one below another process
// that has the folder.
type Child struct {
	o    Options
	run  context.Context
	stop context.CancelFunc

	owning sync.Mutex
	lock   *os.File      // nil: the folder is another process's
	ended  chan struct{} // of what watches over the child
	closed bool

	mu      sync.Mutex
	access  victoria.Access
	over    []victoria.Access // of a front: whom it asks
	up      chan struct{}     // closed while it answers
	failure error             // why the last start failed
	process *os.Process
	starts  int
}

// Memory is how many hundredths of the machine's memory the caches of all children
// take together.
const Memory = 30

// Args begin the command line of the child.
var Args = []string{"internal", "eventstore"}

// IfCalled runs the store and ends the process, if it was started to be one.
// The test binary of a package that opens the product calls it first of all.
func IfCalled() {
	if len(os.Args) > 2 && os.Args[1] == Args[0] && os.Args[2] == Args[1] {
		os.Exit(server.Main(os.Args[3:]))
	}
}

// Open starts the store of a folder, or finds the one that runs there already
// for another process. It returns when the store answers.
func Open(ctx context.Context, o Options) (*Child, error) {
	if os.Getenv(server.PasswordVariable) != "" {
		return nil, errors.New("event store: this program was started to be one and does not know: child.IfCalled is missing in its main")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Memory == 0 {
		o.Memory = Memory
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	c := &Child{o: o, up: make(chan struct{}), ended: make(chan struct{})}
	c.run, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.ready(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// ready waits until the store answers, ours or another's.
func (c *Child) ready(ctx context.Context) error {
	node, err := victoria.Open(victoria.Options{Access: func(ctx context.Context) (victoria.Access, error) { return c.get(ctx, time.Minute) }})
	if err != nil {
		return err
	}
	defer node.Close()
	waited := clock.Stopwatch()
	for {
		if err = node.Healthy(ctx); err == nil || waited() > time.Minute {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// own takes the folder, if nobody has it, and starts the store.
func (c *Child) own() (bool, error) {
	c.owning.Lock()
	defer c.owning.Unlock()
	if c.lock != nil || c.closed {
		return c.lock != nil, nil
	}
	lock, err := lockFile(c.o.Folder + ".lock")
	if err != nil || lock == nil {
		return false, err
	}
	c.lock = lock
	go c.supervise(c.run)
	return true, nil
}

// Access is where the store answers. While it is being started again it is
// waited for, a little. Where the process is gone that had the folder, it is
// taken over.
func (c *Child) Access(ctx context.Context) (victoria.Access, error) {
	return c.get(ctx, 10*time.Second)
}

func (c *Child) get(ctx context.Context, most time.Duration) (victoria.Access, error) {
	ours, err := c.own()
	if err != nil {
		return victoria.Access{}, fmt.Errorf("event store: %w", err)
	}
	if ours {
		return c.wait(ctx, most)
	}
	c.mu.Lock()
	c.starts = 1 // if it is taken over, it was away
	c.mu.Unlock()
	return c.read()
}

func (c *Child) wait(ctx context.Context, most time.Duration) (victoria.Access, error) {
	late := time.After(most)
	for {
		behind, err := c.behind(ctx, most)
		if err != nil {
			return victoria.Access{}, err
		}
		c.mu.Lock()
		up, failure := c.up, c.failure
		c.mu.Unlock()
		select {
		case <-up:
			c.mu.Lock()
			a, same := c.access, slices.Equal(c.over, behind)
			c.mu.Unlock()
			if same {
				return a, nil
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil { // it is being started again
				return victoria.Access{}, err
			}
		case <-ctx.Done():
			return victoria.Access{}, ctx.Err()
		case <-c.ended:
			return victoria.Access{}, errors.New("event store: it was closed")
		case <-late:
			return victoria.Access{}, errors.Join(errors.New("event store: it does not run"), failure)
		}
	}
}

// behind is where those answer that a front asks. It waits for them.
func (c *Child) behind(ctx context.Context, most time.Duration) (all []victoria.Access, err error) {
	for _, x := range c.o.Over {
		a, err := x.get(ctx, most)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// watch returns when one of those that a front asks answers elsewhere.
func (c *Child) watch(ctx context.Context, over []victoria.Access) {
	for pause(ctx, 50*time.Millisecond) == nil {
		for i, x := range c.o.Over {
			if a, ok := x.peek(); ok && a != over[i] {
				return
			}
		}
	}
}

// peek is where it answers at the moment.
func (c *Child) peek() (victoria.Access, bool) {
	c.owning.Lock()
	ours := c.lock != nil
	c.owning.Unlock()
	if !ours {
		a, err := c.read()
		return a, err == nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.up:
		return c.access, true
	default:
		return victoria.Access{}, false
	}
}

// Process is the child itself, for tests that kill it; nil while it does not run.
func (c *Child) Process() *os.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

// Close ends the store in good order.
func (c *Child) Close() error {
	c.stop()
	c.owning.Lock()
	defer c.owning.Unlock()
	c.closed = true
	if c.lock == nil {
		return nil
	}
	<-c.ended
	os.Remove(c.o.Folder + ".access")
	return c.lock.Close()
}

func (c *Child) supervise(ctx context.Context) {
	defer close(c.ended)
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		ran := clock.Stopwatch()
		err := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errMoved) {
			continue
		}
		c.mu.Lock()
		c.failure = err
		c.mu.Unlock()
		if ran() > time.Minute {
			pause = 100 * time.Millisecond
		}
		c.o.Log.Error("event store: it ended and is started again", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// once starts the store and returns when it ended.
func (c *Child) once(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if c.o.Port != 0 {
		port = c.o.Port
	}
	a := victoria.Access{URL: fmt.Sprintf("http://127.0.0.1:%d", port), User: server.User, Password: rand.Text()}
	if c.o.Password != "" {
		a.Password = c.o.Password
	}
	over, err := c.behind(ctx, time.Minute)
	if err != nil {
		return err
	}
	days := int(c.o.Keep/(24*time.Hour)) + 1
	args := append([]string{}, Args...)
	args = append(args, fmt.Sprintf("127.0.0.1:%d", port), "-storageDataPath="+c.o.Folder, fmt.Sprintf("-retentionPeriod=%dd", days), "-futureRetention=100y",
		"-loggerLevel=ERROR", "-loggerMaxArgLen=300", "-http.connTimeout=0", "-http.maxGracefulShutdownDuration=2s", "-http.disableResponseCompression",
		"-search.maxQueryDuration=30m", fmt.Sprintf("-memory.allowedPercent=%g", max(1, c.o.Memory)),
		// It answers 200 to what it had no turn for; so there is always one.
		"-maxConcurrentInserts=64", "-insert.maxQueueDuration=1h",
		// With less it dies when it writes to disk what it has in memory.
		"-storage.minFreeDiskSpaceBytes=32MiB")
	var passwords []string
	for _, x := range over {
		args = append(args, "-storageNode="+strings.TrimPrefix(x.URL, "http://"), "-storageNode.username="+x.User)
		passwords = append(passwords, x.Password)
	}
	cmd := exec.Command(program, append(args, c.o.Flags...)...)
	cmd.Env = append(os.Environ(), server.PasswordVariable+"="+a.Password)
	if len(over) > 0 {
		cmd.Env = append(cmd.Env, server.NodesVariable+"="+strings.Join(passwords, ","))
	}
	cmd.SysProcAttr = dieWithParent()
	in, err := cmd.StdinPipe() // its end is our end
	if err != nil {
		return err
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	exited := make(chan error, 1)
	started := make(chan error, 1)
	go onOneThread(func() {
		err := cmd.Start()
		started <- err
		if err == nil {
			c.listen(out)
			exited <- cmd.Wait()
		}
	})
	if err := <-started; err != nil {
		return err
	}
	c.mu.Lock()
	c.process = cmd.Process
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.process, c.up = nil, make(chan struct{})
		c.mu.Unlock()
	}()
	end := func() error {
		in.Close()
		select {
		case err := <-exited:
			return err
		case <-time.After(server.Patience + 2*time.Second):
			cmd.Process.Kill()
			return <-exited
		}
	}
	if err := c.answers(ctx, a, exited); err != nil {
		if ctx.Err() != nil || cmd.ProcessState == nil {
			end()
		}
		return err
	}
	if err := c.publish(a); err != nil {
		end()
		return err
	}
	c.mu.Lock()
	again := c.starts > 0
	c.starts++
	c.access, c.over, c.failure = a, over, nil
	close(c.up)
	c.mu.Unlock()
	if again && c.o.Restarted != nil {
		c.o.Restarted()
	}
	moved := make(chan struct{})
	if len(over) > 0 {
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			c.watch(watching, over)
			close(moved)
		}()
	}
	select {
	case err := <-exited:
		return fmt.Errorf("event store: it ended: %v", err)
	case <-ctx.Done():
		return end()
	case <-moved:
		if ctx.Err() == nil {
			cmd.Process.Kill() // it has nothing to lose
		}
		end()
		return errMoved
	}
}

// errMoved ends a front: whom it asks answers elsewhere.
var errMoved = errors.New("event store: a store behind it was started again")

// answers waits until the store does.
func (c *Child) answers(ctx context.Context, a victoria.Access, exited chan error) error {
	node, err := victoria.Open(victoria.Options{Access: func(context.Context) (victoria.Access, error) { return a, nil }})
	if err != nil {
		return err
	}
	defer node.Close()
	for {
		if err = node.Healthy(ctx); err == nil {
			return nil
		}
		select {
		case failed := <-exited:
			exited <- failed
			return fmt.Errorf("event store: it ended at its start: %v", failed)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// listen brings what the store says into the log.
func (c *Child) listen(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if len(line) > 1 {
			c.o.Log.Error("event store: " + line[:min(len(line)-1, 1000)])
		}
		if err != nil {
			return
		}
	}
}

// publish writes where the store answers, for commands of the same user beside
// the server, such as a backup.
func (c *Child) publish(a victoria.Access) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return file.Replace(c.o.Folder+".access", 0o600, file.Bytes(b))
}

func (c *Child) read() (a victoria.Access, err error) {
	b, err := os.ReadFile(c.o.Folder + ".access")
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a, fmt.Errorf("event store: another process has the folder, and its store does not run: %w", err)
	}
	return a, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("event store: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

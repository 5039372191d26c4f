package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Programs of Debian that applications sign in with. Tests start them in folders
// of their own and on the loopback; no daemon of the system is touched.

// client finds a program or file of a Debian package, or skips and says so.
func client(t testing.TB, pkg string, paths ...string) string {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("YAGURA_REQUIRE_CLIENTS") == "1" {
		t.Fatalf("%s (Debian: %s) is required here", paths[0], pkg)
	}
	t.Skipf("not tested here: there is no %s (Debian: %s)", paths[0], pkg)
	return ""
}

// daemon is a program that listens and ends with the test.
type daemon struct {
	port int
	said *journal
	log  string // file
}

func (d *daemon) String() string {
	raw, _ := os.ReadFile(d.log)
	return d.said.String() + string(raw)
}

// listen starts a program and waits until it listens.
func listen(t testing.TB, port int, log, program string, args ...string) *daemon {
	t.Helper()
	d := &daemon{port: port, said: &journal{}, log: log}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = d.said, d.said, dieWithUs()
	cmd.Env = environment("HOME="+filepath.Dir(log), "XDG_DATA_HOME="+filepath.Dir(log), "XDG_CONFIG_HOME="+filepath.Dir(log), "PARTS_SECRET="+os.Getenv("PARTS_SECRET"), "PARTS_LISTEN="+os.Getenv("PARTS_LISTEN"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) // it ends its own children
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			cmd.Process.Kill()
			<-gone
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), d)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		select {
		case <-gone:
			t.Fatalf("%s ended: %s\n%s", program, cmd.ProcessState, d)
		default:
		}
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return d
		}
	}
	t.Fatalf("%s does not listen\n%s", program, d)
	return nil
}

func lay(t testing.TB, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// shed is a folder that programs may use which give up the rights of root.
func shed(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "yagura-client-")
	if err == nil {
		err = os.Chmod(folder, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

const apacheModules = "/usr/lib/apache2/modules/"

// apache starts Apache with modules and a part of its configuration.
func apache(t testing.TB, port int, config string, modules ...string) *daemon {
	t.Helper()
	program, folder := client(t, "apache2", "/usr/sbin/apache2"), shed(t)
	var b strings.Builder
	for _, m := range append([]string{"mpm_event", "authn_core", "authz_core", "authz_user", "headers", "proxy", "proxy_http"}, modules...) {
		fmt.Fprintf(&b, "LoadModule %s_module %smod_%[1]s.so\n", m, apacheModules)
	}
	fmt.Fprintf(&b, "ServerRoot %[1]s\nDefaultRuntimeDir %[1]s\nPidFile %[1]s/pid\nErrorLog %[1]s/log\nServerName localhost\nListen 127.0.0.1:%[2]d\nUser www-data\nGroup www-data\n%[3]s\n", folder, port, config)
	return listen(t, port, filepath.Join(folder, "log"), program, "-f", lay(t, folder, "httpd.conf", b.String()), "-DFOREGROUND")
}

// nginx starts NGINX with the inside of one server.
func nginx(t testing.TB, port int, config string) *daemon {
	t.Helper()
	program, folder := client(t, "nginx-light", "/usr/sbin/nginx"), shed(t)
	conf := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/log;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server {
		listen 127.0.0.1:%[2]d;
		%[3]s
	}
}
`, folder, port, config)
	return listen(t, port, filepath.Join(folder, "log"), program, "-p", folder, "-e", filepath.Join(folder, "log"), "-c", lay(t, folder, "nginx.conf", conf))
}

// caddy starts Caddy with a site.
func caddy(t testing.TB, port int, config string) *daemon {
	t.Helper()
	program, folder := client(t, "caddy", "/usr/bin/caddy"), shed(t)
	conf := "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n" + config
	return listen(t, port, filepath.Join(folder, "log"), program, "run", "--adapter", "caddyfile", "--config", lay(t, folder, "Caddyfile", conf))
}

var (
	fenced   = regexp.MustCompile("(?ms)^```[a-z]+ ([a-z0-9.-]+)\n(.*?)\n```$")
	leftover = regexp.MustCompile(`[a-z0-9-]+\.example\b|\b(SECRET|PASSPHRASE|LOGIN|PASSWORD|CODE|STATE)\b|application:8080`)
)

// manual are the blocks of docs/applications.md that have a file name, so that
// what is written there is what is tested.
func manual(t testing.TB) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../docs/applications.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range fenced.FindAllStringSubmatch(string(raw), -1) {
		if blocks[m[1]] != "" {
			t.Fatalf("docs/applications.md has two blocks %s", m[1])
		}
		blocks[m[1]] = m[2] + "\n"
	}
	return blocks
}

// filled is a block with the test's addresses in place of the names.
func filled(block string, names ...string) (string, error) {
	block = strings.NewReplacer(names...).Replace(block)
	if left := leftover.FindString(block); left != "" {
		return "", errors.New("nothing stands for " + left)
	}
	return block, nil
}

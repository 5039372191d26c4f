package pack

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

var folderOf = fstest.MapFS{
	"windows/a.yml":   {Data: []byte("title: A\n")},
	"cases/a.yml":     {Data: []byte("fires: []\n")},
	"README.md":       {Data: []byte("about\n")},
	"windows/tool.sh": {Data: []byte("#!/bin/sh\n")},
}

func build(t *testing.T, version string) (*Pack, Keys) {
	t.Helper()
	p, err := Build(Manifest{Name: "house", Version: version}, folderOf)
	if err != nil {
		t.Fatal(err)
	}
	secret, public, err := NewKey("division")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Sign(secret); err != nil {
		t.Fatal(err)
	}
	k, err := ParseKeys("# the division\n" + public + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return p, k
}

func code(err error) string {
	if e, ok := Refused(err); ok {
		return e.Code
	}
	return ""
}

func TestAPackComesBackAsItWas(t *testing.T) {
	p, keys := build(t, "1.2")
	raw, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	q, err := Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := q.Verify(keys); err != nil || !strings.HasPrefix(key, "division+") {
		t.Fatalf("signed by %q: %v", key, err)
	}
	if len(q.Files) != 3 || q.String() != "house 1.2" {
		t.Fatalf("%v: %v", q, q.Files)
	}
	if err := fstest.TestFS(q.FS(), "windows/a.yml", "cases/a.yml", "README.md"); err != nil {
		t.Error(err)
	}
	if body, err := fs.ReadFile(q.FS(), "windows/a.yml"); err != nil || string(body) != "title: A\n" {
		t.Errorf("%q %v", body, err)
	}
	again, _ := q.Bytes()
	if !bytes.Equal(raw, again) {
		t.Error("the same pack is other bytes")
	}
	_, other := build(t, "1.2")
	if _, err := q.Verify(other); code(err) != "untrusted" {
		t.Errorf("another's key: %v", err)
	}
	if _, err := q.Verify(Keys{}); code(err) != "untrusted" {
		t.Errorf("no key: %v", err)
	}
	for _, c := range []struct{ version, digest, want string }{
		{"1.1", "x", ""}, {"1.10", "x", "older"}, {"1.2", q.Digest, "older"}, {"1.2", "x", "older"}, {"0.9.9", "x", ""},
	} {
		if got := code(q.Upgrade(c.version, c.digest)); got != c.want {
			t.Errorf("over %s: %q, not %q", c.version, got, c.want)
		}
	}
}

// rewrite writes a zip file again with some of its files changed.
func rewrite(t testing.TB, raw []byte, change func(name string, body []byte) (string, []byte)) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r)
		name, body := change(f.Name, body)
		if name == "" {
			continue
		}
		to, _ := w.Create(name)
		to.Write(body)
	}
	w.Close()
	return out.Bytes()
}

func TestWhatIsNotAsItWasIsRefused(t *testing.T) {
	p, keys := build(t, "1.0")
	raw, _ := p.Bytes()
	open := func(raw []byte) error {
		q, err := Read(raw)
		if err == nil {
			_, err = q.Verify(keys)
		}
		return err
	}
	if err := open(raw); err != nil {
		t.Fatal(err)
	}
	same := func(n string, b []byte) (string, []byte) { return n, b }
	on := func(which string, do func(string, []byte) (string, []byte)) func(string, []byte) (string, []byte) {
		return func(n string, b []byte) (string, []byte) {
			if n == which {
				return do(n, b)
			}
			return same(n, b)
		}
	}
	cases := map[string]struct {
		change func(string, []byte) (string, []byte)
		want   string
	}{
		"a rule changed":     {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return n, []byte("title: B\n") }), "tampered"},
		"a rule taken away":  {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return "", nil }), "tampered"},
		"a rule renamed":     {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return "windows/b.yml", b }), "tampered"},
		"not signed":         {on("manifest.sig", func(n string, b []byte) (string, []byte) { return "", nil }), "unsigned"},
		"a broken signature": {on("manifest.sig", func(n string, b []byte) (string, []byte) { return n, []byte("x\n") }), "tampered"},
		"another version": {on("manifest.json", func(n string, b []byte) (string, []byte) {
			return n, bytes.Replace(b, []byte(`"1.0"`), []byte(`"9.0"`), 1)
		}), "tampered"},
		"no manifest":           {on("manifest.json", func(n string, b []byte) (string, []byte) { return "", nil }), "not-a-pack"},
		"a broken manifest":     {on("manifest.json", func(n string, b []byte) (string, []byte) { return n, []byte("{") }), "not-a-pack"},
		"out of the folder":     {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return "../a.yml", b }), "bad-name"},
		"from the root":         {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return "/etc/a.yml", b }), "bad-name"},
		"with a backslash":      {on("windows/a.yml", func(n string, b []byte) (string, []byte) { return `..\a.yml`, b }), "bad-name"},
		"twice but for letters": {on("README.md", func(n string, b []byte) (string, []byte) { return "WINDOWS/A.yml", b }), "bad-name"},
		"a bomb":                {on("README.md", func(n string, b []byte) (string, []byte) { return n, make([]byte, maxFile+1) }), "too-big"},
	}
	for name, c := range cases {
		if err := open(rewrite(t, raw, c.change)); code(err) != c.want {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
	if err := open([]byte("no zip")); code(err) != "not-a-pack" {
		t.Errorf("no zip: %v", err)
	}
	for _, m := range []Manifest{{Name: "../x", Version: "1"}, {Name: "x", Version: "v1"}} {
		if _, err := Build(m, folderOf); code(err) != "bad-name" {
			t.Errorf("%v: %v", m, err)
		}
	}
}

func TestSeveralMaySign(t *testing.T) {
	p, first := build(t, "1")
	secret, public, _ := NewKey("plant")
	if err := p.Sign(secret); err != nil {
		t.Fatal(err)
	}
	second, _ := ParseKeys(public)
	for _, k := range []Keys{first, second} {
		if _, err := p.Verify(k); err != nil {
			t.Error(err)
		}
	}
}

func FuzzRead(f *testing.F) {
	p, err := Build(Manifest{Name: "house", Version: "1"}, folderOf)
	if err != nil {
		f.Fatal(err)
	}
	secret, _, _ := NewKey("x")
	p.Sign(secret)
	raw, _ := p.Bytes()
	f.Add(raw)
	f.Add(rewrite(f, raw, func(n string, b []byte) (string, []byte) { return "../" + n, b }))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Read(raw)
		if err != nil {
			return
		}
		if _, err := p.Verify(Keys{}); err == nil {
			t.Fatal("trusted without a key")
		}
		for _, file := range p.Files {
			if !fs.ValidPath(file.Path) {
				t.Fatalf("a name that leads out: %q", file.Path)
			}
		}
	})
}

package offline

import (
	"fmt"
	"io"
	"os"

	"yagura/area/detect/pack"
	"yagura/area/detect/sigma"
	"yagura/kernel/clock"
	"yagura/kernel/file"
	"yagura/kernel/text"
)

// pack makes, signs and verifies rule packs.
func (c *command) pack() int {
	what := ""
	if len(c.files) > 0 {
		what, c.files = c.files[0], c.files[1:]
	}
	run := map[string]func() error{"key": c.packKey, "build": c.packBuild, "sign": c.packSign, "verify": c.packVerify}[what]
	if run == nil {
		c.say(text.M("There is no command %q.", "pack "+what))
		c.usage()
		return ExitError
	}
	if len(c.files) != 1 {
		c.say(text.M("One name, folder or pack is needed."))
		return ExitError
	}
	err := run()
	if _, refused := pack.Refused(err); refused {
		c.say(text.M("Refused: %s", c.reason(err)))
		return ExitFound
	}
	if err != nil {
		c.say(text.Literal(err.Error()))
		return ExitError
	}
	return ExitClean
}

func (c *command) packKey() error {
	secret, public, err := pack.NewKey(c.files[0])
	if err != nil {
		return err
	}
	if c.outFile == "" {
		return fmt.Errorf("%s", c.t(text.M("The file for the secret key is missing: --out FILE.")))
	}
	err = file.Add(c.outFile, 0o600, file.Bytes([]byte(secret+"\n")))
	if err == nil {
		fmt.Fprintln(c.out, public)
	}
	return err
}

func (c *command) packBuild() error {
	if c.outFile == "" {
		return fmt.Errorf("%s", c.t(text.M("The file for the pack is missing: --out FILE.")))
	}
	l := sigma.Lints{}
	if err := l.Dir(c.files[0]); err != nil {
		return err
	}
	for _, f := range l.Findings {
		if f.Severity == sigma.Grave {
			return fmt.Errorf("%s:%d: %s [%s]", f.File, f.Line, c.t(f.Message), f.Check)
		}
	}
	p, err := pack.Build(pack.Manifest{Name: c.name, Version: c.version, Made: clock.System().Now().UTC()}, os.DirFS(c.files[0]))
	if err != nil {
		return err
	}
	if err := file.Replace(c.outFile, 0o644, p.Write); err != nil {
		return err
	}
	fmt.Fprintln(c.out, c.t(text.M("%s with %d files, SHA-256 of the manifest %s", p.String(), len(p.Files), p.Digest)))
	return nil
}

func (c *command) packSign() error {
	key, err := os.ReadFile(c.key)
	if err != nil {
		return err
	}
	p, err := c.readPack()
	if err != nil {
		return err
	}
	if err := p.Sign(string(key)); err != nil {
		return err
	}
	return file.Replace(c.files[0], 0o644, p.Write)
}

func (c *command) packVerify() error {
	var lines []string
	for _, t := range c.trust {
		if raw, err := os.ReadFile(t); err == nil {
			t = string(raw)
		}
		lines = append(lines, t)
	}
	keys, err := pack.ParseKeys(lines...)
	if err != nil {
		return err
	}
	p, err := c.readPack()
	if err != nil {
		return err
	}
	by, err := p.Verify(keys)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, c.t(text.M("%s with %d files, signed by %s, SHA-256 of the manifest %s", p.String(), len(p.Files), by, p.Digest)))
	return nil
}

func (c *command) readPack() (*pack.Pack, error) {
	raw, err := ReadPack(c.files[0])
	if err != nil {
		return nil, err
	}
	return pack.Read(raw)
}

// ReadPack reads a pack's file, no more of it than a pack may have.
func ReadPack(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, pack.MaxBytes+1))
}

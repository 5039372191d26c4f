package pack

import (
	"crypto/rand"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"yagura/kernel/text"
)

// NewKey makes a pair of keys by which packs are signed: the secret one is kept
// by whoever makes packs, the public one is trusted by installations.
func NewKey(name string) (secret, public string, err error) {
	return note.GenerateKey(rand.Reader, name)
}

// statement is what is signed: which pack, and the digest of its manifest.
func (p *Pack) statement() string {
	return fmt.Sprintf("yagura.rule-pack/1\n%s %s\nsha256 %s\n", p.Name, p.Version, p.Digest)
}

// Sign puts a signature on the pack; one that is there by another key stays.
func (p *Pack) Sign(secret string) error {
	s, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return refuse("untrusted", text.M("the signing key can't be read: %s", err.Error()))
	}
	n := &note.Note{Text: p.statement()}
	if p.signature != nil {
		if old, err := note.Open(p.signature, note.VerifierList()); err == nil {
			n = old
		} else if e, ok := err.(*note.UnverifiedNoteError); ok && e.Note.Text == n.Text {
			n.UnverifiedSigs = e.Note.UnverifiedSigs
		}
	}
	p.signature, err = note.Sign(n, s)
	return err
}

// Keys are public keys that are trusted.
type Keys struct{ list []note.Verifier }

// ParseKeys reads public keys, one a line; lines that begin with # are notes.
func ParseKeys(lines ...string) (Keys, error) {
	var k Keys
	for _, block := range lines {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			v, err := note.NewVerifier(line)
			if err != nil {
				return k, refuse("untrusted", text.M("the key %q can't be read: %s", shorten(line), err.Error()))
			}
			k.list = append(k.list, v)
		}
	}
	return k, nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Len is how many keys there are.
func (k Keys) Len() int { return len(k.list) }

// Names are the names of the keys.
func (k Keys) Names() []string {
	var out []string
	for _, v := range k.list {
		out = append(out, fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash()))
	}
	return out
}

// Verify tells by which trusted key the pack is signed.
func (p *Pack) Verify(k Keys) (key string, err error) {
	if p.signature == nil {
		return "", refuse("unsigned", text.M("the pack is not signed"))
	}
	n, err := note.Open(p.signature, note.VerifierList(k.list...))
	if err != nil {
		if u, ok := err.(*note.UnverifiedNoteError); ok && len(u.Note.UnverifiedSigs) > 0 {
			s := u.Note.UnverifiedSigs[0]
			return "", refuse("untrusted", text.M("it is signed by %s, whose key is not trusted here", fmt.Sprintf("%s+%08x", s.Name, s.Hash)))
		}
		return "", refuse("tampered", text.M("its signature does not hold: %s", err.Error()))
	}
	if n.Text != p.statement() {
		return "", refuse("tampered", text.M("its signature is of another pack"))
	}
	s := n.Sigs[0]
	return fmt.Sprintf("%s+%08x", s.Name, s.Hash), nil
}

// Upgrade refuses a pack that is older than what is installed. The same version
// with other contents is refused as well.
func (p *Pack) Upgrade(version, digest string) error {
	switch c := Compare(p.Version, version); {
	case c < 0:
		return refuse("older", text.M("version %s is older than %s, which is installed; go back to an earlier version instead", p.Version, version))
	case c == 0 && digest == p.Digest:
		return refuse("older", text.M("version %s is installed already", p.Version))
	case c == 0:
		return refuse("older", text.M("another pack of version %s is installed", p.Version))
	}
	return nil
}

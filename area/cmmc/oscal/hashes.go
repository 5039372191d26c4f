package oscal

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"yagura/area/cmmc/place"
	"yagura/kernel/text"
)

// hashes compares what resources say of their content: what is embedded, and the
// files that relative references name.
func (c *checker) hashes(o Options) {
	for _, r := range c.refs.files {
		var embedded []byte
		if b := r.Get("base64").Get("value"); b != nil {
			raw, err := base64.StdEncoding.DecodeString(b.Text)
			if err != nil {
				c.Wrong(b, text.M("this is no base64"))
			}
			embedded = raw
		}
		said := map[string]*place.Node{} // one resource is one content
		list := r.Get("rlinks")
		if list == nil {
			continue
		}
		for _, link := range list.Items {
			content, ours := embedded, embedded != nil
			if href := link.Get("href"); !ours && href != nil && o.Open != nil {
				if name, ok := local(href.Text); ok {
					raw, err := o.Open(name)
					switch {
					case err == nil:
						content, ours = raw, true
					case o.All:
						c.Wrong(href, text.M("the file can't be read: %s", text.Foreign(err.Error())))
					}
				}
			}
			c.compare(link, content, ours, said)
		}
	}
}

func (c *checker) compare(link *place.Node, content []byte, have bool, said map[string]*place.Node) {
	hashes := link.Get("hashes")
	if hashes == nil {
		return
	}
	for _, h := range hashes.Items {
		algorithm, value := h.Get("algorithm"), h.Get("value")
		if algorithm == nil || value == nil {
			continue
		}
		digest, size := sums[strings.ToUpper(algorithm.Text)], sizes[strings.ToUpper(algorithm.Text)]
		if digest == nil {
			continue
		}
		v := strings.ToLower(value.Text)
		if raw, err := hex.DecodeString(v); err != nil || len(raw) != size {
			c.Wrong(value, text.M("%q is no %s in hexadecimal", value.Text, algorithm.Text))
			continue
		}
		if other := said[algorithm.Text]; other != nil && strings.ToLower(other.Text) != v {
			c.Wrong(value, text.M("the hash differs from the one in line %d for the same resource", other.Line))
		}
		said[algorithm.Text] = value
		if have && digest(content) != v {
			c.Wrong(value, text.M("the hash is not that of the content, which is %s", digest(content)))
		}
	}
}

var sums = map[string]func([]byte) string{
	"SHA-256": func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) },
	"SHA-384": func(b []byte) string { s := sha512.Sum384(b); return hex.EncodeToString(s[:]) },
	"SHA-512": func(b []byte) string { s := sha512.Sum512(b); return hex.EncodeToString(s[:]) },
}

var sizes = map[string]int{"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}

// local is the file that a relative reference names, below the folder of the
// document.
func local(href string) (string, bool) {
	u, err := url.Parse(href)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" {
		return "", false
	}
	name := filepath.FromSlash(path.Clean(u.Path))
	return name, filepath.IsLocal(name)
}

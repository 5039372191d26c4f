package oscal

import (
	"net/url"
	"strings"
)

// relative is where evidence lies: a file of its name beside the document, or, of
// one without a name, by its hash.
type relative struct{ name, hash string }

func (r *relative) String() string {
	name := strings.TrimSpace(r.name)
	if name == "" {
		name = r.hash
	}
	// ./ keeps a name with a colon from being taken for a scheme.
	return (&url.URL{Path: "./" + strings.TrimLeft(name, "/")}).String()
}

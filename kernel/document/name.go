package document

import (
	"path"
	"strings"
)

// longestName is how many characters of a name are kept, from its end: that is
// where the extension stands.
const longestName = 120

// Name is the last part of the name that somebody gave a file, without what has a
// meaning to a shell or a browser and without marks that turn the direction of
// reading, which make "exe.gpj" look like a picture. A name of which nothing is
// left is otherwise.
func Name(name, otherwise string) string {
	name = path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return -1
		case r < 0x20, r >= 0x7f && r < 0xa0, strings.ContainsRune(`"<>|:*?`, r):
			return '_'
		}
		return r
	}, name)
	if r := []rune(name); len(r) > longestName {
		name = string(r[len(r)-longestName:])
	}
	if name == "" || name == "." || name == ".." || name == "/" {
		return otherwise
	}
	return name
}

package manifest

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"there is no file in %s":                                    "%s にファイルがありません",
		"there is a %s in %s already: verify it, or give --replace": "%s がすでに %s にあります。検証するか --replace を付けてください",
		"%s is no plain file":                                       "%s は通常のファイルではありません",
		"the name of %q is not UTF-8":                               "%q の名前が UTF-8 ではありません",
		"%s does not name %s":                                       "%s に %s の記載がありません",
		"%s:%d: this is no line of sha256sum":                       "%s:%d: sha256sum の行ではありません",
		"%s:%d: %q stands twice or lies outside the folder":         "%s:%d: %q は二度あるか、フォルダーの外です",
	})
}

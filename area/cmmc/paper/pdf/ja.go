package pdf

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"no font has %d of the characters, such as %s: name one that has with --font; asked was %s": "%d 種の文字がどのフォントにもありません（%s など）。--font で持つものを与えてください。調べたフォント: %s",
	})
}

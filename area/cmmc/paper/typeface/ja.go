package typeface

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s: this is no OpenType font":                                                                                   "%s: OpenType のフォントではありません",
		"%s: the font is damaged":                                                                                        "%s: フォントが壊れています",
		"%s holds %d fonts: there is no number %d, counted from 0":                                                       "%s には %d 個のフォントがあります。0 から数えて %d 番はありません",
		"%s is packed for the web (WOFF): give the font as .ttf, .otf or .ttc":                                           "%s はウェブ用に圧縮されています（WOFF）。.ttf、.otf、.ttc で与えてください",
		"%s: the font has no table %q":                                                                                   "%s: フォントに表 %q がありません",
		"%s: its maker does not allow that parts of the font are embedded in documents":                                  "%s: フォントの一部を文書に埋め込むことを制作者が許していません",
		"%s: the font has outlines neither of TrueType nor of PostScript (CFF)":                                          "%s: フォントの輪郭が TrueType でも PostScript（CFF）でもありません",
		"%s: the outline of glyph %d can't be followed":                                                                  "%s: グリフ %d の輪郭をたどれません",
		"no font with Japanese was found: install one (on Debian the package %s) or name one with --font; looked for %s": "日本語のフォントが見つかりません。インストールするか（Debian ではパッケージ %s）、--font で与えてください。探した場所: %s",
		"the font can't be read: %s":                                                                                     "フォントを読めません: %s",
	})
}

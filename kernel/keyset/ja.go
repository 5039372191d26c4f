package keyset

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"This page mark cannot be read; start again from the first page": "ページの位置情報を読み取れません。最初のページからやり直してください",
		"This list cannot be sorted by %s":                               "この一覧は %s では並べ替えられません",
	})
}

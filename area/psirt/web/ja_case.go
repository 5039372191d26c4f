package web

import "yagura/kernel/text"

// The words of the pages of cases.
func init() {
	text.Add(text.Japanese{
		"Products' security":                      "製品セキュリティ",
		"Nothing needs you":                       "対応が必要なものはありません",
		"Cases that you take part in stand here.": "参加している案件がここに表示されます。",
	})
}

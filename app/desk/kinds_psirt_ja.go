package desk

import "yagura/kernel/text"

// The words of the kinds of facts about products, cases and advisories.
func init() {
	text.Add(text.Japanese{
		"Advisory":                "アドバイザリ",
		"Case under embargo read": "公表前の案件を閲覧",
		"Entry made in a case":    "案件に記録を追加",
		"Product":                 "製品",
		"Products' security":      "製品セキュリティ",
	})
}

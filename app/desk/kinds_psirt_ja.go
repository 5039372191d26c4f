package desk

import "yagura/kernel/text"

// The words of the kinds of facts about products, cases and advisories.
func init() {
	text.Add(text.Japanese{
		"Advisory":                                 "アドバイザリ",
		"Bill of materials taken over":             "部品表を取り込み",
		"Family of products registered or changed": "製品群を登録または変更",
		"File of products looked through":          "製品ファイルを確認",
		"File of products taken over":              "製品ファイルを取り込み",
		"Product changed":                          "製品を変更",
		"Product registered":                       "製品を登録",
		"Product retired or taken back":            "製品を廃止または再開",
		"Case under embargo read":                  "公表前の案件を閲覧",
		"Entry made in a case":                     "案件に記録を追加",
		"Product":                                  "製品",
		"Products' security":                       "製品セキュリティ",
	})
}

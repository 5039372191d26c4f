package logsql

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"The query cannot be read: %s":                                        "検索式を解釈できません: %s",
		"a query has at most %d bytes":                                        "検索式は%dバイトまでです",
		"a query is text in UTF-8":                                            "検索式はUTF-8の文字で書きます",
		"too many brackets stand within each other":                           "括弧の入れ子が深すぎます",
		"The query cannot be read: at its end %s":                             "検索式を解釈できません。末尾: %s",
		"The query cannot be read: character %d, “%s”: %s":                    "検索式を解釈できません。%d文字目「%s」: %s",
		"%s; %s is likely meant":                                              "%s。「%s」の誤りではありませんか",
		"this is not expected here":                                           "ここには置けません",
		"this is not expected here; a pipe begins with a bar: |":              "ここには置けません。パイプは縦棒「|」で始めます",
		"this is not possible here":                                           "ここでは使えません",
		"this bracket is not closed":                                          "この括弧が閉じられていません",
		"there is no opening bracket for it":                                  "対応する開き括弧がありません",
		"this quotation mark is not closed":                                   "この引用符が閉じられていません",
		"what stands in these quotes cannot be read":                          "引用符の中身を解釈できません",
		`a backslash within quotes is written \\, or the whole in backquotes`: "引用符の中の「\\」は「\\\\」と書くか、全体をバッククォートで囲みます",
		"conditions are nested too deep":                                      "条件の入れ子が深すぎます",
		"a condition is missing":                                              "条件がありません",
		"a value is missing":                                                  "値がありません",
		"a time is missing":                                                   "時刻がありません",
		"a number is missing":                                                 "数がありません",
		"this is no number":                                                   "数ではありません",
		"this is no whole number":                                             "整数ではありません",
		"this takes %d values, not %d":                                        "値は%d個必要です(%d個あります)",
		"this is no regular expression (RE2)":                                 "正規表現(RE2)として正しくありません",
		"there is no such function":                                           "このような関数はありません",
		"there is no such pipe":                                               "このようなパイプはありません",
		"a pipe is missing behind the bar":                                    "縦棒の後ろにパイプがありません",
		"a function such as count() is missing":                               "count() などの関数がありません",
		"parentheses are missing behind this: such as count()":                "後ろに括弧が必要です。例: count()",
		"names of fields in parentheses are needed here":                      "ここには括弧で囲んだ項目名が必要です",
		"the name of a field is missing":                                      "項目名がありません",
		"a comma is missing in front of this":                                 "この前にカンマがありません",
		"by (…) is needed here":                                               "ここには by (…) が必要です",
	})
}

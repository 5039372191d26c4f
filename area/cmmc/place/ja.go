package place

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"this is not UTF-8": "UTF-8 ではありません",
		"something stands after the end of the document":   "文書の終わりの後に余分な内容があります",
		"the document ends too early":                      "文書が途中で終わっています",
		"this is not JSON: %s":                             "JSON ではありません: %s",
		"this is nested too deep":                          "入れ子が深すぎます",
		"there is no field %q here":                        "ここに %q という項目はありません",
		"%q stands twice":                                  "%q が二度あります",
		"a text is expected":                               "文字列が必要です",
		"a whole number is expected":                       "整数が必要です",
		"true or false is expected":                        "true か false が必要です",
		"an object is expected":                            "オブジェクトが必要です",
		"a list is expected":                               "配列が必要です",
		"%q is no day of the calendar, such as 2026-11-23": "%q は暦にある日付（例 2026-11-23）ではありません",
		"%q lies outside the years 2000 to 2199":           "%q は 2000 年から 2199 年の範囲にありません",
		"%s is missing":                                    "%s がありません",
	})
}

package api

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"This field is there twice":                 "同じ項目が2回指定されています",
		"Some entries need to be corrected":         "入力内容に修正が必要です",
		"Please sign in":                            "サインインしてください",
		"You may not do this":                       "この操作は許可されていません",
		"Not found":                                 "見つかりません",
		"This is not possible in the present state": "現在の状態ではこの操作はできません",
		"Too busy at the moment":                    "現在混み合っています",
		"Something went wrong inside":               "内部でエラーが発生しました",
		"An internal error happened. The operator finds it under the reference %s": "内部エラーが発生しました。運用担当者は参照番号 %s で調べられます",

		"A valid token is needed":                                        "有効なトークンが必要です",
		"This token may not do this":                                     "このトークンではこの操作はできません",
		"A whole number from %d to %d is needed":                         "%d から %d までの整数が必要です",
		"This entry is required":                                         "入力してください",
		"There is no such field":                                         "そのような項目はありません",
		"There is no such parameter":                                     "そのようなパラメーターはありません",
		"One of these is needed: %s":                                     "次のいずれかが必要です: %s",
		"There is no such kind of problem":                               "そのような種類の問題はありません",
		"%s is not possible here, only %s":                               "ここでは %s は使えません。使えるのは %s です",
		"There is no such address in the interface; %s lists them all":   "API にそのアドレスはありません。一覧は %s にあります",
		"A JSON body is needed":                                          "JSON の本文が必要です",
		"A %s is needed here, not a %s":                                  "ここには %s が必要です(%s ではありません)",
		"The body must be JSON, not %s":                                  "本文は %s ではなく JSON でなければなりません",
		"The body must be a JSON object":                                 "本文は JSON のオブジェクトでなければなりません",
		"The body ended before it was complete":                          "本文が途中で終わっています",
		"The body is larger than the %d bytes allowed here":              "本文が上限の %d バイトを超えています",
		"The JSON is nested deeper than %d levels":                       "JSON の入れ子が %d 段を超えています",
		"The JSON is broken at byte %d":                                  "JSON が %d バイト目で壊れています",
		"The JSON cannot be read: %s":                                    "JSON を読み取れません: %s",
		"There is more after the end of the JSON value, from byte %d on": "JSON の値の後に余分な内容があります(%d バイト目以降)",
	})
}

package offline

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"There is no command %q.": "コマンド%qはありません。",
		"yagura detect scan --rules DIR… [--logsources MAP] [--source PRODUCT/CATEGORY/SERVICE] [--placeholder NAME=VALUE…] [--workers N] FILE…\nyagura detect test --data DIR --rules DIR… [--logsources MAP]\nyagura detect lint DIR…\nyagura detect explain --rule ID|FILE [--rules DIR…] [--logsources MAP] [--line N] FILE\n\nFILE is .ndjson, .json, .evtx or .log, each also as .gz, or - for standard input.\nExit code: 0 nothing found, 1 found, 2 an error.": "yagura detect scan --rules フォルダー… [--logsources 対応表] [--source 製品/カテゴリー/サービス] [--placeholder 名前=値…] [--workers 数] ファイル…\nyagura detect test --data フォルダー --rules フォルダー… [--logsources 対応表]\nyagura detect lint フォルダー…\nyagura detect explain --rule ID|ファイル [--rules フォルダー…] [--logsources 対応表] [--line 番号] ファイル\n\nファイルは .ndjson、.json、.evtx、.log（それぞれ .gz も可）、または標準入力を表す - です。\n終了コード: 0 検出なし、1 検出あり、2 エラー",
		"The log sources in %s cannot be read: %s":                                        "%sのログソース対応表を読み込めません: %s",
		"A placeholder is given as NAME=VALUE, not as %q.":                                "プレースホルダーは「名前=値」の形で指定してください（%qは使えません）。",
		"No rules are given: --rules DIR.":                                                "ルールが指定されていません（--rules フォルダー）。",
		"The rules in %s cannot be read: %s":                                              "%sのルールを読み込めません: %s",
		"Rule not loaded: %s":                                                             "読み込めなかったルール: %s",
		"%s:%d: %s joins several events (%s) and is not part of a scan of single events.": "%s:%d: %sは複数のイベントを関連付けるルール（%s）のため、単一イベントのスキャンでは使いません。",
		"%s:%d: %s joins several events (%s); only its form was read.":                    "%s:%d: %sは複数のイベントを関連付けるルール（%s）のため、書式だけを確認しました。",
		"There is no rule to match.":                                                      "照合できるルールがありません。",
		"No file of events is given.":                                                     "イベントのファイルが指定されていません。",
		"The only format is jsonl, not %q.":                                               "出力形式はjsonlだけです（%qは使えません）。",
		"The findings cannot be written: %s":                                              "検出結果を書き出せません: %s",
		"%s: event %d is not read: %s":                                                    "%s: イベント%dを読み取れません: %s",
		"%s: %d events in all were not read.":                                             "%s: 読み取れなかったイベントは全部で%d件です。",
		"%s is not read to its end: %s":                                                   "%sを最後まで読み取れませんでした: %s",
		"The folder of test cases is missing: --data DIR.":                                "テストケースのフォルダーが指定されていません（--data フォルダー）。",
		"%s cannot be read: %s":                                                           "%sを読み込めません: %s",
		"%d cases, %d missed.":                                                            "ケース%d件、うち不一致%d件。",
		"MISS %s: the rule %s is not loaded":                                              "不一致 %s: ルール%sが読み込まれていません",
		"MISS %s: the events cannot be read: %s":                                          "不一致 %s: イベントを読み取れません: %s",
		"MISS %s: the rule %s matches %d times, expected are %d":                          "不一致 %s: ルール%sの一致は%d件で、期待した%d件に足りません",
		"%s: the rule %s matches %d times, more than the %d stated":                       "%s: ルール%sの一致は%d件で、記載された%d件を超えています",
		"%d remarks.": "指摘は%d件です。",
		"One rule and one file of events are needed: --rule ID FILE.": "ルール1件とイベントのファイル1件を指定してください（--rule ID ファイル）。",
		"There is no rule %s.":         "ルール%sはありません。",
		"Event %d: %s matches.":        "イベント%d: %sに一致します。",
		"Event %d: %s does not match.": "イベント%d: %sに一致しません。",
		"Event %d: %s does not look at such events. The rule is for %s; the event is of: %s": "イベント%d: %sはこの種類のイベントを対象としていません。ルールの対象は%s、イベントのログソースは%sです。",
		"It fails at: %s": "一致しない箇所: %s",
	})
}

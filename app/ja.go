package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%d events are in. From now on time goes its own way; the last act begins within minutes.":  "%d件のイベントを取り込みました。ここからは実時間で進みます。数分以内に最後の局面が始まります。",
		"%s: %d events are in the journal, %d of them could not be read and are kept as they came.": "%s: %d件のイベントをジャーナルに取り込みました。うち%d件は読み取れず、受信したまま保存しました。",
		"A source of events is silent: %s":                                                                     "ログ送信元からの受信が途絶えています: %s",
		"Everything is deleted when you end this with Ctrl C.":                                                 "Ctrl C で終了すると、すべて削除されます。",
		"Nothing has come from it for longer than it may be silent. What happens there is not seen meanwhile.": "許容時間を超えて何も届いていません。この間に起きていることは見えません。",
		"Open this link:":                    "このリンクを開いてください:",
		"Or be somebody else:":               "ほかの人物になることもできます:",
		"Playing the day up to %s in Japan…": "日本時間 %s までの1日を再生しています…",
		"Setting up the Kirishio Group: 43 units, a year of history…": "霧潮グループを準備しています(43部門、1年分の履歴)…",
		"The day is over: %d events are in.":                          "1日の再生が終わりました。%d件のイベントを取り込みました。",
	})
}

package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%d events are in. From now on time goes its own way; the last act begins within minutes.":  "%d件のイベントを取り込みました。ここからは実時間で進みます。数分以内に最後の局面が始まります。",
		"%s: %d events are in the journal, %d of them could not be read and are kept as they came.": "%s: %d件のイベントをジャーナルに取り込みました。うち%d件は読み取れず、受信したまま保存しました。",
		"Everything is deleted when you end this with Ctrl C.":                                      "Ctrl C で終了すると、すべて削除されます。",
		"Open this link:":                    "このリンクを開いてください:",
		"Or be somebody else:":               "ほかの人物になることもできます:",
		"Playing the day up to %s in Japan…": "日本時間 %s までの1日を再生しています…",
		"Setting up the Kirishio Group: 43 units, a year of history…": "霧潮グループを準備しています(43部門、1年分の履歴)…",
		"The day is over: %d events are in.":                          "1日の再生が終わりました。%d件のイベントを取り込みました。",
	})
	text.Add(text.Japanese{
		"Open incidents (%s)":           "対応中のインシデント(%s件)",
		"Open incidents of this unit":   "この部門の対応中インシデント",
		"Untriaged alerts (%s)":         "未トリアージのアラート(%s件)",
		"Untriaged alerts of this unit": "この部門の未トリアージのアラート",
	})
	// of the commands
	text.Add(text.Japanese{
		"%d rows and %d files were backed up to %s.":                                                                          "%d行と%dファイルを %s にバックアップしました。",
		"%d rows and %d files were restored.":                                                                                 "%d行と%dファイルを復元しました。",
		"Check it elsewhere with the key %s":                                                                                  "外部で検証する際の公開鍵: %s",
		"The audit trail holds: %d rows, %d signed checkpoints, %d rows not yet sealed.":                                      "監査証跡は正常です: %d行、署名付きチェックポイント%d件、未封印%d行。",
		"The configuration is in order.":                                                                                      "設定に問題はありません。",
		"A relay keeps its journal in its data folder: it has no database of its own to configure":                            "リレーはデータフォルダーにジャーナルを置きます。データベースは設定できません",
		"The folder %s holds a whole installation; a relay needs a folder of its own":                                         "フォルダー %s にはサーバー一式があります。リレーには専用のフォルダーが必要です",
		"This machine is the relay %s of %s. Its certificate is good until %s and renews itself; start it with: yagura relay": "このマシンはリレー %s として %s に登録されました。証明書の有効期限は %s で、自動的に更新されます。次のコマンドで起動してください: yagura relay",
		"certificate until": "証明書の有効期限",
		"events waiting":    "待機中のイベント",
		"last contact":      "最終連絡",
		"oldest of them":    "最も古いもの",
		"problem":           "問題",
		"relay":             "リレー",
		"sources served":    "担当するソース",
		"take events in at a plant and forward them to the centre":                                                          "拠点でイベントを受信し、センターへ転送する",
		"usage: yagura relay [run|status] [-data DIR], or yagura relay enroll -to HOST:PORT [-token-file FILE] [-data DIR]": "使い方: yagura relay [run|status] [-data DIR]、または yagura relay enroll -to HOST:PORT [-token-file ファイル] [-data DIR]",
		"check, show or explain the configuration":                                                                          "設定を検査・表示・説明する",
		"import files of events":                                                      "イベントファイルを取り込む",
		"make a one-time link with which a person adds a passkey":                     "パスキー登録用のワンタイムリンクを作成する",
		"play a made-up group: one link, a story from an attack to a closed incident": "架空のグループを再生する(攻撃から完了までの物語)",
		"restore a backup into an empty database":                                     "空のデータベースにバックアップを復元する",
		"run the server":                                                                               "サーバーを起動する",
		"say which version this is":                                                                    "バージョンを表示する",
		"scan files with Sigma rules, test and check rules":                                            "Sigmaルールでファイルを検査し、ルールを試験・検証する",
		"usage: yagura COMMAND [flags]":                                                                "使い方: yagura コマンド [フラグ]",
		"usage: yagura access [-data DIR] PERSON":                                                      "使い方: yagura access [-data DIR] 人ID",
		"usage: yagura backup [-data DIR] FILE":                                                        "使い方: yagura backup [-data DIR] ファイル",
		"usage: yagura config check|show|example [-config FILE]":                                       "使い方: yagura config check|show|example [-config ファイル]",
		"usage: yagura demo [-fast] [-data DIR] [-listen ADDR]":                                        "使い方: yagura demo [-fast] [-data DIR] [-listen ADDR]",
		"usage: yagura ledger verify|export|checkpoint [-data DIR]":                                    "使い方: yagura ledger verify|export|checkpoint [-data DIR]",
		"usage: yagura restore [-data DIR] FILE":                                                       "使い方: yagura restore [-data DIR] ファイル",
		"usage: yagura telemetry import -source ID [-data DIR] FILE…":                                  "使い方: yagura telemetry import -source ID [-data DIR] ファイル…",
		"verify or export the audit trail, print its latest signed checkpoint":                         "監査証跡を検証・出力し、最新の署名付きチェックポイントを表示する",
		"write a backup while the server runs":                                                         "稼働中にバックアップを書き出す",
		"yagura COMMAND -h lists the flags of a command.":                                              "yagura コマンド -h でそのコマンドのフラグを表示します。",
		"yagura: there is no command %s":                                                               "yagura: コマンド %s はありません",
		"usage: yagura detect backtest --rule FILE|ID --from T --to T [--site UNIT] [-data DIR]":       "使い方: yagura detect backtest --rule ファイル|ID --from 日時 --to 日時 [--site 組織] [-data フォルダー]",
		"usage: yagura detect attack import [-data DIR] FILE":                                          "使い方: yagura detect attack import [-data フォルダー] ファイル",
		"usage: yagura detect pack install [-data DIR] PACK, or rollback -why REASON [-data DIR] NAME": "使い方: yagura detect pack install [-data フォルダー] パック、または rollback -why 理由 [-data フォルダー] 名前",
	})
}

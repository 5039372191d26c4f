package desk

import "yagura/kernel/text"

// The words of the webhooks, and of checking the audit trail.
func init() {
	text.Add(text.Japanese{
		"A test is on its way. If it does not arrive, it is tried again for a while, then stands among the jobs that were given up.":                                                 "テストを送信しています。届かない場合はしばらく再試行し、それでも届かなければ「断念したジョブ」に表示されます。",
		"A webhook calls another system for each message: a chat, a ticket desk, a pager. Every call is signed with the webhook's secret, so that the receiver can tell it is ours.": "Webhook は、通知のたびにチャット、チケット管理、ポケットベルなど別のシステムを呼び出します。すべての呼び出しは Webhook の秘密鍵で署名されるため、受け取る側は Yagura からのものと確認できます。",
		"Add a webhook":        "Webhook を追加",
		"Begins with https://": "https:// で始まります",
		"Everything":           "すべて",
		"Remove this webhook? Its secret is destroyed.": "この Webhook を削除しますか。秘密鍵は破棄されます。",
		"Send a test": "テストを送信",
		"The audit trail is being checked already. Please wait until that is done.":                                    "監査証跡はすでに検証中です。終わるまでお待ちください。",
		"The checkpoint that is kept beside the database can't be read: rows cut off at the end would not be noticed.": "データベースとは別に保管されたチェックポイントを読み取れません。末尾の行が切り捨てられていても検出できません。",
		"The webhook is added. Copy its secret now: it is shown only once.":                                            "Webhook を追加しました。秘密鍵をいまコピーしてください。表示されるのは一度だけです。",
		"The webhook is removed, and its secret destroyed.":                                                            "Webhook を削除し、秘密鍵を破棄しました。",
		"Urgent only": "緊急のみ",
		"Webhooks":    "Webhook",
		"What about":  "通知の分類",
		"Which system it calls, such as: chat of the CSIRT": "呼び出すシステム。例: CSIRTのチャット",
		"With nothing ticked it is called for everything.":  "何も選択しない場合は、すべての通知で呼び出されます。",
	})
}

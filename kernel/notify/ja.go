package notify

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A mail for each message":                                       "通知ごとにメールを受け取る",
		"Urgent messages at once, all others in one mail a day":         "緊急の通知はすぐに、それ以外は 1 日 1 通にまとめて受け取る",
		"Urgent messages only":                                          "緊急の通知だけを受け取る",
		"No mail":                                                       "メールを受け取らない",
		"Only a person has an inbox":                                    "受信箱があるのは利用者だけです",
		"Choose which messages come by mail":                            "メールで受け取る通知を選んでください",
		"Give a time of day from 0:00 to 23:59":                         "0:00 から 23:59 までの時刻を入力してください",
		"Choose days of the week":                                       "曜日を選んでください",
		"At least one day of the week can't be quiet":                   "すべての曜日を通知しない日にすることはできません",
		"[Urgent] %s":                                                   "【緊急】%s",
		"%d new messages":                                               "新しい通知が %d 件あります",
		"Open in Yagura:":                                               "Yagura で開く:",
		"All messages:":                                                 "すべての通知:",
		"See or change what you get:":                                   "配信内容の確認と変更:",
		"Get no more of these mails:":                                   "配信の解除:",
		"Change how you are notified:":                                  "通知の受け取り方を変更する:",
		"This is a test of the webhook %s":                              "これは Webhook「%s」のテストです",
		"Give a URL that begins with https://, without a password":      "https:// で始まり、パスワードを含まない URL を入力してください",
		"Private and local addresses are not allowed for webhooks here": "Webhook の宛先にプライベートアドレスやローカルアドレスは使えません",
		"Give the webhook a name of at most %d letters":                 "Webhook の名前を %d 文字以内で入力してください",
		"There is no topic %s":                                          "%s という分類はありません",
		"There is no such webhook":                                      "該当する Webhook はありません",
	})
}

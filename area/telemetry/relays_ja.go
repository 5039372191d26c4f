package telemetry

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A name is needed§relay":                   "名前を入力してください",
		"Choose a time from 30 seconds to 30 days": "30秒から30日までの時間を選んでください",
		"Choose the unit that the relay serves":    "リレーが担当する部門を選んでください",
		"Not enrolled yet":                         "未登録",
		"Revoked§relay":                            "失効",
		"The enrolment token is unknown, was used already, or has run out":                         "登録トークンが不明か、使用済みか、期限切れです",
		"The relay %s has fallen silent":                                                           "リレー %s からの連絡が途絶えています",
		"The relay has not reported since %s. What it takes in waits there, and is not seen here.": "%s 以降、リレーから報告がありません。リレーが受信したものはそこで待機しており、ここからは見えません。",
		"The relay is revoked already":                                                             "リレーはすでに失効しています",
		"The request for a certificate is damaged: %s":                                             "証明書の要求が壊れています: %s",
		"The shipment is damaged, nothing of it was taken: %s":                                     "配送物が壊れているため、何も受け取りませんでした: %s",
		"The unit has no source %s":                                                                "この部門にソース %s はありません",
		"There is no such relay, or you may not see it":                                            "そのリレーは存在しないか、閲覧する権限がありません",
		"This certificate is not trusted":                                                          "この証明書は信頼されていません",
		"This is not the next shipment of the relay":                                               "リレーの次の配送物ではありません",
		"This server takes no relays in: telemetry.relay_listen is not configured":                 "このサーバーはリレーを受け付けていません。telemetry.relay_listen が設定されていません",
		"Use lower-case letters, digits and hyphens, at most 40, beginning with a letter or digit": "英小文字、数字、ハイフンで40文字以内とし、英字か数字で始めてください",
	})
}

package psirt

import "yagura/kernel/text"

// The words of subscriptions and their mails.
func init() {
	text.Add(text.Japanese{
		"Choose all products, or at least one":                           "すべての製品、または1つ以上の製品を選んでください",
		"This installation sends no mail, so nobody can subscribe here":  "この環境はメールを送信しないため、配信を申し込めません",
		"Too many requests came in a short time. Please try again later": "短時間に多くの申し込みがありました。しばらくしてからもう一度お試しください",
		"Do you want our security advisories?":                           "セキュリティアドバイザリの配信確認",
		"You get our security advisories already":                        "セキュリティアドバイザリは既に配信中です",
		"Somebody, you we hope, asked that security advisories about our products be mailed to this address. Confirm it within 24 hours: %s\n\nIf it was not you, do nothing: you hear no more of it, and we forget your address within a day.": "このアドレスへ、当社製品のセキュリティアドバイザリを配信する申し込みがありました。24時間以内に確認してください: %s\n\nお心当たりがない場合は何もしないでください。以後のメールはなく、アドレスは1日以内に破棄します。",
		"Somebody, you we hope, asked that security advisories about our products be mailed to this address. They are already. To take over the new choice of products and language, confirm it within 24 hours: %s":                            "このアドレスへ、当社製品のセキュリティアドバイザリを配信する申し込みがありましたが、既に配信中です。新しく選んだ製品と言語に変更する場合は、24時間以内に確認してください: %s",
	})
}

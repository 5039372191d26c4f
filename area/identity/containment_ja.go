package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s is to be contained: a second person is needed":                                                                   "%sの封じ込めに2人目の承認が必要です",
		"The account is privileged. Until you confirm, nothing ends and the person stays in.":                                "特権アカウントです。承認されるまで何も終了せず、本人は利用を続けられます。",
		"Nobody contains himself. If somebody else uses your account, say so under My security.":                             "自分自身を封じ込めることはできません。他人が自分のアカウントを使っている場合は「マイセキュリティ」で申告してください。",
		"Nobody decides about himself":                                                                                       "自分自身については決定できません",
		"At most %d letters":                                                                                                 "%d文字以内で入力してください",
		"There is no %s, or you may not see it":                                                                              "%sは存在しないか、閲覧する権限がありません",
		"This person is contained already":                                                                                   "この人物はすでに封じ込められています",
		"This person's containment waits for a second person already":                                                        "この人物の封じ込めはすでに2人目の承認を待っています",
		"A second person must confirm this in the console":                                                                   "2人目の承認はコンソールで行う必要があります",
		"%s was contained by the rule “%s”":                                                                                  "%sはルール「%s」により封じ込められました",
		"Nobody looked before. Look at the alert now, and release the person if it was wrong.":                               "事前の確認は行われていません。直ちにアラートを確認し、誤りであれば解除してください。",
		"The rule “%s” contains nobody for now: it would have been too many":                                                 "ルール「%s」の封じ込めを一時停止: 上限に達しました",
		"Whom its alerts are about is still in. Look at them at once: either many accounts are taken, or the rule is wrong.": "アラートの対象者はまだ利用できます。直ちに確認してください。多数のアカウントが乗っ取られているか、ルールに誤りがあります。",
		"It waited too long: ask for it anew":                                                                                "承認期限を過ぎました。あらためて依頼してください",
		"This containment is not in force":                                                                                   "この封じ込めは有効ではありません",
		"This is confirmed already":                                                                                          "すでに確認済みです",
	})
}

package detect

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Only a rule that looks at sign-ins to Yagura itself can contain: other logs may name any account":               "封じ込めができるのは、Yagura自体へのサインインを監視するルールだけです。ほかのログには任意のアカウント名を書き込めます。",
		"Of correlations only those that come with Yagura can contain: the rules that others join may change one by one": "相関で封じ込めができるのは、Yagura付属のものだけです。ほかの相関は、参照先のルールが個別に変更される可能性があります。",
		"An alert of this rule is not about one person":                                                                  "このルールのアラートは1人の人物を対象としていません",
		"Only a rule that is stable and switched on can contain":                                                         "封じ込めができるのは、安定版で有効なルールだけです",
		"A number from 1 to %d is needed":                                                                                "1から%dまでの数を入力してください",
		"Say why, in at most %d letters":                                                                                 "理由を%d文字以内で入力してください",
		"Alerts of this rule contain already":                                                                            "このルールのアラートはすでに封じ込めを行います",
		"This waits for a second person already":                                                                         "すでに2人目の承認を待っています",
		"Its alerts contain nobody any more: the text changed":                                                           "ルールの変更により封じ込めを停止",
		"Asked that its alerts contain the person, at most %d an hour":                                                   "アラートによる封じ込めを依頼(1時間に%d人まで)",
		"Shall alerts of the rule “%s” contain the person? A second person is needed":                                    "ルール「%s」のアラートによる封じ込めの依頼: 2人目の承認が必要です",
		"Whoever an alert of it is about would lose every session at once, without anybody looking before.":              "承認すると、アラートの対象者は、誰の確認も経ずに直ちにすべてのセッションを失います。",
		"Nothing waits for a second person here":                                                                         "2人目の承認を待つ依頼はありません",
		"Taken back: its alerts contain nobody":                                                                          "依頼を取り下げ(封じ込めなし)",
		"Refused: its alerts contain nobody":                                                                             "依頼を却下(封じ込めなし)",
		"The text of the rule changed since: ask for it anew":                                                            "依頼の後にルールが変更されました。あらためて依頼してください",
		"Its alerts contain the person from now on, at most %d an hour":                                                  "アラートによる封じ込めを開始(1時間に%d人まで)",
		"Alerts of this rule contain nobody":                                                                             "このルールのアラートは封じ込めを行いません",
		"Its alerts contain nobody any more":                                                                             "アラートによる封じ込めを停止",
	})
}

package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Contains the person":    "本人を封じ込め",
		"off§containing":         "オフ",
		"on§containing":          "オン",
		"waits§containing":       "承認待ち",
		"Switch off§containment": "停止",
		"Rules of which a second person must say whether they contain": "封じ込めについて2人目の承認を待つルール",
		"Containment by this rule":                                     "このルールによる封じ込め",
		"People an hour at most":                                       "1時間あたりの最大人数",
		"Ask that its alerts contain":                                  "アラートによる封じ込めを依頼",
		"Ask a second person":                                          "2人目に承認を依頼",
		"Switch containment off":                                       "封じ込めを停止",
		"Its alerts contain nobody.":                                   "アラートは誰も封じ込めません。",
		"Beyond it the alert tells you and contains nobody. All rules together contain at most 20 people an hour.":                     "超過分は通知だけで、封じ込めません。全ルールの合計は1時間に20人までです。",
		"Never contained are break-glass accounts; for privileged accounts a second person must confirm.":                              "緊急用アカウントは封じ込めません。特権アカウントには2人目の承認が必要です。",
		"The text of the rule changed since it was asked for: it must be asked for anew.":                                              "依頼の後にルールが変更されました。あらためて依頼が必要です。",
		"Its alerts would contain the person they are about, at most %d an hour. Until a second person approves, they contain nobody.": "承認されると、アラートの対象者を封じ込めます(1時間に%d人まで)。2人目が承認するまでは、誰も封じ込めません。",
		"The text of the rule changed since two people agreed: its alerts contain nobody until they agree anew.":                       "2人の合意の後にルールが変更されました。あらためて合意するまで、アラートは誰も封じ込めません。",
		"Two people agreed, but as the rule stands now its alerts contain nobody.":                                                     "2人が合意していますが、現在の設定では、アラートは誰も封じ込めません。",
		"Its alerts contain the person they are about at once, at most %d an hour. %s and %s agreed on %s.":                            "アラートの対象者を直ちに封じ込めます(1時間に%d人まで)。%sと%sが%sに合意しました。",
		"A second person was asked. Until he approves, its alerts contain nobody.":                                                     "2人目に承認を依頼しました。承認されるまで、アラートは誰も封じ込めません。",
		"Alerts of this rule contain from now on.":                                                                                     "このルールのアラートによる封じ込めを開始しました。",
		"Alerts of this rule contain nobody.":                                                                                          "このルールのアラートは封じ込めを行いません。",
		"The rule would have contained %s and did not: too many within an hour. The person is still in.":                               "1時間の上限に達したため、ルールは%sを封じ込めませんでした。本人はまだ利用できます。",
		"The rule did not contain %s: it is a break-glass account, which only people contain.":                                         "%sは緊急用アカウントのため、ルールは封じ込めませんでした。封じ込めは人だけが行えます。",
		"The rule did not contain %s: the person is contained already, or a second person is asked.":                                   "%sはすでに封じ込め済みか承認待ちのため、ルールは封じ込めませんでした。",
		"The rule would have contained %s, but there is nobody of this name who may sign in.":                                          "ルールの対象は%sですが、この名前でサインインできる人物はいません。",
		"The rule did not contain %s: the event was more than an hour old when it was looked at.":                                      "処理の時点でイベントが1時間以上前のものだったため、ルールは%sを封じ込めませんでした。",
		"The rule asked to contain %s at %s. The account is privileged: until a second person confirms, the person is still in.":       "ルールが%sの封じ込めを依頼しました(%s)。特権アカウントのため、2人目が承認するまで本人はまだ利用できます。",
		"The rule contained %s at %s; the person is released.":                                                                         "ルールが%sを封じ込めました(%s)。その後、解除されています。",
		"The rule asked to contain %s; a person refused it.":                                                                           "ルールが%sの封じ込めを依頼し、却下されました。",
		"The rule asked to contain %s; nobody confirmed it in time, and the person is still in.":                                       "ルールが%sの封じ込めを依頼しましたが、期限内に承認されませんでした。本人はまだ利用できます。",
		"The rule contained %s at %s. %d targets are not confirmed.":                                                                   "ルールが%sを封じ込めました(%s)。%d件の対象が未確認です。",
		"The rule contained %s at %s. All targets are confirmed.":                                                                      "ルールが%sを封じ込めました(%s)。すべての対象を確認済みです。",
	})
}

package incident

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"The containment of %s is asked for: a second person must confirm it":                   "%sの封じ込めを依頼(2人目の承認待ち)",
		"The containment of %s is refused":                                                      "%sの封じ込めを却下",
		"%s is contained, with %d targets to prove":                                             "%sを封じ込め(確認対象%d件)",
		"%s is released from containment":                                                       "%sの封じ込めを解除",
		"Containment of %s: %s: %s after %s ms":                                                 "%sの封じ込め: %s: %s(%sミリ秒後)",
		"Containment of %s: %s: somebody tried to get in by it and was refused after %s ms":     "%sの封じ込め: %s: 利用の試みを拒否(%sミリ秒後)",
		"A rule asked for the containment of %s upon alert %s: a second person must confirm it": "ルールが%sの封じ込めを依頼(アラート%s、2人目の承認待ち)",
		"The containment of %s is asked for upon alert %s: a second person must confirm it":     "%sの封じ込めを依頼(アラート%s、2人目の承認待ち)",
		"%s was contained by a rule upon alert %s, and released":                                "ルールが%sを封じ込め、後に解除(アラート%s)",
		"%s was contained upon alert %s, and released":                                          "%sを封じ込め、後に解除(アラート%s)",
		"%s was contained by a rule upon alert %s: of %d targets %d are not confirmed":          "ルールが%sを封じ込め(アラート%s、対象%d件中%d件が未確認)",
		"%s was contained upon alert %s: of %d targets %d are not confirmed":                    "%sを封じ込め(アラート%s、対象%d件中%d件が未確認)",
		"application %s":                                      "アプリケーション%s",
		"application %s behind a proxy":                       "プロキシ背後のアプリケーション%s",
		"server %s by RADIUS":                                 "RADIUSの%s",
		"sign-in links":                                       "サインインリンク",
		"requests for a sign-in link":                         "サインインリンクの依頼",
		"business trips§target":                               "出張登録",
		"sessions by RADIUS":                                  "RADIUSのセッション",
		"sessions§target":                                     "セッション",
		"rights of applications":                              "アプリケーションの権限",
		"answered, not proven":                                "応答あり、未確認",
		"answered, but still lets the person in":              "応答したが、まだ利用できる",
		"answered; whether the person is out, it did not say": "応答したが、確認への回答なし",
		"not confirmed, since it can't be told":               "通知先がなく未確認",
		"confirmed: it has reported the end":                  "確認済み(終了の報告あり)",
		"confirmed by hand":                                   "手動で確認",
		"ended§target":                                        "終了",
		"confirmed§target":                                    "確認済み",
		"refused§target":                                      "拒否された",
		"no answer§target":                                    "応答なし",
		"not confirmed§target":                                "未確認",
		"tokens for the API":                                  "APIトークン",
		"%s (%d)":                                             "%s(%d件)",
	})
}

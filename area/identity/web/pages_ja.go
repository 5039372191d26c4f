package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s after %s ms": "%s(%sミリ秒後)",
		"%s%% of %s":     "%s%%(%s件中)",
		"p95, ms":        "p95(ミリ秒)",
		"%s times applications were entered in this time.": "この期間にアプリケーションへ入った回数は%s回です。",
		"By application":  "アプリケーション別",
		"Into§simulation": "入る先",
		"No application would have been entered otherwise": "アプリケーションへの入り方は変わりません",
		"Times entered":                         "入った回数",
		"What would have been judged otherwise": "判定が変わるもの",
		"Answer§logout":                         "応答",
		"Answered, not proved":                  "応答のみ・未確認",
		"Being asked":                           "確認中",
		"p50, ms":                               "p50(ミリ秒)",
		"Last sign-out":                         "直近のサインアウト",
		"Proved after":                          "確認までの時間",
		"Proved in 90 days":                     "90日間の確認実績",
		"Proved in the last 90 days: %s of %s":  "過去90日間の確認: %s件 / %s件",
		"Proved in the last 90 days: %s of %s, half within %s ms, 95%% within %s ms": "過去90日間の確認: %s件 / %s件、半数は%sミリ秒以内、95%%は%sミリ秒以内",
		"Still lets in":            "まだ入れる",
		"The probe gets no answer": "プローブに応答がありません",
		"This application has no address for probes, so nothing can be proved of it.": "このアプリケーションにはプローブ用のアドレスがないため、確認できません。",
		"When a session ends, the application is told at once and answers. An answer proves nothing: where it has an address for probes it is asked again, and the time runs from the end of the session until it said that nobody gets in by it.": "セッションが終了すると、アプリケーションに直ちに通知し、応答を受けます。応答だけでは証明になりません。プローブ用のアドレスがあれば改めて問い合わせ、セッションの終了から「もう誰も入れない」と答えるまでの時間を示します。",
		"p50 %s ms, p95 %s ms": "p50 %sミリ秒、p95 %sミリ秒",
	})
}

package offline

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"score assessments of CMMC, say what is lawful, what it takes and when it is due":        "CMMC の評価を採点し、何が適法か、何が要るか、いつが期限かを示す",
		"FILE is an assessment in JSON, or - for standard input.":                                "FILE は JSON の評価、または標準入力を表す - です。",
		"Exit code: 0 Final, 3 Conditional, 4 neither, 5 no assessment is possible, 2 an error.": "終了コード: 0 最終、3 条件付き、4 どちらでもない、5 評価できない、2 エラー。",
		"%d of %d items met, %s":                                        "%d / %d 項目達成、%s",
		"%d open items may stand on it, %d may not.":                    "載せてよい未達項目は %d 件、載せられないものは %d 件です。",
		"%s is larger than %d MiB":                                      "%s は %d MiB を超えています",
		"%s, Level %d: %s":                                              "%s、レベル %d: %s",
		"A plan of action needs %d of %d points (%s).":                  "行動計画には %d 点以上が必要です（満点 %d、%s）。",
		"Conditional§status":                                            "条件付き（Conditional）",
		"Final§status":                                                  "最終（Final）",
		"Objectives: %d met, %d not met, %d not applicable, %d unknown": "評価目標: 達成 %d、未達 %d、該当なし %d、不明 %d",
		"Status of %s: all items closed by %s (%s).":                    "%s 付けの状態: すべての項目を %s までに完了すること（%s）。",
		"Today, on %s: %s":                                              "本日 %s 現在: %s",
		"after:  %s":                                                    "後: %s",
		"an affirmation is overdue":                                     "宣誓の期限が過ぎている",
		"before: %s":                                                    "前: %s",
		"deferrable: %s":                                                "行動計画に載せられる: %s",
		"neither Final nor Conditional":                                 "最終でも条件付きでもない",
		"no assessment without a system security plan (%s)":             "システムセキュリティ計画書がなく評価は成り立たない（%s）",
		"no score, %s":                                                  "点数なし、%s",
		"no status yet":                                                 "状態はまだない",
		"not deferrable: %s":                                            "行動計画に載せられない: %s",
		"not eligible before Level 2 at its maximum (%s)":               "レベル 2 が満点になるまで資格がない（%s）",
		"not met§result":                                                "未達",
		"partly met§result":                                             "一部達成",
		"score %d of %d, %s":                                            "%d 点（満点 %d）、%s",
		"score %d to %d of %d, %s":                                      "%d から %d 点（満点 %d）、%s",
		"score %d to %d of %d, %s; at best %s":                          "%d から %d 点（満点 %d）、%s、最良で%s",
		"the Conditional status has ended, its plan of action was not closed in time": "条件付きの状態は終わった。行動計画が期限までに完了しなかった",
		"the status has expired": "状態は失効した",
		"there is no status: give --conditional or --final, or \"status\" in the file": "状態がありません。--conditional か --final、またはファイルの \"status\" で与えてください",
		"unknown§result": "不明",
	})
}

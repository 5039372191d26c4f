package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s is no time; one such as 2026-11-23T09:00:00Z is needed": "%s は日時ではありません。2026-11-23T09:00:00Z のように指定してください",
		"All together": "合計",
		"Two factors: %d of %d people with roles at their last sign-in, %d of %d others enrolled.": "二要素: 役割を持つ人は%[2]d人中%[1]d人が直近のサインインで使用、それ以外は%[4]d人中%[3]d人が登録済み。",
		"What was published on %s does not agree with the ledger.":                                 "%s に公表した値が台帳と一致しません。",
	})
}

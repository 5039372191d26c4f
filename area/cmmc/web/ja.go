package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"CMMC":                       "CMMC",
		"CMMC: how the group stands": "CMMC：グループの状況",
		"Enclaves by standing, those that need somebody first": "エンクレーブの状況（対応が必要な順）",
		"Unit":               "部門",
		"Level§cmmc":         "レベル",
		"Score§cmmc":         "スコア",
		"Status§cmmc":        "ステータス",
		"By assessors alone": "評価者の結果のみ",
		"13 weeks":           "13週",
		"Close-out":          "是正期限",
	})
}

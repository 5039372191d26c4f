package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Papers§cmmc":                        "文書",
		"Paper§cmmc":                         "文書",
		"Papers of the enclave":              "エンクレーブの文書",
		"What it holds":                      "内容",
		"In English":                         "英語",
		"In Japanese":                        "日本語",
		"System security plan§cmmc":          "システムセキュリティ計画書（SSP）",
		"Plan of action and milestones§cmmc": "行動計画とマイルストーン（POA&M）",
		"Responsibility matrix§cmmc":         "責任分担表",
		"List of evidence§cmmc":              "証拠一覧",
		"Summary for SPRS§cmmc":              "SPRS 入力用まとめ",
		"Every requirement with its objectives, whose they are, evidence, exceptions and what is open": "すべての要求事項と評価目標、その担い手、証拠、例外、未達の項目",
		"What is open: lawful or barred, by which paragraph, who brings it forward, day 180":           "未達の項目。行動計画に載せられるか、その条項、担当、180 日目",
		"Whose each objective is, and what providers prove":                                            "評価目標ごとの担い手と、提供者の証明",
		"Documents with hash, dates and the objectives that they prove":                                "文書のハッシュ値、日付、証明する評価目標",
		"The fields that SPRS asks, ready to type in":                                                  "SPRS で問われる項目。そのまま入力できる形",
		"As assessors found it":            "評価者の結果による",
		"As it stands today, with signals": "今日の状態（シグナルを含む）",
		"There is no such paper":           "そのような文書はありません",
		"A paper is made at the moment it is fetched. What nobody wrote down it names as missing; more can be added by the command line: yagura cmmc ssp --description.": "文書は取り出した時点で作られます。記録されていないものは欠けていると示されます。コマンド yagura cmmc ssp --description でさらに加えられます。",
	})
}

package desk

import "yagura/kernel/text"

// The words of kinds.go about CMMC.
func init() {
	text.Add(text.Japanese{
		"Measure proposed, changed or moved on":   "施策を提案・変更・進行",
		"Money of a measure committed or spent":   "施策の発注額・支出額を記録",
		"Budget of a fiscal year set":             "年度予算を設定",
		"Official text imported, used or removed": "原文を取り込み・使用開始・削除",
		"Crosswalk imported, signed or ended":     "対応表を取り込み・署名・失効",
		"Legal entity entered or changed":         "法人を登録・変更",
		"Enclave or provider entered or changed":  "エンクレーブ・提供元を登録・変更",
		"Shares with a provider set":              "提供元との分担を設定",
		"Asset of an enclave entered or changed":  "エンクレーブの資産を登録・変更",
		"Asset of an enclave removed":             "エンクレーブの資産を削除",
		"Result of an objective given":            "評価目的の結果を記入",
		"Result of an objective proposed":         "評価目的の結果を提案",
		"Proposed result reviewed":                "提案された結果を確認",
		"Objective given to somebody":             "評価目的の担当を割り当て",
		"Partial credit claimed or given up":      "部分点の主張を変更",
		"Evidence of an objective added":          "評価目的の証拠を追加",
		"Evidence made final":                     "証拠を確定",
		"Evidence withdrawn":                      "証拠を取り下げ",
		"Evidence of an objective downloaded":     "評価目的の証拠をダウンロード",
		"Live signal changed":                     "ライブ信号が変化",
		"Objective of CMMC stands otherwise":      "CMMC 評価目的の状態が変化",
		"Enclave stands otherwise":                "エンクレーブの状況が変化",
		"Assessment sealed":                       "評価結果を確定保存",
		"Finding of an assessment entered":        "評価の指摘を記入",
		"Finding of an assessment closed":         "評価の指摘を完了",
		"CMMC status declared":                    "CMMC ステータスを宣言",
		"Enclave affirmed by the officer":         "役員がエンクレーブを宣誓",
		"Assessor admitted to an enclave":         "評価者の閲覧を許可",
		"Assessor dismissed from an enclave":      "評価者の閲覧を終了",
		"Results imported from a file":            "結果をファイルから取り込み",
	})
}

package cmmc

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"There is no such enclave or service, or you may not see it": "そのようなエンクレーブやサービスは存在しないか、閲覧する権限がありません",
		"Enclave":                               "エンクレーブ",
		"Corporate service":                     "全社サービス",
		"External service provider":             "外部サービス事業者",
		"Cloud service provider":                "クラウドサービス事業者",
		"CUI asset":                             "CUI 資産",
		"Security protection asset":             "セキュリティ保護資産",
		"Contractor risk managed asset":         "請負者リスク管理資産",
		"Specialised asset":                     "特殊資産",
		"Out of scope§asset":                    "対象外",
		"not in the inventory":                  "資産台帳にありません",
		"not treated in the SSP":                "SSP に記載がありません",
		"not in the network diagram":            "ネットワーク図にありません",
		"Met§objective":                         "満足",
		"Not met§objective":                     "不満足",
		"Not applicable":                        "該当なし",
		"Unknown§objective":                     "未確認",
		"Final§status":                          "最終（Final）",
		"Conditional§status":                    "条件付き（Conditional）",
		"No assessment: no SSP":                 "評価不可（SSP なし）",
		"Not eligible: Level 2 is not complete": "対象外（レベル 2 が未完了）",
		"No status":                             "ステータスなし",
		"There is no objective %s":              "評価目的 %s はありません",
		"the FedRAMP proof is not named":        "FedRAMP の証明が示されていません",
		"%s is to be done":                      "%s の期限",
		"Last day of the evidence “%s”":         "証拠「%s」の有効期限",
	})
}

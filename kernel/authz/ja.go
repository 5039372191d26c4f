package authz

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s is not a region":                                                    "%s は地域ではありません",
		"A role ends at a day within the next two years":                        "ロールの終了日は2年以内の日付にしてください",
		"A second person must approve this: you can't approve your own request": "この操作には別の方の承認が必要です。ご自身の申請は承認できません",
		"An id has letters a-z, digits and hyphens, at most 40":                 "IDには英小文字、数字、ハイフンを40文字以内で使用してください",
		"Assessor":                      "評価者",
		"CSIRT handler":                 "CSIRTハンドラー",
		"CSIRT lead":                    "CSIRTリーダー",
		"Choose a person":               "人を選択してください",
		"Choose ownership or geography": "所有または地理のどちらかを選択してください",
		"Detection analyst":             "検知アナリスト",
		"Employee":                      "社員",
		"Executive officer":             "担当執行役員",
		"Head of the division":          "本部長",
		"OT engineer":                   "OTエンジニア",
		"Only one unit can be the top of the group: it is %s":    "グループの最上位にできる部門は一つだけです(現在は %s)",
		"Only the system can do this":                            "この操作はシステムだけが行えます",
		"PSIRT analyst":                                          "PSIRTアナリスト",
		"Privacy manager":                                        "個人情報保護管理者",
		"Regional manager":                                       "地域マネージャー",
		"Security contact":                                       "セキュリティ窓口",
		"System administrator":                                   "システム管理者",
		"The unit is above itself, or more than %d levels deep":  "部門が自身の上位になっているか、階層が%d段を超えています",
		"There is no role %s":                                    "ロール %s はありません",
		"There is no such entry, or you may not see it":          "該当する項目がないか、閲覧する権限がありません",
		"There is no such person":                                "該当する人はいません",
		"There is no unit %s":                                    "部門 %s はありません",
		"There is no unit %s above it":                           "上位の部門 %s がありません",
		"This person is no longer with the group":                "この方はすでにグループに在籍していません",
		"This role would reach units that are not yours to give": "このロールは、あなたの権限が及ばない部門にまで及びます",
		"The time for which this role was asked has passed":      "このロールの申請期間はすでに過ぎています",
		"This role is decided already":                           "このロールはすでに決定済みです",
		"This role is ended already":                             "このロールはすでに終了しています",
		"You have no permission for this (%s)":                   "この操作の権限がありません(%s)",
	})
}

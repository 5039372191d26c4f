package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s would take %d of %d people away at once": "%sが一度に%d人(全%d人中)を締め出そうとしています",
		"That is more than its guard allows. Nothing was changed: look at who would leave, then approve or discard it.": "安全装置の上限を超えています。何も変更していません。対象者を確認し、承認または破棄してください。",
		"The configuration has no directory %s":                               "設定にディレクトリ%sがありません",
		"The directory %s brings people to the unit %s, which does not exist": "ディレクトリ%sの対象部門%sが存在しません",
		"This was decided already":                                            "この件は判断済みです",
		"Comes§run":                                                           "追加", "Changes§run": "変更", "Is disabled§run": "無効化", "Is enabled§run": "有効化", "Leaves§run": "退職",
		"A claim has letters, digits and . _ : / -, at most 100": "クレームは英数字と . _ : / - で100文字以内にしてください",
		"Choose one of your units":                               "ご自分の部門を選択してください",
		"Choose what becomes of people whom it withdraws":        "削除された人の扱いを選択してください",
		"Give the directory a name":                              "ディレクトリの名前を入力してください",
		"Only a directory that speaks SCIM has a token":          "トークンがあるのはSCIMのディレクトリだけです",
		"This directory has ended":                               "このディレクトリの接続は終了しています",
	})
}

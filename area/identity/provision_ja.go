package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A claim has letters, digits and . _ : / -, at most 100": "クレームは英数字と . _ : / - で100文字以内にしてください",
		"Choose one of your units":                               "ご自分の部門を選択してください",
		"Choose what becomes of people whom it withdraws":        "削除された人の扱いを選択してください",
		"Give the directory a name":                              "ディレクトリの名前を入力してください",
		"Only a directory that speaks SCIM has a token":          "トークンがあるのはSCIMのディレクトリだけです",
		"This directory has ended":                               "このディレクトリの接続は終了しています",
	})
}

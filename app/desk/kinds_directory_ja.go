package desk

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Directory connected":            "ディレクトリを接続",
		"Directory stopped by its guard": "ディレクトリを安全装置が停止",
		"Stopped directory decided on":   "停止したディレクトリを判断",
		"Directory ended":                "ディレクトリの接続を終了",
		"Account kept by a directory":    "ディレクトリがアカウントを管理",
		"Group kept by a directory":      "ディレクトリがグループを管理",
		"Claim of a group set":           "グループのクレームを設定",
	})
}

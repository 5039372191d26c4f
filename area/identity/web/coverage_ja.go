package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s itself":    "%s自体",
		"Class§client": "区分",
		"How much harm can be done with it. Policies ask for more, or for certain places, by it.": "悪用された場合の影響の大きさです。ポリシーはこれに応じて、より強い認証や特定の場所を求めます。",
		"Coverage§identity": "カバレッジ",
		"Each person counts once, by the strongest way. Who holds a role counts by the last sign-in, everybody else by what was enrolled.": "各利用者は最も強い認証手段で1回だけ数えます。役割を持つ人は直近のサインイン、それ以外の人は登録済みの手段で数えます。",
		"How people can sign in, by unit": "部門別の認証手段",
		"Nothing":                         "なし",
		"Other people":                    "役割のない人",
		"Others: MFA":                     "一般者MFA",
		"Password alone":                  "パスワードのみ",
		"Password and code":               "パスワードとコード",
		"People":                          "人数",
		"People with roles":               "役割を持つ人",
		"Roles: MFA":                      "役割者MFA",
		"Strongest way":                   "最も強い認証手段",
	})
}

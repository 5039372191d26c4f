package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s itself":                                          "%s自体",
		"%s accounts left; %s points in 30 days":             "残り%sアカウント、30日間で%sポイント",
		"How coverage changed":                               "カバレッジの推移",
		"How people could sign in, by week":                  "週別の認証手段",
		"Now§coverage":                                       "現在",
		"Nothing was counted yet":                            "集計はまだありません",
		"Passkeys over the last %d weeks: from %s%% to %s%%": "直近%d週のパスキー: %s%%から%s%%へ",
		"Passkeys, 30 days":                                  "パスキーの30日推移",
		"Passkeys 30 days ago":                               "30日前のパスキー",
		"People 30 days ago":                                 "30日前の人数",
		"People are counted once a day. Come back tomorrow.": "1日1回集計します。明日もう一度ご覧ください。",
		"People are counted once a day; a row shows the last count before that day began (UTC). Counts are kept for two years.":       "1日1回集計し、各行はその日(UTC)の開始前の最後の集計を示します。集計は2年間保存します。",
		"Share of people by their strongest way, over the last 13 weeks":                                                              "直近13週の、最も強い認証手段別の割合",
		"The change is in points of the share with a passkey against 30 days ago; the line shows 13 weeks and opens with the number.": "増減はパスキー保有率の30日前との差(ポイント)です。線は13週の推移で、数値から詳細を開けます。",
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

package detect

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A pattern of host names such as dc-* is needed here":             "dc-* のようなホスト名のパターンを入力してください",
		"A silence lasts from a minute to %d days":                        "静止期間は1分以上%d日以内にしてください",
		"A weight is from %d to %d per cent":                              "重みは%d%%から%d%%の範囲で指定してください",
		"All of them changed meanwhile: nothing was taken back":           "すべてその間に変更されたため、何も取り消していません",
		"For the whole group name the hosts or one rule":                  "グループ全体を対象にする場合は、ホストかルールを1つ指定してください",
		"It ends after it begins, at most %d days later":                  "終了は開始より後、最長で開始から%d日以内にしてください",
		"It ends at a day within the next %d days":                        "期限は今後%d日以内の日にしてください",
		"Maintenance is planned ahead; what was is excluded or dismissed": "メンテナンスは事前に計画するものです。過去の検知は除外または却下で扱ってください",
		"Over§suppression":                              "終了済み",
		"Planned§suppression":                           "予定",
		"Risk of a host or an account":                  "ホストまたはアカウントのリスク",
		"Say in a sentence why":                         "理由を一文で書いてください",
		"Say in a sentence why nobody needs to be told": "通知が不要な理由を一文で書いてください",
		"Say when it begins":                            "開始日時を入力してください",
		"Silence after an alert is for one rule":        "アラート後の静止はルール1つに対して設定します",
		"Taken back":                                    "取り消し",
		"There is nothing to take back":                 "取り消せる操作がありません",
		"This suppression does not wait for approval":   "この抑制は承認待ちではありません",
		"This suppression is over already":              "この抑制はすでに終了しています",
		"Weight set to %d %%":                           "重みを%d%%に設定",
		"Weight taken away":                             "重みの設定を削除",
	})
}

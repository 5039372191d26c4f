package policy

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A country has two capital letters as in ISO 3166, such as JP or DE": "国はISO 3166の大文字2文字で記述してください(例:JP、DE)",
		"A level is expected here: %s":                                       "ここには強度を記述してください: %s",
		"A list is expected here, such as [office, vpn]":                     "ここにはリストを記述してください(例:[office, vpn])",
		"A network such as 10.1.0.0/16 or 2001:db8::/32 is needed here":      "ネットワークを入力してください(例:10.1.0.0/16、2001:db8::/32)",
		"A time from 5m to 30d is expected here, such as 12h":                "5mから30dまでの時間を記述してください(例:12h)",
		"Elsewhere abroad nobody is let in: people register a trip":          "その他の国外からは誰も許可されません。出張を登録してください",
		"One policy is expected, and no second document":                     "記述できるポリシーは1つだけです",
		"One word is expected here":                                          "ここには1語を記述してください",
		"References are not allowed: write it out":                           "参照は使えません。そのまま記述してください",
		"Settings by name are expected here":                                 "ここには名前付きの設定を記述してください",
		"The text is longer than %d KiB":                                     "本文が%d KiBを超えています",
		"There is no such class; there are %s":                               "その区分はありません。使えるのは %s です",
		"There is no such kind of device; there are %s":                      "その端末の種類はありません。使えるのは %s です",
		"There is no such place; there are %s":                               "その場所はありません。使えるのは %s です",
		"There is no such setting; there are %s":                             "その設定はありません。使えるのは %s です",
		"This address lies within the network %s: write that":                "このアドレスはネットワーク %s に含まれます。そちらを入力してください",
		"This is not YAML: %s":                                               "YAMLとして読めません: %s",
		"This is said twice, first in line %d":                               "重複しています。最初は%d行目です",
		"This network is too large: at most /%d can be declared":             "このネットワークは大きすぎます。登録できるのは/%dまでです",
		"yes or no is expected here":                                         "ここにはyesまたはnoを記述してください",
	})
}

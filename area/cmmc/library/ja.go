package library

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s: what this is can't be told by its name: give --format guide, oscal, ciso-assistant or csv": "%s: 名前から種類が分かりません。--format guide、oscal、ciso-assistant、csv のいずれかを付けてください",
		"%s: no requirement of CMMC is in it": "%s: CMMC の要求事項が含まれていません",
		"%s has no text":                      "%s に本文がありません",
		"objectives without a requirement":    "要求事項のない評価目標です",
		"this is not YAML: %s":                "YAML として読み取れません: %s",
		"this is no table: %s":                "表ではありません: %s",
	})
}

package chart

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Period§chart":      "期間",
		"Count§chart":       "件数",
		"Name§chart":        "名称",
		"Goal %s":           "目標 %s",
		"Unit§chart":        "部門",
		"Level§chart":       "階層",
		"Below§chart":       "配下",
		"and %d more below": "配下にほか %d 件",
		"Lane§chart":        "区分",
		"What§chart":        "内容",
		"From§chart":        "開始",
		"To§chart":          "終了",
		"When§chart":        "日時",
		"Severity§chart":    "レベル",
		"Reached§chart":     "到達した戦術",
		"Value§chart":       "値",
		"Points§chart":      "点",
		"Now§chart":         "現在",
		"At least§chart":    "下限",
		"At most§chart":     "上限",
		"Day§chart":         "日付",
	})
}

package chart

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Period":            "期間",
		"Count":             "件数",
		"Name":              "名称",
		"Goal %s":           "目標 %s",
		"Unit":              "部門",
		"Level":             "階層",
		"Below":             "配下",
		"and %d more below": "配下にほか %d 件",
		"Lane":              "区分",
		"What":              "内容",
		"From":              "開始",
		"To":                "終了",
	})
}

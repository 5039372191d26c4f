package oscal

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"a list has at least one member, else it is left out": "一覧には要素が一つ以上必要です。なければ項目ごと省きます",
		"%q is none of %s":                                                 "%q は %s のいずれでもありません",
		"%q has not the form of %s":                                        "%q は %s の形式ではありません",
		"this is none of the models %s":                                    "%s のいずれのモデルでもありません",
		"OSCAL %q is not 1.1.0 to 1.1.3":                                   "OSCAL %q は 1.1.0 から 1.1.3 ではありません",
		"this refers to nothing: no component has it":                      "参照先がありません: これを持つコンポーネントがありません",
		"this refers to nothing: no part of the document has it":           "参照先がありません: 文書のどこにもありません",
		"this refers to nothing: no %s has it":                             "参照先がありません: これを持つ %s がありません",
		"CMMC has no %q":                                                   "CMMC に %q はありません",
		"%q is no objective of %q":                                         "%q は %q の評価目標ではありません",
		"this is no base64":                                                "base64 ではありません",
		"%q is no %s in hexadecimal":                                       "%q は 16 進数の %s ではありません",
		"the hash differs from the one in line %d for the same resource":   "同じ資料について %d 行目のハッシュと異なります",
		"the hash is not that of the content, which is %s":                 "内容のハッシュと異なります。内容は %s です",
		"nothing is open, so there is no plan of action to write":          "未達がないため、書くべき行動計画がありません",
		"%q is no document: ssp, poam, ar or cd":                           "%q は文書ではありません: ssp、poam、ar、cd のいずれかです",
		"nothing is met, so there is nothing that a component could offer": "達成がないため、コンポーネントが提供できるものがありません",
	})
}

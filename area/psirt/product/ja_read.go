package product

import "yagura/kernel/text"

// What is said of files.
func init() {
	text.Add(text.Japanese{
		"%s in the column %s is no day such as 2026-04-01":                                      "%[2]s列の%[1]sは2026-04-01のような日付ではありません",
		"A branch of this kind is not taken: %s":                                                "この種類の枝は取り込みません：%s",
		"A relationship of products is not taken; its products are":                             "製品間の関係は取り込みません。製品は取り込みます",
		"Serial numbers belong to a hardware revision: please name it too":                      "製造番号はハードウェアリビジョンのものです。リビジョンも指定してください",
		"The CPE is wrong: %s":                                                                  "CPEが正しくありません：%s",
		"The CPE names a version; please put * for it: each version gets its own":               "CPEにバージョンが含まれています。*にしてください。バージョンごとに付けられます",
		"The column %s is not known or stands twice; columns are %s":                            "列%sは不明か、2回あります。使える列：%s",
		"The column software is yes or no, not %s":                                              "software列はyesかnoです。%sは使えません",
		"The days of release and of the end of support belong to a version: please name it too": "リリース日とサポート終了日はバージョンのものです。バージョンも指定してください",
		"The family %s has the order %s further up":                                             "製品群%sには、上の行で並び順%sが指定されています",
		"The name has more than 200 letters":                                                    "名前が200文字を超えています",
		"The name has signs that can't be printed":                                              "名前に印字できない文字があります",
		"The name is empty": "名前が空です",
		"The product %s is of another family or unit, or has another name or purl, further up": "製品%sは、上の行では別の製品群か組織、または別の名前かpurlになっています",
		"The purl is wrong: %s": "purlが正しくありません：%s",
		"The purl names a version; please leave it out: each version gets its own": "purlにバージョンが含まれています。除いてください。バージョンごとに付けられます",
		"The row has more cells than there are columns":                            "行のセルが列より多くなっています",
		"The row names no product":                                                 "行に製品がありません",
		"The table can't be read further: %s":                                      "表の続きを読み取れません：%s",
		"The table has more than %d rows":                                          "表が%d行を超えています",
		"The table has no column “product”":                                        "表に「product」列がありません",
		"The table has no first row with the names of columns":                     "表の1行目に列名がありません",
		"The table is neither UTF-8 nor Shift_JIS: please save it as “CSV UTF-8”":  "表がUTF-8でもShift_JISでもありません。「CSV UTF-8」で保存してください",
		"“%s” is no range of versions; the product is taken without it":            "「%s」はバージョンの範囲ではありません。製品だけを取り込みます",
	})
}

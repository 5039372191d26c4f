package psirt

import "yagura/kernel/text"

// The words of the registry of products.
func init() {
	text.Add(text.Japanese{
		"%s and %s are the same version in this order":                                                                 "%sと%sは、この並び順では同じバージョンです",
		"%s can't be written out into models; please name them, or put \\ before a * that belongs to a number":         "%sから形名を列挙できません。形名を書くか、形名の一部である*の前に\\を付けてください",
		"A product has at most %d models":                                                                              "1つの製品の形名は%d件までです",
		"A product of this vendor and name belongs to another unit":                                                    "このベンダーと名前の製品は別の組織のものです",
		"Somebody changed this product since you opened the page. Look at it again, then repeat what you wanted to do": "ページを開いた後に、ほかの人がこの製品を変更しました。内容を確認してから、もう一度操作してください",
		"Support ends after the release":                                                                               "サポート終了日はリリース日より後にしてください",
		"The advisory names no products":                                                                               "アドバイザリに製品がありません",
		"The file is no advisory: %s":                                                                                  "ファイルはアドバイザリではありません：%s",
		"The product stands twice in the file, in two families":                                                        "ファイルの2つの製品群に同じ製品があります",
		"The registry has changed since this preview was made; look at the new one":                                    "プレビューの作成後に台帳が変更されました。新しいプレビューを確認してください",
		"The versions of %s do not fit: %s":                                                                            "%sのバージョンが合いません：%s",
		"There is a family of this name already":                                                                       "この名前の製品群はすでにあります",
		"There is a model of this number already":                                                                      "この形名はすでにあります",
		"There is a product of this vendor and name already":                                                           "このベンダーと名前の製品はすでにあります",
		"There is a revision of this name already":                                                                     "この名前のリビジョンはすでにあります",
		"There is no new model in it":                                                                                  "新しい形名がありません",
		"There is no such family":                                                                                      "その製品群はありません",
		"There is this version already, as %s":                                                                         "このバージョンはすでに%sとしてあります",
		"This very file was taken over already":                                                                        "同じファイルがすでに取り込まれています",
	})
}

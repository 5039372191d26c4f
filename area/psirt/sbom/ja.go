package sbom

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s has neither a package URL nor a CPE: nobody can look it up":                   "%sにはパッケージURLもCPEもなく、照合できません",
		"%s has no place among the dependencies":                                          "%sは依存関係の中にありません",
		"%s has no supplier":                                                              "%sには供給者がありません",
		"%s has no version":                                                               "%sにはバージョンがありません",
		"%s is no CPE: %s":                                                                "%sはCPEではありません：%s",
		"%s is no package URL: %s":                                                        "%sはパッケージURLではありません：%s",
		"%s is no point in time":                                                          "%sは日時ではありません",
		"A range is written like >=1.0.0|<1.2.3, <=1.2.3 or 1.2.3|1.2.5":                  "範囲は >=1.0.0|<1.2.3、<=1.2.3、1.2.3|1.2.5 のように書いてください",
		"It is not said what the bill is about":                                           "何の部品表かが書かれていません",
		"It is not said when the bill was made":                                           "部品表の作成日時が書かれていません",
		"It is not said who made the bill":                                                "部品表の作成者が書かれていません",
		"Nothing in the file has the reference %s":                                        "参照%sに当たるものがファイルにありません",
		"Please name a component":                                                         "部品を指定してください",
		"The SHA-256 of the component has not 64 hexadecimal digits":                      "部品のSHA-256が16進数64桁ではありません",
		"The bill has no components":                                                      "部品表に部品がありません",
		"The component has no name":                                                       "部品に名前がありません",
		"The component has the version %s, and its package URL %s":                        "部品のバージョンは%sですが、パッケージURLでは%sです",
		"The file can't be read: %s":                                                      "ファイルを読み取れません: %s",
		"The file has a document type, which is refused":                                  "ファイルに文書型宣言があるため受け付けません",
		"The file has more than %d components":                                            "ファイルの部品が%d件を超えています",
		"The file has more than %d levels":                                                "ファイルの入れ子が%d段を超えています",
		"The file is an archive; please unpack it and bring the bill of materials itself": "ファイルは書庫です。展開して、部品表そのものを指定してください",
		"The file is empty":                                                               "ファイルが空です",
		"The file is larger than %d MB":                                                   "ファイルが%dMBを超えています",
		"The file is neither JSON nor XML":                                                "ファイルはJSONでもXMLでもありません",
		"The file is no CycloneDX: %s":                                                    "ファイルはCycloneDXではありません：%s",
		"The file is no CycloneDX: it begins with <%s>":                                   "ファイルはCycloneDXではありません：<%s>で始まっています",
		"The file is no CycloneDX: it has no bomFormat that says so":                      "ファイルはCycloneDXではありません：それを示すbomFormatがありません",
		"The reference %s stands at %s already":                                           "参照%sは%sですでに使われています",
		"This version of CycloneDX is not known: %s":                                      "このバージョンのCycloneDXには対応していません：%s",
	})
}

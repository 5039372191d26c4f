package pack

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"the name %q is not of small letters, digits and hyphens":                                "名前%qに小文字・数字・ハイフン以外の文字があります",
		"the version %q is not of numbers with dots, such as 2026.11.2":                          "バージョン%qが2026.11.2のような数字とドットの形になっていません",
		"the folder holds no rule":                                                               "フォルダーにルールがありません",
		"the pack has %d bytes, more than the %d allowed":                                        "パックが%dバイトあり、上限の%dバイトを超えています",
		"this is no zip file: %s":                                                                "zipファイルではありません: %s",
		"the pack holds %d files, more than the %d allowed":                                      "パックにファイルが%d個あり、上限の%d個を超えています",
		"the name %q leads out of the pack":                                                      "名前%qがパックの外を指しています",
		"the name %q is there twice":                                                             "名前%qが2つあります",
		"it has no %s: this is no rule pack":                                                     "%sがないため、ルールパックではありません",
		"its manifest can't be read: %s":                                                         "マニフェストを読み取れません: %s",
		"it is of format %d; this program reads format %d":                                       "形式が%dです。このプログラムが読めるのは形式%dです",
		"its name or version is not of the form that is needed: %q %q":                           "名前またはバージョンの形が正しくありません: %q %q",
		"%s can't be unpacked: %s":                                                               "%sを展開できません: %s",
		"%s unpacks to more than is allowed":                                                     "%sを展開すると上限を超えます",
		"%s stands in the manifest and is not there":                                             "マニフェストにある%sがありません",
		"%s stands in the manifest twice":                                                        "%sがマニフェストに2回書かれています",
		"%s is not as it was when the pack was made":                                             "%sがパック作成時の内容と異なります",
		"%s is no kind of file that belongs into a pack":                                         "%sはパックに入れられない種類のファイルです",
		"%s does not stand in the manifest":                                                      "%sがマニフェストにありません",
		"the signing key can't be read: %s":                                                      "署名鍵を読み取れません: %s",
		"the key %q can't be read: %s":                                                           "鍵%qを読み取れません: %s",
		"the pack is not signed":                                                                 "パックに署名がありません",
		"it is signed by %s, whose key is not trusted here":                                      "%sの署名が付いていますが、その鍵はここでは信頼されていません",
		"its signature does not hold: %s":                                                        "署名を検証できません: %s",
		"its signature is of another pack":                                                       "別のパックの署名です",
		"version %s is older than %s, which is installed; go back to an earlier version instead": "バージョン%sは導入済みの%sより古いものです。以前の版へは「元に戻す」を使ってください",
		"version %s is installed already":                                                        "バージョン%sは導入済みです",
		"another pack of version %s is installed":                                                "同じバージョン%sで内容の異なるパックが導入済みです",
	})
}

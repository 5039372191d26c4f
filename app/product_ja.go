package app

import "yagura/kernel/text"

// The words of the commands for products and bills of materials.
func init() {
	text.Add(text.Japanese{
		"%s: %d families, %d products, %d models, %d versions":                                                     "%s: 製品群%d件、製品%d件、形名%d件、バージョン%d件",
		"%s: CycloneDX %s, %d components, %d with all that a bill should say, %d errors":                           "%s: CycloneDX %s、部品%d件、必要な項目がそろったもの%d件、誤り%d件",
		"No advisory says that it is affected.":                                                                    "影響を受けると述べるアドバイザリはありません。",
		"None of the advisories names %s.":                                                                         "%sを挙げるアドバイザリはありません。",
		"applies§verdict":                                                                                          "該当",
		"check bills of materials (CycloneDX) and ask them for a component":                                        "部品表（CycloneDX）の検査と部品の検索",
		"if version and serial number are among those":                                                             "バージョンと製造番号が該当する場合",
		"make product trees, ask advisories about a product, look through files of products":                       "製品ツリーの作成、製品に関するアドバイザリの照会、製品ファイルの確認",
		"usage: yagura product affected [--json] --product NAME [--version V] [--serial S] [--cve ID] FILE…":       "使い方: yagura product affected [--json] --product 名前 [--version バージョン] [--serial 製造番号] [--cve ID] ファイル…",
		"usage: yagura product import --dry-run [--json] FILE… (files are taken over on the page of the registry)": "使い方: yagura product import --dry-run [--json] ファイル…（取り込みは台帳のページで行います）",
		"usage: yagura product tree [--json] [--lang en|ja] FILE":                                                  "使い方: yagura product tree [--json] [--lang en|ja] ファイル",
		"usage: yagura product tree|affected|import [flags] FILE…":                                                 "使い方: yagura product tree|affected|import [フラグ] ファイル…",
		"usage: yagura sbom check [--json] [--component NAME|PURL|CPE [--range R]] FILE…":                          "使い方: yagura sbom check [--json] [--component 名前|PURL|CPE [--range 範囲]] ファイル…",
	})
}

package app

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{ // yagura csaf: sites
		"usage: yagura csaf validate|validator|diff|convert|render|vex|key|publish|withdraw|inspect|token|serve [flags] FILE…":                           "使い方: yagura csaf validate|validator|diff|convert|render|vex|key|publish|withdraw|inspect|token|serve [フラグ] ファイル…",
		"usage: yagura csaf publish --site DIR --config FILE [--json] [--whole] [--remove ID] [FILE|FOLDER…]":                                            "使い方: yagura csaf publish --site フォルダ --config ファイル [--json] [--whole] [--remove ID] [ファイル|フォルダ…]",
		"usage: yagura csaf withdraw --site DIR --config FILE --reason TEXT [--superseded-by ID --successor-url URL] [--json] ID":                        "使い方: yagura csaf withdraw --site フォルダ --config ファイル --reason 理由 [--superseded-by ID --successor-url URL] [--json] ID",
		"usage: yagura csaf inspect --site DIR [--json]":                                                                                                 "使い方: yagura csaf inspect --site フォルダ [--json]",
		"usage: yagura csaf key --name NAME [--mail ADDRESS] FILE":                                                                                       "使い方: yagura csaf key --name 名前 [--mail アドレス] ファイル",
		"usage: yagura csaf token [--label GREEN|AMBER|RED] NAME":                                                                                        "使い方: yagura csaf token [--label GREEN|AMBER|RED] 名前",
		"usage: yagura csaf serve --site DIR [--listen ADDR] [--tls-cert FILE --tls-key FILE [--client-ca FILE [--client-label LABEL]]] [--access FILE]": "使い方: yagura csaf serve --site フォルダ [--listen アドレス] [--tls-cert ファイル --tls-key ファイル [--client-ca ファイル [--client-label ラベル]]] [--access ファイル]",
		"Nothing was published.":           "何も公開していません。",
		"yagura: %s is not published here": "yagura: %sはここでは公開されていません",
		"%d documents, nothing wrong":      "%d件の文書に問題はありません",
		"The line belongs into the access file. The token, which is shown only now: %s":                                                  "この行をアクセスファイルに加えてください。トークン(今回だけ表示します): %s",
		"yagura: tokens would travel readable to all: use --tls-cert and --tls-key, or listen on this machine alone behind a web server": "yagura: トークンが誰にでも読める形で流れてしまいます。--tls-certと--tls-keyを使うか、ウェブサーバーの背後でこのマシンだけで待ち受けてください",
		"The site answers at %s.": "サイトは%sで応答します。",
	})
}

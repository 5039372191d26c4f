package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"%s is no address and no network such as 192.0.2.0/28": "%sはアドレスでも、192.0.2.0/28 のようなネットワークでもありません",
		"%s overlaps with the network of another server":       "%sはほかのサーバーのネットワークと重なっています",
		"At most 253 bytes fit":                                "253バイトまでです",
		"Give it a name of at most 100 letters":                "100文字以内の名前を付けてください",
		"Say from which address it asks":                       "問い合わせ元のアドレスを入力してください",
		"There are too many servers":                           "サーバーが多すぎます",
		"There is no such server":                              "該当するサーバーはありません",
		"Write host:port, such as 192.0.2.1:3799":              "192.0.2.1:3799 のように ホスト:ポート で入力してください",
	})
}

package config

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{ // the public site of advisories
		"Folder of the public site of security advisories; without it none is made":                                     "セキュリティアドバイザリの公開サイトのフォルダー。指定しなければ作りません",
		"URL by which the world reaches that site, such as https://psirt.example.com":                                   "公開サイトの URL（例: https://psirt.example.com）",
		"Address and port at which this server answers for that site; empty where another web server serves the folder": "このサーバーが公開サイトとして応答するアドレスとポート。別のウェブサーバーがフォルダーを配信する場合は空にします",
		"File of that address's certificate and its chain (PEM)":                                                        "公開サイトの証明書とチェーンのファイル（PEM）",
		"File of that certificate's private key (PEM)":                                                                  "公開サイトの証明書の秘密鍵のファイル（PEM）",
		"File of who may read advisories that are TLP:GREEN, AMBER or RED (yagura csaf token)":                          "TLP:GREEN、AMBER、RED のアドバイザリを読める人のファイル（yagura csaf token）",
		"Name of who publishes advisories, as it stands in them":                                                        "アドバイザリに記載する発行者の名前",
		"URL that names who publishes advisories, such as https://www.example.com":                                      "発行者を示す URL（例: https://www.example.com）",
		"Mail address for reports of vulnerabilities":                                                                   "脆弱性の報告を受けるメールアドレス",
		"Beginning of the numbers of advisories, such as PSA":                                                           "アドバイザリ番号の先頭（例: PSA）",
	})
}

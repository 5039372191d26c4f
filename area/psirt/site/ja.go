package site

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"To the content": "本文へ", "Site": "サイト", "Advisories": "アドバイザリ", "Search": "検索",
		"Acknowledgements": "謝辞", "Policy§vulnerabilities": "脆弱性への対応方針", "Report a vulnerability": "脆弱性の報告", "Advisories by mail": "メール配信",
		"Signature (OpenPGP)": "署名(OpenPGP)", "Everything about:": "関連製品:", "Advisory": "アドバイザリ",
		"Product, CVE or word": "製品名、CVE番号、単語", "No advisories have been published.": "公開中のアドバイザリはありません。",
		"All %d advisories": "全%d件のアドバイザリ", "%d of %d advisories": "%[2]d件中%[1]d件", "Product": "製品", "All products": "すべての製品",
		"Search advisories": "アドバイザリの検索", "How we handle vulnerabilities": "脆弱性への対応方針",
		"We thank everyone who reported a vulnerability to us and gave us time to mend it.":                      "脆弱性をご報告いただき、修正のための時間をくださった皆様に感謝いたします。",
		"This is where we announce vulnerabilities in our products, together with what users can do about them.": "当社製品の脆弱性と、ご利用の皆様にとっていただきたい対策を、ここでお知らせします。",
		"Reporting to us": "ご報告の方法",
		"Please report a vulnerability in one of our products to us before you publish it. Tell us the product and its version, what an attacker can do, and how we can see it ourselves. You may write in English or Japanese, and encrypt what is confidential with our key below.": "当社製品の脆弱性を発見された場合は、公表の前に当社へご報告ください。製品名とバージョン、攻撃者に何ができるか、再現の手順をお知らせください。日本語または英語でお書きいただけます。秘密にすべき内容は、下記の鍵で暗号化してください。",
		"We confirm a report within five business days, keep you informed while we examine it, agree with you on a date of publication, and name you in the advisory if you wish. Reports in good faith have no legal consequences from us.":                                          "ご報告の受領は5営業日以内にお知らせし、調査の経過を随時ご連絡し、公表日はご相談のうえ決め、ご希望であればアドバイザリにお名前を記載します。善意のご報告に対して当社が法的措置をとることはありません。",
		"What we publish": "公表する内容",
		"Every advisory is published in both languages here and in a machine-readable form (CSAF 2.0) that is signed. When an advisory changes, its history says what changed; one that turned out to be wrong is withdrawn and stays readable as such.": "アドバイザリは、このサイトで日英両方のページと、署名付きの機械可読形式(CSAF 2.0)で公表します。変更した場合は改訂履歴に内容を記します。誤りとわかったものは取り下げとし、その旨とともに読める状態を保ちます。",
		"Our OpenPGP key": "当社のOpenPGP鍵",
	})
}

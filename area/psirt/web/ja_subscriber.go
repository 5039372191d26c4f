package web

import "yagura/kernel/text"

// The words of the pages of subscriptions.
func init() {
	text.Add(text.Japanese{
		"About %d products.": "%d製品について。", "About all products.": "すべての製品について。", "Address§mail": "メールアドレス", "Addresses are shown to the PSIRT alone.": "アドレスはPSIRTだけに表示します。",
		"A mail is on its way to this address. Follow its link within 24 hours.": "このアドレスへメールを送信しました。24時間以内にメール内のリンクを開いてください。",
		"Anybody subscribes at": "申し込みページ", "By product": "製品別", "Confirm": "確認する",
		"Customers may choose it on the public site, to hear of its advisories: everyone may know its name": "公開サイトで配信対象として顧客が選べるようにする(製品名を公開してよい)",
		"How§subscriber": "登録方法", "If you leave, we delete your address and your choice at once.": "解除すると、アドレスと選択内容を直ちに削除します。",
		"If none comes, look among the unwanted mails, or ask again tomorrow: to one address we send at most three of these mails a day.": "届かない場合は迷惑メールを確認するか、明日もう一度お申し込みください。このメールの送信は、1つのアドレスにつき1日3通までです。",
		"Language": "言語", "Language of the mails": "メールの言語", "Leave the list": "配信を解除する", "May read up to": "閲覧できる範囲", "Nobody asked for single products": "製品を指定した購読者はいません",
		"Nobody is on the list": "購読者はいません", "Of all products": "全製品の購読者", "On the list.": "登録しました。", "Other products": "その他の製品",
		"Products are offered to customers once an advisory for everyone names them, or somebody says so in the registry.": "製品は、一般公開のアドバイザリに載ったとき、または製品台帳で指定したときに、顧客が選べるようになります。",
		"Products that were asked for by name": "指定された製品", "Products§subscriber": "製品", "Put somebody on the list": "購読者を登録",
		"Remove this address from the list?": "このアドレスを購読者から削除しますか?", "Remove§subscriber": "削除", "Removed, with all that was known of this address.": "このアドレスの情報をすべて削除しました。",
		"Saved§subscription": "保存しました", "Security advisories about our products will be mailed to this address:": "当社製品のセキュリティアドバイザリを次のアドレスへ配信します:",
		"Since§subscriber": "登録日時", "Somebody who agreed otherwise: a coordinator, a customer with a contract. Everybody else subscribes himself.": "調整機関や契約のある顧客など、別の方法で同意を得た相手を登録します。それ以外の方には、ご自身で申し込んでいただきます。",
		"Subscribe": "申し込む", "Subscribers§advisories": "購読者", "The products chosen below": "以下で選んだ製品", "There are no products to choose from yet.": "選べる製品はまだありません。",
		"We keep your address, your language and your choice for this purpose alone, and delete them when you leave. An address that nobody confirms is forgotten after a day.":           "アドレス、言語、選択内容は配信のためだけに保管し、解除時に削除します。確認されなかったアドレスは1日後に破棄します。",
		"We write to you when we publish or update an advisory about what you chose, and for nothing else. You confirm it by the link of a mail, and end it by one click in any of them.": "選んだ製品のアドバイザリを公開または更新したときだけメールをお送りします。お申し込みはメール内のリンクで確認し、どのメールからもワンクリックで解除できます。",
		"What is mailed to this address:": "次のアドレスへの配信内容:", "Which advisories?": "配信するアドバイザリ", "You are off the list. We have deleted your address.": "配信を解除し、アドレスを削除しました。",
		"You are on the list. From the next publication on you hear of what you chose.": "登録しました。次の公開から、選んだ製品についてお知らせします。", "You may change or end it at any time.": "いつでも変更、解除できます。",
		"Your mail address": "メールアドレス", "Your subscription": "配信設定", "put on the list here": "PSIRTが登録", "subscribed by mail": "本人がメールで確認",
	})
}

package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"A question of its proxy was refused": "プロキシからの問い合わせを拒否しました",
		"How its proxy is set up":             "プロキシの設定方法",
		"One of these goes to the proxy before the application; %s stands for where the application itself runs. The address of the proxy must be among %s.": "アプリケーションの前段のプロキシにいずれかを設定します。%sはアプリケーション自体の所在を表します。プロキシのアドレスは%sに含まれている必要があります。",
		"Open %s again": "%sを開き直す",
		"Where the proxy itself asks like that, nobody gets in until it is set up as below. Anybody can ask like that, too.": "プロキシ自体がこのように問い合わせている場合、下記のとおり設定するまで誰も入れません。第三者がこのように問い合わせることもできます。",
		"You did not get in": "入れませんでした",
	})
}

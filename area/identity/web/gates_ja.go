package web

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		"Add a server": "サーバーを追加",
		"Addresses or networks, such as 192.0.2.1 or 192.0.2.0/28": "192.0.2.1 や 192.0.2.0/28 のようなアドレスまたはネットワーク",
		"Asks from":           "問い合わせ元",
		"Change the server":   "サーバーを変更",
		"Ends sessions at":    "セッション終了の送信先",
		"It can't§radius":     "終了できません",
		"Make another secret": "新しいシークレットを作成",
		"RADIUS":              "RADIUS",
		"Remove the server? It is answered no more; who is in stays in until his time ends there.": "サーバーを削除しますか?以後は応答しません。接続中の人は、その機器での時間が終わるまで接続したままです。",
		"Secret of the server":                           "サーバーのシークレット",
		"Servers that ask by RADIUS":                     "RADIUSで問い合わせるサーバー",
		"The server is removed: it is answered no more.": "サーバーを削除しました。以後は応答しません。",
		"There is none yet.":                             "まだありません。",
		"The server is saved.":                           "サーバーを保存しました。",
		"This secret is shown once. Set it at the server now; it can't be shown again.":                                                                                           "このシークレットの表示は今回だけです。今すぐサーバーに設定してください。",
		"VPN gateways, switches and servers that speak RADIUS ask here for people by password and code. Each has a secret of its own; its requests need a Message-Authenticator.": "RADIUSを使うVPN装置、スイッチ、サーバーは、パスワードとコードによる本人確認をここに問い合わせます。シークレットはサーバーごとに異なり、要求にはMessage-Authenticatorが必要です。",
		"What the server is told of people it lets in, such as a group of its own; may be empty":                                                                                  "接続を許可した人についてサーバーに伝える値 (サーバー側のグループ名など)。空でもかまいません",
		"host:port for Disconnect-Request (RFC 5176), usually port 3799. Without, a person who is locked out stays in there until his time ends.":                                 "Disconnect-Request (RFC 5176) の送信先 ホスト:ポート (通常は3799)。設定がない場合、締め出された人は接続時間が終わるまで接続したままです。",
	})
}

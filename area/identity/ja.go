package identity

import "yagura/kernel/text"

func init() {
	// Applications and their tokens.
	text.Add(text.Japanese{
		"%s is no address to return to: https, without fragment and wildcard; http for this computer alone": "%s は戻り先にできません。httpsで、フラグメントとワイルドカードを含めないでください。httpはこの端末自身に限ります",
		"1 to 80 letters": "1~80文字で入力してください",
		"2 to 40 small letters, digits, dots and hyphens, beginning with a letter or digit": "英小文字・数字・ピリオド・ハイフンで2~40文字、先頭は英数字にしてください",
		"A JWK Set with public keys for signatures is needed":                               "署名用の公開鍵を含むJWK Setが必要です",
		"All addresses must be on one host for this":                                        "この設定では全アドレスを同じホストにする必要があります",
		"An application with a secret keeps one, and one without gets none: add it anew":    "シークレットの有無は後から変更できません。新しく追加してください",
		"An https address without fragment":                                                 "フラグメントを含まないhttpsのアドレスを入力してください",
		"Another application has this host":                                                 "このホストは別のアプリケーションが使用しています",
		"At least one address is needed":                                                    "アドレスが1つ以上必要です",
		"Please choose one":                                                                 "選択してください",
		"The host name under which people open it, without https://":                        "利用者が開くホスト名を、https:// を付けずに入力してください",
		"The next key was published less than an hour ago: applications may not know it yet. It can take over in %d minutes.": "次の鍵は公開から1時間たっておらず、アプリケーションがまだ知らない可能性があります。%d分後に切り替えられます。",
		"There is no scope %s":                        "スコープ %s はありません",
		"There is no such algorithm":                  "該当するアルゴリズムはありません",
		"There is no such application":                "該当するアプリケーションはありません",
		"There is or was an application of this name": "この名前のアプリケーションは既に存在するか、過去に存在しました",
		"This application asks for a stronger sign-in. Please sign in again with a passkey.": "このアプリケーションにはより強いサインインが必要です。パスキーでサインインし直してください。",
		"This application has no secret":                                                      "このアプリケーションにシークレットはありません",
		"This application may do nothing for this person at present":                          "このアプリケーションに現在許可されていることはありません",
		"This code is not known, is used up or has expired. Please look at the device again.": "このコードは不明、使用済み、または期限切れです。機器の表示をもう一度確認してください。",
		"Too many codes that do not exist. Please try again in ten minutes.":                  "存在しないコードの入力が続きました。10分後にもう一度お試しください。",
	})
	text.Add(text.Japanese{
		"A one-time link for signing in as you was made":                                              "あなたとしてサインインするワンタイムリンクが作成されました",
		"A name of at most %d letters is needed":                                                      "%d文字以内の名前を入力してください",
		"A passkey was added to your account":                                                         "あなたのアカウントにパスキーが追加されました",
		"A passkey was removed from your account":                                                     "あなたのアカウントからパスキーが削除されました",
		"If this was not you, say so under My security: it ends everything else and tells the CSIRT.": "心当たりがない場合は「マイセキュリティ」で申告してください。ほかのサインインをすべて終了し、CSIRTに通知します。",
		"Keys of this model can no longer be trusted. Please use another one.":                        "この機種の鍵は信頼できなくなりました。別の鍵を使用してください。",
		"Only keys whose maker vouches for them are accepted here":                                    "製造元が証明できる鍵だけを登録できます",
		"Keys of this model are not accepted here":                                                    "この機種の鍵は登録できません",
		"A bearer token is needed":                                                                    "Bearerトークンが必要です",
		"A token ends within a year":                                                                  "トークンの有効期限は1年以内にしてください",
		"This person has roles in units that are not yours: ask an administrator of the whole group":  "この方はあなたの権限が及ばない部門のロールを持っています。グループ全体の管理者に依頼してください",
		"Ask another administrator: nobody makes a link for himself":                                  "別の管理者に依頼してください。自分用のリンクは作成できません",
		"Choose what the token may do":                                                                "トークンに許可する操作を選択してください",
		"Please sign in":                                                                              "サインインしてください",
		"Say in a few words which program will use it":                                                "利用するプログラムを簡潔に入力してください",
		"The passkey's answer can't be read":                                                          "パスキーの応答を読み取れません",
		"The passkey's answer does not fit the question. Please try again.":                           "パスキーの応答が一致しません。もう一度お試しください。",
		"The token is not known, or is no longer valid":                                               "トークンが不明か、有効ではありません",
		"There is no such passkey":                                                                    "該当するパスキーはありません",
		"There is no such token":                                                                      "該当するトークンはありません",
		"This account can't sign in at present. Please ask your security contact.":                    "このアカウントは現在サインインできません。セキュリティ担当者にお問い合わせください。",
		"This is your last passkey: add another before you remove it":                                 "最後のパスキーです。削除する前に別のパスキーを追加してください",
		"This link is used up, has expired or never existed. Ask for a new one.":                      "このリンクは使用済み、期限切れ、または存在しません。新しいリンクを依頼してください。",
		"This passkey does not open anything here. Please try again.":                                 "このパスキーではサインインできません。もう一度お試しください。",
		"This passkey is registered already":                                                          "このパスキーは登録済みです",
		"This took too long. Please try again.":                                                       "時間切れです。もう一度お試しください。",
	})
}

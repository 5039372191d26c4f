package identity

import "yagura/kernel/text"

func init() {
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

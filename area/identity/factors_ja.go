package identity

import "yagura/kernel/text"

func init() {
	text.Add(text.Japanese{
		// factors
		"The policy of your unit does not allow this way of signing in":                        "所属部門のポリシーでは、このサインイン方法は許可されていません",
		"This is not the code that the app shows now":                                          "アプリが現在表示しているコードと一致しません",
		"An authenticator app was added to your account":                                       "あなたのアカウントに認証アプリが追加されました",
		"The authenticator app was removed from your account":                                  "あなたのアカウントから認証アプリが削除されました",
		"The password was removed from your account":                                           "あなたのアカウントからパスワードが削除されました",
		"There is nothing to remove":                                                           "削除するものがありません",
		"New recovery codes were made for your account":                                        "あなたのアカウントの回復コードが新しく作成されました",
		"The password of your account was changed":                                             "あなたのアカウントのパスワードが変更されました",
		"That is not right, or this way of signing in is not open to this account.":            "正しくないか、このアカウントではこの方法を利用できません。",
		"Too many attempts. Please wait a little, or use a passkey.":                           "試行回数が多すぎます。しばらく待つか、パスキーを使用してください。",
		"Too many are signing in by password. Please try again in a moment, or use a passkey.": "パスワードでのサインインが混み合っています。少し待ってからやり直すか、パスキーを使用してください。",
		"At least %d characters are needed; a sentence is easy to remember":                    "%d文字以上が必要です。文にすると覚えやすくなります",
		"This is longer than can be read":                                                      "長すぎて読み取れません",
		"This is among the first that are guessed. Take something nobody else would.":          "最初に推測されるパスワードの1つです。ほかの人が選ばないものにしてください。",
		"This is made of names that others know. Take something nobody else would.":            "ほかの人が知っている名前でできています。ほかの人が選ばないものにしてください。",
		"This repeats itself or follows the keyboard. Take something nobody else would.":       "繰り返しかキーボードの並びになっています。ほかの人が選ばないものにしてください。",
		"This was answered as often as it may be. Please begin again.":                         "回答できる回数を超えました。最初からやり直してください。",
		"A recovery code of your account was used":                                             "あなたのアカウントの回復コードが使用されました",

		// recovery
		"Link made":          "リンク作成済み",
		"Link used":          "リンク使用済み",
		"Refused§recovery":   "却下",
		"Waits for approval": "承認待ち",
		"Somebody asks for a new way to sign in as you":                                                                            "あなたとしてサインインする新しい手段が依頼されています",
		"Your manager and the help desk decide about it. If it was not you, tell the CSIRT at once.":                               "上司とヘルプデスクが判断します。心当たりがない場合は、直ちにCSIRTに連絡してください。",
		"%s can't sign in and asks for a new link":                                                                                 "%sさんがサインインできず、新しいリンクを依頼しています",
		"Speak with the person, by a way you know, before you decide.":                                                             "判断する前に、確実な連絡手段で本人と話してください。",
		"This is for the person's manager to say, and for two people in all":                                                       "本人の上司だけが保証でき、2名での承認が必要です",
		"This is for the help desk of the person's unit to say, and for two people in all":                                         "本人の部門のヘルプデスクだけが承認でき、2名での承認が必要です",
		"This request is decided already":                                                                                          "この依頼は処理済みです",
		"The manager has not vouched for the person yet":                                                                           "上司がまだ本人であることを保証していません",
		"This needs a sign-in by passkey, and not within a day after you lost one":                                                 "パスキーでのサインインが必要です。復旧後24時間は承認できません",
		"This person has or had a passkey. Who has lost it asks on the sign-in page, or the help desk for him; two people decide.": "この方はパスキーを登録したことがあります。紛失した場合は、本人がサインイン画面から、またはヘルプデスクが代わりに依頼し、2名で判断します。",
		"No mail reaches this person: hand the link over":                                                                          "この方にはメールが届きません。リンクを手渡してください",
		"It was made at your request. If you did not ask for it, tell the CSIRT at once.":                                          "あなたの依頼により作成されました。心当たりがない場合は、直ちにCSIRTに連絡してください。",
		"Your link to add a passkey":                                                                                               "パスキーを追加するためのリンク",
		"It works once, for 30 minutes. If you did not ask for it, do not open it and tell the CSIRT.":                             "30分間、1回だけ有効です。心当たりがない場合は、開かずにCSIRTに連絡してください。",
		"Your account was recovered: what you signed in by before no longer counts":                                                "アカウントを復旧しました。以前のサインイン手段は無効になりました",
		"%s says: this was not me":                                                                                                 "%sさんが心当たりのない利用を申告しました",
		"Sessions, tokens and links were ended. Look at the sign-ins before, and ask the person.":                                  "セッション、トークン、リンクを終了しました。それ以前のサインインを調べ、本人に確認してください。",

		// break-glass
		"The break-glass account %s entered the application %s":                                                          "緊急用アカウント %s がアプリケーション「%s」を使用しました",
		"The break-glass account %s is in use":                                                                           "緊急用アカウント %s が使用されています",
		"From %s. If nobody of you knows why, contain it now.":                                                           "接続元は %s です。理由を知る人がいなければ、直ちに封じ込めてください。",
		"This account has no key that is bound to its hardware and vouched for by its maker: add one first":              "このアカウントには、製造元が証明しハードウェアに固定された鍵がありません。先に追加してください",
		"This is a break-glass account already":                                                                          "すでに緊急用アカウントです",
		"Nobody has signed in with this account since the last drill, within the last seven days: sign in with it first": "前回の訓練以降、7日以内にこのアカウントでのサインインがありません。先にサインインしてください",
		"Break-glass accounts need your attention":                                                                       "緊急用アカウントの確認が必要です",
		"A drill is overdue, an account has no usable key, or there are fewer than two.":                                 "訓練の期限切れ、使用できる鍵のないアカウント、または2つ未満のいずれかです。",
	})
}

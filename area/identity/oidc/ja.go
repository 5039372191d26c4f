package oidc

import "yagura/kernel/text"

func init() {
	// What people are told.
	text.Add(text.Japanese{
		"The application that wants to sign you in is not known here.":                                            "サインインを求めたアプリケーションは登録されていません。",
		"The application wants to send you to an address that is not registered for it. You are still signed in.": "アプリケーションが登録されていないアドレスへ移動させようとしました。サインインしたままです。",
		"The application wants to send you to an address that is not registered for it. You were not signed in.":  "アプリケーションが登録されていないアドレスへ移動させようとしました。サインインは行われていません。",
		"The application's request to sign you in is not valid: a part of it is repeated.":                        "アプリケーションのサインイン要求が正しくありません。項目が重複しています。",
		"The application's request to sign you out is not valid.":                                                 "アプリケーションのサインアウト要求が正しくありません。",
		"This sign-in took too long. Please open the application again.":                                          "サインインに時間がかかりすぎました。アプリケーションを開き直してください。",
		"This sign-in was begun in another browser. Please open the application again.":                           "このサインインは別のブラウザーで開始されました。アプリケーションを開き直してください。",
	})
}

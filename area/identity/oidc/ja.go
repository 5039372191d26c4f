package oidc

import "yagura/kernel/text"

func init() {
	// What people are told.
	text.Add(text.Japanese{
		"A proxy asks about an application that is not registered as one behind a proxy":                                                                                                       "プロキシが問い合わせたアプリケーションは、プロキシの背後のものとして登録されていません",
		"The proxy must say once, by X-Forwarded-Host, for which host it asks":                                                                                                                 "プロキシはどのホストについての問い合わせかをX-Forwarded-Hostで1回だけ示す必要があります",
		"The proxy asks for the host “%s”, which is not that of the application":                                                                                                               "プロキシはホスト「%s」について問い合わせましたが、このアプリケーションのホストではありません",
		"A proxy asks at %s, which names no application":                                                                                                                                       "プロキシが%sに問い合わせていますが、そのアドレスではアプリケーションが特定されません",
		"The question came from %s. Where people come from is taken only from proxies that the setting trusted_proxies names, by X-Forwarded-For.":                                             "問い合わせ元は%sです。利用者のアドレスは、設定trusted_proxiesに挙げられたプロキシのX-Forwarded-Forだけを信頼します。",
		"This sign-in was begun in another browser, took too long, or was used already. Please open the application again.":                                                                    "このサインインは別のブラウザーで開始されたか、時間がかかりすぎたか、すでに使用されています。アプリケーションを開き直してください。",
		"The proxy before this application is not set up as it must be, so nobody gets in. Whoever looks after the application finds on its page in Yagura what is wrong, and how it must be.": "このアプリケーションの前段のプロキシが正しく設定されていないため、誰も入れません。アプリケーションの担当者は、Yaguraのアプリケーションのページで誤りと正しい設定を確認できます。",
		"The application that wants to sign you in is not known here.":                                                                                                                         "サインインを求めたアプリケーションは登録されていません。",
		"The application wants to send you to an address that is not registered for it. You are still signed in.":                                                                              "アプリケーションが登録されていないアドレスへ移動させようとしました。サインインしたままです。",
		"The application wants to send you to an address that is not registered for it. You were not signed in.":                                                                               "アプリケーションが登録されていないアドレスへ移動させようとしました。サインインは行われていません。",
		"The application's request to sign you in is not valid: a part of it is repeated.":                                                                                                     "アプリケーションのサインイン要求が正しくありません。項目が重複しています。",
		"The application's request to sign you out is not valid.":                                                                                                                              "アプリケーションのサインアウト要求が正しくありません。",
		"This sign-in took too long. Please open the application again.":                                                                                                                       "サインインに時間がかかりすぎました。アプリケーションを開き直してください。",
		"This sign-in was begun in another browser. Please open the application again.":                                                                                                        "このサインインは別のブラウザーで開始されました。アプリケーションを開き直してください。",
	})
}
